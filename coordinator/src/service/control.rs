//! Requests of people: plans sweep files, answers questions, passes wishes on.

use std::path::PathBuf;
use std::pin::Pin;
use std::time::Duration;

use gliss_engine::{Engine, Input, Rejection, Reply, view};
use gliss_spec::{Override, Source, SpecErrors};
use gliss_types::{About, SweepId, TrialId, TrialRow, chain};
use gliss_wire::v1::control_service_server::ControlService;
use gliss_wire::{pack, v1};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::TryRecvError;
use tokio_stream::Stream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use crate::backup::{self, Backup, BackupError};
use crate::driver::{DriverHandle, Stopped};
use crate::journal::Journal;
use crate::reading::{self, ReadError};

/// Between two messages of a watch.
const WATCH_PAUSE: Duration = Duration::from_millis(100);
/// Columns that errors of a sweep file are laid out for.
const WIDTH: usize = 100;

/// Serves people and scripts.
#[derive(Debug, Clone)]
pub(super) struct Control {
    driver: DriverHandle,
    /// Where the store is.
    data_dir: PathBuf,
}

impl Control {
    pub(super) fn new(driver: DriverHandle, data_dir: PathBuf) -> Control {
        Control { driver, data_dir }
    }

    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Engine, &dyn Journal) -> Result<T, ReadError> + Send + 'static,
    ) -> Result<T, Status> {
        self.driver.read(read).await.map_err(stopping)?.map_err(unanswered)
    }

    /// The next message of a watch: first how the sweep stands, then what had closed by then, so that the last message
    /// misses no trial.
    async fn watched(&self, id: SweepId, closings: &mut Receiver<TrialId>) -> Result<v1::WatchResponse, Status> {
        let mut message = self.read(move |engine, _| watched(engine, id)).await?;
        let closed = drain(closings, id);
        if !closed.is_empty() {
            let rows = move |engine: &Engine, _: &dyn Journal| {
                let rows: Result<Vec<_>, ReadError> = closed.iter().map(|t| trial_row(engine, *t)).collect();
                rows
            };
            message.closed = self.read(rows).await?.into_iter().flatten().map(pack).collect();
        }
        Ok(message)
    }

    /// Passes a wish on and answers with the sweep's row.
    async fn wish(&self, sweep: SweepId, input: Input) -> Result<Response<v1::SweepRow>, Status> {
        match self.driver.ask(input).await.map_err(stopping)? {
            Reply::Rejected(rejection) => Err(refused(&rejection)),
            _ => Ok(Response::new(pack(self.read(move |engine, _| reading::sweep(engine, sweep)).await?))),
        }
    }
}

fn stopping(_: Stopped) -> Status {
    Status::unavailable(Stopped.to_string())
}

fn unanswered(error: ReadError) -> Status {
    match error {
        ReadError::NoSweep(_) | ReadError::NoTrial(_) => Status::not_found(error.to_string()),
        ReadError::NoColumn { .. } => Status::invalid_argument(error.to_string()),
        ReadError::Store(_) => Status::internal(error.to_string()),
    }
}

fn refused(rejection: &Rejection) -> Status {
    match rejection {
        Rejection::UnknownSweep { sweep } => Status::not_found(ReadError::NoSweep(*sweep).to_string()),
        Rejection::SweepClosed { .. } => Status::failed_precondition(rejection.to_string()),
        _ => Status::invalid_argument(rejection.to_string()),
    }
}

fn no_backup(error: &BackupError) -> Status {
    let text = format!("failed to {}", chain(error));
    match error {
        BackupError::Name { .. } => Status::invalid_argument(text),
        BackupError::Taken { .. } => Status::already_exists(text),
        BackupError::Stopping => Status::unavailable(text),
        BackupError::Missing { .. } | BackupError::Store(_) | BackupError::Io { .. } => Status::internal(text),
    }
}

fn sweep_id(number: u32) -> SweepId {
    SweepId(number)
}

#[tonic::async_trait]
impl ControlService for Control {
    async fn submit(&self, request: Request<v1::SubmitRequest>) -> Result<Response<v1::SubmitResponse>, Status> {
        let v1::SubmitRequest { file_name, text, overrides, base, again, override_base } = request.into_inner();
        // Planning checks every point: too much for the threads that serve connections.
        let planned = tokio::task::spawn_blocking(move || {
            let typed_in = PathBuf::from(override_base);
            let parsed = overrides.iter().map(|o| Ok(Override::parse(o)?.relative_to(&typed_in)));
            let parsed: Result<Vec<Override>, SpecErrors> = parsed.collect();
            let parsed = parsed.map_err(|errors| errors.rendered(WIDTH))?;
            let source = Source::new(file_name, text);
            gliss_spec::plan(&source, &parsed, &PathBuf::from(base)).map_err(|errors| errors.rendered(WIDTH))
        });
        let planned = planned.await.map_err(|e| Status::internal(format!("planning panicked: {e}")))?;
        let mut plan = planned.map_err(Status::invalid_argument)?.plan;
        if again {
            // Another fingerprint makes it another sweep; how many sweeps there are tells it from every earlier one.
            let sweeps = self.read(|engine, _| Ok(engine.state().sweeps().count())).await?;
            plan.fingerprint = format!("{}+{sweeps}", plan.fingerprint);
        }
        match self.driver.ask(Input::Submit { plan: Box::new(plan) }).await.map_err(stopping)? {
            Reply::Submitted { sweep, known } => {
                let row = self.read(move |engine, _| reading::sweep(engine, sweep)).await?;
                Ok(Response::new(v1::SubmitResponse { sweep: Some(row.into()), existing: known }))
            }
            Reply::Rejected(rejection) => Err(refused(&rejection)),
            other => Err(Status::internal(format!("a submission was answered with {other:?}"))),
        }
    }

    async fn list_sweeps(&self, _: Request<v1::ListSweepsRequest>) -> Result<Response<v1::ListSweepsResponse>, Status> {
        let rows = self.read(|engine, _| Ok(reading::sweeps(engine))).await?;
        Ok(Response::new(v1::ListSweepsResponse { sweeps: rows.into_iter().map(pack).collect() }))
    }

    async fn get_sweep(&self, request: Request<v1::GetSweepRequest>) -> Result<Response<v1::GetSweepResponse>, Status> {
        let v1::GetSweepRequest { sweep, offset, limit } = request.into_inner();
        let id = sweep_id(sweep);
        let read = move |engine: &Engine, _: &dyn Journal| {
            Ok(v1::GetSweepResponse {
                sweep: Some(reading::sweep(engine, id)?.into()),
                trials: reading::trials(engine, id, offset, limit)?.into_iter().map(pack).collect(),
                source: reading::source(engine, id)?,
            })
        };
        Ok(Response::new(self.read(read).await?))
    }

    async fn get_trial(&self, request: Request<v1::GetTrialRequest>) -> Result<Response<v1::TrialDetail>, Status> {
        let id = request.into_inner().trial.ok_or_else(|| Status::invalid_argument("`trial` is missing"))?;
        let id = TrialId::try_from(id).map_err(|e| Status::invalid_argument(e.to_string()))?;
        let detail = self.read(move |engine, journal| reading::trial(engine, journal, id)).await?;
        Ok(Response::new(pack(detail)))
    }

    async fn top(&self, request: Request<v1::TopRequest>) -> Result<Response<v1::TopResponse>, Status> {
        let v1::TopRequest { sweep, limit, sort } = request.into_inner();
        let id = sweep_id(sweep);
        let read = move |engine: &Engine, _: &dyn Journal| {
            Ok(v1::TopResponse {
                sweep: Some(reading::sweep(engine, id)?.into()),
                trials: reading::top(engine, id, limit, &sort)?.into_iter().map(pack).collect(),
            })
        };
        Ok(Response::new(self.read(read).await?))
    }

    async fn pause(&self, request: Request<v1::SweepRequest>) -> Result<Response<v1::SweepRow>, Status> {
        let sweep = sweep_id(request.into_inner().sweep);
        self.wish(sweep, Input::Pause { sweep }).await
    }

    async fn resume(&self, request: Request<v1::SweepRequest>) -> Result<Response<v1::SweepRow>, Status> {
        let sweep = sweep_id(request.into_inner().sweep);
        self.wish(sweep, Input::Resume { sweep }).await
    }

    async fn cancel(&self, request: Request<v1::SweepRequest>) -> Result<Response<v1::SweepRow>, Status> {
        let sweep = sweep_id(request.into_inner().sweep);
        self.wish(sweep, Input::Cancel { sweep }).await
    }

    type WatchStream = Pin<Box<dyn Stream<Item = Result<v1::WatchResponse, Status>> + Send>>;

    async fn watch(&self, request: Request<v1::SweepRequest>) -> Result<Response<Self::WatchStream>, Status> {
        let id = sweep_id(request.into_inner().sweep);
        // Subscribed before the first look, so that no trial closes unseen in between.
        let mut closings = self.driver.closed_trials();
        let mut changes = self.driver.changes();
        let first = self.read(move |engine, _| watched(engine, id)).await?;
        let (sender, receiver) = tokio::sync::mpsc::channel(4);
        let control = self.clone();
        tokio::spawn(async move {
            let mut message = first;
            loop {
                let state = message.sweep.as_ref().map(|s| s.state.clone()).unwrap_or_default();
                if sender.send(Ok(message)).await.is_err() || matches!(state.as_str(), "finished" | "cancelled") {
                    return;
                }
                tokio::time::sleep(WATCH_PAUSE).await;
                let changed = tokio::select! {
                    changed = changes.changed() => changed,
                    () = sender.closed() => return,
                };
                if changed.is_err() {
                    return;
                }
                match control.watched(id, &mut closings).await {
                    Ok(next) => message = next,
                    // A receiver that has gone needs no telling.
                    Err(status) => return drop(sender.send(Err(status)).await),
                }
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }

    async fn read_log(&self, request: Request<v1::ReadLogRequest>) -> Result<Response<v1::ReadLogResponse>, Status> {
        let v1::ReadLogRequest { sweep, trial, from } = request.into_inner();
        let about = match (sweep, trial) {
            (0, _) => About::Everything,
            (sweep, 0) => About::Sweep(sweep_id(sweep)),
            (sweep, number) => About::Trial(TrialId { sweep: sweep_id(sweep), number }),
        };
        let page = self.read(move |engine, journal| reading::log(engine, journal, about, from)).await?;
        Ok(Response::new(page.into()))
    }

    async fn backup(&self, request: Request<v1::BackupRequest>) -> Result<Response<v1::BackupResponse>, Status> {
        let name = request.into_inner().name;
        let (driver, data_dir) = (self.driver.clone(), self.data_dir.clone());
        let runtime = tokio::runtime::Handle::current();
        let made = tokio::task::spawn_blocking(move || {
            backup::make(&data_dir, &name, || {
                // Both at one moment, between two commits.
                let moment = driver.read(|engine, journal| (backup::checkpoints(engine), journal.snapshot()));
                let (checkpoints, snapshot) = runtime.block_on(moment).map_err(|_| BackupError::Stopping)?;
                Ok((checkpoints, snapshot.ok_or(BackupError::Stopping)??))
            })
        });
        let made = made.await.map_err(|e| Status::internal(format!("the backup panicked: {e}")))?;
        let Backup { folder, bytes, checkpoints } = made.map_err(|error| no_backup(&error))?;
        Ok(Response::new(v1::BackupResponse { folder: folder.display().to_string(), bytes, checkpoints }))
    }

    async fn list_workers(
        &self,
        _: Request<v1::ListWorkersRequest>,
    ) -> Result<Response<v1::ListWorkersResponse>, Status> {
        let rows = self.read(|engine, _| Ok(reading::workers(engine))).await?;
        Ok(Response::new(v1::ListWorkersResponse { workers: rows.into_iter().map(pack).collect() }))
    }
}

/// Trials of a sweep that closed since the last look. A watcher that lagged has missed some, which its counts show.
fn drain(closings: &mut Receiver<TrialId>, sweep: SweepId) -> Vec<TrialId> {
    let mut closed = Vec::new();
    loop {
        match closings.try_recv() {
            Ok(trial) if trial.sweep == sweep => closed.push(trial),
            Ok(_) | Err(TryRecvError::Lagged(_)) => {}
            Err(TryRecvError::Empty | TryRecvError::Closed) => return closed,
        }
    }
}

fn trial_row(engine: &Engine, id: TrialId) -> Result<Option<TrialRow>, ReadError> {
    Ok(reading::trials(engine, id.sweep, u64::from(id.number) - 1, 1)?.pop())
}

fn watched(engine: &Engine, id: SweepId) -> Result<v1::WatchResponse, ReadError> {
    let mut running = Vec::new();
    for attempt in view::running(engine, id).ok_or(ReadError::NoSweep(id))? {
        if let Some(trial) = trial_row(engine, attempt.attempt.trial)? {
            let (epoch, step, steps) = attempt.progress.map_or((0, 0, 0), |p| (p.epoch, p.step, p.steps));
            running.push(v1::RunningTrial { trial: Some(trial.into()), epoch, step, steps });
        }
    }
    Ok(v1::WatchResponse { sweep: Some(reading::sweep(engine, id)?.into()), running, closed: Vec::new() })
}
