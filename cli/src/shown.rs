//! Names from a disk, as people are shown them.

use std::path::Path;

/// A name on one line that cannot steer a terminal or turn the direction of writing: characters that could are shown as
/// `\u{1b}` and the like.
pub(crate) fn shown(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for c in name.chars() {
        if steers(c) {
            text.extend(c.escape_unicode());
        } else {
            text.push(c);
        }
    }
    text
}

/// As [`shown`], of a path; relative to `base` where it lies in it.
pub(crate) fn shown_path(path: &Path, base: &Path) -> String {
    let inner = path.strip_prefix(base).ok().filter(|inner| !inner.as_os_str().is_empty()).unwrap_or(path);
    shown(&inner.to_string_lossy())
}

fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_on_their_line() {
        assert_eq!(shown("Für Elise — ноты.wav"), "Für Elise — ноты.wav");
        assert_eq!(shown("a\u{1b}[2Jb\n\u{202e}c"), "a\\u{1b}[2Jb\\u{a}\\u{202e}c");
        assert_eq!(shown_path(Path::new("/set/jazz/a.wav"), Path::new("/set")), "jazz/a.wav");
        assert_eq!(shown_path(Path::new("/set"), Path::new("/set")), "/set");
        assert_eq!(shown_path(Path::new("/other/a.wav"), Path::new("/set")), "/other/a.wav");
    }
}
