//! The trial's key: the hash of its recipe's canonical form.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Hash of a recipe's canonical form: the first 16 bytes of BLAKE3, in lower-case hex. Same key, same result.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TrialKey(String);

impl TrialKey {
    /// The key of a canonical form, see [`crate::Recipe::canonical`].
    pub fn of(canonical: &str) -> Self {
        let hash = blake3::hash(canonical.as_bytes()).to_hex();
        TrialKey(hash[..32].to_owned())
    }

    /// The 32 hex digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TrialKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
