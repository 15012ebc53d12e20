//! The papers' sweep files: as many trials as the papers' tables have cells, and those that two tables share trained once.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use gliss_spec::{Planned, Source, plan};
use gliss_types::recipe::{Data, Training};
use gliss_types::{Recipe, TrialKey};

fn sweeps() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("in the folder of sweeps").to_owned()
}

fn planned(name: &str) -> Planned {
    let path = sweeps().join(format!("{name}.yaml"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let shown = format!("{name}.yaml");
    let planned = plan(&Source::new(&shown, &text), &[], path.parent().expect("in a folder"));
    planned.unwrap_or_else(|errors| panic!("{errors:#}"))
}

fn recipes(name: &str) -> Vec<Recipe> {
    planned(name).recipes().collect::<Result<_, _>>().unwrap_or_else(|issues| panic!("{name}: {issues:?}"))
}

fn trainings(name: &str) -> Vec<Training> {
    let train = |recipe| match recipe {
        Recipe::Train(training) => *training,
        Recipe::Noop(_) => panic!("{name} trains"),
    };
    recipes(name).into_iter().map(train).collect()
}

fn keys(names: &[&str]) -> BTreeSet<TrialKey> {
    names.iter().flat_map(|name| recipes(name)).map(|recipe| recipe.key()).collect()
}

const PAPER_000: [&str; 4] = ["000_exp1_mlp", "000_exp2_images", "000_exp3_mel", "000_exp4_augment"];
const PAPER_001: [&str; 4] = ["001_batch_size", "001_clr", "001_optimizer", "001_final"];
const PAPER_002: [&str; 3] = ["002_inputs", "002_dropout", "002_table3"];
const PAPER_003: [&str; 1] = ["003_models"];
const PAPER_004: [&str; 2] = ["004_table1", "004_table2"];

// papers.md section 7.
#[test]
fn each_file_has_the_cells_of_its_table() {
    for (name, cells) in [
        ("000_exp1_mlp", 7),
        ("000_exp2_images", 2),
        ("000_exp3_mel", 4),
        ("000_exp4_augment", 4),
        ("001_batch_size", 16),
        ("001_clr", 8),
        ("001_optimizer", 16),
        ("001_final", 4),
        ("002_inputs", 6),
        ("002_dropout", 2),
        ("002_table3", 4),
        ("003_models", 2),
        ("004_table1", 22 * 3),
        ("004_table2", 7 * 3),
        ("as_run/000_exp1_mlp", 7),
        ("as_run/000_exp2_images", 2),
        ("as_run/000_exp3_mel", 4),
        ("as_run/000_exp4_augment", 4),
        ("as_run/003_models", 2),
        ("as_run/004_table1", 22 * 3),
        ("as_run/004_table2", 7 * 3),
    ] {
        let planned = planned(name);
        assert_eq!(planned.points, cells, "{name}");
        let warnings: Vec<String> = planned.warnings.iter().map(gliss_spec::Finding::plain).collect();
        assert!(warnings.is_empty(), "{name}: {warnings:?}");
        assert_eq!(keys(&[name]).len() as u64, cells, "{name} trains something twice");
    }
}

#[test]
fn cells_that_tables_share_are_trained_once() {
    let of_all = [&PAPER_000[..], &PAPER_001, &PAPER_002, &PAPER_003, &PAPER_004].map(|names| keys(names).len());
    assert_eq!(of_all, [17, 32, 8, 2, 87]);
    assert!(keys(&["001_final"]).is_subset(&keys(&["001_clr"])));
    assert_eq!(keys(&["001_clr"]).difference(&keys(&["001_batch_size"])).count(), 4);
    assert_eq!(keys(&["001_optimizer"]).difference(&keys(&["001_batch_size"])).count(), 12);
    assert!(keys(&["002_table3"]).is_subset(&keys(&["002_inputs", "002_dropout"])));
}

#[test]
fn what_was_published_is_told_from_what_was_run() {
    for name in PAPER_000.iter().chain(&PAPER_003).chain(&PAPER_004) {
        let (paper, as_run) = (keys(&[name]), keys(&[&format!("as_run/{name}")]));
        assert!(paper.is_disjoint(&as_run), "{name} has no quirk on");
        assert!(trainings(name).iter().all(|training| training.quirks == gliss_types::recipe::Quirks::default()));
    }
    // Papers 000 and 004: 601 to 800 clips in batches of 32 and 256 end in a partial one, which the papers keep.
    let partial = |names: &[&str]| names.iter().flat_map(|name| trainings(name)).all(|training| !training.drops_last());
    assert!(partial(&PAPER_000) && partial(&PAPER_003) && partial(&PAPER_004));
    assert!(trainings("as_run/004_table1").iter().all(Training::drops_last));
    // All settings but those of the quirks are the same.
    for (paper, as_run) in trainings("003_models").into_iter().zip(trainings("as_run/003_models")) {
        assert_eq!(Training { quirks: paper.quirks, ..as_run }, paper);
    }
    for (paper, as_run) in trainings("000_exp4_augment").into_iter().zip(trainings("as_run/000_exp4_augment")) {
        assert!(matches!(&as_run.data, Data::Gtzan { drop_544: true, .. }));
        let (data, features, quirks) = (paper.data.clone(), paper.features.clone(), paper.quirks);
        assert_eq!(Training { data, features, quirks, ..as_run }, paper);
    }
}
