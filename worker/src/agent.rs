//! The agent: a worker's life from the first connection to the goodbye.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use gliss_train::Library;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until};
use tracing::{info, warn};

use crate::attempts::Attempts;
use crate::backoff::Backoff;
use crate::config::Config;
use crate::devices::Devices;
use crate::session::{AgentError, End, Session};
use crate::slot::SlotSays;

/// A session that stood so long is no reason to be slow to come back; one that breaks sooner, again and again, is.
const SETTLED: Duration = Duration::from_secs(1);

/// A worker before it runs.
#[derive(Debug)]
pub struct Agent {
    config: Config,
}

impl Agent {
    /// A worker with this configuration.
    pub fn new(config: Config) -> Agent {
        Agent { config }
    }

    /// Lives until `stop` turns true (attempts are stopped at their last epoch, handed back, and a goodbye said) or
    /// the coordinator refuses the worker for good.
    ///
    /// # Errors
    /// A coordinator that was never reached, that speaks another protocol, or that refuses the token; checkpoints that
    /// cannot be written (attempts are handed back first).
    pub async fn run(self, mut stop: watch::Receiver<bool>) -> Result<(), AgentError> {
        let config = self.config;
        let library = Arc::new(Library::new(config.cache.clone(), config.threads));
        let devices = Arc::new(Devices::new(&config.devices));
        let (says, mut slots) = mpsc::unbounded_channel::<SlotSays>();
        let mut attempts = Attempts::default();
        let mut backoff = Backoff::new(&config.instance);
        let started = Instant::now();
        let mut met = false;
        // When the coordinator was last heard, and how long a lease lasts: known after the first welcome.
        let mut lease = None;
        loop {
            let open = Session::open(&config, attempts.held());
            match meanwhile(open, lease, &mut slots, &mut attempts, &mut stop).await {
                Ok(session) => {
                    met = true;
                    let opened = Instant::now();
                    let end = session
                        .live(&config, (&library, &devices), &says, &mut slots, &mut attempts, &mut stop)
                        .await?;
                    if opened.elapsed() >= SETTLED {
                        backoff.reset();
                    }
                    if let (End::Left, Some(reason)) = (&end, attempts.fault()) {
                        return Err(AgentError::Disk { reason: reason.to_owned() });
                    }
                    match end {
                        End::Left => return Ok(()),
                        End::Lost { last_heard, lease: term } => lease = Some((last_heard, term)),
                    }
                }
                Err(error) if error.is_final() => return Err(error),
                Err(error) => {
                    if !met && config.give_up.is_some_and(|limit| started.elapsed() >= limit) {
                        return Err(error);
                    }
                    warn!(%error, "the coordinator is out of reach; trying again");
                }
            }
            if let (Some(reason), 0) = (attempts.fault(), attempts.busy()) {
                return Err(AgentError::Disk { reason: reason.to_owned() });
            }
            if *stop.borrow() && attempts.busy() == 0 {
                // Nobody to say goodbye to; leases run out by themselves.
                return Ok(());
            }
            // A coordinator that was restarted gives every lease one more term: be back well within it.
            let pause = backoff.next();
            let pause = lease.map_or(pause, |(_, term)| pause.min(term / 4));
            meanwhile(sleep(pause), lease, &mut slots, &mut attempts, &mut stop).await;
        }
    }
}

/// Awaits something while there is no session. Slots go on; their reports are kept. When the leases run out, or the worker
/// is to leave, attempts stop.
async fn meanwhile<T>(
    what: impl Future<Output = T>,
    lease: Option<(Instant, Duration)>,
    slots: &mut mpsc::UnboundedReceiver<SlotSays>,
    attempts: &mut Attempts,
    stop: &mut watch::Receiver<bool>,
) -> T {
    let mut what = pin!(what);
    let mut lapse = lease.map(|(heard, term)| heard + term);
    // A closed channel would wake this loop for ever.
    let mut stop_open = true;
    loop {
        tokio::select! {
            done = &mut what => return done,
            () = sleep_until(lapse.unwrap_or_else(Instant::now)), if lapse.is_some() => {
                // Others may have these trials by now. Said once a call; those that were told are no worse for it.
                lapse = None;
                if attempts.busy() > 0 {
                    info!("the leases ran out while the coordinator was out of reach; attempts stop");
                    attempts.stop_all();
                }
            }
            said = slots.recv() => match said {
                Some(SlotSays::Report(id, body)) => drop(attempts.report(id, body)),
                Some(SlotSays::Free(id)) => attempts.leave(id),
                Some(SlotSays::Fault(reason)) => {
                    attempts.note_fault(reason);
                    attempts.stop_all();
                }
                None => unreachable!("the agent keeps a sender for its slots"),
            },
            changed = stop.changed(), if stop_open => {
                stop_open = changed.is_ok();
                if !stop_open || *stop.borrow() {
                    attempts.stop_all();
                }
            }
        }
    }
}
