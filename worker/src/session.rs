//! One session: from the hello to a broken stream or a goodbye.

use std::sync::Arc;
use std::time::Duration;

use gliss_train::Library;
use gliss_train::checkpoint::{CheckpointError, CheckpointStore};
use gliss_wire::v1::worker_service_client::WorkerServiceClient;
use gliss_wire::v1::{CoordinatorMessage, WorkerMessage};
use gliss_wire::{CoordinatorSays, HeldAttempt, Hello, MESSAGE_LIMIT, Offer, PROTOCOL, Welcome, WorkerSays};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};
use tokio_stream::wrappers::ReceiverStream;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status, Streaming};
use tracing::{info, warn};

use crate::attempts::Attempts;
use crate::conduct::Heard;
use crate::config::Config;
use crate::devices::Devices;
use crate::slot::{self, Shared, SlotSays};

/// Messages that may wait for the network.
const OUTGOING: usize = 8192;
/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How long the coordinator may take to answer a hello.
const WELCOME: Duration = Duration::from_secs(10);

/// Why a worker has no session.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// The address is none.
    #[error("`{address}` is not an address like http://127.0.0.1:7070")]
    Address {
        /// As given.
        address: String,
    },
    /// The token cannot be sent.
    #[error("the token has characters that cannot be sent")]
    Token,
    /// Nobody answers.
    #[error("no coordinator answers at {address}")]
    Unreachable {
        /// The address.
        address: String,
        /// What the network says.
        #[source]
        source: tonic::transport::Error,
    },
    /// Somebody is there and says nothing.
    #[error("the coordinator at {address} does not answer")]
    Silent {
        /// The address.
        address: String,
    },
    /// The coordinator refuses.
    #[error("the coordinator at {address} refuses this worker: {}", status.message())]
    Refused {
        /// The address.
        address: String,
        /// What it says.
        status: Box<Status>,
    },
    /// The coordinator breaks the protocol.
    #[error("the coordinator at {address} breaks the protocol: {reason}")]
    Protocol {
        /// The address.
        address: String,
        /// How.
        reason: String,
    },
    /// Checkpoints cannot be written any more.
    #[error("{reason}")]
    Disk {
        /// What could not be done and why.
        reason: String,
    },
    /// The coordinator's checkpoints are out of reach.
    #[error("the checkpoints at {place} cannot be used here")]
    Checkpoints {
        /// Where the coordinator says they are.
        place: String,
        /// Why.
        #[source]
        source: CheckpointError,
    },
}

impl AgentError {
    /// Whether trying again is of no use.
    pub fn is_final(&self) -> bool {
        match self {
            AgentError::Address { .. }
            | AgentError::Token
            | AgentError::Disk { .. }
            | AgentError::Checkpoints { .. } => true,
            AgentError::Unreachable { .. } | AgentError::Silent { .. } | AgentError::Protocol { .. } => false,
            AgentError::Refused { status, .. } => matches!(
                status.code(),
                // An invalid argument is a hello that no coordinator takes, such as a name that is too long.
                Code::FailedPrecondition
                    | Code::InvalidArgument
                    | Code::Unauthenticated
                    | Code::PermissionDenied
                    | Code::Unimplemented
            ),
        }
    }
}

/// How a session ended.
#[derive(Debug)]
pub(crate) enum End {
    /// The worker said goodbye.
    Left,
    /// The stream broke.
    Lost {
        /// When the coordinator was last heard.
        last_heard: Instant,
        /// How long a lease lasts.
        lease: Duration,
    },
}

/// An open session.
#[derive(Debug)]
pub(crate) struct Session {
    out: mpsc::Sender<WorkerMessage>,
    messages: Streaming<CoordinatorMessage>,
    welcome: Welcome,
    checkpoints: Arc<CheckpointStore>,
}

impl Session {
    /// Connects, says hello with what the worker holds, and hears the welcome.
    pub(crate) async fn open(config: &Config, held: Vec<HeldAttempt>) -> Result<Session, AgentError> {
        let address = || config.coordinator.clone();
        let mut client = client(config).await?;
        let (out, outgoing) = mpsc::channel(OUTGOING);
        let hello = WorkerSays::Hello(Hello {
            protocol: PROTOCOL,
            instance: config.instance.clone(),
            name: config.name.clone(),
            program: env!("CARGO_PKG_VERSION").into(),
            devices: config.devices.iter().map(ToString::to_string).collect(),
            slots: config.slots as u32,
            held,
        });
        out.try_send(hello.into()).expect("a new queue has room");
        let mut request = Request::new(ReceiverStream::new(outgoing));
        if let Some(token) = &config.token {
            let bearer: MetadataValue<Ascii> = format!("Bearer {token}").parse().map_err(|_| AgentError::Token)?;
            request.metadata_mut().insert("authorization", bearer);
        }
        let refused = |status: Status| AgentError::Refused { address: address(), status: Box::new(status) };
        let protocol = |reason: String| AgentError::Protocol { address: address(), reason };
        let answer = async {
            let mut messages = client.session(request).await?.into_inner();
            let first = messages.message().await?;
            Ok::<_, Status>((first, messages))
        };
        let answer = tokio::time::timeout(WELCOME, answer).await;
        let (first, messages) = answer.map_err(|_| AgentError::Silent { address: address() })?.map_err(refused)?;
        let first = first.ok_or_else(|| protocol("the stream ended before a welcome".into()))?;
        let welcome = match CoordinatorSays::try_from(first).map_err(|e| protocol(e.to_string()))? {
            CoordinatorSays::Welcome(welcome) => welcome,
            _ => return Err(protocol("the first message is no welcome".into())),
        };
        let checkpoints = CheckpointStore::open(&welcome.checkpoints)
            .map_err(|source| AgentError::Checkpoints { place: welcome.checkpoints.clone(), source })?;
        info!(worker = %welcome.worker, coordinator = config.coordinator, "the session stands");
        Ok(Session { out, messages, welcome, checkpoints: Arc::new(checkpoints) })
    }

    /// Lives in the session until it breaks or the worker leaves.
    pub(crate) async fn live(
        mut self,
        config: &Config,
        (library, devices): (&Arc<Library>, &Arc<Devices>),
        says: &mpsc::UnboundedSender<SlotSays>,
        slots: &mut mpsc::UnboundedReceiver<SlotSays>,
        attempts: &mut Attempts,
        stop: &mut watch::Receiver<bool>,
    ) -> Result<End, AgentError> {
        let shared = Shared {
            library: library.clone(),
            devices: devices.clone(),
            checkpoints: self.checkpoints.clone(),
            says: says.clone(),
        };
        let lease = Duration::from_millis(self.welcome.lease_ms);
        let mut last_heard = Instant::now();
        let mut beat = interval(Duration::from_millis(self.welcome.heartbeat_ms));
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // Asked to stop while there was no session: this one is for handing back and saying goodbye.
        let asked = *stop.borrow() || attempts.fault().is_some();
        let mut leaving = asked.then(|| Instant::now() + config.grace);
        let mut stop_open = true;
        if asked {
            attempts.stop_all();
        }

        let reattached = attempts.reattach(std::mem::take(&mut self.welcome.held));
        if !self.act(reattached, &shared, attempts).await {
            return Ok(End::Lost { last_heard, lease });
        }
        loop {
            if leaving.is_some() && attempts.is_empty() {
                // Nothing is left to run or to send.
                let _ = self.out.send(WorkerSays::Goodbye.into()).await;
                self.drain().await;
                return Ok(End::Left);
            }
            let sent = tokio::select! {
                message = self.messages.message() => match message {
                    Ok(Some(message)) => {
                        last_heard = Instant::now();
                        self.hear(message, config, &shared, attempts, leaving.is_some()).await
                    }
                    Ok(None) => false,
                    Err(status) => {
                        info!(%status, "the session broke");
                        false
                    }
                },
                said = slots.recv() => match said {
                    Some(SlotSays::Report(id, body)) => {
                        let report = attempts.report(id, body);
                        self.send(report).await
                    }
                    Some(SlotSays::Free(id)) => {
                        attempts.leave(id);
                        while let Some(offer) = attempts.next_waiting(config.slots) {
                            begin(offer, &shared, attempts);
                        }
                        true
                    }
                    Some(SlotSays::Fault(reason)) => {
                        warn!(reason, "the worker leaves");
                        attempts.note_fault(reason);
                        leaving.get_or_insert(Instant::now() + config.grace);
                        attempts.stop_all();
                        true
                    }
                    None => false,
                },
                _ = beat.tick() => self.send(Some(WorkerSays::Heartbeat(attempts.progress()))).await,
                changed = stop.changed(), if stop_open => {
                    stop_open = changed.is_ok();
                    if leaving.is_none() && (changed.is_err() || *stop.borrow()) {
                        leaving = Some(Instant::now() + config.grace);
                        attempts.stop_all();
                    }
                    true
                },
                () = sleep_until(leaving.unwrap_or(last_heard)), if leaving.is_some() => {
                    warn!("attempts did not stop in time; leaving without them");
                    let _ = self.out.send(WorkerSays::Goodbye.into()).await;
                    self.drain().await;
                    return Ok(End::Left);
                },
                () = sleep_until(last_heard + lease) => {
                    info!("the coordinator is silent; the session is given up");
                    false
                }
            };
            if !sent {
                return Ok(End::Lost { last_heard, lease });
            }
        }
    }

    /// Acts on what the coordinator says; false where the stream is broken.
    async fn hear(
        &mut self,
        message: CoordinatorMessage,
        config: &Config,
        shared: &Shared,
        attempts: &mut Attempts,
        leaving: bool,
    ) -> bool {
        match CoordinatorSays::try_from(message) {
            Ok(says) => self.act(attempts.hear(says, config.slots, leaving), shared, attempts).await,
            Err(error) => {
                warn!(%error, "the coordinator breaks the protocol");
                false
            }
        }
    }

    /// Does what a message leads to; false where the stream is broken.
    async fn act(&self, heard: Heard, shared: &Shared, attempts: &mut Attempts) -> bool {
        if let Some(offer) = heard.begin {
            begin(offer, shared, attempts);
        }
        self.remove(heard.stale);
        !heard.broken && self.send_all(heard.send).await
    }

    /// Removes checkpoints in the background. One that stays costs disk space and nothing else.
    fn remove(&self, stale: Vec<String>) {
        if stale.is_empty() {
            return;
        }
        let checkpoints = self.checkpoints.clone();
        tokio::task::spawn_blocking(move || {
            for hash in stale {
                if let Err(error) = checkpoints.remove(&hash) {
                    warn!(%error, "an old checkpoint stays");
                }
            }
        });
    }

    /// Sends a message, if there is one; false where the stream is broken.
    async fn send(&self, says: Option<WorkerSays>) -> bool {
        match says {
            Some(says) => self.out.send(says.into()).await.is_ok(),
            None => true,
        }
    }

    async fn send_all(&self, says: Vec<WorkerSays>) -> bool {
        for says in says {
            if !self.send(Some(says)).await {
                return false;
            }
        }
        true
    }

    /// Closes this side and lets the goodbye out before the connection goes.
    async fn drain(self) {
        let Session { out, mut messages, .. } = self;
        drop(out);
        let rest = async { while let Ok(Some(_)) = messages.message().await {} };
        // The coordinator ends the stream when it has heard the goodbye.
        let _ = tokio::time::timeout(Duration::from_secs(1), rest).await;
    }
}

/// Puts an offer into a slot.
fn begin(offer: Offer, shared: &Shared, attempts: &mut Attempts) {
    let (control, gauge) = attempts.begin(offer.attempt, offer.resume.as_ref().map(|c| c.hash.clone()));
    slot::run(offer, shared.clone(), control, gauge);
}

async fn client(config: &Config) -> Result<WorkerServiceClient<Channel>, AgentError> {
    let address = config.coordinator.clone();
    let endpoint =
        Endpoint::from_shared(address.clone()).map_err(|_| AgentError::Address { address: address.clone() })?;
    let endpoint = endpoint
        .connect_timeout(CONNECT)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(Duration::from_secs(20))
        .keep_alive_timeout(Duration::from_secs(10));
    let channel = endpoint.connect().await.map_err(|source| AgentError::Unreachable { address, source })?;
    Ok(WorkerServiceClient::new(channel)
        .max_decoding_message_size(MESSAGE_LIMIT)
        .max_encoding_message_size(MESSAGE_LIMIT))
}
