//! The two mel scales.

/// Linear below this, logarithmic above (Slaney).
const BREAK_HZ: f64 = 1000.0;
const HZ_PER_MEL: f64 = 200.0 / 3.0;
const BREAK_MEL: f64 = BREAK_HZ / HZ_PER_MEL;

/// How hertz become mels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MelScale {
    /// Slaney's Auditory Toolbox (1998): 3/200 mel per Hz up to 1000 Hz, then 27 mels for every factor of 6.4.
    Slaney,
    /// HTK: `2595 log10(1 + f / 700)`.
    Htk,
}

impl MelScale {
    /// Mels of a frequency in Hz.
    pub fn mels(self, hertz: f64) -> f64 {
        match self {
            Self::Slaney if hertz < BREAK_HZ => hertz / HZ_PER_MEL,
            Self::Slaney => BREAK_MEL + (hertz / BREAK_HZ).ln() / log_step(),
            Self::Htk => 2595.0 * (1.0 + hertz / 700.0).log10(),
        }
    }

    /// The frequency in Hz of so many mels.
    pub fn hertz(self, mels: f64) -> f64 {
        match self {
            Self::Slaney if mels < BREAK_MEL => HZ_PER_MEL * mels,
            Self::Slaney => BREAK_HZ * (log_step() * (mels - BREAK_MEL)).exp(),
            Self::Htk => 700.0 * (10f64.powf(mels / 2595.0) - 1.0),
        }
    }
}

fn log_step() -> f64 {
    6.4f64.ln() / 27.0
}

#[cfg(test)]
mod tests {
    use super::MelScale;

    #[test]
    fn known_points() {
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-9 * b.abs().max(1.0), "{a} is not {b}");
        near(MelScale::Slaney.mels(1000.0), 15.0);
        near(MelScale::Slaney.mels(6400.0), 42.0);
        near(MelScale::Htk.mels(700.0), 2595.0 * 2f64.log10());
        for scale in [MelScale::Slaney, MelScale::Htk] {
            for hertz in [0.0, 60.0, 999.0, 1000.0, 1001.0, 11_025.0] {
                near(scale.hertz(scale.mels(hertz)), hertz);
            }
        }
    }
}
