//! musicnn's vector of a sound (papers.md 5.2).

use std::path::Path;
use std::sync::Arc;

use candle_core::{Device, Tensor};
use gliss_audio::features::musicnn::{LogMel, MELS, PATCH_FRAMES, Rounding, SAMPLE_RATE, patches};
use gliss_audio::spectrum::PadMode;
use gliss_nets::{Mode, Network, Part};
use gliss_types::chain;
use gliss_types::recipe::MusicnnVector;

use super::super::skipped::Unusable;
use crate::cache::hash_file;
use crate::weights;

/// Raised whenever the same sound and weights come to give other values, so that cached ones are not taken.
const VERSION: u32 = 1;
/// Patches that the net is shown at a time: bounds memory.
const CHUNK: usize = 8;
/// Samples from one frame to the next.
const HOP: usize = 256;

const _: () = assert!(SAMPLE_RATE == MusicnnVector::RATE);

/// The net with its front end, those of musicnn's own program.
#[derive(Debug, Clone)]
pub(crate) struct Embedder {
    plan: LogMel,
    network: Arc<Network>,
    content: blake3::Hash,
}

impl Embedder {
    /// Samples that a sound must have: one patch.
    pub(crate) const LEAST: usize = (PATCH_FRAMES - 1) * HOP;

    /// # Errors
    /// The file cannot be read, or its weights are not musicnn's.
    pub(crate) fn new(path: &Path) -> Result<Embedder, Unusable> {
        let network = Network::musicnn_embedding(PATCH_FRAMES, &Device::Cpu).map_err(|error| unusable(&error))?;
        weights::load(path, &network, Part::Whole).map_err(|error| unusable(&error))?;
        let content = hash_file(path).map_err(|error| unusable(&error))?;
        Ok(Embedder { plan: LogMel::new(PadMode::Reflect)?, network: Arc::new(network), content })
    }

    /// What tells vectors of one sound apart.
    pub(super) fn identity(&self) -> String {
        format!("musicnn {VERSION}: weights {}", self.content.to_hex())
    }

    /// The 753 numbers of `samples` at 16,000 Hz: the largest of each feature over 3 s, averaged over the whole 3 s that are
    /// there.
    ///
    /// # Errors
    /// Less than 3 s.
    pub(crate) fn see(&mut self, samples: &[f32]) -> Result<Vec<f32>, Unusable> {
        let frames = self.plan.of(samples, Rounding::Throughout)?;
        let all: Vec<&[f32]> = patches(&frames, PATCH_FRAMES).collect();
        if all.is_empty() {
            return Err(Unusable::TooShort { samples: samples.len(), needed: Embedder::LEAST, rate: SAMPLE_RATE });
        }
        let mut sums = vec![0.0; MusicnnVector::SIZE];
        for chunk in all.chunks(CHUNK) {
            let rows = self.rows(chunk).map_err(|error| unusable(error.as_ref()))?;
            for row in rows {
                sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += f64::from(value));
            }
        }
        Ok(sums.into_iter().map(|sum| (sum / all.len() as f64) as f32).collect())
    }

    fn rows(&self, patches: &[&[f32]]) -> Result<Vec<Vec<f32>>, Box<dyn std::error::Error>> {
        let x = Tensor::from_vec(patches.concat(), (patches.len(), 1, PATCH_FRAMES, MELS), &Device::Cpu)?;
        Ok(self.network.forward(&[&x], Mode::Eval)?.to_vec2::<f32>()?)
    }
}

fn unusable(error: &(dyn std::error::Error + 'static)) -> Unusable {
    Unusable::Musicnn { reason: chain(error) }
}
