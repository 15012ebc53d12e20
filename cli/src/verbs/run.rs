//! `gliss run`: a sweep from its file to its leaderboard, inside this process.

use std::path::Path;
use std::sync::Arc;

use gliss_train::Control;
use gliss_types::{Recipe, SweepId, SweepPlan, SweepRow, SweepState, TrialRow, TrialState};
use gliss_wire::v1;

use super::Setting;
use super::plan::{examine, warn};
use crate::access::offline;
use crate::args::{LocalArgs, RunArgs};
use crate::cache;
use crate::examine::Examined;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::local::{Local, Slots, processors};
use crate::pace::Pace;
use crate::prepare::prepare;
use crate::printer::Printer;
use crate::progress::Progress;
use crate::remote::{Remote, Watched};
use crate::signals::Signals;
use crate::sweep_file::SweepFile;
use crate::table;

/// Rows of the leaderboard at the end.
const TOP: u64 = 20;

/// What is to be run.
enum Job {
    Submit(Box<v1::SubmitRequest>),
    Resume(SweepId),
}

/// Runs a sweep file; goes on with it where the store has it already.
pub(super) async fn run(setting: &Setting, args: RunArgs) -> Result<Exit, Failure> {
    let printer = &setting.printer;
    if let Some(address) = &setting.global.coordinator {
        let text = format!("`gliss run` trains inside this process, and `--coordinator {address}` names another");
        return Err(Failure::new(Exit::Usage, text, "use `gliss submit` for that one, or leave `--coordinator` out"));
    }
    let file = SweepFile::read(&args.file)?;
    warn(printer, &file.planned);
    let plan = file.planned.plan.clone();
    // A finished sweep needs neither data nor workers.
    if let Some(store) = offline(&setting.global).await?
        && let Some(id) = store.sweep_of(&plan.fingerprint).filter(|_| !args.again)
        && let Ok(row) = store.sweep(id)
        && row.state == SweepState::Finished
    {
        printer.talk(&format!("{id} is this sweep, and it is finished; `--again` runs it anew"));
        let trials = store.top(id, TOP, "").map_err(|e| Failure::new(Exit::Fault, e.to_string(), ""))?;
        table::leaderboard(printer, setting.global.output, &row, &trials)?;
        return Ok(ended(printer, &row));
    }
    let examined = examine(setting, &file.planned, !args.file.no_data_check)?;
    let slots = Slots::of(&args.local)?;
    let time = table::span(examined.seconds / slots.count as f64);
    printer.talk(&format!(
        "{}: {} trials, about {time} on {} slots ({})",
        plan.name,
        file.planned.points,
        slots.count,
        slots.places()
    ));
    let request = Box::new(file.request(args.again));
    // With `--again` the same command would begin yet another sweep.
    let same = (!args.again).then_some(args.file.file.as_path());
    work(setting, &plan, Job::Submit(request), slots, Some(&examined), same).await
}

/// Goes on with a sweep of the store.
pub(super) async fn resume(
    setting: &Setting,
    plan: SweepPlan,
    row: &SweepRow,
    local: &LocalArgs,
) -> Result<Exit, Failure> {
    if row.state.is_closed() {
        let text = format!("{} is {}", row.id, row.state);
        return Err(Failure::new(Exit::Usage, text, "look at it with `gliss top`, or run its file with `--again`"));
    }
    work(setting, &plan, Job::Resume(row.id), Slots::of(local)?, None, None).await
}

/// How the watching ended.
enum End {
    Closed(Box<SweepRow>),
    /// The coordinator paused the sweep, for this reason.
    Halted(String),
    Interrupted,
    Broken,
}

async fn work(
    setting: &Setting,
    plan: &SweepPlan,
    job: Job,
    slots: Slots,
    examined: Option<&Examined>,
    file: Option<&Path>,
) -> Result<Exit, Failure> {
    let printer = &setting.printer;
    let cache = cache::folder(&setting.global);
    let mut signals = Signals::listen().map_err(|e| Failure::io("listen for signals", &e))?;
    if prepared(printer, plan, &cache, &mut signals).await? == Prepared::Interrupted {
        printer.talk("stopped before the first trial; what was prepared is kept");
        return Ok(Exit::Interrupted);
    }

    let mut local = Local::start(&setting.global.data_dir).await?;
    let mut remote = local.connect().await?;
    let begun = begin(printer, &mut remote, job).await;
    let (id, resumed) = match begun {
        Ok(begun) => begun,
        Err(failure) => {
            local.stop().await?;
            return Err(failure);
        }
    };
    if resumed {
        printer.talk(&format!("{id} goes on where it stopped"));
    }
    local.work(slots, &cache);
    let end = watch(setting, &mut remote, &mut local, &mut signals, id).await;
    match end {
        Ok(End::Closed(row)) => {
            let (_, trials) = remote.top(id, TOP, "").await?;
            let all = remote.sweep(id, 0).await;
            local.stop().await?;
            // The pace is a convenience; a listing that does not come is no reason to keep the leaderboard back.
            if let (Some(examined), Ok((_, all))) = (examined, all) {
                learn(&cache, plan, examined, &all);
            }
            table::leaderboard(printer, setting.global.output, &row, &trials)?;
            Ok(ended(printer, &row))
        }
        Ok(End::Halted(reason)) => {
            local.stop().await?;
            printer.talk(&format!("{id} is paused: {reason}"));
            printer.talk(&format!("`gliss show {id}` lists its trials. Once the cause is mended, to go on:"));
            printer.talk(&format!("  {}", resume_command(setting, id, file)));
            Ok(Exit::TrialsFailed)
        }
        Ok(End::Interrupted) => {
            printer.talk("stopping after the steps in progress ...");
            // Paused, so that it waits for the person who stopped it and not for the next one who starts anything.
            let paused = remote.pause(id).await;
            tokio::select! {
                stopped = local.stop() => stopped?,
                () = signals.next() => printer.talk("leaving at once; the epochs in progress are lost"),
            }
            paused?;
            printer.talk(&format!("{id} is stopped; every finished epoch is kept. To go on:"));
            printer.talk(&format!("  {}", resume_command(setting, id, file)));
            Ok(Exit::Interrupted)
        }
        Ok(End::Broken) => {
            local.stop().await?;
            let text = "the worker or the coordinator ended without a reason";
            Err(Failure::new(Exit::Bug, text, "please report this with the log of `-vv`"))
        }
        Err(failure) => {
            // What broke the connection is the better answer.
            local.stop().await?;
            Err(failure)
        }
    }
}

#[derive(PartialEq, Eq)]
enum Prepared {
    Done,
    Interrupted,
}

async fn prepared(
    printer: &Printer,
    plan: &SweepPlan,
    cache: &Path,
    signals: &mut Signals,
) -> Result<Prepared, Failure> {
    let stop = Arc::new(Control::new());
    let (asked, plan, cache, printer) = (stop.clone(), plan.clone(), cache.to_owned(), *printer);
    let mut task = tokio::task::spawn_blocking(move || prepare(&printer, &plan, &cache, processors(), &asked));
    let result = tokio::select! {
        result = &mut task => result,
        () = signals.next() => {
            stop.stop();
            tokio::select! {
                result = task => result,
                // Asked twice: clips that are being rendered are not waited for.
                () = signals.next() => return Ok(Prepared::Interrupted),
            }
        }
    };
    match result {
        Ok(done) => done.map(|()| if stop.stopped() { Prepared::Interrupted } else { Prepared::Done }),
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}

/// Submits or resumes, and pauses every other active sweep: this run is for one. Also yields whether it goes on with
/// something begun.
async fn begin(printer: &Printer, remote: &mut Remote, job: Job) -> Result<(SweepId, bool), Failure> {
    let (id, existing) = match job {
        Job::Submit(request) => {
            let (row, existing) = remote.submit(*request).await?;
            (row.id, existing)
        }
        Job::Resume(id) => (id, true),
    };
    for other in remote.sweeps().await? {
        if other.id != id && other.state == SweepState::Active {
            remote.pause(other.id).await?;
            printer.talk(&format!(
                "{} is paused: this run is for {id}; `gliss resume {}` goes on with it",
                other.id, other.id
            ));
        }
    }
    if existing {
        remote.resume(id).await?;
    }
    Ok((id, existing))
}

async fn watch(
    setting: &Setting,
    remote: &mut Remote,
    local: &mut Local,
    signals: &mut Signals,
    id: SweepId,
) -> Result<End, Failure> {
    let mut watch = remote.watch(id).await?;
    let mut progress = Progress::new(setting.printer);
    let end = loop {
        let next = tokio::select! {
            next = watch.next() => next,
            () = signals.next() => break Ok(End::Interrupted),
            () = local.broken() => break Ok(End::Broken),
        };
        match next {
            Ok(Some(watched)) => {
                progress.show(&watched);
                let Watched { sweep, .. } = watched;
                if sweep.state.is_closed() {
                    break Ok(End::Closed(Box::new(sweep)));
                }
                if let Some(reason) = sweep.halted {
                    break Ok(End::Halted(reason));
                }
            }
            Ok(None) => break Ok(End::Broken),
            Err(failure) => break Err(failure),
        }
    };
    progress.end();
    end
}

/// The words after the leaderboard, and the exit code.
fn ended(printer: &Printer, row: &SweepRow) -> Exit {
    let failed = row.count(TrialState::Failed);
    let took = match (row.started, row.ended) {
        (Some(from), Some(to)) => format!(" in {}", table::span(to.saturating_sub(from) as f64 / 1000.0)),
        _ => String::new(),
    };
    printer.talk(&format!(
        "\n{} {}: {} of {} trials completed{took}",
        row.id,
        row.state,
        row.count(TrialState::Completed),
        row.trials
    ));
    if failed > 0 {
        printer.talk(&format!("{failed} trials failed; `gliss show {}` says why", row.id));
    }
    if let Some((best, _)) = row.best {
        printer.talk("next:");
        // A sweep that trains nothing has no test to sort by.
        let sort = if row.epochs_total > 0 { "test_accuracy" } else { "seed" };
        let hints = [
            (format!("gliss show {best}"), "its recipe, attempts and learning curves"),
            (format!("gliss top {} --sort {sort}", row.id), "another order; --output csv for a spreadsheet"),
            ("gliss run --set epochs=20 FILE".to_owned(), "the same sweep with any field overridden"),
        ];
        for (command, what) in hints {
            printer.talk(&format!("  {command:38}{what}"));
        }
    }
    // A sweep that was cancelled is not what a script that waits for it had asked for.
    if failed > 0 || row.state == SweepState::Cancelled { Exit::TrialsFailed } else { Exit::Done }
}

fn resume_command(setting: &Setting, id: SweepId, file: Option<&Path>) -> String {
    let dir = &setting.global.data_dir;
    let place = if dir == Path::new(".glissando") { String::new() } else { format!(" --data-dir {}", dir.display()) };
    let same = file.map_or_else(String::new, |_| "      (or the same `gliss run` again)".into());
    format!("gliss resume {id}{place}{same}")
}

/// Learns this machine's pace from trials that were trained.
fn learn(cache: &Path, plan: &SweepPlan, examined: &Examined, trials: &[TrialRow]) {
    let mut pace = Pace::read(cache);
    let Some(data) = examined.data.first().filter(|_| examined.data.len() == 1) else { return };
    let [train, valid, test] = data.sides.map(|n| n as f64);
    for row in trials {
        let Some(summary) = row.summary.as_ref().filter(|s| s.train_seconds > 0.0) else { continue };
        let settings = plan.settings(u64::from(row.id.number) - 1);
        let Some(Ok((Recipe::Train(training), _))) = settings.map(|s| Recipe::read(&s)) else { continue };
        let net = serde_json::json!(training.net);
        let Some(seen) = examined.nets.iter().find(|n| n.net == net) else { continue };
        let passes = (3.0 * train + valid) * f64::from(summary.epochs) + test;
        pace.learn(training.net.family.name(), passes * seen.macs() as f64, passes, summary.train_seconds);
    }
    pace.write();
}
