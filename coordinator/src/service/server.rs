//! The whole coordinator in one value: store, driver and server, from start to stop.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gliss_engine::{Millis, Options};
use gliss_wire::v1::control_service_server::ControlServiceServer;
use gliss_wire::v1::worker_service_server::WorkerServiceServer;
use gliss_wire::{MESSAGE_LIMIT, v1};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Server;
use tracing::info;

use super::auth::Auth;
use super::control::Control;
use super::incoming;
use super::session::Sessions;
use crate::backup::CHECKPOINTS;
use crate::driver::{Driver, DriverHandle, Fault};
use crate::store::{Store, StoreError};

/// How long a store may be in use before that is an error, and how often it is tried again.
const PATIENCE: Duration = Duration::from_secs(2);
const RETRY: Duration = Duration::from_millis(50);

/// How a coordinator is to run.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen; port 0 picks a free one.
    pub listen: SocketAddr,
    /// Where the store and the checkpoints live.
    pub data_dir: PathBuf,
    /// How long a lease lasts after the last sign of life.
    pub lease: Duration,
    /// How often workers give a sign of life: at most a third of the lease.
    pub heartbeat: Duration,
    /// Who may speak; needed for any address that is not loopback.
    pub token: Option<String>,
}

impl Config {
    /// A lease of 20 s with a sign of life every 5 s, no token.
    pub fn new(listen: SocketAddr, data_dir: PathBuf) -> Config {
        let (lease, heartbeat) = (Duration::from_secs(20), Duration::from_secs(5));
        Config { listen, data_dir, lease, heartbeat, token: None }
    }
}

/// Why a coordinator cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An open address without a token.
    #[error("{listen} is reachable from other machines and no token is set")]
    Open {
        /// The address.
        listen: SocketAddr,
    },
    /// Somebody else listens there.
    #[error("{listen} is in use by another process")]
    PortInUse {
        /// The address.
        listen: SocketAddr,
    },
    /// The address cannot be listened on.
    #[error("{listen} cannot be listened on")]
    Listen {
        /// The address.
        listen: SocketAddr,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The lease is too short for the heartbeat.
    #[error(
        "a lease of {lease:?} is too short for a heartbeat of {heartbeat:?}: it must be at least three times as long"
    )]
    Lease {
        /// The lease.
        lease: Duration,
        /// The heartbeat.
        heartbeat: Duration,
    },
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The journal does not replay.
    #[error(transparent)]
    Fault(Fault),
}

impl StartError {
    /// What the user can do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            StartError::Open { .. } => "give a file with a secret by `--token-file`, or listen on 127.0.0.1",
            StartError::PortInUse { .. } => {
                "another coordinator may run already (`gliss list` shows its sweeps); else choose another port with `--listen`"
            }
            StartError::Listen { .. } => "choose an address of this machine with `--listen`, such as 127.0.0.1:7070",
            StartError::Lease { .. } => "make `--lease` longer",
            StartError::Store(error) => error.remedy(),
            StartError::Fault(Fault::Store(error)) => error.remedy(),
            StartError::Fault(Fault::Replay(_)) => "use the version that wrote the store, or restore a backup",
        }
    }
}

/// A running coordinator.
#[derive(Debug)]
pub struct Coordinator {
    addr: SocketAddr,
    driver: Driver,
    ended: watch::Receiver<bool>,
    stop_server: watch::Sender<bool>,
    server: JoinHandle<Result<(), tonic::transport::Error>>,
}

impl Coordinator {
    /// Opens the store, replays it, and serves. Ready when it returns.
    ///
    /// # Errors
    /// Whatever keeps it from starting; nothing was changed then.
    pub async fn start(config: Config) -> Result<Coordinator, StartError> {
        let Config { listen, data_dir, lease, heartbeat, token } = config;
        if !listen.ip().is_loopback() && token.is_none() {
            return Err(StartError::Open { listen });
        }
        if lease < heartbeat * 3 || heartbeat.is_zero() {
            return Err(StartError::Lease { lease, heartbeat });
        }
        let listener = TcpListener::bind(listen).await.map_err(|source| match source.kind() {
            io::ErrorKind::AddrInUse => StartError::PortInUse { listen },
            _ => StartError::Listen { listen, source },
        })?;
        let addr = listener.local_addr().map_err(|source| StartError::Listen { listen, source })?;

        let store = open(&data_dir).await?;
        let data_dir = data_dir.canonicalize().unwrap_or(data_dir);
        let checkpoints = data_dir.join(CHECKPOINTS);
        let options = Options { lease: Millis(lease.as_millis() as u64), ..Options::default() };
        let (end, ended) = watch::channel(false);
        let on_end = move || {
            // Nobody may be listening any more.
            let _ = end.send(true);
        };
        let driver = Driver::start(Box::new(store), options, on_end).map_err(StartError::Fault)?;

        let (stop_server, stop) = watch::channel(false);
        let sessions =
            Sessions::new(driver.handle.clone(), heartbeat.as_millis() as u64, checkpoints.display().to_string());
        let server =
            serve(listener, (driver.handle.clone(), data_dir), sessions, Auth::new(token.as_deref()), stop).await;
        info!(%addr, "the coordinator listens");
        Ok(Coordinator { addr, driver, ended, stop_server, server })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The way in to its driver.
    pub fn driver(&self) -> &DriverHandle {
        &self.driver.handle
    }

    /// Returns when the driver has ended by itself: the store failed.
    pub async fn ended(&self) {
        let mut ended = self.ended.clone();
        // A dropped sender has ended too.
        let _ = ended.wait_for(|end| *end).await;
    }

    /// Stores what came in, closes every session and stops.
    ///
    /// # Errors
    /// The fault that ended the driver, if it ended by itself.
    pub async fn stop(self) -> Result<(), Fault> {
        let Coordinator { driver, stop_server, mut server, .. } = self;
        // The driver first: with it every session's queue closes, so that streams end and connections can.
        let result = tokio::task::spawn_blocking(move || driver.stop()).await;
        let _ = stop_server.send(true);
        if tokio::time::timeout(Duration::from_secs(2), &mut server).await.is_err() {
            server.abort();
        }
        match result {
            Ok(result) => result,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
}

/// Opens the store. One that somebody only looks at, which takes a moment, is waited for.
async fn open(data_dir: &Path) -> Result<Store, StoreError> {
    let until = Instant::now() + PATIENCE;
    loop {
        match Store::open(data_dir) {
            Err(StoreError::InUse { .. }) if Instant::now() < until => sleep(RETRY).await,
            other => return other,
        }
    }
}

async fn serve(
    listener: TcpListener,
    (driver, data_dir): (DriverHandle, PathBuf),
    sessions: Sessions,
    auth: Auth,
    mut stop: watch::Receiver<bool>,
) -> JoinHandle<Result<(), tonic::transport::Error>> {
    let (health, health_service) = tonic_health::server::health_reporter();
    health.set_serving::<WorkerServiceServer<Sessions>>().await;
    health.set_serving::<ControlServiceServer<Control>>().await;
    let described = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(v1::DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    let compiled = "the descriptors were compiled with this program";
    let reflection = described().build_v1().expect(compiled);
    // What grpcurl before 1.8.8 and other older tools ask for.
    let reflection_alpha = described().build_v1alpha().expect(compiled);
    let worker = WorkerServiceServer::new(sessions)
        .max_decoding_message_size(MESSAGE_LIMIT)
        .max_encoding_message_size(MESSAGE_LIMIT);
    let control = ControlServiceServer::new(Control::new(driver, data_dir))
        .max_decoding_message_size(MESSAGE_LIMIT)
        .max_encoding_message_size(MESSAGE_LIMIT);
    // tonic's defaults leave most of these unlimited.
    let router = Server::builder()
        .max_concurrent_streams(256)
        .concurrency_limit_per_connection(256)
        .http2_keepalive_interval(Some(Duration::from_secs(20)))
        .http2_keepalive_timeout(Some(Duration::from_secs(10)))
        .http2_max_header_list_size(16 * 1024)
        .http2_max_pending_accept_reset_streams(Some(20))
        .add_service(health_service)
        .add_service(InterceptedService::new(reflection, auth.clone()))
        .add_service(InterceptedService::new(reflection_alpha, auth.clone()))
        .add_service(InterceptedService::new(worker, auth.clone()))
        .add_service(InterceptedService::new(control, auth));
    let connections = incoming::accept(listener);
    tokio::spawn(async move {
        // A dropped sender stops it too.
        let stopped = async move { drop(stop.wait_for(|stop| *stop).await) };
        router.serve_with_incoming_shutdown(connections, stopped).await
    })
}
