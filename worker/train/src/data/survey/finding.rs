//! What may be wrong with a file.

use std::fmt;
use std::path::Path;

use gliss_audio::decode::Flaws;

use super::format::fits_name;
use super::heard::{FileReport, Heard};
use super::usual::Usual;

/// From this share of silence on a clip is worth a word.
const MUCH_SILENCE: f64 = 0.5;
/// From this share of samples at full scale on a clip counts as clipped.
const MUCH_CLIPPING: f64 = 0.001;
/// A mean further from zero than this is no music.
const MUCH_OFFSET: f64 = 0.02;
/// From this share of missing frames on a file counts as cut off; encoders announce a few too many.
const MUCH_MISSING: f64 = 0.005;
/// A clip shorter than this tells a front end next to nothing.
const VERY_SHORT: f64 = 0.5;
/// Clips differ in length if one is so many times as long as the other.
const ODD_LENGTH: f64 = 2.0;

/// Something about one file that its user should know. The text fits after the file's name and a colon.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Finding {
    /// It cannot be used at all.
    Unreadable {
        /// Why.
        reason: String,
    },
    /// It was cut off or damaged; what is left was measured.
    Damaged {
        /// Frames that the header announces and the file does not hold.
        missing_frames: u64,
        /// Frames that it holds.
        frames: u64,
        /// Packets that could not be decoded.
        lost_packets: u64,
    },
    /// Nothing in it is louder than -60 dBFS.
    Silent,
    /// Half of it or more is silent.
    MuchSilence {
        /// The share.
        share: f64,
    },
    /// Its waves are cut off.
    Clipped {
        /// The share of samples at full scale.
        share: f64,
        /// Places with three or more in a row.
        runs: u64,
    },
    /// Its mean is far from zero.
    Offset {
        /// The mean; full scale is 1.
        mean: f64,
    },
    /// It is shorter than half a second, or than half of the usual length.
    Short {
        /// Its length.
        seconds: f64,
        /// The usual length.
        usual: f64,
    },
    /// It is more than twice as long as usual.
    Long {
        /// Its length.
        seconds: f64,
        /// The usual length.
        usual: f64,
    },
    /// Its rate is not that of most files.
    OddRate {
        /// Its rate.
        rate: u32,
        /// That of most.
        usual: u32,
    },
    /// It has not as many channels as most files.
    OddChannels {
        /// Its channels.
        channels: u32,
        /// Those of most.
        usual: u32,
    },
    /// Its name says that it is something else.
    Misnamed {
        /// What it is.
        format: &'static str,
    },
    /// It is listed and must not be used.
    LeftOut {
        /// Why.
        reason: &'static str,
    },
}

impl Finding {
    /// The kind, in one word: for scripts.
    pub fn kind(&self) -> &'static str {
        self.names().1
    }

    /// The kind, for people.
    pub fn title(&self) -> &'static str {
        self.names().2
    }

    /// The place of the kind among all kinds, the worst first.
    pub fn rank(&self) -> u8 {
        self.names().0
    }

    fn names(&self) -> (u8, &'static str, &'static str) {
        match self {
            Self::Unreadable { .. } => (0, "unreadable", "cannot be read"),
            Self::Damaged { .. } => (1, "damaged", "damaged"),
            Self::Silent => (2, "silent", "silent"),
            Self::MuchSilence { .. } => (3, "much_silence", "much silence"),
            Self::Clipped { .. } => (4, "clipped", "clipped"),
            Self::Offset { .. } => (5, "offset", "off zero"),
            Self::Short { .. } => (6, "short", "short"),
            Self::Long { .. } => (7, "long", "long"),
            Self::OddRate { .. } => (8, "odd_rate", "another rate"),
            Self::OddChannels { .. } => (9, "odd_channels", "other channels"),
            Self::Misnamed { .. } => (10, "misnamed", "misnamed"),
            Self::LeftOut { .. } => (11, "left_out", "left out by rule"),
        }
    }

    /// What is found about a file, worst first.
    pub(super) fn all(report: &FileReport, path: &Path, usual: &Usual) -> Vec<Finding> {
        match &report.heard {
            Err(reason) => vec![Finding::Unreadable { reason: reason.clone() }],
            Ok(heard) => {
                let mut findings: Vec<Finding> =
                    [damage(heard), silence(heard), clipping(heard), offset(heard), length(heard, usual)]
                        .into_iter()
                        .flatten()
                        .collect();
                let (rate, channels) = (heard.rate, heard.channels);
                findings.extend(usual.rate.filter(|u| *u != rate).map(|usual| Finding::OddRate { rate, usual }));
                let odd = usual.channels.filter(|u| *u != channels);
                findings.extend(odd.map(|usual| Finding::OddChannels { channels, usual }));
                if !fits_name(heard.format, path) {
                    findings.push(Finding::Misnamed { format: heard.format });
                }
                findings
            }
        }
    }
}

fn damage(heard: &Heard) -> Option<Finding> {
    let Flaws { missing_frames, lost_packets, cut_short } = heard.flaws;
    let missing = missing_frames as f64 / (missing_frames.saturating_add(heard.frames)).max(1) as f64;
    let damaged = cut_short || lost_packets > 0 || missing >= MUCH_MISSING;
    damaged.then_some(Finding::Damaged { missing_frames, frames: heard.frames, lost_packets })
}

fn silence(heard: &Heard) -> Option<Finding> {
    let share = heard.levels.silent;
    if share == 1.0 {
        return Some(Finding::Silent);
    }
    (share >= MUCH_SILENCE).then_some(Finding::MuchSilence { share })
}

fn clipping(heard: &Heard) -> Option<Finding> {
    let (share, runs) = (heard.levels.full_scale, heard.levels.clipped_runs);
    (share >= MUCH_CLIPPING && runs > 0).then_some(Finding::Clipped { share, runs })
}

fn offset(heard: &Heard) -> Option<Finding> {
    let mean = heard.levels.offset;
    (mean.abs() > MUCH_OFFSET).then_some(Finding::Offset { mean })
}

fn length(heard: &Heard, usual: &Usual) -> Option<Finding> {
    let (seconds, usual) = (heard.seconds(), usual.seconds);
    if seconds < VERY_SHORT || seconds * ODD_LENGTH < usual {
        Some(Finding::Short { seconds, usual })
    } else {
        (seconds > ODD_LENGTH * usual).then_some(Finding::Long { seconds, usual })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { reason } => f.write_str(reason),
            Self::Damaged { missing_frames: 0, lost_packets: 0, .. } => f.write_str("it breaks off before its end"),
            Self::Damaged { missing_frames: 0, lost_packets, .. } => {
                write!(f, "{lost_packets} damaged packets are left out")
            }
            Self::Damaged { missing_frames, frames, lost_packets } => {
                let promised = missing_frames.saturating_add(*frames);
                write!(f, "it holds {frames} of the {promised} frames that its header announces")?;
                if *lost_packets > 0 {
                    write!(f, ", and {lost_packets} damaged packets are left out")?;
                }
                Ok(())
            }
            Self::Silent => f.write_str("all of it is below -60 dBFS"),
            Self::MuchSilence { share } => write!(f, "{:.0} % of it is below -60 dBFS", 100.0 * share),
            Self::Clipped { share, runs } => {
                write!(
                    f,
                    "{:.2} % of its samples are at full scale, {runs} times three or more in a row",
                    100.0 * share
                )
            }
            Self::Offset { mean } => write!(f, "its mean is {mean:.3} of full scale, and should be 0"),
            Self::Short { seconds, usual } if seconds * ODD_LENGTH >= *usual => {
                write!(f, "{seconds:.2} s is very short")
            }
            Self::Short { seconds, usual } => write!(f, "{seconds:.2} s, where {usual:.2} s are usual"),
            Self::Long { seconds, usual } => write!(f, "{seconds:.1} s, where {usual:.1} s are usual"),
            Self::OddRate { rate, usual } => write!(f, "{rate} Hz, where {usual} Hz are usual"),
            Self::OddChannels { channels, usual } => write!(f, "{channels} channels, where {usual} are usual"),
            Self::Misnamed { format } => write!(f, "its name lies: the content is {format}"),
            Self::LeftOut { reason } => f.write_str(reason),
        }
    }
}
