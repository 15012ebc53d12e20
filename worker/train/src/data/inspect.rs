//! A quick look at a data set before the first trial: decodes nothing, renders nothing.

use std::fs;
use std::path::Path;

use gliss_audio::synth::{STYLES, SynthSettings};
use gliss_types::recipe::{Data, Split};

use super::{Clips, DataError, ListedClip, Marks, TableColumns, Warning, list_clips, read_table, synth};
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
    marks: Marks,
    /// Examples that are known to be left out after the split.
    left_out: Vec<usize>,
}

impl Inspection {
    /// Deals the examples out as `split` says, which shows whether it can be done and how many go where. Clips that turn
    /// out to be unreadable are taken out of their side later; those that are known to be are not in it.
    ///
    /// # Errors
    /// See [`SplitError`].
    pub fn deal(&self, split: &Split) -> Result<Deal, SplitError> {
        let classes: Vec<String> = self.classes.iter().map(|(class, _)| class.clone()).collect();
        let deal = deal(split, &Subjects { classes: &classes, labels: &self.labels, marks: &self.marks })?;
        let place = |index| self.left_out.binary_search(&index).is_err().then_some(index);
        deal.keep(&(0..self.labels.len()).map(place).collect::<Vec<_>>())
    }

    /// How many examples of each class train, validate and test, by class in ascending order of their names.
    pub fn per_class(&self, deal: &Deal) -> Vec<[usize; 3]> {
        deal.per_class(&self.labels, self.classes.len())
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
        Data::Table { .. } => {
            let (path, named) = TableColumns::of(data).expect("the data are a table");
            let table = read_table(path, &named)?;
            let bytes = fs::metadata(path).map_err(DataError::io("read", path))?.len();
            let columns = Some(table.columns.len());
            Ok(gather(&table.classes, table.labels, table.marks, bytes, columns, table.warnings))
        }
        Data::Folder { .. } | Data::Images { .. } | Data::Gtzan { .. } | Data::Fma { .. } | Data::Manifest { .. } => {
            let Clips { classes, clips, marks, warnings } =
                list_clips(data, cache_root, &mut |_, _| {}, &Control::new())?;
            let labels = clips.iter().map(|clip| clip.label).collect();
            let mut inspection = gather(&classes, labels, marks, bytes(&clips), None, warnings);
            inspection.left_out = (0..clips.len()).filter(|at| clips[*at].left_out.is_some()).collect();
            Ok(inspection)
        }
    }
}

/// Of the files, each once though several clips may be parts of it.
fn bytes(clips: &[ListedClip]) -> u64 {
    let mut paths: Vec<_> = clips.iter().map(|clip| clip.path.as_os_str()).collect();
    paths.sort_unstable();
    paths.dedup();
    paths.into_iter().filter_map(|path| fs::metadata(path).ok()).map(|found| found.len()).sum()
}

fn of_synth(settings: &SynthSettings) -> Inspection {
    let mut classes: Vec<String> = STYLES.iter().map(|style| style.name().to_owned()).collect();
    classes.sort();
    let each = settings.clips_per_style as usize;
    let labels: Vec<u32> = (0..classes.len() as u32).flat_map(|label| std::iter::repeat_n(label, each)).collect();
    let bytes = labels.len() as u64 * (WAV_HEADER + 2 * settings.samples_per_clip() as u64);
    gather(&classes, labels, Marks::default(), bytes, None, Vec::new())
}

fn gather(
    classes: &[String],
    labels: Vec<u32>,
    marks: Marks,
    bytes: u64,
    columns: Option<usize>,
    warnings: Vec<Warning>,
) -> Inspection {
    let mut counts = vec![0; classes.len()];
    for label in &labels {
        counts[*label as usize] += 1;
    }
    let classes = classes.iter().cloned().zip(counts).collect();
    Inspection { classes, examples: labels.len(), bytes, columns, warnings, labels, marks, left_out: Vec::new() }
}
