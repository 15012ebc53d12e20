//! Whose copies a trial needs.

use gliss_types::recipe::{Augment, CopiesOf};

use crate::features::Need;
use crate::split::Deal;

/// The clips of a listing whose augmented copies a trial needs: those of the sides that have copies. Another trial of the
/// same clips may need others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Copied(Vec<bool>);

impl Copied {
    /// For clips that are dealt out as `deal` says.
    pub(crate) fn of(augment: &Augment, deal: &Deal) -> Self {
        let mut copied = Vec::new();
        if augment.copies.is_empty() {
            return Copied(copied);
        }
        let valid = if augment.copies_of == CopiesOf::TrainAndValid { deal.valid.as_slice() } else { &[] };
        for &place in deal.train.iter().chain(valid) {
            if copied.len() <= place {
                copied.resize(place + 1, false);
            }
            copied[place] = true;
        }
        Copied(copied)
    }

    /// What the trial needs of the clip at `place`.
    pub(crate) fn need(&self, place: usize) -> Need {
        Need { place, copies: self.0.get(place).copied().unwrap_or(false) }
    }

    /// The same of several.
    pub(crate) fn needs(&self, places: impl IntoIterator<Item = usize>) -> Vec<Need> {
        places.into_iter().map(|place| self.need(place)).collect()
    }
}
