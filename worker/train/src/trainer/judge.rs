//! Loss and accuracy, and which class was taken for which.

use std::collections::BTreeMap;

use gliss_nets::draw::Draw;
use gliss_nets::{Mode, Network};
use gliss_types::{ClassCounts, Confusion};

use super::TrainError;
use super::batch::{Batch, Batches, Side};
use super::jury::Jury;
use crate::data::DataError;
use crate::features::Waiting;

/// Examples that are judged at a time, whatever the recipe's batch: bounds memory.
const CHUNK: usize = 64;

/// How the examples of a side are judged.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner {
    /// As what the net runs; steps of training count on from that.
    pub(super) mode: Mode,
    /// Examples at a time.
    pub(super) batch: usize,
    /// Q004-1, Q004-2: they are shuffled, and a last partial batch is left out of the sums, though not of their number.
    pub(super) shuffled: Option<Draw>,
}

impl Default for Manner {
    /// All of them, by a net that predicts.
    fn default() -> Self {
        Manner { mode: Mode::Eval, batch: CHUNK, shuffled: None }
    }
}

/// Sums over examples.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Tally {
    loss: f64,
    count: u64,
    /// How often examples of a class, the first, were taken for a class, the second; of pairs that occur.
    answers: BTreeMap<(u32, u32), u64>,
}

impl Tally {
    /// Counts examples with that mean `loss` and these `logits` (row by row, `classes` each).
    pub(super) fn add(&mut self, loss: f64, logits: &[f32], classes: usize, labels: &[u32]) {
        self.loss += loss * labels.len() as f64;
        for (row, label) in logits.chunks_exact(classes).zip(labels) {
            self.note(*label, best(row));
        }
    }

    /// Counts one clip of class `label` that was taken for `answer`.
    pub(super) fn add_clip(&mut self, loss: f64, label: u32, answer: usize) {
        self.loss += loss;
        self.note(label, answer);
    }

    /// Counts examples that are not looked at.
    pub(super) fn leave_out(&mut self, examples: usize) {
        self.count += examples as u64;
    }

    fn note(&mut self, label: u32, answer: usize) {
        self.count += 1;
        *self.answers.entry((label, answer as u32)).or_default() += 1;
    }

    /// Whether no example was looked at.
    pub(super) fn is_empty(&self) -> bool {
        self.answers.is_empty()
    }

    /// Mean loss of an example.
    pub(super) fn loss(&self) -> f64 {
        self.loss / self.count as f64
    }

    /// Share of examples whose largest logit is that of their class.
    pub(super) fn accuracy(&self) -> f64 {
        let right = self.answers.iter().filter(|((label, answer), _)| label == answer);
        right.map(|(_, count)| count).sum::<u64>() as f64 / self.count as f64
    }

    /// Mean F1 of all `classes`, those without an example too.
    pub(super) fn macro_f1(&self, classes: usize) -> f64 {
        let pairs = self.answers.iter().map(|((label, answer), count)| (*label as usize, *answer as usize, *count));
        ClassCounts::macro_f1(&ClassCounts::gather(classes, pairs))
    }

    /// All answers, unless a matrix cannot have such `classes`, or there was another answer than one of them.
    pub(super) fn confusion(&self, classes: &[String]) -> Option<Confusion> {
        if classes.len() > Confusion::CLASSES {
            return None;
        }
        let mut counts = vec![0; classes.len() * classes.len()];
        for ((label, answer), count) in &self.answers {
            if *answer as usize >= classes.len() {
                return None;
            }
            let place = *label as usize * classes.len() + *answer as usize;
            *counts.get_mut(place)? = u32::try_from(*count).ok()?;
        }
        Confusion::new(classes.to_vec(), counts).ok()
    }
}

/// Place of the largest value, the first of equals.
fn best(row: &[f32]) -> usize {
    let mut best = 0;
    for (place, value) in row.iter().enumerate() {
        if *value > row[best] {
            best = place;
        }
    }
    best
}

/// Judges `network` on the usable examples of a side, learning from none: one by one, or clip by clip where the recipe says so.
///
/// # Errors
/// A stop is [`crate::data::DataError::Stopped`].
pub(super) fn judge(
    network: &Network,
    batches: &Batches<'_>,
    (side, manner): (Side, Manner),
    waiting: &mut Waiting<'_>,
) -> Result<Tally, TrainError> {
    let mut examples = batches.side(side, waiting)?;
    if let Some(draw) = manner.shuffled {
        let order = draw.permutation(examples.len() as u32);
        examples = order.into_iter().map(|place| examples[place as usize]).collect();
    }
    let mut jury = batches.combine(side).map(Jury::new);
    let mut tally = Tally::default();
    let mut feed = batches.plain(&examples);
    let mut mode = manner.mode;
    while let Some(batch) = batches.next(&mut feed, manner.batch, waiting)? {
        if waiting.stop.stopped() {
            return Err(DataError::Stopped.into());
        }
        if manner.shuffled.is_some() && batch.labels.len() < manner.batch {
            tally.leave_out(batch.labels.len());
            break;
        }
        let logits = network.forward(&batch.inputs(), mode)?;
        if let Mode::Train { step, .. } = &mut mode {
            *step += 1;
        }
        let Batch { labels, examples, .. } = batch;
        let classes = logits.dim(1)?;
        let logits = logits.flatten_all()?.to_vec1::<f32>()?;
        match &mut jury {
            None => tally.add(mean_loss(&logits, classes, &labels), &logits, classes, &labels),
            Some(jury) => {
                for ((row, label), example) in logits.chunks_exact(classes).zip(labels).zip(examples) {
                    jury.hear((example.place, example.view), row, label, &mut tally);
                }
            }
        }
    }
    if let Some(jury) = jury {
        jury.rest(&mut tally);
    }
    Ok(tally)
}

/// Mean softmax cross-entropy, in f64.
fn mean_loss(logits: &[f32], classes: usize, labels: &[u32]) -> f64 {
    let loss = |(row, label): (&[f32], &u32)| {
        let top = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let sum: f64 = row.iter().map(|logit| f64::from(logit - top).exp()).sum();
        sum.ln() + f64::from(top) - f64::from(row[*label as usize])
    };
    logits.chunks_exact(classes).zip(labels).map(loss).sum::<f64>() / labels.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tallies_are_means_over_examples_not_batches() {
        let mut tally = Tally::default();
        tally.add(1.0, &[0.1, 0.9, 0.8, 0.2, 0.5, 0.5], 2, &[1, 1, 0]);
        tally.add(5.0, &[3.0, -3.0], 2, &[1]);
        assert_eq!((tally.loss(), tally.accuracy()), (2.0, 0.5));
    }

    #[test]
    fn answers_are_counted_class_by_class() {
        let mut tally = Tally::default();
        tally.add(1.0, &[5.0, 1.0, 0.0, 1.0, 5.0, 0.0, 0.0, 5.0, 1.0], 3, &[0, 0, 1]);
        tally.add_clip(1.0, 1, 1);
        let classes = ["a", "b", "c"].map(str::to_owned);
        let matrix = tally.confusion(&classes).expect("three classes");
        assert_eq!((matrix.counts(), matrix.classes()), (&[1, 1, 0, 0, 2, 0, 0, 0, 0][..], &classes[..]));
        assert_eq!((matrix.accuracy(), tally.accuracy()), (0.75, 0.75));
        // By hand: 2/3 and 4/5; nothing is of the third, and nothing was taken for it.
        assert!((tally.macro_f1(3) - (2.0 / 3.0 + 0.8) / 3.0).abs() < 1e-15);
        assert_eq!(tally.macro_f1(3), matrix.macro_f1());
    }

    #[test]
    fn classes_that_no_matrix_can_have_are_judged_all_the_same() {
        let mut tally = Tally::default();
        tally.add_clip(1.0, 9_999, 9_999);
        tally.add_clip(1.0, 9_998, 9_999);
        let classes: Vec<String> = (0..10_000).map(|class| class.to_string()).collect();
        assert_eq!(tally.confusion(&classes), None);
        assert!((tally.macro_f1(10_000) - 2.0 / 3.0 / 10_000.0).abs() < 1e-18);
        assert!(Tally::default().confusion(&classes[..2]).is_none() && tally.confusion(&classes[..2]).is_none());
    }

    #[test]
    fn the_loss_is_that_of_the_definition() {
        let even = mean_loss(&[0.0; 4], 4, &[2]);
        assert!((even - 4f64.ln()).abs() < 1e-15, "{even}");
        let huge = mean_loss(&[1e30, 0.0, 0.0, 1e30], 2, &[0, 0]);
        assert_eq!(huge, f64::from(1e30f32) / 2.0);
        assert!(mean_loss(&[f32::NAN, 0.0], 2, &[1]).is_nan());
        assert!(!mean_loss(&[f32::INFINITY, 0.0], 2, &[1]).is_finite());
    }
}
