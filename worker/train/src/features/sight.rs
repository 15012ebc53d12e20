//! What preparation asks of a front end.

use std::fmt::Debug;

use super::skipped::Unusable;
use crate::cache::Precision;
use crate::data::ListedClip;

/// What a front end saw of one clip.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Seen {
    /// At most eight dimensions; the last varies fastest. It may differ from clip to clip, in its frames for example.
    pub(crate) shape: Vec<usize>,
    /// As many as the product of `shape`.
    pub(crate) values: Vec<f32>,
}

/// Views of a clip, or why one cannot be used.
pub(crate) type Views = Vec<Result<Seen, Unusable>>;

/// A front end as preparation uses it: each thread has its own.
///
/// A clip has one or more views: number 0 is the clip as it is, the others are copies of it that were augmented before
/// training. What is seen is a function of the file, the clip's place in it, the front end and the number of the view
/// alone.
pub(crate) trait Sight: Debug + Send {
    /// Views of each clip, at least 1.
    fn views(&self) -> usize {
        1
    }

    /// How views are stored.
    fn precision(&self) -> Precision {
        Precision::F32
    }

    /// A text that differs between any two that see a file with the same content differently: front end, settings, the part
    /// of the file that `clip` is, and view.
    fn identity(&self, clip: &ListedClip, view: usize) -> String;

    /// A few words on the front end, for people who look into the cache: at most 256 bytes.
    fn summary(&self) -> String;

    /// Whether it could have seen that shape: anything else in the cache is taken for absent.
    fn accepts(&self, shape: &[usize]) -> bool;

    /// The views `views` of `clip`, in that order, each on its own: a copy may be of no use where the clip is. The file is
    /// decoded once. `content` is BLAKE3 of the file, which draws for augmentation come from.
    ///
    /// # Errors
    /// The clip cannot be used.
    fn see(&mut self, clip: &ListedClip, content: &blake3::Hash, views: &[usize]) -> Result<Views, Unusable>;

    /// Another one like it.
    fn fork(&self) -> Box<dyn Sight>;
}
