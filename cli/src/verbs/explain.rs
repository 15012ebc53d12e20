//! `gliss explain`: where a trial stands and why, and how it came there.

use gliss_types::{About, LogLine, SweepRow, SweepState, TrialDetail, TrialId, TrialRow, TrialState, WorkerRow};
use serde_json::{Value, json};

use super::Setting;
use super::log::time;
use crate::access::Access;
use crate::args::Output;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::shown::shown;
use crate::table;

/// Says where a trial stands and why.
pub(super) async fn explain(setting: &Setting, id: TrialId) -> Result<Exit, Failure> {
    let mut access = Access::find(&setting.global).await?;
    let detail = access.trial(id).await?;
    let (sweep, trials) = access.sweep(id.sweep, 0).await?;
    let (workers, sweeps) = (access.workers().await?, access.sweeps().await?);
    let board = access.top(id.sweep, 0, "").await?.1;
    let known = Known { detail, sweep, trials, workers, sweeps, board, runs: matches!(access, Access::Remote(_)) };
    let history = history(&mut access, id).await?;
    let printer = &setting.printer;
    match setting.global.output {
        Output::Json => {
            let facts: Vec<Value> = history.iter().filter_map(|line| serde_json::from_str(&line.json).ok()).collect();
            let row = &known.detail.row;
            let said = json!({"trial": id.to_string(), "state": row.state.as_str(), "because": known.because(), "history": facts});
            table::json(printer, &said);
        }
        Output::Csv => {
            let rows: Vec<Vec<String>> = history.iter().map(|line| vec![time(line.at), line.text.clone()]).collect();
            table::csv(printer, &["time", "text"].map(str::to_owned), &rows)?;
        }
        Output::Table => {
            for (place, sentence) in known.because().iter().enumerate() {
                printer.data(&if place == 0 { shown(sentence).to_string() } else { format!("  {}", shown(sentence)) });
            }
            if !history.is_empty() {
                printer.data("\nwhat happened:");
            }
            history.iter().for_each(|line| printer.data(&format!("  {:20}  {}", time(line.at), shown(&line.text))));
        }
    }
    Ok(Exit::Done)
}

async fn history(access: &mut Access, id: TrialId) -> Result<Vec<LogLine>, Failure> {
    let (mut lines, mut from) = (Vec::new(), 0);
    loop {
        let page = access.log(About::Trial(id), from).await?;
        lines.extend(page.lines);
        if page.end {
            return Ok(lines);
        }
        from = page.next;
    }
}

/// All that an explanation rests on.
struct Known {
    detail: TrialDetail,
    sweep: SweepRow,
    trials: Vec<TrialRow>,
    workers: Vec<WorkerRow>,
    sweeps: Vec<SweepRow>,
    /// The sweep's leaderboard by its objective.
    board: Vec<TrialRow>,
    /// Whether a coordinator runs.
    runs: bool,
}

impl Known {
    /// Where it stands, then why.
    fn because(&self) -> Vec<String> {
        let row = &self.detail.row;
        let mut said =
            vec![format!("{} is {}, with {} of {} epochs stored", row.id, row.state.as_str(), row.epoch, row.epochs)];
        if row.key.is_empty() {
            said[0] = format!("{} is {}: no slot has been free for it yet", row.id, row.state.as_str());
        }
        match row.state {
            TrialState::Queued => self.waits(&mut said),
            TrialState::Leased | TrialState::Running => {
                let worker = row.worker.and_then(|id| self.workers.iter().find(|worker| worker.id == id));
                match worker {
                    Some(worker) if worker.connected => said.push(format!("{} has it", named(worker))),
                    Some(worker) => said.push(format!(
                        "{} has it and is out of reach; if it does not come back before its lease runs out, another worker goes on after epoch {}",
                        named(worker),
                        row.epoch
                    )),
                    None => {}
                }
                if !self.runs {
                    said.push(format!("no coordinator runs: `gliss resume {}` goes on with it", row.id.sweep));
                }
            }
            TrialState::Completed | TrialState::Stopped => self.ranks(&mut said),
            TrialState::Failed | TrialState::Cancelled => said.extend(row.reason.clone()),
        }
        let attempts = self.detail.attempts.len();
        if attempts > 1 {
            said.push(format!(
                "it took {attempts} attempts; each went on from the last epoch that was stored before it"
            ));
        }
        said
    }

    /// Why it has no slot.
    fn waits(&self, said: &mut Vec<String>) {
        let row = &self.detail.row;
        if let Some(reason) = &row.reason {
            said.push(format!("an earlier attempt failed: {reason}"));
        }
        match self.sweep.state {
            SweepState::Paused => {
                said.extend(self.sweep.halted.clone());
                said.push(format!("{} is paused: `gliss resume {}` goes on", row.id.sweep, row.id.sweep));
                return;
            }
            _ if !self.runs => {
                said.push(format!("no coordinator runs: `gliss resume {}` goes on", row.id.sweep));
                return;
            }
            _ => {}
        }
        let connected: Vec<&WorkerRow> = self.workers.iter().filter(|worker| worker.connected).collect();
        let (slots, busy) =
            connected.iter().fold((0, 0), |(slots, busy), worker| (slots + worker.slots, busy + worker.busy));
        if connected.is_empty() {
            said.push("no worker is connected: `gliss worker` starts one".to_owned());
        } else if busy >= slots {
            said.push(format!("all {slots} slots of the {} connected workers are busy", connected.len()));
        } else {
            said.push(format!("{} of {slots} slots are free; it is leased as soon as it is next", slots - busy));
        }
        let waiting = |trial: &&TrialRow| trial.state == TrialState::Queued && trial.id.number < row.id.number;
        let before = self.trials.iter().filter(waiting).count();
        let older = |sweep: &&SweepRow| {
            sweep.id < row.id.sweep && sweep.state == SweepState::Active && sweep.count(TrialState::Queued) > 0
        };
        let older: u64 = self.sweeps.iter().filter(older).map(|sweep| sweep.count(TrialState::Queued)).sum();
        let counted = [(before as u64, "of its sweep"), (older, "of older sweeps")];
        for (count, of) in counted.into_iter().filter(|(count, _)| *count > 0) {
            said.push(format!("{count} waiting trials {of} come before it"));
        }
    }

    /// How it compares.
    fn ranks(&self, said: &mut Vec<String>) {
        let row = &self.detail.row;
        let Some(summary) = &row.summary else { return };
        let metric = &self.sweep.objective.metric;
        said.push(format!(
            "its score is the best {metric} of its epochs, {} at epoch {} of {}",
            summary.score, summary.best_epoch, summary.epochs
        ));
        if summary.epochs < row.epochs {
            said.push(format!("its recipe's `early_stop` ended it before epoch {}", row.epochs));
        }
        let Some(place) = self.board.iter().position(|other| other.id == row.id) else { return };
        let best = self.board.first().and_then(|best| Some((best.id, best.summary.as_ref()?.score)));
        let best = best.filter(|(id, _)| *id != row.id).map(|(id, score)| format!("; {id} leads with {score}"));
        said.push(format!(
            "it is number {} of {} with a score{}",
            place + 1,
            self.board.len(),
            best.unwrap_or_default()
        ));
    }
}

fn named(worker: &WorkerRow) -> String {
    format!("worker {} ({}, {})", worker.id.0, worker.name, worker.devices.join(", "))
}
