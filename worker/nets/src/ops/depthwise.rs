//! Convolution of each channel by itself: there is no sum over channels for a matrix product to speed up, so each tap of
//! the kernel is one pass over a plane.
//!
//! The planes of one channel are laid out in [`Phases`], small ones of several images together; outputs and their gradients
//! take the same rows, so that a pass runs straight over all of them. What it computes between rows nobody reads, and
//! gradients there are 0.

use super::conv_shape::{ConvShape, Gradients, Wanted};
use super::lanes::{Kernel, Lanes, add_dots, add_scaled};
use super::phases::{Phases, SLACK, copy};
use super::{Element, lowered};

/// Taps that a pass takes together: their sums, or their inputs and weights, stay in registers.
const TAPS: usize = 5;
/// Numbers that small planes of one channel are gathered up to.
const TOGETHER: usize = 1024;

/// What is known of every plane.
struct Plan {
    shape: ConvShape,
    groups: usize,
    /// Images that go together.
    images: usize,
    phases: Phases,
    /// From the first output to the last, with what lies between, in whole vectors of any unit.
    length: usize,
    /// For each tap of the kernel, its number and where its input begins.
    taps: Vec<(usize, usize)>,
}

impl Plan {
    /// A plan for as many of the `batch` images as go together.
    fn new(shape: &ConvShape, groups: usize, batch: usize) -> Plan {
        let ConvShape { rows, columns, .. } = *shape;
        let one = Phases::new(rows, columns, 1);
        let images = (TOGETHER / one.image_step).clamp(1, batch.max(1));
        let phases = Phases::new(rows, columns, images);
        let taps = (0..rows.kernel).flat_map(|row| (0..columns.kernel).map(move |column| phases.tap(0, row, column)));
        let last = (images - 1) * phases.image_step + (rows.output - 1) * phases.row_step + columns.output;
        let length = last.next_multiple_of(SLACK);
        Plan { shape: *shape, groups, images, phases, length, taps: taps.enumerate().collect() }
    }

    /// For each phase, where it begins, and the taps that read it with what each adds to where an output begins.
    fn by_phase(&self) -> Vec<(usize, Vec<(usize, usize)>)> {
        let step = self.phases.phase_step;
        let taps = |phase: usize| {
            let of = self.taps.iter().filter(move |(_, at)| (phase..phase + step).contains(at));
            of.map(move |&(tap, at)| (tap, at - phase)).collect()
        };
        (0..self.phases.channel_step).step_by(step).map(|phase| (phase, taps(phase))).collect()
    }

    /// An image's part of a channel, where a group has `size` values.
    fn part(&self, image: usize, channel: usize, size: usize) -> std::ops::Range<usize> {
        let from = (image * self.groups + channel) * size;
        from..from + size
    }
}

/// The inputs of some taps, each as long as `length`.
#[inline(always)]
fn inputs<'a, T, const N: usize>(taps: &[(usize, usize)], from: &'a [T], length: usize) -> [&'a [T]; N] {
    let mut inputs = [from; N];
    for (input, &(_, at)) in inputs.iter_mut().zip(taps) {
        *input = &from[at..at + length];
    }
    inputs
}

/// Adds `weights[tap] * from[at..]` of some taps to `out`.
#[inline(always)]
fn add<T: Element, V: Lanes<T>, const N: usize>(taps: &[(usize, usize)], weights: &[T], from: &[T], out: &mut [T]) {
    let mut scales = [T::zero(); N];
    for (scale, &(tap, _)) in scales.iter_mut().zip(taps) {
        *scale = weights[tap];
    }
    add_scaled::<T, V, N>(scales, inputs::<T, N>(taps, from, out.len()), out);
}

/// The same for all taps.
#[inline(always)]
fn add_all<T: Element, V: Lanes<T>>(taps: &[(usize, usize)], weights: &[T], from: &[T], out: &mut [T]) {
    for taps in taps.chunks(TAPS) {
        match taps.len() {
            5 => add::<T, V, 5>(taps, weights, from, out),
            4 => add::<T, V, 4>(taps, weights, from, out),
            3 => add::<T, V, 3>(taps, weights, from, out),
            2 => add::<T, V, 2>(taps, weights, from, out),
            _ => add::<T, V, 1>(taps, weights, from, out),
        }
    }
}

/// Adds to each tap's sum that of `by` times the tap's input.
#[inline(always)]
fn sum_all<T: Element, V: Lanes<T>>(taps: &[(usize, usize)], by: &[T], input: &[T], sums: &mut [T]) {
    let zero = T::zero();
    for (taps, sums) in taps.chunks(TAPS).zip(sums.chunks_mut(TAPS)) {
        match sums {
            [a, b, c, d, e] => add_dots::<T, V, 5>(by, inputs(taps, input, by.len()), zero, [a, b, c, d, e]),
            [a, b, c, d] => add_dots::<T, V, 4>(by, inputs(taps, input, by.len()), zero, [a, b, c, d]),
            [a, b, c] => add_dots::<T, V, 3>(by, inputs(taps, input, by.len()), zero, [a, b, c]),
            [a, b] => add_dots::<T, V, 2>(by, inputs(taps, input, by.len()), zero, [a, b]),
            [a] => add_dots::<T, V, 1>(by, inputs(taps, input, by.len()), zero, [a]),
            _ => {}
        }
    }
}

/// Images that go together, and room for one channel of theirs.
struct Laid<T> {
    plan: Plan,
    input: Vec<T>,
}

impl<T: Element> Laid<T> {
    fn new(shape: &ConvShape, groups: usize, batch: usize) -> Laid<T> {
        let plan = Plan::new(shape, groups, batch);
        let input = vec![T::zero(); plan.phases.len(1)];
        Laid { plan, input }
    }

    /// Lays out a channel of the images from `first` on.
    #[inline(always)]
    fn lay(&mut self, x: &[T], first: usize, channel: usize) {
        let size = self.plan.shape.image();
        for slot in 0..self.plan.images {
            let plane = &x[self.plan.part(first + slot, channel, size)];
            self.plan.phases.spread(plane, slot, &mut self.input);
        }
    }
}

struct Forward<'a, T> {
    shape: &'a ConvShape,
    groups: usize,
    x: &'a [T],
    w: &'a [T],
    b: Option<&'a [T]>,
    y: &'a mut [T],
}

impl<T: Element> Kernel<T> for Forward<'_, T> {
    #[inline(always)]
    fn run<V: Lanes<T>>(self) {
        let Forward { shape, groups, x, w, b, y } = self;
        let (taps, width) = (shape.taps(), shape.columns.output);
        let mut laid = Laid::new(shape, groups, shape.batch);
        let mut out = vec![T::zero(); laid.plan.length];
        let mut first = 0;
        while first < shape.batch {
            if shape.batch - first < laid.plan.images {
                laid = Laid::new(shape, groups, shape.batch - first);
                out.truncate(laid.plan.length);
            }
            for channel in 0..groups {
                laid.lay(x, first, channel);
                let Laid { plan, input } = &laid;
                for filter in 0..shape.filters {
                    let number = channel * shape.filters + filter;
                    out.fill(b.map_or(T::zero(), |b| b[number]));
                    add_all::<T, V>(&plan.taps, &w[number * taps..][..taps], input, &mut out);
                    for slot in 0..plan.images {
                        let y = &mut y[plan.part(first + slot, channel, shape.output_image())];
                        let rows = out[slot * plan.phases.image_step..].chunks(plan.phases.row_step);
                        for (y, row) in
                            y[filter * shape.outputs()..].chunks_exact_mut(width).zip(rows).take(shape.rows.output)
                        {
                            copy(&row[..width], y);
                        }
                    }
                }
            }
            first += laid.plan.images;
        }
    }
}

struct Backward<'a, T> {
    shape: &'a ConvShape,
    groups: usize,
    x: &'a [T],
    w: &'a [T],
    dy: &'a [T],
    wanted: Wanted,
    into: &'a mut Gradients<T>,
}

/// Gradients of outputs and inputs, laid out as one plan has it.
struct LaidGradients<T> {
    /// For each phase, where it begins, and for its taps where each takes the gradients of outputs from.
    phases: Vec<(usize, Vec<(usize, usize)>)>,
    /// Zeros before the first gradient: a tap that adds so much to where an output begins takes its gradient from so much
    /// before.
    front: usize,
    output: Vec<T>,
    input: Vec<T>,
}

impl<T: Element> LaidGradients<T> {
    fn new(plan: &Plan) -> Self {
        let phases = plan.by_phase();
        let front = phases.iter().flat_map(|(_, taps)| taps).map(|&(_, at)| at).max().unwrap_or(0);
        let before = |taps: Vec<(usize, usize)>| taps.into_iter().map(|(tap, at)| (tap, front - at)).collect();
        LaidGradients {
            phases: phases.into_iter().map(|(phase, taps)| (phase, before(taps))).collect(),
            front,
            output: vec![T::zero(); front + plan.phases.phase_step + SLACK],
            input: vec![T::zero(); plan.phases.channel_step],
        }
    }
}

impl<T: Element> Kernel<T> for Backward<'_, T> {
    #[inline(always)]
    fn run<V: Lanes<T>>(self) {
        let Backward { shape, groups, x, w, dy, wanted, into } = self;
        let (taps, width) = (shape.taps(), shape.columns.output);
        let mut laid = Laid::new(shape, groups, shape.batch);
        let mut gradients = LaidGradients::new(&laid.plan);
        let mut first = 0;
        while first < shape.batch {
            if shape.batch - first < laid.plan.images {
                laid = Laid::new(shape, groups, shape.batch - first);
                gradients = LaidGradients::new(&laid.plan);
            }
            for channel in 0..groups {
                if wanted.w {
                    laid.lay(x, first, channel);
                }
                let Laid { plan, input } = &laid;
                let LaidGradients { phases, front, output, input: input_gradient } = &mut gradients;
                input_gradient.fill(T::zero());
                for filter in 0..shape.filters {
                    let number = channel * shape.filters + filter;
                    for slot in 0..plan.images {
                        let dy = &dy[plan.part(first + slot, channel, shape.output_image())];
                        let dy = &dy[filter * shape.outputs()..][..shape.outputs()];
                        let rows = output[*front + slot * plan.phases.image_step..].chunks_mut(plan.phases.row_step);
                        for (dy, row) in dy.chunks_exact(width).zip(rows) {
                            copy(dy, &mut row[..width]);
                        }
                        if wanted.b {
                            into.b[number] += lowered::sum(dy);
                        }
                    }
                    if wanted.w {
                        let sums = &mut into.w[number * taps..][..taps];
                        sum_all::<T, V>(&plan.taps, &output[*front..*front + plan.length], input, sums);
                    }
                    if wanted.x {
                        for (phase, from) in phases.iter() {
                            let into = &mut input_gradient[*phase..phase + plan.phases.phase_step];
                            add_all::<T, V>(from, &w[number * taps..][..taps], output, into);
                        }
                    }
                }
                if wanted.x {
                    for slot in 0..plan.images {
                        let dx = &mut into.x[plan.part(first + slot, channel, shape.image())];
                        plan.phases.gather(input_gradient, slot, dx);
                    }
                }
            }
            first += laid.plan.images;
        }
    }
}

/// The outputs of `groups` channels. `shape` is that of one group, of one channel.
pub(super) fn forward<T: Element>(shape: &ConvShape, groups: usize, x: &[T], w: &[T], b: Option<&[T]>) -> Vec<T> {
    let mut y = vec![T::zero(); shape.batch * groups * shape.output_image()];
    T::vectors(Forward { shape, groups, x, w, b, y: &mut y });
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
    T::vectors(Backward { shape, groups, x, w, dy, wanted, into: &mut into });
    into
}
