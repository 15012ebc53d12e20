//! Which clip is prepared next.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::data::DataError;

/// What somebody needs of a clip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Need {
    /// Which clip of the listing.
    pub place: usize,
    /// Whether its augmented copies too, and not the clip as it is alone.
    pub copies: bool,
}

impl Need {
    /// The clip as it is.
    pub fn original(place: usize) -> Self {
        Need { place, copies: false }
    }
}

/// The clips that are needed, and how far preparation has come.
#[derive(Debug)]
pub(super) struct Queue {
    /// Of each clip, whether it is met or somebody is at it.
    taken: Vec<bool>,
    /// The same of its copies.
    copied: Vec<bool>,
    /// What somebody is at. A clip may be in here twice: as it is, and later with its copies.
    busy: BTreeSet<Need>,
    /// What somebody waits for and nobody is at.
    urgent: VecDeque<Need>,
    wishes: Vec<Order>,
    /// The wish whose turn it was last.
    turn: usize,
    /// Number of the next wish.
    number: u64,
    /// What the system kept from being read, until somebody who needs just that is told.
    faults: BTreeMap<Need, DataError>,
    /// Clips that are met.
    pub(super) done: usize,
    /// How often somebody was done with a clip or its copies, or failed.
    pub(super) turns: u64,
    /// Threads at work.
    pub(super) hands: usize,
    /// Clips of each class that cannot be used.
    pub(super) unusable: Vec<usize>,
}

/// The order in which somebody needs clips.
#[derive(Debug)]
struct Order {
    number: u64,
    needs: Vec<Need>,
    /// The first that was not looked at yet.
    next: usize,
}

impl Queue {
    pub(super) fn new(clips: usize, classes: usize) -> Self {
        Queue {
            taken: vec![false; clips],
            copied: vec![false; clips],
            busy: BTreeSet::new(),
            urgent: VecDeque::new(),
            wishes: Vec::new(),
            turn: 0,
            number: 0,
            faults: BTreeMap::new(),
            done: 0,
            turns: 0,
            hands: 0,
            unusable: vec![0; classes],
        }
    }

    /// Adds a wish and gives its number.
    pub(super) fn wish(&mut self, needs: Vec<Need>) -> u64 {
        self.number += 1;
        self.wishes.push(Order { number: self.number, needs, next: 0 });
        self.number
    }

    /// Takes a wish back.
    pub(super) fn forget(&mut self, number: u64) {
        self.wishes.retain(|wish| wish.number != number);
    }

    /// Puts a clip that somebody waits for before all others, unless it is taken.
    pub(super) fn hurry(&mut self, need: Need) {
        if !self.is_taken(need) && !self.urgent.contains(&need) {
            self.urgent.push_back(need);
        }
    }

    /// Who waited for a clip does so no more.
    pub(super) fn calm(&mut self, need: Need) {
        self.urgent.retain(|urgent| *urgent != need);
    }

    fn is_taken(&self, need: Need) -> bool {
        if need.copies { self.copied[need.place] } else { self.taken[need.place] }
    }

    /// Takes the next clip: one that is waited for, else the next of the wishes in turn. None if none is needed.
    pub(super) fn take(&mut self) -> Option<Need> {
        if !self.has_work() {
            return None;
        }
        let next = self.urgent.pop_front().or_else(|| {
            let wishes = self.wishes.len();
            let mut turns = (1..=wishes).map(|by| (self.turn + by) % wishes);
            self.turn = turns.find(|turn| self.wishes[*turn].next < self.wishes[*turn].needs.len())?;
            // `has_work` has left the first that is not taken. One that fails is not taken again for the same wish.
            let wish = &mut self.wishes[self.turn];
            wish.next += 1;
            wish.needs.get(wish.next - 1).copied()
        });
        if let Some(need) = next {
            // Who makes the copies sees the clip as it is on the way.
            self.taken[need.place] = true;
            self.copied[need.place] |= need.copies;
            self.busy.insert(need);
        }
        next
    }

    /// Whether [`Queue::take`] gives something.
    pub(super) fn has_work(&mut self) -> bool {
        while self.urgent.front().is_some_and(|need| self.is_taken(*need)) {
            self.urgent.pop_front();
        }
        let Queue { taken, copied, wishes, .. } = self;
        let is_taken = |need: &Need| if need.copies { copied[need.place] } else { taken[need.place] };
        for wish in wishes.iter_mut() {
            while wish.needs.get(wish.next).is_some_and(is_taken) {
                wish.next += 1;
            }
        }
        !self.urgent.is_empty() || self.wishes.iter().any(|wish| wish.next < wish.needs.len())
    }

    /// Notes that what was taken is there.
    pub(super) fn met(&mut self, need: Need) {
        self.busy.remove(&need);
        self.faults.remove(&need);
        self.turns += 1;
    }

    /// Notes that the system kept a clip that was taken from being read. It can be taken again, unless it is `met` and its
    /// copies alone are missing, or somebody else is at it.
    pub(super) fn failed(&mut self, need: Need, fault: DataError, met: bool) {
        self.busy.remove(&need);
        let others = [false, true].map(|copies| self.busy.contains(&Need { copies, ..need }));
        self.taken[need.place] = met || others.contains(&true);
        self.copied[need.place] &= !need.copies;
        // A wish that was about to take it when somebody's hurry did would try again before that somebody is told.
        for wish in self.wishes.iter_mut().filter(|wish| wish.needs.get(wish.next) == Some(&need)) {
            wish.next += 1;
        }
        self.faults.insert(need, fault);
        self.turns += 1;
    }

    /// The fault that kept what is needed from being read, if nobody was told yet. Who needs a clip that failed on the way to
    /// its copies is not told: it can be taken again.
    pub(super) fn fault(&mut self, need: Need) -> Option<DataError> {
        self.faults.remove(&need)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(places: &[usize]) -> Vec<Need> {
        places.iter().copied().map(Need::original).collect()
    }

    #[test]
    fn wishes_take_turns_and_who_waits_comes_first() {
        let mut queue = Queue::new(8, 1);
        assert!(!queue.has_work() && queue.take().is_none());
        let first = queue.wish(plain(&[0, 1, 2, 3]));
        let second = queue.wish(plain(&[7, 1, 6]));
        let mut taken: Vec<Need> = (0..3).filter_map(|_| queue.take()).collect();
        queue.hurry(Need::original(5));
        queue.hurry(Need::original(5));
        queue.hurry(taken[0]);
        taken.extend(queue.take());
        assert_eq!(taken, plain(&[7, 0, 1, 5]));
        queue.forget(second);
        queue.hurry(Need::original(4));
        queue.calm(Need::original(4));
        let rest: Vec<Need> = (0..3).filter_map(|_| queue.take()).collect();
        assert_eq!(rest, plain(&[2, 3]));
        assert!(!queue.has_work());
        queue.forget(first);
        queue.failed(Need::original(2), DataError::Stopped, false);
        assert!(queue.take().is_none(), "nobody needs it");
        assert!(queue.fault(Need::original(2)).is_some() && queue.fault(Need::original(2)).is_none());
        queue.hurry(Need::original(2));
        assert_eq!(queue.take(), Some(Need::original(2)), "again");
    }

    #[test]
    fn copies_are_taken_once_and_the_clip_with_them() {
        let mut queue = Queue::new(3, 1);
        let copies = |place| Need { place, copies: true };
        queue.wish(vec![copies(0), Need::original(0), Need::original(1), copies(1), copies(0)]);
        let taken: Vec<Need> = (0..3).filter_map(|_| queue.take()).collect();
        assert_eq!(taken, [copies(0), Need::original(1), copies(1)]);
        assert!(!queue.has_work());
        // Of a clip that is there, the copies alone are missing.
        queue.failed(copies(1), DataError::Stopped, true);
        assert!(!queue.has_work(), "who wished for it is to be told first");
        queue.hurry(Need::original(1));
        assert!(!queue.has_work());
        queue.hurry(copies(1));
        assert_eq!(queue.take(), Some(copies(1)));
        queue.failed(copies(2), DataError::Stopped, false);
        queue.hurry(Need::original(2));
        assert_eq!(queue.take(), Some(Need::original(2)));
    }

    #[test]
    fn a_wish_does_not_try_again_what_failed_for_who_waits() {
        let mut queue = Queue::new(3, 1);
        queue.wish(plain(&[0, 1, 2]));
        let [first, second] = [Need::original(0), Need::original(1)];
        assert_eq!(queue.take(), Some(first));
        queue.met(first);
        queue.hurry(second);
        assert_eq!(queue.take(), Some(second));
        queue.failed(second, DataError::Stopped, false);
        assert_eq!(queue.take(), Some(Need::original(2)));
        assert!(queue.take().is_none() && queue.fault(second).is_some());
    }

    // Who waited for the copies took the fault of the clip as it is, and who waited for that was told nothing.
    #[test]
    fn a_fault_is_told_to_who_needs_just_that() {
        let mut queue = Queue::new(2, 1);
        let copies = |place| Need { place, copies: true };
        queue.wish(vec![Need::original(0), copies(0), Need::original(1), copies(1)]);
        let taken: Vec<Need> = (0..4).filter_map(|_| queue.take()).collect();
        assert_eq!(taken, [Need::original(0), copies(0), Need::original(1), copies(1)]);
        queue.failed(Need::original(0), DataError::Stopped, false);
        assert!(queue.fault(copies(0)).is_none() && queue.fault(Need::original(0)).is_some());
        queue.hurry(Need::original(0));
        assert!(!queue.has_work(), "somebody is at it for its copies");
        queue.failed(copies(0), DataError::Stopped, false);
        assert!(queue.fault(Need::original(0)).is_none() && queue.fault(copies(0)).is_some());
        queue.hurry(Need::original(0));
        assert_eq!(queue.take(), Some(Need::original(0)), "nobody is at it");
        queue.failed(copies(1), DataError::Stopped, false);
        queue.hurry(Need::original(1));
        assert!(!queue.has_work(), "somebody is at the clip as it is");
        queue.met(Need::original(1));
        assert!(queue.fault(copies(1)).is_some());
    }
}
