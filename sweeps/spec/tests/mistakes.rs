//! What people read when a sweep file is wrong. Each snapshot is one file and the text it gets.

use std::path::Path;

use gliss_spec::{Override, Source, SpecErrors, plan};

fn errors(text: &str, sets: &[&str]) -> SpecErrors {
    let overrides: Result<Vec<_>, _> = sets.iter().map(|set| Override::parse(set)).collect();
    let overrides = match overrides {
        Ok(overrides) => overrides,
        Err(errors) => return errors,
    };
    plan(&Source::new("try.yaml", text), &overrides, Path::new("/sweeps")).map(|p| p.plan).expect_err("a broken file")
}

/// One test for each broken file: its name, its text, and what is set from the command line.
macro_rules! mistakes {
    ($($name:ident: $text:expr $(, set $set:expr)*;)*) => {$(
        #[test]
        fn $name() {
            let errors = errors($text, &[$($set),*]);
            insta::with_settings!({prepend_module_to_snapshot => false, omit_expression => true}, {
                insta::assert_snapshot!(stringify!($name), errors.rendered(100));
            });
        }
    )*};
}

mistakes! {
    unknown_keys: "
nmae: first
batch: 32
learning_rate: 0.1
params: {}
zebra: 1
recipe:
  data.source: synth
";
    misspelt_value: "
recipe:
  data: {source: synth}
  optimiser.name: adma
";
    misspelt_settings: "
recipe:
  data.sorce: synth
  optimizer:
    lr: 0.1
  lr: 0.1
  optimiser.lr.value: 3
parameters:
  batch_size: {values: [8, 16]}
  net.droput: {values: [0.1, 0.5]}
";
    wrong_types: "
recipe:
  data: {source: synth, seconds: six}
  batch: [8, 16]
  optimiser:
    lr: \"0.01\"
    nesterov: yes
    name: sgd
    momentum: 0.9
  net: liu_cnn
  epochs: 2.5
";
    one_impossible_value_of_several: "
recipe:
  data.source: synth
parameters:
  batch:
    values: [8, 0, 32]
  net.dropout: {values: [0.1, 1.0]}
  net.depth: {min: 1, max: 7}
";
    impossible_together: "
recipe:
  data.source: synth
  schedule: {name: triangular, max_lr: 0.01}
parameters:
  optimiser.lr: {values: [0.001, 0.1]}
  batch: {values: [8, 16]}
";
    impossible_training: "
recipe:
  data.source: synth
  epochs: 10
  batch: 8
  grad_accumulation: 16
  label_smoothing: 1
  optimiser: {name: sgd, clip_norm: 1, clip_value: 0.5, dampening: 0.1}
parameters:
  schedule:
    values:
      - {name: cosine, warmup: 12}
      - {name: multi_step}
      - {name: plateau, watch: train_loss}
      - {name: one_cycle, three_phase: true, pct_start: 0.7}
";
    other_programs_training: "
recipe:
  data.source: synth
  accumulate_grad_batches: 4
  optimiser: {clipnorm: 1, weight_decy: 0.1}
  lr_scheduler: {name: cosine, T_max: 10}
  schedule.eta_min: 0.001
";
    impossible_inputs: "
recipe:
  data.source: synth
  net.name: liu_cnn
parameters:
  features:
    values:
      - {kind: mel, channels: 0, win_length: 4096}
      - {kind: waveform, samples: 16000, segments: {frames: 125}}
      - {kind: mel, n_fft: 1024, segments: {samples: 512, overlap: 1}}
      - {kind: mel, beside: {kind: stft}}
";
    impossible_changes: "
recipe:
  data.source: synth
  features: {kind: mel, segments: {frames: 125}}
  augment:
    online:
      - {noise: 0.005, chance: 0.25}
      - {stretch: [1.1, 0.9], chance: 0.25}
      - {pitchshift: 2}
      - {roll: 0.5}
      - {speed: 1.1, length: free}
    copies: [{pitch: 1, often: 0.5}, 7]
    copies_of: [test]
    masks: {time: 2, time_width: 0}
";
    changed_vectors: "
recipe:
  data: {source: folder, path: clips}
  features: {kind: embedding, path: vectors}
  augment:
    copies: [{pitch: 1}]
    online: [{roll: 1600}]
";
    impossible_default: "
recipe:
  data.source: synth
  features: {height: 8, width: 8}
";
    a_list_item: "
recipe:
  data: {source: table, path: features.csv, label: genre}
  net:
    name: mlp
    hidden: [128, -1, wide]
";
    empty_grid: "
recipe: {data.source: synth}
parameters:
  batch: {values: []}
  epochs: {values: }
  seed: {min: 3, max: 1}
  net:
    parameters: {}
  optimiser.lr:
rows: []
";
    missing_settings: "
name: nothing
recipe:
  epochs: 3
";
    missing_beside: "
recipe:
  epochs: 3
parameters:
  data.source: {values: [synth, folder]}
";
    wandb_keys: "
program: train.py
command: [python, train.py]
project: gtzan
early_terminate: {type: hyperband, min_iter: 3}
run_cap: 20
method: bayes
metric: {name: val_loss, goal: minimise, target: 0.1}
parameters:
  optimiser.lr:
    distribution: log_uniform_values
    min: 0.0001
    max: 0.1
  net.dropout: {values: [0.1, 0.5], probabilities: [0.3, 0.7]}
recipe: {data.source: synth}
";
    parameter_shapes: "
recipe: {data.source: synth}
parameters:
  batch: [8, 16]
  epochs: 5
  seed: {value: 1, values: [1, 2]}
  net:
    depth: {values: [2, 3]}
  optimiser.lr: {values: 0.1}
  optimiser.name: {vlaues: [adam, sgd]}
  net.filters: {min: 4}
  net.dropout: {min: 0.1, max: 0.5}
  task: {}
";
    top_level_shapes: "
name: 7
description: [a]
method: 3
metric: valid_loss
attempts: 0
recipe: synth
rows: {batch: 3}
parameters: [batch]
";
    metric_of_the_test_set: "
metric: {name: test_accuracy}
recipe: {data.source: synth}
";
    another_name_of_f1: "
metric: {name: macro_f1}
recipe: {data.source: synth}
";
    not_a_mapping: "- a\n- b\n";
    tab: "recipe:\n  data:\n\tsource: synth\n";
    open_bracket: "recipe: {data.source: synth\nname: x\n";
    colon_in_a_text: "name: first: the second\nrecipe: {data.source: synth}\n";
    no_colon: "recipe:\n  data.source: synth\n  batch 8\n  epochs: 3\n";
    ragged: "recipe:\n  data.source: synth\n batch: 8\n";
    ragged_deeper: "recipe:\n  data.source: synth\n    batch: 8\n";
    open_quote: "name: 'one\nrecipe: {data.source: synth}\n";
    windows_path: "recipe: {data: {source: folder, path: \"C:\\music\"}}\n";
    list_in_a_line: "recipe: - data.source\n";
    ragged_list: "rows:\n  - {batch: 8}\n - {batch: 16}\n";
    percent_sign: "recipe: {data.source: synth}\nname: @home\n";
    bracket_too_many: "recipe: {data.source: synth}}\n";
    open_list: "parameters: {batch: {values: [8, 16}}\n";
    unknown_alias: "recipe: {data.source: synth}\nname: *best\n";
    duplicate_key: "
recipe:
  data.source: synth
  batch: 8
  epochs: 2
  seed: 1

  batch: 16
";
    two_documents: "recipe: {data.source: synth}\n---\nrecipe: {data.source: synth}\n";
    tags_and_merge_keys: "
base: &base {seed: 1}
recipe:
  <<: *base
  data: {source: !!str synth}
";
    not_finite: "recipe: {data.source: synth, optimiser.lr: .inf, seed: 99999999999999999999}\n";
    same_setting_twice: "
recipe:
  data: {source: synth}
  data.source: synth
  batch: 8
  optimiser: {lr: 0.1}
parameters:
  batch: {values: [8, 16]}
  optimiser:
    values: [{name: adam, lr: 0.1}, {name: sgd}]
  optimiser.name: {values: [adam, sgd]}
";
    rows_say_it_twice: "
recipe: {data.source: synth, epochs: 3}
parameters:
  seed: {values: [1, 2]}
rows:
  - {epochs: 1, batch: 8}
  - {batch: 8, epochs: 1.0}
  - {epochs: 2, seed: 4}
";
    value_twice: "
recipe: {data.source: synth}
parameters:
  optimiser.lr: {values: [0.1, 0.01, 1e-1]}
  optimiser.name: {values: [adam, adam]}
";
    huge_grid: "
recipe: {data.source: synth}
parameters:
  seed: {min: 1, max: 1000}
  data.seed: {min: 1, max: 1000}
  epochs: {values: [1, 2]}
";
    endless_range: "
recipe: {data.source: synth}
parameters:
  seed: {min: -9223372036854775808, max: 9223372036854775807}
";
    strange_names: "
recipe:
  data.source: synth
  \"\": 1
  a b: 2
  ? [x]
  : 3
";
    empty_mappings: "
recipe: {data.source: synth, net: {}}
parameters: {zebra: {values: [{}]}}
";
    noop_trains_nothing: "recipe: {task: noop, seed: 1, batch: 8}\n";
    home_folder: "recipe: {data: {source: folder, path: ~/music}}\n";
    empty: "# nothing yet\n";
    control_character: "name: a\0b\n";
    values_missing: "recipe:\n  data.source: synth\n  batch:\n  epochs: ~\n";
    set_impossible: "recipe: {data.source: synth}\n", set "batch=0", set "optimiser.name=adma", set "lr=0.1";
    set_wrong_field: "recipe: {data.source: synth}\n", set "parameters.batch=[1]", set "metric.gaol=minimize", set "project=x", set "nmae=x";
    set_no_value: "recipe: {data.source: synth}\n", set "batch";
    set_no_yaml: "recipe: {data.source: synth}\n", set "data.path=*music";
    set_and_file: "recipe: {data.source: synth, epochs: many}\n", set "batch=none";
}

#[test]
fn a_mistake_in_a_line_of_a_megabyte_stays_readable() {
    let text = format!("recipe: {{data.source: synth, net.dense: [{}wide], batch: 0}}", "16, ".repeat(15));
    let long = format!("{text} # {}", "x".repeat(200_000));
    let errors = errors(&long, &[]);
    let shown = errors.rendered(100);
    assert!(shown.len() < 3000, "{} bytes", shown.len());
    insta::with_settings!({prepend_module_to_snapshot => false}, { insta::assert_snapshot!("long_line", shown) });
}

#[test]
fn not_utf8() {
    let errors = Source::from_bytes("try.yaml", b"name: caf\xe9\nrecipe: {}\n").expect_err("Latin-1");
    insta::with_settings!({prepend_module_to_snapshot => false}, {
        insta::assert_snapshot!("not_utf8", errors.rendered(100));
    });
    let long = vec![b'#'; Source::MAX_BYTES + 1];
    let errors = Source::from_bytes("try.yaml", &long).expect_err("too long");
    assert!(errors.to_string().starts_with("1 mistake in try.yaml"), "{errors:#}");
}

#[test]
fn nothing_that_is_shown_moves_the_terminal() {
    let errors = errors("recipe: {data.source: \"\\e[31mred\\e]0;\", optimiser.name: \"\\0\"}\n", &[]);
    for text in [errors.rendered(100), format!("{errors:#}")] {
        assert!(text.contains("red") && !text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
    }
}

#[test]
fn the_same_mistake_in_many_points_is_one() {
    let text = "recipe: {data.source: synth, optimiser.name: adma}
parameters: {seed: {min: 1, max: 16}, data.seed: {min: 1, max: 16}}";
    assert_eq!(errors(text, &[]).findings().len(), 1);
}

#[test]
fn the_first_fifty_are_shown_and_the_rest_counted() {
    let keys: String = (0..3000).map(|i| format!("zebra{i:04}: 1\n")).collect();
    let errors = errors(&keys, &[]);
    assert_eq!(errors.findings().len(), SpecErrors::SHOWN);
    // 3000 unknown keys and no data source.
    assert_eq!(errors.findings().len() + errors.more(), 3001);
}

#[test]
fn findings_have_fields_for_programs() {
    let errors = errors("recipe:\n  data.source: synth\n  # é\n  name: é\n  batch: {größe: 1}\n  epochs: 0\n", &[]);
    let json = insta_json(&errors);
    assert_eq!(
        json,
        [
            "try.yaml 4:3 `name` is not a setting",
            "try.yaml 5:11 `größe` is not a setting's name",
            "try.yaml 6:11 `epochs` cannot be `0`: a whole number from 1 to 100000"
        ]
    );
    let plain = format!("{errors:#}");
    assert!(plain.starts_with("3 mistakes in try.yaml\ntry.yaml:4:3: `name` is not a setting\n  help: "), "{plain}");
    assert_eq!(errors.findings()[2].text, "0");
}

fn insta_json(errors: &SpecErrors) -> Vec<String> {
    let line = |f: &gliss_spec::Finding| format!("{} {}:{} {}", f.source_name, f.line, f.column, f.message);
    errors.findings().iter().map(line).collect()
}
