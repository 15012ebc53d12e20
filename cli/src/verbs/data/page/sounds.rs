//! The page of a set of sounds.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gliss_train::data::survey::{Balance, Heard, SoundSurvey};

use super::bars::{bar, histogram, parts};
use super::html::{escape, figures, folded, frame, section, sentence, table};
use crate::shown::shown_path;
use crate::table::span;
use crate::verbs::data::chosen::Chosen;
use crate::verbs::data::portraits::Portrait;
use crate::verbs::data::report::{
    by_kind, bytes, decibels, duplicates_text, groups_text, kinds, levels, percent, split_text,
};

/// Entries of one kind that a page lists.
const LISTED: usize = 500;
/// Files of one set of duplicates that a page lists.
const TOGETHER: usize = 20;

/// The whole page.
pub(in crate::verbs::data) fn page(chosen: &Chosen, survey: &SoundSurvey, portraits: &[Portrait]) -> String {
    let findings = survey.files.iter().filter(|file| !file.findings.is_empty()).count();
    let summary = figures(&[
        ("files", survey.files.len().to_string()),
        ("classes", survey.classes.len().to_string()),
        ("sound", span(survey.seconds.total)),
        ("size", bytes(survey.bytes())),
        ("cannot be read", survey.unreadable().to_string()),
        ("with findings", findings.to_string()),
        ("sets of duplicates", survey.duplicates.len().to_string()),
    ]);
    let body = [
        section("found", "What was found", &found(chosen, survey)),
        section("classes", "Classes", &classes(survey)),
        section("spectrograms", "How the classes look", &spectrograms(chosen, survey, portraits)),
        section("lengths", "Lengths", &lengths(survey)),
        section("split", "Split", &split(chosen, &survey.balance, survey.classes.iter().map(|c| c.name.as_str()))),
        section("formats", "Formats", &formats(survey)),
    ];
    frame(&chosen.name, &summary, &body.concat())
}

fn found(chosen: &Chosen, survey: &SoundSurvey) -> String {
    let base = &chosen.base;
    let name = |index: usize| format!("<code>{}</code>", escape(&shown_path(&survey.files[index].path, base)));
    let mut out = String::new();
    for warning in &survey.warnings {
        out.push_str(&format!("<p class=\"warning\">{}</p>\n", escape(&warning.to_string())));
    }
    for (title, found) in by_kind(survey) {
        let entries = found.iter().take(LISTED).map(|(file, finding)| {
            let path = escape(&shown_path(&file.path, base));
            format!("<code>{path}</code> {}", escape(&finding.to_string()))
        });
        out.push_str(&folded(title, &files(found.len()), &entries.collect::<Vec<_>>(), found.len()));
    }
    let sets = survey.duplicates.iter().take(LISTED).map(|set| {
        let mut names: Vec<String> = set.files.iter().take(TOGETHER).map(|index| name(*index)).collect();
        if set.files.len() > TOGETHER {
            names.push(format!("{} more", set.files.len() - TOGETHER));
        }
        format!("{} {}", names.join(" = "), escape(&duplicates_text(set)))
    });
    let count = survey.duplicates.len();
    if count > 0 {
        let title = if count == 1 { "1 set".to_owned() } else { format!("{count} sets") };
        out.push_str(&folded("duplicates", &title, &sets.collect::<Vec<_>>(), count));
    }
    if out.is_empty() { "<p class=\"good\">Nothing odd.</p>\n".to_owned() } else { out }
}

fn files(count: usize) -> String {
    if count == 1 { "1 file".into() } else { format!("{count} files") }
}

fn classes(survey: &SoundSurvey) -> String {
    let most = survey.classes.iter().map(|class| class.files).max().unwrap_or(0) as f64;
    let rows: Vec<Vec<String>> = survey
        .classes
        .iter()
        .map(|class| {
            let (peak, rms) = levels(class);
            let seconds = &class.seconds;
            vec![
                escape(&class.name),
                bar(class.files as f64, most, &class.files.to_string()),
                class.unreadable.to_string(),
                format!("{:.2}", seconds.min),
                format!("{:.2}", seconds.median),
                format!("{:.2}", seconds.max),
                escape(&span(seconds.total)),
                decibels(peak),
                decibels(rms),
                percent(class.silent),
                percent(class.full_scale),
            ]
        })
        .collect();
    let headings = [
        "class",
        "files",
        "unreadable",
        "shortest, s",
        "median, s",
        "longest, s",
        "total",
        "peak, dBFS",
        "RMS, dBFS",
        "silent",
        "full scale",
    ];
    table("Files, lengths and levels of each class", &headings, &rows)
}

fn spectrograms(chosen: &Chosen, survey: &SoundSurvey, portraits: &[Portrait]) -> String {
    if portraits.is_empty() {
        return String::new();
    }
    let mut out = String::from(
        "<p>Mel bands in decibels, low notes below, the loudest lightest. Each is the file of middle loudness among those \
         of its class with fewest findings.</p>\n<div class=\"gallery\">\n",
    );
    for drawn in portraits {
        let (Some(class), Some(file)) = (survey.classes.get(drawn.class), survey.files.get(drawn.file)) else {
            continue;
        };
        let name = escape(&class.name);
        let path = escape(&shown_path(&file.path, &chosen.base));
        let level = file.report.heard.as_ref().map_or(f64::NEG_INFINITY, |heard: &Heard| heard.levels.rms_db());
        let (seconds, level) = (drawn.seconds, decibels(level));
        out.push_str(&format!(
            "<figure>\n<img src=\"data:image/png;base64,{}\" width=\"512\" height=\"128\" \
             alt=\"Mel spectrogram of {name}: {seconds:.1} seconds of {path}\">\n\
             <figcaption><b>{name}</b> <code>{path}</code> <span>{seconds:.1} s, {level} dBFS</span></figcaption>\n</figure>\n",
            STANDARD.encode(&drawn.png)
        ));
    }
    out.push_str("</div>\n");
    let missing = survey.classes.len() - portraits.len();
    if missing > 0 {
        out.push_str(&format!("<p>{missing} more classes are not drawn.</p>\n"));
    }
    out
}

fn lengths(survey: &SoundSurvey) -> String {
    let seconds: Vec<f64> =
        survey.files.iter().filter_map(|file| Some(file.report.heard.as_ref().ok()?.seconds())).collect();
    histogram(&seconds)
}

/// The sides of the split, or why there are none.
pub(super) fn split<'a>(
    chosen: &Chosen,
    balance: &Result<Balance, String>,
    names: impl Iterator<Item = &'a str>,
) -> String {
    let mut out = format!("<p>{}</p>\n", escape(&split_text(&chosen.split)));
    let balance = match balance {
        Ok(balance) => balance,
        Err(reason) => {
            out.push_str(&format!("<p class=\"warning\">{}</p>\n", escape(reason)));
            return out;
        }
    };
    let row = |name: String, counts: &[usize; 3]| {
        let [train, valid, test] = counts.map(|count| count.to_string());
        vec![name, train, valid, test, parts(counts)]
    };
    let mut rows: Vec<Vec<String>> =
        names.zip(&balance.counts).map(|(name, counts)| row(escape(name), counts)).collect();
    rows.push(row("<b>all</b>".to_owned(), &balance.totals()));
    out.push_str(
        "<p class=\"key\" aria-hidden=\"true\"><i class=\"train\"></i> train <i class=\"valid\"></i> valid \
         <i class=\"test\"></i> test</p>\n",
    );
    out.push_str(&table("Examples of each class on each side", &["class", "train", "valid", "test", "shares"], &rows));
    if let Some(groups) = groups_text(balance) {
        out.push_str(&format!("<p>{}</p>\n", sentence(&groups)));
    }
    out
}

fn formats(survey: &SoundSurvey) -> String {
    let mut rows = Vec::new();
    for (what, counts) in kinds(survey) {
        let most = counts.iter().map(|(_, files)| *files).max().unwrap_or(0) as f64;
        for (value, files) in &counts {
            rows.push(vec![escape(what), escape(value), bar(*files as f64, most, &files.to_string())]);
        }
    }
    if rows.is_empty() {
        String::new()
    } else {
        table("Formats, rates and channels", &["what", "value", "files"], &rows)
    }
}
