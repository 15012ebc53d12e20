//! An error with everything that led to it.

use std::error::Error;

/// The text of an error and of all that it came from, on one line: `a: b: c`. What an error says of its source by itself is
/// not said twice.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let inner_text = inner.to_string();
        if !text.ends_with(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        source = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    #[derive(Debug, thiserror::Error)]
    #[error("read the file")]
    struct Outer(#[source] io::Error);

    #[derive(Debug, thiserror::Error)]
    #[error("go on: {0}")]
    struct Telling(#[source] Outer);

    #[test]
    fn each_cause_is_said_once() {
        let outer = Outer(io::Error::other("no such disk"));
        assert_eq!(chain(&outer), "read the file: no such disk");
        assert_eq!(chain(&Telling(outer)), "go on: read the file: no such disk");
    }
}
