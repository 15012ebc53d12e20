//! `gliss bench`: measures the machinery with the real parts.

use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use gliss_types::{SweepRow, TrialState};
use gliss_wire::v1;
use serde_json::json;

use super::Setting;
use crate::args::{BenchVerb, Output};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::local::Local;
use crate::table;

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

async fn dispatch(setting: &Setting, dir: &Path, trials: u32, slots: usize) -> Result<Exit, Failure> {
    let mut local = Local::start(dir).await?;
    let mut remote = local.connect().await?;
    local.work(slots, dir);
    while !remote.workers().await?.iter().any(|w| w.connected) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // One trial first, by itself: from the call to its start, planning, commit, offer and report included.
    let mut firsts = Vec::new();
    for _ in 0..20 {
        let before = now_ms();
        let (row, _) = remote.submit(request(1)).await?;
        let row = closed(&mut remote, row).await?;
        firsts.push(row.started.unwrap_or(u64::MAX).saturating_sub(before));
    }
    firsts.sort_unstable();
    let begin = Instant::now();
    let before = now_ms();
    let (row, _) = remote.submit(request(trials)).await?;
    let row = closed(&mut remote, row).await?;
    let seconds = begin.elapsed().as_secs_f64();
    let first = row.started.unwrap_or(u64::MAX).saturating_sub(before);
    local.stop().await?;
    let completed = row.count(TrialState::Completed);
    let median = firsts.get(firsts.len() / 2).copied().unwrap_or(u64::MAX);
    let printer = &setting.printer;
    if setting.global.output == Output::Json {
        let result = json!({
            "trials": trials, "slots": slots, "completed": completed, "attempts": row.attempts, "seconds": seconds,
            "trials_per_second": f64::from(trials) / seconds, "first_start_ms": first,
            "one_trial_first_start_ms": {"median": median, "worst": firsts.last()},
        });
        table::json(printer, &result);
    } else {
        printer.data(&format!("{completed} of {trials} trials completed in {} attempts, {slots} slots", row.attempts));
        printer.data(&format!("{:.0} trials/s ({seconds:.2} s in all, submit included)", f64::from(trials) / seconds));
        printer.data(&format!(
            "submit to first start: {first} ms for this sweep; one trial alone: median {median} ms, worst {} ms",
            firsts.last().copied().unwrap_or(0)
        ));
    }
    Ok(if completed == u64::from(trials) { Exit::Done } else { Exit::TrialsFailed })
}

async fn closed(remote: &mut crate::remote::Remote, mut row: SweepRow) -> Result<SweepRow, Failure> {
    if row.state.is_closed() {
        return Ok(row);
    }
    let mut watch = remote.watch(row.id).await?;
    while let Some(watched) = watch.next().await? {
        row = watched.sweep;
    }
    Ok(row)
}
