//! A coordinator and a worker inside this process, from start to a clean stop.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZero;
use std::path::Path;
use std::time::Duration;

use gliss_coordinator::{Config, Coordinator, StartError};
use gliss_worker::{Agent, AgentError, Device, DeviceError};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::access::{AddressFile, store_failure};
use crate::args::LocalArgs;
use crate::exit::Exit;
use crate::failure::{Failure, chain};
use crate::remote::Remote;

/// The worker inside this process keeps its place across restarts: the store has one owner, so there is only one.
const INSTANCE: &str = "local-cpu";
/// How long training may take to stop: a step, and the checkpoint that may be under way.
/// Less than a lease, so that an offer which is not taken up is handed back before it lapses.
const GRACE: Duration = Duration::from_secs(15);

/// Processors that this process may use.
pub(crate) fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get)
}

/// What trials run on.
#[derive(Debug, Clone)]
pub(crate) struct Slots {
    /// Trials at once.
    pub(crate) count: usize,
    /// Where their nets are trained.
    pub(crate) devices: Vec<Device>,
}

impl Slots {
    /// What was asked for, or all that there is.
    ///
    /// # Errors
    /// A device that is not there.
    pub(crate) fn of(args: &LocalArgs) -> Result<Slots, Failure> {
        let failure =
            |error: DeviceError| Failure::new(Exit::Usage, chain(&error), "leave `--device` out to use what is there");
        let mut devices = Vec::new();
        for name in &args.device {
            let device: Device = name.trim().parse().map_err(failure)?;
            device.open().map_err(failure)?;
            devices.push(device);
        }
        if devices.is_empty() {
            devices = Device::gpus();
        }
        if devices.is_empty() {
            devices.push(Device::Cpu);
        }
        let all = if devices.contains(&Device::Cpu) { processors() } else { devices.len() };
        Ok(Slots { count: args.slots.map_or(all, usize::from), devices })
    }

    /// The names of the devices.
    pub(crate) fn places(&self) -> String {
        self.devices.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }
}

/// A running coordinator, and a worker once it was started.
#[derive(Debug)]
pub(crate) struct Local {
    coordinator: Coordinator,
    address: AddressFile,
    worker: Option<Running>,
}

#[derive(Debug)]
struct Running {
    stop: watch::Sender<bool>,
    task: JoinHandle<Result<(), AgentError>>,
}

/// A coordinator that cannot start, for people.
pub(crate) fn start_failure(error: &StartError) -> Failure {
    match error {
        StartError::Fault(fault) => store_failure(fault),
        StartError::Store(
            gliss_coordinator::StoreError::Full { .. }
            | gliss_coordinator::StoreError::Medium { .. }
            | gliss_coordinator::StoreError::Row { .. },
        ) => Failure::new(Exit::Fault, format!("failed to start the coordinator: {}", chain(error)), error.remedy()),
        _ => Failure::new(Exit::Usage, format!("failed to start the coordinator: {}", chain(error)), error.remedy()),
    }
}

impl Local {
    /// Starts a coordinator on a free loopback port.
    pub(crate) async fn start(data_dir: &Path) -> Result<Local, Failure> {
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let config = Config::new(listen, data_dir.to_owned());
        let coordinator = Coordinator::start(config).await.map_err(|e| start_failure(&e))?;
        let address = AddressFile::write(data_dir, coordinator.addr())?;
        Ok(Local { coordinator, address, worker: None })
    }

    /// A connection to the coordinator.
    pub(crate) async fn connect(&self) -> Result<Remote, Failure> {
        Remote::connect(&format!("http://{}", self.coordinator.addr()), None).await
    }

    /// Starts the worker.
    pub(crate) fn work(&mut self, slots: Slots, cache: &Path) {
        let (stop, stopped) = watch::channel(false);
        let agent = Agent::new(gliss_worker::Config {
            coordinator: format!("http://{}", self.coordinator.addr()),
            name: "local".into(),
            instance: INSTANCE.into(),
            slots: slots.count,
            devices: slots.devices,
            cache: cache.to_owned(),
            threads: processors(),
            token: None,
            give_up: None,
            grace: GRACE,
        });
        self.worker = Some(Running { stop, task: tokio::spawn(agent.run(stopped)) });
    }

    /// Returns when something ended that should not have: the store failed, or the worker gave up. [`Local::stop`]
    /// yields the reason.
    pub(crate) async fn broken(&mut self) {
        let ended = self.coordinator.ended();
        match &mut self.worker {
            Some(worker) => tokio::select! {
                () = ended => {}
                () = finished(&worker.task) => {}
            },
            None => ended.await,
        }
    }

    /// Stops the worker (training stops after its step, attempts are handed back), then the coordinator.
    pub(crate) async fn stop(self) -> Result<(), Failure> {
        let Local { coordinator, address, worker } = self;
        let mut worker_failed = None;
        if let Some(Running { stop, task }) = worker {
            // An agent that has ended hears nothing.
            let _ = stop.send(true);
            match tokio::time::timeout(GRACE + Duration::from_secs(5), task).await {
                Ok(Ok(Ok(()))) | Err(_) => {}
                Ok(Ok(Err(error))) => worker_failed = Some(agent_failure(&error)),
                Ok(Err(panic)) => {
                    let text = format!("the worker broke off: {panic}");
                    worker_failed = Some(Failure::new(Exit::Bug, text, "please report this with the log of `-vv`"));
                }
            }
        }
        // Before the store is free: from then on the address may be another coordinator's.
        drop(address);
        let stopped = coordinator.stop().await;
        // A store that failed is the cause of whatever the worker says.
        stopped.map_err(|fault| store_failure(&fault))?;
        worker_failed.map_or(Ok(()), Err)
    }
}

async fn finished<T>(task: &JoinHandle<T>) {
    while !task.is_finished() {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// A worker that cannot go on, for people.
pub(crate) fn agent_failure(error: &AgentError) -> Failure {
    let remedy = match error {
        AgentError::Address { .. } => "write it like http://127.0.0.1:7070",
        AgentError::Token => "use letters and digits in the token file",
        AgentError::Unreachable { .. } | AgentError::Silent { .. } => {
            "start one with `gliss coordinator`, or name another with `--coordinator`"
        }
        AgentError::Refused { .. } => "check `--token-file`, and that both sides are the same version of gliss",
        AgentError::Protocol { .. } => "use the same version of gliss on both sides",
        AgentError::Disk { .. } => {
            "free some space, then run the same command again: every finished epoch is kept and no trial was lost"
        }
        AgentError::Checkpoints { .. } => "run the worker where that folder is reachable and writable",
    };
    let exit = match error {
        AgentError::Unreachable { .. } | AgentError::Silent { .. } | AgentError::Protocol { .. } => Exit::Unreachable,
        AgentError::Disk { .. } | AgentError::Checkpoints { .. } => Exit::Fault,
        _ => Exit::Usage,
    };
    Failure::new(exit, format!("failed to run the worker: {}", chain(error)), remedy)
}
