//! The 57 features of every clip of a data set, as the table that is published beside GTZAN.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use gliss_audio::features::gtzan::{COLUMNS, GtzanFeatures, SAMPLE_RATE};
use gliss_audio::spectrum::PadMode;
use gliss_types::recipe::Data;

use super::{Clips, DataError, ListedClip, Warning, list_clips};
use crate::Control;
use crate::features::{Skipped, Unusable, hear};
use crate::in_parallel::in_parallel;

/// The features of a data set.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureTable {
    /// Clips that could be used, in the order of the listing.
    pub rows: Vec<FeatureRow>,
    /// The others.
    pub skipped: Vec<Skipped>,
    /// What is odd about the listing.
    pub warnings: Vec<Warning>,
}

/// The features of one clip.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureRow {
    /// The file.
    pub path: PathBuf,
    /// Its class.
    pub class: String,
    /// Samples of the clip at 22050 Hz.
    pub length: usize,
    /// In the order of [`COLUMNS`].
    pub features: [f64; 57],
}

/// Computes the features of all clips of `data` on `threads` threads; a synthetic set is rendered into `cache_root` first.
/// `progress` is told of the clips that are done and of all. The values are those of the published table, so clips are
/// mirrored at their ends.
///
/// # Errors
/// The set cannot be listed, or `stop`. Clips that cannot be used are left out, with the reason.
pub fn feature_table(
    data: &Data,
    cache_root: &Path,
    threads: usize,
    progress: &mut dyn FnMut(usize, usize),
    stop: &Control,
) -> Result<FeatureTable, DataError> {
    let Clips { classes, clips, warnings, .. } = list_clips(data, cache_root, progress, stop)?;
    let plan = GtzanFeatures::new(PadMode::Reflect)
        .map_err(|error| DataError::FrontEnd { reason: Unusable::from(error).reason() })?;
    let work = |plan: &mut GtzanFeatures, index: usize| row(plan, &clips[index]);
    let seen = in_parallel(clips.len(), threads, || plan.clone(), work, progress, stop).ok_or(DataError::Stopped)?;
    let mut table = FeatureTable { rows: Vec::new(), skipped: Vec::new(), warnings };
    for (clip, seen) in clips.into_iter().zip(seen) {
        match seen {
            Ok((length, features)) => {
                let class = classes.get(clip.label as usize).cloned().unwrap_or_default();
                table.rows.push(FeatureRow { path: clip.path, class, length, features });
            }
            Err(reason) => table.skipped.push(Skipped { path: clip.path, reason }),
        }
    }
    Ok(table)
}

fn row(plan: &mut GtzanFeatures, clip: &ListedClip) -> Result<(usize, [f64; 57]), String> {
    if let Some(reason) = clip.left_out {
        return Err(reason.to_owned());
    }
    let mut features = || -> Result<(usize, [f64; 57]), Unusable> {
        let samples = hear(clip, SAMPLE_RATE, 0.0)?;
        Ok((samples.len(), plan.of(&samples)?))
    };
    features().map_err(|error| error.reason())
}

impl FeatureTable {
    /// The table as a CSV file in GTZAN's columns: `filename`, `length`, the features, `label`. A file is named as GTZAN
    /// does, without its folder; where two of the table share a name, all are named by their paths from `base`. Numbers
    /// read back as the same numbers.
    pub fn to_csv(&self, base: &Path) -> Vec<u8> {
        let last = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut paths: HashMap<String, &Path> = HashMap::new();
        let shared = self.rows.iter().any(|row| *paths.entry(last(&row.path)).or_insert(&row.path) != row.path);
        let name = |path: &Path| match shared {
            false => last(path),
            true => path.strip_prefix(base).unwrap_or(path).to_string_lossy().into_owned(),
        };
        let mut writer = csv::Writer::from_writer(Vec::new());
        let heading = ["filename", "length"].into_iter().chain(COLUMNS).chain(["label"]);
        writer.write_record(heading).expect("rows are written into memory");
        for row in &self.rows {
            let numbers = row.features.iter().map(f64::to_string);
            let cells = [name(&row.path), row.length.to_string()].into_iter().chain(numbers);
            writer.write_record(cells.chain([row.class.clone()])).expect("rows are written into memory");
        }
        writer.into_inner().expect("memory needs no flushing")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(path: &str) -> FeatureRow {
        FeatureRow { path: path.into(), class: "a, b".into(), length: 7, features: [0.1; 57] }
    }

    #[test]
    fn files_are_named_as_briefly_as_they_can_be() {
        let table = |paths: &[&str]| {
            let rows = paths.iter().map(|path| row(path)).collect();
            let csv = FeatureTable { rows, skipped: Vec::new(), warnings: Vec::new() }.to_csv(Path::new("/set"));
            String::from_utf8(csv).expect("text")
        };
        let brief = table(&["/set/jazz/1.wav", "/set/rock/2.wav", "/set/rock/2.wav"]);
        let lines: Vec<&str> = brief.lines().collect();
        assert!(lines[1].starts_with("1.wav,7,0.1,") && lines[3].starts_with("2.wav,7,"), "{brief}");
        assert!(lines[1].ends_with(",0.1,\"a, b\""), "{brief}");
        assert_eq!(lines[0].split(',').count(), 60);
        let long = table(&["/set/jazz/1.wav", "/set/rock/1.wav"]);
        assert!(long.contains("\njazz/1.wav,") && long.contains("\nrock/1.wav,"), "{long}");
    }
}
