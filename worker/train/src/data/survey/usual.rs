//! What is usual in a data set, so that what is odd stands out.

use std::collections::BTreeMap;

use super::heard::Heard;
use super::spread::Spread;

/// What most files of a set are like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Usual {
    /// The median length.
    pub(super) seconds: f64,
    /// The rate of more than half of the files; none if there is no such rate.
    pub(super) rate: Option<u32>,
    /// The channels of more than half of the files.
    pub(super) channels: Option<u32>,
}

impl Usual {
    pub(super) fn of<'a>(heard: impl Iterator<Item = &'a Heard> + Clone) -> Usual {
        Usual {
            seconds: Spread::of(heard.clone().map(Heard::seconds)).median,
            rate: most(heard.clone().map(|heard| heard.rate)),
            channels: most(heard.map(|heard| heard.channels)),
        }
    }
}

/// How many there are of each value, the most frequent first, equally frequent ones in ascending order.
pub(super) fn tally<T: Ord>(values: impl IntoIterator<Item = T>) -> Vec<(T, usize)> {
    let mut counts: BTreeMap<T, usize> = BTreeMap::new();
    for value in values {
        *counts.entry(value).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts
}

fn most<T: Ord>(values: impl IntoIterator<Item = T>) -> Option<T> {
    let counts = tally(values);
    let all: usize = counts.iter().map(|(_, count)| count).sum();
    counts.into_iter().next().filter(|(_, count)| 2 * count > all).map(|(value, _)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_most_is_more_than_half() {
        assert_eq!(most([1, 2, 2]), Some(2));
        assert_eq!(most([1, 2, 2, 1]), None);
        assert_eq!(most::<u32>([]), None);
        assert_eq!(tally(["b", "a", "c", "c", "b"]), [("b", 2), ("c", 2), ("a", 1)]);
    }
}
