//! One answer for a clip out of those for its segments.

use gliss_types::recipe::Aggregate;

use super::judge::Tally;

/// Gathers the answers for the segments of one clip after another.
#[derive(Debug)]
pub(super) struct Jury {
    aggregate: Aggregate,
    /// Whose segments are being heard.
    clip: Option<(usize, usize)>,
    label: u32,
    segments: u32,
    probabilities: Vec<f64>,
    votes: Vec<u32>,
}

impl Jury {
    pub(super) fn new(aggregate: Aggregate) -> Self {
        Jury { aggregate, clip: None, label: 0, segments: 0, probabilities: Vec::new(), votes: Vec::new() }
    }

    /// Hears the logits of a segment of `clip`, whose class is `label`. The segments of a clip come one after another; a
    /// clip goes to `tally` when the next one begins.
    pub(super) fn hear(&mut self, clip: (usize, usize), logits: &[f32], label: u32, tally: &mut Tally) {
        if self.clip != Some(clip) {
            self.decide(tally);
            (self.clip, self.label, self.segments) = (Some(clip), label, 0);
            self.probabilities = vec![0.0; logits.len()];
            self.votes = vec![0; logits.len()];
        }
        self.segments += 1;
        let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let raised = |logit: &f32| f64::from(logit - top).exp();
        let sum: f64 = logits.iter().map(raised).sum();
        for (probability, logit) in self.probabilities.iter_mut().zip(logits) {
            *probability += raised(logit) / sum;
        }
        if let Some(votes) = self.votes.get_mut(largest(logits)) {
            *votes += 1;
        }
    }

    /// Decides on the last clip.
    pub(super) fn rest(mut self, tally: &mut Tally) {
        self.decide(tally);
    }

    /// The loss is that of the mean of the probabilities, whichever way the class is found (papers.md 3.2).
    fn decide(&mut self, tally: &mut Tally) {
        if self.clip.is_none() {
            return;
        }
        let answer = match self.aggregate {
            Aggregate::Sum => largest(&self.probabilities),
            Aggregate::Vote => largest(&self.votes),
        };
        let probability =
            self.probabilities.get(self.label as usize).copied().unwrap_or(f64::NAN) / f64::from(self.segments);
        // Certain to be wrong is as wrong as it can be told, and no infinity; what is no number stays none.
        let probability = if probability == 0.0 { f64::MIN_POSITIVE } else { probability };
        tally.add_clip(-probability.ln(), self.label, answer);
    }
}

/// Place of the largest value, the first of equals.
fn largest<T: PartialOrd>(values: &[T]) -> usize {
    let mut best = 0;
    for (place, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = place;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(aggregate: Aggregate, segments: &[(usize, [f32; 3], u32)]) -> Tally {
        let (mut jury, mut tally) = (Jury::new(aggregate), Tally::default());
        for (clip, logits, label) in segments {
            jury.hear((*clip, 0), logits, *label, &mut tally);
        }
        jury.rest(&mut tally);
        tally
    }

    #[test]
    fn the_sum_weighs_and_the_vote_counts() {
        let certain = [9.0, 0.0, 0.0];
        let leaning = [0.0, 0.5, 0.0];
        let clip = [(4, certain, 0), (4, leaning, 0), (4, leaning, 0)];
        assert_eq!(heard(Aggregate::Sum, &clip).accuracy(), 1.0);
        assert_eq!(heard(Aggregate::Vote, &clip).accuracy(), 0.0);
        let share = |row: [f32; 3]| f64::from(row[0]).exp() / row.iter().map(|v| f64::from(*v).exp()).sum::<f64>();
        let expected = -((share(certain) + 2.0 * share(leaning)) / 3.0).ln();
        for aggregate in [Aggregate::Sum, Aggregate::Vote] {
            assert!((heard(aggregate, &clip).loss() - expected).abs() < 1e-12);
        }
    }

    #[test]
    fn ties_go_to_the_lowest_label() {
        let clip = [(1, [0.0, 0.0, 5.0], 1), (1, [0.0, 5.0, 0.0], 1)];
        assert_eq!(heard(Aggregate::Vote, &clip).accuracy(), 1.0);
        assert_eq!(heard(Aggregate::Vote, &clip.map(|(clip, row, _)| (clip, row, 2))).accuracy(), 0.0);
    }

    #[test]
    fn answers_are_of_clips() {
        let (first, second) = ([3.0, 0.0, 0.0], [0.0, 3.0, 0.0]);
        let clips = [(0, first, 0), (0, second, 0), (0, second, 0), (1, second, 2)];
        let classes = ["a", "b", "c"].map(str::to_owned);
        let matrix = heard(Aggregate::Vote, &clips).confusion(&classes).expect("three classes");
        assert_eq!(matrix.counts(), [0, 1, 0, 0, 0, 0, 0, 1, 0]);
    }

    #[test]
    fn each_clip_counts_once_however_many_segments_it_has() {
        let (right, wrong) = ([0.0, 3.0, 0.0], [3.0, 0.0, 0.0]);
        let clips = [(0, right, 1), (1, wrong, 1), (1, wrong, 1), (1, wrong, 1), (2, right, 1)];
        assert_eq!(heard(Aggregate::Sum, &clips).accuracy(), 2.0 / 3.0);
        assert!(heard(Aggregate::Sum, &[]).is_empty());
        assert!(!heard(Aggregate::Sum, &[(0, [f32::NAN, 0.0, 0.0], 1)]).loss().is_finite());
        assert!(heard(Aggregate::Sum, &[(0, [0.0, -1e30, 0.0], 1)]).loss() > 700.0);
    }
}
