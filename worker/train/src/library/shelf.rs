//! Values that are made once and shared: who asks while one is being made waits for it.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Examples;
use crate::Control;
use crate::data::DataError;

/// How often somebody who waits looks whether to stop.
const LOOK: Duration = Duration::from_millis(50);
/// Data sets that no trial uses are dropped, the longest unused first, while they take more bytes than this, in memory or
/// mapped.
const IDLE_BYTES: usize = 2 << 30;

/// Data sets by address.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    places: Mutex<Places>,
}

#[derive(Debug, Default)]
struct Places {
    by_address: HashMap<blake3::Hash, Place>,
    clock: u64,
}

#[derive(Debug)]
struct Place {
    slot: Arc<Slot>,
    used: u64,
}

/// One data set, there or being made.
#[derive(Debug, Default)]
struct Slot {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
enum State {
    /// Nobody makes it.
    #[default]
    Empty,
    /// Somebody makes it.
    Making,
    Ready(Arc<Examples>),
}

impl State {
    fn is_empty(&self) -> bool {
        matches!(self, State::Empty)
    }
}

/// A panic elsewhere leaves these states whole: they are replaced, never changed half.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shelf {
    /// The data set at `address`; made by `make` if it is not there and nobody else is making it. If another maker fails
    /// or is stopped, one of those who wait makes it in turn.
    pub(super) fn fetch(
        &self,
        address: blake3::Hash,
        stop: &Control,
        make: impl FnOnce() -> Result<Examples, DataError>,
    ) -> Result<Arc<Examples>, DataError> {
        let slot = self.slot(address);
        if let Some(ready) = slot.wait_or_claim(stop)? {
            return Ok(ready);
        }
        // From here on the slot is ours to fill; the guard gives it back if making fails or panics.
        let claim = Claim { slot: &slot, made: None };
        let examples = Arc::new(make()?);
        claim.fill(Arc::clone(&examples));
        self.tidy();
        Ok(examples)
    }

    fn slot(&self, address: blake3::Hash) -> Arc<Slot> {
        let mut places = locked(&self.places);
        places.clock += 1;
        let used = places.clock;
        let fresh = || Place { slot: Arc::default(), used };
        let place = places.by_address.entry(address).or_insert_with(fresh);
        place.used = used;
        Arc::clone(&place.slot)
    }

    /// Drops data sets that nobody uses while they take too much memory.
    fn tidy(&self) {
        let mut places = locked(&self.places);
        // Slots whose maker failed, and which nobody waits for.
        let abandoned = |place: &Place| Arc::strong_count(&place.slot) == 1 && locked(&place.slot.state).is_empty();
        places.by_address.retain(|_, place| !abandoned(place));
        let idle = |place: &Place| match &*locked(&place.slot.state) {
            State::Ready(examples) if Arc::strong_count(examples) == 1 => Some(examples.bytes()),
            _ => None,
        };
        let mut unused: Vec<(u64, blake3::Hash, usize)> = places
            .by_address
            .iter()
            .filter_map(|(address, place)| Some((place.used, *address, idle(place)?)))
            .collect();
        unused.sort_unstable_by_key(|(used, ..)| *used);
        let mut bytes: usize = unused.iter().map(|(_, _, bytes)| bytes).sum();
        for (_, address, size) in unused {
            if bytes <= IDLE_BYTES {
                break;
            }
            places.by_address.remove(&address);
            bytes -= size;
        }
    }
}

impl Slot {
    /// Waits while somebody else makes the data set; gives it, or none if the caller is to make it.
    fn wait_or_claim(&self, stop: &Control) -> Result<Option<Arc<Examples>>, DataError> {
        let mut state = locked(&self.state);
        loop {
            match &*state {
                State::Ready(examples) => return Ok(Some(Arc::clone(examples))),
                State::Empty => {
                    *state = State::Making;
                    return Ok(None);
                }
                State::Making if stop.stopped() => return Err(DataError::Stopped),
                State::Making => {}
            }
            let waited = self.changed.wait_timeout(state, LOOK);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// The duty to fill a slot or give it back.
struct Claim<'a> {
    slot: &'a Slot,
    made: Option<Arc<Examples>>,
}

impl Claim<'_> {
    fn fill(mut self, examples: Arc<Examples>) {
        self.made = Some(examples);
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        *locked(&self.slot.state) = self.made.take().map_or(State::Empty, State::Ready);
        self.slot.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::super::Inputs;
    use super::*;
    use crate::data::Marks;
    use std::sync::mpsc;
    use std::thread;

    fn examples(value: f64) -> Examples {
        Examples {
            shape: vec![1],
            classes: vec!["a".into(), "b".into()],
            inputs: Inputs::Columns(vec![value]),
            columns: vec!["value".to_owned()],
            labels: vec![0],
            odd: Vec::new(),
            marks: Marks::default(),
            beside: None,
            waves: None,
            threads: 1,
        }
    }

    fn value(examples: &Examples) -> f64 {
        let Inputs::Columns(values) = &examples.inputs else { panic!("made of columns") };
        values[0]
    }

    #[test]
    fn a_maker_that_fails_or_panics_leaves_the_work_to_who_waits() {
        let (shelf, address, stop) = (Shelf::default(), blake3::hash(b"x"), Control::new());
        for panics in [false, true] {
            let address = blake3::keyed_hash(address.as_bytes(), &[u8::from(panics)]);
            let ((made, waits), (goes, on)) = (mpsc::channel(), mpsc::channel::<()>());
            thread::scope(|scope| {
                let (shelf, stop) = (&shelf, &stop);
                let first = scope.spawn(move || {
                    shelf.fetch(address, stop, || {
                        made.send(()).expect("the test waits");
                        on.recv().expect("the test goes on");
                        if panics { panic!("on purpose") } else { Err(DataError::Stopped) }
                    })
                });
                waits.recv().expect("the first makes it");
                let second = scope.spawn(move || shelf.fetch(address, stop, || Ok(examples(2.0))));
                goes.send(()).expect("the first waits");
                assert_eq!(value(&second.join().expect("ended").expect("made by the second")), 2.0);
                assert_eq!(first.join().is_err(), panics);
            });
            let third = shelf.fetch(address, &stop, || panic!("it is there"));
            assert_eq!(value(&third.expect("shared")), 2.0);
        }
    }

    #[test]
    fn who_waits_can_be_stopped() {
        let (shelf, address) = (Shelf::default(), blake3::hash(b"x"));
        let slot = shelf.slot(address);
        *locked(&slot.state) = State::Making;
        let stop = Control::new();
        stop.stop();
        let stopped = shelf.fetch(address, &stop, || panic!("somebody else makes it"));
        assert!(matches!(stopped, Err(DataError::Stopped)), "{stopped:?}");
    }
}
