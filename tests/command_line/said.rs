//! What a command said, made fit for a snapshot.

use crate::world::{Place, Said};

/// Runs the program and yields what it said, for a snapshot.
pub(crate) fn said(place: &Place, args: &[&str]) -> String {
    shown(place, args, &place.run(args))
}

/// As [`said`], of a command that must fail: with that code, with nothing on stdout, and saying why.
pub(crate) fn refused(place: &Place, code: i32, args: &[&str]) -> String {
    let said = place.run(args);
    assert_failure(code, &said);
    shown(place, args, &said)
}

/// Asserts what holds of every failure.
pub(crate) fn assert_failure(code: i32, said: &Said) {
    assert_eq!((said.code, said.data.as_str()), (Some(code), ""), "{}", said.talk);
    assert!(!said.talk.trim().is_empty(), "it failed and said nothing");
    for word in ["panicked", "RUST_BACKTRACE", "Error {", "Some(", "Err("] {
        assert!(!said.talk.contains(word), "people are shown {word:?}: {}", said.talk);
    }
}

/// The command, its exit code, and what it said.
pub(crate) fn shown(place: &Place, args: &[&str], said: &Said) -> String {
    let code = said.code.map_or("a signal".into(), |code| code.to_string());
    let mut text = format!("$ gliss {}\nexit {code}\n", args.join(" "));
    for (stream, content) in [("stdout", &said.data), ("stderr", &said.talk)] {
        if !content.is_empty() {
            text.push_str(&format!("--- {stream}\n{}\n", tidy(place, content).trim_end()));
        }
    }
    tidy(place, &text)
}

/// Without what differs from run to run: folders, ports, times, and the log, which says things as often as they happen.
pub(crate) fn tidy(place: &Place, text: &str) -> String {
    let folder = place.path().canonicalize().expect("it is there");
    let mut text = text.replace(&*folder.to_string_lossy(), "[place]");
    text = text.replace(&*place.path().to_string_lossy(), "[place]");
    for (before, stand_in) in [("127.0.0.1:", "[port]"), ("0.0.0.0:", "[port]"), ("about ", "[time]")] {
        text = digits_after(&text, before, stand_in);
    }
    let lines = text.lines().filter(|line| !line.starts_with(" WARN "));
    lines.map(|line| format!("{}\n", line.trim_end())).collect()
}

/// Puts `stand_in` for the number, and the letters that belong to it, after each `before`.
fn digits_after(text: &str, before: &str, stand_in: &str) -> String {
    let mut parts = text.split(before);
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        whole.push_str(before);
        let rest =
            part.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.' || (stand_in == "[time]" && c == 's'));
        // The default address is always the same.
        if rest.len() < part.len() && part.starts_with(|c: char| c.is_ascii_digit()) && !part.starts_with("7070") {
            whole.push_str(stand_in);
            whole.push_str(rest);
        } else {
            whole.push_str(part);
        }
    }
    whole
}
