//! What was found out about a set of sounds, as columns, JSON or CSV.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use comfy_table::Cell;
use gliss_train::data::survey::{
    Balance, ClassFacts, Duplicates, Finding, SIDES, Same, SoundSurvey, Spread, Surveyed, side_name,
};
use gliss_types::recipe::Split;
use serde_json::{Map, Value, json};

use super::chosen::Chosen;
use crate::args::Output;
use crate::failure::Failure;
use crate::printer::Printer;
use crate::shown::{shown, shown_path};
pub(super) use crate::table::bytes;
use crate::table::{self, number, plain, span, text};

/// Files of one kind of finding that a table lists.
const LISTED: usize = 10;

/// Prints it.
pub(super) fn print(printer: &Printer, output: Output, chosen: &Chosen, survey: &SoundSurvey) -> Result<(), Failure> {
    match output {
        Output::Table => printer.data(as_text(chosen, survey).trim_end()),
        Output::Json => table::json(printer, &as_json(chosen, survey)),
        Output::Csv => return as_csv(printer, survey),
    }
    Ok(())
}

/// A level; digital silence has none.
pub(super) fn decibels(level: f64) -> String {
    if !level.is_finite() {
        return "-inf".into();
    }
    // Zero has no sign.
    let text = format!("{level:.1}");
    if text == "-0.0" { "0.0".into() } else { text }
}

/// A share as a percentage.
pub(super) fn percent(share: f64) -> String {
    format!("{:.2} %", 100.0 * share)
}

/// A split in a few words, its settings sorted.
pub(super) fn split_text(split: &Split) -> String {
    let Value::Object(settings) = json!(split) else { return String::new() };
    let method = settings.get("method").map(table::value).unwrap_or_default();
    let settings = settings.iter().filter(|(name, value)| *name != "method" && **value != Value::Bool(false));
    let settings: Vec<String> = settings.map(|(name, value)| format!("{name} {}", table::value(value))).collect();
    if settings.is_empty() { method } else { format!("{method}: {}", settings.join(", ")) }
}

/// Duplicates in words, without the files.
pub(super) fn duplicates_text(set: &Duplicates) -> String {
    let mut text = match set.same {
        Same::Bytes => "the same bytes".to_owned(),
        Same::Sound => "the same sound".to_owned(),
    };
    if set.across_classes {
        text.push_str(", of different classes");
    }
    if set.across_sides {
        text.push_str(", on different sides of the split");
    }
    text
}

/// Groups in words; none where the data have no groups.
pub(super) fn groups_text(balance: &Balance) -> Option<String> {
    let groups = balance.groups?;
    Some(match groups.crossing {
        0 => format!("{} groups, each on one side of the split", groups.count),
        crossing => format!(
            "{} groups, {crossing} of them on more than one side of the split: `--set split.by_group=true` keeps them together",
            groups.count
        ),
    })
}

/// What is found, by kind in the order of [`Finding`], with the files.
pub(super) fn by_kind(survey: &SoundSurvey) -> Vec<(&'static str, Vec<(&Surveyed, &Finding)>)> {
    let mut kinds: BTreeMap<(u8, &'static str), Vec<(&Surveyed, &Finding)>> = BTreeMap::new();
    for file in &survey.files {
        for finding in &file.findings {
            kinds.entry((finding.rank(), finding.title())).or_default().push((file, finding));
        }
    }
    kinds.into_iter().map(|((_, title), found)| (title, found)).collect()
}

fn as_text(chosen: &Chosen, survey: &SoundSurvey) -> String {
    let mut out = String::new();
    let files = survey.files.len();
    let _ = writeln!(
        out,
        "{}: {files} files in {} classes, {} of sound, {}",
        shown(&chosen.name),
        survey.classes.len(),
        span(survey.seconds.total),
        bytes(survey.bytes()),
    );
    let _ = writeln!(out, "\n{}", classes(survey));
    for (what, counts) in kinds(survey) {
        let counts: Vec<String> = counts.iter().map(|(value, files)| format!("{value} ({files})")).collect();
        let _ = writeln!(out, "{}{what:10}{}", if what == "formats" { "\n" } else { "" }, counts.join(", "));
    }
    let _ = writeln!(out, "\nsplit {}", split_text(&chosen.split));
    match &survey.balance {
        Ok(balance) => {
            let names = survey.classes.iter().map(|class| class.name.as_str());
            let _ = writeln!(out, "{}", sides(names, balance));
            if let Some(groups) = groups_text(balance) {
                let _ = writeln!(out, "{groups}");
            }
        }
        Err(reason) => {
            let _ = writeln!(out, "  {}", shown(reason));
        }
    }
    found(&mut out, chosen, survey);
    out
}

/// Formats, rates and channels, with how many files have each.
pub(super) fn kinds(survey: &SoundSurvey) -> [(&'static str, Vec<(String, usize)>); 3] {
    let formats = survey.formats.iter().map(|(format, files)| ((*format).to_owned(), *files)).collect();
    let rates = survey.rates.iter().map(|(rate, files)| (format!("{rate} Hz"), *files)).collect();
    let channels = survey.channels.iter().map(|(channels, files)| (channels.to_string(), *files)).collect();
    [("formats", formats), ("rates", rates), ("channels", channels)]
}

fn classes(survey: &SoundSurvey) -> String {
    let mut table = plain(&[
        "class",
        "files",
        "unreadable",
        "shortest",
        "median",
        "longest",
        "total",
        "peak db",
        "rms db",
        "silent",
        "full scale",
    ]);
    for class in &survey.classes {
        let Spread { min, median, max, total, .. } = class.seconds;
        let (peak, rms) = levels(class);
        table.add_row(vec![
            Cell::new(shown(&class.name)),
            number(class.files),
            number(class.unreadable),
            number(format!("{min:.2}s")),
            number(format!("{median:.2}s")),
            number(format!("{max:.2}s")),
            number(span(total)),
            number(decibels(peak)),
            number(decibels(rms)),
            number(percent(class.silent)),
            number(percent(class.full_scale)),
        ]);
    }
    text(&table)
}

/// Peak and RMS of a class in dB of full scale.
pub(super) fn levels(class: &ClassFacts) -> (f64, f64) {
    (20.0 * f64::from(class.peak).log10(), 10.0 * class.power.log10())
}

/// The sides of a split, by class.
pub(super) fn sides<'a>(names: impl Iterator<Item = &'a str>, balance: &Balance) -> String {
    let mut table = plain(&["class", "train", "valid", "test"]);
    for (name, counts) in names.zip(&balance.counts) {
        table.add_row(std::iter::once(Cell::new(shown(name))).chain(counts.map(number)));
    }
    table.add_row(std::iter::once(Cell::new("all")).chain(balance.totals().map(number)));
    text(&table)
}

fn found(out: &mut String, chosen: &Chosen, survey: &SoundSurvey) {
    let (kinds, base) = (by_kind(survey), &chosen.base);
    if kinds.is_empty() && survey.duplicates.is_empty() && survey.warnings.is_empty() {
        let _ = writeln!(out, "\nnothing odd was found");
        return;
    }
    let more = |out: &mut String, count: usize| {
        if count > LISTED {
            let _ = writeln!(out, "  and {} more: `--output csv` has a row for each file", count - LISTED);
        }
    };
    for warning in &survey.warnings {
        let _ = writeln!(out, "\nwarning: {}", shown(&warning.to_string()));
    }
    for (title, found) in kinds {
        let _ = writeln!(out, "\n{title}: {}", files(found.len()));
        for (file, finding) in found.iter().take(LISTED) {
            let _ = writeln!(out, "  {}: {}", shown_path(&file.path, base), shown(&finding.to_string()));
        }
        more(out, found.len());
    }
    if !survey.duplicates.is_empty() {
        let _ = writeln!(out, "\nduplicates: {}", sets(survey.duplicates.len()));
        for set in survey.duplicates.iter().take(LISTED) {
            let names: Vec<String> =
                set.files.iter().take(LISTED).map(|i| shown_path(&survey.files[*i].path, base)).collect();
            let rest = set.files.len().saturating_sub(LISTED);
            let rest = if rest > 0 { format!(" and {rest} more") } else { String::new() };
            let _ = writeln!(out, "  {}{rest}: {}", names.join(" = "), duplicates_text(set));
        }
        more(out, survey.duplicates.len());
    }
}

fn files(count: usize) -> String {
    if count == 1 { "1 file".into() } else { format!("{count} files") }
}

fn sets(count: usize) -> String {
    if count == 1 { "1 set of files".into() } else { format!("{count} sets of files") }
}

/// A spread as JSON.
pub(super) fn spread_json(spread: &Spread) -> Value {
    json!({"min": spread.min, "median": spread.median, "max": spread.max, "total": spread.total})
}

/// A split as JSON; `null` where the data cannot be dealt out.
pub(super) fn balance_json<'a>(names: impl Iterator<Item = &'a str>, balance: &Result<Balance, String>) -> Value {
    let Ok(balance) = balance else { return Value::Null };
    let sides = |counts: &[usize; 3]| {
        let side = |((_, name), count): ((_, &str), &usize)| (name.to_owned(), json!(count));
        Value::Object(SIDES.into_iter().zip(counts).map(side).collect())
    };
    let classes: Map<String, Value> = names.zip(&balance.counts).map(|(name, c)| (name.to_owned(), sides(c))).collect();
    json!({
        "totals": sides(&balance.totals()), "classes": classes,
        "groups": balance.groups.map(|groups| json!({"count": groups.count, "crossing": groups.crossing})),
    })
}

fn as_json(chosen: &Chosen, survey: &SoundSurvey) -> Value {
    let class = |class: &ClassFacts| {
        let (peak, rms) = levels(class);
        json!({
            "name": class.name, "files": class.files, "unreadable": class.unreadable,
            "seconds": spread_json(&class.seconds), "peak_db": peak, "rms_db": rms, "silent": class.silent,
            "full_scale": class.full_scale,
        })
    };
    let counts = |counts: &[(String, usize)]| -> Map<String, Value> {
        counts.iter().map(|(value, files)| (value.clone(), json!(files))).collect()
    };
    let [formats, rates, channels] = kinds(survey).map(|(_, values)| counts(&values));
    let duplicates = survey.duplicates.iter().map(|set| {
        let same = if set.same == Same::Bytes { "bytes" } else { "sound" };
        let files: Vec<_> = set.files.iter().map(|index| survey.files[*index].path.to_string_lossy()).collect();
        json!({"same": same, "files": files, "across_classes": set.across_classes, "across_sides": set.across_sides})
    });
    let names = survey.classes.iter().map(|class| class.name.as_str());
    json!({
        "data": chosen.data, "split": chosen.split, "files": survey.files.len(), "unreadable": survey.unreadable(),
        "bytes": survey.bytes(), "seconds": spread_json(&survey.seconds),
        "classes": survey.classes.iter().map(class).collect::<Vec<_>>(),
        "formats": formats, "rates": rates, "channels": channels,
        "balance": balance_json(names, &survey.balance), "not_dealt": survey.balance.as_ref().err(),
        "duplicates": duplicates.collect::<Vec<_>>(),
        "warnings": survey.warnings.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "clips": survey.files.iter().map(|file| file_json(file, survey)).collect::<Vec<_>>(),
    })
}

fn file_json(file: &Surveyed, survey: &SoundSurvey) -> Value {
    let finding = |finding: &Finding| json!({"kind": finding.kind(), "text": finding.to_string()});
    let heard = file.report.heard.as_ref().ok().map(|heard| {
        json!({
            "format": heard.format, "rate": heard.rate, "channels": heard.channels, "frames": heard.frames,
            "seconds": heard.seconds(), "peak_db": heard.levels.peak_db(), "rms_db": heard.levels.rms_db(),
            "silent": heard.levels.silent, "full_scale": heard.levels.full_scale,
            "clipped_runs": heard.levels.clipped_runs, "offset": heard.levels.offset,
            "missing_frames": heard.flaws.missing_frames, "lost_packets": heard.flaws.lost_packets,
        })
    });
    json!({
        "file": file.path.to_string_lossy(), "class": class_name(file, survey), "side": file.side.map(side_name),
        "bytes": file.report.bytes, "content": file.report.content.map(|hash| hash.to_hex().to_string()),
        "heard": heard, "findings": file.findings.iter().map(finding).collect::<Vec<_>>(),
    })
}

fn class_name<'a>(file: &Surveyed, survey: &'a SoundSurvey) -> &'a str {
    survey.classes.get(file.label as usize).map_or("", |class| class.name.as_str())
}

fn as_csv(printer: &Printer, survey: &SoundSurvey) -> Result<(), Failure> {
    let header = [
        "file",
        "class",
        "side",
        "bytes",
        "content",
        "format",
        "rate",
        "channels",
        "frames",
        "seconds",
        "peak_db",
        "rms_db",
        "silent",
        "full_scale",
        "clipped_runs",
        "offset",
        "findings",
        "details",
    ];
    let line = |file: &Surveyed| {
        let side = file.side.map_or("", side_name).to_owned();
        let content = file.report.content.map_or_else(String::new, |hash| hash.to_hex().to_string());
        let mut line = vec![
            file.path.to_string_lossy().into_owned(),
            class_name(file, survey).to_owned(),
            side,
            file.report.bytes.to_string(),
            content,
        ];
        match &file.report.heard {
            Ok(heard) => line.extend([
                heard.format.to_owned(),
                heard.rate.to_string(),
                heard.channels.to_string(),
                heard.frames.to_string(),
                heard.seconds().to_string(),
                heard.levels.peak_db().to_string(),
                heard.levels.rms_db().to_string(),
                heard.levels.silent.to_string(),
                heard.levels.full_scale.to_string(),
                heard.levels.clipped_runs.to_string(),
                heard.levels.offset.to_string(),
            ]),
            Err(_) => line.extend(std::iter::repeat_n(String::new(), 11)),
        }
        line.push(file.findings.iter().map(Finding::kind).collect::<Vec<_>>().join(" "));
        line.push(file.findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "));
        line
    };
    let lines: Vec<Vec<String>> = survey.files.iter().map(line).collect();
    table::csv(printer, &header.map(str::to_owned), &lines)
}
