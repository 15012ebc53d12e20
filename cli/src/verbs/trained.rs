//! `gliss predict` and `gliss export`.

use std::path::PathBuf;

use comfy_table::Cell;
use gliss_train::checkpoint::CheckpointStore;
use gliss_train::trained::{self, Answer, Origin, Trained, TrainedError};
use gliss_types::{Recipe, TrialDetail, TrialId};
use serde_json::{Value, json};

use super::Setting;
use crate::access::Access;
use crate::args::Output;
use crate::exit::Exit;
use crate::failure::{Failure, chain};
use crate::shown::shown;
use crate::table::{self, number, plain, text};
use crate::trained_args::{ExportArgs, PredictArgs, TrainedNet};

/// Where a coordinator of a data folder keeps checkpoints.
const CHECKPOINTS: &str = "checkpoints";

/// Answers for files.
pub(super) async fn predict(setting: &Setting, args: &PredictArgs) -> Result<Exit, Failure> {
    let mut net = match &args.net {
        TrainedNet::Trial(id) => of_trial(setting, *id).await?.0,
        TrainedNet::File(path) => trained::read(path).map_err(|error| unusable(&error))?.0,
    };
    let mut answers = Vec::with_capacity(args.files.len());
    let mut failed = 0;
    for file in &args.files {
        match net.answers(file) {
            Ok(found) => {
                answers.extend(found.into_iter().map(|(row, answer)| Given { file, row, answer: Some(answer) }));
            }
            Err(error) => {
                failed += 1;
                setting.printer.talk(&format!("failed to {}", chain(&error)));
                answers.push(Given { file, row: None, answer: None });
            }
        }
    }
    report(setting, args, net.classes(), &answers)?;
    if failed == args.files.len() {
        let message = format!("failed to answer for any of {failed} files");
        return Err(Failure::new(Exit::Usage, message, "name files of sound such as the net was trained on"));
    }
    Ok(if failed > 0 { Exit::TrialsFailed } else { Exit::Done })
}

/// What a net answered.
struct Given<'a> {
    /// For which file.
    file: &'a PathBuf,
    /// For which row of it; none where it is no table.
    row: Option<String>,
    /// None where it could not.
    answer: Option<Answer>,
}

/// Classes and their probabilities, the most probable first.
fn ranked<'a>(classes: &'a [String], answer: &Answer, top: u32) -> Vec<(&'a str, f64)> {
    let class = |place: usize| Some((classes.get(place)?.as_str(), *answer.probabilities.get(place)?));
    answer.ranked().into_iter().take(top as usize).filter_map(class).collect()
}

fn report(setting: &Setting, args: &PredictArgs, classes: &[String], answers: &[Given<'_>]) -> Result<(), Failure> {
    let printer = &setting.printer;
    let name = |class: usize| classes.get(class).map_or("?", String::as_str);
    match setting.global.output {
        Output::Json => {
            let of = |probabilities: &[f64]| -> Value {
                let each = classes.iter().cloned().zip(probabilities.iter().map(|p| json!(p)));
                Value::Object(each.collect())
            };
            let one = |Given { file, row, answer }: &Given<'_>| match answer {
                None => json!({"file": file, "row": row, "class": null}),
                Some(answer) => {
                    let segments = answer.segments.iter().map(|segment| {
                        json!({
                            "start": segment.start, "seconds": segment.seconds,
                            "probabilities": of(&segment.probabilities),
                        })
                    });
                    let top: Vec<Value> = ranked(classes, answer, args.top)
                        .into_iter()
                        .map(|(class, probability)| json!({"class": class, "probability": probability}))
                        .collect();
                    json!({
                        "file": file, "row": row, "class": name(answer.class), "top": top,
                        "probabilities": of(&answer.probabilities), "segments": segments.collect::<Vec<_>>(),
                    })
                }
            };
            table::json(printer, &json!(answers.iter().map(one).collect::<Vec<_>>()));
        }
        Output::Csv => {
            let header = ["file", "row", "start", "seconds", "class"].map(str::to_owned);
            let header: Vec<String> = header.into_iter().chain(classes.iter().cloned()).collect();
            let mut lines = Vec::new();
            for Given { file, row, answer } in answers {
                let Some(answer) = answer else { continue };
                let row = row.as_deref().unwrap_or_default();
                let line = |start: String, seconds: String, class: &str, probabilities: &[f64]| {
                    let words = [file.display().to_string(), row.to_owned(), start, seconds, class.to_owned()];
                    words.into_iter().chain(probabilities.iter().map(f64::to_string)).collect::<Vec<String>>()
                };
                lines.push(line(String::new(), String::new(), name(answer.class), &answer.probabilities));
                for segment in answer.segments.iter().filter(|_| args.segments) {
                    let class = name(largest(&segment.probabilities));
                    lines.push(line(
                        segment.start.to_string(),
                        segment.seconds.to_string(),
                        class,
                        &segment.probabilities,
                    ));
                }
            }
            table::csv(printer, &header, &lines)?;
        }
        Output::Table => {
            for Given { file, row, answer } in answers {
                let Some(answer) = answer else { continue };
                let row = row.iter().map(|row| format!(", {}", shown(row))).collect::<String>();
                printer.data(&format!("{}{row}: {}", shown(&file.to_string_lossy()), name(answer.class)));
                for (class, probability) in ranked(classes, answer, args.top) {
                    printer.data(&format!("  {:5.1} %  {class}", 100.0 * probability));
                }
                if args.segments && !answer.segments.is_empty() {
                    let mut table = plain(&["from", "to", "class", "probability"]);
                    for segment in &answer.segments {
                        let class = largest(&segment.probabilities);
                        table.add_row([
                            number(format!("{:.1} s", segment.start)),
                            number(format!("{:.1} s", segment.start + segment.seconds)),
                            Cell::new(name(class)),
                            number(format!("{:.1} %", 100.0 * segment.probabilities.get(class).unwrap_or(&0.0))),
                        ]);
                    }
                    text(&table).lines().for_each(|line| printer.data(&format!("  {line}")));
                }
            }
        }
    }
    Ok(())
}

/// Place of the largest, the first of equals.
fn largest(values: &[f64]) -> usize {
    let mut best = 0;
    for (place, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = place;
        }
    }
    best
}

/// Writes a trial's net to a file of its own.
pub(super) async fn export(setting: &Setting, args: &ExportArgs) -> Result<Exit, Failure> {
    let out = args.out.clone().unwrap_or_else(|| PathBuf::from(format!("{}.safetensors", dashed(args.trial))));
    let beside = out.with_extension("recipe.json");
    for path in [&out, &beside] {
        if path.exists() && !args.force {
            let message = format!("failed to write {}: it is there already", path.display());
            return Err(Failure::new(
                Exit::Usage,
                message,
                "name another with `--out`, or write over it with `--force`",
            ));
        }
    }
    let (net, origin) = of_trial(setting, args.trial).await?;
    trained::write(&net, Some(&origin), &out).map_err(|error| unusable(&error))?;
    let recipe: Value = serde_json::from_str(&net.recipe().canonical()).expect("a recipe's canonical form is JSON");
    let pretty = serde_json::to_string_pretty(&recipe).expect("plain data is written into memory") + "\n";
    std::fs::write(&beside, pretty).map_err(|error| Failure::io("write the recipe", &error))?;
    match setting.global.output {
        Output::Json => table::json(
            &setting.printer,
            &json!({
                "trial": origin.trial, "file": out, "recipe": beside, "epoch": origin.epoch,
                "classes": net.classes(), "metrics": origin.metrics.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(),
            }),
        ),
        Output::Csv => {
            let header = ["trial", "file", "recipe", "epoch"].map(str::to_owned);
            let (file, recipe) = (out.display().to_string(), beside.display().to_string());
            table::csv(&setting.printer, &header, &[vec![origin.trial, file, recipe, origin.epoch.to_string()]])?;
        }
        Output::Table => {
            let (out, beside) = (out.to_string_lossy(), beside.to_string_lossy());
            let talk = format!(
                "{}: epoch {} of {}, with its recipe in {}; try `gliss predict {} FILE`",
                shown(&out),
                origin.epoch,
                origin.trial,
                shown(&beside),
                shown(&out)
            );
            setting.printer.talk(&talk);
        }
    }
    Ok(Exit::Done)
}

fn dashed(trial: TrialId) -> String {
    trial.to_string().replace('/', "-")
}

/// The net of a trial's best epoch so far, and where it came from.
async fn of_trial(setting: &Setting, id: TrialId) -> Result<(Trained, Origin), Failure> {
    let detail = Access::find(&setting.global).await?.trial(id).await?;
    let recipe = Recipe::from_canonical(&detail.recipe).map_err(|error| {
        let message = format!("failed to read the recipe of {id}: {}", chain(&error));
        Failure::new(Exit::Usage, message, "it was written by another version of this program")
    })?;
    let Some(reference) = &detail.checkpoint else {
        let message = format!("failed to use {id}: it has no checkpoint, for it has finished no epoch");
        return Err(Failure::new(Exit::Usage, message, format!("`gliss show {id}` says how far it is")));
    };
    let folder = setting.global.data_dir.join(CHECKPOINTS);
    let read = CheckpointStore::open(&folder.to_string_lossy()).and_then(|store| store.read(&reference.hash));
    let checkpoint = read.map_err(|error| {
        let message = format!("failed to use {id}: {}", chain(&error));
        let remedy = "run this where the coordinator's data folder is, and name it with `--data-dir`";
        Failure::new(Exit::Usage, message, remedy)
    })?;
    let origin = origin(&detail, id, checkpoint.progress.best.as_ref().map_or(0, |best| best.epoch));
    let net = Trained::of_checkpoint(recipe, checkpoint).map_err(|error| unusable(&error))?;
    Ok((net, origin))
}

fn origin(detail: &TrialDetail, id: TrialId, epoch: u32) -> Origin {
    let metrics = detail.row.summary.as_ref().map(|summary| summary.metrics.clone()).unwrap_or_default();
    Origin { trial: id.to_string(), epoch, metrics }
}

fn unusable(error: &TrainedError) -> Failure {
    let remedy = match error {
        TrainedError::NotSound { .. } => {
            "take a trial that was trained on sound, or a table with the columns of this one"
        }
        TrainedError::NoColumns => "train it again",
        TrainedError::File { .. } | TrainedError::Weights(_) => {
            "`gliss predict` takes a trial like s1/t3, or a file that `gliss export` wrote"
        }
        _ => "",
    };
    Failure::new(Exit::Usage, format!("failed to {}", chain(error)), remedy)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_trial_is_not_taken_for_a_file() {
        assert!(matches!("s1/t3".parse(), Ok(TrainedNet::Trial(_))));
        assert_eq!("./s1/t3".parse(), Ok(TrainedNet::File(Path::new("./s1/t3").into())));
        assert_eq!(dashed("s1/t3".parse().expect("a trial")), "s1-t3");
    }
}
