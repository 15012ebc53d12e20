//! The vector of 57 features that is published beside the GTZAN clips: one row of its table.

use super::{
    Aggregate, ChromaFilters, FeatureError, Moments, SpectralShape, Tempogram, bank::Bank, estimate_tuning, mfcc,
    onset_strength, rms, tempo, zero_crossing_rate,
};
use crate::{
    decibel::{DbRef, power_to_db},
    hpss::{Part, Separation},
    mel::{MelFilters, MelSettings},
    spectrum::{Istft, PadMode, Stft, StftSettings},
};

/// The rate that clips must have, in Hz.
pub const SAMPLE_RATE: u32 = 22_050;

/// Coefficients of timbre.
const MFCCS: usize = 20;

const N_FFT: usize = 2048;
const HOP: usize = 512;
const MELS: usize = 128;

/// How much of the onset curve is correlated at a time, in seconds.
const TEMPO_SECONDS: usize = 8;

/// The longest clip described by one vector, in seconds: its spectra and what is made of them take 1.3 GiB of memory.
const MAX_SECONDS: u32 = 1800;

/// The names of the features, in the published order.
pub const COLUMNS: [&str; 57] = [
    "chroma_stft_mean",
    "chroma_stft_var",
    "rms_mean",
    "rms_var",
    "spectral_centroid_mean",
    "spectral_centroid_var",
    "spectral_bandwidth_mean",
    "spectral_bandwidth_var",
    "rolloff_mean",
    "rolloff_var",
    "zero_crossing_rate_mean",
    "zero_crossing_rate_var",
    "harmony_mean",
    "harmony_var",
    "perceptr_mean",
    "perceptr_var",
    "tempo",
    "mfcc1_mean",
    "mfcc1_var",
    "mfcc2_mean",
    "mfcc2_var",
    "mfcc3_mean",
    "mfcc3_var",
    "mfcc4_mean",
    "mfcc4_var",
    "mfcc5_mean",
    "mfcc5_var",
    "mfcc6_mean",
    "mfcc6_var",
    "mfcc7_mean",
    "mfcc7_var",
    "mfcc8_mean",
    "mfcc8_var",
    "mfcc9_mean",
    "mfcc9_var",
    "mfcc10_mean",
    "mfcc10_var",
    "mfcc11_mean",
    "mfcc11_var",
    "mfcc12_mean",
    "mfcc12_var",
    "mfcc13_mean",
    "mfcc13_var",
    "mfcc14_mean",
    "mfcc14_var",
    "mfcc15_mean",
    "mfcc15_var",
    "mfcc16_mean",
    "mfcc16_var",
    "mfcc17_mean",
    "mfcc17_var",
    "mfcc18_mean",
    "mfcc18_var",
    "mfcc19_mean",
    "mfcc19_var",
    "mfcc20_mean",
    "mfcc20_var",
];

/// The plan: made once, used for many clips. Give each thread its own (cloning is cheap).
#[derive(Clone, Debug)]
pub struct GtzanFeatures {
    framing: StftSettings,
    stft: Stft,
    istft: Istft,
    mel: Bank,
    tempogram: Tempogram,
    separation: Separation,
}

impl GtzanFeatures {
    /// Makes the plan. [`PadMode::Reflect`] gives the values of the published table (librosa before 0.10),
    /// [`PadMode::Zero`] those of librosa since.
    ///
    /// # Errors
    ///
    /// None that the fixed settings can cause.
    pub fn new(pad: PadMode) -> Result<Self, FeatureError> {
        let mel = MelSettings::librosa(SAMPLE_RATE, N_FFT, HOP, MELS, pad);
        let framing = mel.stft();
        Ok(Self {
            stft: Stft::new(framing.clone())?,
            istft: Istft::new(framing.clone())?,
            mel: Bank::new(MELS, &MelFilters::new(&mel)?.dense()),
            tempogram: Tempogram::new(TEMPO_SECONDS * SAMPLE_RATE as usize / HOP)?,
            separation: Separation::new(pad),
            framing,
        })
    }

    /// The features of a clip at 22050 Hz, in the order of [`COLUMNS`]: mean and population variance over all values of each
    /// track (chroma, all twelve rows together), and the tempo. Harmony and percussion (`perceptr`) are those of the samples
    /// of the two parts of the clip. A clip of one sample is long enough; silence has 0 nearly everywhere.
    ///
    /// # Errors
    ///
    /// [`StftError::NoSamples`](crate::spectrum::StftError::NoSamples) for an empty clip, [`FeatureError::TooLong`] for one
    /// of more than half an hour.
    pub fn of(&mut self, samples: &[f32]) -> Result<[f64; 57], FeatureError> {
        let seconds = samples.len() as f64 / f64::from(SAMPLE_RATE);
        if seconds > f64::from(MAX_SECONDS) {
            return Err(FeatureError::TooLong { seconds, limit: MAX_SECONDS });
        }
        let mut spectra = self.stft.spectra(samples)?;
        let mut power = spectra.power();
        let tuning = estimate_tuning(&power, SAMPLE_RATE);
        let chroma = ChromaFilters::new(SAMPLE_RATE, N_FFT, tuning).apply(&power);
        let mut mel = self.mel.apply(&power);
        power_to_db(&mut mel, DbRef::One, 1e-10, Some(80.0));
        let timbre = mfcc(&mel, MFCCS);
        power.data.iter_mut().for_each(|value| *value = value.sqrt());
        let shape = SpectralShape::of(&power, SAMPLE_RATE);
        drop(power);

        self.separation.keep(&mut spectra, Part::Harmonic)?;
        let harmonic = self.istft.samples(&spectra, samples.len())?;
        // The parts of a clip sum to it.
        let percussive: Vec<f32> = samples.iter().zip(&harmonic).map(|(sample, harmonic)| sample - harmonic).collect();

        let onsets = onset_strength(&mel, Aggregate::Median, N_FFT / (2 * HOP));
        let tracks = [
            Moments::of(&chroma.data),
            Moments::of(&rms(samples, &self.framing)?),
            Moments::of(&shape.centroid),
            Moments::of(&shape.bandwidth),
            Moments::of(&shape.rolloff),
            Moments::of(&zero_crossing_rate(samples, &self.framing)?),
            Moments::of(&harmonic),
            Moments::of(&percussive),
        ];
        let pairs = |moments: Moments| [moments.mean, moments.variance];
        let timbre = (0..MFCCS).map(|row| Moments::of(timbre.band(row)));
        let values = tracks.into_iter().flat_map(pairs).chain([self.tempo(&onsets)]).chain(timbre.flat_map(pairs));
        let mut row = [0.0; COLUMNS.len()];
        for (column, value) in row.iter_mut().zip(values) {
            *column = value;
        }
        Ok(row)
    }

    /// The tempo as the beat tracker has it: 0 where nothing starts.
    fn tempo(&mut self, onsets: &[f32]) -> f64 {
        if onsets.iter().all(|strength| *strength == 0.0) {
            return 0.0;
        }
        tempo(&self.tempogram.mean(onsets), f64::from(SAMPLE_RATE) / HOP as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spectrum::StftError;

    fn plan() -> GtzanFeatures {
        GtzanFeatures::new(PadMode::Reflect).expect("legal")
    }

    /// Clicks twice a second over a tone.
    fn clip(count: usize) -> Vec<f32> {
        let at = |i: usize| {
            let tone = (i as f32 * 0.0714).sin() * 0.2;
            if i % 11_025 < 200 { tone + 0.7 * ((i * i) as f32).sin() } else { tone }
        };
        (0..count).map(at).collect()
    }

    #[test]
    fn columns_have_names_of_their_own() {
        let names: std::collections::BTreeSet<_> = COLUMNS.iter().collect();
        assert_eq!(names.len(), 57);
        assert_eq!((COLUMNS[16], COLUMNS[17], COLUMNS[56]), ("tempo", "mfcc1_mean", "mfcc20_var"));
    }

    #[test]
    fn a_plan_forgets_the_last_clip() {
        let mut plan = plan();
        let first = plan.of(&clip(100_000)).expect("legal");
        assert!(first.iter().all(|value| value.is_finite()));
        assert!((first[16] - 120.0).abs() < 4.0, "tempo {}", first[16]);
        plan.of(&clip(7)).expect("legal");
        assert_eq!(plan.of(&clip(100_000)).expect("legal"), first);
        assert_eq!(plan.clone().of(&clip(100_000)).expect("legal"), first);
    }

    #[test]
    fn short_clips_have_features() {
        for count in [1, 2, 511, 512, 2047, 2048, 5000] {
            let row = plan().of(&clip(count)).expect("legal");
            assert!(row.iter().all(|value| value.is_finite()), "{count}: {row:?}");
        }
    }

    #[test]
    fn silence_is_zero_but_for_its_level() {
        let row = plan().of(&[0.0; 30_000]).expect("legal");
        for (name, value) in COLUMNS.iter().zip(row) {
            match *name {
                "mfcc1_mean" => assert!((value + 100.0 * 128f64.sqrt()).abs() < 1e-2, "{value}"),
                _ => assert!(value.abs() < 1e-3, "{name}: {value}"),
            }
        }
    }

    #[test]
    fn nothing_and_far_too_much_are_errors() {
        assert_eq!(plan().of(&[]), Err(FeatureError::Stft(StftError::NoSamples)));
        let long = vec![0.0; 1801 * SAMPLE_RATE as usize];
        assert!(matches!(plan().of(&long), Err(FeatureError::TooLong { .. })));
    }
}
