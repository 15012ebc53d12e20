//! Confusion matrices held against scikit-learn's.

use std::path::{Path, PathBuf};

use gliss_types::{ClassCounts, Confusion};
use serde_json::Value;

/// The references; says so on stderr where there are none, and the test is skipped.
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn golden() -> Option<Value> {
    let folder = std::env::var_os("GLISS_TEST_GOLDEN")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/golden"), PathBuf::from);
    let path = folder.join("sklearn.json");
    if !path.is_file() {
        eprintln!("skipped: {} is not there (GLISS_TEST_GOLDEN names another folder)", path.display());
        return None;
    }
    let text = std::fs::read(path).expect("readable");
    Some(serde_json::from_slice::<Value>(&text).expect("JSON")["classification"].clone())
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(|v| v.as_f64().expect("a number")).collect()
}

fn counts(value: &Value) -> Vec<usize> {
    value.as_array().expect("a list").iter().map(|v| v.as_u64().expect("a count") as usize).collect()
}

#[test]
fn scikit_learn_counts_the_same() {
    let Some(golden) = golden() else { return };
    let size = golden["classes"].as_u64().expect("a count") as usize;
    let (truth, predicted) = (counts(&golden["truth"]), counts(&golden["predicted"]));
    let mut matrix = vec![0; size * size];
    for (truth, predicted) in truth.iter().zip(&predicted) {
        matrix[truth * size + predicted] += 1;
    }
    let matrix = Confusion::new((0..size).map(|class| class.to_string()).collect(), matrix).expect("a matrix");
    let rows: Vec<Vec<usize>> = golden["confusion_matrix"].as_array().expect("rows").iter().map(counts).collect();
    assert_eq!(matrix.rows().map(|row| row.iter().map(|n| *n as usize).collect()).collect::<Vec<Vec<_>>>(), rows);
    assert_eq!(matrix.total(), truth.len() as u64);

    let close = |ours: f64, theirs: f64, what: &str| {
        assert!((ours - theirs).abs() <= 1e-12, "{what}: {ours}, not {theirs}");
    };
    let classes = matrix.of_classes();
    for (name, of) in [
        ("precision", ClassCounts::precision as fn(&ClassCounts) -> f64),
        ("recall", ClassCounts::recall),
        ("f1", ClassCounts::f1),
        ("support", |class| class.support as f64),
    ] {
        let theirs = numbers(&golden[name]);
        assert_eq!(theirs.len(), size);
        for (class, theirs) in classes.iter().zip(theirs) {
            close(of(class), theirs, name);
        }
    }
    for (name, ours) in [
        ("accuracy", matrix.accuracy()),
        ("macro_f1_all_classes", matrix.macro_f1()),
        ("macro_f1_classes_in_truth_or_predicted", matrix.macro_f1_of_occurring()),
    ] {
        close(ours, golden[name].as_f64().expect("a number"), name);
    }
    let pairs = truth.into_iter().zip(predicted).map(|(truth, predicted)| (truth, predicted, 1));
    assert_eq!(ClassCounts::gather(size, pairs), classes);
}
