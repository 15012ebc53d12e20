//! One clip, from the cache or seen anew.

use std::any::Any;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::OnceLock;
use std::time::SystemTime;

use gliss_audio::picture::png::PngError;

use super::skipped::Unusable;
use super::{Seen, Sight};
use crate::cache::{Address, Content, FeatureCache, Key, View, hash_file};
use crate::data::{DataError, EmbeddingError, ListedClip};

/// A file that changes while it is read is read again so many times.
const TRIES: usize = 3;

/// A clip as a front end sees it.
#[derive(Debug)]
pub struct Clip {
    content: blake3::Hash,
    original: View,
    /// Filled once somebody needs them: each is one, or why it is none.
    copies: OnceLock<Vec<Result<View, String>>>,
}

/// What became of a clip.
#[derive(Debug)]
pub(super) enum Met {
    Clip(Clip),
    Unusable(String),
}

/// A clip that is about to be met.
#[derive(Debug)]
pub(super) struct Meeting<'a> {
    pub(super) clip: &'a ListedClip,
    pub(super) cache: &'a FeatureCache,
}

impl Clip {
    /// BLAKE3 of the file. What is drawn for a clip is drawn from this, so that it is the same wherever the file lies.
    pub fn content(&self) -> &blake3::Hash {
        &self.content
    }

    /// The clip as it is.
    pub fn original(&self) -> &View {
        &self.original
    }

    /// View `number`: 0 is the clip as it is, others are its augmented copies. None for a copy that nobody has needed yet or
    /// that could not be made.
    pub fn view(&self, number: usize) -> Option<&View> {
        match number.checked_sub(1) {
            None => Some(&self.original),
            Some(copy) => self.copies.get()?.get(copy)?.as_ref().ok(),
        }
    }

    /// The clip as it is, then those of its copies that are there.
    pub fn views(&self) -> impl Iterator<Item = &View> {
        let copies = self.copies.get().into_iter().flatten().filter_map(|copy| copy.as_ref().ok());
        std::iter::once(&self.original).chain(copies)
    }

    /// Why copies could not be made.
    pub(super) fn flaws(&self) -> impl Iterator<Item = &str> {
        self.copies.get().into_iter().flatten().filter_map(|copy| copy.as_ref().err().map(String::as_str))
    }
}

impl Met {
    pub(super) fn clip(&self) -> Option<&Clip> {
        match self {
            Met::Clip(clip) => Some(clip),
            Met::Unusable(_) => None,
        }
    }

    pub(super) fn reason(&self) -> Option<&str> {
        match self {
            Met::Clip(_) => None,
            Met::Unusable(reason) => Some(reason),
        }
    }

    /// Whether nothing of it is missing: neither the clip nor copies that could be made.
    pub(super) fn is_whole(&self) -> bool {
        match self {
            Met::Clip(clip) => clip.copies.get().is_some(),
            Met::Unusable(_) => true,
        }
    }

    /// The same clip without copies, and why.
    pub(super) fn without_copies(self, reason: &str, count: usize) -> Self {
        if let Met::Clip(clip) = &self {
            // A clip that was met as it is has none.
            let _ = clip.copies.set((0..count).map(|_| Err(reason.to_owned())).collect());
        }
        self
    }

    /// Takes the copies of a later meeting with the same clip. Whether it was the same file.
    pub(super) fn join(&self, later: Met) -> bool {
        match (self, later) {
            (Met::Clip(clip), Met::Clip(later)) if clip.content == later.content => {
                if let Some(copies) = later.copies.into_inner() {
                    // Those that are there are the same.
                    let _ = clip.copies.set(copies);
                }
                true
            }
            (known, _) => known.is_whole(),
        }
    }
}

/// A clip that the front end panicked over is skipped: one file must not end every trial.
pub(super) fn panicked(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or(panic.downcast_ref::<String>().map(String::as_str));
    let text = text.unwrap_or("no reason given");
    format!("the front end panicked, which is a bug; please report it with the file: {text}")
}

impl Meeting<'_> {
    /// Meets the clip, with its copies if they are needed.
    ///
    /// # Errors
    /// The system keeps the file from being read.
    pub(super) fn meet(&self, sight: &mut dyn Sight, copies: bool) -> Result<Met, DataError> {
        if let Some(reason) = self.clip.left_out {
            return Ok(Met::Unusable(reason.to_owned()));
        }
        let path = self.clip.path.as_path();
        for tries_left in (0..TRIES).rev() {
            let before = stamp(path);
            let Some(hashed) = before.as_ref().map(|_| hash_file(path)) else { return self.explain(sight, None) };
            let content = match hashed {
                Ok(content) => content,
                Err(error) => return self.explain(sight, Some(error)),
            };
            let (precision, count) = (sight.precision(), if copies { sight.views().max(1) } else { 1 });
            let key = |view| Address { content: &content, identity: &sight.identity(self.clip, view), precision }.key();
            let keys: Vec<Key> = (0..count).map(key).collect();
            let accepts = |shape: &[usize]| sight.accepts(shape);
            let cached = |key: &Key| self.cache.get(key, precision, &accepts).map(Ok);
            let mut views: Vec<Option<Result<View, Unusable>>> = keys.iter().map(cached).collect();
            let missing: Vec<usize> = (0..count).filter(|view| views[*view].is_none()).collect();
            if !missing.is_empty() {
                let seen = match sight.see(self.clip, &content, &missing) {
                    Ok(seen) => seen,
                    Err(error) => return self.refuse(error),
                };
                assert_eq!(seen.len(), missing.len(), "a front end gives the views it is asked for");
                // A file that changed between hashing and decoding must not be stored under the hash of what it was.
                let whole = stamp(path) == before;
                if !whole && tries_left > 0 {
                    continue;
                }
                let summary = sight.summary();
                for (view, seen) in missing.into_iter().zip(seen) {
                    let kept = seen.map(|Seen { shape, values }| {
                        assert!(sight.accepts(&shape), "a front end accepts what it saw: {shape:?}");
                        let content = Content { precision, summary: &summary, shape: &shape, values: &values };
                        self.cache.put(&keys[view], &content, whole)
                    });
                    views[view] = Some(kept);
                }
            }
            let mut views = views.into_iter().flatten();
            return match views.next().expect("the clip as it is was asked for") {
                Ok(original) => {
                    let made: Vec<_> = views.map(|copy| copy.map_err(|error| error.reason())).collect();
                    let copies = if copies { OnceLock::from(made) } else { OnceLock::new() };
                    Ok(Met::Clip(Clip { content, original, copies }))
                }
                Err(error) => self.refuse(error),
            };
        }
        unreachable!("the last try returns")
    }

    /// A file that cannot be hashed is left to the decoder, which says why.
    fn explain(&self, sight: &mut dyn Sight, error: Option<io::Error>) -> Result<Met, DataError> {
        match sight.see(self.clip, &blake3::hash(b""), &[0]) {
            Err(unusable) => self.refuse(unusable),
            Ok(_) => {
                let error = error.unwrap_or_else(|| io::Error::other("it was not there a moment ago"));
                Err(DataError::io("read", &self.clip.path)(error))
            }
        }
    }

    fn refuse(&self, error: Unusable) -> Result<Met, DataError> {
        use gliss_audio::decode::DecodeError::{Open, Read};
        let io = DataError::io("read", &self.clip.path);
        match error {
            error if !error.is_fault() => Ok(Met::Unusable(error.reason())),
            Unusable::Decode(Open { source } | Read { source })
            | Unusable::Image(PngError::Io(source))
            | Unusable::Vector(EmbeddingError::Io { source, .. }) => Err(io(source)),
            other => Err(io(io::Error::other(other.reason()))),
        }
    }
}

/// What tells whether a file was changed; none if it is not a regular file.
fn stamp(path: &Path) -> Option<(u64, SystemTime)> {
    let found = fs::metadata(path).ok()?;
    if !found.is_file() {
        return None;
    }
    Some((found.len(), found.modified().ok()?))
}
