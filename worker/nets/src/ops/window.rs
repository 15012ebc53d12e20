//! How a window moves over an axis: sizes, strides, padding. Pure arithmetic.

use super::OpError;

/// Zeros (for a maximum: nothing) around an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Padding {
    /// So many that the output has `ceil(input / stride)` places, the odd one at the end; TensorFlow's and Keras's "same".
    Same,
    /// So many at both ends.
    Both(usize),
    /// So many before and after.
    Ends(usize, usize),
}

/// A window on one axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Axis {
    /// Length.
    pub kernel: usize,
    /// Step.
    pub stride: usize,
    /// Around the input.
    pub padding: Padding,
}

/// A window on rows and columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Along the height.
    pub rows: Axis,
    /// Along the width.
    pub columns: Axis,
}

/// An axis with its numbers worked out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) kernel: usize,
    pub(crate) stride: usize,
    pub(crate) input: usize,
    pub(crate) before: usize,
    pub(crate) after: usize,
    pub(crate) output: usize,
}

impl Axis {
    /// The axis over `input` places: the output floors, as PyTorch's does.
    pub(crate) fn over(self, input: usize, op: &'static str) -> Result<Span, OpError> {
        let Axis { kernel, stride, padding } = self;
        let wrong = |padding| OpError::Window { op, kernel, stride, input, padding };
        if kernel == 0 || stride == 0 || input == 0 {
            return Err(wrong(0));
        }
        let (before, after) = match padding {
            Padding::Both(p) => (p, p),
            Padding::Ends(before, after) => (before, after),
            Padding::Same => {
                let total = ((input.div_ceil(stride) - 1) * stride + kernel).saturating_sub(input);
                (total / 2, total - total / 2)
            }
        };
        let padded = before.checked_add(after).and_then(|p| p.checked_add(input)).ok_or(wrong(usize::MAX))?;
        if kernel > padded {
            return Err(wrong(before + after));
        }
        Ok(Span { kernel, stride, input, before, after, output: (padded - kernel) / stride + 1 })
    }
}

impl Window {
    /// A square window.
    pub fn square(kernel: usize, stride: usize, padding: Padding) -> Window {
        let axis = Axis { kernel, stride, padding };
        Window { rows: axis, columns: axis }
    }

    /// Height and width of the output over an input of that height and width.
    ///
    /// # Errors
    /// A window that does not fit the padded input, or lengths of 0.
    pub fn output(self, height: usize, width: usize) -> Result<(usize, usize), OpError> {
        Ok((self.rows.over(height, "window")?.output, self.columns.over(width, "window")?.output))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_padding_is_keras_s() {
        for (input, kernel, stride, before, after, output) in
            [(64, 11, 1, 5, 5, 64), (10, 4, 1, 1, 2, 10), (10, 3, 2, 0, 1, 5), (11, 3, 2, 1, 1, 6), (4, 1, 3, 0, 0, 2)]
        {
            let span = Axis { kernel, stride, padding: Padding::Same }.over(input, "test").expect("fits");
            assert_eq!((span.before, span.after, span.output), (before, after, output), "{input} {kernel} {stride}");
        }
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let axis = |kernel, stride, padding| Axis { kernel, stride, padding };
        assert!(axis(5, 1, Padding::Both(0)).over(4, "test").is_err());
        assert!(axis(0, 1, Padding::Both(0)).over(4, "test").is_err());
        assert!(axis(1, 0, Padding::Same).over(4, "test").is_err());
        assert!(axis(1, 1, Padding::Both(usize::MAX)).over(4, "test").is_err());
        assert_eq!(axis(2, 2, Padding::Both(0)).over(5, "test").expect("fits").output, 2);
    }
}
