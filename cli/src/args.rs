//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser, Subcommand, ValueEnum};
use gliss_types::{About, SweepId, TrialId};

use crate::data_args::DataVerb;
use crate::nets_args::NetsVerb;
use crate::store_args::StoreVerb;
use crate::trained_args::{ExportArgs, PredictArgs};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// Glissando plans, runs, survives and explains hyperparameter sweeps.
#[derive(Debug, Parser)]
#[command(name = "gliss", version, styles = STYLES, propagate_version = true, after_help = "\
Examples:
  gliss run sweeps/quickstart.yaml                 train a small sweep to its leaderboard, here and now
  gliss plan sweeps/quickstart.yaml                what it would do: points, nets, time; runs nothing
  gliss run --set batch=16 --set epochs=3 FILE     override any setting
  gliss top s1 --limit 5 --output csv              the leaderboard, for a spreadsheet

Exit codes: 0 done; 1 the sweep ended with failed trials; 2 usage or a bad sweep file; 3 no coordinator;
74 disk or store failed; 130 interrupted (resumable); 70 a bug.")]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// What every verb takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct Global {
    /// The coordinator's address; without it, the one that uses the data folder, the store itself, or
    /// http://127.0.0.1:7070.
    #[arg(long, global = true, env = "GLISS_COORDINATOR", value_name = "URL")]
    pub(crate) coordinator: Option<String>,
    /// Folder of the store and the checkpoints.
    #[arg(long, global = true, env = "GLISS_DATA_DIR", value_name = "DIR", default_value = ".glissando")]
    pub(crate) data_dir: PathBuf,
    /// Folder of the feature cache [default: the user's cache folder].
    #[arg(long, global = true, env = "GLISS_CACHE_DIR", value_name = "DIR")]
    pub(crate) cache: Option<PathBuf>,
    /// File with the coordinator's token.
    #[arg(long, global = true, env = "GLISS_TOKEN_FILE", value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// How listings are printed.
    #[arg(long, global = true, value_enum, default_value_t = Output::Table)]
    pub(crate) output: Output,
    /// Say nothing but data and failures.
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// Say more; twice says everything. GLISS_LOG takes filters such as `gliss_worker=debug`.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

/// How listings are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// Aligned columns for people.
    Table,
    /// One JSON document.
    Json,
    /// Comma-separated values with a header.
    Csv,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Run a sweep file to its leaderboard, with a coordinator and workers inside this process.
    #[command(after_help = "\
Examples:
  gliss run sweeps/quickstart.yaml
  gliss run --set data.path=/music/gtzan --set epochs=5 sweeps/gtzan.yaml
Ctrl-C stops after the step in progress; the same command goes on where it stopped and repeats no finished epoch.")]
    Run(RunArgs),
    /// Check a sweep file and say what it would do: points, nets, parameters, time. Runs nothing.
    Plan(PlanArgs),
    /// Start a coordinator and keep it running.
    #[command(after_help = "Example:\n  gliss coordinator --listen 127.0.0.1:7070 --data-dir /var/lib/glissando")]
    Coordinator(CoordinatorArgs),
    /// Start a worker and keep it running.
    #[command(after_help = "Example:\n  gliss worker --coordinator http://127.0.0.1:7070 --slots 2")]
    Worker(WorkerArgs),
    /// Queue a sweep file at a coordinator.
    Submit(SubmitArgs),
    /// List sweeps.
    List,
    /// Show a sweep (s1) or a trial (s1/t3).
    #[command(after_help = "Examples:\n  gliss show s1\n  gliss show s1/t3 --output json")]
    Show {
        /// A sweep like s1 or a trial like s1/t3.
        what: Shown,
    },
    /// The leaderboard of a sweep, best first.
    #[command(after_help = "\
Examples:
  gliss top s1
  gliss top s1 --sort test_accuracy --limit 5
  gliss top s1 --sort -train_seconds --output json")]
    Top {
        /// The sweep.
        sweep: SweepId,
        /// Rows to show.
        #[arg(long, default_value_t = 20)]
        limit: u64,
        /// A metric, `best_epoch`, `train_seconds`, `parameters` or a setting; a leading `-` turns the order round
        /// [default: the sweep's objective].
        #[arg(long, default_value = "", hide_default_value = true, allow_hyphen_values = true)]
        sort: String,
    },
    /// Watch a sweep until it ends.
    Watch {
        /// The sweep.
        sweep: SweepId,
    },
    /// Stop leasing trials of a sweep; what runs waits at its last finished epoch.
    Pause {
        /// The sweep.
        sweep: SweepId,
    },
    /// Go on with a sweep; without a coordinator, run it here.
    Resume {
        /// The sweep.
        sweep: SweepId,
        #[command(flatten)]
        local: LocalArgs,
    },
    /// End a sweep for good.
    Cancel {
        /// The sweep.
        sweep: SweepId,
    },
    /// What was decided, line by line: of everything, of a sweep (s1) or of a trial (s1/t3).
    #[command(after_help = "\
Examples:
  gliss log s1
  gliss log s1/t3 --output json
  gliss log s1 --follow                  until the sweep is over
With --output json each line is one fact.")]
    Log {
        /// A sweep like s1 or a trial like s1/t3 [default: everything].
        what: Option<Logged>,
        /// Go on as the log grows.
        #[arg(long, short)]
        follow: bool,
    },
    /// Where a trial stands and why, and all that happened to it.
    #[command(after_help = "Example:\n  gliss explain s1/t3")]
    Explain {
        /// The trial.
        trial: TrialId,
    },
    /// List workers.
    Workers,
    /// Ask a trained net what files are.
    #[command(after_help = "\
Examples:
  gliss predict s1/t3 song.mp3
  gliss predict s1/t3 album/*.flac --segments --output csv
  gliss predict best.safetensors song.mp3 --top 3 --output json
  gliss predict s2/t1 features.csv --output csv                        a net of a table's columns, row by row")]
    Predict(PredictArgs),
    /// Write the net of a trial's best epoch to a file that needs neither store nor data.
    #[command(after_help = "\
Examples:
  gliss export s1/t3
  gliss export s1/t3 --format safetensors --out best.safetensors")]
    Export(ExportArgs),
    /// List the nets that recipes can name, or the layers of one.
    #[command(after_help = "Examples:\n  gliss nets\n  gliss nets show resnet18 --input 3x256x1320")]
    Nets {
        #[command(subcommand)]
        verb: Option<NetsVerb>,
    },
    /// Inspect, describe, draw and make data sets.
    Data {
        #[command(subcommand)]
        verb: DataVerb,
    },
    /// Check, back up and compact the store.
    Store {
        #[command(subcommand)]
        verb: StoreVerb,
    },
    /// Measure the machinery.
    Bench {
        #[command(subcommand)]
        verb: BenchVerb,
    },
}

/// A sweep or a trial.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shown {
    Sweep(SweepId),
    Trial(TrialId),
}

impl std::str::FromStr for Shown {
    type Err = String;

    fn from_str(text: &str) -> Result<Shown, String> {
        let sweep = text.parse().map(Shown::Sweep);
        let either = sweep.or_else(|_| text.parse().map(Shown::Trial));
        either.map_err(|_| format!("`{text}` is neither a sweep like `s1` nor a trial like `s1/t3`"))
    }
}

/// What a log is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Logged(pub(crate) About);

impl std::str::FromStr for Logged {
    type Err = String;

    fn from_str(text: &str) -> Result<Logged, String> {
        text.parse().map(|shown| match shown {
            Shown::Sweep(id) => Logged(About::Sweep(id)),
            Shown::Trial(id) => Logged(About::Trial(id)),
        })
    }
}

/// A sweep file and what overrides it.
#[derive(Debug, Clone, Args)]
pub(crate) struct FileArgs {
    /// The sweep file.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Override a field of the file, such as `batch=16`, `optimiser.lr=[0.1,0.01]` or `metric.name=valid_loss`.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    pub(crate) overrides: Vec<String>,
    /// Do not look at the data: it is somewhere else.
    #[arg(long)]
    pub(crate) no_data_check: bool,
}

/// How trials run inside this process.
#[derive(Debug, Clone, Args)]
pub(crate) struct LocalArgs {
    /// Trials at once [default: one per processor, or per GPU].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) slots: Option<u16>,
    /// Where nets are trained: `cpu`, or GPUs as `cuda:0,cuda:1` [default: all GPUs that are there, or the cpu].
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub(crate) device: Vec<String>,
}

/// Arguments of `run`.
#[derive(Debug, Clone, Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) file: FileArgs,
    #[command(flatten)]
    pub(crate) local: LocalArgs,
    /// Start anew although the same sweep is in the store already.
    #[arg(long)]
    pub(crate) again: bool,
}

/// Arguments of `plan`.
#[derive(Debug, Clone, Args)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    pub(crate) file: FileArgs,
    #[command(flatten)]
    pub(crate) local: LocalArgs,
}

/// Arguments of `submit`.
#[derive(Debug, Clone, Args)]
pub(crate) struct SubmitArgs {
    #[command(flatten)]
    pub(crate) file: FileArgs,
    /// Queue it anew although the same sweep is in the store already.
    #[arg(long)]
    pub(crate) again: bool,
}

/// Arguments of `coordinator`.
#[derive(Debug, Clone, Args)]
pub(crate) struct CoordinatorArgs {
    /// Where to listen; an address that is not loopback needs `--token-file`.
    #[arg(long, env = "GLISS_LISTEN", default_value = "127.0.0.1:7070")]
    pub(crate) listen: SocketAddr,
    /// How long a trial stays with a silent worker, such as 20s.
    #[arg(long, default_value = "20s", value_parser = seconds)]
    pub(crate) lease: Duration,
    /// How often workers give a sign of life, at most a third of the lease.
    #[arg(long, default_value = "5s", value_parser = seconds)]
    pub(crate) heartbeat: Duration,
}

/// Arguments of `worker`.
#[derive(Debug, Clone, Args)]
pub(crate) struct WorkerArgs {
    #[command(flatten)]
    pub(crate) local: LocalArgs,
    /// What people call it [default: the host's name and the process number]. A worker that is given the same name again
    /// takes the place of the one that had it.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// How long to look for a coordinator at the start, such as 60s [default: for ever].
    #[arg(long, value_parser = seconds)]
    pub(crate) give_up: Option<Duration>,
}

/// Measurements.
#[derive(Debug, Subcommand)]
pub(crate) enum BenchVerb {
    /// Trials that train nothing through real gRPC and a real store: trials a second, and submit to first start.
    Dispatch {
        /// Trials.
        #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
        trials: u32,
        /// Slots of the one worker.
        #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=1024))]
        slots: u16,
        /// Folder for the store, on the disk to be measured [default: a folder of its own under the system's].
        #[arg(long)]
        dir: Option<PathBuf>,
    },
}

/// A time such as `20s`, `500ms`, `2m`, or plain seconds.
fn seconds(text: &str) -> Result<Duration, String> {
    let (number, scale) = if let Some(n) = text.strip_suffix("ms") {
        (n, 0.001)
    } else if let Some(n) = text.strip_suffix('s') {
        (n, 1.0)
    } else if let Some(n) = text.strip_suffix('m') {
        (n, 60.0)
    } else {
        (text, 1.0)
    };
    let value: f64 = number.parse().map_err(|_| format!("`{text}` is not a time like 20s, 500ms or 2m"))?;
    if !(0.001..=86_400.0).contains(&(value * scale)) {
        return Err(format!("`{text}` is not between 1ms and a day"));
    }
    Ok(Duration::from_secs_f64(value * scale))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn times_have_units() {
        assert_eq!(seconds("20s"), Ok(Duration::from_secs(20)));
        assert_eq!(seconds("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(seconds("2m"), Ok(Duration::from_secs(120)));
        for bad in ["", "s", "-1s", "0s", "nan", "1e99", "2h"] {
            assert!(seconds(bad).is_err(), "{bad} was taken");
        }
    }
}
