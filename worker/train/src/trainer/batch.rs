//! Examples as tensors.

use std::collections::HashSet;
use std::slice;

use candle_core::{Device, Tensor};
use gliss_types::recipe::{Aggregate, Columns, CopiesOf, Kind, Training};

use super::TrainError;
use super::ahead::Ahead;
use super::lenses::{Epoch, Lenses};
use super::mixup::Mixed;
use super::resident::Resident;
use crate::Control;
use crate::checkpoint::Basis;
use crate::features::{FrontEnd, Need, Preparation, Waiting, constants, scale};
use crate::library::{Examples, Inputs};
use crate::split::Deal;

/// One example: a segment of a view of a listed clip, or a row of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Example {
    /// Of the clip or row in its listing.
    pub(super) place: usize,
    /// 0 for the clip as it is, others for its copies.
    pub(super) view: usize,
    /// From 0.
    pub(super) segment: usize,
}

/// The sides that are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Valid,
    Test,
}

/// The examples of a trial as its net sees them.
#[derive(Debug)]
pub(super) struct Batches<'a> {
    shape: Vec<usize>,
    source: Source<'a>,
    labels: &'a [u32],
    classes: &'a [String],
    /// Names of a table's columns; none of clips.
    columns: &'a [String],
    train: Vec<Example>,
    /// Clips and copies, as if they had no segments.
    valid: Vec<Example>,
    test: Vec<Example>,
    /// How the answers for segments become one, where clips are judged: in validation, in the test.
    combine: [Option<Aggregate>; 2],
    threads: usize,
    /// Where tensors are made.
    device: Device,
    /// What stays there.
    resident: Option<Resident>,
}

/// Where the values come from.
#[derive(Debug)]
enum Source<'a> {
    /// Of all examples, one after another; what was subtracted from each column, and what it was divided by.
    Rows(Vec<f32>, Vec<[f64; 2]>),
    Clips(Box<Lenses<'a>>),
}

/// Examples on their way, in order.
#[derive(Debug)]
pub(super) struct Feed<'f> {
    examples: slice::Iter<'f, Example>,
    /// None where nothing is changed.
    epoch: Option<Epoch>,
    ahead: Option<Ahead>,
}

/// A few examples.
#[derive(Debug)]
pub(super) struct Batch {
    /// (count, then the shape of one).
    pub(super) x: Tensor,
    /// The second input, where there are two.
    pub(super) beside: Option<Tensor>,
    /// The class of each.
    pub(super) labels: Vec<u32>,
    /// Which they are.
    pub(super) examples: Vec<Example>,
    /// What they were mixed with.
    pub(super) mixed: Option<Mixed>,
}

impl Batch {
    /// The tensors of all inputs.
    pub(super) fn inputs(&self) -> Vec<&Tensor> {
        [Some(&self.x), self.beside.as_ref()].into_iter().flatten().collect()
    }

    /// Its examples in at most `count` parts of one size, but for the last, in their order.
    pub(super) fn parts(&self, count: u32) -> impl Iterator<Item = candle_core::Result<Batch>> {
        let all = self.labels.len();
        let size = all.div_ceil(count as usize).max(1);
        (0..all).step_by(size).map(move |from| {
            let size = size.min(all - from);
            Ok(Batch {
                x: self.x.narrow(0, from, size)?,
                beside: self.beside.as_ref().map(|beside| beside.narrow(0, from, size)).transpose()?,
                labels: self.labels[from..from + size].to_vec(),
                examples: self.examples[from..from + size].to_vec(),
                mixed: self.mixed.as_ref().map(|mixed| mixed.part(from..from + size)),
            })
        })
    }
}

/// The values of one example, one list for each input; none if its clip cannot be used.
pub(super) type Made = Result<Option<Vec<Vec<f32>>>, TrainError>;

impl<'a> Batches<'a> {
    /// Clips are shaped and scaled, and columns scaled, by what the training side of `deal` holds. Waits for that side's clips
    /// where something has to be learnt from them.
    pub(super) fn new(
        examples: &'a Examples,
        training: &Training,
        deal: &Deal,
        waiting: &mut Waiting<'_>,
    ) -> Result<Self, TrainError> {
        let views = 1 + training.augment.copies.len();
        let of_valid = if training.augment.copies_of == CopiesOf::TrainAndValid { views } else { 1 };
        let copied = |places: &[usize], views: usize| -> Vec<Example> {
            let of = |place: &usize| {
                let place = *place;
                (0..views).map(move |view| Example { place, view, segment: 0 })
            };
            places.iter().flat_map(of).collect()
        };
        let mut train = copied(&deal.train, views);
        let (valid, test) = (copied(&deal.valid, of_valid), copied(&deal.test, 1));
        let mut combine = [None, None];
        let (shape, source) = match &examples.inputs {
            Inputs::Columns(values) => {
                let as_they_are = Columns { standardise: false, as_uint8: false };
                let columns = match &training.features.input.kind {
                    Kind::Columns(columns) => columns,
                    _ => &as_they_are,
                };
                let width = examples.shape.iter().product();
                let constants = constants(values, width, &deal.train, columns);
                (examples.shape.clone(), Source::Rows(scale(values, width, &deal.train, columns), constants))
            }
            Inputs::Clips(clips) => {
                let lenses = Lenses::new((examples, clips), training, deal, &mut train, waiting)?;
                if let Some(segments) = &training.features.segments {
                    combine = [segments.aggregate_valid.then_some(segments.aggregate), Some(segments.aggregate)];
                }
                (lenses.shape().to_vec(), Source::Clips(Box::new(lenses)))
            }
        };
        let (labels, classes) = (examples.labels.as_slice(), examples.classes.as_slice());
        let (threads, device, columns) = (examples.threads, Device::Cpu, examples.columns.as_slice());
        Ok(Batches {
            shape,
            source,
            labels,
            classes,
            columns,
            train,
            valid,
            test,
            combine,
            threads,
            device,
            resident: None,
        })
    }

    /// The same with tensors on `device`, of which `free` bytes are free.
    ///
    /// # Errors
    /// The device has less room than it said.
    pub(super) fn on(self, device: Device, free: u64) -> Result<Self, TrainError> {
        let clips: HashSet<_> = self.train.iter().map(|example| (example.place, example.view)).collect();
        let segments = self.train.len().div_ceil(clips.len().max(1));
        let judged = (self.valid.len() + self.test.len()) * segments;
        let stays = judged + if self.changes() { 0 } else { self.train.len() };
        let resident = Resident::new(&self.shapes(), stays, free, &device)?;
        Ok(Batches { device, resident, ..self })
    }

    /// The shapes of one example, one for each input.
    pub(super) fn shapes(&self) -> Vec<&[usize]> {
        [Some(self.shape.as_slice()), self.beside_shape()].into_iter().flatten().collect()
    }

    /// What answers rest on besides weights and recipe, and the constants of each input.
    pub(super) fn basis(&self) -> (Basis, Vec<Vec<[f64; 2]>>) {
        let learnt = match &self.source {
            Source::Clips(lenses) => lenses.learnt(),
            Source::Rows(_, constants) => vec![(self.shape.iter().product(), constants.clone())],
        };
        let (lengths, constants) = learnt.into_iter().unzip();
        (Basis { classes: self.classes.to_vec(), lengths, columns: self.columns.to_vec() }, constants)
    }

    fn beside_shape(&self) -> Option<&[usize]> {
        match &self.source {
            Source::Clips(lenses) => lenses.beside_shape(),
            Source::Rows(..) => None,
        }
    }

    /// The names of the classes, which labels count from 0.
    pub(super) fn classes(&self) -> &'a [String] {
        self.classes
    }

    /// The examples that train, those of unusable clips too where nothing had to be learnt from them.
    pub(super) fn train(&self) -> &[Example] {
        &self.train
    }

    /// How the answers for the segments of a clip become the clip's on that side; none where examples are judged.
    pub(super) fn combine(&self, side: Side) -> Option<Aggregate> {
        self.combine[side as usize]
    }

    /// The clips that are prepared meanwhile; none if everything is there.
    pub(super) fn clips(&self) -> Option<&'a Preparation> {
        match &self.source {
            Source::Clips(lenses) => Some(lenses.clips()),
            Source::Rows(..) => None,
        }
    }

    /// The examples of a side that is judged, the segments of a clip one after another. Waits for its clips if they have
    /// segments.
    pub(super) fn side(&self, side: Side, waiting: &mut Waiting<'_>) -> Result<Vec<Example>, TrainError> {
        let examples = if side == Side::Valid { &self.valid } else { &self.test };
        match &self.source {
            Source::Clips(lenses) => lenses.cut(examples, waiting),
            Source::Rows(..) => Ok(examples.clone()),
        }
    }

    /// Examples as they are.
    pub(super) fn plain<'f>(&self, examples: &'f [Example]) -> Feed<'f> {
        Feed { examples: examples.iter(), epoch: None, ahead: None }
    }

    /// Examples that train in `epoch`, changed as the recipe says for it. Sound is changed by threads of `scope`, some
    /// examples ahead of who asks for them.
    pub(super) fn feed<'scope>(
        &'scope self,
        examples: &'scope [Example],
        epoch: Epoch,
        batch: usize,
        stop: &'scope Control,
        scope: &'scope std::thread::Scope<'scope, '_>,
    ) -> Feed<'scope> {
        let online = matches!(&self.source, Source::Clips(lenses) if lenses.waves().is_some());
        let ahead = online.then(|| Ahead::start(self, examples, epoch, (self.threads, batch), stop, scope));
        Feed { examples: examples.iter(), epoch: Some(epoch), ahead }
    }

    /// The front ends that [`Batches::make`] needs to change sound: one set for each thread.
    pub(super) fn fronts(&self) -> Vec<FrontEnd> {
        match &self.source {
            Source::Clips(lenses) => lenses.fronts(),
            Source::Rows(..) => Vec::new(),
        }
    }

    /// The values of one example, in training changed as `epoch` says.
    pub(super) fn make(
        &self,
        example: Example,
        epoch: Option<Epoch>,
        fronts: &mut [FrontEnd],
        waiting: &mut Waiting<'_>,
    ) -> Made {
        match &self.source {
            Source::Rows(rows, _) => {
                let size: usize = self.shape.iter().product();
                Ok(Some(vec![rows[example.place * size..][..size].to_vec()]))
            }
            Source::Clips(lenses) => lenses.make(example, epoch, fronts, waiting),
        }
    }

    /// What the trial needs of the clips at `places`.
    pub(super) fn needs(&self, places: &[usize]) -> Vec<Need> {
        match &self.source {
            Source::Clips(lenses) => lenses.needs(places),
            Source::Rows(..) => Vec::new(),
        }
    }

    /// The clips of a second input.
    pub(super) fn beside(&self) -> Option<&'a Preparation> {
        match &self.source {
            Source::Clips(lenses) => lenses.beside(),
            Source::Rows(..) => None,
        }
    }

    /// The waveforms that are changed in each epoch.
    pub(super) fn waves(&self) -> Option<&'a Preparation> {
        match &self.source {
            Source::Clips(lenses) => lenses.waves(),
            Source::Rows(..) => None,
        }
    }

    /// The next `count` usable examples of `feed`, fewer at the end, in their order. Waits for those alone. None if there are
    /// no more.
    pub(super) fn next(
        &self,
        feed: &mut Feed<'_>,
        count: usize,
        waiting: &mut Waiting<'_>,
    ) -> Result<Option<Batch>, TrainError> {
        let count = count.min(feed.examples.len());
        let asked = feed.examples.as_slice();
        let resident = self.resident.as_ref().filter(|_| feed.epoch.is_none() || !self.changes());
        if let Some((asked, examples, values)) = resident.map(|kept| kept.find(asked, count)).transpose()?.flatten() {
            feed.examples = feed.examples.as_slice()[asked..].iter();
            let labels = self.labels_of(&examples);
            let mut values = values.into_iter();
            let Some(x) = values.next() else { return Ok(None) };
            return Ok(Some(Batch { x, beside: values.next(), labels, examples, mixed: None }));
        }
        let mut values: Vec<Vec<f32>> = Vec::new();
        let mut examples = Vec::with_capacity(count);
        while examples.len() < count
            && let Some(example) = feed.examples.next()
        {
            let made = match &mut feed.ahead {
                Some(ahead) => ahead.next(waiting),
                None => self.make(*example, feed.epoch, &mut [], waiting),
            };
            let Some(made) = made? else { continue };
            for (place, made) in made.into_iter().enumerate() {
                match values.get_mut(place) {
                    Some(values) => values.extend_from_slice(&made),
                    None => {
                        let mut first = made;
                        first.reserve_exact(first.len() * (count - 1));
                        values.push(first);
                    }
                }
            }
            examples.push(*example);
        }
        if examples.is_empty() {
            return Ok(None);
        }
        let beside = self.beside_shape();
        let mut values = values.into_iter();
        let mut tensor = |shape: &[usize]| {
            let shape = [[examples.len()].as_slice(), shape].concat();
            Tensor::from_vec(values.next().unwrap_or_default(), shape, &self.device)
        };
        let x = tensor(&self.shape)?;
        let beside = beside.map(&mut tensor).transpose()?;
        let labels = self.labels_of(&examples);
        let batch = Batch { x, beside, labels, examples, mixed: None };
        if let Some(resident) = resident {
            let asked = &asked[..asked.len() - feed.examples.len()];
            resident.keep(asked, &batch.examples, &batch.inputs())?;
        }
        Ok(Some(batch))
    }

    /// Whether what trains is changed in each epoch.
    fn changes(&self) -> bool {
        matches!(&self.source, Source::Clips(lenses) if lenses.changes())
    }

    /// For each class, how much an example of it counts so that all classes count the same: `N / (k n)`, with n of the N
    /// training examples of one of k classes; 0 for a class without any.
    pub(super) fn balanced(&self) -> Vec<f64> {
        let mut counts = vec![0usize; self.classes.len()];
        self.train.iter().for_each(|example| counts[self.labels[example.place] as usize] += 1);
        let even = self.train.len() as f64 / self.classes.len() as f64;
        counts.into_iter().map(|count| if count == 0 { 0.0 } else { even / count as f64 }).collect()
    }

    fn labels_of(&self, examples: &[Example]) -> Vec<u32> {
        examples.iter().map(|example| self.labels[example.place]).collect()
    }
}

#[cfg(test)]
mod tests;
