//! Sine and exponential from sums and products alone, so that every machine computes the same bits.
//!
//! IEEE 754 fixes the results of `+ - * /` and square roots but not those of the platform's sine and exponential;
//! nothing in the synthesiser may call the latter.

use std::f64::consts::{LN_2, PI};
use std::sync::OnceLock;

/// Points in one period of a wave table.
pub(super) const PERIOD: usize = 2048;
/// One period and its first point again, so that a reader need not wrap between the last two.
pub(super) type Table = [f32; PERIOD + 1];

/// Bits of a 32-bit phase below the table index.
const FRACTION: u32 = 32 - PERIOD.trailing_zeros();

/// A frequency as the step of a 32-bit phase, one turn being 2^32.
pub(super) fn phase_step(hertz: f64, rate: f64) -> u32 {
    (hertz / rate * 4_294_967_296.0) as u32
}

/// The table at a phase, interpolated linearly.
#[inline]
pub(super) fn lookup(table: &Table, phase: u32) -> f32 {
    let place = (phase >> FRACTION) as usize;
    let part = (phase & ((1 << FRACTION) - 1)) as f32 / (1u32 << FRACTION) as f32;
    let (here, next) = (table[place], table[place + 1]);
    here + (next - here) * part
}

/// One period of a sine.
pub(super) fn sine() -> &'static Table {
    static SINE: OnceLock<Box<Table>> = OnceLock::new();
    SINE.get_or_init(|| {
        let quarter = PERIOD / 4;
        let mut table = Box::new([0.0; PERIOD + 1]);
        for (place, value) in table.iter_mut().enumerate() {
            let (turn, within) = (place / quarter % 4, place % quarter);
            let rising = if turn % 2 == 0 { within } else { quarter - within };
            let height = quarter_sine(rising as f64 / quarter as f64 * (PI / 2.0));
            *value = if turn < 2 { height } else { -height } as f32;
        }
        table
    })
}

/// sin x for x in [0, pi/2] by its Taylor series to x^17; the error is below 1e-12.
fn quarter_sine(x: f64) -> f64 {
    let square = x * x;
    let mut sum = 0.0;
    for n in (0..9).rev().map(|half: u32| 2 * half + 1) {
        sum = 1.0 - square / f64::from((n + 1) * (n + 2)) * sum;
    }
    x * sum
}

/// 2^x for |x| below 1000, by halving to |x| <= 1/2 and the Taylor series there; relative error below 1e-12.
pub(super) fn exp2(x: f64) -> f64 {
    let whole = x.round();
    let part = (x - whole) * LN_2;
    let mut sum = 1.0;
    for n in (1..=13).rev() {
        sum = 1.0 + part / f64::from(n) * sum;
    }
    let mut scale = 1.0;
    let factor = if whole < 0.0 { 0.5 } else { 2.0 };
    for _ in 0..(whole.abs() as u32).min(1000) {
        scale *= factor;
    }
    sum * scale
}

/// The amplitude of a level in decibels.
pub(super) fn decibels(level: f64) -> f64 {
    // log2(10) / 20
    exp2(level * 0.166_096_404_744_368_1)
}

/// The frequency of a MIDI pitch in hertz; 69 is 440 Hz.
pub(super) fn hertz(pitch: f64) -> f64 {
    440.0 * exp2((pitch - 69.0) / 12.0)
}

/// The factor per sample of a decay that halves in `seconds`.
pub(super) fn halving(seconds: f64, rate: f64) -> f32 {
    exp2(-1.0 / (seconds * rate).max(1.0)) as f32
}

/// A one-pole low pass.
#[derive(Clone, Copy, Debug)]
pub(super) struct LowPass {
    share: f32,
    level: f32,
}

impl LowPass {
    /// With its -3 dB point at `hertz`, by matching the impulse response.
    pub(super) fn new(hertz: f64, rate: f64) -> Self {
        // log2(e) * 2 pi
        let share = 1.0 - exp2(-9.064_720_283_654_388 * (hertz / rate).min(0.5));
        Self { share: share as f32, level: 0.0 }
    }

    #[inline]
    pub(super) fn next(&mut self, input: f32) -> f32 {
        self.level += self.share * (input - self.level);
        self.level
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sine_and_exponential_match_the_platform() {
        for (place, value) in sine().iter().enumerate() {
            let exact = (place as f64 / PERIOD as f64 * 2.0 * PI).sin();
            assert!((f64::from(*value) - exact).abs() < 1e-7, "at {place}: {value} against {exact}");
        }
        for step in -400..400 {
            let x = f64::from(step) * 0.0731;
            assert!((exp2(x) / x.exp2() - 1.0).abs() < 1e-12, "2^{x}");
        }
        assert!((decibels(-6.0) - 10f64.powf(-0.3)).abs() < 1e-12);
        assert!((hertz(60.0) - 261.625_565_300_598_6).abs() < 1e-9);
    }

    #[test]
    fn low_pass_passes_a_constant_and_stops_an_alternation() {
        let mut filter = LowPass::new(100.0, 8000.0);
        let constant = (0..2000).map(|_| filter.next(1.0)).last().expect("not empty");
        assert!((constant - 1.0).abs() < 1e-3);
        let mut filter = LowPass::new(100.0, 8000.0);
        let left = (0..2000).map(|n| filter.next(if n % 2 == 0 { 1.0 } else { -1.0 })).last().expect("not empty");
        assert!(left.abs() < 0.05);
    }
}
