//! The command lines of `gliss predict` and `gliss export`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use gliss_types::TrialId;

/// Arguments of `predict`.
#[derive(Debug, Clone, Args)]
pub(crate) struct PredictArgs {
    /// A trial like s1/t3, or a file that `gliss export` wrote.
    pub(crate) net: TrainedNet,
    /// Sound files (for nets of pictures: PNG files; for nets of tables: CSV or Parquet files with their columns).
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Classes to show, the most probable first.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) top: u32,
    /// Show each segment as well, where the net looks at segments.
    #[arg(long)]
    pub(crate) segments: bool,
}

/// Arguments of `export`.
#[derive(Debug, Clone, Args)]
pub(crate) struct ExportArgs {
    /// A trial like s1/t3; its best epoch is written.
    pub(crate) trial: TrialId,
    /// The form of the file.
    #[arg(long, value_enum, default_value_t = Format::Safetensors)]
    pub(crate) format: Format,
    /// Where to write it; the recipe goes beside it, as NAME.recipe.json [default: s1-t3.safetensors].
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Write over a file that is there.
    #[arg(long)]
    pub(crate) force: bool,
}

/// Forms of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Weights by name; the rest in the file's metadata.
    Safetensors,
}

/// Where a trained net is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TrainedNet {
    /// In the store.
    Trial(TrialId),
    /// In a file of its own.
    File(PathBuf),
}

impl std::str::FromStr for TrainedNet {
    type Err = String;

    fn from_str(text: &str) -> Result<TrainedNet, String> {
        // A name that is both is the trial; `./s1/t3` is the file.
        match text.parse() {
            Ok(trial) => Ok(TrainedNet::Trial(trial)),
            Err(_) if text.is_empty() => Err("a trial like `s1/t3` or a file".to_owned()),
            Err(_) => Ok(TrainedNet::File(text.into())),
        }
    }
}
