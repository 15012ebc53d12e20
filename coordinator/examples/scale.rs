//! What a coordinator can carry: metric points made durable, the first answer after a kill, many sessions.
//!
//! ```text
//! cargo build --release -p gliss-coordinator --example scale
//! target/release/examples/scale points [SECONDS [TRIALS [POINTS]]]    rows of POINTS metric points, as epochs report them
//! target/release/examples/scale replay [TRIALS]                       killed with SIGKILL, opened again
//! target/release/examples/scale sessions [WORKERS [SECONDS]]          each reports an epoch a second
//! ```
//!
//! A folder of its own below the current one, removed afterwards.
#![expect(clippy::print_stdout, reason = "a measurement's output is its figures")]

use std::collections::VecDeque;
use std::error::Error;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use gliss_coordinator::{Batch, Config, Coordinator, Journal, Options, Store};
use gliss_engine::{Effect, Engine, Input, Millis, Reply, ReportBody, Step};
use gliss_types::{
    AttemptId, CheckpointRef, Conduct, Dimension, EpochReport, MetricPoint, Objective, Outcome, Settings, Space,
    Summary, SweepId, SweepPlan, TrialId, WorkerId,
};
use gliss_wire::v1::worker_service_client::WorkerServiceClient;
use gliss_wire::v1::{CoordinatorMessage, WorkerMessage};
use gliss_wire::{CoordinatorSays, Hello, PROTOCOL, WorkerSays};
use serde_json::json;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;

type Told<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Told<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |n: usize, default: u32| arguments.get(n).map_or(Ok(default), |text| text.parse());
    match arguments.first().map(String::as_str) {
        Some("points") => points(number(1, 10)?, number(2, 1_000)?, number(3, 10)?),
        Some("replay") => replay(number(1, 100_000)?),
        Some("fill") => fill(Path::new(&arguments[1]), number(2, 0)?),
        Some("sessions") => runtime()?.block_on(sessions(number(1, 1_000)?, number(2, 20)?)),
        Some("serve") => runtime()?.block_on(serve(Path::new(&arguments[1]), number(2, 0)?)),
        _ => Err("say `points`, `replay` or `sessions`; see the head of the file".into()),
    }
}

fn runtime() -> Told<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

/// A folder that goes when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Told<Folder> {
        let path = std::env::current_dir()?.join(format!("scale-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path)?;
        Ok(Folder(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A sweep of many trials. `epochs` 0: they train nothing.
fn plan(trials: u32, epochs: u32) -> SweepPlan {
    let recipe = match epochs {
        0 => json!({"task": "noop"}),
        epochs => json!({"data": {"source": "synth"}, "epochs": epochs}),
    };
    let recipe: Settings = serde_json::from_value(recipe).expect("a mapping is settings");
    let path = "seed".parse().expect("a path");
    let dimension = Dimension { path, values: (0..trials).map(|seed| json!(seed)).collect() };
    SweepPlan {
        name: "scale".into(),
        description: String::new(),
        objective: Objective::default(),
        recipe,
        space: Space { rows: vec![], dimensions: vec![dimension] },
        max_attempts: 1,
        fingerprint: String::new(),
        conduct: Conduct::default(),
        source: String::new(),
    }
}

fn report(epoch: u32, points: u32) -> EpochReport {
    let point =
        |n: u32| MetricPoint { metric: format!("metric_{n}"), step: epoch, value: 1.0 / f64::from(epoch + n + 1) };
    let mut points: Vec<MetricPoint> = (1..points).map(point).collect();
    points.push(MetricPoint { metric: "valid_accuracy".into(), step: epoch, value: 0.5 });
    EpochReport { epoch, points, checkpoint: CheckpointRef { hash: "0".repeat(64), epoch } }
}

/// Points made durable in a second: batches of one report of each trial, as a coordinator of so many workers commits them.
fn points(seconds: u32, trials: u32, each: u32) -> Told<()> {
    let folder = Folder::new("points")?;
    let mut store = Store::open(&folder.0)?;
    let (begin, mut epoch, mut rows) = (Instant::now(), 0, 0_u64);
    while begin.elapsed() < Duration::from_secs(seconds.into()) {
        epoch += 1;
        let row = |number| (TrialId { sweep: SweepId(1), number }, report(epoch, each).points);
        let batch = Batch { facts: vec![], points: (1..=trials).map(row).collect() };
        store.append(&batch)?;
        rows += u64::from(trials);
    }
    let took = begin.elapsed().as_secs_f64();
    let size = std::fs::metadata(folder.0.join(gliss_coordinator::FILE_NAME))?.len();
    let points = rows * u64::from(each);
    println!("{points} points in {epoch} commits: {:.0} a second durable", points as f64 / took);
    println!("{:.1} bytes a point on disk", size as f64 / points as f64);
    Ok(())
}

/// An engine that writes its journal in batches, as a driver does.
struct Filler {
    store: Store,
    engine: Engine,
    inputs: u64,
    batch: Batch,
    offered: VecDeque<(WorkerId, AttemptId)>,
}

impl Filler {
    fn send(&mut self, input: Input) -> Told<Reply> {
        self.inputs += 1;
        if let Input::Report { attempt, body: ReportBody::Epoch(epoch), .. } = &input {
            self.batch.points.push((attempt.trial, epoch.points.clone()));
        }
        let Step { facts, effects, reply } = self.engine.handle(Millis(self.inputs / 100), input);
        self.batch.facts.extend(facts);
        self.offered.extend(effects.into_iter().filter_map(|effect| match effect {
            Effect::OfferAttempt { worker, attempt, .. } => Some((worker, attempt)),
            Effect::StopAttempt { .. } => None,
        }));
        if self.batch.facts.len() >= 2048 {
            self.store.append(&std::mem::take(&mut self.batch))?;
        }
        Ok(reply)
    }
}

/// Fills a store with completed trials of two epochs, as a coordinator does, and waits to be killed.
fn fill(folder: &Path, trials: u32) -> Told<()> {
    let store = Store::open(folder)?;
    let engine = Engine::new(Options::default());
    let mut filler = Filler { store, engine, inputs: 0, batch: Batch::default(), offered: VecDeque::new() };
    for index in 0..64 {
        let (name, version, devices) = (format!("worker {index}"), "1".to_owned(), vec!["cpu".to_owned()]);
        filler.send(Input::Hello { instance: index.to_string(), name, version, devices, slots: 8, held: vec![] })?;
    }
    filler.send(Input::Submit { plan: Box::new(plan(trials, 2)) })?;
    // The last stay open: a sweep in its middle is what is killed.
    for _ in 0..trials.saturating_sub(500) {
        let Some((worker, attempt)) = filler.offered.pop_front() else { break };
        let score = f64::from(attempt.trial.number.wrapping_mul(2_654_435_761)) / f64::from(u32::MAX);
        let summary = Summary { score, best_epoch: 1, epochs: 2, ..Summary::default() };
        let bodies = [
            ReportBody::Started,
            ReportBody::Epoch(report(1, 5)),
            ReportBody::Epoch(report(2, 5)),
            ReportBody::Ended(Outcome::Completed(summary)),
        ];
        for (seq, body) in (1..).zip(bodies) {
            filler.send(Input::Report { worker, attempt, seq, body })?;
        }
    }
    println!("full");
    std::thread::sleep(Duration::from_secs(3_600));
    Ok(())
}

/// How long a coordinator takes to its first answer after a kill.
fn replay(trials: u32) -> Told<()> {
    let folder = Folder::new("replay")?;
    let program = std::env::current_exe()?;
    let mut filler =
        Command::new(program).arg("fill").arg(&folder.0).arg(trials.to_string()).stdout(Stdio::piped()).spawn()?;
    let mut line = String::new();
    BufReader::new(filler.stdout.take().ok_or("no output")?).read_line(&mut line)?;
    filler.kill()?;
    filler.wait()?;
    if line.trim() != "full" {
        return Err("the store could not be filled".into());
    }
    let size = std::fs::metadata(folder.0.join(gliss_coordinator::FILE_NAME))?.len();
    let begin = Instant::now();
    let store = Store::open(&folder.0)?;
    let opened = begin.elapsed().as_secs_f64();
    let facts = store.facts()?;
    let (read, count) = (begin.elapsed().as_secs_f64(), facts.len());
    let engine = Engine::replay(Options::default(), facts)?;
    let replayed = begin.elapsed().as_secs_f64();
    drop((store, engine));
    println!(
        "{trials} trials, {count} facts, {} MB: opened after {opened:.2} s, read after {read:.2} s, replayed after {replayed:.2} s",
        size >> 20,
    );
    runtime()?.block_on(async {
        let begin = Instant::now();
        let coordinator = Coordinator::start(Config::new(local(0), folder.0.clone())).await?;
        let (out, mut messages) = hello(coordinator.addr(), 0).await?;
        next(&mut messages).await?;
        println!("a worker is welcomed {:.2} s after the start", begin.elapsed().as_secs_f64());
        drop(out);
        coordinator.stop().await?;
        Ok(())
    })
}

fn local(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

type Stream = (mpsc::Sender<WorkerMessage>, Streaming<CoordinatorMessage>);

/// Opens worker number `index`'s session on a connection of its own.
async fn hello(address: SocketAddr, index: u32) -> Told<Stream> {
    let mut client = WorkerServiceClient::connect(format!("http://{address}")).await?;
    let (out, outgoing) = mpsc::channel(64);
    let hello = WorkerSays::Hello(Hello {
        protocol: PROTOCOL,
        instance: format!("load {index}"),
        name: format!("load {index}"),
        program: "1".into(),
        devices: vec!["cpu".into()],
        slots: 1,
        held: Vec::new(),
    });
    out.send(hello.into()).await?;
    let messages = client.session(ReceiverStream::new(outgoing)).await?.into_inner();
    Ok((out, messages))
}

async fn next(messages: &mut Streaming<CoordinatorMessage>) -> Told<CoordinatorSays> {
    let message = messages.message().await?.ok_or("the coordinator ended the stream")?;
    Ok(CoordinatorSays::try_from(message)?)
}

/// A coordinator with a sweep of as many endless trials as there are workers.
async fn serve(folder: &Path, workers: u32) -> Told<()> {
    let coordinator = Coordinator::start(Config::new(local(0), folder.to_owned())).await?;
    coordinator.driver().ask(Input::Submit { plan: Box::new(plan(workers, 100_000)) }).await?;
    println!("{}", coordinator.addr());
    coordinator.ended().await;
    Ok(())
}

/// How long a report takes to be acknowledged, which is when it is durable, while many workers report.
async fn sessions(workers: u32, seconds: u32) -> Told<()> {
    let folder = Folder::new("sessions")?;
    let mut server = Command::new(std::env::current_exe()?)
        .arg("serve")
        .arg(&folder.0)
        .arg(workers.to_string())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut line = String::new();
    BufReader::new(server.stdout.take().ok_or("no output")?).read_line(&mut line)?;
    let address: SocketAddr = line.trim().parse()?;
    let opening = Instant::now();
    let count = Arc::new(AtomicU64::new(0));
    let mut tasks = Vec::new();
    for index in 0..workers {
        let count = count.clone();
        tasks.push(tokio::spawn(async move { report_for(address, index, seconds, &count).await }));
    }
    while count.load(Ordering::Relaxed) < u64::from(workers) && opening.elapsed() < Duration::from_secs(60) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let stand = count.load(Ordering::Relaxed);
    println!("{stand} of {workers} sessions have a trial after {:.2} s", opening.elapsed().as_secs_f64());
    let mut waits = Vec::new();
    for task in tasks {
        waits.extend(task.await??);
    }
    waits.sort();
    let at = |share: f64| waits[((waits.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    println!(
        "{} reports of 10 points: acknowledged after {:.2} ms at the median, {:.1} ms at 99 %, {:.1} ms at most",
        waits.len(),
        at(0.5),
        at(0.99),
        at(1.0)
    );
    let about = |what| std::fs::read_to_string(format!("/proc/{}/{what}", server.id())).unwrap_or_default();
    let (stat, status) = (about("stat"), about("status"));
    let ticks: u64 = stat.split_whitespace().skip(13).take(2).filter_map(|text| text.parse::<u64>().ok()).sum();
    let memory = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or_default();
    let lived = opening.elapsed().as_secs_f64();
    println!(
        "the coordinator: {:.2} s of a core over {lived:.1} s, {}",
        ticks as f64 / 100.0,
        memory.split_whitespace().skip(1).collect::<Vec<_>>().join(" ")
    );
    server.kill()?;
    server.wait()?;
    Ok(())
}

/// One worker: an epoch a second, at a moment of its own; how long each took to be acknowledged.
async fn report_for(address: SocketAddr, index: u32, seconds: u32, count: &AtomicU64) -> Told<Vec<Duration>> {
    let (out, mut messages) = hello(address, index).await?;
    let attempt = loop {
        if let CoordinatorSays::Offer(offer) = next(&mut messages).await? {
            break offer.attempt;
        }
    };
    count.fetch_add(1, Ordering::Relaxed);
    let mut waits = Vec::new();
    out.send(WorkerSays::Report { attempt, seq: 1, body: gliss_wire::ReportBody::Started }.into()).await?;
    tokio::time::sleep(Duration::from_millis(u64::from(index.wrapping_mul(2_654_435_761) % 1_000))).await;
    let mut second = tokio::time::interval(Duration::from_secs(1));
    for epoch in 1..=seconds {
        second.tick().await;
        let seq = u64::from(epoch) + 1;
        let begin = Instant::now();
        let body = gliss_wire::ReportBody::Epoch(report(epoch, 10));
        out.send(WorkerSays::Report { attempt, seq, body }.into()).await?;
        loop {
            match next(&mut messages).await? {
                CoordinatorSays::Ack { seq: stored, .. } if stored == seq => break,
                CoordinatorSays::Reject(reject) => return Err(reject.text.into()),
                _ => {}
            }
        }
        waits.push(begin.elapsed());
    }
    Ok(waits)
}
