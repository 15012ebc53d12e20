//! What a test says of each class, and which class it took for which.

use comfy_table::{Cell, Table};
use gliss_types::{ClassCounts, Confusion};
use serde_json::{Value, json};

use crate::shown::shown;
use crate::table::{number, plain, text};

/// A matrix of more classes is not printed.
const CLASSES: usize = 20;
/// Columns of text in which a matrix has the names of its classes as heads; else it has their numbers.
const WIDTH: usize = 100;

/// All of it as JSON.
pub(crate) fn as_json(confusion: &Confusion) -> Value {
    let of_class = |(name, class): (&String, ClassCounts)| {
        json!({
            "class": name, "support": class.support, "predicted": class.predicted,
            "precision": class.precision(), "recall": class.recall(), "f1": class.f1(),
        })
    };
    let classes: Value = confusion.classes().iter().zip(confusion.of_classes()).map(of_class).collect();
    json!({
        "classes": classes,
        "counts": confusion.rows().collect::<Vec<_>>(),
        "examples": confusion.total(),
        "accuracy": confusion.accuracy(),
        "macro_f1": confusion.macro_f1(),
        "macro_f1_of_occurring": confusion.macro_f1_of_occurring(),
    })
}

/// Each class, the means, and the matrix of up to 20 classes.
pub(crate) fn as_text(confusion: &Confusion) -> String {
    let names: Vec<String> = confusion.classes().iter().map(|name| shown(name)).collect();
    let classes = confusion.of_classes();
    let mut told = vec![text(&of_classes(&names, &classes)), means(confusion, &classes)];
    if names.len() <= CLASSES {
        told.push(text(&matrix(confusion, &names)));
    } else {
        told.push(format!("the confusion matrix of {} classes: --output json", names.len()));
    }
    told.join("\n\n")
}

fn of_classes(names: &[String], classes: &[ClassCounts]) -> Table {
    let mut table = plain(&["class", "support", "precision", "recall", "f1"]);
    for (name, class) in names.iter().zip(classes) {
        let shares = [class.precision(), class.recall(), class.f1()].map(|share| number(format!("{share:.4}")));
        table.add_row([Cell::new(name), number(class.support)].into_iter().chain(shares));
    }
    table
}

fn means(confusion: &Confusion, classes: &[ClassCounts]) -> String {
    let (all, occurring) = (classes.len(), classes.iter().filter(|class| class.occurs()).count());
    let macro_f1 = format!("macro F1 {:.4}", confusion.macro_f1());
    let of_occurring = if occurring == all {
        String::new()
    } else {
        format!(" of all classes, {:.4} of the {occurring} that occur", confusion.macro_f1_of_occurring())
    };
    format!(
        "tested with {} examples: accuracy {:.4}, {macro_f1}{of_occurring}",
        confusion.total(),
        confusion.accuracy()
    )
}

/// A row for each true class, a column for each predicted one.
fn matrix(confusion: &Confusion, names: &[String]) -> Table {
    let longest = names.iter().map(|name| name.chars().count()).max().unwrap_or_default();
    let wide = longest + names.iter().map(|name| name.chars().count() + 2).sum::<usize>() > WIDTH;
    let mut table = plain(&[]);
    // The names of classes as they are: in capitals two could look the same.
    let mut header = vec![Cell::new("TRUE \\ PREDICTED")];
    header.extend((1..).zip(names).map(|(place, name)| if wide { number(place) } else { number(name) }));
    table.set_header(header);
    for (place, (name, row)) in (1..).zip(names.iter().zip(confusion.rows())) {
        let name = if wide { format!("{place} {name}") } else { name.clone() };
        table.add_row(std::iter::once(Cell::new(name)).chain(row.iter().map(number)));
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix_of(names: &[&str], counts: &[u32]) -> Confusion {
        Confusion::new(names.iter().map(|name| (*name).to_owned()).collect(), counts.to_vec()).expect("a matrix")
    }

    #[test]
    fn a_test_is_told_class_by_class() {
        let matrix = matrix_of(&["für Elise", "jazz", "r\u{1b}[2J"], &[10, 2, 0, 1, 7, 0, 0, 0, 0]);
        let expected = "\
CLASS       SUPPORT  PRECISION  RECALL  F1
für Elise        12     0.9091  0.8333  0.8696
jazz              8     0.7778  0.8750  0.8235
r\\u{1b}[2J        0     0.0000  0.0000  0.0000

tested with 20 examples: accuracy 0.8500, macro F1 0.5644 of all classes, 0.8465 of the 2 that occur

TRUE \\ PREDICTED  für Elise  jazz  r\\u{1b}[2J
für Elise                10     2           0
jazz                      1     7           0
r\\u{1b}[2J                0     0           0";
        assert_eq!(as_text(&matrix), expected);
    }

    #[test]
    fn long_names_have_numbers_over_their_columns() {
        let long = ["a class of sounds, and its name is long", "another one of them, no shorter", "c"];
        let told = as_text(&matrix_of(&long, &[5, 0, 1, 2, 3, 0, 0, 0, 1]));
        let tail = "\
TRUE \\ PREDICTED                           1  2  3
1 a class of sounds, and its name is long  5  0  1
2 another one of them, no shorter          2  3  0
3 c                                        0  0  1";
        assert!(told.ends_with(tail), "{told}");
        assert!(told.contains("tested with 12 examples: accuracy 0.7500, macro F1 0.7286\n"), "{told}");
    }

    #[test]
    fn many_classes_have_no_matrix_to_look_at() {
        let names: Vec<String> = (1..=21).map(|class| format!("c{class}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let told = as_text(&matrix_of(&names, &[1; 441]));
        assert!(told.ends_with("the confusion matrix of 21 classes: --output json"), "{told}");
        assert!(told.contains("c21         21     0.0476  0.0476  0.0476"), "{told}");
        let told = as_text(&matrix_of(&names[..20], &[1; 400]));
        assert_eq!(told.lines().last().map(|line| line.split_whitespace().count()), Some(21), "{told}");
    }

    #[test]
    fn json_has_all_of_it() {
        let told = as_json(&matrix_of(&["a", "b"], &[3, 1, 0, 4]));
        let of_a =
            json!({"class": "a", "support": 4, "predicted": 3, "precision": 1.0, "recall": 0.75, "f1": 6.0 / 7.0});
        assert_eq!((&told["classes"][0], &told["counts"]), (&of_a, &json!([[3, 1], [0, 4]])));
        let mean = (6.0 / 7.0 + 8.0 / 9.0) / 2.0;
        assert_eq!((&told["macro_f1"], &told["macro_f1_of_occurring"]), (&json!(mean), &json!(mean)));
        assert_eq!((&told["examples"], &told["accuracy"]), (&json!(8), &json!(0.875)));
    }
}
