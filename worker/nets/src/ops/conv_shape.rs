//! The sizes of a convolution, and the two ends that its methods leave open: what happens to an output image, and where
//! the gradient of one comes from.

use super::window::Span;
use super::{Element, OpError, Window};

/// Everything that is known before the first number is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ConvShape {
    pub(super) batch: usize,
    pub(super) channels: usize,
    pub(super) filters: usize,
    pub(super) rows: Span,
    pub(super) columns: Span,
}

impl ConvShape {
    /// Checks the shapes of input, weight and bias against each other and the window.
    pub(super) fn of(
        op: &'static str,
        window: Window,
        x: &[usize],
        w: &[usize],
        b: Option<&[usize]>,
    ) -> Result<Self, OpError> {
        let &[batch, channels, height, width] = x else {
            let rule = "[batch, channels, height, width]".to_owned();
            return Err(OpError::Shape { op, what: "the input", got: x.to_vec(), rule });
        };
        let (kernel_rows, kernel_columns) = (window.rows.kernel, window.columns.kernel);
        let &[filters, of, wh, ww] = w else {
            let rule = format!("[filters, {channels}, {kernel_rows}, {kernel_columns}]");
            return Err(OpError::Shape { op, what: "the weight", got: w.to_vec(), rule });
        };
        if of != channels || wh != kernel_rows || ww != kernel_columns || channels == 0 || filters == 0 {
            let rule = format!("[filters, {channels}, {kernel_rows}, {kernel_columns}], none 0");
            return Err(OpError::Shape { op, what: "the weight", got: w.to_vec(), rule });
        }
        if let Some(b) = b
            && b != [filters]
        {
            return Err(OpError::Shape { op, what: "the bias", got: b.to_vec(), rule: format!("[{filters}]") });
        }
        let (rows, columns) = (window.rows.over(height, op)?, window.columns.over(width, op)?);
        Ok(ConvShape { batch, channels, filters, rows, columns })
    }

    /// Values of one input image.
    pub(super) fn image(&self) -> usize {
        self.channels * self.rows.input * self.columns.input
    }

    /// Values of one plane of outputs.
    pub(super) fn outputs(&self) -> usize {
        self.rows.output * self.columns.output
    }

    /// Values of one output image.
    pub(super) fn output_image(&self) -> usize {
        self.filters * self.outputs()
    }

    /// Weights of one filter.
    pub(super) fn taps(&self) -> usize {
        self.channels * self.rows.kernel * self.columns.kernel
    }
}

/// Planes with room around or between their rows: value (plane, row, column) is at
/// `origin + plane * plane_step + row * row_step + column`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Planes {
    pub(super) origin: usize,
    pub(super) plane_step: usize,
    pub(super) row_step: usize,
}

/// Takes output images, in order.
pub(super) trait Finish<T> {
    /// `values` holds one plane per filter, bias added.
    fn image(&mut self, number: usize, values: &[T], planes: Planes);
}

/// Gives the gradients of output images, in order.
pub(super) trait Gradient<T> {
    /// Writes one plane per filter, every value of it; what lies between stays as it is.
    fn image(&mut self, number: usize, into: &mut [T], planes: Planes);
}

/// Which gradients of a convolution's arguments somebody wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) x: bool,
    pub(super) w: bool,
    pub(super) b: bool,
}

/// Gradients of a convolution's arguments; empty where nobody wants them.
pub(super) struct Gradients<T> {
    pub(super) x: Vec<T>,
    pub(super) w: Vec<T>,
    pub(super) b: Vec<T>,
}

impl<T: Element> Gradients<T> {
    pub(super) fn zeros(shape: &ConvShape, wanted: Wanted) -> Gradients<T> {
        let zeros = |count: usize, wanted: bool| vec![T::zero(); if wanted { count } else { 0 }];
        Gradients {
            x: zeros(shape.batch * shape.image(), wanted.x),
            w: zeros(shape.filters * shape.taps(), wanted.w),
            b: zeros(shape.filters, wanted.b),
        }
    }
}
