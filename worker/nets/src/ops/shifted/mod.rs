//! Convolution of stride 1 without unrolling: with zeros around the image, tap (channel, row, column) of a filter reads the
//! image shifted by one fixed offset, for every output alike. So a vector of outputs is a sum over taps of a weight times
//! the vector at base plus offset.
//!
//! An image is laid out with `row_step` places a row. Outputs are addressed in the same layout: row by row where a row is
//! a whole number of vectors, else straight on through the room between rows, whose outputs nobody reads and whose
//! gradients are 0. The gradient of the input is a convolution of the same kind with the weights turned round; that of the
//! weights is a sum over outputs of products of vectors. Sums run in one fixed order, which depends on the length of a
//! vector alone.

mod correlation;
mod weight_sums;

use super::Element;
use super::conv_shape::{ConvShape, Finish, Gradient, Gradients, Planes, Wanted};
use super::lanes::{Kernel, Lanes};
use correlation::{Correlation, packed};
use weight_sums::WeightSums;

/// Places after each plane, at least a vector's length, since the last vector of a plane may reach past it.
const SLACK: usize = 16;
/// Filters that a tile computes together.
const FILTERS: usize = 4;
/// Vectors of outputs (forward) or taps (weights' gradient) that a tile computes together with 32 registers, and with 16.
const WIDE: usize = 6;
const NARROW: usize = 3;
/// Vectors of outputs that stay in the first cache while all taps pass over them.
const STRETCH: usize = 64;
/// Vectors of outputs that small images are gathered up to in a forward pass.
const TOGETHER: usize = 24;

/// The layout of one convolution's images.
#[derive(Debug, Clone, Copy)]
struct Layout {
    shape: ConvShape,
    /// Images with the padding that the window asks for.
    x: Planes,
    /// Gradients with the padding that makes their convolution as large as the input.
    dy: Planes,
    /// Outputs, or gradients of inputs.
    out: Planes,
}

/// Whether this method can compute it: stride 1, and no window wholly in the padding.
pub(super) fn applies(shape: &ConvShape) -> bool {
    [shape.rows, shape.columns].iter().all(|s| s.stride == 1 && s.before < s.kernel && s.after < s.kernel)
}

/// Places that this method computes of an image's output planes and of its input planes, in vectors of sixteen.
pub(super) fn places(shape: &ConvShape) -> (usize, usize) {
    let layout = Layout::new(*shape);
    let places = |rows, columns| 16 * layout.vectors(rows, columns, 16);
    (places(shape.rows.output, shape.columns.output), places(shape.rows.input, shape.columns.input))
}

impl Layout {
    fn new(shape: ConvShape) -> Layout {
        let ConvShape { rows, columns, .. } = shape;
        // Wide enough for both paddings, so that inputs and gradients of one output lie at the same base.
        let row_step = columns.input + (columns.kernel - 1).max(columns.before + columns.after);
        let planes = |rows: usize, top: usize, left: usize| Planes {
            origin: top * row_step + left,
            plane_step: rows * row_step + SLACK,
            row_step,
        };
        let (top, left) = (rows.kernel - 1 - rows.before, columns.kernel - 1 - columns.before);
        Layout {
            shape,
            x: planes(rows.input + rows.before + rows.after, rows.before, columns.before),
            dy: planes(rows.input + rows.kernel - 1, top, left),
            out: planes(rows.input.max(rows.output), 0, 0),
        }
    }

    /// The offsets of a filter's taps over `channels` planes.
    fn offsets(&self, channels: usize, planes: Planes) -> Vec<usize> {
        let (kernel_rows, kernel_columns) = (self.shape.rows.kernel, self.shape.columns.kernel);
        let mut offsets = Vec::with_capacity(channels * kernel_rows * kernel_columns);
        for channel in 0..channels {
            for ky in 0..kernel_rows {
                offsets.extend((0..kernel_columns).map(|kx| channel * planes.plane_step + ky * planes.row_step + kx));
            }
        }
        offsets
    }

    /// How many starts [`Self::bases`] gives.
    fn vectors(&self, rows: usize, columns: usize, lanes: usize) -> usize {
        if columns.is_multiple_of(lanes) {
            rows * columns / lanes
        } else {
            ((rows - 1) * self.out.row_step + columns).div_ceil(lanes)
        }
    }

    /// Where vectors of `lanes` outputs start, for an output of that many rows and columns.
    fn bases(&self, rows: usize, columns: usize, lanes: usize) -> Vec<usize> {
        let step = self.out.row_step;
        if columns.is_multiple_of(lanes) {
            (0..rows).flat_map(|y| (0..columns).step_by(lanes).map(move |x| y * step + x)).collect()
        } else {
            (0..(rows - 1) * step + columns).step_by(lanes).collect()
        }
    }
}

/// Copies planes of `rows` x `columns` values, one after the other, to where `planes` has them.
#[inline(always)]
fn spread<T: Copy>(from: &[T], (rows, columns): (usize, usize), into: &mut [T], planes: Planes) {
    for (p, plane) in from.chunks_exact(rows * columns).enumerate() {
        for (y, row) in plane.chunks_exact(columns).enumerate() {
            let at = planes.origin + p * planes.plane_step + y * planes.row_step;
            into[at..at + columns].copy_from_slice(row);
        }
    }
}

struct Forward<'a, T, F> {
    layout: Layout,
    x: &'a [T],
    w: &'a [T],
    b: Option<&'a [T]>,
    finish: F,
}

impl<T: Element, F: Finish<T>> Kernel<T> for Forward<'_, T, F> {
    #[inline(always)]
    fn run<V: Lanes<T>>(mut self) {
        let Layout { shape, x: planes, out, .. } = self.layout;
        let (taps, filters) = (shape.taps(), shape.filters.next_multiple_of(FILTERS));
        let bias: Vec<T> = (0..filters).map(|f| self.b.and_then(|b| b.get(f)).copied().unwrap_or(T::zero())).collect();
        let correlation = Correlation {
            offsets: &self.layout.offsets(shape.channels, planes),
            weights: &packed(shape.filters, taps, |f, tap| self.w[f * taps + tap]),
            filters: shape.filters,
            bias: &bias,
            plane_step: out.plane_step,
        };
        let bases = self.layout.bases(shape.rows.output, shape.columns.output, V::N);
        // Small images go together, so that tiles are full.
        let together = (TOGETHER / bases.len()).clamp(1, shape.batch.max(1));
        let (x_image, out_image) = (shape.channels * planes.plane_step, filters * out.plane_step);
        let points = points(&bases, together, x_image, out_image);
        let mut padded = vec![T::zero(); together * x_image];
        let mut outputs = vec![T::zero(); together * out_image];
        for first in (0..shape.batch).step_by(together) {
            let images = first..(first + together).min(shape.batch);
            for (slot, number) in images.clone().enumerate() {
                let image = &self.x[number * shape.image()..][..shape.image()];
                let into = &mut padded[slot * x_image..][..x_image];
                spread(image, (shape.rows.input, shape.columns.input), into, planes);
            }
            correlation.run::<V>(&points[..images.len() * bases.len()], &padded, &mut outputs);
            for (slot, number) in images.enumerate() {
                self.finish.image(number, &outputs[slot * out_image..][..out_image], out);
            }
        }
    }
}

/// Pairs of places for images that lie `a` and `b` apart.
fn points(bases: &[usize], images: usize, a: usize, b: usize) -> Vec<(usize, usize)> {
    (0..images).flat_map(|slot| bases.iter().map(move |base| (slot * a + base, slot * b + base))).collect()
}

struct Backward<'a, T, G> {
    layout: Layout,
    x: &'a [T],
    w: &'a [T],
    gradient: G,
    wanted: Wanted,
    into: &'a mut Gradients<T>,
}

impl<T: Element, G: Gradient<T>> Kernel<T> for Backward<'_, T, G> {
    #[inline(always)]
    fn run<V: Lanes<T>>(mut self) {
        let Layout { shape, x: x_planes, dy: dy_planes, .. } = self.layout;
        let ConvShape { channels, rows, columns, .. } = shape;
        let filters = shape.filters.next_multiple_of(FILTERS);
        let (x_image, dy_image) = (channels * x_planes.plane_step, filters * dy_planes.plane_step);
        let offsets = self.layout.offsets(channels, x_planes);
        let mut sums = WeightSums::new::<V>(&offsets, shape.filters, dy_planes.plane_step);
        let bases = self.layout.bases(rows.output, columns.output, V::N);
        // Small images go together, so that a tile of weights has many outputs to run over.
        let together = (2 * sums.stretch() / bases.len()).clamp(1, shape.batch.max(1));
        let mut points = points(&bases, together, x_image, dy_image);
        points.iter_mut().for_each(|(_, at_dy)| *at_dy += dy_planes.origin);
        let mut padded = vec![T::zero(); together * x_image];
        let mut dy = vec![T::zero(); together * dy_image];
        let mut to_x = self.wanted.x.then(|| ToInput::new::<V>(&self.layout, self.w, together));

        for first in (0..shape.batch).step_by(together) {
            let images = first..(first + together).min(shape.batch);
            for (slot, number) in images.clone().enumerate() {
                let image = &self.x[number * shape.image()..][..shape.image()];
                spread(image, (rows.input, columns.input), &mut padded[slot * x_image..][..x_image], x_planes);
                self.gradient.image(number, &mut dy[slot * dy_image..][..dy_image], dy_planes);
            }
            sums.add::<V>(&padded, &dy, &points[..images.len() * bases.len()], self.wanted);
            if let Some(to_x) = &mut to_x {
                let dx = &mut self.into.x[first * shape.image()..images.end * shape.image()];
                to_x.run::<V>(&self.layout, &dy, dx);
            }
        }
        sums.finish::<V>(&mut self.into.w, &mut self.into.b);
    }
}

/// The gradient of the input: the convolution of the outputs' gradients with the weights turned round.
struct ToInput<T> {
    offsets: Vec<usize>,
    /// Of one image.
    bases: Vec<usize>,
    points: Vec<(usize, usize)>,
    weights: Vec<T>,
    bias: Vec<T>,
    planes: Vec<T>,
}

impl<T: Element> ToInput<T> {
    #[inline(always)]
    fn new<V: Lanes<T>>(layout: &Layout, w: &[T], together: usize) -> Self {
        let ConvShape { channels, filters, rows, columns, .. } = layout.shape;
        let (kernel, taps) = (rows.kernel * columns.kernel, layout.shape.taps());
        let bases = layout.bases(rows.input, columns.input, V::N);
        let dy_image = filters.next_multiple_of(FILTERS) * layout.dy.plane_step;
        let bias = vec![T::zero(); channels.next_multiple_of(FILTERS)];
        let x_image = bias.len() * layout.out.plane_step;
        ToInput {
            offsets: layout.offsets(filters, layout.dy),
            points: points(&bases, together, dy_image, x_image),
            bases,
            weights: packed(channels, filters * kernel, |channel, tap| {
                let (filter, place) = (tap / kernel, tap % kernel);
                w[filter * taps + channel * kernel + kernel - 1 - place]
            }),
            bias,
            planes: vec![T::zero(); together * x_image],
        }
    }

    /// Fills `dx`, the images of the group, of which there may be fewer than fit.
    #[inline(always)]
    fn run<V: Lanes<T>>(&mut self, layout: &Layout, dy: &[T], dx: &mut [T]) {
        let Layout { shape, out, .. } = *layout;
        let ToInput { offsets, bases, points, weights, bias, planes } = self;
        let (image, rows, columns) = (shape.image(), shape.rows.input, shape.columns.input);
        let x_image = bias.len() * out.plane_step;
        let points = &points[..dx.len() / image * bases.len()];
        let filters = shape.channels;
        Correlation { offsets, weights, filters, bias, plane_step: out.plane_step }.run::<V>(points, dy, planes);
        for (slot, dx) in dx.chunks_exact_mut(image).enumerate() {
            for (row, dx) in dx.chunks_exact_mut(columns).enumerate() {
                let at = slot * x_image + row / rows * out.plane_step + row % rows * out.row_step;
                dx.copy_from_slice(&planes[at..at + columns]);
            }
        }
    }
}

/// Computes outputs, image by image. [`applies`] must hold.
pub(super) fn forward<T: Element>(shape: &ConvShape, x: &[T], w: &[T], b: Option<&[T]>, finish: impl Finish<T>) {
    T::vectors(Forward { layout: Layout::new(*shape), x, w, b, finish });
}

/// Computes gradients. [`applies`] must hold.
pub(super) fn backward<T: Element>(
    shape: &ConvShape,
    x: &[T],
    w: &[T],
    wanted: Wanted,
    gradient: impl Gradient<T>,
) -> Gradients<T> {
    let mut into = Gradients::zeros(shape, wanted);
    T::vectors(Backward { layout: Layout::new(*shape), x, w, gradient, wanted, into: &mut into });
    into
}
