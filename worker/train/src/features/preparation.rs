//! The clips of a data set as a front end sees them: prepared in the background, in the order in which they are needed.

use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::meet::{Clip, Meeting, Met, panicked};
use super::permits::Permits;
use super::queue::{Need, Queue};
use super::{Sight, Skipped};
use crate::Control;
use crate::cache::FeatureCache;
use crate::data::{Clips, DataError, ListedClip};

/// How often somebody who waits looks whether to stop and passes progress on.
const LOOK: Duration = Duration::from_millis(50);

/// The clips of one listing. Nothing is prepared until somebody wishes or waits; then a bounded number of threads prepares
/// what is needed, and they end when nothing more is. What a clip is prepared to, or whether it can be used, is a function
/// of its file and the front end alone: the order decides only when it is known. Augmented copies are made of the clips
/// whose copies somebody needs: for trials that share a listing these may be different ones. Dropping it waits for the
/// clips in progress.
pub struct Preparation {
    shared: Arc<Shared>,
}

/// How somebody waits.
pub struct Waiting<'a> {
    progress: &'a mut dyn FnMut(usize, usize),
    pub(crate) stop: &'a Control,
    waited: Duration,
}

/// The order in which somebody needs clips. Dropping it tells that they are needed no more.
#[derive(Debug)]
pub struct Wish<'a> {
    preparation: &'a Preparation,
    number: u64,
}

struct Shared {
    clips: Vec<ListedClip>,
    classes: Vec<String>,
    met: Vec<OnceLock<Met>>,
    queue: Mutex<Queue>,
    /// Notified when a clip is met or has failed.
    changed: Condvar,
    /// More than half of a class cannot be used.
    ruined: AtomicBool,
    /// Nobody uses it any more.
    closing: AtomicBool,
    sight: Mutex<Box<dyn Sight>>,
    /// Of each clip.
    copies: usize,
    cache: Arc<FeatureCache>,
    permits: Arc<Permits>,
    threads: usize,
    hands: Mutex<Vec<JoinHandle<()>>>,
}

/// A panic elsewhere leaves what is locked here whole: each change is one assignment or call.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Preparation {
    /// Of the clips of `listed` as `sight` sees them, on at most `threads` threads of those that `permits` lets work.
    pub(crate) fn new(
        listed: &Clips,
        sight: Box<dyn Sight>,
        cache: Arc<FeatureCache>,
        permits: Arc<Permits>,
        threads: usize,
    ) -> Self {
        let shared = Shared {
            met: listed.clips.iter().map(|_| OnceLock::new()).collect(),
            queue: Mutex::new(Queue::new(listed.clips.len(), listed.classes.len())),
            clips: listed.clips.clone(),
            classes: listed.classes.clone(),
            changed: Condvar::new(),
            ruined: AtomicBool::new(false),
            closing: AtomicBool::new(false),
            copies: sight.views().saturating_sub(1),
            sight: Mutex::new(sight),
            cache,
            permits,
            threads: threads.max(1),
            hands: Mutex::default(),
        };
        Preparation { shared: Arc::new(shared) }
    }

    /// Clips of the listing.
    pub fn len(&self) -> usize {
        self.shared.clips.len()
    }

    /// The clip at `place`, which is below [`Preparation::len`], as it is listed.
    pub(crate) fn listed(&self, place: usize) -> &ListedClip {
        &self.shared.clips[place]
    }

    /// Whether none is listed.
    pub fn is_empty(&self) -> bool {
        self.shared.clips.is_empty()
    }

    /// Begins to prepare what is needed, in that order. Wishes of several take turns.
    pub fn wish(&self, mut needs: Vec<Need>) -> Wish<'_> {
        needs.iter_mut().for_each(|need| *need = self.shared.possible(*need));
        let mut queue = locked(&self.shared.queue);
        let number = queue.wish(needs);
        // Without a thread nothing begins; who waits then hears why.
        let _ = self.hire(&mut queue);
        Wish { preparation: self, number }
    }

    /// The clip at `place` of the listing if it is met and can be used. Does not wait.
    pub fn get(&self, place: usize) -> Option<&Clip> {
        self.shared.met.get(place)?.get()?.clip()
    }

    /// Waits for a clip, whose place is below [`Preparation::len`], and for its copies if they are needed. None if it cannot be
    /// used.
    ///
    /// # Errors
    /// [`DataError::Stopped`]; the system keeps the clip from being read, which may go better the next time; so many clips of
    /// its class turned out to be of no use that the data set is refused.
    pub fn wait(&self, need: Need, waiting: &mut Waiting<'_>) -> Result<Option<&Clip>, DataError> {
        let met = self.met(need, waiting)?;
        self.refuse_ruin()?;
        Ok(met.clip())
    }

    /// Waits for all clips as they are, wishing for them in the order of the listing.
    ///
    /// # Errors
    /// As for [`Preparation::wait`].
    pub fn wait_all(&self, waiting: &mut Waiting<'_>) -> Result<(), DataError> {
        self.wait_each((0..self.len()).map(Need::original).collect(), waiting)
    }

    /// Waits for all that is needed, wishing for it in that order.
    ///
    /// # Errors
    /// As for [`Preparation::wait`].
    pub fn wait_each(&self, needs: Vec<Need>, waiting: &mut Waiting<'_>) -> Result<(), DataError> {
        let _wish = self.wish(needs.clone());
        for need in needs {
            self.met(need, waiting)?;
        }
        self.refuse_ruin()
    }

    /// Clips that are met and cannot be used, in the order of the listing.
    pub fn skipped(&self) -> Vec<Skipped> {
        let reason = |(clip, met): (&ListedClip, &OnceLock<Met>)| {
            let reason = met.get()?.reason()?.to_owned();
            Some(Skipped { path: clip.path.clone(), reason })
        };
        self.shared.clips.iter().zip(&self.shared.met).filter_map(reason).collect()
    }

    /// How many copies of clips are known to be of no use, the clip of the first, and why.
    pub(crate) fn flaws(&self) -> Option<(usize, Skipped)> {
        let clips = self.shared.clips.iter().enumerate();
        let mut flaws = clips.flat_map(|(place, listed)| {
            let reasons = self.get(place).into_iter().flat_map(Clip::flaws);
            reasons.map(|reason| Skipped { path: listed.path.clone(), reason: reason.to_owned() })
        });
        let first = flaws.next()?;
        Some((1 + flaws.count(), first))
    }

    /// Clips of `places` that are not known to be of no use.
    pub(crate) fn hopeful(&self, places: &[usize]) -> usize {
        let unusable = |place: &&usize| self.shared.met[**place].get().is_some_and(|met| met.reason().is_some());
        places.len() - places.iter().filter(unusable).count()
    }

    /// Bytes of the views that are met, in memory or mapped.
    pub(crate) fn bytes(&self) -> usize {
        let clips = (0..self.len()).filter_map(|place| self.get(place));
        clips.flat_map(Clip::views).map(crate::cache::View::bytes).sum()
    }

    fn met(&self, need: Need, waiting: &mut Waiting<'_>) -> Result<&Met, DataError> {
        let shared = &*self.shared;
        let need = shared.possible(need);
        if let Some(met) = shared.ready(need) {
            return Ok(met);
        }
        let began = Instant::now();
        let met = self.wait_for(need, waiting);
        waiting.add(began.elapsed());
        met
    }

    fn wait_for(&self, need: Need, waiting: &mut Waiting<'_>) -> Result<&Met, DataError> {
        let shared = &*self.shared;
        let mut queue = locked(&shared.queue);
        loop {
            if let Some(met) = shared.ready(need) {
                return Ok(met);
            }
            if let Some(fault) = queue.fault(need) {
                return Err(fault);
            }
            if waiting.stop.stopped() {
                queue.calm(need);
                return Err(DataError::Stopped);
            }
            queue.hurry(need);
            self.hire(&mut queue)?;
            let (done, turns) = (queue.done, queue.turns);
            drop(queue);
            (waiting.progress)(done, shared.clips.len());
            queue = locked(&shared.queue);
            if queue.turns == turns {
                queue = shared.changed.wait_timeout(queue, LOOK).unwrap_or_else(PoisonError::into_inner).0;
            }
        }
    }

    /// Starts threads while there is work for more.
    fn hire(&self, queue: &mut Queue) -> Result<(), DataError> {
        while queue.hands < self.shared.threads && queue.has_work() {
            let shared = self.shared.clone();
            let started = thread::Builder::new().name("features".to_owned()).spawn(move || shared.work());
            match started {
                Ok(hand) => {
                    queue.hands += 1;
                    let mut hands = locked(&self.shared.hands);
                    hands.retain(|hand| !hand.is_finished());
                    hands.push(hand);
                }
                Err(_) if queue.hands > 0 => break,
                Err(source) => {
                    let action = "start a thread to prepare";
                    return Err(DataError::Io { action, path: self.shared.clips[0].path.clone(), source });
                }
            }
        }
        Ok(())
    }

    /// A class of which more than half is missing is no longer what the recipe asks for.
    fn refuse_ruin(&self) -> Result<(), DataError> {
        let shared = &*self.shared;
        if !shared.ruined.load(Ordering::Acquire) {
            return Ok(());
        }
        for (label, class) in shared.classes.iter().enumerate() {
            let of_class = || shared.clips.iter().zip(&shared.met).filter(|(clip, _)| clip.label as usize == label);
            let mut unusable = of_class().filter_map(|(clip, met)| Some((clip, met.get()?.reason()?)));
            let Some((first, reason)) = unusable.next() else { continue };
            let (skipped, listed) = (1 + unusable.count(), of_class().count());
            if 2 * skipped > listed {
                return Err(DataError::TooManySkipped {
                    class: class.clone(),
                    skipped,
                    listed,
                    first: first.path.clone(),
                    reason: reason.to_owned(),
                });
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Preparation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let queue = locked(&self.shared.queue);
        f.debug_struct("Preparation").field("clips", &self.len()).field("done", &queue.done).finish_non_exhaustive()
    }
}

impl<'a> Waiting<'a> {
    /// `progress` is called, at most every 50 ms, while there is something to wait for: with the clips of the listing that are
    /// met, and all. `stop` ends the wait.
    pub fn new(progress: &'a mut dyn FnMut(usize, usize), stop: &'a Control) -> Self {
        Waiting { progress, stop, waited: Duration::ZERO }
    }

    /// How long was waited for clips so far; exactly zero if all were there.
    pub(crate) fn waited(&self) -> Duration {
        self.waited
    }

    /// Counts a wait elsewhere.
    pub(crate) fn add(&mut self, waited: Duration) {
        self.waited += waited;
    }
}

impl fmt::Debug for Waiting<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiting").field("stop", self.stop).finish_non_exhaustive()
    }
}

impl Drop for Preparation {
    fn drop(&mut self) {
        self.shared.closing.store(true, Ordering::Relaxed);
        for hand in std::mem::take(&mut *locked(&self.shared.hands)) {
            // Its panic was somebody's bug, and is on stderr.
            let _ = hand.join();
        }
    }
}

impl Drop for Wish<'_> {
    fn drop(&mut self) {
        locked(&self.preparation.shared.queue).forget(self.number);
    }
}

impl Shared {
    /// What can be had of what is needed.
    fn possible(&self, need: Need) -> Need {
        Need { copies: need.copies && self.copies > 0, ..need }
    }

    /// What is needed, once it is there.
    fn ready(&self, need: Need) -> Option<&Met> {
        self.met[need.place].get().filter(|met| !need.copies || met.is_whole())
    }

    /// What a thread does: prepares the next clip that is needed, until none is.
    fn work(&self) {
        let fresh = || locked(&self.sight).fork();
        let mut sight = fresh();
        loop {
            // Leave first, then the clip: what is needed most may change while one waits.
            let permit = self.permits.wait(|| self.closing.load(Ordering::Relaxed));
            let need = {
                let mut queue = locked(&self.queue);
                let taken = permit.as_ref().and_then(|_| queue.take());
                let Some(need) = taken else {
                    queue.hands -= 1;
                    return;
                };
                need
            };
            let meeting = Meeting { clip: &self.clips[need.place], cache: &self.cache };
            let mut meet = |copies| {
                catch_unwind(AssertUnwindSafe(|| meeting.meet(&mut *sight, copies))).map_err(|panic| {
                    // What it panicked in the middle of is not used again.
                    sight = fresh();
                    panicked(&*panic)
                })
            };
            let met = meet(need.copies).or_else(|reason| {
                // The clip as it is may be of use all the same.
                let alone = if need.copies { meet(false)? } else { return Err(reason) };
                Ok(alone.map(|met| met.without_copies(&reason, self.copies)))
            });
            drop(permit);
            self.settle(need, met.unwrap_or_else(|reason| Ok(Met::Unusable(reason))));
        }
    }

    fn settle(&self, need: Need, met: Result<Met, DataError>) {
        let clip = &self.clips[need.place];
        let known = &self.met[need.place];
        let mut queue = locked(&self.queue);
        if let Ok(Met::Clip(clip)) = &met
            && let Some(reason) = clip.flaws().next()
        {
            tracing::warn!(file = %self.clips[need.place].path.display(), reason, "a copy of the clip is passed over");
        }
        match (met, known.get()) {
            (Ok(met), Some(known)) => match known.join(met) {
                true => queue.met(need),
                false => {
                    let source = io::Error::other("it was changed while it was in use");
                    queue.failed(need, DataError::io("read", &clip.path)(source), true);
                }
            },
            (Ok(met), None) => {
                if let Some(reason) = met.reason() {
                    tracing::warn!(file = %clip.path.display(), reason, "the clip is skipped");
                    let label = clip.label as usize;
                    let listed = || self.clips.iter().filter(|other| other.label == clip.label).count();
                    if let Some(count) = queue.unusable.get_mut(label) {
                        *count += 1;
                        if 2 * *count > listed() {
                            self.ruined.store(true, Ordering::Release);
                        }
                    }
                }
                queue.met(need);
                queue.done += 1;
                // The lock on the queue keeps others from it.
                let _ = known.set(met);
            }
            (Err(fault), known) => queue.failed(need, fault, known.is_some()),
        }
        drop(queue);
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests;
