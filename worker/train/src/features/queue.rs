//! Which clip is prepared next.

use std::collections::{BTreeMap, VecDeque};

use crate::data::DataError;

/// The clips that are needed, and how far preparation has come.
#[derive(Debug)]
pub(super) struct Queue {
    /// Of each clip, whether it is met or somebody is at it.
    taken: Vec<bool>,
    /// Clips that somebody waits for and nobody is at.
    urgent: VecDeque<usize>,
    wishes: Vec<Order>,
    /// The wish whose turn it was last.
    turn: usize,
    /// Number of the next wish.
    number: u64,
    /// Clips that the system kept from being read, until somebody who needs them is told.
    faults: BTreeMap<usize, DataError>,
    /// Clips that are met.
    pub(super) done: usize,
    /// Threads at work.
    pub(super) hands: usize,
    /// Clips of each class that cannot be used.
    pub(super) unusable: Vec<usize>,
}

/// The order in which somebody needs clips.
#[derive(Debug)]
struct Order {
    number: u64,
    places: Vec<usize>,
    /// The first that was not looked at yet.
    next: usize,
}

impl Queue {
    pub(super) fn new(clips: usize, classes: usize) -> Self {
        Queue {
            taken: vec![false; clips],
            urgent: VecDeque::new(),
            wishes: Vec::new(),
            turn: 0,
            number: 0,
            faults: BTreeMap::new(),
            done: 0,
            hands: 0,
            unusable: vec![0; classes],
        }
    }

    /// Adds a wish and gives its number.
    pub(super) fn wish(&mut self, places: Vec<usize>) -> u64 {
        self.number += 1;
        self.wishes.push(Order { number: self.number, places, next: 0 });
        self.number
    }

    /// Takes a wish back.
    pub(super) fn forget(&mut self, number: u64) {
        self.wishes.retain(|wish| wish.number != number);
    }

    /// Puts a clip that somebody waits for before all others, unless it is taken.
    pub(super) fn hurry(&mut self, place: usize) {
        if !self.taken[place] && !self.urgent.contains(&place) {
            self.urgent.push_back(place);
        }
    }

    /// Who waited for a clip does so no more.
    pub(super) fn calm(&mut self, place: usize) {
        self.urgent.retain(|urgent| *urgent != place);
    }

    /// Takes the next clip: one that is waited for, else the next of the wishes in turn. None if none is needed.
    pub(super) fn take(&mut self) -> Option<usize> {
        while let Some(place) = self.urgent.pop_front() {
            if !self.taken[place] {
                self.taken[place] = true;
                return Some(place);
            }
        }
        for _ in 0..self.wishes.len() {
            self.turn = (self.turn + 1) % self.wishes.len();
            let wish = &mut self.wishes[self.turn];
            while let Some(place) = wish.places.get(wish.next) {
                wish.next += 1;
                if !self.taken[*place] {
                    self.taken[*place] = true;
                    return Some(*place);
                }
            }
        }
        None
    }

    /// Whether [`Queue::take`] might give something.
    pub(super) fn has_work(&self) -> bool {
        !self.urgent.is_empty() || self.wishes.iter().any(|wish| wish.next < wish.places.len())
    }

    /// Notes that a clip that was taken is met.
    pub(super) fn met(&mut self, place: usize) {
        self.faults.remove(&place);
        self.done += 1;
    }

    /// Notes that the system kept a clip that was taken from being read. It can be taken again.
    pub(super) fn failed(&mut self, place: usize, fault: DataError) {
        self.taken[place] = false;
        self.faults.insert(place, fault);
    }

    /// The fault that kept a clip from being read, if nobody was told yet.
    pub(super) fn fault(&mut self, place: usize) -> Option<DataError> {
        self.faults.remove(&place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wishes_take_turns_and_who_waits_comes_first() {
        let mut queue = Queue::new(8, 1);
        assert!(!queue.has_work() && queue.take().is_none());
        let first = queue.wish(vec![0, 1, 2, 3]);
        let second = queue.wish(vec![7, 1, 6]);
        let mut taken: Vec<usize> = (0..3).filter_map(|_| queue.take()).collect();
        queue.hurry(5);
        queue.hurry(5);
        queue.hurry(taken[0]);
        taken.extend(queue.take());
        assert_eq!(taken, [7, 0, 1, 5]);
        queue.forget(second);
        queue.hurry(4);
        queue.calm(4);
        assert_eq!([queue.take(), queue.take(), queue.take()], [Some(2), Some(3), None]);
        assert!(!queue.has_work());
        queue.forget(first);
        queue.failed(2, DataError::Stopped);
        assert!(queue.take().is_none(), "nobody needs it");
        assert!(queue.fault(2).is_some() && queue.fault(2).is_none());
        queue.hurry(2);
        assert_eq!(queue.take(), Some(2), "again");
    }
}
