//! The scanner's complaints in the words of this program, each with a remedy.

/// What is wrong and what to do, for a complaint of the scanner and the text from its place on.
pub(super) fn words(complaint: &str, rest: &str) -> (String, &'static str) {
    let known = KNOWN.iter().find(|(part, ..)| complaint.contains(part));
    match known {
        Some((_, message, help)) => ((*message).to_owned(), help),
        None if complaint.contains("unexpected character") => {
            let sign = rest.chars().next().unwrap_or_default();
            (format!("a text cannot begin with `{sign}`"), "put quotes round the text")
        }
        None => (format!("this is not YAML: {complaint}"), "look at the indentation, at brackets and at quotes"),
    }
}

const KNOWN: [(&str, &str, &str); 15] = [
    ("tab", "a tab stands where YAML wants spaces", "put spaces for the tab"),
    (
        "mapping values are not allowed",
        "a `:` cannot stand here",
        "put quotes round a text that holds `: `; give the keys of one mapping the same indentation",
    ),
    ("illegal placement of ':'", "a `:` cannot stand here", "put quotes round a text that holds `: `"),
    ("parsing a flow mapping", "a `,` or `}` is missing before this", "look for a `{` that is not closed"),
    ("parsing a flow sequence", "a `,` or `]` is missing before this", "look for a `[` that is not closed"),
    (
        "invalid indentation in flow construct",
        "a `]` or `}` is missing before this",
        "look for a `[` or `{` that is not closed",
    ),
    ("misplaced bracket", "this bracket closes nothing", "take it out, or put quotes round the text that holds it"),
    ("unknown anchor", "this alias refers to no anchor", "put quotes round a text that begins with `*`"),
    (
        "found unexpected end of stream",
        "a text in quotes does not end before the file does",
        "close the quote; inside `'…'` a `'` is written twice",
    ),
    (
        "invalid indentation in quoted scalar",
        "a text in quotes does not end in its line",
        "close the quote; inside `'…'` a `'` is written twice",
    ),
    (
        "unknown escape character",
        "this escape is not known",
        "inside `\"…\"` write `\\\\` for a backslash, or use `'…'`, which has no escapes",
    ),
    (
        "did not find expected key",
        "this line is indented like none above it",
        "give the keys of one mapping, and the `-` of one list, the same indentation",
    ),
    ("simple key expect", "a `:` is missing in or before this line", "write `key: value` on each line"),
    ("block sequence entries", "a list cannot begin here", "put each `- …` on a line of its own below the key"),
    (
        "expected '-' indicator",
        "this line is indented like none above it",
        "give the `-` of one list the same indentation",
    ),
];
