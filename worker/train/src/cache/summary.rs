//! What the cache holds, for people.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::time::SystemTime;

use super::entry::{HEAD, Head};
use super::folder::{self, Format, Found};
use super::limit;

/// What the cache holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheSummary {
    /// Entries: one for each view of a clip.
    pub entries: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Bytes that it may hold; `u64::MAX` for no limit.
    pub limit: u64,
    /// Entries by front end, the largest first.
    pub front_ends: Vec<OfFrontEnd>,
    /// When the entry that was used longest ago was used; none if there are no entries.
    pub oldest: Option<SystemTime>,
    /// When an entry was last used.
    pub newest: Option<SystemTime>,
    /// Files that writers left when they were killed. Those of writers that are at work now count too, for the moment.
    pub leftovers: Leftovers,
}

/// The entries of one front end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfFrontEnd {
    /// The front end in its own words; "of an older version" for entries that an older version of this program wrote,
    /// "unknown" for damaged ones.
    pub front_end: String,
    /// Entries.
    pub entries: u64,
    /// Bytes.
    pub bytes: u64,
    /// When one was last used.
    pub newest: SystemTime,
}

/// Files without use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Leftovers {
    /// Files.
    pub files: u64,
    /// Bytes.
    pub bytes: u64,
}

/// Looks at the cache below `cache_root`: lists it and reads the head of each entry. A folder that is not there is empty.
///
/// # Errors
/// The folder cannot be listed.
pub fn summary(cache_root: &Path) -> io::Result<CacheSummary> {
    let contents = folder::list(&folder::of(cache_root))?;
    let mut front_ends: BTreeMap<String, OfFrontEnd> = BTreeMap::new();
    for entry in &contents.entries {
        let front_end = front_end(entry);
        let fresh = OfFrontEnd { front_end: front_end.clone(), entries: 0, bytes: 0, newest: entry.used };
        let group = front_ends.entry(front_end).or_insert(fresh);
        group.entries += 1;
        group.bytes += entry.bytes;
        group.newest = group.newest.max(entry.used);
    }
    let mut front_ends: Vec<OfFrontEnd> = front_ends.into_values().collect();
    front_ends.sort_by_key(|group| std::cmp::Reverse(group.bytes));
    let used = || contents.entries.iter().map(|entry| entry.used);
    Ok(CacheSummary {
        entries: contents.entries.len() as u64,
        bytes: contents.bytes(),
        limit: limit(),
        front_ends,
        oldest: used().min(),
        newest: used().max(),
        leftovers: Leftovers {
            files: contents.temporary.len() as u64,
            bytes: contents.temporary.iter().map(|(_, bytes, _)| bytes).sum(),
        },
    })
}

fn front_end(entry: &Found) -> String {
    if entry.format == Format::One {
        return "of an older version".to_owned();
    }
    let read = || {
        let mut head = Vec::with_capacity(HEAD);
        File::open(&entry.path).ok()?.take(HEAD as u64).read_to_end(&mut head).ok()?;
        Head::decode(&head)
    };
    read().map_or_else(|| "unknown".to_owned(), |head| head.summary)
}
