//! Listings in three forms: columns for people, JSON, CSV.

use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};
use gliss_types::{AttemptRow, SweepRow, TrialDetail, TrialRow, TrialState, WorkerRow};
use serde_json::{Value, json};

use crate::args::Output;
use crate::confusion;
use crate::failure::Failure;
use crate::printer::Printer;

/// A table without a frame: a header, aligned columns.
pub(crate) fn plain(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(header.iter().map(|h| Cell::new(h.to_uppercase())));
    table
}

/// A number aligned to the right.
pub(crate) fn number(text: impl ToString) -> Cell {
    Cell::new(text.to_string()).set_alignment(CellAlignment::Right)
}

/// The table as text, without the blanks at line ends.
pub(crate) fn text(table: &Table) -> String {
    table
        .to_string()
        .lines()
        .map(|l| l.trim_end().strip_prefix(' ').unwrap_or(l.trim_end()))
        .collect::<Vec<_>>()
        .join("\n")
}

/// A value without JSON's quotes where there is no doubt.
pub(crate) fn value(value: &Value) -> String {
    match value {
        Value::String(s) => s.clone(),
        other => other.to_string(),
    }
}

/// Bytes as people say them.
pub(crate) fn bytes(bytes: u64) -> String {
    let value = bytes as f64;
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", value / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", value / 1e6),
        _ => format!("{:.1} GB", value / 1e9),
    }
}

/// Seconds as people say them.
pub(crate) fn span(seconds: f64) -> String {
    let whole = seconds.round().max(0.0) as u64;
    match whole {
        0..=9 => format!("{seconds:.1}s"),
        10..=119 => format!("{whole}s"),
        120..=7199 => format!("{}m{:02}s", whole / 60, whole % 60),
        7200..=172_799 => format!("{}h{:02}m", whole / 3600, whole / 60 % 60),
        _ => format!("{}d{:02}h", whole / 86_400, whole / 3600 % 24),
    }
}

/// Prints rows as CSV.
pub(crate) fn csv(printer: &Printer, header: &[String], rows: &[Vec<String>]) -> Result<(), Failure> {
    let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
    let lines = std::iter::once(header).chain(rows.iter().map(Vec::as_slice));
    for line in lines {
        writer.write_record(line).expect("rows are written into memory");
    }
    let bytes = writer.into_inner().expect("memory needs no flushing");
    printer.data(String::from_utf8_lossy(&bytes).trim_end_matches('\n'));
    Ok(())
}

/// Prints JSON.
pub(crate) fn json(printer: &Printer, value: &Value) {
    printer.data(&serde_json::to_string_pretty(value).expect("a value is JSON"));
}

/// A trial as JSON, its point as a mapping.
pub(crate) fn trial_json(row: &TrialRow) -> Value {
    let point: serde_json::Map<String, Value> = row.point.iter().map(|(p, v)| (p.to_string(), v.clone())).collect();
    let summary = row.summary.as_ref();
    let metrics: Option<serde_json::Map<String, Value>> =
        summary.map(|s| s.metrics.iter().map(|(n, v)| (n.clone(), json!(v))).collect());
    json!({
        "id": row.id.to_string(),
        "state": row.state,
        "point": point,
        "score": summary.map(|s| s.score),
        "best_epoch": summary.map(|s| s.best_epoch),
        "metrics": metrics,
        "parameters": summary.map(|s| s.parameters),
        "train_seconds": summary.map(|s| s.train_seconds),
        "epoch": row.epoch,
        "epochs": row.epochs,
        "attempts": row.attempts,
        "worker": row.worker.map(|w| w.to_string()),
        "key": row.key,
        "reason": row.reason,
    })
}

/// A sweep as JSON.
pub(crate) fn sweep_json(row: &SweepRow) -> Value {
    let counts: serde_json::Map<String, Value> =
        TrialState::ALL.iter().map(|s| (s.to_string(), json!(row.count(*s)))).collect();
    json!({
        "id": row.id.to_string(),
        "name": row.name,
        "state": row.state,
        "objective": row.objective,
        "trials": row.trials,
        "counts": counts,
        "best": row.best.map(|(id, score)| json!({"trial": id.to_string(), "score": score})),
        "submitted": row.submitted,
        "started": row.started,
        "ended": row.ended,
        "attempts": row.attempts,
        "halted": row.halted,
        "epochs_done": row.epochs_done,
        "epochs_total": row.epochs_total,
    })
}

fn attempt_json(row: &AttemptRow) -> Value {
    json!({
        "id": row.id.to_string(),
        "worker": row.worker.to_string(),
        "leased": row.leased,
        "ended": row.ended,
        "resumed_after": row.resumed_after,
        "outcome": row.outcome,
    })
}

fn worker_json(row: &WorkerRow) -> Value {
    json!({
        "id": row.id.to_string(),
        "name": row.name,
        "devices": row.devices,
        "slots": row.slots,
        "busy": row.busy,
        "connected": row.connected,
    })
}

/// Prints sweeps.
pub(crate) fn sweeps(printer: &Printer, output: Output, rows: &[SweepRow]) -> Result<(), Failure> {
    match output {
        Output::Json => json(printer, &rows.iter().map(sweep_json).collect()),
        Output::Csv => {
            let header = ["id", "name", "state", "trials", "closed", "failed", "metric", "best_trial", "best_score"];
            let line = |r: &SweepRow| {
                let (trial, score) = r.best.map_or_else(Default::default, |(t, s)| (t.to_string(), s.to_string()));
                let failed = r.count(TrialState::Failed).to_string();
                let metric = r.objective.metric.clone();
                let (trials, closed) = (r.trials.to_string(), r.closed().to_string());
                vec![
                    r.id.to_string(),
                    r.name.clone(),
                    r.state.to_string(),
                    trials,
                    closed,
                    failed,
                    metric,
                    trial,
                    score,
                ]
            };
            let lines: Vec<_> = rows.iter().map(line).collect();
            return csv(printer, &header.map(str::to_owned), &lines);
        }
        Output::Table if rows.is_empty() => {
            printer.talk("there are no sweeps yet: `gliss run sweeps/quickstart.yaml` makes one");
        }
        Output::Table => {
            let mut table = plain(&["id", "name", "state", "done", "failed", "epochs", "best", "metric"]);
            for r in rows {
                let best = r.best.map_or("-".into(), |(id, score)| format!("{score:.4} ({id})"));
                table.add_row([
                    Cell::new(r.id),
                    Cell::new(&r.name),
                    Cell::new(r.state),
                    number(format!("{}/{}", r.closed(), r.trials)),
                    number(r.count(TrialState::Failed)),
                    number(format!("{}/{}", r.epochs_done, r.epochs_total)),
                    Cell::new(best),
                    Cell::new(&r.objective.metric),
                ]);
            }
            printer.data(&text(&table));
            for (row, reason) in rows.iter().filter_map(|row| Some((row, row.halted.as_ref()?))) {
                printer.talk(&format!("{} is paused: {reason}\n  to go on: gliss resume {}", row.id, row.id));
            }
        }
    }
    Ok(())
}

/// How a path heads a column: its last segment where that leaves no doubt.
pub(crate) fn short<'a>(path: &'a str, all: &[String]) -> &'a str {
    let leaf = |p: &'a str| p.rsplit('.').next().unwrap_or(p);
    let last = leaf(path);
    let generic = matches!(last, "name" | "seed");
    let clashes = all.iter().filter(|p| p.rsplit('.').next() == Some(last)).count() > 1;
    if generic {
        path.strip_suffix(".name").unwrap_or(path)
    } else if clashes {
        path
    } else {
        last
    }
}

/// The settings that the points of some rows choose, in their order.
fn paths(rows: &[TrialRow]) -> Vec<String> {
    let mut seen: Vec<String> = Vec::new();
    for (path, _) in rows.iter().flat_map(|r| &r.point) {
        if !seen.iter().any(|s| s == path.as_str()) {
            seen.push(path.to_string());
        }
    }
    seen
}

fn choice(row: &TrialRow, path: &str) -> String {
    row.point.iter().find(|(p, _)| p.as_str() == path).map_or_else(String::new, |(_, v)| value(v))
}

/// The names of all metrics of some rows, ascending.
fn metric_names(rows: &[TrialRow]) -> Vec<String> {
    let names = rows.iter().filter_map(|r| r.summary.as_ref()).flat_map(|s| s.metrics.iter().map(|(n, _)| n.clone()));
    names.collect::<std::collections::BTreeSet<_>>().into_iter().collect()
}

fn metric(row: &TrialRow, name: &str) -> Option<f64> {
    row.summary.as_ref()?.metrics.iter().find(|(n, _)| n == name).map(|(_, v)| *v)
}

fn trials_csv(printer: &Printer, rows: &[TrialRow]) -> Result<(), Failure> {
    let (paths, metrics) = (paths(rows), metric_names(rows));
    let mut header: Vec<String> = ["id", "state", "score", "best_epoch"].map(str::to_owned).to_vec();
    header.extend(metrics.iter().cloned());
    header.extend(paths.iter().cloned());
    header.extend(["epoch", "epochs", "parameters", "train_seconds", "attempts", "key", "reason"].map(str::to_owned));
    let line = |r: &TrialRow| {
        let s = r.summary.as_ref();
        let mut line = vec![r.id.to_string(), r.state.to_string()];
        line.push(s.map_or_else(String::new, |s| s.score.to_string()));
        line.push(s.map_or_else(String::new, |s| s.best_epoch.to_string()));
        line.extend(metrics.iter().map(|m| metric(r, m).map_or_else(String::new, |v| v.to_string())));
        line.extend(paths.iter().map(|p| choice(r, p)));
        line.extend([r.epoch.to_string(), r.epochs.to_string()]);
        line.push(s.map_or_else(String::new, |s| s.parameters.to_string()));
        line.push(s.map_or_else(String::new, |s| s.train_seconds.to_string()));
        line.extend([r.attempts.to_string(), r.key.clone(), r.reason.clone().unwrap_or_default()]);
        line
    };
    let lines: Vec<_> = rows.iter().map(line).collect();
    csv(printer, &header, &lines)
}

/// Prints a leaderboard.
pub(crate) fn leaderboard(
    printer: &Printer,
    output: Output,
    sweep: &SweepRow,
    rows: &[TrialRow],
) -> Result<(), Failure> {
    match output {
        Output::Csv => return trials_csv(printer, rows),
        Output::Json => {
            let trials: Value = rows.iter().map(trial_json).collect();
            json(printer, &json!({"sweep": sweep_json(sweep), "trials": trials}));
        }
        Output::Table if rows.is_empty() => printer.talk("no trial has a score yet"),
        Output::Table => {
            let paths = paths(rows);
            let score = sweep.objective.metric.clone();
            let test = match score.as_str() {
                loss if loss.ends_with("loss") => "test_loss",
                f1 if f1.ends_with("macro_f1") => "test_macro_f1",
                _ => "test_accuracy",
            };
            let tested = rows.iter().any(|r| metric(r, test).is_some());
            let mut header = vec!["#", "trial", score.as_str()];
            if tested {
                header.push(test);
            }
            header.extend(["epoch", "time", "params"]);
            header.extend(paths.iter().map(|p| short(p, &paths)));
            let mut table = plain(&header);
            for (i, r) in rows.iter().enumerate() {
                let Some(s) = &r.summary else { continue };
                let mut line = vec![number(i + 1), Cell::new(r.id), number(format!("{:.4}", s.score))];
                if tested {
                    line.push(number(metric(r, test).map_or("-".into(), |v| format!("{v:.4}"))));
                }
                line.push(number(format!("{}/{}", s.best_epoch, r.epochs)));
                line.push(number(span(s.train_seconds)));
                line.push(number(s.parameters));
                line.extend(paths.iter().map(|p| Cell::new(choice(r, p))));
                table.add_row(line);
            }
            printer.data(&text(&table));
        }
    }
    Ok(())
}

/// Prints a sweep with its trials.
pub(crate) fn sweep(printer: &Printer, output: Output, row: &SweepRow, rows: &[TrialRow]) -> Result<(), Failure> {
    match output {
        Output::Csv => return trials_csv(printer, rows),
        Output::Json => {
            let trials: Value = rows.iter().map(trial_json).collect();
            json(printer, &json!({"sweep": sweep_json(row), "trials": trials}));
        }
        Output::Table => {
            sweeps(printer, output, std::slice::from_ref(row))?;
            let paths = paths(rows);
            let mut header = vec!["trial", "state", "epochs", "score", "attempts"];
            header.extend(paths.iter().map(|p| short(p, &paths)));
            header.push("reason");
            let mut table = plain(&header);
            for r in rows {
                let score = r.summary.as_ref().map_or("-".into(), |s| format!("{:.4}", s.score));
                let epochs = format!("{}/{}", r.epoch, r.epochs);
                let mut line =
                    vec![Cell::new(r.id), Cell::new(r.state), number(epochs), number(score), number(r.attempts)];
                line.extend(paths.iter().map(|p| Cell::new(choice(r, p))));
                line.push(Cell::new(r.reason.as_deref().unwrap_or("")));
                table.add_row(line);
            }
            printer.data("");
            printer.data(&text(&table));
        }
    }
    Ok(())
}

/// Prints everything about a trial.
pub(crate) fn trial(printer: &Printer, output: Output, d: &TrialDetail) -> Result<(), Failure> {
    let recipe: Value = serde_json::from_str(&d.recipe).unwrap_or(Value::Null);
    let tested = d.row.summary.as_ref().and_then(|s| s.confusion.as_ref());
    if output == Output::Json {
        let curves: serde_json::Map<String, Value> =
            d.curves.iter().map(|c| (c.metric.clone(), json!(c.points))).collect();
        let attempts: Value = d.attempts.iter().map(attempt_json).collect();
        json(
            printer,
            &json!({
                "trial": trial_json(&d.row), "objective": d.objective, "recipe": recipe, "attempts": attempts,
                "checkpoint": d.checkpoint, "curves": curves, "confusion": tested.map(confusion::as_json),
            }),
        );
        return Ok(());
    }
    let mut epochs: std::collections::BTreeMap<u32, Vec<Option<f64>>> = std::collections::BTreeMap::new();
    for (i, curve) in d.curves.iter().enumerate() {
        for (step, v) in &curve.points {
            let line = epochs.entry(*step).or_insert_with(|| vec![None; d.curves.len()]);
            line[i] = Some(*v);
        }
    }
    let names: Vec<&str> = d.curves.iter().map(|c| c.metric.as_str()).collect();
    if output == Output::Csv {
        let header: Vec<String> = std::iter::once("epoch").chain(names).map(str::to_owned).collect();
        let cell = |v: &Option<f64>| v.map_or_else(String::new, |v| v.to_string());
        let lines: Vec<Vec<String>> =
            epochs.iter().map(|(e, l)| std::iter::once(e.to_string()).chain(l.iter().map(cell)).collect()).collect();
        return csv(printer, &header, &lines);
    }
    printer.data(&format!("{}  {}  key {}", d.row.id, d.row.state, d.row.key));
    for (path, v) in &d.row.point {
        printer.data(&format!("  {path} = {}", value(v)));
    }
    if let Some(s) = &d.row.summary {
        printer.data(&format!("score {} = {} at epoch {} of {}", d.objective.metric, s.score, s.best_epoch, s.epochs));
        for (name, v) in &s.metrics {
            printer.data(&format!("  {name} = {v}"));
        }
    }
    if let Some(reason) = &d.row.reason {
        // A later attempt may have fared better.
        let what = if d.row.state == TrialState::Failed { "failed" } else { "an attempt failed" };
        printer.data(&format!("{what}: {reason}"));
    }
    if !d.attempts.is_empty() {
        let mut table = plain(&["attempt", "worker", "took", "resumed after", "outcome"]);
        for a in &d.attempts {
            let took = a.ended.map_or("-".into(), |e| span(e.saturating_sub(a.leased) as f64 / 1000.0));
            let outcome = if a.outcome.is_empty() { "runs" } else { &a.outcome };
            let resumed = if a.resumed_after == 0 { "-".into() } else { format!("epoch {}", a.resumed_after) };
            table.add_row([Cell::new(a.id), Cell::new(a.worker), number(took), Cell::new(resumed), Cell::new(outcome)]);
        }
        printer.data(&format!("\n{}", text(&table)));
    }
    if !epochs.is_empty() {
        let header: Vec<&str> = std::iter::once("epoch").chain(names).collect();
        let mut table = plain(&header);
        for (epoch, line) in &epochs {
            let cells = line.iter().map(|v| number(v.map_or("-".into(), |v| format!("{v:.5}"))));
            table.add_row(std::iter::once(number(epoch)).chain(cells));
        }
        printer.data(&format!("\n{}", text(&table)));
    }
    printer.data(&format!("\nrecipe\n{}", serde_json::to_string_pretty(&recipe).unwrap_or_default()));
    if let Some(tested) = tested {
        printer.data(&format!("\n{}", confusion::as_text(tested)));
    }
    Ok(())
}

/// Prints workers.
pub(crate) fn workers(printer: &Printer, output: Output, rows: &[WorkerRow]) -> Result<(), Failure> {
    match output {
        Output::Json => json(printer, &rows.iter().map(worker_json).collect()),
        Output::Csv => {
            let header = ["id", "name", "connected", "devices", "slots", "busy"].map(str::to_owned);
            let line = |w: &WorkerRow| {
                let (slots, busy) = (w.slots.to_string(), w.busy.to_string());
                vec![w.id.to_string(), w.name.clone(), w.connected.to_string(), w.devices.join(" "), slots, busy]
            };
            let lines: Vec<_> = rows.iter().map(line).collect();
            return csv(printer, &header, &lines);
        }
        Output::Table => {
            let mut table = plain(&["id", "name", "session", "devices", "busy"]);
            for w in rows {
                let session = if w.connected { "connected" } else { "away" };
                let busy = number(format!("{}/{}", w.busy, w.slots));
                table.add_row([
                    Cell::new(w.id),
                    Cell::new(&w.name),
                    Cell::new(session),
                    Cell::new(w.devices.join(" ")),
                    busy,
                ]);
            }
            printer.data(&text(&table));
        }
    }
    Ok(())
}
