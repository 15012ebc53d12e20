//! Files made to exhaust the program: refused, and cheaply. No test here asserts a time; each would not end at all, or
//! end for want of memory, if a budget were not kept.

use std::fmt::Write;
use std::path::Path;

use gliss_spec::{Override, Source, plan};
use proptest::prelude::*;

fn refused(text: &str) -> String {
    let errors = plan(&Source::new("bad.yaml", text), &[], Path::new("/")).map(|p| p.points);
    errors.expect_err("a hostile file").findings()[0].plain()
}

#[test]
fn quadratic_aliases() {
    // 25 KB that stand for 40 million values.
    let list = (0..3000).map(|_| "1, ").collect::<String>();
    let text = format!("a: &a [{list}]\nb: [{}]\n", "*a, ".repeat(4000));
    assert!((20_000..30_000).contains(&text.len()));
    assert!(refused(&text).contains("more than 100000 values and keys"), "{}", refused(&text));
}

#[test]
fn billion_laughs() {
    let mut text = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
    for i in 1..12 {
        let aliases = vec![format!("*a{}", i - 1); 9].join(", ");
        writeln!(text, "a{i}: &a{i} [{aliases}]").expect("a string takes all");
    }
    assert!(refused(&text).contains("more than 100000 values and keys"), "{}", refused(&text));
}

#[test]
fn a_long_text_many_times() {
    let text = format!("a: &a {}\nb: [{}]\n", "x".repeat(500_000), "*a, ".repeat(50_000));
    assert!(refused(&text).contains("more than 4194304 bytes of text"), "{}", refused(&text));
}

#[test]
fn too_deep() {
    for text in ["[".repeat(500_000), format!("a: {}", "{a: ".repeat(200_000)), "- ".repeat(400_000)] {
        assert!(refused(&text).contains("more than 32 lists and mappings inside each other"), "{}", refused(&text));
    }
}

#[test]
fn deep_by_aliases() {
    let mut text = "a0: &a0 [1]\n".to_owned();
    for i in 1..40 {
        writeln!(text, "a{i}: &a{i} [*a{}]", i - 1).expect("a string takes all");
    }
    assert!(refused(&text).contains("more than 32 lists"), "{}", refused(&text));
}

#[test]
fn an_alias_in_what_it_names() {
    assert!(refused("a: &a [*a]").contains("inside what it refers to"), "{}", refused("a: &a [*a]"));
}

#[test]
fn many_unknown_settings_in_many_points() {
    let names: String = (0..30_000).map(|i| format!("  x{i}: 1\n")).collect();
    let text = format!("parameters: {{seed: {{min: 1, max: 20000}}}}\nrecipe:\n  data.source: synth\n{names}");
    assert!(refused(&text).contains("is not a setting"));
}

#[test]
fn a_long_list_in_many_points() {
    let text = format!(
        "parameters: {{seed: {{min: 1, max: 20000}}}}\nrecipe: {{data: {{source: table, path: /x, drop: [{}]}}}}",
        "a, ".repeat(60_000)
    );
    assert!(refused(&text).contains("no setting takes more than 1000"), "{}", refused(&text));
}

#[test]
fn many_long_ranges() {
    let settings =
        ["seed", "data.seed", "split.seed", "epochs", "batch", "net.filters", "features.mels", "features.hop"];
    let ranges: String = settings.iter().map(|s| format!("  {s}: {{min: 1, max: 1000000}}\n")).collect();
    let text = format!("recipe: {{data.source: synth}}\nparameters:\n{ranges}");
    let errors = plan(&Source::new("bad.yaml", text), &[], Path::new("/")).map(|p| p.points).expect_err("too many");
    let text = format!("{errors:#}");
    assert!(text.contains("more than 18446744073709551615 points"), "{text}");
    assert!(text.contains("`net.filters` cannot be `1000000`"), "{text}");
}

#[test]
fn many_rows_beside_many_values() {
    let values: String = (0..9000).map(|i| format!("{{x{i}: 1}}, ")).collect();
    let rows: String = (0..9000).map(|i| format!("- {{y{i}: 1, batch: {i}}}\n")).collect();
    let text =
        format!("recipe: {{data.source: synth}}\nparameters: {{optimiser: {{values: [{values}]}}}}\nrows:\n{rows}");
    assert!(refused(&text).contains("is not a setting"), "{}", refused(&text));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_text_is_a_panic(text in "\\PC{0,200}|[-:,\\[\\]{}#&*!|>'\"%@ \n\ta-c0-9.]{0,120}") {
        let source = Source::new("any.yaml", text);
        if let Err(errors) = plan(&source, &[], Path::new("/")) {
            prop_assert!(!errors.findings().is_empty());
            prop_assert!(!errors.rendered(80).is_empty());
        }
    }

    #[test]
    fn no_override_is_a_panic(text in "\\PC{0,60}|(batch|optimiser|data.path|metric|name)=[-:,\\[\\]{}#&*!|>'\"%@ a-c0-9.]{0,30}") {
        if let Ok(set) = Override::parse(&text) {
            let file = "recipe: {data.source: synth}\nparameters: {batch: {values: [1, 2]}}\nrows: [{seed: 1}]";
            if let Err(errors) = plan(&Source::new("any.yaml", file), &[set], Path::new("/")) {
                prop_assert!(!errors.rendered(80).is_empty());
            }
        }
    }

    #[test]
    fn a_file_with_slips_is_no_panic(edits in prop::collection::vec((any::<prop::sample::Index>(), 0..5usize, "[-:,\\[\\]{}#&*!|>'\"%@ \n\ta0.é]{0,3}"), 1..5)) {
        let mut text: Vec<char> = WHOLE.chars().collect();
        for (at, gone, new) in edits {
            let at = at.index(text.len());
            let end = (at + gone).min(text.len());
            text.splice(at..end, new.chars());
        }
        let text: String = text.into_iter().collect();
        if let Err(errors) = plan(&Source::new("any.yaml", text), &[], Path::new("/")) {
            prop_assert!(!errors.rendered(80).is_empty());
        }
    }

    #[test]
    fn pieces_of_a_sweep_file_are_no_panic(lines in prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..14)) {
        if let Err(errors) = plan(&Source::new("any.yaml", lines.concat()), &[], Path::new("/")) {
            prop_assert!(!errors.rendered(80).is_empty());
        }
    }
}

const PIECES: [&str; 24] = [
    "recipe:\n",
    "parameters:\n",
    "rows:\n",
    "metric:\n",
    "  data.source: synth\n",
    "  data: {source: folder}\n",
    "  batch: {values: [8, 16]}\n",
    "  batch: 8\n",
    "  optimiser:\n",
    "    parameters:\n",
    "      lr: {min: 1, max: 3}\n",
    "    values: [{name: adam}, {name: sgd, lr: 0.1}]\n",
    "  - {batch: 4}\n",
    "  - seed: 3\n",
    "    value: &v 3\n",
    "  seed: *v\n",
    "  name: valid_loss\n",
    "attempts: 3\n",
    "method: grid\n",
    "name: é\n",
    "  <<: *v\n",
    "  net.dropout: .inf\n",
    "  net: 3\n",
    "\t",
];

const WHOLE: &str = "
name: quickstart
metric: {name: valid_loss, goal: minimize}
recipe:
  data: &data {source: synth, clips_per_style: 8}
  features: {height: 64, width: 64}
  epochs: 4
parameters:
  batch: {values: [16, 32]}
  optimiser:
    values:
      - {name: adam, lr: 0.001}
      - {name: sgd, lr: 0.05, momentum: 0.9}
  net:
    parameters:
      depth: {min: 2, max: 4}
rows:
  - seed: 1
  - {seed: 2, net.dropout: 0.25}
";
