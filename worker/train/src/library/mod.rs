//! Prepared data sets, shared by all trials of a process.

mod copied;
mod examples;
mod shelf;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use gliss_types::recipe::{Augment, Data, Fit, Input, Kind, Normalise, Segments, Store, Training, Waveform};
use serde::Serialize;
use serde_json::json;

pub(crate) use copied::Copied;
pub use examples::{Examples, Inputs};

use crate::Control;
use crate::cache::FeatureCache;
use crate::data::{Clips, DataError, Table, TableColumns, list_clips, read_table};
use crate::features::{FrontEnd, Permits, Preparation, Sight};
use shelf::Shelf;

/// The data sets of one process. Two trials that ask for one at the same time prepare it once; trials that differ in
/// split, net or anything but data and features share the same clips.
#[derive(Debug)]
pub struct Library {
    cache_root: PathBuf,
    threads: usize,
    cache: Arc<FeatureCache>,
    permits: Arc<Permits>,
    shelf: Shelf,
}

impl Library {
    /// A library whose cache is in `cache_root` (created when needed) and which prepares on `threads` threads (at least 1).
    /// The cache takes at most [`crate::cache::limit`] bytes.
    pub fn new(cache_root: impl Into<PathBuf>, threads: usize) -> Self {
        let cache_root = cache_root.into();
        let cache = Arc::new(FeatureCache::new(&cache_root));
        let threads = threads.max(1);
        Library { threads, cache, permits: Arc::new(Permits::new(threads)), shelf: Shelf::default(), cache_root }
    }

    /// The examples that `training` works on, as soon as they are listed: clips are prepared from when they are first needed
    /// ([`Examples::wait_for`] waits for all that a trial needs). A synthetic set is rendered first; `progress` is told of the clips that are
    /// done and of all clips. Files are looked up anew at each call: changed ones are prepared anew.
    ///
    /// # Errors
    /// See [`DataError`]; [`DataError::Stopped`] after `stop`.
    pub fn examples(
        &self,
        training: &Training,
        progress: &mut dyn FnMut(usize, usize),
        stop: &Control,
    ) -> Result<Arc<Examples>, DataError> {
        if let Some((path, named)) = TableColumns::of(&training.data) {
            let address = address(&training.data, &(), &[path]);
            return self.shelf.fetch(address, stop, || Ok(of_table(read_table(path, &named)?)));
        }
        if matches!(training.features.input.kind, Kind::Columns(_)) {
            let reason = "clips have no columns, only `data.source: table` has".into();
            return Err(DataError::FrontEnd { reason });
        }
        let listed = list_clips(&training.data, &self.cache_root, progress, stop)?;
        self.seen(listed, training, stop)
    }

    /// Examples of the clips of `listed` as the inputs of `training` see them.
    fn seen(&self, listed: Clips, training: &Training, stop: &Control) -> Result<Arc<Examples>, DataError> {
        let (features, augment) = (&training.features, &training.augment);
        let segments = features.segments.as_ref();
        let front_end = |input: &Input, segments: Option<&Segments>, augment: &Augment| {
            let made = FrontEnd::new(input, segments, augment);
            made.map_err(|error| DataError::FrontEnd { reason: error.to_string() })
        };
        let main = front_end(&features.input, segments, augment)?;
        let beside = features.beside.as_ref().map(|beside| front_end(beside, segments, augment)).transpose()?;
        let waves = waves(training).map(|waves| front_end(&waves, None, &Augment::default())).transpose()?;
        // How values are scaled is a trial's own business.
        let seen = |input: &Input| json!([input.kind, input.store]);
        let inputs = [Some(&features.input), features.beside.as_ref()].map(|input| input.map(seen));
        let changed = json!([augment.copies, augment.seed, waves.is_some()]);
        // The net that describes clips is a file as they are.
        let weights = [Some(&features.input), features.beside.as_ref()].into_iter().flatten();
        let weights = weights.filter_map(|input| match &input.kind {
            Kind::Musicnn(musicnn) => Some(Path::new(&musicnn.weights)),
            _ => None,
        });
        let paths: Vec<&Path> = listed.clips.iter().map(|clip| clip.path.as_path()).chain(weights).collect();
        let clips: Vec<_> =
            listed.clips.iter().map(|clip| (clip.label, clip.span.map(|span| (span.start, span.end)))).collect();
        let address = address(&training.data, &(inputs, segments, changed, clips), &paths);
        let shape = features.dims().into_iter().map(|dim| dim.unwrap_or(0)).collect();
        self.shelf.fetch(address, stop, || {
            let prepared = |sight: FrontEnd| self.preparation(&listed, Box::new(sight));
            let (beside, waves) = (beside.map(prepared), waves.map(prepared));
            Ok(Examples { beside, waves, ..self.of_clips(listed, shape, Box::new(main)) })
        })
    }

    fn preparation(&self, listed: &Clips, sight: Box<dyn Sight>) -> Preparation {
        Preparation::new(listed, sight, self.cache.clone(), self.permits.clone(), self.threads)
    }

    /// Examples of the clips of `listed`, each of `shape` once `sight` has seen it.
    pub(crate) fn of_clips(&self, listed: Clips, shape: Vec<usize>, sight: Box<dyn Sight>) -> Examples {
        let preparation = self.preparation(&listed, sight);
        let Clips { classes, clips, marks, warnings } = listed;
        Examples {
            shape,
            classes,
            inputs: Inputs::Clips(preparation),
            columns: Vec::new(),
            beside: None,
            waves: None,
            threads: self.threads,
            labels: clips.iter().map(|clip| clip.label).collect(),
            odd: warnings,
            marks,
        }
    }
}

/// The waveforms that are changed in each epoch, if any are.
fn waves(training: &Training) -> Option<Input> {
    let kind = &training.features.input.kind;
    let sample_rate = kind.rate().filter(|_| !training.augment.online.is_empty())?;
    let kind = Kind::Waveform(Waveform { sample_rate, seconds: kind.seconds(), samples: 0, fit: Fit::Shortest });
    Some(Input { kind, normalise: Normalise::None, ddof: 0, store: Store::F32 })
}

/// What tells data sets apart: the settings, and the files as they are now.
fn address(data: &Data, seen: &impl Serialize, paths: &[&Path]) -> blake3::Hash {
    let settings = serde_json::to_string(&(data, seen)).expect("settings are finite numbers and text");
    let mut hasher = blake3::Hasher::new();
    hasher.update(settings.as_bytes());
    for path in paths {
        hasher.update(path.as_os_str().as_encoded_bytes());
        let found = fs::metadata(path).ok();
        let modified = found.as_ref().and_then(|found| found.modified().ok()?.duration_since(UNIX_EPOCH).ok());
        hasher.update(&found.map_or(u64::MAX, |found| found.len()).to_le_bytes());
        hasher.update(&modified.map_or(u128::MAX, |since| since.as_nanos()).to_le_bytes());
    }
    hasher.finalize()
}

fn of_table(table: Table) -> Examples {
    Examples {
        shape: vec![table.columns.len()],
        classes: table.classes,
        inputs: Inputs::Columns(table.values),
        columns: table.columns,
        beside: None,
        waves: None,
        threads: 1,
        labels: table.labels,
        odd: table.warnings,
        marks: table.marks,
    }
}
