//! Examples mixed with others of their step (Zhang et al. 2018).

use std::ops::Range;

use candle_core::{Result, Tensor};
use gliss_nets::draw::Draw;

use super::batch::Batch;

/// Where the words for shares begin among those of a step; the words before are the permutation's.
const SHARES: u64 = 1 << 40;

/// What examples were mixed with.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Mixed {
    /// The share of each example itself.
    pub(super) share: f64,
    /// The classes of what was mixed into them.
    pub(super) partners: Vec<u32>,
}

impl Mixed {
    /// That of some of the examples.
    pub(super) fn part(&self, of: Range<usize>) -> Mixed {
        Mixed { share: self.share, partners: self.partners[of].to_vec() }
    }

    /// Targets (examples, classes) that go with the mixed examples of classes `labels`.
    ///
    /// # Errors
    /// The device has no room.
    pub(super) fn targets(&self, labels: &[u32], logits: &Tensor) -> Result<Tensor> {
        let classes = logits.dim(1)?;
        let mut targets = vec![0f32; labels.len() * classes];
        for (row, (label, partner)) in targets.chunks_exact_mut(classes).zip(labels.iter().zip(&self.partners)) {
            row[*label as usize] += self.share as f32;
            row[*partner as usize] += (1.0 - self.share) as f32;
        }
        Tensor::from_vec(targets, (labels.len(), classes), logits.device())
    }
}

/// `batch` with each example times a share plus another example times the rest. The share, one for the step, is of a Beta
/// distribution with both parameters `alpha`; it and the permutation that pairs examples are functions of `draw`.
///
/// # Errors
/// The device has no room.
pub(super) fn mix(batch: Batch, alpha: f64, draw: Draw) -> Result<Batch> {
    let share = beta(alpha, draw);
    let count = batch.labels.len() as u32;
    let order = draw.permutation(count);
    let places = Tensor::from_slice(&order, order.len(), batch.x.device())?;
    let mixed = |x: &Tensor| x.affine(share, 0.0)? + x.index_select(&places, 0)?.affine(1.0 - share, 0.0)?;
    let partners = order.iter().map(|place| batch.labels[*place as usize]).collect();
    Ok(Batch {
        x: mixed(&batch.x)?,
        beside: batch.beside.as_ref().map(mixed).transpose()?,
        mixed: Some(Mixed { share, partners }),
        ..batch
    })
}

/// A number of a Beta distribution with both parameters `alpha`: a ratio of Gamma numbers.
fn beta(alpha: f64, draw: Draw) -> f64 {
    let (a, b) = (log_gamma_number(alpha, draw, 0), log_gamma_number(alpha, draw, 1));
    // By logarithms, because with a small alpha both numbers may be less than any that is not 0.
    1.0 / (1.0 + (b - a).exp())
}

/// The logarithm of a number of a Gamma distribution of shape `alpha` (Marsaglia and Tsang 2000). `which` of a step's.
fn log_gamma_number(alpha: f64, draw: Draw, which: u64) -> f64 {
    let from = SHARES + (which << 20);
    // A shape below 1 is one above times a power of a uniform number.
    let (shape, less) = match alpha < 1.0 {
        true => (alpha + 1.0, (1.0 - draw.uniform(from)).ln() / alpha),
        false => (alpha, 0.0),
    };
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    let tries = (1u64..=1000).find_map(|attempt| {
        // Normal number n takes the words 2n and 2n + 1.
        let at = from + 4 * attempt;
        let x = draw.normal(at / 2);
        let v = (1.0 + c * x).powi(3);
        let u = 1.0 - draw.uniform(at + 2);
        (v > 0.0 && u.ln() < 0.5 * x * x + d * (1.0 - v + v.ln())).then(|| (d * v).ln())
    });
    // Each try is taken with a probability above .95: a thousand in vain do not happen.
    tries.unwrap_or(d.ln()) + less
}

#[cfg(test)]
mod tests {
    use candle_core::Device;
    use gliss_nets::draw::Stream;

    use super::*;
    use crate::trainer::batch::Example;

    #[test]
    fn shares_have_the_moments_of_their_distribution() {
        for alpha in [0.1, 0.2, 1.0, 4.0] {
            let n = 20_000;
            let shares: Vec<f64> = (0..n).map(|step| beta(alpha, Draw::new(1, Stream::Mixup, 0, step))).collect();
            let mean = shares.iter().sum::<f64>() / n as f64;
            let variance = shares.iter().map(|share| (share - mean).powi(2)).sum::<f64>() / n as f64;
            let expected = 1.0 / (4.0 * (2.0 * alpha + 1.0));
            assert!((mean - 0.5).abs() < 0.01 && (variance - expected).abs() < 0.004, "{alpha}: {mean} {variance}");
            assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)));
        }
    }

    #[test]
    fn examples_and_targets_are_mixed_alike() -> Result<()> {
        let labels = vec![0, 1, 2, 1];
        let x = Tensor::new(&[[1f32, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]], &Device::Cpu)?;
        let examples = (0..4).map(|place| Example { place, view: 0, segment: 0 }).collect();
        let batch = Batch { x, beside: None, labels, examples, mixed: None };
        let draw = Draw::new(3, Stream::Mixup, 1, 2);
        let batch = mix(batch, 1.0, draw)?;
        let mixed = batch.mixed.as_ref().expect("was mixed");
        // Examples are their classes' targets, so what is made of them is what the targets must be.
        let targets = mixed.targets(&batch.labels, &batch.x)?.to_vec2::<f32>()?;
        for (x, target) in batch.x.to_vec2::<f32>()?.iter().flatten().zip(targets.iter().flatten()) {
            assert!((x - target).abs() < 1e-6, "{x} {target}");
        }
        assert!(mixed.share > 0.0 && mixed.share < 1.0 && batch.labels == [0, 1, 2, 1]);
        let half = batch.parts(2).next().expect("a part")?;
        assert_eq!(half.mixed.expect("too").partners, mixed.partners[..2]);
        Ok(())
    }
}
