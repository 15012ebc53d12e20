//! A quick look at a data set before the first trial: decodes nothing, renders nothing.

use std::fs;
use std::path::Path;

use gliss_audio::synth::{STYLES, SynthSettings};
use gliss_types::recipe::{Data, Split};

use super::{Clips, Column, DataError, Warning, list_clips, read_table, synth};
use crate::Control;
use crate::split::{Deal, SplitError, Subjects, deal};

/// Bytes of a wav file's header, as the synthetic set is written.
const WAV_HEADER: u64 = 44;

/// What a data set holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Inspection {
    /// Each class and the number of its examples, by name in ascending order.
    pub classes: Vec<(String, usize)>,
    /// Examples in all.
    pub examples: usize,
    /// Bytes of the files; for a synthetic set, what it takes in the cache once rendered.
    pub bytes: u64,
    /// Feature columns of a table; none for audio.
    pub columns: Option<usize>,
    /// What is odd.
    pub warnings: Vec<Warning>,
    labels: Vec<u32>,
    groups: Column,
    folds: Column,
}

impl Inspection {
    /// Deals the examples out as `split` says, which shows whether it can be done and how many go where. Clips that turn
    /// out to be unreadable are taken out of their side later.
    ///
    /// # Errors
    /// See [`SplitError`].
    pub fn deal(&self, split: &Split) -> Result<Deal, SplitError> {
        let classes: Vec<String> = self.classes.iter().map(|(class, _)| class.clone()).collect();
        deal(split, &Subjects { classes: &classes, labels: &self.labels, groups: &self.groups, folds: &self.folds })
    }
}

/// Looks at `data`. `cache_root` is where its features would go.
///
/// # Errors
/// Everything that would keep the data as a whole from being used, see [`DataError`].
pub fn inspect(data: &Data, cache_root: &Path) -> Result<Inspection, DataError> {
    if fs::metadata(cache_root).is_ok_and(|found| !found.is_dir()) {
        return Err(DataError::CacheNotAFolder { path: cache_root.into() });
    }
    match data {
        Data::Synth { .. } => {
            let settings = synth::settings(data).expect("the data is synthetic");
            settings.check().map_err(|source| DataError::Synth { source })?;
            Ok(of_synth(&settings))
        }
        Data::Table { path, label, drop } => {
            let path = Path::new(path);
            let table = read_table(path, label, drop)?;
            let bytes = fs::metadata(path).map_err(DataError::io("read", path))?.len();
            let absent = Column::Absent { name: None };
            let columns = Some(table.columns.len());
            Ok(gather(&table.classes, table.labels, bytes, columns, Vec::new(), absent.clone(), absent))
        }
        Data::Folder { .. } | Data::Manifest { .. } => {
            let Clips { classes, clips, groups, folds, warnings } =
                list_clips(data, cache_root, &mut |_, _| {}, &Control::new())?;
            let bytes = clips.iter().filter_map(|clip| fs::metadata(&clip.path).ok()).map(|found| found.len()).sum();
            let labels = clips.iter().map(|clip| clip.label).collect();
            Ok(gather(&classes, labels, bytes, None, warnings, groups, folds))
        }
    }
}

fn of_synth(settings: &SynthSettings) -> Inspection {
    let mut classes: Vec<String> = STYLES.iter().map(|style| style.name().to_owned()).collect();
    classes.sort();
    let each = settings.clips_per_style as usize;
    let labels: Vec<u32> = (0..classes.len() as u32).flat_map(|label| std::iter::repeat_n(label, each)).collect();
    let bytes = labels.len() as u64 * (WAV_HEADER + 2 * settings.samples_per_clip() as u64);
    let absent = Column::Absent { name: None };
    gather(&classes, labels, bytes, None, Vec::new(), absent.clone(), absent)
}

fn gather(
    classes: &[String],
    labels: Vec<u32>,
    bytes: u64,
    columns: Option<usize>,
    warnings: Vec<Warning>,
    groups: Column,
    folds: Column,
) -> Inspection {
    let mut counts = vec![0; classes.len()];
    for label in &labels {
        counts[*label as usize] += 1;
    }
    let classes = classes.iter().cloned().zip(counts).collect();
    Inspection { classes, examples: labels.len(), bytes, columns, warnings, labels, groups, folds }
}
