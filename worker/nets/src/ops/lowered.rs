//! Convolution as a matrix product over the unrolled input, a block of outputs at a time. For any stride; the better
//! method where there are many channels.
//!
//! Small images go together, so that a product has many columns. The unrolled matrix has one row per weight of a filter
//! and one column per output; for a kernel of one place it is the laid-out input itself.

use super::Element;
use super::conv_shape::{ConvShape, Finish, Gradient, Gradients, Planes, Wanted};
use super::matrix::{View, product};
use super::phases::{Phases, SLACK};

/// Numbers of an unrolled block: about half of what a core's own cache holds.
const BLOCK: usize = 1 << 17;
/// Outputs of a block at least: fewer, and the weights are read too often.
const WIDTH: usize = 128;
/// Outputs that small images are gathered up to.
const TOGETHER: usize = 512;

/// Images whose outputs are computed together.
struct Group {
    shape: ConvShape,
    phases: Phases,
    images: usize,
}

/// Outputs `from..to` of a group, as matrix columns.
struct Block {
    from: usize,
    to: usize,
    /// Of the unrolled matrix. An odd number of cache lines, so that rows do not fall on each other in the cache.
    row_step: usize,
    /// First column in the block, where its output begins in the laid-out input, and columns, for each row of outputs.
    runs: Vec<(usize, usize, usize)>,
}

impl Group {
    /// As many of the `batch` images as go together.
    fn new(shape: &ConvShape, batch: usize) -> Group {
        let images = (TOGETHER / shape.outputs()).clamp(1, batch.max(1));
        Group { shape: *shape, phases: Phases::new(shape.rows, shape.columns, images), images }
    }

    fn columns(&self) -> usize {
        self.images * self.shape.outputs()
    }

    /// The outputs, one plane per filter, those of one image after those of the one before.
    fn planes(&self, slot: usize) -> Planes {
        let outputs = self.shape.outputs();
        Planes { origin: slot * outputs, plane_step: self.columns(), row_step: self.shape.columns.output }
    }

    /// The unrolled input, where it is the laid-out one.
    fn laid_out<'a, T>(&self, input: &'a [T]) -> Option<View<'a, T>> {
        let pointwise = self.shape.rows.kernel == 1 && self.shape.columns.kernel == 1;
        pointwise.then(|| View::rows(input, self.phases.channel_step))
    }

    fn blocks(&self) -> Vec<Block> {
        let columns = self.columns();
        let pieces = columns.div_ceil((BLOCK / self.shape.taps()).max(WIDTH));
        let width = columns.div_ceil(pieces).next_multiple_of(SLACK);
        (0..columns).step_by(width).map(|from| self.block(from, (from + width).min(columns))).collect()
    }

    fn block(&self, from: usize, to: usize) -> Block {
        let (width, outputs) = (self.shape.columns.output, self.shape.outputs());
        let mut runs = Vec::new();
        let mut at = from;
        while at < to {
            let (slot, row, column) = (at / outputs, at % outputs / width, at % width);
            let columns = (width - column).min(to - at);
            let place = slot * self.phases.image_step + row * self.phases.row_step + column;
            runs.push((at - from, place, columns));
            at += columns;
        }
        Block { from, to, row_step: ((to - from).div_ceil(SLACK) | 1) * SLACK, runs }
    }
}

impl Block {
    fn width(&self) -> usize {
        self.to - self.from
    }

    /// Calls `f(row of the unrolled matrix, what its tap adds to where an output begins)`.
    #[inline(always)]
    fn taps(group: &Group, mut f: impl FnMut(usize, usize)) {
        let ConvShape { channels, rows, columns, .. } = group.shape;
        let mut line = 0;
        for channel in 0..channels {
            for row in 0..rows.kernel {
                for column in 0..columns.kernel {
                    f(line, group.phases.tap(channel, row, column));
                    line += 1;
                }
            }
        }
    }

    /// Unrolls. Of a run up to [`SLACK`] numbers past its end are copied along and overwritten by the next.
    fn fill<T: Element>(&self, group: &Group, input: &[T], into: &mut [T]) {
        Self::taps(group, |line, tap| {
            let (into, input) = (&mut into[line * self.row_step..], &input[tap..]);
            for &(column, place, columns) in &self.runs {
                if columns <= SLACK {
                    into[column..column + SLACK].copy_from_slice(&input[place..place + SLACK]);
                } else {
                    into[column..column + columns].copy_from_slice(&input[place..place + columns]);
                }
            }
        });
    }

    fn add_back<T: Element>(&self, group: &Group, gradient: &[T], into: &mut [T]) {
        Self::taps(group, |line, tap| {
            let (gradient, into) = (&gradient[line * self.row_step..], &mut into[tap..]);
            for &(column, place, columns) in &self.runs {
                add(&gradient[column..column + columns], &mut into[place..place + columns]);
            }
        });
    }
}

/// Adds a run, which may be short: in pieces of a length that the compiler knows.
#[inline(always)]
fn add<T: Element>(from: &[T], into: &mut [T]) {
    #[inline(always)]
    fn pieces<'a, T: Element, const N: usize>(from: &'a [T], into: &'a mut [T]) -> (&'a [T], &'a mut [T]) {
        let (pieces, from) = from.as_chunks::<N>();
        let (sums, into) = into.as_chunks_mut::<N>();
        for (sum, piece) in sums.iter_mut().zip(pieces) {
            for i in 0..N {
                sum[i] += piece[i];
            }
        }
        (from, into)
    }
    let (from, into) = pieces::<T, 16>(from, into);
    let (from, into) = pieces::<T, 4>(from, into);
    into.iter_mut().zip(from).for_each(|(sum, &v)| *sum += v);
}

pub(super) fn forward<T: Element>(shape: &ConvShape, x: &[T], w: &[T], b: Option<&[T]>, mut finish: impl Finish<T>) {
    let taps = shape.taps();
    let mut group = Group::new(shape, shape.batch);
    let mut blocks = group.blocks();
    let mut input = vec![T::zero(); group.phases.len(shape.channels)];
    let mut out = vec![T::zero(); shape.filters * group.columns()];
    let mut unrolled = Vec::new();
    for (number, images) in x.chunks(group.images * shape.image()).enumerate() {
        let first = number * group.images;
        if images.len() < group.images * shape.image() {
            group = Group::new(shape, images.len() / shape.image());
            blocks = group.blocks();
            input = vec![T::zero(); group.phases.len(shape.channels)];
        }
        for (slot, image) in images.chunks_exact(shape.image()).enumerate() {
            group.phases.spread(image, slot, &mut input);
        }
        let columns = group.columns();
        let start = |out: &mut [T], from, to| {
            let planes = out.chunks_exact_mut(columns).zip(b.unwrap_or_default());
            planes.for_each(|(plane, &bias)| plane[from..to].fill(bias));
        };
        let w = View::rows(w, taps);
        if let Some(input) = group.laid_out(&input) {
            start(&mut out, 0, columns);
            product((shape.filters, columns, taps), w, input, &mut out, columns, b.is_some());
        } else {
            for block in &blocks {
                unrolled.resize(taps * block.row_step + SLACK, T::zero());
                block.fill(&group, &input, &mut unrolled);
                start(&mut out, block.from, block.to);
                let input = View::rows(&unrolled, block.row_step);
                product((shape.filters, block.width(), taps), w, input, &mut out[block.from..], columns, b.is_some());
            }
        }
        for slot in 0..group.images {
            finish.image(first + slot, &out, group.planes(slot));
        }
    }
}

pub(super) fn backward<T: Element>(
    shape: &ConvShape,
    x: &[T],
    w: &[T],
    wanted: Wanted,
    mut gradient: impl Gradient<T>,
) -> Gradients<T> {
    let (taps, filters, zero) = (shape.taps(), shape.filters, T::zero());
    let mut into = Gradients::zeros(shape, wanted);
    let mut group = Group::new(shape, shape.batch);
    let mut blocks = group.blocks();
    let mut input = vec![zero; group.phases.len(shape.channels)];
    let mut input_gradient = vec![zero; if wanted.x { input.len() } else { 0 }];
    let mut dy = vec![zero; filters * group.columns()];
    let mut unrolled = Vec::new();
    for (number, images) in x.chunks(group.images * shape.image()).enumerate() {
        let first = number * group.images;
        if images.len() < group.images * shape.image() {
            group = Group::new(shape, images.len() / shape.image());
            blocks = group.blocks();
            input = vec![zero; group.phases.len(shape.channels)];
            input_gradient.truncate(input.len());
        }
        for slot in 0..group.images {
            gradient.image(first + slot, &mut dy, group.planes(slot));
        }
        let columns = group.columns();
        if wanted.b {
            for (db, plane) in into.b.iter_mut().zip(dy.chunks_exact(columns)) {
                *db += sum(plane);
            }
        }
        if wanted.w {
            for (slot, image) in images.chunks_exact(shape.image()).enumerate() {
                group.phases.spread(image, slot, &mut input);
            }
        }
        let turned = View::rows(w, taps).transposed();
        if group.laid_out(&input).is_some() {
            let dy = View::rows(&dy, columns);
            if wanted.w {
                let input = View::rows(&input, group.phases.channel_step).transposed();
                product((filters, taps, columns), dy, input, &mut into.w, taps, true);
            }
            if wanted.x {
                let row_step = group.phases.channel_step;
                product((taps, columns, filters), turned, dy, &mut input_gradient, row_step, false);
            }
        } else {
            input_gradient.fill(zero);
            for block in &blocks {
                let dy = View { data: &dy[block.from..], row_step: columns, column_step: 1 };
                unrolled.resize(taps * block.row_step + SLACK, zero);
                if wanted.w {
                    block.fill(&group, &input, &mut unrolled);
                    let input = View::rows(&unrolled, block.row_step).transposed();
                    product((filters, taps, block.width()), dy, input, &mut into.w, taps, true);
                }
                if wanted.x {
                    let sizes = (taps, block.width(), filters);
                    product(sizes, turned, dy, &mut unrolled, block.row_step, false);
                    block.add_back(&group, &unrolled, &mut input_gradient);
                }
            }
        }
        if wanted.x {
            for slot in 0..group.images {
                let image = &mut into.x[(first + slot) * shape.image()..][..shape.image()];
                group.phases.gather(&input_gradient, slot, image);
            }
        }
    }
    into
}

/// The sum, in sixteen interleaved parts: quicker and closer than one after the other.
pub(super) fn sum<T: Element>(values: &[T]) -> T {
    let mut parts = [T::zero(); 16];
    let whole = values.chunks_exact(16);
    let rest = whole.remainder();
    for chunk in whole {
        parts.iter_mut().zip(chunk).for_each(|(sum, &v)| *sum += v);
    }
    parts.iter_mut().zip(rest).for_each(|(sum, &v)| *sum += v);
    parts.into_iter().fold(T::zero(), |sum, part| sum + part)
}
