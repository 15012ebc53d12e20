//! One worker's session: checks what comes in and hands it to the driver, which answers through the outgoing queue.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use gliss_engine::Rejection;
use gliss_wire::v1::worker_service_server::WorkerService;
use gliss_wire::v1::{CoordinatorMessage, WorkerMessage};
use gliss_wire::{Hello, PROTOCOL, WorkerSays};
use tokio::sync::{mpsc, oneshot};
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt};
use tonic::{Request, Response, Status, Streaming};
use tracing::{debug, info};

use crate::driver::{DriverHandle, SessionRequest, Stopped};

/// Messages that may wait for a worker that does not read; beyond that its session is cut.
const OUTGOING: usize = 8192;
/// How long a stream may be silent before its hello.
const HELLO_WITHIN: Duration = Duration::from_secs(10);

/// Serves sessions.
#[derive(Debug)]
pub(super) struct Sessions {
    driver: DriverHandle,
    heartbeat_ms: u64,
    checkpoints: String,
    next: AtomicU64,
}

impl Sessions {
    pub(super) fn new(driver: DriverHandle, heartbeat_ms: u64, checkpoints: String) -> Sessions {
        Sessions { driver, heartbeat_ms, checkpoints, next: AtomicU64::new(1) }
    }
}

async fn hello(messages: &mut Streaming<WorkerMessage>) -> Result<Hello, Status> {
    let first = tokio::time::timeout(HELLO_WITHIN, messages.message()).await;
    let first = first.map_err(|_| Status::deadline_exceeded("no hello came"))??;
    let first = first.ok_or_else(|| Status::invalid_argument("the stream ended before a hello"))?;
    match WorkerSays::try_from(first).map_err(|e| Status::invalid_argument(e.to_string()))? {
        WorkerSays::Hello(hello) if hello.protocol == PROTOCOL => Ok(hello),
        WorkerSays::Hello(hello) => Err(Status::failed_precondition(format!(
            "the worker speaks protocol {} and this coordinator ({}) protocol {PROTOCOL}: use the same version of gliss on both",
            hello.protocol,
            env!("CARGO_PKG_VERSION"),
        ))),
        _ => Err(Status::invalid_argument("the first message must be a hello")),
    }
}

fn refused(rejection: &Rejection) -> Status {
    match rejection {
        Rejection::AlreadyConnected { .. } => Status::already_exists(rejection.to_string()),
        _ => Status::failed_precondition(rejection.to_string()),
    }
}

fn stopping(_: Stopped) -> Status {
    Status::unavailable(Stopped.to_string())
}

#[tonic::async_trait]
impl WorkerService for Sessions {
    type SessionStream = Pin<Box<dyn Stream<Item = Result<CoordinatorMessage, Status>> + Send>>;

    async fn session(
        &self,
        request: Request<Streaming<WorkerMessage>>,
    ) -> Result<Response<Self::SessionStream>, Status> {
        let mut messages = request.into_inner();
        let hello = hello(&mut messages).await?;
        let name = hello.name.clone();
        let session = self.next.fetch_add(1, Ordering::Relaxed);
        let (out, outgoing) = mpsc::channel(OUTGOING);
        let (opened, answer) = oneshot::channel();
        let (heartbeat_ms, checkpoints) = (self.heartbeat_ms, self.checkpoints.clone());
        let request = SessionRequest { hello, session, out, opened, heartbeat_ms, checkpoints };
        self.driver.open(request).await.map_err(stopping)?;
        let answer = answer.await.map_err(|_| stopping(Stopped))?;
        let worker = answer.map_err(|rejection| refused(&rejection))?;
        info!(%worker, name, "a worker is here");

        let driver = self.driver.clone();
        tokio::spawn(async move {
            let goodbye = listen(&driver, session, worker, &mut messages).await;
            info!(%worker, goodbye, "a worker's session is over");
            // A driver that has stopped has closed every session.
            let _ = driver.close(session, worker, goodbye).await;
        });
        let stream = ReceiverStream::new(outgoing).map(|says| Ok(says.into()));
        Ok(Response::new(Box::pin(stream)))
    }
}

/// Hands on what the worker says until the stream ends; whether it ended with a goodbye.
async fn listen(
    driver: &DriverHandle,
    session: u64,
    worker: gliss_types::WorkerId,
    messages: &mut Streaming<WorkerMessage>,
) -> bool {
    loop {
        let message = match messages.message().await {
            Ok(Some(message)) => message,
            Ok(None) => return false,
            Err(status) => {
                debug!(%worker, %status, "the stream broke");
                return false;
            }
        };
        let handed_on = match WorkerSays::try_from(message) {
            Ok(WorkerSays::Goodbye) => return true,
            Ok(WorkerSays::Hello(_)) => {
                info!(%worker, "a second hello ends the session");
                return false;
            }
            Ok(says) => driver.said(session, worker, says).await,
            Err(error) => {
                info!(%worker, %error, "a message that breaks the protocol ends the session");
                return false;
            }
        };
        if handed_on.is_err() {
            return false;
        }
    }
}
