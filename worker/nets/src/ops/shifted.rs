//! Convolution of stride 1 without unrolling: with zeros around the image, tap (channel, row, column) of a filter reads the
//! image shifted by one fixed offset, for every output alike. So a vector of outputs is a sum over taps of a weight times
//! the vector at base plus offset.
//!
//! An image is laid out with `row_step` places a row. Outputs are addressed in the same layout: row by row where a row is
//! a whole number of vectors, else straight on through the room between rows, whose outputs nobody reads and whose
//! gradients are 0. The gradient of the input is a convolution of the same kind with the weights turned round; that of the
//! weights is a sum over outputs of products of vectors. Sums run in one fixed order, which depends on the length of a
//! vector alone.

use super::Element;
use super::conv_shape::{ConvShape, Finish, Gradient, Gradients, Planes};
use super::lanes::{Kernel, Lanes};

/// Places after each plane, at least a vector's length, since the last vector of a plane may reach past it.
const SLACK: usize = 16;
/// Filters that a tile computes together.
const FILTERS: usize = 4;
/// Vectors of outputs (forward) or taps (weights' gradient) that a tile computes together with 32 registers, and with 16.
const WIDE: usize = 6;
const NARROW: usize = 3;
/// Vectors of outputs that stay in the first cache while all taps pass over them.
const STRETCH: usize = 64;

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

/// Weights in the order in which tiles read them: for each block of filters, for each tap, the block's weights.
fn packed<T: Element>(filters: usize, taps: usize, weight: impl Fn(usize, usize) -> T) -> Vec<T> {
    let mut packed = Vec::with_capacity(filters.next_multiple_of(FILTERS) * taps);
    for block in (0..filters).step_by(FILTERS) {
        for tap in 0..taps {
            packed.extend((block..block + FILTERS).map(|f| if f < filters { weight(f, tap) } else { T::zero() }));
        }
    }
    packed
}

/// `out[f][base] = bias[f] + sum over taps of w[f][tap] * x[base + offset[tap]]` for all filters and bases, in vectors.
struct Correlation<'a, T> {
    offsets: &'a [usize],
    bases: &'a [usize],
    /// From [`packed`].
    weights: &'a [T],
    /// One per filter, filled up to whole blocks.
    bias: &'a [T],
    plane_step: usize,
}

impl<T: Element> Correlation<'_, T> {
    #[inline(always)]
    fn run<V: Lanes<T>>(&self, x: &[T], out: &mut [T]) {
        let reach = |list: &[usize]| list.iter().copied().max().unwrap_or(0);
        let (base, blocks) = (reach(self.bases), self.bias.len() / FILTERS);
        assert!(base + reach(self.offsets) + V::N <= x.len(), "every vector lies in the padded image");
        assert!((blocks * FILTERS - 1) * self.plane_step + base + V::N <= out.len(), "every vector lies in the output");
        assert_eq!(self.weights.len(), blocks * FILTERS * self.offsets.len(), "every tap has its weights");
        let most = if V::WIDE { WIDE } else { NARROW };
        for bases in self.bases.chunks(most) {
            for block in 0..blocks {
                match bases.len() {
                    6 => self.tile::<V, 6>(x, bases, block, out),
                    5 => self.tile::<V, 5>(x, bases, block, out),
                    4 => self.tile::<V, 4>(x, bases, block, out),
                    3 => self.tile::<V, 3>(x, bases, block, out),
                    2 => self.tile::<V, 2>(x, bases, block, out),
                    _ => self.tile::<V, 1>(x, bases, block, out),
                }
            }
        }
    }

    #[inline(always)]
    #[expect(
        unsafe_code,
        reason = "the inner loop of a convolution: vectors through pointers, bounds checked by `run`"
    )]
    fn tile<V: Lanes<T>, const W: usize>(&self, x: &[T], bases: &[usize], block: usize, out: &mut [T]) {
        let taps = self.offsets.len();
        let (x, out) = (x.as_ptr(), out.as_mut_ptr());
        // SAFETY: `run` has checked the largest base and offset against both slices and the number of weights; the CPU has
        // the vectors, or `run` would not have been compiled for them.
        unsafe {
            let starts: [*const T; W] = std::array::from_fn(|j| x.add(bases[j]));
            let bias = self.bias.as_ptr().add(block * FILTERS);
            let mut sums: [[V; W]; FILTERS] = std::array::from_fn(|i| [V::splat(*bias.add(i)); W]);
            let mut weights = self.weights.as_ptr().add(block * FILTERS * taps);
            for &offset in self.offsets {
                let values: [V; W] = std::array::from_fn(|j| V::load(starts[j].add(offset)));
                for (i, sums) in sums.iter_mut().enumerate() {
                    let weight = V::splat(*weights.add(i));
                    for (sum, value) in sums.iter_mut().zip(values) {
                        *sum = weight.mul_add(value, *sum);
                    }
                }
                weights = weights.add(FILTERS);
            }
            for (i, sums) in sums.into_iter().enumerate() {
                let plane = out.add((block * FILTERS + i) * self.plane_step);
                for (j, sum) in sums.into_iter().enumerate() {
                    sum.store(plane.add(bases[j]));
                }
            }
        }
    }
}

/// Sums over outputs of gradient times input, kept as vectors whose lanes are added up at the end.
struct WeightSums<'a, T> {
    offsets: &'a [usize],
    filters: usize,
    plane_step: usize,
    /// `[filter][tap][lane]`, filters filled up to whole blocks.
    taps: Vec<T>,
    /// `[filter][lane]`
    bias: Vec<T>,
}

impl<T: Element> WeightSums<'_, T> {
    /// Adds `points`: where a vector of inputs and the vector of gradients of the same outputs begin.
    #[inline(always)]
    fn add<V: Lanes<T>>(&mut self, x: &[T], dy: &[T], points: &[(usize, usize)]) {
        let farthest = self.offsets.iter().copied().max().unwrap_or(0);
        let planes = self.filters.next_multiple_of(FILTERS) - 1;
        for &(at_x, at_dy) in points {
            assert!(at_x + farthest + V::N <= x.len(), "every vector lies in the padded images");
            assert!(at_dy + planes * self.plane_step + V::N <= dy.len(), "every vector lies in the gradients");
        }
        let most = if V::WIDE { WIDE } else { NARROW };
        for stretch in points.chunks(STRETCH) {
            for filter in (0..self.filters).step_by(FILTERS) {
                self.add_bias::<V>(dy, stretch, filter);
                let mut tap = 0;
                while tap < self.offsets.len() {
                    match (self.offsets.len() - tap).min(most) {
                        6 => self.tile::<V, 6>(x, dy, stretch, filter, tap),
                        5 => self.tile::<V, 5>(x, dy, stretch, filter, tap),
                        4 => self.tile::<V, 4>(x, dy, stretch, filter, tap),
                        3 => self.tile::<V, 3>(x, dy, stretch, filter, tap),
                        2 => self.tile::<V, 2>(x, dy, stretch, filter, tap),
                        _ => self.tile::<V, 1>(x, dy, stretch, filter, tap),
                    }
                    tap += most;
                }
            }
        }
    }

    #[inline(always)]
    #[expect(unsafe_code, reason = "the inner loop of the weights' gradient, bounds checked by `add`")]
    fn tile<V: Lanes<T>, const W: usize>(
        &mut self,
        x: &[T],
        dy: &[T],
        points: &[(usize, usize)],
        filter: usize,
        tap: usize,
    ) {
        let taps = self.offsets.len();
        let offsets: [usize; W] = std::array::from_fn(|j| self.offsets[tap + j]);
        let totals = &mut self.taps[filter * taps * V::N..(filter + FILTERS) * taps * V::N];
        // SAFETY: `add` has checked every point with the farthest offset and the last plane; `totals` holds FILTERS times
        // `taps` vectors, of which `tap + W` at most are touched in each row.
        unsafe {
            let (x, dy) = (x.as_ptr(), dy.as_ptr().add(filter * self.plane_step));
            let mut sums: [[V; W]; FILTERS] = [[V::splat(T::zero()); W]; FILTERS];
            for &(at_x, at_dy) in points {
                let values: [V; W] = std::array::from_fn(|j| V::load(x.add(at_x + offsets[j])));
                for (i, sums) in sums.iter_mut().enumerate() {
                    let gradient = V::load(dy.add(at_dy + i * self.plane_step));
                    for (sum, value) in sums.iter_mut().zip(values) {
                        *sum = gradient.mul_add(value, *sum);
                    }
                }
            }
            for (i, sums) in sums.into_iter().enumerate() {
                for (j, sum) in sums.into_iter().enumerate() {
                    let total = totals.as_mut_ptr().add((i * taps + tap + j) * V::N);
                    sum.add(V::load(total)).store(total);
                }
            }
        }
    }

    #[inline(always)]
    #[expect(unsafe_code, reason = "vectors through pointers, bounds checked by `add`")]
    fn add_bias<V: Lanes<T>>(&mut self, dy: &[T], points: &[(usize, usize)], filter: usize) {
        for i in filter..filter + FILTERS {
            let total = self.bias[i * V::N..(i + 1) * V::N].as_mut_ptr();
            // SAFETY: `add` has checked every point with the last plane; `total` is one vector.
            unsafe {
                let dy = dy.as_ptr().add(i * self.plane_step);
                let sum = points.iter().fold(V::load(total), |sum, &(_, at)| sum.add(V::load(dy.add(at))));
                sum.store(total);
            }
        }
    }
}

/// The lanes of each vector, added up.
fn lane_sums<T: Element>(vectors: &[T], lanes: usize, into: &mut [T]) {
    for (sum, vector) in into.iter_mut().zip(vectors.chunks_exact(lanes)) {
        *sum = vector.iter().fold(T::zero(), |sum, &v| sum + v);
    }
}

struct Forward<'a, T, F> {
    layout: Layout,
    x: &'a [T],
    w: &'a [T],
    b: &'a [T],
    finish: F,
}

impl<T: Element, F: Finish<T>> Kernel<T> for Forward<'_, T, F> {
    #[inline(always)]
    fn run<V: Lanes<T>>(mut self) {
        let Layout { shape, x: planes, out, .. } = self.layout;
        let (taps, filters) = (shape.taps(), shape.filters.next_multiple_of(FILTERS));
        let bias: Vec<T> = (0..filters).map(|f| self.b.get(f).copied().unwrap_or(T::zero())).collect();
        let correlation = Correlation {
            offsets: &self.layout.offsets(shape.channels, planes),
            bases: &self.layout.bases(shape.rows.output, shape.columns.output, V::N),
            weights: &packed(shape.filters, taps, |f, tap| self.w[f * taps + tap]),
            bias: &bias,
            plane_step: out.plane_step,
        };
        let mut padded = vec![T::zero(); shape.channels * planes.plane_step];
        let mut outputs = vec![T::zero(); filters * out.plane_step];
        for (number, image) in self.x.chunks_exact(shape.image()).enumerate() {
            spread(image, (shape.rows.input, shape.columns.input), &mut padded, planes);
            correlation.run::<V>(&padded, &mut outputs);
            self.finish.image(number, &outputs, out);
        }
    }
}

struct Backward<'a, T, G> {
    layout: Layout,
    x: &'a [T],
    w: &'a [T],
    gradient: G,
    want_x: bool,
    into: &'a mut Gradients<T>,
}

impl<T: Element, G: Gradient<T>> Kernel<T> for Backward<'_, T, G> {
    #[inline(always)]
    fn run<V: Lanes<T>>(mut self) {
        let Layout { shape, x: x_planes, dy: dy_planes, out } = self.layout;
        let ConvShape { channels, rows, columns, .. } = shape;
        let taps = shape.taps();
        let filters = shape.filters.next_multiple_of(FILTERS);
        let (x_image, dy_image) = (channels * x_planes.plane_step, filters * dy_planes.plane_step);
        let bases = self.layout.bases(rows.output, columns.output, V::N);
        // Small images go together, so that a tile of weights has many outputs to run over.
        let together = (2 * STRETCH / bases.len()).clamp(1, shape.batch.max(1));
        let mut padded = vec![T::zero(); together * x_image];
        let mut dy = vec![T::zero(); together * dy_image];

        let offsets = self.layout.offsets(channels, x_planes);
        let mut sums = WeightSums {
            offsets: &offsets,
            filters: shape.filters,
            plane_step: dy_planes.plane_step,
            taps: vec![T::zero(); filters * taps * V::N],
            bias: vec![T::zero(); filters * V::N],
        };
        let to_x = self.want_x.then(|| ToInput::new::<V>(&self.layout, self.w));
        let mut dx_planes =
            vec![T::zero(); if self.want_x { channels.next_multiple_of(FILTERS) * out.plane_step } else { 0 }];

        for first in (0..shape.batch).step_by(together) {
            let images = first..(first + together).min(shape.batch);
            let mut points = Vec::with_capacity(images.len() * bases.len());
            for (slot, number) in images.clone().enumerate() {
                let image = &self.x[number * shape.image()..][..shape.image()];
                spread(image, (rows.input, columns.input), &mut padded[slot * x_image..][..x_image], x_planes);
                self.gradient.image(number, &mut dy[slot * dy_image..][..dy_image], dy_planes);
                let (at_x, at_dy) = (slot * x_image, slot * dy_image + dy_planes.origin);
                points.extend(bases.iter().map(|base| (at_x + base, at_dy + base)));
            }
            sums.add::<V>(&padded, &dy, &points);
            let Some(to_x) = &to_x else { continue };
            for (slot, number) in images.enumerate() {
                to_x.correlation(out.plane_step).run::<V>(&dy[slot * dy_image..][..dy_image], &mut dx_planes);
                let dx = &mut self.into.x[number * shape.image()..][..shape.image()];
                for (row, dx) in dx.chunks_exact_mut(columns.input).enumerate() {
                    let at = row / rows.input * out.plane_step + row % rows.input * out.row_step;
                    dx.copy_from_slice(&dx_planes[at..at + columns.input]);
                }
            }
        }
        lane_sums(&sums.taps, V::N, &mut self.into.w);
        lane_sums(&sums.bias, V::N, &mut self.into.b);
    }
}

/// What the gradient of the input needs: the convolution of the outputs' gradients with the weights turned round.
struct ToInput<T> {
    offsets: Vec<usize>,
    bases: Vec<usize>,
    weights: Vec<T>,
    bias: Vec<T>,
}

impl<T: Element> ToInput<T> {
    #[inline(always)]
    fn new<V: Lanes<T>>(layout: &Layout, w: &[T]) -> Self {
        let ConvShape { channels, filters, rows, columns, .. } = layout.shape;
        let (kernel, taps) = (rows.kernel * columns.kernel, layout.shape.taps());
        ToInput {
            offsets: layout.offsets(filters, layout.dy),
            bases: layout.bases(rows.input, columns.input, V::N),
            weights: packed(channels, filters * kernel, |channel, tap| {
                let (filter, place) = (tap / kernel, tap % kernel);
                w[filter * taps + channel * kernel + kernel - 1 - place]
            }),
            bias: vec![T::zero(); channels.next_multiple_of(FILTERS)],
        }
    }

    fn correlation(&self, plane_step: usize) -> Correlation<'_, T> {
        let ToInput { offsets, bases, weights, bias } = self;
        Correlation { offsets, bases, weights, bias, plane_step }
    }
}

/// Computes outputs, image by image. [`applies`] must hold.
pub(super) fn forward<T: Element>(shape: &ConvShape, x: &[T], w: &[T], b: &[T], finish: impl Finish<T>) {
    T::vectors(Forward { layout: Layout::new(*shape), x, w, b, finish });
}

/// Computes gradients. [`applies`] must hold.
pub(super) fn backward<T: Element>(
    shape: &ConvShape,
    x: &[T],
    w: &[T],
    want_x: bool,
    gradient: impl Gradient<T>,
) -> Gradients<T> {
    let mut into = Gradients {
        x: vec![T::zero(); if want_x { x.len() } else { 0 }],
        w: vec![T::zero(); w.len()],
        b: vec![T::zero(); shape.filters],
    };
    T::vectors(Backward { layout: Layout::new(*shape), x, w, gradient, want_x, into: &mut into });
    into
}
