//! `gliss store`: the store looked after.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

use gliss_coordinator::{BackupError, Fault, Offline, StoreError};
use gliss_train::checkpoint::{CheckpointError, CheckpointStore};
use serde_json::{Value, json};

use super::Setting;
use crate::access::{Access, store_failure};
use crate::args::Output;
use crate::exit::Exit;
use crate::failure::{Failure, chain};
use crate::store_args::StoreVerb;
use crate::table;

/// Commits that are read at a time.
const COMMITS: usize = 1024;

/// Does what was asked for.
pub(super) async fn store(setting: &Setting, verb: StoreVerb) -> Result<Exit, Failure> {
    match verb {
        StoreVerb::Backup { name } => backup(setting, name).await,
        StoreVerb::Check => check(setting, open(setting)?),
        StoreVerb::Compact => compact(setting, open(setting)?),
        StoreVerb::ExportJournal => export(setting, &open(setting)?),
    }
}

fn open(setting: &Setting) -> Result<Offline, Failure> {
    Offline::open(&setting.global.data_dir).map_err(|fault| match &fault {
        Fault::Store(StoreError::InUse { .. }) => {
            let failure = store_failure(&fault);
            failure.with_remedy(
                "stop the coordinator first, or look at a backup: `gliss store backup` makes one meanwhile",
            )
        }
        _ => store_failure(&fault),
    })
}

fn failed(error: StoreError) -> Failure {
    store_failure(&Fault::Store(error))
}

async fn backup(setting: &Setting, name: Option<String>) -> Result<Exit, Failure> {
    let now = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    let name = name.unwrap_or_else(|| now.replace([':', 'Z'], ""));
    let (folder, bytes, checkpoints) = match Access::find(&setting.global).await? {
        Access::Remote(mut remote) => remote.backup(name).await?,
        Access::Offline(store) => {
            let made = store.backup(&setting.global.data_dir, &name).map_err(|error| {
                let message = format!("failed to {}", chain(&error));
                match error {
                    BackupError::Name { .. } | BackupError::Taken { .. } => {
                        Failure::new(Exit::Usage, message, "choose another name")
                    }
                    _ => Failure::new(
                        Exit::Fault,
                        message,
                        "look at the disk with `gliss store check`; nothing was left behind",
                    ),
                }
            })?;
            (made.folder.display().to_string(), made.bytes, made.checkpoints)
        }
    };
    let printer = &setting.printer;
    match setting.global.output {
        Output::Json => {
            table::json(printer, &json!({"folder": folder, "bytes": bytes, "checkpoints": checkpoints}));
        }
        Output::Csv => table::csv(
            printer,
            &["folder", "bytes", "checkpoints"].map(str::to_owned),
            &[vec![folder, bytes.to_string(), checkpoints.to_string()]],
        )?,
        Output::Table => {
            printer.data(&folder);
            printer.talk(&format!("a store of {} and {checkpoints} checkpoints", table::bytes(bytes)));
        }
    }
    Ok(Exit::Done)
}

fn check(setting: &Setting, mut store: Offline) -> Result<Exit, Failure> {
    let mut health = store.health().map_err(failed)?;
    let folder = setting.global.data_dir.join("checkpoints");
    let needed = store.checkpoints();
    let mut problems = std::mem::take(&mut health.problems);
    let kept = CheckpointStore::open(&folder.to_string_lossy()).map_err(|error| {
        Failure::new(Exit::Fault, format!("failed to {}", chain(&error)), "check the folder's permissions")
    })?;
    for (trial, hash) in &needed {
        let wrong = match kept.read(hash) {
            Ok(_) => continue,
            Err(error @ (CheckpointError::Missing { .. } | CheckpointError::Damaged { .. })) => error.to_string(),
            Err(error) => chain(&error),
        };
        problems.push(format!("the checkpoint of {trial} cannot be used: {wrong}"));
    }
    let names: BTreeSet<&str> = needed.iter().map(|(_, hash)| hash.as_str()).collect();
    let (spare, spare_bytes) = others(&folder, &names);
    let printer = &setting.printer;
    let looked = &health.looked;
    match setting.global.output {
        Output::Json => table::json(
            printer,
            &json!({
                "bytes": looked.bytes, "commits": health.commits, "curves": looked.folded.len() + looked.open.len(),
                "checkpoints": needed.len(), "spare_checkpoints": spare, "spare_bytes": spare_bytes, "problems": problems,
            }),
        ),
        Output::Csv => {
            let rows: Vec<Vec<String>> = problems.iter().map(|problem| vec![problem.clone()]).collect();
            table::csv(printer, &["problem".to_owned()], &rows)?;
        }
        Output::Table => {
            let curves = looked.folded.len() + looked.open.len();
            printer.data(&format!(
                "{}, {} commits, curves of {curves} trials",
                table::bytes(looked.bytes),
                health.commits
            ));
            let size = table::bytes(spare_bytes);
            printer.data(&format!("{} checkpoints are needed; {spare} more, {size}, are not", needed.len()));
            problems.iter().for_each(|problem| printer.data(&format!("WRONG: {problem}")));
            printer.data(if problems.is_empty() { "all of it is well" } else { "not all of it is well" });
        }
    }
    Ok(if problems.is_empty() { Exit::Done } else { Exit::Fault })
}

/// Checkpoints that no trial goes on from, and their bytes.
fn others(folder: &Path, needed: &BTreeSet<&str>) -> (u64, u64) {
    let Ok(files) = fs::read_dir(folder) else { return (0, 0) };
    let spare = files.flatten().filter(|file| {
        let name = file.file_name();
        let name = name.to_string_lossy();
        !name.strip_suffix(".safetensors").is_some_and(|hash| needed.contains(hash))
    });
    spare.fold((0, 0), |(count, bytes), file| (count + 1, bytes + file.metadata().map_or(0, |found| found.len())))
}

fn compact(setting: &Setting, mut store: Offline) -> Result<Exit, Failure> {
    let [before, after] = store.compact().map_err(failed)?;
    let printer = &setting.printer;
    match setting.global.output {
        Output::Json => table::json(printer, &json!({"before": before, "after": after})),
        Output::Csv => {
            let header = ["before", "after"].map(str::to_owned);
            table::csv(printer, &header, &[vec![before.to_string(), after.to_string()]])?;
        }
        Output::Table => printer.data(&format!("{} became {}", table::bytes(before), table::bytes(after))),
    }
    Ok(Exit::Done)
}

fn export(setting: &Setting, store: &Offline) -> Result<Exit, Failure> {
    let mut from = 0;
    loop {
        let commits = store.commits(from, COMMITS).map_err(failed)?;
        let Some((last, _)) = commits.last() else { return Ok(Exit::Done) };
        from = last + 1;
        for (commit, facts) in &commits {
            let line: Value = json!({"commit": commit, "facts": facts});
            setting.printer.data(&line.to_string());
        }
    }
}
