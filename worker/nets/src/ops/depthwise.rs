//! Convolution of each channel by itself: there is no sum over channels for a matrix product to speed up, so each tap of
//! the kernel is one pass over a plane.
//!
//! Planes are laid out in [`Phases`]; outputs and their gradients take the same rows, so that a pass runs straight over a
//! whole plane. What it computes between rows nobody reads, and gradients there are 0.

use super::conv_shape::{ConvShape, Gradients, Wanted};
use super::lanes::{Kernel, Lanes};
use super::phases::Phases;
use super::{Element, lowered};

/// Taps that a pass takes together: so many sums or inputs stay in registers.
const TAPS: usize = 5;
/// Parts of a sum over a plane.
const PARTS: usize = 16;

/// What is known of every plane.
struct Plan {
    shape: ConvShape,
    groups: usize,
    phases: Phases,
    /// From the first output to the last, with what lies between rows.
    length: usize,
    /// For each tap of the kernel, where its input begins.
    taps: Vec<usize>,
}

impl Plan {
    fn new(shape: &ConvShape, groups: usize) -> Plan {
        let ConvShape { rows, columns, .. } = *shape;
        let phases = Phases::new(rows, columns, 1);
        let taps = (0..rows.kernel).flat_map(|row| (0..columns.kernel).map(move |column| phases.tap(0, row, column)));
        let length = (rows.output - 1) * phases.row_step + columns.output;
        Plan { shape: *shape, groups, phases, length, taps: taps.collect() }
    }

    /// For each phase the taps that read it, and what each adds to where an output begins.
    fn phases(&self) -> Vec<(usize, Vec<(usize, usize)>)> {
        let step = self.phases.phase_step;
        (0..self.phases.image_step)
            .step_by(step)
            .map(|phase| {
                let of = self.taps.iter().enumerate().filter(|(_, at)| (phase..phase + step).contains(at));
                (phase, of.map(|(tap, at)| (tap, at - phase)).collect())
            })
            .collect()
    }
}

/// `out += sum of weights * inputs`, value by value. Inputs are at least as long as `out`.
#[inline(always)]
fn add<T: Element, const N: usize>(weights: [T; N], inputs: [&[T]; N], out: &mut [T]) {
    let inputs = inputs.map(|input| &input[..out.len()]);
    for (i, out) in out.iter_mut().enumerate() {
        let mut sum = *out;
        for (weight, input) in weights.into_iter().zip(inputs) {
            sum += weight * input[i];
        }
        *out = sum;
    }
}

/// Adds up `weights[tap] * from[at..]` of all taps into `out`.
#[inline(always)]
fn add_all<T: Element>(taps: &[(usize, usize)], weights: &[T], from: &[T], out: &mut [T]) {
    #[inline(always)]
    fn some<T: Element, const N: usize>(taps: &[(usize, usize)], weights: &[T], from: &[T], out: &mut [T]) {
        add::<T, N>(std::array::from_fn(|j| weights[taps[j].0]), std::array::from_fn(|j| &from[taps[j].1..]), out);
    }
    for taps in taps.chunks(TAPS) {
        match taps.len() {
            5 => some::<T, 5>(taps, weights, from, out),
            4 => some::<T, 4>(taps, weights, from, out),
            3 => some::<T, 3>(taps, weights, from, out),
            2 => some::<T, 2>(taps, weights, from, out),
            _ => some::<T, 1>(taps, weights, from, out),
        }
    }
}

/// The sums of `by * inputs` over all values.
#[inline(always)]
fn dots<T: Element, const N: usize>(by: &[T], inputs: [&[T]; N], sums: &mut [T]) {
    let mut parts = [[T::zero(); PARTS]; N];
    let (whole, rest) = by.as_chunks::<PARTS>();
    let inputs = inputs.map(|input| input[..by.len()].as_chunks::<PARTS>());
    for (i, by) in whole.iter().enumerate() {
        for (parts, input) in parts.iter_mut().zip(inputs) {
            let input = &input.0[i];
            for lane in 0..PARTS {
                parts[lane] += by[lane] * input[lane];
            }
        }
    }
    for ((sum, parts), input) in sums.iter_mut().zip(parts).zip(inputs) {
        let rest = rest.iter().zip(input.1).fold(T::zero(), |sum, (&a, &b)| sum + a * b);
        *sum += parts.into_iter().fold(rest, |sum, part| sum + part);
    }
}

struct Forward<'a, T> {
    plan: &'a Plan,
    x: &'a [T],
    w: &'a [T],
    b: Option<&'a [T]>,
    y: &'a mut [T],
}

impl<T: Element> Kernel<T> for Forward<'_, T> {
    #[inline(always)]
    fn run<V: Lanes<T>>(self) {
        let Forward { plan, x, w, b, y } = self;
        let Plan { shape, groups, phases, length, taps } = plan;
        let taps: Vec<_> = taps.iter().copied().enumerate().collect();
        let mut input = vec![T::zero(); phases.len(1)];
        let mut out = vec![T::zero(); *length];
        let planes = x.chunks_exact(shape.image()).zip(y.chunks_exact_mut(shape.output_image()));
        for (number, (x, y)) in planes.enumerate() {
            phases.spread(x, 0, &mut input);
            for (filter, y) in y.chunks_exact_mut(shape.outputs()).enumerate() {
                let filter = number % groups * shape.filters + filter;
                out.fill(b.map_or(T::zero(), |b| b[filter]));
                add_all(&taps, &w[filter * taps.len()..][..taps.len()], &input, &mut out);
                for (y, row) in y.chunks_exact_mut(shape.columns.output).zip(out.chunks(phases.row_step)) {
                    y.copy_from_slice(&row[..y.len()]);
                }
            }
        }
    }
}

struct Backward<'a, T> {
    plan: &'a Plan,
    x: &'a [T],
    w: &'a [T],
    dy: &'a [T],
    wanted: Wanted,
    into: &'a mut Gradients<T>,
}

impl<T: Element> Kernel<T> for Backward<'_, T> {
    #[inline(always)]
    fn run<V: Lanes<T>>(self) {
        let Backward { plan, x, w, dy, wanted, into } = self;
        let Plan { shape, groups, phases, length, taps } = plan;
        let by_phase = plan.phases();
        // A tap that adds so much to where an output begins takes its gradient from so much before.
        let front = by_phase.iter().flat_map(|(_, taps)| taps).map(|&(_, at)| at).max().unwrap_or(0);
        let from_gradient: Vec<(usize, Vec<(usize, usize)>)> = by_phase
            .into_iter()
            .map(|(phase, taps)| (phase, taps.into_iter().map(|(tap, at)| (tap, front - at)).collect()))
            .collect();
        let mut input = vec![T::zero(); phases.len(1)];
        let mut input_gradient = vec![T::zero(); phases.len(1)];
        let mut gradient = vec![T::zero(); front + phases.phase_step];
        for (number, (x, dy)) in x.chunks_exact(shape.image()).zip(dy.chunks_exact(shape.output_image())).enumerate() {
            if wanted.w {
                phases.spread(x, 0, &mut input);
            }
            input_gradient.fill(T::zero());
            for (filter, dy) in dy.chunks_exact(shape.outputs()).enumerate() {
                let filter = number % groups * shape.filters + filter;
                let rows = gradient[front..].chunks_mut(phases.row_step);
                for (row, dy) in rows.zip(dy.chunks_exact(shape.columns.output)) {
                    row[..dy.len()].copy_from_slice(dy);
                }
                if wanted.b {
                    into.b[filter] += lowered::sum(dy);
                }
                if wanted.w {
                    let sums = &mut into.w[filter * taps.len()..][..taps.len()];
                    all_dots(taps, &gradient[front..front + length], &input, sums);
                }
                if wanted.x {
                    let w = &w[filter * taps.len()..][..taps.len()];
                    for (phase, taps) in &from_gradient {
                        let out = &mut input_gradient[*phase..phase + phases.phase_step];
                        add_all(taps, w, &gradient, out);
                    }
                }
            }
            if wanted.x {
                phases.gather(&input_gradient, 0, &mut into.x[number * shape.image()..][..shape.image()]);
            }
        }
    }
}

/// Adds to each tap's sum that of `by` times the tap's input.
#[inline(always)]
fn all_dots<T: Element>(taps: &[usize], by: &[T], input: &[T], sums: &mut [T]) {
    #[inline(always)]
    fn some<T: Element, const N: usize>(taps: &[usize], by: &[T], input: &[T], sums: &mut [T]) {
        dots::<T, N>(by, std::array::from_fn(|j| &input[taps[j]..]), sums);
    }
    for (taps, sums) in taps.chunks(TAPS).zip(sums.chunks_mut(TAPS)) {
        match taps.len() {
            5 => some::<T, 5>(taps, by, input, sums),
            4 => some::<T, 4>(taps, by, input, sums),
            3 => some::<T, 3>(taps, by, input, sums),
            2 => some::<T, 2>(taps, by, input, sums),
            _ => some::<T, 1>(taps, by, input, sums),
        }
    }
}

/// The outputs of `groups` channels. `shape` is that of one group, of one channel.
pub(super) fn forward<T: Element>(shape: &ConvShape, groups: usize, x: &[T], w: &[T], b: Option<&[T]>) -> Vec<T> {
    let plan = Plan::new(shape, groups);
    let mut y = vec![T::zero(); shape.batch * groups * shape.output_image()];
    T::vectors(Forward { plan: &plan, x, w, b, y: &mut y });
    y
}

/// The gradients that somebody wants. `shape` is that of one group, of one channel.
pub(super) fn backward<T: Element>(
    shape: &ConvShape,
    groups: usize,
    (x, w): (&[T], &[T]),
    wanted: Wanted,
    dy: &[T],
) -> Gradients<T> {
    let zeros = |count: usize, wanted: bool| vec![T::zero(); if wanted { count } else { 0 }];
    let mut into = Gradients {
        x: zeros(x.len(), wanted.x),
        w: zeros(w.len(), wanted.w),
        b: zeros(groups * shape.filters, wanted.b),
    };
    T::vectors(Backward { plan: &Plan::new(shape, groups), x, w, dy, wanted, into: &mut into });
    into
}
