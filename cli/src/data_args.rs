//! The command line of `gliss data`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

/// Data sets.
#[derive(Debug, Subcommand)]
pub(crate) enum DataVerb {
    /// Decode every file of a data set and say what is in it and what is wrong with it.
    #[command(after_help = "\
Examples:
  gliss data inspect music                                     a folder with a folder of files for each class
  gliss data inspect music --html music.html                   also as a page with a spectrogram of each class
  gliss data inspect clips.csv --set split.by_group=true       a manifest, split so that groups stay together
  gliss data inspect features.csv                              a table of numbers
  gliss data inspect music --output csv > files.csv            one row a file

What is found is no failure: the exit code is 0, with --strict 1 if a file cannot be read.")]
    Inspect(InspectArgs),
    /// Compute the 57 features of every file and write them as a table in GTZAN's columns.
    #[command(after_help = "\
Examples:
  gliss data features music --out features.csv
  gliss run --set data.path=features.csv sweeps/000_exp1_mlp.yaml

The table is written when all files are done; files that cannot be read are left out and named.")]
    Features(FeaturesArgs),
    /// Compute musicnn's embedding of every file: 753 numbers, in a file each.
    #[command(after_help = "\
Examples:
  gliss data embed music --weights MTT_musicnn.safetensors --out embeddings
  gliss run --set features.path=embeddings sweep.yaml           with `features.kind: embedding`, `net.name: gct_mlp753`

Files are laid out as the data are, CLASS/NAME.npy; those that are there are replaced.")]
    Embed(EmbedArgs),
    /// Draw a spectrogram of one file as a PNG picture.
    #[command(after_help = "\
Examples:
  gliss data spectrogram song.mp3
  gliss data spectrogram song.mp3 --start 60 --seconds 10 --out chorus.png
  gliss data spectrogram song.mp3 --kind stft --colours grey --height 512 --width 2048")]
    Spectrogram(SpectrogramArgs),
    /// Show or empty the cache of prepared features.
    #[command(after_help = "\
Examples:
  gliss data cache
  gliss data cache list --output json
  gliss data cache clear --older-than 30d
  gliss data cache clear --yes

Nothing is lost by clearing: what is needed again is computed again.")]
    Cache {
        #[command(subcommand)]
        verb: Option<CacheVerb>,
    },
    /// Write labelled music-like clips of ten styles, one folder each. For trying and testing: they are no music.
    Synth {
        /// A new or empty folder.
        dir: PathBuf,
        /// Clips in each style.
        #[arg(long, default_value_t = 40)]
        clips_per_style: u32,
        /// Length of each clip.
        #[arg(long, default_value_t = 6.0)]
        seconds: f32,
        /// Hertz.
        #[arg(long, default_value_t = 22_050)]
        sample_rate: u32,
        /// Another seed is another set.
        #[arg(long, default_value_t = 0)]
        seed: u64,
    },
}

/// Which data.
#[derive(Debug, Clone, Args)]
pub(crate) struct DataArgs {
    /// A folder with a folder of files for each class (or a manifest.csv), or a file that lists clips or numbers.
    #[arg(value_name = "DIR|FILE")]
    pub(crate) path: PathBuf,
    /// A `data` or `split` setting as a sweep file has it, such as `data.label=genre` or `split.method=folds`.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    pub(crate) overrides: Vec<String>,
    /// Files at once [default: one per processor].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
}

/// Arguments of `inspect`.
#[derive(Debug, Clone, Args)]
pub(crate) struct InspectArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// Also write a page for a browser; it needs nothing else and can be sent to others.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// End with exit code 1 if a file cannot be read.
    #[arg(long)]
    pub(crate) strict: bool,
}

/// Arguments of `features`.
#[derive(Debug, Clone, Args)]
pub(crate) struct FeaturesArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// The table to write; one that is there is replaced when the new one is whole.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

/// Arguments of `embed`.
#[derive(Debug, Clone, Args)]
pub(crate) struct EmbedArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// musicnn's weights, as safetensors.
    #[arg(long, value_name = "FILE")]
    pub(crate) weights: PathBuf,
    /// The folder for the embeddings; it is made if needed.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
}

/// Arguments of `spectrogram`.
#[derive(Debug, Clone, Args)]
pub(crate) struct SpectrogramArgs {
    /// An audio file.
    pub(crate) file: PathBuf,
    /// The picture to write [default: the file's name with `.png`, in this folder].
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// What is drawn.
    #[arg(long, value_enum, default_value_t = Drawn::Mel)]
    pub(crate) kind: Drawn,
    /// Where to begin, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 0.0, value_parser = not_negative, allow_negative_numbers = true)]
    pub(crate) start: f64,
    /// How much to draw, in seconds; less if the file ends before.
    #[arg(long, default_value_t = 30.0, value_parser = positive, allow_negative_numbers = true)]
    pub(crate) seconds: f64,
    /// Rows of the picture.
    #[arg(long, value_name = "PIXELS", default_value_t = 256, value_parser = clap::value_parser!(u16).range(1..=16_384))]
    pub(crate) height: u16,
    /// Columns of the picture.
    #[arg(long, value_name = "PIXELS", default_value_t = 1024, value_parser = clap::value_parser!(u16).range(1..=16_384))]
    pub(crate) width: u16,
    /// In which colours.
    #[arg(long, value_enum, default_value_t = Coloured::Magma)]
    pub(crate) colours: Coloured,
}

/// What a spectrogram shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Drawn {
    /// Mel bands: as ears tell pitches apart.
    Mel,
    /// Frequencies from 0 Hz to half the rate, evenly.
    Stft,
}

/// Colours of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Coloured {
    /// Black by way of violet and orange to light yellow.
    Magma,
    /// Black to white.
    Grey,
}

/// What to do with the cache.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum CacheVerb {
    /// Say what is in it, by front end.
    List,
    /// Remove what is in it.
    Clear {
        /// Only what was not used for so long, such as 12h or 30d.
        #[arg(long, value_name = "TIME", value_parser = age)]
        older_than: Option<Duration>,
        /// Do not ask.
        #[arg(short, long)]
        yes: bool,
    },
}

/// Most seconds that make sense in a file.
const LONGEST: f64 = 1e9;

fn number(text: &str) -> Result<f64, String> {
    text.parse().map_err(|_| format!("`{text}` is not a number of seconds"))
}

fn not_negative(text: &str) -> Result<f64, String> {
    let value = number(text)?;
    if (0.0..=LONGEST).contains(&value) { Ok(value) } else { Err(format!("`{text}` is not a time in a file")) }
}

fn positive(text: &str) -> Result<f64, String> {
    let value = number(text)?;
    if value > 0.0 && value <= LONGEST { Ok(value) } else { Err(format!("`{text}` is not a length of sound")) }
}

/// An age such as `30d`, `12h`, `90m`.
fn age(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is not an age like 30d, 12h or 90m");
    let unit = text.chars().next_back().ok_or_else(wrong)?;
    let scale: u64 = match unit {
        'd' => 86_400,
        'h' => 3600,
        'm' => 60,
        's' => 1,
        _ => return Err(wrong()),
    };
    let count: u32 = text.strip_suffix(unit).and_then(|number| number.parse().ok()).ok_or_else(wrong)?;
    Ok(Duration::from_secs(u64::from(count) * scale))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_and_times_have_their_rules() {
        assert_eq!(age("30d"), Ok(Duration::from_secs(30 * 86_400)));
        assert_eq!(age("90m"), Ok(Duration::from_secs(5400)));
        for bad in ["", "d", "30", "-1d", "1.5h", "1y", "1é"] {
            assert!(age(bad).is_err(), "{bad} was taken");
        }
        assert_eq!((not_negative("0"), positive("0.5")), (Ok(0.0), Ok(0.5)));
        for bad in ["", "x", "-1", "nan", "inf", "1e300"] {
            assert!(not_negative(bad).is_err() && positive(bad).is_err(), "{bad} was taken");
        }
        assert!(positive("0").is_err());
    }
}
