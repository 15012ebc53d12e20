//! `gliss data`: a sub-verb a file.

mod cache;
mod chosen;
mod embed;
mod features;
mod inspect;
mod page;
mod portraits;
mod report;
mod spectrogram;
mod stoppable;
mod synth;
mod table_report;
mod written;

use super::Setting;
use crate::data_args::DataVerb;
use crate::exit::Exit;
use crate::failure::Failure;

/// Inspects, computes, draws, clears or makes data.
pub(super) async fn data(setting: &Setting, verb: DataVerb) -> Result<Exit, Failure> {
    match verb {
        DataVerb::Inspect(args) => inspect::inspect(setting, args).await,
        DataVerb::Embed(args) => embed::embedding(setting, args).await,
        DataVerb::Features(args) => features::features(setting, args).await,
        DataVerb::Spectrogram(args) => spectrogram::spectrogram(setting, &args),
        DataVerb::Cache { verb } => cache::cache(setting, verb),
        DataVerb::Synth { dir, clips_per_style, seconds, sample_rate, seed } => {
            synth::synth(setting, &dir, clips_per_style, seconds, sample_rate, seed)
        }
    }
}
