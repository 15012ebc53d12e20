//! What a net says of a clip.

use gliss_types::recipe::Aggregate;

/// A net's answer for one clip.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The class that it takes the clip for; a place in the net's classes.
    pub class: usize,
    /// Of each class: its probability, or the mean over the clip's segments.
    pub probabilities: Vec<f64>,
    /// The segments, in order; none where the net looks at whole clips.
    pub segments: Vec<Segment>,
}

/// A net's answer for one segment of a clip.
#[derive(Debug, Clone, PartialEq)]
pub struct Segment {
    /// Where it begins, in seconds.
    pub start: f64,
    /// How long it is.
    pub seconds: f64,
    /// Of each class.
    pub probabilities: Vec<f64>,
}

impl Answer {
    /// One answer out of those for segments, one at least; the class is found as the trial's test found it.
    pub(super) fn new(segments: Vec<Segment>, cut: bool, aggregate: Option<Aggregate>) -> Answer {
        let classes = segments.first().map_or(0, |segment| segment.probabilities.len());
        let (mut sums, mut votes) = (vec![0.0; classes], vec![0u32; classes]);
        for segment in &segments {
            sums.iter_mut().zip(&segment.probabilities).for_each(|(sum, p)| *sum += p);
            if let Some(votes) = votes.get_mut(largest(&segment.probabilities)) {
                *votes += 1;
            }
        }
        let class = match aggregate {
            Some(Aggregate::Vote) => largest(&votes),
            _ => largest(&sums),
        };
        let count = segments.len().max(1) as f64;
        let probabilities = sums.into_iter().map(|sum| sum / count).collect();
        Answer { class, probabilities, segments: if cut { segments } else { Vec::new() } }
    }

    /// The classes from the most probable to the least, as places in the net's classes; equal ones in their order.
    pub fn ranked(&self) -> Vec<usize> {
        let mut ranked: Vec<usize> = (0..self.probabilities.len()).collect();
        ranked.sort_by(|a, b| self.probabilities[*b].total_cmp(&self.probabilities[*a]));
        ranked
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

    #[test]
    fn segments_are_summed_or_vote() {
        let segment =
            |start, probabilities: [f64; 2]| Segment { start, seconds: 1.0, probabilities: probabilities.to_vec() };
        let all = vec![segment(0.0, [0.9, 0.1]), segment(1.0, [0.45, 0.55]), segment(2.0, [0.45, 0.55])];
        let sum = Answer::new(all.clone(), true, Some(Aggregate::Sum));
        assert_eq!((sum.class, sum.segments.len()), (0, 3));
        assert!((sum.probabilities[0] - 0.6).abs() < 1e-15 && sum.ranked() == [0, 1]);
        assert_eq!(Answer::new(all.clone(), true, Some(Aggregate::Vote)).class, 1);
        assert!(Answer::new(all[..1].to_vec(), false, None).segments.is_empty());
    }
}
