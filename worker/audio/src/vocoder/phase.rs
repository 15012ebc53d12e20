//! Spectra at another pace.
//!
//! librosa adds up the angles by which each bin turns from frame to frame. Modulo a whole turn its expected advance and
//! its wrapping cancel, and what is left is a product of numbers of magnitude one: `X[c + 1] conj(X[c]) / |X[c + 1] X[c]|`
//! at each step, whose place is in frame `c`. Products need no arc tangent, sine or cosine, have the same bits on every
//! machine, and keep more digits than angles that grow.

use crate::{
    lanes::{Kernel, LANES, Machine, Vector},
    spectrum::Cell,
};

/// One frame, all bins of it: magnitudes, and phases as numbers of magnitude one.
#[derive(Clone, Debug)]
pub(super) struct Polar {
    magnitude: Vec<f32>,
    re: Vec<f32>,
    im: Vec<f32>,
}

impl Polar {
    /// Silence, which has phase zero.
    pub(super) fn silent(bins: usize) -> Self {
        Self { magnitude: vec![0.0; bins], re: vec![1.0; bins], im: vec![0.0; bins] }
    }

    /// Becomes silence.
    pub(super) fn silence(&mut self) {
        self.magnitude.fill(0.0);
        self.re.fill(1.0);
        self.im.fill(0.0);
    }
}

/// Takes the frames of all lanes apart into polar ones of as many bins. What is too small to have its square is silence.
pub(super) struct Take<'a> {
    pub(super) cells: &'a [Cell],
    pub(super) frames: &'a mut [Polar; LANES],
}

impl Kernel for Take<'_> {
    #[inline(always)]
    fn run<V: Vector>(self) {
        let Self { cells, frames } = self;
        for (block, cells) in cells.chunks(LANES).enumerate() {
            let start = block * LANES;
            let (mut re, mut im) = ([V::splat(0.0); LANES], [V::splat(0.0); LANES]);
            for (cell, (re, im)) in cells.iter().zip(re.iter_mut().zip(&mut im)) {
                (*re, *im) = (V::load(&cell.re.0), V::load(&cell.im.0));
            }
            let (re, im) = (V::transpose(re), V::transpose(im));
            let end = start + cells.len();
            for (frame, (re, im)) in frames.iter_mut().zip(re.into_iter().zip(im)) {
                let square = re * re + im * im;
                let root = square.sqrt();
                let scale = V::splat(1.0) / root;
                let (least, none, one) = (V::splat(f32::MIN_POSITIVE), V::splat(0.0), V::splat(1.0));
                square.below(least, none, root).store_front(&mut frame.magnitude[start..end]);
                square.below(least, one, re * scale).store_front(&mut frame.re[start..end]);
                square.below(least, none, im * scale).store_front(&mut frame.im[start..end]);
            }
        }
    }
}

/// The phases of the frames that are made, and these: [`LANES`] frames, all bins of the first, then of the next.
#[derive(Clone, Debug)]
pub(super) struct Made {
    machine: Machine,
    bins: usize,
    phase: Polar,
    re: Vec<f32>,
    im: Vec<f32>,
}

impl Made {
    pub(super) fn new(bins: usize, machine: Machine) -> Self {
        let values = vec![0.0; bins * LANES];
        Self { machine, bins, phase: Polar::silent(bins), re: values.clone(), im: values }
    }

    /// Begins with the phases of `frame`.
    pub(super) fn begin(&mut self, frame: &Polar) {
        self.phase.clone_from(frame);
    }

    /// Makes the frame of one lane, at `share` of the way from `here` to `next`, and turns on by as much as lies between
    /// these.
    pub(super) fn step(&mut self, lane: usize, here: &Polar, next: &Polar, share: f32) {
        let values = lane * self.bins..(lane + 1) * self.bins;
        let Self { phase, re, im, .. } = self;
        let made = (&mut re[values.clone()], &mut im[values]);
        self.machine.run(Step { phase, here, next, share, made });
    }

    /// Makes nothing of one lane.
    pub(super) fn clear(&mut self, lane: usize) {
        let values = lane * self.bins..(lane + 1) * self.bins;
        self.re[values.clone()].fill(0.0);
        self.im[values].fill(0.0);
    }

    /// Writes the frames of all lanes, a cell for each bin.
    pub(super) fn give(&self, cells: &mut [Cell]) {
        self.machine.run(Give { made: self, cells });
    }
}

struct Step<'a> {
    phase: &'a mut Polar,
    here: &'a Polar,
    next: &'a Polar,
    share: f32,
    made: (&'a mut [f32], &'a mut [f32]),
}

impl Kernel for Step<'_> {
    #[inline(always)]
    fn run<V: Vector>(self) {
        let Self { phase, here, next, share, made } = self;
        let count = made.0.len();
        let (re, im) = (&mut phase.re[..count], &mut phase.im[..count]);
        let (here_re, here_im) = (&here.re[..count], &here.im[..count]);
        let (next_re, next_im) = (&next.re[..count], &next.im[..count]);
        let (low, high) = (&here.magnitude[..count], &next.magnitude[..count]);
        let (made_re, made_im) = (made.0, &mut made.1[..count]);
        for bin in 0..count {
            let magnitude = (1.0 - share) * low[bin] + share * high[bin];
            let (a, b) = (re[bin], im[bin]);
            made_re[bin] = magnitude * a;
            made_im[bin] = magnitude * b;
            // From here to the next: the next times the conjugate of this.
            let c = next_re[bin] * here_re[bin] + next_im[bin] * here_im[bin];
            let d = next_im[bin] * here_re[bin] - next_re[bin] * here_im[bin];
            let (re_on, im_on) = (a * c - b * d, a * d + b * c);
            // One step of Newton's takes off what rounding added to a magnitude of one.
            let scale = 1.5 - 0.5 * (re_on * re_on + im_on * im_on);
            re[bin] = re_on * scale;
            im[bin] = im_on * scale;
        }
    }
}

struct Give<'a> {
    made: &'a Made,
    cells: &'a mut [Cell],
}

impl Kernel for Give<'_> {
    #[inline(always)]
    fn run<V: Vector>(self) {
        let Made { bins, re, im, .. } = self.made;
        for (block, cells) in self.cells.chunks_mut(LANES).enumerate() {
            let mut squares = [[V::splat(0.0); LANES]; 2];
            for (square, values) in squares.iter_mut().zip([re, im]) {
                for (vector, row) in square.iter_mut().zip(values.chunks_exact(*bins)) {
                    let row = &row[block * LANES..];
                    let mut front = [0.0; LANES];
                    match row.first_chunk() {
                        Some(whole) => front = *whole,
                        None => front[..row.len()].copy_from_slice(row),
                    }
                    *vector = V::load(&front);
                }
            }
            let (re, im) = (V::transpose(squares[0]), V::transpose(squares[1]));
            for (cell, (re, im)) in cells.iter_mut().zip(re.into_iter().zip(im)) {
                re.store(&mut cell.re.0);
                im.store(&mut cell.im.0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spectrum::Spectra;
    use std::f64::consts::TAU;

    /// The definition, with angles, in double precision.
    fn by_angles(spectra: &Spectra, rate: f64, steps: usize) -> Vec<(f64, f64)> {
        let Spectra { bins, frames, ref re, ref im } = *spectra;
        let value = |bin: usize, frame: usize| {
            let at = bin * frames + frame;
            if frame < frames { (f64::from(re[at]), f64::from(im[at])) } else { (0.0, 0.0) }
        };
        let angle = |(re, im): (f64, f64)| im.atan2(re);
        let mut result = Vec::new();
        for bin in 0..bins {
            let advance = TAU * bin as f64 * 512.0 / 2048.0;
            let mut sum = angle(value(bin, 0));
            for step in 0..steps {
                let place = step as f64 * rate;
                let (here, next) = (value(bin, place as usize), value(bin, place as usize + 1));
                let magnitude = (1.0 - place.fract()) * here.0.hypot(here.1) + place.fract() * next.0.hypot(next.1);
                result.push((magnitude * sum.cos(), magnitude * sum.sin()));
                let turn = angle(next) - angle(here) - advance;
                sum += advance + turn - TAU * (turn / TAU).round();
            }
        }
        result
    }

    #[test]
    fn products_are_sums_of_angles() {
        for (bins, frames, rate) in
            [(1, 1, 0.25), (3, 2, 4.0), (16, 15, 1.0), (17, 16, 0.93), (33, 40, 1.07), (5, 70, 0.5), (20, 33, 3.1)]
        {
            let mut spectra = Spectra::zeros(bins, frames);
            for at in 0..bins * frames {
                // Silence in places, and all of the last bin but one.
                if at % 7 != 3 && at / frames + 2 != bins {
                    spectra.re[at] = (at as f32 * 12.9898).sin() * 3.0;
                    spectra.im[at] = (at as f32 * 78.233).sin() * 3.0;
                }
            }
            let steps = (frames as f64 / rate).ceil() as usize;
            let machine = Machine::here();
            let frame = |index: usize| {
                let mut polars = std::array::from_fn(|_| Polar::silent(bins));
                if index < frames {
                    let mut cells = vec![Cell::default(); bins];
                    for (bin, cell) in cells.iter_mut().enumerate() {
                        cell.re.0[index % LANES] = spectra.re[bin * frames + index];
                        cell.im.0[index % LANES] = spectra.im[bin * frames + index];
                    }
                    machine.run(Take { cells: &cells, frames: &mut polars });
                }
                polars[index % LANES].clone()
            };
            let mut made = Made::new(bins, machine);
            made.begin(&frame(0));
            let mut seen = Spectra::zeros(bins, steps);
            let mut cells = vec![Cell::default(); bins];
            for step in 0..steps {
                let place = step as f64 * rate;
                made.step(step % LANES, &frame(place as usize), &frame(place as usize + 1), place.fract() as f32);
                made.give(&mut cells);
                for (bin, cell) in cells.iter().enumerate() {
                    seen.re[bin * steps + step] = cell.re.0[step % LANES];
                    seen.im[bin * steps + step] = cell.im.0[step % LANES];
                }
            }
            for (at, (re, im)) in by_angles(&spectra, rate, steps).into_iter().enumerate() {
                let distance = (f64::from(seen.re[at]) - re).hypot(f64::from(seen.im[at]) - im);
                assert!(distance < 2e-5, "{bins} x {frames} at {rate}, {at}: off by {distance}");
            }
        }
    }
}
