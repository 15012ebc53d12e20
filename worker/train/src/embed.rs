//! musicnn's embeddings of every clip of a data set (papers.md 5.2), as the files that `features.kind: embedding` reads.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};
use gliss_audio::features::musicnn::{LogMel, MELS, PATCH_FRAMES, Rounding, SAMPLE_RATE, patches};
use gliss_audio::spectrum::PadMode;
use gliss_nets::{Mode, NetError, Network, Part};
use gliss_types::recipe::Data;

use crate::Control;
use crate::atomic::{self, Durable};
use crate::data::{Clips, DataError, ListedClip, Warning, list_clips, npy};
use crate::features::{Skipped, Unusable, hear};
use crate::in_parallel::in_parallel;
use crate::weights::{self, WeightsError};

/// Patches that the net is shown at a time: bounds memory.
const CHUNK: usize = 8;

/// Why a data set has no embeddings. The text fits "failed to ...".
#[derive(Debug, thiserror::Error)]
pub enum EmbedError {
    /// The data cannot be listed, or a stop.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The weights are not musicnn's.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The net cannot be built.
    #[error("build musicnn")]
    Net(#[from] NetError),
    /// Two clips would have one file.
    #[error("write the embeddings of {} and {}: both would be {}", first.display(), second.display(), file.display())]
    Twice {
        /// A clip.
        first: PathBuf,
        /// Another.
        second: PathBuf,
        /// The file.
        file: PathBuf,
    },
}

/// What became of a data set.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedded {
    /// Files that were written.
    pub written: usize,
    /// Clips without one.
    pub skipped: Vec<Skipped>,
    /// What is odd about the listing.
    pub warnings: Vec<Warning>,
}

/// Writes a file `CLASS/NAME.npy` below `out` for each clip of `data`: 753 numbers, the largest of each feature over 3 s,
/// averaged over the clip's whole 3 s patches. Front end and rounding are those of musicnn's own program. `progress` is
/// told of the clips that are done and of all.
///
/// # Errors
/// The set cannot be listed, the weights are not musicnn's, or `stop`. Clips that cannot be used are left out, with the reason.
pub fn embed(
    data: &Data,
    weights: &Path,
    out: &Path,
    (cache_root, threads): (&Path, usize),
    progress: &mut dyn FnMut(usize, usize),
    stop: &Control,
) -> Result<Embedded, EmbedError> {
    let network = Network::musicnn_embedding(PATCH_FRAMES, &Device::Cpu)?;
    weights::load(weights, &network, Part::Whole)?;
    let Clips { classes, clips, warnings, .. } = list_clips(data, cache_root, progress, stop)?;
    let files: Vec<PathBuf> = clips.iter().map(|clip| file(out, &classes, clip)).collect();
    let mut by_file: HashMap<&Path, &ListedClip> = HashMap::new();
    for (clip, file) in clips.iter().zip(&files) {
        if let Some(other) = by_file.insert(file, clip) {
            let (first, second) = (other.path.clone(), clip.path.clone());
            return Err(EmbedError::Twice { first, second, file: file.clone() });
        }
    }
    let plan = LogMel::new(PadMode::Reflect)
        .map_err(|error| DataError::FrontEnd { reason: Unusable::from(error).reason() })?;
    let work = |plan: &mut LogMel, index: usize| {
        one(plan, &network, &clips[index]).and_then(|vector| {
            let file = &files[index];
            let folder = file.parent().unwrap_or(out);
            let write = std::fs::create_dir_all(folder).and_then(|()| atomic::write(file, &npy(&vector), Durable::No));
            write.map_err(|error| format!("failed to write {}: {error}", file.display()))
        })
    };
    let done = in_parallel(clips.len(), threads, || plan.clone(), work, progress, stop).ok_or(DataError::Stopped)?;
    let mut embedded = Embedded { written: 0, skipped: Vec::new(), warnings };
    for (clip, done) in clips.into_iter().zip(done) {
        match done {
            Ok(()) => embedded.written += 1,
            Err(reason) => embedded.skipped.push(Skipped { path: clip.path, reason }),
        }
    }
    Ok(embedded)
}

/// Where a clip's vector goes: as the folder of embeddings is read.
fn file(out: &Path, classes: &[String], clip: &ListedClip) -> PathBuf {
    // The reader looks below the name of the clip's folder, which is its class where folders are classes.
    let folder = clip.path.parent().and_then(Path::file_name).map(PathBuf::from);
    let class = || classes.get(clip.label as usize).cloned().unwrap_or_default();
    let mut name = clip.path.file_stem().unwrap_or_default().to_owned();
    name.push(".npy");
    out.join(folder.unwrap_or_else(|| class().into())).join(name)
}

fn one(plan: &mut LogMel, network: &Network, clip: &ListedClip) -> Result<Vec<f32>, String> {
    if let Some(reason) = clip.left_out {
        return Err(reason.to_owned());
    }
    let reason = |error: Unusable| error.reason();
    let samples = hear(clip, SAMPLE_RATE, 0.0).map_err(reason)?;
    let frames = plan.of(&samples, Rounding::Throughout).map_err(|error| reason(error.into()))?;
    let all: Vec<&[f32]> = patches(&frames, PATCH_FRAMES).collect();
    if all.is_empty() {
        return Err(reason(Unusable::TooShort {
            samples: samples.len(),
            needed: PATCH_FRAMES * 256,
            rate: SAMPLE_RATE,
        }));
    }
    let mut sums: Vec<f64> = Vec::new();
    for chunk in all.chunks(CHUNK) {
        let rows = embeddings(network, chunk).map_err(|error| format!("failed to compute its embedding: {error}"))?;
        for row in rows {
            sums.resize(row.len(), 0.0);
            sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += f64::from(value));
        }
    }
    Ok(sums.into_iter().map(|sum| (sum / all.len() as f64) as f32).collect())
}

fn embeddings(network: &Network, patches: &[&[f32]]) -> Result<Vec<Vec<f32>>, Box<dyn std::error::Error>> {
    let x = Tensor::from_vec(patches.concat(), (patches.len(), 1, PATCH_FRAMES, MELS), &Device::Cpu)?;
    Ok(network.forward(&[&x], Mode::Eval)?.to_vec2::<f32>()?)
}
