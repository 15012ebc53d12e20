//! The tree against serde_yaml: the same values, and places that hold what they say.

use std::path::PathBuf;

use proptest::prelude::*;
use serde_json::Value;

use super::{Kind, Node, build};
use crate::finding::Log;
use crate::source::Span;

fn tree(text: &str) -> Option<Node> {
    let mut log = Log::default();
    let node = build(0, text, 0, &mut log).unwrap_or_else(|note| panic!("{note:?}: {text:?}"));
    assert!(!log.has_errors(), "{text:?}");
    node
}

/// YAML text of a value, in block or flow style, as chosen by the numbers.
fn written(value: &Value, flow: bool, indent: usize, out: &mut String) {
    let pad = " ".repeat(indent);
    match value {
        Value::Array(items) if flow || items.is_empty() => {
            out.push('[');
            for item in items {
                written(item, true, 0, out);
                out.push_str(", ");
            }
            out.push(']');
        }
        Value::Array(items) => {
            for item in items {
                out.push_str(&format!("\n{pad}- "));
                written(item, indent > 2, indent + 2, out);
            }
        }
        Value::Object(map) if flow || map.is_empty() => {
            out.push('{');
            for (key, item) in map {
                out.push_str(&format!("{key}: "));
                written(item, true, 0, out);
                out.push_str(", ");
            }
            out.push('}');
        }
        Value::Object(map) => {
            for (key, item) in map {
                out.push_str(&format!("\n{pad}{key}: "));
                written(item, indent > 2, indent + 2, out);
            }
        }
        Value::String(text) => out.push_str(text),
        other => out.push_str(&other.to_string()),
    }
}

/// A text that is a scalar however it is read: what it means is the question.
fn scalar() -> impl Strategy<Value = Value> {
    let plain = "[a-zA-Z0-9][a-zA-Z0-9.+_-]{0,8}|[-+]?[0-9]{1,22}|[-+]?[0-9]{0,3}\\.[0-9]{1,3}(e[-+]?[0-9]{1,3})?|\
                 true|True|null|~|no|NO|0x[0-9a-f]{1,4}|0o[0-7]{1,3}|0b[01]{1,4}|1e[0-9]{1,3}|\"[a-z0-9 é]{0,6}\"|'[0-9]{1,3}'|\
                 [a-z]{1,3} [a-z#:é]{1,3}[a-z]";
    plain.prop_map(Value::String)
}

fn value() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(3, 24, 4, |inner| {
        let map = prop::collection::btree_map("[a-z]{2}[a-zé]{0,4}k", inner.clone(), 0..4);
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(Value::Array),
            map.prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn check_places(node: &Node, text: &str) {
    let slice = |span: Span| text.get(span.start..span.end).unwrap_or_else(|| panic!("{span:?} is outside {text:?}"));
    match &node.kind {
        Kind::Scalar(Value::String(words)) => {
            let plain = slice(node.span).trim_matches(['"', '\'']);
            assert_eq!(plain, words);
        }
        Kind::Scalar(_) | Kind::Unread => {}
        Kind::List(items) => items.iter().for_each(|item| check_places(item, text)),
        Kind::Map(entries) => entries.iter().for_each(|entry| {
            assert_eq!(slice(entry.key_span), entry.key);
            check_places(&entry.value, text);
        }),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn the_tree_reads_as_serde_yaml_reads(value in value(), flow: bool) {
        let mut text = String::new();
        written(&value, flow, 0, &mut text);
        let theirs = serde_yaml::from_str::<serde_yaml::Value>(&text);
        let mut log = Log::default();
        let ours = build(0, &text, 0, &mut log);
        match (theirs, ours) {
            (Ok(theirs), Ok(ours)) if !log.has_errors() => {
                let theirs = serde_json::to_value(&theirs).expect("finite values with names");
                let ours = ours.map_or(Value::Null, |node| { check_places(&node, &text); node.value() });
                prop_assert_eq!(ours, theirs, "{}", text);
            }
            // What one refuses the other may refuse in its own words, or be stricter; ours never reads more.
            (Err(error), Ok(_)) => prop_assert!(log.has_errors(), "{}: {}", error, text),
            _ => prop_assume!(false, "nothing to compare"),
        }
    }
}

#[test]
fn places_are_right_beside_letters_of_many_bytes_and_line_ends_of_two() {
    for text in ["é: ü\r\nb: [ä, \"ö\"]\r\nc: 'x'\r\n", "\u{feff}a: b\nc: d\n", "ключ: значение # ß\nz: я\n"]
    {
        let node = tree(text).expect("a mapping");
        check_places(&node, text);
    }
}

#[test]
fn a_block_ends_with_its_last_line() {
    let text = "a:\n  - 1\n  - 2\n\n# remark\nb: 3\n";
    let node = tree(text).expect("a mapping");
    let span = node.entries().and_then(|e| e.first()).map(|e| e.value.span).expect("an entry");
    assert_eq!(text.get(span.start..span.end).map(|s| s.lines().next()), Some(Some("- 1")));
}

#[test]
fn the_sweep_files_of_the_repository_read_alike() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    for entry in std::fs::read_dir(folder).expect("the folder of this crate's parent") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|e| e == "yaml") {
            let text = std::fs::read_to_string(&path).expect("a sweep file is text");
            let theirs: Value = serde_yaml::from_str(&text).expect("a sweep file is YAML");
            assert_eq!(tree(&text).map(|node| node.value()), Some(theirs), "{}", path.display());
        }
    }
}
