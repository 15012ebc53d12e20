//! `gliss bench`: measures the machinery with the real parts.

use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use gliss_types::{SweepRow, TrialState};
use gliss_wire::v1;
use gliss_worker::Device;
use serde_json::json;

use super::Setting;
use crate::args::{BenchVerb, Output};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::local::{Local, Slots};
use crate::remote::Remote;
use crate::table;

/// Single trials that are timed.
const SINGLES: usize = 20;

/// Measures.
pub(super) async fn bench(setting: &Setting, verb: BenchVerb) -> Result<Exit, Failure> {
    match verb {
        BenchVerb::Dispatch { trials, slots, dir } => {
            let made;
            let dir = match &dir {
                Some(dir) => dir.as_path(),
                None => {
                    made = Folder::new()?;
                    &made.0
                }
            };
            dispatch(setting, dir, trials, usize::from(slots)).await
        }
    }
}

/// A folder that goes with this value.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new() -> Result<Folder, Failure> {
        let path = std::env::temp_dir().join(format!("gliss-bench-{}-{}", std::process::id(), now_ms()));
        std::fs::create_dir(&path).map_err(|e| Failure::io("make a folder for the store", &e))?;
        Ok(Folder(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A folder that stays behind is the system's to clean.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis() as u64)
}

fn request(trials: u32) -> v1::SubmitRequest {
    v1::SubmitRequest {
        file_name: "dispatch".into(),
        text: format!("name: dispatch\nrecipe: {{task: noop}}\nparameters: {{seed: {{min: 1, max: {trials}}}}}\n"),
        overrides: Vec::new(),
        base: "/".into(),
        again: true,
        override_base: "/".into(),
    }
}

/// What a dispatch came to.
struct Dispatched {
    sweep: SweepRow,
    seconds: f64,
    first_ms: u64,
    /// Submit to first start of single trials, ascending.
    singles_ms: Vec<u64>,
}

async fn dispatch(setting: &Setting, dir: &Path, trials: u32, slots: usize) -> Result<Exit, Failure> {
    let mut local = Local::start(dir).await?;
    let mut remote = local.connect().await?;
    local.work(Slots { count: slots, devices: vec![Device::Cpu] }, dir);
    let measured = tokio::select! {
        measured = measure(&mut remote, trials) => Some(measured),
        () = local.broken() => None,
    };
    // A store or a worker that failed is the better answer than what it led to.
    local.stop().await?;
    let Some(measured) = measured else {
        return Err(Failure::new(
            Exit::Bug,
            "the worker ended without a reason",
            "please report this with the log of `-vv`",
        ));
    };
    let Dispatched { sweep, seconds, first_ms, singles_ms } = measured?;
    let completed = sweep.count(TrialState::Completed);
    let rate = f64::from(trials) / seconds;
    let median = singles_ms.get(singles_ms.len() / 2).copied().unwrap_or_default();
    let worst = singles_ms.last().copied().unwrap_or_default();
    let printer = &setting.printer;
    if setting.global.output == Output::Json {
        let result = json!({
            "trials": trials, "slots": slots, "completed": completed, "attempts": sweep.attempts, "seconds": seconds,
            "trials_per_second": rate, "first_start_ms": first_ms,
            "one_trial_first_start_ms": {"median": median, "worst": worst},
        });
        table::json(printer, &result);
    } else {
        printer
            .data(&format!("{completed} of {trials} trials completed in {} attempts, {slots} slots", sweep.attempts));
        printer.data(&format!("{rate:.0} trials/s ({seconds:.2} s in all, submit included)"));
        printer.data(&format!(
            "submit to first start: {first_ms} ms for this sweep; one trial alone: median {median} ms, worst {worst} ms"
        ));
    }
    Ok(if completed == u64::from(trials) { Exit::Done } else { Exit::TrialsFailed })
}

async fn measure(remote: &mut Remote, trials: u32) -> Result<Dispatched, Failure> {
    while !remote.workers().await?.iter().any(|w| w.connected) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // Single trials first: from the call to the start, with planning, commit, offer and report.
    let mut singles_ms = Vec::new();
    for _ in 0..SINGLES {
        let before = now_ms();
        let (row, _) = remote.submit(request(1)).await?;
        let row = closed(remote, row).await?;
        singles_ms.push(row.started.unwrap_or(u64::MAX).saturating_sub(before));
    }
    singles_ms.sort_unstable();
    let begin = Instant::now();
    let before = now_ms();
    let (row, _) = remote.submit(request(trials)).await?;
    let sweep = closed(remote, row).await?;
    let seconds = begin.elapsed().as_secs_f64();
    let first_ms = sweep.started.unwrap_or(u64::MAX).saturating_sub(before);
    Ok(Dispatched { sweep, seconds, first_ms, singles_ms })
}

async fn closed(remote: &mut Remote, mut row: SweepRow) -> Result<SweepRow, Failure> {
    if row.state.is_closed() {
        return Ok(row);
    }
    let mut watch = remote.watch(row.id).await?;
    while let Some(watched) = watch.next().await? {
        row = watched.sweep;
    }
    Ok(row)
}
