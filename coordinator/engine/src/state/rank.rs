//! Scores in the order of a leaderboard.

use gliss_types::{Goal, Objective};

/// A finite score as a key that sorts best first. Both zeroes are one score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank(u64);

impl Rank {
    /// The rank of a score: the bits of a finite float, flipped so that they ascend with it, and turned round where
    /// larger is better.
    pub(super) fn of(objective: &Objective, score: f64) -> Rank {
        let bits = (score + 0.0).to_bits();
        let ascending = if bits >> 63 == 1 { !bits } else { bits | 1 << 63 };
        match objective.goal {
            Goal::Minimize => Rank(ascending),
            Goal::Maximize => Rank(!ascending),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn ranks_order_as_the_objective_does(a in -1e300_f64..1e300, b in -1e300_f64..1e300, maximize: bool) {
            let goal = if maximize { Goal::Maximize } else { Goal::Minimize };
            let objective = Objective { metric: "valid_loss".into(), goal };
            let ranks = Rank::of(&objective, a).cmp(&Rank::of(&objective, b));
            prop_assert_eq!(ranks, objective.rank(Some(a), Some(b)));
        }
    }

    #[test]
    fn both_zeroes_are_one_score() {
        let objective = Objective::default();
        assert_eq!(Rank::of(&objective, 0.0), Rank::of(&objective, -0.0));
    }
}
