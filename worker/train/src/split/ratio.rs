//! The split that looks at no class: shuffled, cut at shares of the whole (papers.md 4.1).

use super::order::shuffled;
use super::{Deal, SplitError};

/// Shares of numbers that are whole in decimals may come out a hair below them.
const HAIR: f64 = 1e-9;

/// `shares` are those of validation and test. The bounds are cut to whole numbers: of 999 at 0.1 and 0.1, 799 train, 100
/// validate, 100 test.
pub(super) fn deal(count: usize, [valid, test]: [f64; 2], seed: u64) -> Result<Deal, SplitError> {
    let bound = |share: f64| ((share * count as f64 + HAIR).floor().max(0.0) as usize).min(count);
    let (train_end, valid_end) = (bound(1.0 - valid - test), bound(1.0 - test));
    let mut train = shuffled(&(0..count).collect::<Vec<_>>(), seed, 0);
    let test = train.split_off(valid_end);
    let valid = train.split_off(train_end.min(valid_end));
    Deal { train, valid, test }.checked()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_cut() {
        for (count, shares, sizes) in [
            (999, [0.1, 0.1], [799, 100, 100]),
            (1000, [0.1, 0.1], [800, 100, 100]),
            (10, [0.15, 0.15], [7, 1, 2]),
            (100, [0.3, 0.3], [40, 30, 30]),
            (8, [0.2, 0.2], [4, 2, 2]),
        ] {
            let deal = deal(count, shares, 0).expect("enough");
            assert_eq!([deal.train.len(), deal.valid.len(), deal.test.len()], sizes, "{count} {shares:?}");
            let mut all = [deal.train, deal.valid, deal.test].concat();
            all.sort_unstable();
            assert!(all.into_iter().eq(0..count));
        }
        assert_eq!(deal(5, [0.1, 0.1], 0), Err(SplitError::EmptySide { side: "validation" }));
    }

    #[test]
    fn the_seed_alone_decides() {
        let first = deal(50, [0.2, 0.2], 1).expect("enough");
        assert_eq!(deal(50, [0.2, 0.2], 1).expect("enough"), first);
        assert_ne!(deal(50, [0.2, 0.2], 2).expect("enough"), first);
        assert!(!first.train.is_sorted());
    }
}
