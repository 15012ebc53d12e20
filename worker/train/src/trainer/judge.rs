//! Loss and accuracy.

use gliss_nets::{Mode, Network};

use super::TrainError;
use super::batch::{Batch, Batches, Side};
use super::jury::Jury;
use crate::data::DataError;
use crate::features::Waiting;

/// Examples that are judged at a time, whatever the recipe's batch: bounds memory.
const CHUNK: usize = 64;

/// Sums over examples.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Tally {
    loss: f64,
    right: u64,
    count: u64,
}

impl Tally {
    /// Counts examples with that mean `loss` and these `logits` (row by row, `classes` each).
    pub(super) fn add(&mut self, loss: f64, logits: &[f32], classes: usize, labels: &[u32]) {
        self.loss += loss * labels.len() as f64;
        self.count += labels.len() as u64;
        let hits = logits.chunks_exact(classes).zip(labels).filter(|(row, label)| best(row) == **label as usize);
        self.right += hits.count() as u64;
    }

    /// Counts one clip.
    pub(super) fn add_clip(&mut self, loss: f64, right: bool) {
        self.loss += loss;
        self.count += 1;
        self.right += u64::from(right);
    }

    /// Whether no example was counted.
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Mean loss of an example.
    pub(super) fn loss(&self) -> f64 {
        self.loss / self.count as f64
    }

    /// Share of examples whose largest logit is that of their class.
    pub(super) fn accuracy(&self) -> f64 {
        self.right as f64 / self.count as f64
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

/// Judges `network` on the usable examples of a side, none dropped, none learnt from: one by one, or clip by clip where the
/// recipe says so.
///
/// # Errors
/// A stop is [`crate::data::DataError::Stopped`].
pub(super) fn judge(
    network: &Network,
    batches: &Batches<'_>,
    side: Side,
    waiting: &mut Waiting<'_>,
) -> Result<Tally, TrainError> {
    let examples = batches.side(side, waiting)?;
    let mut jury = batches.combine(side).map(Jury::new);
    let mut tally = Tally::default();
    let mut feed = batches.plain(&examples);
    while let Some(batch) = batches.next(&mut feed, CHUNK, waiting)? {
        if waiting.stop.stopped() {
            return Err(DataError::Stopped.into());
        }
        let logits = network.forward(&batch.inputs(), Mode::Eval)?;
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
    fn the_loss_is_that_of_the_definition() {
        let even = mean_loss(&[0.0; 4], 4, &[2]);
        assert!((even - 4f64.ln()).abs() < 1e-15, "{even}");
        let huge = mean_loss(&[1e30, 0.0, 0.0, 1e30], 2, &[0, 0]);
        assert_eq!(huge, f64::from(1e30f32) / 2.0);
        assert!(mean_loss(&[f32::NAN, 0.0], 2, &[1]).is_nan());
        assert!(!mean_loss(&[f32::INFINITY, 0.0], 2, &[1]).is_finite());
    }
}
