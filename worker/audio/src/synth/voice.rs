//! Plays notes: from a pitch, a length and an instrument to samples.

use super::draws::{Draws, Stream};
use super::numbers::{LowPass, PERIOD, Table, exp2, halving, hertz, lookup, phase_step, sine};
use super::timbre::{Envelope, Sound, Source, Timbre};

/// One note of one part.
#[derive(Clone, Copy, Debug)]
pub(super) struct Note {
    /// Seconds from the start of the clip.
    pub(super) start: f64,
    /// Seconds until the release.
    pub(super) length: f64,
    /// MIDI pitch, with cents as its fraction.
    pub(super) pitch: f64,
    /// Amplitude, about 0 to 1.
    pub(super) level: f32,
    pub(super) timbre: Timbre,
}

/// Harmonic counts for which waves are kept; a note takes the largest that stays below the Nyquist frequency.
const COUNTS: [u32; 8] = [1, 2, 3, 4, 6, 9, 14, 20];

/// The bright and the dark wave of an instrument, up to some harmonic.
struct Waves {
    timbre: Timbre,
    count: u32,
    bright: Box<Table>,
    dark: Box<Table>,
}

/// Plays notes at one sample rate, keeping the waves it has built.
pub(super) struct Player {
    rate: f64,
    draws: Draws,
    waves: Vec<Waves>,
}

impl Player {
    pub(super) fn new(rate: f64, draws: Draws) -> Self {
        Self { rate, draws, waves: Vec::new() }
    }

    /// Adds a note to `out`. `number` tells notes apart where a note needs noise of its own.
    pub(super) fn play(&mut self, note: &Note, number: u64, out: &mut [f32]) {
        let first = (note.start * self.rate) as usize;
        let Some(out) = out.get_mut(first..) else { return };
        let sound = note.timbre.sound();
        let frequency = hertz(note.pitch);
        let level = Level::new(&sound, note, self.rate);
        match sound.source {
            Source::Harmonics { law, darken, mellow, doubled } => {
                let room = (0.45 * self.rate / frequency) as u32;
                let count = COUNTS.iter().copied().filter(|count| *count <= room).max().unwrap_or(1);
                let fade = halving(mellow, self.rate);
                let step = phase_step(frequency, self.rate);
                let beside = doubled.then(|| phase_step(frequency * exp2(9.0 / 1200.0), self.rate));
                let waves = self.waves(note.timbre, count, law, darken);
                play_waves(waves, step, beside, fade, level, out);
            }
            Source::Modulated { ratio, depth, mellow } => {
                let steps = (phase_step(frequency, self.rate), phase_step(frequency * ratio, self.rate));
                play_modulated(steps, depth, halving(mellow, self.rate), level, out);
            }
            Source::String { brightness, ring } => {
                let noise = self.draws.noise(Stream::String, number);
                let burst = LowPass::new(brightness, self.rate);
                play_string(frequency, ring, self.rate, (noise, burst), level, out);
            }
        }
    }

    fn waves(&mut self, timbre: Timbre, count: u32, law: fn(u32) -> f64, darken: f64) -> &Waves {
        let known = self.waves.iter().position(|waves| waves.timbre == timbre && waves.count == count);
        let place = known.unwrap_or_else(|| {
            let (bright, dark) = (wave(count, law, 1.0), wave(count, law, darken));
            self.waves.push(Waves { timbre, count, bright, dark });
            self.waves.len() - 1
        });
        &self.waves[place]
    }
}

/// The sum of `count` harmonics, scaled to a root mean square of one half.
fn wave(count: u32, law: fn(u32) -> f64, darken: f64) -> Box<Table> {
    let sine = sine();
    let mut sum = vec![0.0f64; PERIOD];
    let (mut share, mut power) = (1.0, 0.0);
    for harmonic in 1..=count {
        let amplitude = law(harmonic) * share;
        share *= darken;
        power += amplitude * amplitude / 2.0;
        for (place, value) in sum.iter_mut().enumerate() {
            *value += amplitude * f64::from(sine[place * harmonic as usize % PERIOD]);
        }
    }
    let scale = 0.5 / power.sqrt();
    let mut table = Box::new([0.0; PERIOD + 1]);
    for (place, value) in table.iter_mut().enumerate() {
        *value = (sum[place % PERIOD] * scale) as f32;
    }
    table
}

/// The loudness of one note, sample by sample; ends when the note has died away.
struct Level {
    now: f32,
    rise: f32,
    rising: bool,
    sustain: f32,
    decay: f32,
    release: f32,
    held: usize,
    gain: f32,
}

impl Level {
    fn new(sound: &Sound, note: &Note, rate: f64) -> Self {
        let Envelope { attack, decay, sustain, release } = sound.envelope;
        Self {
            now: 0.0,
            rise: (1.0 / (attack * rate).max(1.0)) as f32,
            rising: true,
            sustain: sustain as f32,
            decay: halving(decay, rate),
            release: halving(release, rate),
            held: (note.length * rate) as usize,
            gain: note.level * sound.level,
        }
    }
}

impl Iterator for Level {
    type Item = f32;

    #[inline]
    fn next(&mut self) -> Option<f32> {
        if self.held == 0 {
            self.now *= self.release;
            if self.now < 0.003 {
                return None;
            }
        } else {
            self.held -= 1;
            if self.rising {
                self.now += self.rise;
                self.rising = self.now < 1.0;
            } else {
                self.now = self.sustain + (self.now - self.sustain) * self.decay;
            }
        }
        Some(self.now * self.gain)
    }
}

fn play_waves(waves: &Waves, step: u32, beside: Option<u32>, fade: f32, level: Level, out: &mut [f32]) {
    let (mut phase, mut second, mut bright) = (0u32, 1u32 << 30, 1.0f32);
    for (out, level) in out.iter_mut().zip(level) {
        let both = |phase| {
            let dark = lookup(&waves.dark, phase);
            dark + (lookup(&waves.bright, phase) - dark) * bright
        };
        let mut sum = both(phase);
        phase = phase.wrapping_add(step);
        if let Some(step) = beside {
            sum += both(second);
            second = second.wrapping_add(step);
        }
        bright *= fade;
        *out += sum * level;
    }
}

fn play_modulated((step, moving): (u32, u32), depth: f64, fade: f32, level: Level, out: &mut [f32]) {
    let sine = sine();
    let (mut phase, mut mover, mut depth) = (0u32, 0u32, (depth * 4_294_967_296.0) as f32);
    for (out, level) in out.iter_mut().zip(level) {
        let shift = (depth * lookup(sine, mover)) as i64 as u32;
        *out += 0.7 * lookup(sine, phase.wrapping_add(shift)) * level;
        phase = phase.wrapping_add(step);
        mover = mover.wrapping_add(moving);
        depth *= fade;
    }
}

fn play_string(
    frequency: f64,
    ring: f64,
    rate: f64,
    (mut noise, mut burst): (super::draws::Noise, LowPass),
    level: Level,
    out: &mut [f32],
) {
    // The loop is a delay line, a two-point mean (half a sample late) and an all-pass for the rest of the period.
    let period = (rate / frequency).max(3.0);
    let whole = ((period - 0.6) as usize).max(2);
    let rest = period - 0.5 - whole as f64;
    let all_pass = ((1.0 - rest) / (1.0 + rest)) as f32;
    let keep = halving(ring * (261.6 / frequency).max(0.25), rate / period);

    let mut line: Vec<f32> = (0..whole).map(|_| burst.next(noise.next())).collect();
    let mean = line.iter().sum::<f32>() / whole as f32;
    let power = line.iter().map(|x| (x - mean) * (x - mean)).sum::<f32>() / whole as f32;
    let scale = 0.4 / power.sqrt().max(1e-3);
    line.iter_mut().for_each(|x| *x = (*x - mean) * scale);

    let (mut place, mut before, mut input, mut output) = (0, 0.0f32, 0.0f32, 0.0f32);
    for (out, level) in out.iter_mut().zip(level) {
        let Some(cell) = line.get_mut(place) else { return };
        let now = *cell;
        let damped = keep * 0.5 * (now + before);
        output = all_pass * (damped - output) + input;
        input = damped;
        *cell = output;
        before = now;
        place = if place + 1 == whole { 0 } else { place + 1 };
        *out += now * level;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::Style;

    const ALL: [Timbre; 11] = [
        Timbre::Brass,
        Timbre::Reed,
        Timbre::Flute,
        Timbre::Organ,
        Timbre::Pad,
        Timbre::Keys,
        Timbre::Bell,
        Timbre::Nylon,
        Timbre::Steel,
        Timbre::Saw,
        Timbre::Square,
    ];

    fn play(timbre: Timbre, pitch: f64, rate: f64) -> Vec<f32> {
        let mut out = vec![0.0; rate as usize];
        let note = Note { start: 0.0, length: 0.45, pitch, level: 1.0, timbre };
        Player::new(rate, Draws::new(1, Style::March, 0)).play(&note, 0, &mut out);
        out
    }

    /// The lag with the largest autocorrelation, refined by a parabola, in samples.
    fn period(samples: &[f32], near: f64) -> f64 {
        let at = |lag: usize| -> f64 {
            samples.windows(lag + 1).map(|pair| f64::from(pair[0]) * f64::from(pair[lag])).sum::<f64>()
                / (samples.len() - lag) as f64
        };
        let range = (near * 0.8) as usize..=(near * 1.2) as usize + 1;
        let best = range.max_by(|a, b| at(*a).total_cmp(&at(*b))).expect("not empty");
        let (left, middle, right) = (at(best - 1), at(best), at(best + 1));
        best as f64 + 0.5 * (left - right) / (left - 2.0 * middle + right)
    }

    #[test]
    fn every_instrument_is_in_tune_at_every_rate() {
        for timbre in ALL {
            for (pitch, rate) in [(45.0, 22_050.0), (60.0, 8_000.0), (67.0, 48_000.0)] {
                let samples = play(timbre, pitch, rate);
                // A sine modulated at 3.5 times its frequency repeats every second period.
                let periods = if timbre == Timbre::Bell { 2.0 } else { 1.0 };
                let exact = periods * rate / hertz(pitch);
                let from = (rate * 0.1) as usize;
                let heard = period(&samples[from..from + (rate * 0.3) as usize], exact);
                // A doubled oscillator lies 4.5 cents high on average.
                assert!((heard / exact - 1.0).abs() < 0.005, "{timbre:?} at {pitch}: {heard} for {exact}");
            }
        }
    }

    #[test]
    fn every_instrument_is_heard_and_ends() {
        for timbre in ALL {
            let samples = play(timbre, 64.0, 22_050.0);
            let power: f32 = samples[..8000].iter().map(|x| x * x).sum::<f32>() / 8000.0;
            assert!((0.05..0.9).contains(&power.sqrt()), "{timbre:?} has level {}", power.sqrt());
            assert!(samples.iter().all(|x| x.abs() < 3.0), "{timbre:?} is too loud");
        }
        let flute = play(Timbre::Flute, 64.0, 22_050.0);
        assert_eq!(flute.last(), Some(&0.0), "a released note dies away");
    }
}
