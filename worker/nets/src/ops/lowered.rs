//! Convolution as a matrix product over the unrolled input, a block of outputs at a time. For any stride; the better
//! method where there are many channels.

use super::Element;
use super::conv_shape::{ConvShape, Finish, Gradient, Gradients, Planes};
use super::matrix::{View, product};

/// Numbers of an unrolled block: about what a core's own cache holds.
const BLOCK: usize = 1 << 16;

/// The unrolled input: one row per weight of a filter, one column per output of the block.
struct Unrolled<'a> {
    shape: &'a ConvShape,
    from: usize,
    to: usize,
}

impl Unrolled<'_> {
    /// Calls `f(row of the unrolled matrix, first column, first input, columns)` for every run of inputs that lies in the
    /// image; between neighbours of a run the input moves by the stride.
    fn runs(&self, mut f: impl FnMut(usize, usize, usize, usize)) {
        let ConvShape { channels, rows, columns, .. } = *self.shape;
        let mut line = 0;
        for channel in 0..channels {
            for ky in 0..rows.kernel {
                for kx in 0..columns.kernel {
                    let mut at = self.from;
                    while at < self.to {
                        let (oy, ox) = (at / columns.output, at % columns.output);
                        let end = (self.to - at).min(columns.output - ox) + ox;
                        let y = oy * rows.stride + ky;
                        // Outputs whose input column is not left of the image, and not right of it.
                        let first = columns.before.saturating_sub(kx).div_ceil(columns.stride).max(ox);
                        let past =
                            (columns.input + columns.before).saturating_sub(kx).div_ceil(columns.stride).min(end);
                        if (rows.before..rows.before + rows.input).contains(&y) && first < past {
                            let x = first * columns.stride + kx - columns.before;
                            let input = (channel * rows.input + y - rows.before) * columns.input + x;
                            f(line, at - self.from + first - ox, input, past - first);
                        }
                        at += end - ox;
                    }
                    line += 1;
                }
            }
        }
    }

    fn fill<T: Element>(&self, image: &[T], into: &mut [T]) {
        let (width, stride) = (self.to - self.from, self.shape.columns.stride);
        into.fill(T::zero());
        self.runs(|line, column, input, n| {
            let into = &mut into[line * width + column..][..n];
            if stride == 1 {
                into.copy_from_slice(&image[input..input + n]);
            } else {
                into.iter_mut().zip(image[input..].iter().step_by(stride)).for_each(|(to, &v)| *to = v);
            }
        });
    }

    fn add_back<T: Element>(&self, gradient: &[T], image: &mut [T]) {
        let (width, stride) = (self.to - self.from, self.shape.columns.stride);
        self.runs(|line, column, input, n| {
            let from = &gradient[line * width + column..][..n];
            image[input..].iter_mut().step_by(stride).zip(from).for_each(|(to, &v)| *to += v);
        });
    }
}

fn blocks(shape: &ConvShape) -> impl Iterator<Item = Unrolled<'_>> {
    let outputs = shape.rows.output * shape.columns.output;
    let width = (BLOCK / shape.taps()).clamp(32, outputs.max(32));
    (0..outputs).step_by(width).map(move |from| Unrolled { shape, from, to: (from + width).min(outputs) })
}

fn dense(shape: &ConvShape) -> Planes {
    let plane_step = shape.rows.output * shape.columns.output;
    Planes { origin: 0, plane_step, row_step: shape.columns.output }
}

pub(super) fn forward<T: Element>(shape: &ConvShape, x: &[T], w: &[T], b: &[T], mut finish: impl Finish<T>) {
    let (planes, taps) = (dense(shape), shape.taps());
    let mut out = vec![T::zero(); shape.output_image()];
    let mut unrolled = Vec::new();
    for (number, image) in x.chunks_exact(shape.image()).enumerate() {
        out.chunks_exact_mut(planes.plane_step).zip(b).for_each(|(plane, &bias)| plane.fill(bias));
        for block in blocks(shape) {
            let width = block.to - block.from;
            unrolled.resize(taps * width, T::zero());
            block.fill(image, &mut unrolled);
            let (w, columns) = (View::rows(w, taps), View::rows(&unrolled, width));
            product((shape.filters, width, taps), w, columns, &mut out[block.from..], planes.plane_step, true);
        }
        finish.image(number, &out, planes);
    }
}

pub(super) fn backward<T: Element>(
    shape: &ConvShape,
    x: &[T],
    w: &[T],
    want_x: bool,
    mut gradient: impl Gradient<T>,
) -> Gradients<T> {
    let (planes, taps, filters) = (dense(shape), shape.taps(), shape.filters);
    let mut dw = vec![T::zero(); w.len()];
    let mut db = vec![T::zero(); filters];
    let mut dx = vec![T::zero(); if want_x { x.len() } else { 0 }];
    let mut dy = vec![T::zero(); shape.output_image()];
    let mut unrolled = Vec::new();
    for (number, image) in x.chunks_exact(shape.image()).enumerate() {
        gradient.image(number, &mut dy, planes);
        for (db, plane) in db.iter_mut().zip(dy.chunks_exact(planes.plane_step)) {
            *db += sum(plane);
        }
        for block in blocks(shape) {
            let width = block.to - block.from;
            unrolled.resize(taps * width, T::zero());
            block.fill(image, &mut unrolled);
            let dy = View { data: &dy[block.from..], row_step: planes.plane_step, column_step: 1 };
            product((filters, taps, width), dy, View::rows(&unrolled, width).transposed(), &mut dw, taps, true);
            if want_x {
                product((taps, width, filters), View::rows(w, taps).transposed(), dy, &mut unrolled, width, false);
                block.add_back(&unrolled, &mut dx[number * shape.image()..][..shape.image()]);
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
