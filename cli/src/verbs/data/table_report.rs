//! What was found out about a table of numbers, as columns, JSON or CSV.

use std::fmt::Write as _;

use comfy_table::Cell;
use gliss_train::data::survey::{ColumnFacts, DuplicateRows, TableSurvey};
use serde_json::{Map, Value, json};

use super::chosen::Chosen;
use super::report::{balance_json, sides, split_text};
use crate::args::Output;
use crate::failure::Failure;
use crate::printer::Printer;
use crate::shown::shown;
use crate::table::{self, number, plain, text};

/// Sets of rows that a table lists.
const LISTED: usize = 10;

/// Prints it.
pub(super) fn print(printer: &Printer, output: Output, chosen: &Chosen, survey: &TableSurvey) -> Result<(), Failure> {
    match output {
        Output::Table => printer.data(as_text(chosen, survey).trim_end()),
        Output::Json => table::json(printer, &as_json(chosen, survey)),
        Output::Csv => return as_csv(printer, survey),
    }
    Ok(())
}

/// A number of the table, short.
pub(super) fn short(value: f64) -> String {
    if value == 0.0 || (1e-3..1e6).contains(&value.abs()) { format!("{value:.4}") } else { format!("{value:.3e}") }
}

/// Rows as people count them: the heading is line 1.
pub(super) fn rows_text(set: &DuplicateRows) -> String {
    let lines: Vec<String> = set.rows.iter().take(LISTED).map(|row| (row + 1).to_string()).collect();
    let mut text = format!("rows {}", lines.join(", "));
    if set.rows.len() > LISTED {
        text.push_str(&format!(" and {} more", set.rows.len() - LISTED));
    }
    text.push_str(": the same numbers");
    if set.across_classes {
        text.push_str(", of different classes");
    }
    if set.across_sides {
        text.push_str(", on different sides of the split");
    }
    text
}

/// Columns that never change.
pub(super) fn constant(survey: &TableSurvey) -> Vec<&ColumnFacts> {
    survey.columns.iter().filter(|column| column.deviation == 0.0).collect()
}

fn as_text(chosen: &Chosen, survey: &TableSurvey) -> String {
    let mut out = String::new();
    let (rows, columns, classes) = (survey.rows, survey.columns.len(), survey.classes.len());
    let _ = writeln!(out, "{}: {rows} rows of {columns} features in {classes} classes", shown(&chosen.name));
    let mut table = plain(&["column", "smallest", "median", "largest", "mean", "deviation"]);
    for column in &survey.columns {
        let spread = &column.spread;
        let numbers = [spread.min, spread.median, spread.max, column.mean, column.deviation];
        table.add_row(std::iter::once(Cell::new(shown(&column.name))).chain(numbers.map(|value| number(short(value)))));
    }
    let _ = writeln!(out, "\n{}", text(&table));
    let _ = writeln!(out, "\nsplit {}", split_text(&chosen.split));
    match &survey.balance {
        Ok(balance) => {
            let _ = writeln!(out, "{}", sides(survey.classes.iter().map(|(name, _)| name.as_str()), balance));
        }
        Err(reason) => {
            let _ = writeln!(out, "  {}", shown(reason));
        }
    }
    let constant = constant(survey);
    for warning in &survey.warnings {
        let _ = writeln!(out, "\nwarning: {}", shown(&warning.to_string()));
    }
    if constant.is_empty() && survey.duplicates.is_empty() && survey.warnings.is_empty() {
        let _ = writeln!(out, "\nnothing odd was found");
    }
    if !constant.is_empty() {
        let names: Vec<String> = constant.iter().map(|column| shown(&column.name)).collect();
        let _ = writeln!(out, "\ncolumns that never change: {}", names.join(", "));
    }
    if !survey.duplicates.is_empty() {
        let _ = writeln!(out, "\nrows that repeat: {} sets", survey.duplicates.len());
        for set in survey.duplicates.iter().take(LISTED) {
            let _ = writeln!(out, "  {}", rows_text(set));
        }
        if survey.duplicates.len() > LISTED {
            let more = survey.duplicates.len() - LISTED;
            let _ = writeln!(out, "  and {more} more: `--output json` has all");
        }
    }
    out
}

fn as_json(chosen: &Chosen, survey: &TableSurvey) -> Value {
    let column = |column: &ColumnFacts| {
        json!({
            "name": column.name, "min": column.spread.min, "median": column.spread.median, "max": column.spread.max,
            "mean": column.mean, "deviation": column.deviation,
        })
    };
    let classes: Map<String, Value> = survey.classes.iter().map(|(name, rows)| (name.clone(), json!(rows))).collect();
    let duplicates = survey.duplicates.iter().map(|set| {
        let rows: Vec<usize> = set.rows.iter().map(|row| row + 1).collect();
        json!({"rows": rows, "across_classes": set.across_classes, "across_sides": set.across_sides})
    });
    json!({
        "data": chosen.data, "split": chosen.split, "rows": survey.rows, "classes": classes,
        "columns": survey.columns.iter().map(column).collect::<Vec<_>>(),
        "balance": balance_json(survey.classes.iter().map(|(name, _)| name.as_str()), &survey.balance),
        "not_dealt": survey.balance.as_ref().err(), "duplicates": duplicates.collect::<Vec<_>>(),
        "warnings": survey.warnings.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

/// One row a column of the table.
fn as_csv(printer: &Printer, survey: &TableSurvey) -> Result<(), Failure> {
    let header = ["column", "min", "median", "max", "mean", "deviation"].map(str::to_owned);
    let line = |column: &ColumnFacts| {
        let spread = &column.spread;
        let numbers = [spread.min, spread.median, spread.max, column.mean, column.deviation];
        std::iter::once(column.name.clone()).chain(numbers.map(|value| value.to_string())).collect()
    };
    let lines: Vec<Vec<String>> = survey.columns.iter().map(line).collect();
    table::csv(printer, &header, &lines)
}
