//! A coordinator at the other end of a connection, in plain data.

use std::time::Duration;

use gliss_types::{About, LogPage, SweepId, SweepRow, TrialDetail, TrialId, TrialRow, WorkerRow};
use gliss_wire::v1::control_service_client::ControlServiceClient;
use gliss_wire::{MESSAGE_LIMIT, WireError, v1};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status, Streaming};

use crate::exit::Exit;
use crate::failure::{Failure, chain};

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(3);
/// How often a silent coordinator is asked whether it is there, and how long it may take to say so.
const PING: Duration = Duration::from_secs(20);
const PONG: Duration = Duration::from_secs(10);

/// Adds the token to every request.
#[derive(Debug, Clone)]
pub(crate) struct Token(Option<MetadataValue<Ascii>>);

impl Interceptor for Token {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(token) = &self.0 {
            request.metadata_mut().insert("authorization", token.clone());
        }
        Ok(request)
    }
}

/// A connection to a coordinator.
#[derive(Debug, Clone)]
pub(crate) struct Remote {
    address: String,
    client: ControlServiceClient<InterceptedService<Channel, Token>>,
}

/// A sweep in progress.
#[derive(Debug)]
pub(crate) struct Watched {
    pub(crate) sweep: SweepRow,
    pub(crate) running: Vec<RunningTrial>,
    pub(crate) closed: Vec<TrialRow>,
}

/// A trial that runs now.
#[derive(Debug)]
pub(crate) struct RunningTrial {
    pub(crate) trial: TrialRow,
    pub(crate) epoch: u32,
    pub(crate) step: u32,
    pub(crate) steps: u32,
}

impl Remote {
    /// Connects; nothing is asked yet.
    pub(crate) async fn connect(address: &str, token: Option<&str>) -> Result<Remote, Failure> {
        let bad = || {
            let text = format!("`{address}` is not an address of a coordinator");
            Failure::new(Exit::Usage, text, "write it like http://127.0.0.1:7070")
        };
        let endpoint = Endpoint::from_shared(address.to_owned()).map_err(|_| bad())?;
        if endpoint.uri().scheme_str() != Some("http") || endpoint.uri().host().is_none() {
            return Err(bad());
        }
        let endpoint = endpoint
            .connect_timeout(CONNECT)
            .tcp_nodelay(true)
            .http2_keep_alive_interval(PING)
            .keep_alive_timeout(PONG);
        let channel = endpoint.connect().await.map_err(|error| {
            Failure::new(
                Exit::Unreachable,
                format!("no coordinator answers at {address}: {}", chain(&error)),
                "start one with `gliss coordinator`, name another with `--coordinator`, or run the file here with `gliss run FILE`",
            )
        })?;
        let token = token.map(|t| format!("Bearer {t}").parse()).transpose().map_err(|_| {
            Failure::new(
                Exit::Usage,
                "the token has characters that cannot be sent",
                "use letters and digits in the token file",
            )
        })?;
        let client = ControlServiceClient::with_interceptor(channel, Token(token))
            .max_decoding_message_size(MESSAGE_LIMIT)
            .max_encoding_message_size(MESSAGE_LIMIT);
        Ok(Remote { address: address.to_owned(), client })
    }

    /// The address it was reached at.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    fn failed(&self, status: &Status) -> Failure {
        let text = status.message().to_owned();
        match status.code() {
            Code::NotFound => Failure::new(Exit::Usage, text, ""),
            Code::InvalidArgument | Code::FailedPrecondition | Code::AlreadyExists => {
                Failure::new(Exit::Usage, text, "")
            }
            Code::Unauthenticated | Code::PermissionDenied => Failure::new(Exit::Usage, text, ""),
            _ => Failure::new(
                Exit::Unreachable,
                format!("the coordinator at {} did not answer: {text}", self.address),
                "look at its log; it goes on where it stopped when it is started again",
            ),
        }
    }

    fn garbled(&self, error: &WireError) -> Failure {
        let text = format!("the coordinator at {} answered what this version cannot read: {error}", self.address);
        Failure::new(Exit::Unreachable, text, "use the same version of gliss on both sides")
    }

    fn unpack<M, T: TryFrom<M, Error = WireError>>(&self, message: M) -> Result<T, Failure> {
        T::try_from(message).map_err(|error| self.garbled(&error))
    }

    fn unpack_all<M, T: TryFrom<M, Error = WireError>>(&self, messages: Vec<M>) -> Result<Vec<T>, Failure> {
        messages.into_iter().map(|m| self.unpack(m)).collect()
    }

    fn row(&self, row: Option<v1::SweepRow>) -> Result<SweepRow, Failure> {
        self.unpack(row.ok_or_else(|| self.garbled(&WireError::Missing { field: "sweep" }))?)
    }

    /// Submits; also yields whether the plan was there already.
    pub(crate) async fn submit(&mut self, request: v1::SubmitRequest) -> Result<(SweepRow, bool), Failure> {
        let answer = self.client.submit(request).await.map_err(|s| self.failed(&s))?.into_inner();
        Ok((self.row(answer.sweep)?, answer.existing))
    }

    /// All sweeps.
    pub(crate) async fn sweeps(&mut self) -> Result<Vec<SweepRow>, Failure> {
        let answer = self.client.list_sweeps(v1::ListSweepsRequest {}).await.map_err(|s| self.failed(&s))?;
        self.unpack_all(answer.into_inner().sweeps)
    }

    /// A sweep and its first trials.
    pub(crate) async fn sweep(&mut self, id: SweepId, limit: u64) -> Result<(SweepRow, Vec<TrialRow>), Failure> {
        let request = v1::GetSweepRequest { sweep: id.0, offset: 0, limit };
        let answer = self.client.get_sweep(request).await.map_err(|s| self.failed(&s))?.into_inner();
        Ok((self.row(answer.sweep)?, self.unpack_all(answer.trials)?))
    }

    /// A trial.
    pub(crate) async fn trial(&mut self, id: TrialId) -> Result<TrialDetail, Failure> {
        let request = v1::GetTrialRequest { trial: Some(id.into()) };
        let answer = self.client.get_trial(request).await.map_err(|s| self.failed(&s))?;
        self.unpack(answer.into_inner())
    }

    /// A leaderboard.
    pub(crate) async fn top(
        &mut self,
        id: SweepId,
        limit: u64,
        sort: &str,
    ) -> Result<(SweepRow, Vec<TrialRow>), Failure> {
        let request = v1::TopRequest { sweep: id.0, limit, sort: sort.to_owned() };
        let answer = self.client.top(request).await.map_err(|s| self.failed(&s))?.into_inner();
        Ok((self.row(answer.sweep)?, self.unpack_all(answer.trials)?))
    }

    /// Pauses a sweep.
    pub(crate) async fn pause(&mut self, id: SweepId) -> Result<SweepRow, Failure> {
        let answer = self.client.pause(v1::SweepRequest { sweep: id.0 }).await.map_err(|s| self.failed(&s))?;
        self.unpack(answer.into_inner())
    }

    /// Resumes a sweep.
    pub(crate) async fn resume(&mut self, id: SweepId) -> Result<SweepRow, Failure> {
        let answer = self.client.resume(v1::SweepRequest { sweep: id.0 }).await.map_err(|s| self.failed(&s))?;
        self.unpack(answer.into_inner())
    }

    /// Cancels a sweep.
    pub(crate) async fn cancel(&mut self, id: SweepId) -> Result<SweepRow, Failure> {
        let answer = self.client.cancel(v1::SweepRequest { sweep: id.0 }).await.map_err(|s| self.failed(&s))?;
        self.unpack(answer.into_inner())
    }

    /// Makes a backup; yields its folder, the size of its store and the number of its checkpoints.
    pub(crate) async fn backup(&mut self, name: String) -> Result<(String, u64, u64), Failure> {
        let answer = self.client.backup(v1::BackupRequest { name }).await.map_err(|s| self.failed(&s))?;
        let v1::BackupResponse { folder, bytes, checkpoints } = answer.into_inner();
        Ok((folder, bytes, checkpoints))
    }

    /// A part of the log from commit `from` on.
    pub(crate) async fn log(&mut self, about: About, from: u64) -> Result<LogPage, Failure> {
        let (sweep, trial) = match about {
            About::Everything => (0, 0),
            About::Sweep(id) => (id.0, 0),
            About::Trial(id) => (id.sweep.0, id.number),
        };
        let request = v1::ReadLogRequest { sweep, trial, from };
        let answer = self.client.read_log(request).await.map_err(|s| self.failed(&s))?;
        Ok(answer.into_inner().into())
    }

    /// All workers.
    pub(crate) async fn workers(&mut self) -> Result<Vec<WorkerRow>, Failure> {
        let answer = self.client.list_workers(v1::ListWorkersRequest {}).await.map_err(|s| self.failed(&s))?;
        Ok(answer.into_inner().workers.into_iter().map(WorkerRow::from).collect())
    }

    /// Watches a sweep.
    pub(crate) async fn watch(&mut self, id: SweepId) -> Result<Watch, Failure> {
        let answer = self.client.watch(v1::SweepRequest { sweep: id.0 }).await.map_err(|s| self.failed(&s))?;
        Ok(Watch { remote: self.clone(), stream: answer.into_inner() })
    }
}

/// A sweep's progress as it comes.
#[derive(Debug)]
pub(crate) struct Watch {
    remote: Remote,
    stream: Streaming<v1::WatchResponse>,
}

impl Watch {
    /// What is next; `None` when the sweep is closed.
    pub(crate) async fn next(&mut self) -> Result<Option<Watched>, Failure> {
        let Some(message) = self.stream.message().await.map_err(|s| self.remote.failed(&s))? else { return Ok(None) };
        let mut running = Vec::with_capacity(message.running.len());
        for r in message.running {
            let trial = r.trial.ok_or_else(|| self.remote.garbled(&WireError::Missing { field: "trial" }))?;
            let (epoch, step, steps) = (r.epoch, r.step, r.steps);
            running.push(RunningTrial { trial: self.remote.unpack(trial)?, epoch, step, steps });
        }
        let sweep = self.remote.row(message.sweep)?;
        Ok(Some(Watched { sweep, running, closed: self.remote.unpack_all(message.closed)? }))
    }
}
