//! Plays drums: a falling sine, filtered noise, and both.

use super::draws::{Draws, Noise, Stream};
use super::numbers::{LowPass, halving, lookup, phase_step, sine};

/// What is struck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Drum {
    Kick,
    Snare,
    Hat,
}

/// One stroke.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hit {
    /// Seconds from the start of the clip.
    pub(super) start: f64,
    /// Amplitude, about 0 to 1.
    pub(super) level: f32,
    pub(super) drum: Drum,
}

/// The drums of one clip. Every clip draws its own, from the same ranges whatever its style.
pub(super) struct Kit {
    rate: f64,
    draws: Draws,
    kick_hertz: f64,
    kick_ring: f64,
    snare_hertz: f64,
    snare_ring: f64,
    snare_bright: f64,
    hat_ring: f64,
    hat_edge: f64,
}

impl Kit {
    pub(super) fn new(rate: f64, draws: Draws) -> Self {
        let between = |index, low, high| draws.between(Stream::Kit, index, low, high);
        Self {
            rate,
            draws,
            kick_hertz: between(0, 44.0, 66.0),
            kick_ring: between(1, 0.04, 0.12),
            snare_hertz: between(2, 150.0, 240.0),
            snare_ring: between(3, 0.02, 0.06),
            snare_bright: between(4, 2000.0, 6000.0),
            hat_ring: between(5, 0.01, 0.035),
            hat_edge: between(6, 4000.0, 7500.0),
        }
    }

    /// Adds a stroke to `out`. `number` gives each stroke noise of its own.
    pub(super) fn play(&self, hit: &Hit, number: u64, out: &mut [f32]) {
        let first = (hit.start * self.rate) as usize;
        let Some(out) = out.get_mut(first..) else { return };
        let noise = self.draws.noise(Stream::DrumNoise, number);
        match hit.drum {
            Drum::Kick => self.kick(hit.level, out),
            Drum::Snare => self.snare(hit.level, noise, out),
            Drum::Hat => self.hat(hit.level, noise, out),
        }
    }

    fn kick(&self, level: f32, out: &mut [f32]) {
        let base = phase_step(self.kick_hertz, self.rate);
        let mut fall = phase_step(self.kick_hertz * 3.0, self.rate) as f32;
        let settle = halving(0.012, self.rate);
        let (mut phase, table) = (0u32, sine());
        for (out, level) in out.iter_mut().zip(self.dying(level, self.kick_ring)) {
            *out += level * lookup(table, phase);
            phase = phase.wrapping_add(base + fall as u32);
            fall *= settle;
        }
    }

    fn snare(&self, level: f32, mut noise: Noise, out: &mut [f32]) {
        let step = phase_step(self.snare_hertz, self.rate);
        let mut top = LowPass::new(self.snare_bright, self.rate);
        let mut bottom = LowPass::new(500.0, self.rate);
        let (mut phase, table) = (0u32, sine());
        for (out, level) in out.iter_mut().zip(self.dying(level, self.snare_ring)) {
            let wires = top.next(noise.next());
            *out += level * (0.35 * lookup(table, phase) + 1.1 * (wires - bottom.next(wires)));
            phase = phase.wrapping_add(step);
        }
    }

    fn hat(&self, level: f32, mut noise: Noise, out: &mut [f32]) {
        let mut edge = LowPass::new(self.hat_edge, self.rate);
        for (out, level) in out.iter_mut().zip(self.dying(level, self.hat_ring)) {
            let wave = noise.next();
            *out += 0.7 * level * (wave - edge.next(wave));
        }
    }

    /// A level that halves every `ring` seconds, for ten halvings.
    fn dying(&self, level: f32, ring: f64) -> impl Iterator<Item = f32> + use<> {
        let keep = halving(ring, self.rate);
        let samples = (10.0 * ring * self.rate) as usize;
        std::iter::successors(Some(level), move |level| Some(level * keep)).take(samples)
    }
}
