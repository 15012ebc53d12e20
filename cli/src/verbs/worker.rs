//! `gliss worker`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use gliss_worker::{Agent, Config};
use tokio::sync::watch;

use super::Setting;
use crate::access::{DEFAULT_ADDRESS, token};
use crate::args::WorkerArgs;
use crate::cache;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::local::{Slots, agent_failure, processors};
use crate::signals::Signals;

/// How long training may take to stop.
/// Less than a lease, so that an offer which is not taken up is handed back before it lapses.
const GRACE: Duration = Duration::from_secs(15);

fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    if name.is_empty() { "worker".into() } else { name.to_owned() }
}

/// Runs a worker until it is asked to stop.
pub(super) async fn worker(setting: &Setting, args: WorkerArgs) -> Result<Exit, Failure> {
    let mut signals = Signals::listen().map_err(|e| Failure::io("listen for signals", &e))?;
    let process = std::process::id();
    // Without a name nobody takes this worker's place; with one, whoever is given the same name does.
    let (name, instance) = match args.name {
        Some(name) => (name.clone(), format!("named-{name}")),
        None => {
            let started = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_nanos());
            (format!("{}-{process}", host()), format!("{}-{process}-{started:x}", host()))
        }
    };
    let slots = Slots::of(&args.local)?;
    let coordinator = setting.global.coordinator.clone().unwrap_or_else(|| DEFAULT_ADDRESS.into());
    let printer = &setting.printer;
    printer.talk(&format!("worker {name} with {} slots on {}, for {coordinator}", slots.count, slots.places()));
    let config = Config {
        coordinator,
        name,
        instance,
        slots: slots.count,
        devices: slots.devices,
        cache: cache::folder(&setting.global),
        threads: processors(),
        token: token(&setting.global)?,
        give_up: args.give_up,
        grace: GRACE,
    };
    let (stop, stopped) = watch::channel(false);
    let mut agent = tokio::spawn(Agent::new(config).run(stopped));
    let ended = tokio::select! {
        ended = &mut agent => ended,
        () = signals.next() => {
            printer.talk("handing attempts back; once more leaves at once");
            // An agent that has ended hears nothing.
            let _ = stop.send(true);
            tokio::select! {
                ended = &mut agent => ended,
                () = signals.next() => return Ok(Exit::Interrupted),
            }
        }
    };
    match ended {
        Ok(Ok(())) => Ok(Exit::Done),
        Ok(Err(error)) => Err(agent_failure(&error)),
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}
