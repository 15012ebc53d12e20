//! Changes of sound that make more of a data set than it has: noise, rolls, stretched, shifted and faster clips, what is
//! percussive of them, and bars over spectrograms.
//!
//! What happens is drawn first and applied second. A [`Chain`] says what may happen; drawing from it with the [`Draws`] of
//! a place (seed, epoch, clip) gives a list of [`Transform`]s with every number in it, and the same place gives the same
//! list on any machine. An [`Augmenter`] applies such a list. Nothing here remembers anything from clip to clip.

mod apply;
mod chain;
mod draws;
mod gauss;
mod masks;
mod transform;

pub use apply::{AugmentError, Augmenter};
pub use chain::{Amount, Chain, Change, Step};
pub use draws::{Draws, Purpose};
pub use masks::{MaskFill, Masks};
pub use transform::{Length, Transform};
