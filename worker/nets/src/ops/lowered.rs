//! Convolution as a matrix product over the unrolled input, a block of outputs at a time. For any stride; the better
//! method where there are many channels.

use super::Element;
use super::conv_shape::{ConvShape, Finish, Gradient, Gradients, Planes};
use super::matrix::{View, product};

/// Numbers of an unrolled block: about what a core's own cache holds.
const BLOCK: usize = 1 << 17;
/// Outputs of a block at least, however many taps each has: the matrix product wants whole vectors of them, several.
const LEAST: usize = 128;

/// The unrolled input: one row per weight of a filter, one column per output of the block. Outputs are counted over the images
/// of a batch.
struct Unrolled<'a> {
    shape: &'a ConvShape,
    from: usize,
    to: usize,
}

impl Unrolled<'_> {
    fn width(&self) -> usize {
        self.to - self.from
    }

    /// Calls `f(row of the unrolled matrix, first column, first input, columns)` for every run of inputs that lies in an
    /// image; between neighbours of a run the input moves by the stride.
    fn runs(&self, mut f: impl FnMut(usize, usize, usize, usize)) {
        let ConvShape { channels, rows, columns, .. } = *self.shape;
        let (outputs, image) = (rows.output * columns.output, self.shape.image());
        let mut line = 0;
        for channel in 0..channels {
            for ky in 0..rows.kernel {
                for kx in 0..columns.kernel {
                    let mut at = self.from;
                    while at < self.to {
                        let (number, place) = (at / outputs, at % outputs);
                        let (oy, ox) = (place / columns.output, place % columns.output);
                        let end = (self.to - at).min(columns.output - ox) + ox;
                        let y = oy * rows.stride + ky;
                        // Outputs whose input column is not left of the image, and not right of it.
                        let first = columns.before.saturating_sub(kx).div_ceil(columns.stride).max(ox);
                        let past =
                            (columns.input + columns.before).saturating_sub(kx).div_ceil(columns.stride).min(end);
                        if (rows.before..rows.before + rows.input).contains(&y) && first < past {
                            let x = first * columns.stride + kx - columns.before;
                            let input = (channel * rows.input + y - rows.before) * columns.input + x;
                            f(line, at - self.from + first - ox, number * image + input, past - first);
                        }
                        at += end - ox;
                    }
                    line += 1;
                }
            }
        }
    }

    /// From the images of the batch.
    fn fill<T: Element>(&self, x: &[T], into: &mut [T]) {
        let (width, stride) = (self.width(), self.shape.columns.stride);
        into.fill(T::zero());
        self.runs(|line, column, input, n| {
            let into = &mut into[line * width + column..][..n];
            if stride == 1 {
                into.copy_from_slice(&x[input..input + n]);
            } else {
                into.iter_mut().zip(x[input..].iter().step_by(stride)).for_each(|(to, &v)| *to = v);
            }
        });
    }

    fn add_back<T: Element>(&self, gradient: &[T], x: &mut [T]) {
        let (width, stride) = (self.width(), self.shape.columns.stride);
        self.runs(|line, column, input, n| {
            let from = &gradient[line * width + column..][..n];
            if stride == 1 {
                x[input..input + n].iter_mut().zip(from).for_each(|(to, &v)| *to += v);
            } else {
                x[input..].iter_mut().step_by(stride).zip(from).for_each(|(to, &v)| *to += v);
            }
        });
    }
}

/// Images whose outputs lie side by side in one matrix, so that small ones fill its vectors together.
struct Group<'a> {
    shape: &'a ConvShape,
    /// The images.
    from: usize,
    to: usize,
    /// Outputs of a block.
    width: usize,
}

/// The batch in groups of images.
fn groups(shape: &ConvShape) -> impl Iterator<Item = Group<'_>> {
    let outputs = shape.rows.output * shape.columns.output;
    let width = (BLOCK / shape.taps()).max(LEAST).next_multiple_of(LEAST);
    let images = (width / outputs.max(1)).max(1);
    let group = move |from| Group { shape, from, to: (from + images).min(shape.batch), width };
    (0..shape.batch).step_by(images).map(group)
}

impl<'a> Group<'a> {
    fn outputs(&self) -> usize {
        self.shape.rows.output * self.shape.columns.output
    }

    /// Outputs of all its images.
    fn columns(&self) -> usize {
        (self.to - self.from) * self.outputs()
    }

    /// How the planes of image `number` lie.
    fn planes(&self, number: usize) -> Planes {
        let origin = (number - self.from) * self.outputs();
        Planes { origin, plane_step: self.columns(), row_step: self.shape.columns.output }
    }

    /// Its blocks, each with the column where it begins.
    fn blocks(&self) -> impl Iterator<Item = (usize, Unrolled<'a>)> + use<'a> {
        let (shape, start, columns, width) = (self.shape, self.from * self.outputs(), self.columns(), self.width);
        let block = move |at: usize| (at, Unrolled { shape, from: start + at, to: start + (at + width).min(columns) });
        (0..columns).step_by(width).map(block)
    }
}

pub(super) fn forward<T: Element>(shape: &ConvShape, x: &[T], w: &[T], b: &[T], mut finish: impl Finish<T>) {
    let taps = shape.taps();
    let (mut out, mut unrolled) = (Vec::new(), Vec::new());
    for group in groups(shape) {
        let columns = group.columns();
        out.resize(shape.filters * columns, T::zero());
        out.chunks_exact_mut(columns).zip(b).for_each(|(plane, &bias)| plane.fill(bias));
        for (at, block) in group.blocks() {
            let width = block.width();
            unrolled.resize(taps * width, T::zero());
            block.fill(x, &mut unrolled);
            let (w, unrolled) = (View::rows(w, taps), View::rows(&unrolled, width));
            product((shape.filters, width, taps), w, unrolled, &mut out[at..], columns, true);
        }
        (group.from..group.to).for_each(|number| finish.image(number, &out, group.planes(number)));
    }
}

pub(super) fn backward<T: Element>(
    shape: &ConvShape,
    x: &[T],
    w: &[T],
    want_x: bool,
    mut gradient: impl Gradient<T>,
) -> Gradients<T> {
    let (taps, filters) = (shape.taps(), shape.filters);
    let mut dw = vec![T::zero(); w.len()];
    let mut db = vec![T::zero(); filters];
    let mut dx = vec![T::zero(); if want_x { x.len() } else { 0 }];
    let (mut dy, mut unrolled) = (Vec::new(), Vec::new());
    for group in groups(shape) {
        let columns = group.columns();
        dy.resize(filters * columns, T::zero());
        (group.from..group.to).for_each(|number| gradient.image(number, &mut dy, group.planes(number)));
        for (db, plane) in db.iter_mut().zip(dy.chunks_exact(columns)) {
            *db += sum(plane);
        }
        for (at, block) in group.blocks() {
            let width = block.width();
            unrolled.resize(taps * width, T::zero());
            block.fill(x, &mut unrolled);
            let dy = View { data: &dy[at..], row_step: columns, column_step: 1 };
            product((filters, taps, width), dy, View::rows(&unrolled, width).transposed(), &mut dw, taps, true);
            if want_x {
                product((taps, width, filters), View::rows(w, taps).transposed(), dy, &mut unrolled, width, false);
                block.add_back(&unrolled, &mut dx);
            }
        }
    }
    Gradients { x: dx, w: dw, b: db }
}

/// The sum, in sixteen interleaved parts: quicker and closer than one after the other.
fn sum<T: Element>(values: &[T]) -> T {
    let mut parts = [T::zero(); 16];
    let whole = values.chunks_exact(16);
    let rest = whole.remainder();
    for chunk in whole {
        parts.iter_mut().zip(chunk).for_each(|(sum, &v)| *sum += v);
    }
    parts.iter_mut().zip(rest).for_each(|(sum, &v)| *sum += v);
    parts.into_iter().fold(T::zero(), |sum, part| sum + part)
}
