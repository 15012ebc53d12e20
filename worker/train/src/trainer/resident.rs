//! Examples that stay on a GPU once they have been there: the first epoch brings them, later ones pick them.

use std::collections::HashMap;
use std::sync::Mutex;

use candle_core::{DType, Device, Result, Tensor};

use super::batch::Example;

/// The share of a GPU's free memory that examples may take; the rest is for nets, and other trials.
const SHARE: u64 = 4;

/// What has been kept.
#[derive(Debug)]
pub(super) struct Resident {
    /// One for each input: (room, then the shape of one).
    stores: Vec<Tensor>,
    room: usize,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    /// Where an example is; none if its clip cannot be used.
    places: HashMap<Example, Option<u32>>,
    used: usize,
}

/// Examples that were asked for, those that can be used, and their values, one tensor for each input.
pub(super) type Found = (usize, Vec<Example>, Vec<Tensor>);

impl Resident {
    /// Room for up to `examples` examples of these shapes, as far as a share of `free` bytes of the device has it. None
    /// where that is not one, and in the CPU's memory, where examples are already.
    ///
    /// # Errors
    /// The device has less room than it said.
    pub(super) fn new(shapes: &[&[usize]], examples: usize, free: u64, device: &Device) -> Result<Option<Resident>> {
        let bytes: usize =
            shapes.iter().map(|shape| shape.iter().product::<usize>() * DType::F32.size_in_bytes()).sum();
        let room = examples.min(usize::try_from(free / SHARE).unwrap_or(usize::MAX) / bytes.max(1));
        if device.is_cpu() || room == 0 {
            return Ok(None);
        }
        let store = |shape: &&[usize]| Tensor::zeros([&[room], *shape].concat(), DType::F32, device);
        let stores = shapes.iter().map(store).collect::<Result<_>>()?;
        Ok(Some(Resident { stores, room, kept: Mutex::default() }))
    }

    /// The next `count` usable ones of `examples`, fewer at their end; none if one of them is not kept.
    ///
    /// # Errors
    /// The device fails.
    pub(super) fn find(&self, examples: &[Example], count: usize) -> Result<Option<Found>> {
        let kept = self.kept.lock().expect("no holder of this lock panics");
        let (mut asked, mut usable, mut places) = (0, Vec::with_capacity(count), Vec::with_capacity(count));
        for example in examples {
            if usable.len() == count {
                break;
            }
            asked += 1;
            match kept.places.get(example) {
                None => return Ok(None),
                Some(None) => {}
                Some(Some(place)) => {
                    usable.push(*example);
                    places.push(*place);
                }
            }
        }
        let Some(store) = self.stores.first().filter(|_| !usable.is_empty()) else { return Ok(None) };
        let places = Tensor::from_slice(&places, places.len(), store.device())?;
        let values = self.stores.iter().map(|store| store.index_select(&places, 0)).collect::<Result<_>>()?;
        Ok(Some((asked, usable, values)))
    }

    /// Keeps what is new among `usable` of the examples `asked`, whose `values` are on the device, as far as there is room.
    ///
    /// # Errors
    /// The device fails.
    pub(super) fn keep(&self, asked: &[Example], usable: &[Example], values: &[&Tensor]) -> Result<()> {
        let mut kept = self.kept.lock().expect("no holder of this lock panics");
        let mut fresh: Vec<(usize, Example)> = Vec::new();
        for (row, example) in usable.iter().enumerate() {
            if kept.used + fresh.len() < self.room && !kept.places.contains_key(example) {
                fresh.push((row, *example));
            }
        }
        // Rows that follow each other are copied together.
        for run in fresh.chunk_by(|a, b| a.0 + 1 == b.0) {
            let Some((first, _)) = run.first() else { continue };
            for (store, values) in self.stores.iter().zip(values) {
                store.slice_set(&values.narrow(0, *first, run.len())?.contiguous()?, 0, kept.used)?;
            }
            for (_, example) in run {
                let place = kept.used as u32;
                kept.places.insert(*example, Some(place));
                kept.used += 1;
            }
        }
        for example in asked.iter().filter(|example| !usable.contains(example)) {
            kept.places.insert(*example, None);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(place: usize) -> Example {
        Example { place, view: 0, segment: 0 }
    }

    /// As on a GPU: the arithmetic of places is the same in the CPU's memory.
    fn resident(room: usize) -> Result<Resident> {
        let stores = vec![Tensor::zeros((room, 2), DType::F32, &Device::Cpu)?];
        Ok(Resident { stores, room, kept: Mutex::default() })
    }

    #[test]
    fn what_was_kept_is_found_in_any_order() -> Result<()> {
        let resident = resident(3)?;
        let asked: Vec<Example> = (0..4).map(example).collect();
        let usable = [example(0), example(1), example(3)];
        assert!(resident.find(&asked, 3)?.is_none());
        let values = Tensor::new(&[[0f32, 0.5], [1.0, 1.5], [3.0, 3.5]], &Device::Cpu)?;
        resident.keep(&asked, &usable, &[&values])?;
        let order = [3, 2, 0, 1].map(example);
        let (asked, found, values) = resident.find(&order, 2)?.expect("all are kept");
        assert_eq!((asked, found), (3, vec![example(3), example(0)]), "the third cannot be used and is passed over");
        assert_eq!(values[0].to_vec2::<f32>()?, [[3.0, 3.5], [0.0, 0.5]]);
        Ok(())
    }

    #[test]
    fn what_finds_no_room_is_asked_for_again() -> Result<()> {
        let resident = resident(2)?;
        let all: Vec<Example> = (0..3).map(example).collect();
        let values = Tensor::new(&[[0f32, 0.0], [1.0, 1.0], [2.0, 2.0]], &Device::Cpu)?;
        resident.keep(&all, &all, &[&values])?;
        assert!(resident.find(&all[..2], 2)?.is_some());
        assert!(resident.find(&all, 3)?.is_none());
        resident.keep(&all, &all, &[&values])?;
        assert_eq!(resident.kept.lock().expect("nobody panicked").used, 2);
        Ok(())
    }

    #[test]
    fn the_processor_keeps_nothing() -> Result<()> {
        assert!(Resident::new(&[&[2]], 10, u64::MAX, &Device::Cpu)?.is_none());
        Ok(())
    }
}
