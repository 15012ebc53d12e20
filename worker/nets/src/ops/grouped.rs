//! Convolution in groups: one after the other, each as a convolution of its own, or, where each channel is a group,
//! directly.

use super::conv_shape::{ConvShape, Finish, Gradient, Gradients, Planes, Wanted};
use super::conv2d::{self, ConvMethod};
use super::{Element, depthwise};

/// One group of many.
#[derive(Debug, Clone, Copy)]
struct Group<'a> {
    /// Of one group.
    shape: &'a ConvShape,
    groups: usize,
    number: usize,
}

impl Group<'_> {
    /// The group's part of image `number`, of `size` values a group.
    fn part(&self, image: usize, size: usize) -> std::ops::Range<usize> {
        let from = (image * self.groups + self.number) * size;
        from..from + size
    }

    /// Its channels of all images.
    fn input<T: Element>(&self, x: &[T]) -> Vec<T> {
        let size = self.shape.image();
        (0..self.shape.batch).flat_map(|image| &x[self.part(image, size)]).copied().collect()
    }
}

/// The number `number` of equal parts.
fn nth<T>(values: &[T], number: usize, size: usize) -> &[T] {
    &values[number * size..][..size]
}

/// Puts the output images of one group where they belong among those of all.
struct Place<'a, T> {
    group: Group<'a>,
    into: &'a mut [T],
}

impl<T: Element> Finish<T> for Place<'_, T> {
    #[inline(always)]
    fn image(&mut self, number: usize, values: &[T], planes: Planes) {
        let shape = self.group.shape;
        let image = &mut self.into[self.group.part(number, shape.output_image())];
        let (rows, columns) = (shape.rows.output, shape.columns.output);
        for (row, into) in image.chunks_exact_mut(columns).enumerate() {
            let at = planes.origin + row / rows * planes.plane_step + row % rows * planes.row_step;
            into.copy_from_slice(&values[at..at + columns]);
        }
    }
}

/// Finds the gradients of one group among those of all.
struct Find<'a, T> {
    group: Group<'a>,
    from: &'a [T],
}

impl<T: Element> Gradient<T> for Find<'_, T> {
    #[inline(always)]
    fn image(&mut self, number: usize, into: &mut [T], planes: Planes) {
        let shape = self.group.shape;
        let image = &self.from[self.group.part(number, shape.output_image())];
        let (rows, columns) = (shape.rows.output, shape.columns.output);
        for (row, from) in image.chunks_exact(columns).enumerate() {
            let at = planes.origin + row / rows * planes.plane_step + row % rows * planes.row_step;
            into[at..at + columns].copy_from_slice(from);
        }
    }
}

/// The outputs. `shape` is that of one group.
pub(super) fn forward<T: Element>(
    shape: &ConvShape,
    groups: usize,
    method: ConvMethod,
    (x, w, b): (&[T], &[T], Option<&[T]>),
) -> Vec<T> {
    if shape.channels == 1 {
        return depthwise::forward(shape, groups, x, w, b);
    }
    let mut out = vec![T::zero(); shape.batch * groups * shape.output_image()];
    for number in 0..groups {
        let group = Group { shape, groups, number };
        let w = nth(w, number, shape.filters * shape.taps());
        let b = b.map(|b| nth(b, number, shape.filters));
        conv2d::forward(shape, method, (&group.input(x), w, b), Place { group, into: &mut out });
    }
    out
}

/// The gradients that somebody wants. `shape` is that of one group.
pub(super) fn backward<T: Element>(
    shape: &ConvShape,
    groups: usize,
    method: ConvMethod,
    (x, w): (&[T], &[T]),
    wanted: Wanted,
    dy: &[T],
) -> Gradients<T> {
    if shape.channels == 1 {
        return depthwise::backward(shape, groups, (x, w), wanted, dy);
    }
    let mut all = Gradients { x: vec![T::zero(); if wanted.x { x.len() } else { 0 }], w: Vec::new(), b: Vec::new() };
    for number in 0..groups {
        let group = Group { shape, groups, number };
        let w = nth(w, number, shape.filters * shape.taps());
        let find = Find { group, from: dy };
        let one = conv2d::backward(shape, method, (&group.input(x), w), wanted, find);
        for (image, dx) in one.x.chunks_exact(shape.image()).enumerate() {
            all.x[group.part(image, shape.image())].copy_from_slice(dx);
        }
        all.w.extend(one.w);
        all.b.extend(one.b);
    }
    all
}
