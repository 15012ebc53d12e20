//! A data set, as its features and before any split.

use gliss_types::recipe::{Split, Training};

use super::Copied;
use crate::Control;
use crate::data::{DataError, Marks, Warning};
use crate::features::{Need, Preparation, Skipped, Waiting};
use crate::split::{Deal, SplitError, Subjects, deal};

/// The listed examples of a data set. Those of clips are prepared in the background, and some may turn out to be of no use.
#[derive(Debug)]
pub struct Examples {
    /// Shape of one example: channels, rows, columns of a picture, or the columns of a table. 0 for a dimension that the
    /// training side decides.
    pub shape: Vec<usize>,
    /// The classes in ascending order; a label is an index into it.
    pub classes: Vec<String>,
    /// The values of the examples.
    pub inputs: Inputs,
    /// Of a table: the names of its columns.
    pub columns: Vec<String>,
    /// Of clips: a second input of the net.
    pub beside: Option<Preparation>,
    /// Of clips: their waveforms, where sound is changed in each epoch.
    pub waves: Option<Preparation>,
    /// The class of each example.
    pub labels: Vec<u32>,
    /// What is odd about the listing.
    pub(super) odd: Vec<Warning>,
    pub(super) marks: Marks,
    /// On which sound is changed.
    pub(crate) threads: usize,
}

/// Values of examples.
#[derive(Debug)]
pub enum Inputs {
    /// Clips, ready for a net or on their way: shared by all trials.
    Clips(Preparation),
    /// A table's columns, unscaled: scaling depends on a trial's split.
    Columns(Vec<f64>),
}

impl Examples {
    /// The number of examples.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Deals out the examples as `split` says; the positions are those of [`Examples::labels`]. All listed examples are
    /// dealt out: those that turn out to be of no use are left out when they are met, and move no other.
    ///
    /// # Errors
    /// See [`SplitError`].
    pub fn deal(&self, split: &Split) -> Result<Deal, SplitError> {
        let subjects = Subjects { classes: &self.classes, labels: &self.labels, marks: &self.marks };
        deal(split, &subjects)
    }

    /// Waits until all examples are prepared as they are, without copies. `progress` is told of the clips that are done and of all clips while there is
    /// something to wait for.
    ///
    /// # Errors
    /// More than half of a class cannot be used; the disk fails; `stop`.
    pub fn wait_all(&self, progress: &mut dyn FnMut(usize, usize), stop: &Control) -> Result<(), DataError> {
        match &self.inputs {
            Inputs::Clips(clips) => {
                let waiting = &mut Waiting::new(progress, stop);
                [Some(clips), self.beside.as_ref()].into_iter().flatten().try_for_each(|clips| clips.wait_all(waiting))
            }
            Inputs::Columns(_) => Ok(()),
        }
    }

    /// Waits until all is prepared that `training` needs of the examples when they are dealt out as `deal` says: copies of the
    /// sides that have them, and waveforms of what trains where they are changed. `progress` is as for
    /// [`Examples::wait_all`].
    ///
    /// # Errors
    /// As for [`Examples::wait_all`].
    pub fn wait_for(
        &self,
        training: &Training,
        deal: &Deal,
        progress: &mut dyn FnMut(usize, usize),
        stop: &Control,
    ) -> Result<(), DataError> {
        let Inputs::Clips(clips) = &self.inputs else { return Ok(()) };
        let waiting = &mut Waiting::new(progress, stop);
        let copied = Copied::of(&training.augment, deal);
        for clips in [Some(clips), self.beside.as_ref()].into_iter().flatten() {
            clips.wait_each(copied.needs(0..clips.len()), waiting)?;
        }
        let changed = || deal.train.iter().copied().map(Need::original).collect();
        self.waves.as_ref().map_or(Ok(()), |waves| waves.wait_each(changed(), waiting))
    }

    /// Clips that are listed but cannot be used, as far as they are met, in the order of the listing.
    pub fn skipped(&self) -> Vec<Skipped> {
        match &self.inputs {
            Inputs::Clips(clips) => clips.skipped(),
            Inputs::Columns(_) => Vec::new(),
        }
    }

    /// What is odd about the data, as far as it is known: all once [`Examples::wait_for`] has returned.
    pub fn warnings(&self) -> Vec<Warning> {
        let mut warnings = self.odd.clone();
        let skipped = self.skipped();
        if let Some(first) = skipped.first() {
            warnings.push(Warning::Skipped {
                count: skipped.len(),
                listed: self.len(),
                first: first.path.clone(),
                reason: first.reason.clone(),
            });
        }
        if let Inputs::Clips(clips) = &self.inputs
            && let Some((count, Skipped { path, reason })) = clips.flaws()
        {
            warnings.push(Warning::CopiesSkipped { count, first: path, reason });
        }
        warnings
    }

    /// Those of `places` whose examples can be used, as far as they are met.
    pub fn usable(&self, places: &[usize]) -> Vec<usize> {
        let usable = |place: &usize| match &self.inputs {
            Inputs::Clips(clips) => clips.get(*place).is_some(),
            Inputs::Columns(_) => *place < self.len(),
        };
        places.iter().copied().filter(usable).collect()
    }

    /// Refuses a deal of which a side is known to have no example that can be used.
    ///
    /// # Errors
    /// [`SplitError::EmptySide`].
    pub fn refuse_empty_sides(&self, deal: &Deal) -> Result<(), SplitError> {
        let Inputs::Clips(clips) = &self.inputs else { return Ok(()) };
        for (side, places) in [("training", &deal.train), ("validation", &deal.valid), ("test", &deal.test)] {
            if clips.hopeful(places) == 0 {
                return Err(SplitError::EmptySide { side });
            }
        }
        Ok(())
    }

    /// Bytes that the values take, in memory or mapped.
    pub(super) fn bytes(&self) -> usize {
        let others = [&self.beside, &self.waves].into_iter().flatten().map(Preparation::bytes).sum::<usize>();
        others
            + match &self.inputs {
                Inputs::Clips(clips) => clips.bytes(),
                Inputs::Columns(values) => size_of_val(values.as_slice()),
            }
    }
}
