//! `gliss watch`, `pause`, `resume`, `cancel`.

use gliss_coordinator::FILE_NAME;
use gliss_types::{SweepId, SweepRow, TrialState};

use super::Setting;
use super::run;
use crate::access;
use crate::args::{Global, LocalArgs};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::local::Local;
use crate::progress::Progress;
use crate::remote::Remote;
use crate::signals::Signals;
use crate::table;

/// A coordinator to talk to, or one started for this one wish where the store lies idle.
enum Reached {
    Running(Remote),
    Started(Box<Local>, Remote),
}

/// Whether the data folder has a store, and no other coordinator was named.
fn has_store(global: &Global) -> bool {
    global.coordinator.is_none() && global.data_dir.join(FILE_NAME).is_file()
}

async fn reach(setting: &Setting) -> Result<Reached, Failure> {
    if has_store(&setting.global) {
        // The store's owner, if it has one, is found by its address; else it is opened here.
        if let Ok(access::Access::Remote(remote)) = access::Access::find(&setting.global).await {
            return Ok(Reached::Running(*remote));
        }
        let local = Local::start(&setting.global.data_dir).await?;
        let remote = local.connect().await?;
        return Ok(Reached::Started(Box::new(local), remote));
    }
    access::coordinator(&setting.global).await.map(Reached::Running)
}

impl Reached {
    fn remote(&mut self) -> &mut Remote {
        match self {
            Reached::Running(remote) | Reached::Started(_, remote) => remote,
        }
    }

    async fn leave(self) -> Result<(), Failure> {
        match self {
            Reached::Running(_) => Ok(()),
            Reached::Started(local, _) => local.stop().await,
        }
    }
}

fn say(setting: &Setting, row: SweepRow) -> Result<Exit, Failure> {
    table::sweeps(&setting.printer, setting.global.output, &[row])?;
    Ok(Exit::Done)
}

/// Pauses a sweep.
pub(super) async fn pause(setting: &Setting, id: SweepId) -> Result<Exit, Failure> {
    let mut reached = reach(setting).await?;
    let row = reached.remote().pause(id).await;
    reached.leave().await?;
    say(setting, row?)
}

/// Cancels a sweep.
pub(super) async fn cancel(setting: &Setting, id: SweepId) -> Result<Exit, Failure> {
    let mut reached = reach(setting).await?;
    let row = reached.remote().cancel(id).await;
    reached.leave().await?;
    say(setting, row?)
}

/// Resumes a sweep at its coordinator; without one, runs it here.
pub(super) async fn resume(setting: &Setting, id: SweepId, local: &LocalArgs) -> Result<Exit, Failure> {
    if has_store(&setting.global) {
        match access::Access::find(&setting.global).await? {
            access::Access::Remote(mut remote) => return say(setting, remote.resume(id).await?),
            access::Access::Offline(store) => {
                let plan = store.plan(id).map_err(|e| Failure::new(Exit::Usage, e.to_string(), ""))?.clone();
                let row = store.sweep(id).map_err(|e| Failure::new(Exit::Usage, e.to_string(), ""))?;
                drop(store);
                return run::resume(setting, plan, &row, local).await;
            }
        }
    }
    let mut remote = access::coordinator(&setting.global).await?;
    say(setting, remote.resume(id).await?)
}

/// Watches a sweep until it ends.
pub(super) async fn watch(setting: &Setting, id: SweepId) -> Result<Exit, Failure> {
    let mut remote = match access::Access::find(&setting.global).await? {
        access::Access::Remote(remote) => remote,
        access::Access::Offline(store) => {
            let row = store.sweep(id).map_err(|e| Failure::new(Exit::Usage, e.to_string(), ""))?;
            setting.printer.talk("no coordinator runs; this is how it stands");
            return say(setting, row);
        }
    };
    let mut signals = Signals::listen().map_err(|e| Failure::io("listen for signals", &e))?;
    let mut watch = remote.watch(id).await?;
    let mut progress = Progress::new(setting.printer);
    let last = loop {
        let next = tokio::select! {
            next = watch.next() => next,
            () = signals.next() => return Ok(Exit::Interrupted),
        };
        match next? {
            Some(watched) => {
                progress.show(&watched);
                if watched.sweep.state.is_closed() {
                    break watched.sweep;
                }
            }
            None => break remote.sweep(id, 1).await?.0,
        }
    };
    progress.end();
    let failed = last.count(TrialState::Failed) > 0;
    say(setting, last)?;
    Ok(if failed { Exit::TrialsFailed } else { Exit::Done })
}
