//! Everything about the files of a data set.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use gliss_audio::decode::DecodeLimits;
use gliss_types::recipe::{Data, Split};

use super::balance::{Balance, balance, sides};
use super::duplicates::{self, Duplicates};
use super::finding::Finding;
use super::heard::{FileReport, Heard, look};
use super::spread::Spread;
use super::usual::{Usual, tally};
use crate::Control;
use crate::data::{Clips, DataError, Warning, list_clips};
use crate::in_parallel::in_parallel;
use crate::split::{Side, Subjects};

/// What a data set of sounds holds.
#[derive(Debug, Clone, PartialEq)]
pub struct SoundSurvey {
    /// The classes in ascending order.
    pub classes: Vec<ClassFacts>,
    /// The files in the order of the listing.
    pub files: Vec<Surveyed>,
    /// Lengths of the files that can be read, in seconds.
    pub seconds: Spread,
    /// Kinds of files, the most frequent first; so are rates and channels.
    pub formats: Vec<(&'static str, usize)>,
    /// Sample rates in Hz.
    pub rates: Vec<(u32, usize)>,
    /// Numbers of channels.
    pub channels: Vec<(u32, usize)>,
    /// Files that are the same.
    pub duplicates: Vec<Duplicates>,
    /// The split, or in words why the set cannot be dealt out.
    pub balance: Result<Balance, String>,
    /// What is odd about the listing.
    pub warnings: Vec<Warning>,
}

/// One file of a data set.
#[derive(Debug, Clone, PartialEq)]
pub struct Surveyed {
    /// Where it is.
    pub path: PathBuf,
    /// Its class.
    pub label: u32,
    /// Its side of the split.
    pub side: Option<Side>,
    /// What was found out.
    pub report: FileReport,
    /// What may be wrong with it.
    pub findings: Vec<Finding>,
}

/// One class of a data set.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassFacts {
    /// Its name.
    pub name: String,
    /// Its files.
    pub files: usize,
    /// Those that cannot be read.
    pub unreadable: usize,
    /// Lengths of those that can, in seconds.
    pub seconds: Spread,
    /// The largest magnitude of a sample.
    pub peak: f32,
    /// The mean square of all samples.
    pub power: f64,
    /// The share of its time that is silent.
    pub silent: f64,
    /// The share of its samples that are at full scale or beyond.
    pub full_scale: f64,
    /// The place in the list of files of one that stands for the class, see [`survey_sounds`].
    pub portrait: Option<usize>,
}

impl SoundSurvey {
    /// Files that cannot be read.
    pub fn unreadable(&self) -> usize {
        self.files.iter().filter(|file| file.report.heard.is_err()).count()
    }

    /// Bytes of all files.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.report.bytes).sum()
    }
}

/// Reads, decodes and measures every file of `data` on `threads` threads, and deals them out as `split` says. `progress`
/// is told of the files that are done and of all. A synthetic set is rendered into `cache_root` first.
///
/// The portrait of a class is the file of the median level among those of its files with fewest findings.
///
/// # Errors
/// The set cannot be listed, or `stop`. Files that cannot be read are findings, and so is a set that cannot be dealt out.
pub fn survey_sounds(
    data: &Data,
    split: &Split,
    cache_root: &Path,
    threads: usize,
    progress: &mut dyn FnMut(usize, usize),
    stop: &Control,
) -> Result<SoundSurvey, DataError> {
    let Clips { classes, clips, marks, warnings } = list_clips(data, cache_root, progress, stop)?;
    let labels: Vec<u32> = clips.iter().map(|clip| clip.label).collect();
    let subjects = Subjects { classes: &classes, labels: &labels, marks: &marks };

    // A file that is listed for several of its parts is looked at once.
    let mut places: HashMap<&Path, usize> = HashMap::new();
    let mut firsts = Vec::new();
    for (index, clip) in clips.iter().enumerate() {
        places.entry(&clip.path).or_insert_with(|| {
            firsts.push(index);
            firsts.len() - 1
        });
    }
    // Of a file that is used part by part no part is as long as the whole.
    let whole = DecodeLimits::default();
    let parts = DecodeLimits { max_seconds: f64::INFINITY, max_frames: usize::MAX, ..DecodeLimits::default() };
    let work = |(): &mut (), place: usize| {
        let clip = &clips[firsts[place]];
        look(&clip.path, if clip.span.is_some() { &parts } else { &whole }, stop)
    };
    let reports = in_parallel(firsts.len(), threads, || (), work, progress, stop).ok_or(DataError::Stopped)?;

    let usual = Usual::of(reports.iter().filter_map(|report| report.heard.as_ref().ok()));
    let dealt = sides(split, &subjects);
    let side = |index: usize| dealt.as_ref().ok().and_then(|sides| sides.get(index).copied().flatten());
    let balance = match &dealt {
        Ok(sides) => {
            let usable = |index: usize| {
                let clip = &clips[index];
                clip.left_out.is_none() && reports[places[clip.path.as_path()]].heard.is_ok()
            };
            Ok(balance(sides, &subjects, usable))
        }
        Err(reason) => Err(reason.clone()),
    };
    let files: Vec<Surveyed> = firsts
        .iter()
        .zip(reports)
        .map(|(index, report)| {
            let clip = &clips[*index];
            let mut findings = Finding::all(&report, &clip.path, &usual);
            findings.extend(clip.left_out.map(|reason| Finding::LeftOut { reason }));
            Surveyed { path: clip.path.clone(), label: clip.label, side: side(*index), report, findings }
        })
        .collect();
    let heard = || files.iter().filter_map(|file| file.report.heard.as_ref().ok());
    Ok(SoundSurvey {
        classes: classes.into_iter().enumerate().map(|(label, name)| class(name, label, &files)).collect(),
        seconds: Spread::of(heard().map(Heard::seconds)),
        formats: tally(heard().map(|heard| heard.format)),
        rates: tally(heard().map(|heard| heard.rate)),
        channels: tally(heard().map(|heard| heard.channels)),
        duplicates: duplicates::find(&files),
        balance,
        warnings,
        files,
    })
}

fn class(name: String, label: usize, files: &[Surveyed]) -> ClassFacts {
    let members = || files.iter().enumerate().filter(move |(_, file)| file.label as usize == label);
    let heard = || members().filter_map(|(_, file)| file.report.heard.as_ref().ok());
    let frames = |heard: &Heard| heard.frames as f64;
    let mean = |value: fn(&Heard) -> f64, weight: &dyn Fn(&Heard) -> f64| {
        let total: f64 = heard().map(weight).sum();
        if total > 0.0 { heard().map(|heard| value(heard) * weight(heard)).sum::<f64>() / total } else { 0.0 }
    };
    ClassFacts {
        name,
        files: members().count(),
        unreadable: members().filter(|(_, file)| file.report.heard.is_err()).count(),
        seconds: Spread::of(heard().map(Heard::seconds)),
        peak: heard().map(|heard| heard.levels.peak).fold(0.0, f32::max),
        power: mean(|heard| heard.levels.power, &frames),
        silent: mean(|heard| heard.levels.silent, &Heard::seconds),
        full_scale: mean(|heard| heard.levels.full_scale, &frames),
        portrait: portrait(members()),
    }
}

/// Of the files with fewest findings the one of the median level.
fn portrait<'a>(members: impl Iterator<Item = (usize, &'a Surveyed)>) -> Option<usize> {
    let mut able: Vec<(usize, f64, usize)> = members
        .filter_map(|(index, file)| Some((file.findings.len(), file.report.heard.as_ref().ok()?.levels.power, index)))
        .collect();
    let fewest = able.iter().map(|(findings, _, _)| *findings).min()?;
    able.retain(|(findings, _, _)| *findings == fewest);
    able.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.2.cmp(&b.2)));
    able.get(able.len() / 2).map(|(_, _, index)| *index)
}
