//! Where answers come from: a running coordinator, or the store itself when none runs.

use std::path::{Path, PathBuf};
use std::time::Duration;

use gliss_coordinator::{FILE_NAME, Fault, Offline, ReadError, StoreError};
use gliss_types::{About, LogPage, SweepId, SweepRow, TrialDetail, TrialId, TrialRow, WorkerRow};
use tokio::time::{Instant, sleep};

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::{Failure, chain};
use crate::remote::Remote;

/// Where a coordinator of a data folder writes its address.
const ADDRESS_FILE: &str = "coordinator.addr";
/// Where a coordinator listens if nothing else is said.
pub(crate) const DEFAULT_ADDRESS: &str = "http://127.0.0.1:7070";
/// How long a store may be in use without an address beside it (its process starts, stops, or only looks), and how often
/// it is tried again.
const PATIENCE: Duration = Duration::from_secs(2);
const RETRY: Duration = Duration::from_millis(50);

/// Where answers come from.
#[derive(Debug)]
pub(crate) enum Access {
    /// A running coordinator.
    Remote(Box<Remote>),
    /// The store of a data folder; nothing runs.
    Offline(Box<Offline>),
}

/// The token, if a file with one is named.
pub(crate) fn token(global: &Global) -> Result<Option<String>, Failure> {
    let Some(path) = &global.token_file else { return Ok(None) };
    let text = std::fs::read_to_string(path).map_err(|e| {
        let message = format!("failed to read the token file {}: {e}", path.display());
        Failure::new(Exit::Usage, message, "name a file that holds the secret and nothing else with `--token-file`")
    })?;
    let token = text.trim().to_owned();
    if token.len() < 16 {
        let message = format!("the token in {} has fewer than 16 characters", path.display());
        return Err(Failure::new(Exit::Usage, message, "make one with `head -c 32 /dev/urandom | base64`"));
    }
    Ok(Some(token))
}

/// The file that holds a data folder's coordinator's address while it runs. Removed when it is dropped.
#[derive(Debug)]
pub(crate) struct AddressFile(PathBuf);

impl AddressFile {
    /// Writes the address for others on this machine to find.
    pub(crate) fn write(data_dir: &Path, address: std::net::SocketAddr) -> Result<AddressFile, Failure> {
        let path = data_dir.join(ADDRESS_FILE);
        std::fs::write(&path, format!("http://{address}\n")).map_err(|e| Failure::io("write the address file", &e))?;
        Ok(AddressFile(path))
    }
}

impl Drop for AddressFile {
    fn drop(&mut self) {
        // One that stays behind is noticed by its reader, who finds nobody there.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// The coordinator whose address the data folder holds, if it answers.
async fn addressed(global: &Global, token: Option<&str>) -> Option<Remote> {
    let text = std::fs::read_to_string(global.data_dir.join(ADDRESS_FILE)).ok()?;
    Remote::connect(text.trim(), token).await.ok()
}

/// The store of the data folder, or the coordinator that has it open; `None` where there is no store.
///
/// The store's lock is asked first: an address that a killed coordinator left behind may be another one's by now.
async fn of_folder(global: &Global, token: Option<&str>) -> Result<Option<Access>, Failure> {
    let until = Instant::now() + PATIENCE;
    while global.data_dir.join(FILE_NAME).is_file() {
        let fault = match Offline::open(&global.data_dir) {
            Ok(store) => return Ok(Some(Access::Offline(Box::new(store)))),
            Err(fault) => fault,
        };
        if !matches!(fault, Fault::Store(StoreError::InUse { .. })) {
            return Err(store_failure(&fault));
        }
        if let Some(remote) = addressed(global, token).await {
            return Ok(Some(Access::Remote(Box::new(remote))));
        }
        if Instant::now() >= until {
            return Err(store_failure(&fault));
        }
        sleep(RETRY).await;
    }
    Ok(None)
}

/// The store of the data folder, read; `None` where there is none.
///
/// # Errors
/// It cannot be used, be it because a coordinator has it.
pub(crate) async fn offline(global: &Global) -> Result<Option<Offline>, Failure> {
    match of_folder(global, None).await? {
        None => Ok(None),
        Some(Access::Offline(store)) => Ok(Some(*store)),
        Some(Access::Remote(_)) => {
            let path = global.data_dir.join(FILE_NAME);
            Err(store_failure(&Fault::Store(StoreError::in_use(path))))
        }
    }
}

/// The coordinator that a request goes to: the one that is named, the one that uses the data folder, or the one at the
/// default address.
pub(crate) async fn coordinator(global: &Global) -> Result<Remote, Failure> {
    let token = token(global)?;
    if let Some(address) = &global.coordinator {
        return Remote::connect(address, token.as_deref()).await;
    }
    if let Ok(Some(Access::Remote(remote))) = of_folder(global, token.as_deref()).await {
        return Ok(*remote);
    }
    Remote::connect(DEFAULT_ADDRESS, token.as_deref()).await
}

impl Access {
    /// Finds where to ask.
    pub(crate) async fn find(global: &Global) -> Result<Access, Failure> {
        let token = token(global)?;
        if let Some(address) = &global.coordinator {
            return Remote::connect(address, token.as_deref()).await.map(|r| Access::Remote(Box::new(r)));
        }
        if let Some(access) = of_folder(global, token.as_deref()).await? {
            return Ok(access);
        }
        Remote::connect(DEFAULT_ADDRESS, token.as_deref()).await.map(|r| Access::Remote(Box::new(r))).map_err(|_| {
            let text = format!(
                "there is no store in {} and no coordinator answers at {DEFAULT_ADDRESS}",
                global.data_dir.display()
            );
            let remedy = "run a sweep first (`gliss run sweeps/quickstart.yaml`), or name the place with `--data-dir` or `--coordinator`";
            Failure::new(Exit::Unreachable, text, remedy)
        })
    }

    /// All sweeps.
    pub(crate) async fn sweeps(&mut self) -> Result<Vec<SweepRow>, Failure> {
        match self {
            Access::Remote(remote) => remote.sweeps().await,
            Access::Offline(store) => Ok(store.sweeps()),
        }
    }

    /// A sweep and its first trials, 0 meaning as many as a listing has.
    pub(crate) async fn sweep(&mut self, id: SweepId, limit: u64) -> Result<(SweepRow, Vec<TrialRow>), Failure> {
        match self {
            Access::Remote(remote) => remote.sweep(id, limit).await,
            Access::Offline(store) => {
                let row = store.sweep(id).map_err(|e| unanswered(&e))?;
                Ok((row, store.trials(id, 0, limit).map_err(|e| unanswered(&e))?))
            }
        }
    }

    /// A trial.
    pub(crate) async fn trial(&mut self, id: TrialId) -> Result<TrialDetail, Failure> {
        match self {
            Access::Remote(remote) => remote.trial(id).await,
            Access::Offline(store) => store.trial(id).map_err(|e| unanswered(&e)),
        }
    }

    /// A leaderboard.
    pub(crate) async fn top(
        &mut self,
        id: SweepId,
        limit: u64,
        sort: &str,
    ) -> Result<(SweepRow, Vec<TrialRow>), Failure> {
        match self {
            Access::Remote(remote) => remote.top(id, limit, sort).await,
            Access::Offline(store) => {
                let row = store.sweep(id).map_err(|e| unanswered(&e))?;
                Ok((row, store.top(id, limit, sort).map_err(|e| unanswered(&e))?))
            }
        }
    }

    /// A part of the log from commit `from` on.
    pub(crate) async fn log(&mut self, about: About, from: u64) -> Result<LogPage, Failure> {
        match self {
            Access::Remote(remote) => remote.log(about, from).await,
            Access::Offline(store) => store.log(about, from).map_err(|e| unanswered(&e)),
        }
    }

    /// All workers.
    pub(crate) async fn workers(&mut self) -> Result<Vec<WorkerRow>, Failure> {
        match self {
            Access::Remote(remote) => remote.workers().await,
            Access::Offline(store) => Ok(store.workers()),
        }
    }
}

fn unanswered(error: &ReadError) -> Failure {
    match error {
        ReadError::Store(store) => Failure::new(Exit::Fault, chain(error), store.remedy()),
        _ => Failure::new(Exit::Usage, error.to_string(), ""),
    }
}

/// A store that cannot be used, for people.
pub(crate) fn store_failure(fault: &Fault) -> Failure {
    match fault {
        Fault::Store(error) => {
            let exit = match error {
                StoreError::InUse { .. } | StoreError::Newer { .. } | StoreError::Absent { .. } => Exit::Usage,
                _ => Exit::Fault,
            };
            Failure::new(exit, format!("failed to use the store: {}", chain(error)), error.remedy())
        }
        Fault::Replay(error) => Failure::new(
            Exit::Fault,
            format!("failed to replay the store: {}", chain(error)),
            "use the version of gliss that wrote it, or restore a backup; nothing was changed",
        ),
    }
}
