//! Ids and how they print: `s3`, `s3/t41`, `s3/t41#2`, `w7`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A text that is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {wanted}")]
pub struct IdError {
    /// What was given.
    pub text: String,
    /// What an id of this kind looks like.
    pub wanted: &'static str,
}

/// A sweep, numbered from 1 in its store. Prints `s3`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SweepId(pub u32);

/// A trial, numbered from 1 in its sweep. Prints `s3/t41`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TrialId {
    /// The sweep it belongs to.
    pub sweep: SweepId,
    /// Its number there; trial `n` is point `n - 1` of the space.
    pub number: u32,
}

/// One execution of a trial. The ordinal grows with every lease and is the fencing token. Prints `s3/t41#2`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AttemptId {
    /// The trial that is executed.
    pub trial: TrialId,
    /// From 1; a larger ordinal fences out all smaller ones.
    pub ordinal: u32,
}

/// A registered worker process, numbered from 1 in its store. Prints `w7`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WorkerId(pub u32);

impl fmt::Display for SweepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s{}", self.0)
    }
}

impl fmt::Display for TrialId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/t{}", self.sweep, self.number)
    }
}

impl fmt::Display for AttemptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.trial, self.ordinal)
    }
}

impl fmt::Display for WorkerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "w{}", self.0)
    }
}

/// The number after `prefix`, from 1, without sign or leading zero.
fn numbered(text: &str, prefix: char) -> Option<u32> {
    let digits = text.strip_prefix(prefix)?;
    let plain = digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
    if plain { digits.parse().ok() } else { None }
}

impl FromStr for SweepId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        numbered(text, 's').map(SweepId).ok_or_else(|| IdError { text: text.into(), wanted: "a sweep id like `s3`" })
    }
}

impl FromStr for TrialId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let parsed = text.split_once('/').and_then(|(sweep, trial)| {
            Some(TrialId { sweep: SweepId(numbered(sweep, 's')?), number: numbered(trial, 't')? })
        });
        parsed.ok_or_else(|| IdError { text: text.into(), wanted: "a trial id like `s3/t41`" })
    }
}

impl FromStr for WorkerId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        numbered(text, 'w').map(WorkerId).ok_or_else(|| IdError { text: text.into(), wanted: "a worker id like `w7`" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_print_and_parse_alike() {
        let trial = TrialId { sweep: SweepId(3), number: 41 };
        assert_eq!(trial.to_string(), "s3/t41");
        assert_eq!("s3/t41".parse(), Ok(trial));
        assert_eq!("s3".parse(), Ok(SweepId(3)));
        assert_eq!(AttemptId { trial, ordinal: 2 }.to_string(), "s3/t41#2");
        assert_eq!("w7".parse(), Ok(WorkerId(7)));
    }

    #[test]
    fn what_is_no_id_is_refused() {
        for text in ["", "s", "s0", "s03", "s-1", "s+1", "3", "s3/", "s3/t", "s3/41", "t3", "s99999999999", "s3 "] {
            assert!(text.parse::<SweepId>().is_err() && text.parse::<TrialId>().is_err(), "{text:?} was taken");
        }
    }
}
