//! Images laid out for windows that move: padded, and split by stride, so that what one tap of the kernel reads lies in a
//! row for neighbouring outputs.
//!
//! With stride s, tap k and output o meet input `o s + k - padding`. Input rows and columns are dealt out to s phases by
//! their remainder: tap k then reads phase `k % s` at place `o + k / s`. Of a kernel shorter than the stride only the phases
//! that it meets are kept.

use super::Element;
use super::window::Span;

/// Places after the last value, so that sixteen values may be read from any place of a window.
pub(super) const SLACK: usize = 16;

/// Where the values of some images of one size lie: `[channel][row phase][column phase][image][row][column]`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Phases {
    rows: Span,
    columns: Span,
    /// From a row to the next.
    pub(super) row_step: usize,
    /// From an image to the next.
    pub(super) image_step: usize,
    /// From a phase to the next, a multiple of [`SLACK`].
    pub(super) phase_step: usize,
    /// From a channel to the next.
    pub(super) channel_step: usize,
}

/// The places of a phase that hold input: from `first` to before `past`, beginning at `input` and moving by the stride.
#[derive(Debug, Clone, Copy)]
struct Filled {
    first: usize,
    past: usize,
    input: usize,
}

impl Filled {
    fn of(span: Span, phase: usize) -> Filled {
        let first = span.before.saturating_sub(phase).div_ceil(span.stride);
        let met = span.output + (span.kernel - 1 - phase) / span.stride;
        let past = (span.before + span.input).saturating_sub(phase).div_ceil(span.stride).min(met);
        Filled { first, past: past.max(first), input: (first * span.stride + phase).saturating_sub(span.before) }
    }
}

/// Places of a phase: one for each output, and one more for each stride that the kernel is longer.
fn places(span: Span) -> usize {
    span.output + (span.kernel - 1) / span.stride
}

/// Phases that a kernel meets.
fn met(span: Span) -> usize {
    span.kernel.min(span.stride)
}

impl Phases {
    /// The layout of `images` images.
    pub(super) fn new(rows: Span, columns: Span, images: usize) -> Phases {
        let row_step = places(columns);
        let image_step = places(rows) * row_step;
        let phase_step = (images * image_step).next_multiple_of(SLACK);
        Phases { rows, columns, row_step, image_step, phase_step, channel_step: met(rows) * met(columns) * phase_step }
    }

    /// Numbers that so many channels take, slack included.
    pub(super) fn len(&self, channels: usize) -> usize {
        channels * self.channel_step + SLACK
    }

    /// What a tap adds to where an output begins.
    pub(super) fn tap(&self, channel: usize, row: usize, column: usize) -> usize {
        let (down, across) = (row % self.rows.stride, column % self.columns.stride);
        let phase = (down * met(self.columns) + across) * self.phase_step;
        let place = row / self.rows.stride * self.row_step + column / self.columns.stride;
        channel * self.channel_step + phase + place
    }

    /// Calls `f(first place, first input, values)` for every row of every phase of one plane; between neighbours the input
    /// moves by the stride of columns.
    #[inline(always)]
    fn lines(&self, mut f: impl FnMut(usize, usize, usize)) {
        for down in 0..met(self.rows) {
            let high = Filled::of(self.rows, down);
            for across in 0..met(self.columns) {
                let wide = Filled::of(self.columns, across);
                if wide.first == wide.past {
                    continue;
                }
                let phase = (down * met(self.columns) + across) * self.phase_step;
                for row in high.first..high.past {
                    let input = high.input + (row - high.first) * self.rows.stride;
                    let place = phase + row * self.row_step + wide.first;
                    f(place, input * self.columns.input + wide.input, wide.past - wide.first);
                }
            }
        }
    }

    /// Copies the planes of image number `slot` into place. Padding is not written: it stays 0 where it was.
    #[inline(always)]
    pub(super) fn spread<T: Element>(&self, image: &[T], slot: usize, into: &mut [T]) {
        for (channel, plane) in image.chunks_exact(self.rows.input * self.columns.input).enumerate() {
            let into = &mut into[channel * self.channel_step + slot * self.image_step..];
            self.lines(|place, input, values| {
                pick(&plane[input..], self.columns.stride, &mut into[place..place + values]);
            });
        }
    }

    /// Copies values back to an image; those that no window meets are 0.
    #[inline(always)]
    pub(super) fn gather<T: Element>(&self, from: &[T], slot: usize, image: &mut [T]) {
        image.fill(T::zero());
        for (channel, plane) in image.chunks_exact_mut(self.rows.input * self.columns.input).enumerate() {
            let from = &from[channel * self.channel_step + slot * self.image_step..];
            self.lines(|place, input, values| {
                put(&from[place..place + values], self.columns.stride, &mut plane[input..]);
            });
        }
    }
}

/// Copies a line; a short one without a call.
#[inline(always)]
pub(super) fn copy<T: Copy>(from: &[T], into: &mut [T]) {
    if into.len() < 32 {
        into.iter_mut().zip(from).for_each(|(to, &v)| *to = v);
    } else {
        into.copy_from_slice(from);
    }
}

/// Fills `into` with every `stride`-th value.
#[inline(always)]
fn pick<T: Copy>(from: &[T], stride: usize, into: &mut [T]) {
    match stride {
        1 => copy(&from[..into.len()], into),
        // Written out, because the compiler then makes vectors of it.
        2 => {
            let (last, most) = into.split_last_mut().expect("a line has values");
            let pairs = from[..2 * most.len()].as_chunks::<2>().0;
            most.iter_mut().zip(pairs).for_each(|(to, pair)| *to = pair[0]);
            *last = from[2 * most.len()];
        }
        _ => into.iter_mut().zip(from.iter().step_by(stride)).for_each(|(to, &v)| *to = v),
    }
}

/// Puts values at every `stride`-th place.
#[inline(always)]
fn put<T: Copy>(from: &[T], stride: usize, into: &mut [T]) {
    match stride {
        1 => copy(from, &mut into[..from.len()]),
        _ => into.iter_mut().step_by(stride).zip(from).for_each(|(to, &v)| *to = v),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Axis, Padding, Window};
    use super::*;

    /// Every tap of every output is where it should be, and everything that a window meets comes back.
    #[test]
    fn taps_read_what_windows_cover() {
        let axis = |kernel, stride, padding| Axis { kernel, stride, padding };
        let cases = [
            ([12, 17], Window::square(3, 2, Padding::Both(1))),
            ([5, 6], Window::square(3, 1, Padding::Same)),
            ([7, 9], Window::square(1, 2, Padding::Both(0))),
            ([4, 11], Window { rows: axis(2, 3, Padding::Ends(0, 2)), columns: axis(5, 3, Padding::Both(4)) }),
            ([1, 40], Window { rows: axis(1, 1, Padding::Both(0)), columns: axis(12, 5, Padding::Both(3)) }),
            ([2, 2], Window { rows: axis(1, 1, Padding::Both(3)), columns: axis(2, 4, Padding::Both(6)) }),
            ([1, 1], Window { rows: axis(1, 1, Padding::Both(0)), columns: axis(90, 60, Padding::Ends(100, 0)) }),
        ];
        for ([height, width], window) in cases {
            let rows = window.rows.over(height, "test").expect("fits");
            let columns = window.columns.over(width, "test").expect("fits");
            let (images, channels, slot) = (2, 3, 1);
            let phases = Phases::new(rows, columns, images);
            let image: Vec<f64> = (1..=channels * height * width).map(|i| i as f64).collect();
            let mut laid = vec![0.0; phases.len(channels)];
            phases.spread(&image, slot, &mut laid);
            let mut met = vec![0.0; image.len()];
            for channel in 0..channels {
                for (oy, ky) in (0..rows.output).flat_map(|o| (0..rows.kernel).map(move |k| (o, k))) {
                    for (ox, kx) in (0..columns.output).flat_map(|o| (0..columns.kernel).map(move |k| (o, k))) {
                        let base = slot * phases.image_step + oy * phases.row_step + ox;
                        let got = laid[base + phases.tap(channel, ky, kx)];
                        let (y, x) = (oy * rows.stride + ky, ox * columns.stride + kx);
                        let inside = y >= rows.before && y < rows.before + height;
                        if inside && x >= columns.before && x < columns.before + width {
                            let at = (channel * height + y - rows.before) * width + x - columns.before;
                            assert_eq!(got, image[at], "{window:?}: {channel} {oy} {ky} {ox} {kx}");
                            met[at] = image[at];
                        } else {
                            assert_eq!(got, 0.0, "{window:?}: padding at {channel} {oy} {ky} {ox} {kx}");
                        }
                    }
                }
            }
            let mut back = vec![-1.0; image.len()];
            phases.gather(&laid, slot, &mut back);
            assert_eq!(back, met, "{window:?}");
        }
    }
}
