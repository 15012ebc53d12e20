//! Pictures of all clips of a data set, from the cache or made anew, on several threads.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::SystemTime;

use super::skipped::Unusable;
use super::{FrontEnd, Skipped};
use crate::Control;
use crate::cache::{FeatureCache, hash_file, key};
use crate::data::{Clips, DataError, ListedClip};

/// The pictures of a listing.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// Usable clips x channels x rows x columns.
    pub(crate) inputs: Vec<f32>,
    /// For each listed clip its place among the usable ones.
    pub(crate) places: Vec<Option<usize>>,
    /// The others, in the order of the listing.
    pub(crate) skipped: Vec<Skipped>,
}

/// What became of one clip.
enum Seen {
    Picture(Vec<f32>),
    Unusable(String),
}

/// Prepares all clips of `listed` on `threads` threads. `progress` is told, on the caller's thread, of the clips that are
/// done and of all clips. The result does not depend on the number of threads.
///
/// # Errors
/// More than half of a class cannot be used; the disk fails; no memory; `stop`.
pub(crate) fn prepare(
    listed: &Clips,
    front_end: &FrontEnd,
    cache: &FeatureCache,
    threads: usize,
    progress: &mut dyn FnMut(usize, usize),
    stop: &Control,
) -> Result<Prepared, DataError> {
    let clips = &listed.clips;
    let size: usize = front_end.shape().iter().product();
    let mut inputs = zeros(clips.len(), size)?;
    let mut reasons: Vec<Option<String>> = vec![None; clips.len()];
    progress(0, clips.len());
    let (next, halt) = (AtomicUsize::new(0), AtomicBool::new(false));
    let threads = threads.clamp(1, clips.len().max(1));
    let (sender, receiver) = mpsc::sync_channel(2 * threads);
    thread::scope(|scope| {
        for _ in 0..threads {
            let (sender, mut front_end) = (sender.clone(), front_end.clone());
            let (next, halt) = (&next, &halt);
            scope.spawn(move || {
                let identity = front_end.identity();
                while !halt.load(Ordering::Relaxed) && !stop.stopped() {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(clip) = clips.get(index) else { return };
                    let seen = see(clip, &mut front_end, &identity, cache);
                    if sender.send((index, seen)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let mut done = 0;
        for (index, seen) in receiver {
            match seen {
                Ok(Seen::Picture(values)) => inputs[index * size..][..size].copy_from_slice(&values),
                Ok(Seen::Unusable(reason)) => reasons[index] = Some(reason),
                Err(fault) => {
                    halt.store(true, Ordering::Relaxed);
                    return Err(fault);
                }
            }
            done += 1;
            progress(done, clips.len());
        }
        if done == clips.len() { Ok(()) } else { Err(DataError::Stopped) }
    })?;
    refuse_ruins(listed, &reasons)?;
    Ok(compact(inputs, size, clips, reasons))
}

fn zeros(examples: usize, values: usize) -> Result<Vec<f32>, DataError> {
    let full = || DataError::Memory { examples, values };
    let count = examples.checked_mul(values).ok_or_else(full)?;
    let mut zeros = Vec::new();
    zeros.try_reserve_exact(count).map_err(|_| full())?;
    zeros.resize(count, 0.0);
    Ok(zeros)
}

/// One clip's picture, from the cache if it is there.
fn see(clip: &ListedClip, front_end: &mut FrontEnd, identity: &str, cache: &FeatureCache) -> Result<Seen, DataError> {
    let path = clip.path.as_path();
    let before = stamp(path);
    // A file that cannot be hashed is left to the decoder, which says why.
    let key = hash_file(path).ok().map(|content| key(&content, identity));
    let shape = front_end.shape();
    if let Some(values) = key.and_then(|key| cache.get(&key, &shape)) {
        return Ok(Seen::Picture(values));
    }
    match front_end.see(path) {
        Ok(values) => {
            // A file that changed between hashing and decoding must not be stored under the hash of what it was.
            if let Some(key) = key
                && before.is_some()
                && stamp(path) == before
            {
                cache.put(&key, &shape, &values);
            }
            Ok(Seen::Picture(values))
        }
        Err(error) if error.is_fault() => Err(fault(path, error)),
        Err(error) => Ok(Seen::Unusable(error.reason())),
    }
}

fn fault(path: &Path, error: Unusable) -> DataError {
    use gliss_audio::decode::DecodeError::{Open, Read};
    match error {
        Unusable::Decode(Open { source } | Read { source }) => DataError::io("read", path)(source),
        other => DataError::io("read", path)(std::io::Error::other(other.reason())),
    }
}

fn stamp(path: &Path) -> Option<(u64, SystemTime)> {
    let found = fs::metadata(path).ok()?;
    Some((found.len(), found.modified().ok()?))
}

/// A class of which more than half is missing is no longer what the recipe asks for.
fn refuse_ruins(listed: &Clips, reasons: &[Option<String>]) -> Result<(), DataError> {
    for (label, class) in listed.classes.iter().enumerate() {
        let of_class = || listed.clips.iter().zip(reasons).filter(|(clip, _)| clip.label as usize == label);
        let mut unusable = of_class().filter_map(|(clip, reason)| Some((clip, reason.as_ref()?)));
        let Some((first, reason)) = unusable.next() else { continue };
        let (skipped, count) = (1 + unusable.count(), of_class().count());
        if 2 * skipped > count {
            return Err(DataError::TooManySkipped {
                class: class.clone(),
                skipped,
                listed: count,
                first: first.path.clone(),
                reason: reason.clone(),
            });
        }
    }
    Ok(())
}

/// Closes the gaps that unusable clips leave.
fn compact(mut inputs: Vec<f32>, size: usize, clips: &[ListedClip], reasons: Vec<Option<String>>) -> Prepared {
    let (mut places, mut skipped) = (Vec::with_capacity(clips.len()), Vec::new());
    let mut place = 0;
    for (index, (clip, reason)) in clips.iter().zip(reasons).enumerate() {
        if let Some(reason) = reason {
            skipped.push(Skipped { path: clip.path.clone(), reason });
            places.push(None);
            continue;
        }
        if place != index {
            inputs.copy_within(index * size..(index + 1) * size, place * size);
        }
        places.push(Some(place));
        place += 1;
    }
    inputs.truncate(place * size);
    inputs.shrink_to_fit();
    Prepared { inputs, places, skipped }
}
