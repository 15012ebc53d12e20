//! The 57 numbers of the first document, computed from a clip.

use gliss_audio::features::gtzan::{GtzanFeatures, SAMPLE_RATE};
use gliss_audio::spectrum::PadMode;
use gliss_types::recipe::STATISTICS_RATE;

use super::super::skipped::Unusable;

/// Raised whenever the same sound comes to give other values, so that cached ones are not taken.
const VERSION: u32 = 2;

const _: () = assert!(SAMPLE_RATE == STATISTICS_RATE);

/// The plan of the numbers.
#[derive(Debug, Clone)]
pub(super) struct Numbers {
    plan: GtzanFeatures,
}

impl Numbers {
    /// Samples that a clip must have: one frame.
    pub(super) const LEAST: usize = 2048;

    pub(super) fn new() -> Result<Self, Unusable> {
        // The published table was made when librosa mirrored clips at their ends.
        Ok(Numbers { plan: GtzanFeatures::new(PadMode::Reflect)? })
    }

    pub(super) fn identity() -> String {
        format!("statistics {VERSION}")
    }

    /// The numbers of `samples`, in the published order.
    pub(super) fn see(&mut self, samples: &[f32]) -> Result<Vec<f32>, Unusable> {
        Ok(self.plan.of(samples)?.into_iter().map(|value| value as f32).collect())
    }
}
