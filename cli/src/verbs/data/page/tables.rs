//! The page of a table of numbers.

use gliss_train::data::survey::TableSurvey;

use super::bars::bar;
use super::html::{escape, figures, folded, frame, section, table};
use super::sounds::split;
use crate::verbs::data::chosen::Chosen;
use crate::verbs::data::table_report::{constant, rows_text, short};

/// Entries that a page lists.
const LISTED: usize = 500;

/// The whole page.
pub(in crate::verbs::data) fn page(chosen: &Chosen, survey: &TableSurvey) -> String {
    let summary = figures(&[
        ("rows", survey.rows.to_string()),
        ("features", survey.columns.len().to_string()),
        ("classes", survey.classes.len().to_string()),
        ("columns that never change", constant(survey).len().to_string()),
        ("sets of rows that repeat", survey.duplicates.len().to_string()),
    ]);
    let names = survey.classes.iter().map(|(name, _)| name.as_str());
    let body = [
        section("found", "What was found", &found(survey)),
        section("classes", "Classes", &classes(survey)),
        section("split", "Split", &split(chosen, &survey.balance, names)),
        section("columns", "Features", &columns(survey)),
    ];
    frame(&chosen.name, &summary, &body.concat())
}

fn found(survey: &TableSurvey) -> String {
    let mut out = String::new();
    for warning in &survey.warnings {
        out.push_str(&format!("<p class=\"warning\">{}</p>\n", escape(&warning.to_string())));
    }
    let constant = constant(survey);
    if !constant.is_empty() {
        let names: Vec<String> =
            constant.iter().take(LISTED).map(|column| format!("<code>{}</code>", escape(&column.name))).collect();
        out.push_str(&folded("columns that never change", &constant.len().to_string(), &names, constant.len()));
    }
    let count = survey.duplicates.len();
    if count > 0 {
        let sets: Vec<String> = survey.duplicates.iter().take(LISTED).map(|set| escape(&rows_text(set))).collect();
        let title = if count == 1 { "1 set".to_owned() } else { format!("{count} sets") };
        out.push_str(&folded("rows that repeat", &title, &sets, count));
    }
    if out.is_empty() { "<p class=\"good\">Nothing odd.</p>\n".to_owned() } else { out }
}

fn classes(survey: &TableSurvey) -> String {
    let most = survey.classes.iter().map(|(_, rows)| *rows).max().unwrap_or(0) as f64;
    let rows: Vec<Vec<String>> = survey
        .classes
        .iter()
        .map(|(name, rows)| vec![escape(name), bar(*rows as f64, most, &rows.to_string())])
        .collect();
    table("Rows of each class", &["class", "rows"], &rows)
}

fn columns(survey: &TableSurvey) -> String {
    let rows: Vec<Vec<String>> = survey
        .columns
        .iter()
        .map(|column| {
            let spread = &column.spread;
            let numbers = [spread.min, spread.median, spread.max, column.mean, column.deviation];
            std::iter::once(escape(&column.name)).chain(numbers.map(short)).collect()
        })
        .collect();
    let headings = ["column", "smallest", "median", "largest", "mean", "deviation"];
    table("Values of each feature", &headings, &rows)
}
