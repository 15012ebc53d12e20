//! The coordinator over real gRPC on loopback: probes, sessions that break the protocol, and limits of access.

use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use gliss_coordinator::{Config, Coordinator, Offline, StartError};
use gliss_types::{Confusion, Summary, TrialDetail, TrialRow};
use gliss_wire::v1::control_service_client::ControlServiceClient;
use gliss_wire::v1::worker_service_client::WorkerServiceClient;
use gliss_wire::v1::{self, WorkerMessage};
use gliss_wire::{CoordinatorSays, Hello, Offer, PROTOCOL, ReportBody, WorkerSays};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;
use tonic::{Code, Streaming};

type Outcome = Result<(), Box<dyn Error>>;

struct Setup {
    coordinator: Coordinator,
    folder: tempfile::TempDir,
}

fn config(folder: &tempfile::TempDir) -> Config {
    Config::new(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), folder.path().to_owned())
}

async fn start() -> Result<Setup, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let coordinator = Coordinator::start(config(&folder)).await?;
    Ok(Setup { coordinator, folder })
}

impl Setup {
    async fn channel(&self) -> Result<Channel, Box<dyn Error>> {
        Ok(Channel::from_shared(format!("http://{}", self.coordinator.addr()))?.connect().await?)
    }
}

fn hello(instance: &str, protocol: u32) -> WorkerSays {
    WorkerSays::Hello(Hello {
        protocol,
        instance: instance.into(),
        name: "test".into(),
        program: "0".into(),
        devices: vec!["cpu".into()],
        slots: 1,
        held: Vec::new(),
    })
}

struct Session {
    out: mpsc::Sender<WorkerMessage>,
    messages: Streaming<v1::CoordinatorMessage>,
}

impl Session {
    async fn open(channel: Channel, first: WorkerMessage) -> Result<Session, tonic::Status> {
        let (out, outgoing) = mpsc::channel(16);
        out.try_send(first).expect("a new queue has room");
        let messages = WorkerServiceClient::new(channel).session(ReceiverStream::new(outgoing)).await?.into_inner();
        Ok(Session { out, messages })
    }

    async fn hear(&mut self) -> Result<CoordinatorSays, Box<dyn Error>> {
        let message = tokio::time::timeout(Duration::from_secs(10), self.messages.message()).await??;
        Ok(message.ok_or("the stream ended")?.try_into()?)
    }

    async fn say(&self, says: WorkerSays) -> Outcome {
        Ok(self.out.send(says.into()).await?)
    }

    async fn offer(&mut self) -> Result<Offer, Box<dyn Error>> {
        loop {
            if let CoordinatorSays::Offer(offer) = self.hear().await? {
                return Ok(offer);
            }
        }
    }
}

fn submission(text: &str) -> v1::SubmitRequest {
    let root = || "/".to_owned();
    let text = text.to_owned();
    v1::SubmitRequest { file_name: "test".into(), text, base: root(), override_base: root(), ..Default::default() }
}

const NOOP: &str = "recipe: {task: noop}\nparameters: {seed: {values: [1, 2]}}";

#[tokio::test]
async fn probes_find_both_services_healthy_and_described() -> Outcome {
    let setup = start().await?;
    let mut health = tonic_health::pb::health_client::HealthClient::new(setup.channel().await?);
    for service in ["", "glissando.v1.WorkerService", "glissando.v1.ControlService"] {
        let request = tonic_health::pb::HealthCheckRequest { service: service.into() };
        let answer = health.check(request).await?.into_inner();
        assert_eq!(answer.status(), tonic_health::pb::health_check_response::ServingStatus::Serving, "{service}");
    }
    use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
    use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
    use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
    let request = tonic_reflection::pb::v1::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut client = ServerReflectionClient::new(setup.channel().await?);
    let mut answers = client.server_reflection_info(tokio_stream::once(request)).await?.into_inner();
    let answer = answers.message().await?.and_then(|a| a.message_response);
    let Some(MessageResponse::ListServicesResponse(list)) = answer else { return Err("no list of services".into()) };
    let names: Vec<String> = list.service.into_iter().map(|s| s.name).collect();
    for wanted in ["glissando.v1.WorkerService", "glissando.v1.ControlService"] {
        assert!(names.iter().any(|n| n == wanted), "{names:?}");
    }
    setup.coordinator.stop().await?;
    Ok(())
}

#[tokio::test]
async fn sessions_that_break_the_protocol_are_refused_with_a_reason() -> Outcome {
    let setup = start().await?;
    let channel = setup.channel().await?;
    let refused = |status: Result<Session, tonic::Status>| status.err().map(|s| s.code());
    let silent = Session::open(channel.clone(), WorkerSays::Goodbye.into()).await;
    assert_eq!(refused(silent), Some(Code::InvalidArgument));
    let newer = Session::open(channel.clone(), hello("a", PROTOCOL + 1).into()).await;
    assert_eq!(refused(newer), Some(Code::FailedPrecondition));
    let nameless = Session::open(channel.clone(), hello("", PROTOCOL).into()).await;
    assert_eq!(refused(nameless), Some(Code::InvalidArgument));
    let empty = Session::open(channel.clone(), WorkerMessage { body: None }).await;
    assert_eq!(refused(empty), Some(Code::InvalidArgument));

    let mut first = Session::open(channel.clone(), hello("a", PROTOCOL).into()).await?;
    assert!(matches!(first.hear().await?, CoordinatorSays::Welcome(_)));
    let second = Session::open(channel, hello("a", PROTOCOL).into()).await;
    assert_eq!(refused(second), Some(Code::AlreadyExists));
    setup.coordinator.stop().await?;
    Ok(())
}

#[tokio::test]
async fn a_repeated_report_is_acknowledged_again_and_counts_once() -> Outcome {
    let setup = start().await?;
    let mut control = ControlServiceClient::new(setup.channel().await?);
    let sweep = control.submit(submission(NOOP)).await?.into_inner().sweep.ok_or("a sweep")?.id;
    let mut worker = Session::open(setup.channel().await?, hello("a", PROTOCOL).into()).await?;
    let offer = worker.offer().await?;
    let attempt = offer.attempt;
    let summary = Summary { score: 0.5, ..Default::default() };
    let end = WorkerSays::Report { attempt, seq: 2, body: ReportBody::Ended(gliss_types::Outcome::Completed(summary)) };
    // A gap first, then everything, then the end twice more.
    worker.say(end.clone()).await?;
    let CoordinatorSays::Reject(reject) = worker.hear().await? else { return Err("a gap was taken".into()) };
    assert_eq!((reject.reason.as_str(), reject.expected_seq), ("out_of_order", 1));
    worker.say(WorkerSays::Report { attempt, seq: 1, body: ReportBody::Started }).await?;
    for _ in 0..3 {
        worker.say(end.clone()).await?;
    }
    let mut acks = Vec::new();
    while acks.len() < 4 {
        if let CoordinatorSays::Ack { attempt: of, seq } = worker.hear().await?
            && of == attempt
        {
            acks.push(seq);
        }
    }
    assert_eq!(acks, [1, 2, 2, 2]);
    let row = control.get_sweep(v1::GetSweepRequest { sweep, offset: 0, limit: 0 }).await?.into_inner();
    let counts = row.sweep.ok_or("a row")?.counts;
    assert_eq!(counts[3], 1, "one trial is completed, once: {counts:?}");
    setup.coordinator.stop().await?;
    Ok(())
}

#[tokio::test]
async fn what_a_test_tells_is_ranked_and_told_and_there_after_a_restart() -> Outcome {
    let setup = start().await?;
    let mut control = ControlServiceClient::new(setup.channel().await?);
    let sweep = control.submit(submission(NOOP)).await?.into_inner().sweep.ok_or("a sweep")?.id;
    let mut worker = Session::open(setup.channel().await?, hello("a", PROTOCOL).into()).await?;
    let summaries: Vec<Summary> = (1..=2u32)
        .map(|right| {
            let matrix = Confusion::new(vec!["jazz".into(), "rock".into()], vec![right, 0, 1, 3]);
            let confusion = Some(matrix.expect("a matrix"));
            let metrics = vec![("test_macro_f1".to_owned(), f64::from(right))];
            Summary { score: 0.5, metrics, confusion, ..Default::default() }
        })
        .collect();
    for summary in &summaries {
        let attempt = worker.offer().await?.attempt;
        let ended = ReportBody::Ended(gliss_types::Outcome::Completed(summary.clone()));
        for (seq, body) in [(1, ReportBody::Started), (2, ended)] {
            worker.say(WorkerSays::Report { attempt, seq, body }).await?;
        }
        while worker.hear().await? != (CoordinatorSays::Ack { attempt, seq: 2 }) {}
    }
    let mut ranked = Vec::new();
    for sort in ["test_macro_f1", "-test_macro_f1"] {
        let request = v1::TopRequest { sweep, limit: 1, sort: sort.into() };
        let row = TrialRow::try_from(control.top(request).await?.into_inner().trials.remove(0))?;
        assert_eq!(row.summary, Some(summaries[row.id.number as usize - 1].brief()));
        ranked.push(row.id.number);
    }
    assert_eq!(ranked, [2, 1], "the larger is the better");
    let trial = v1::TrialId { sweep, number: 2 };
    let told = control.get_trial(v1::GetTrialRequest { trial: Some(trial) }).await?.into_inner();
    let told = TrialDetail::try_from(told)?;
    assert_eq!(told.row.summary.as_ref(), Some(&summaries[1]));
    setup.coordinator.stop().await?;
    assert_eq!(Offline::open(setup.folder.path())?.trial(told.row.id)?, told);
    Ok(())
}

#[tokio::test]
async fn a_bad_file_starts_nothing_and_every_mistake_is_told() -> Outcome {
    let setup = start().await?;
    let mut control = ControlServiceClient::new(setup.channel().await?);
    let status =
        control.submit(submission("recpie: {}\nparameters: {batch: {values: []}}")).await.err().ok_or("taken")?;
    assert_eq!(status.code(), Code::InvalidArgument);
    assert!(status.message().contains("recpie") && status.message().contains("batch"), "{}", status.message());
    let list = control.list_sweeps(v1::ListSweepsRequest {}).await?.into_inner();
    assert!(list.sweeps.is_empty());
    let unknown = control.pause(v1::SweepRequest { sweep: 9 }).await.err().map(|s| s.code());
    assert_eq!(unknown, Some(Code::NotFound));
    setup.coordinator.stop().await?;
    Ok(())
}

#[tokio::test]
async fn the_same_plan_is_the_same_sweep_unless_asked_for_anew() -> Outcome {
    let setup = start().await?;
    let mut control = ControlServiceClient::new(setup.channel().await?);
    let first = control.submit(submission(NOOP)).await?.into_inner();
    let second = control.submit(submission(&format!("name: other\n{NOOP}"))).await?.into_inner();
    assert!(!first.existing && second.existing);
    assert_eq!(second.sweep.map(|s| s.id), first.sweep.map(|s| s.id));
    let anew = control.submit(v1::SubmitRequest { again: true, ..submission(NOOP) }).await?.into_inner();
    assert!(!anew.existing);
    setup.coordinator.stop().await?;
    Ok(())
}

#[tokio::test]
async fn what_is_open_to_others_needs_a_token_and_a_lease_outlasts_its_heartbeat() -> Outcome {
    let folder = tempfile::tempdir()?;
    let open = Config { listen: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)), ..config(&folder) };
    assert!(matches!(Coordinator::start(open).await, Err(StartError::Open { .. })));
    let short = Config { lease: Duration::from_secs(1), ..config(&folder) };
    assert!(matches!(Coordinator::start(short).await, Err(StartError::Lease { .. })));
    let token = Config { token: Some("a secret of some length".into()), ..config(&folder) };
    let setup = Setup { coordinator: Coordinator::start(token).await?, folder };
    let mut control = ControlServiceClient::new(setup.channel().await?);
    let status = control.list_sweeps(v1::ListSweepsRequest {}).await.err().map(|s| s.code());
    assert_eq!(status, Some(Code::Unauthenticated));
    let session = Session::open(setup.channel().await?, hello("a", PROTOCOL).into()).await;
    assert_eq!(session.err().map(|s| s.code()), Some(Code::Unauthenticated));
    setup.coordinator.stop().await?;
    Ok(())
}
