//! Files that are the same.

use std::collections::BTreeMap;

use super::sounds::Surveyed;

/// In which way files are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Same {
    /// Byte for byte.
    Bytes,
    /// They differ in their bytes and give the same samples, such as a file and its lossless copy.
    Sound,
}

/// Files that are the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duplicates {
    /// In which way.
    pub same: Same,
    /// Their places in the list of files, ascending; at least two.
    pub files: Vec<usize>,
    /// Whether they are of more than one class, so that one of them must be wrong.
    pub across_classes: bool,
    /// Whether they are on more than one side of the split, so that a net is tested on what it has learnt.
    pub across_sides: bool,
}

/// Finds all duplicates: first those of bytes, then those of sound, each in the order of their first files.
pub(super) fn find(files: &[Surveyed]) -> Vec<Duplicates> {
    let mut bytes: BTreeMap<[u8; 32], Vec<usize>> = BTreeMap::new();
    let mut sounds: BTreeMap<[u8; 32], Vec<usize>> = BTreeMap::new();
    for (index, file) in files.iter().enumerate() {
        // Empty files are the same and no copies.
        if let Some(content) = file.report.content.filter(|_| file.report.bytes > 0) {
            bytes.entry(*content.as_bytes()).or_default().push(index);
        }
        if let Ok(heard) = &file.report.heard {
            sounds.entry(*heard.sound.as_bytes()).or_default().push(index);
        }
    }
    // Where all bytes are the same the sound need not be told of; silence of one length is no copy.
    sounds.retain(|_, same| {
        let first = files[same[0]].report.content;
        let audible = files[same[0]].report.heard.as_ref().is_ok_and(|heard| heard.levels.peak > 0.0);
        audible && same.iter().any(|index| files[*index].report.content != first)
    });
    let mut found = gather(files, bytes, Same::Bytes);
    found.extend(gather(files, sounds, Same::Sound));
    found
}

fn gather(files: &[Surveyed], sets: BTreeMap<[u8; 32], Vec<usize>>, same: Same) -> Vec<Duplicates> {
    let mut found: Vec<Duplicates> = sets
        .into_values()
        .filter(|set| set.len() > 1)
        .map(|set| {
            let differ = |by: &dyn Fn(&Surveyed) -> Option<usize>| {
                let mut values = set.iter().filter_map(|index| by(&files[*index]));
                values.next().is_some_and(|first| values.any(|value| value != first))
            };
            let across_classes = differ(&|file| Some(file.label as usize));
            let across_sides = differ(&|file| file.side.map(|side| side as usize));
            Duplicates { same, across_classes, across_sides, files: set }
        })
        .collect();
    found.sort_by_key(|set| set.files[0]);
    found
}
