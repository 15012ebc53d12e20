//! Some examples of each class that go from training to validation.

use super::order::shuffled;
use super::{Deal, SplitError, Subjects};

/// Takes `each` examples of every class that trains, by `seed`, and lets them validate; each of these classes keeps at
/// least one example to train. The sides stay in ascending order.
///
/// # Errors
/// A class has too few.
pub(super) fn hold_out(deal: Deal, subjects: &Subjects<'_>, each: usize, seed: u64) -> Result<Deal, SplitError> {
    let mut members = vec![Vec::new(); subjects.classes.len()];
    for index in &deal.train {
        members[subjects.labels[*index] as usize].push(*index);
    }
    let mut valid = deal.valid;
    for (class, members) in members.iter().enumerate() {
        if !members.is_empty() && members.len() <= each {
            let (class, examples) = (subjects.classes[class].clone(), members.len());
            return Err(SplitError::FewToHoldOut { class, examples, each });
        }
        valid.extend(shuffled(members, seed, class).into_iter().take(each));
    }
    valid.sort_unstable();
    let mut train = deal.train;
    train.retain(|index| valid.binary_search(index).is_err());
    Ok(Deal { train, valid, test: deal.test })
}
