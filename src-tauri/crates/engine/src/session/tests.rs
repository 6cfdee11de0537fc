//! Sessions over scripted targets and scripted pods: real sockets on loopback, no cluster.

mod listing;
mod supervision;
mod telling;

use std::{collections::HashMap, sync::Mutex};

use futures::future::BoxFuture;
use kube::client::Body;
use portolan_wire::{Connection, Connector, PodPort, Proof, Warmth, half_close::half_close};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream},
    net::TcpStream,
    time::timeout,
};

use super::*;
use crate::{
    context::ContextId,
    error::Problem,
    forward::{PortMap, Target},
    phase::Trouble,
    resolve::Resolution,
};

/// What a scripted pod does with a connection.
#[derive(Clone, Copy, Debug)]
enum Pod {
    /// Says its name, then echoes.
    Echo,
    /// Refuses after the connection looks open, as the v4 wire does.
    RefusesLate,
    /// Takes the first bytes, then breaks.
    Breaks,
    /// Answers the first bytes, then breaks.
    BreaksLate,
    /// Takes the first bytes, then ends in good order; after a line of a log, when its client has ended.
    EndsWithoutAWord,
    /// Breaks at once, before anything is said.
    BreaksAtOnce,
    /// The API server says that it is gone.
    Gone,
    /// This user may not.
    Forbidden,
    /// Answers in two halves with a pause between them, unless the client's end comes first.
    AnswersSlowly,
}

/// The pod, and what it received, a connection an entry.
type Received = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

#[derive(Debug, Default)]
struct Pods {
    behaviour: Mutex<HashMap<String, Pod>>,
    received: Received,
    /// The pods that are kept warm.
    warm: Arc<Mutex<Vec<String>>>,
    /// What is known of the ways to all of them.
    proof: watch::Sender<Proof>,
    /// How often what failed was to be tried at once.
    retried: Mutex<u32>,
}

struct Interest {
    uid: String,
    all: Arc<Mutex<Vec<String>>>,
}

impl Drop for Interest {
    fn drop(&mut self) {
        self.all.lock().unwrap().retain(|uid| *uid != self.uid);
    }
}

impl Connector for Pods {
    fn connect<'a>(&'a self, to: &'a PodPort, first: &'a [u8]) -> BoxFuture<'a, Result<Connection, Failure>> {
        let pod = self.behaviour.lock().unwrap()[&to.uid];
        let failure = |kind| Failure { kind, text: "scripted".into() };
        let result = match pod {
            Pod::Gone => Err(failure(Kind::PodGone)),
            Pod::Forbidden => Err(failure(Kind::Forbidden)),
            _ => {
                let (ours, theirs) = tokio::io::duplex(64 * 1024);
                let task = tokio::spawn(play(pod, to.uid.clone(), theirs, self.received.clone()));
                Ok((ours, async move { task.await.unwrap().map_err(failure) }))
            }
        };
        Box::pin(async move {
            let (mut ours, ending) = result?;
            ours.write_all(first).await.unwrap();
            let (from_pod, to_pod) = tokio::io::split(ours);
            let (from_pod, to_pod) = half_close(tokio::io::BufReader::new(from_pod), to_pod, || ());
            Ok(Connection::new(from_pod, to_pod, ending))
        })
    }

    fn warm(&self, to: &PodPort) -> Warmth {
        let interest = Interest { uid: to.uid.clone(), all: self.warm.clone() };
        self.warm.lock().unwrap().push(interest.uid.clone());
        Warmth::new(self.proof.subscribe(), interest)
    }

    fn retry_now(&self) {
        *self.retried.lock().unwrap() += 1;
    }

    fn renew(&self) {}
}

async fn play(pod: Pod, uid: String, mut io: DuplexStream, received: Received) -> Result<(), Kind> {
    let mut buffer = vec![0; 4096];
    let mut all = Vec::new();
    let result = match pod {
        Pod::RefusesLate => {
            // The client's bytes are taken off the wire, but no pod ever sees them.
            let _ = io.read(&mut buffer).await;
            return Err(Kind::Refused);
        }
        Pod::Breaks => {
            let n = io.read(&mut buffer).await.unwrap_or(0);
            all.extend_from_slice(&buffer[..n]);
            Err(Kind::Broken)
        }
        Pod::BreaksLate => {
            let n = io.read(&mut buffer).await.unwrap_or(0);
            let _ = io.write_all(&buffer[..n]).await;
            Err(Kind::Broken)
        }
        Pod::EndsWithoutAWord => {
            let n = io.read(&mut buffer).await.unwrap_or(0);
            all.extend_from_slice(&buffer[..n]);
            while all.starts_with(b"line") && matches!(io.read(&mut buffer).await, Ok(1..)) {}
            Ok(())
        }
        Pod::BreaksAtOnce => return Err(Kind::Broken),
        Pod::AnswersSlowly => {
            let n = io.read(&mut buffer).await.unwrap_or(0);
            all.extend_from_slice(&buffer[..n]);
            let (mut from_client, mut to_client) = tokio::io::split(io);
            let answer = async {
                let _ = to_client.write_all(b"first ").await;
                // A pause as a real server makes them, shorter than what ends an answer.
                tokio::time::sleep(Duration::from_millis(600)).await;
                let _ = to_client.write_all(b"second").await;
            };
            // As real servers have it, which know no half-close: the client's end ends the answer too.
            let client_ended = async {
                let mut rest = [0; 16];
                while matches!(from_client.read(&mut rest).await, Ok(1..)) {}
            };
            tokio::select! {
                biased;
                () = client_ended => {}
                () = answer => {}
            }
            Ok(())
        }
        _ => {
            let _ = io.write_all(format!("{uid}\n").as_bytes()).await;
            while let Ok(n @ 1..) = io.read(&mut buffer).await {
                all.extend_from_slice(&buffer[..n]);
                if io.write_all(&buffer[..n]).await.is_err() {
                    break;
                }
            }
            Ok(())
        }
    };
    received.lock().unwrap().push((uid, all));
    result
}

struct Script(mpsc::UnboundedReceiver<Found>);

impl Targets for Script {
    async fn next(&mut self) -> Found {
        match self.0.recv().await {
            Some(found) => found,
            None => std::future::pending().await,
        }
    }

    fn go_on_by(&mut self, _: Arc<Cluster>) {}
}

struct Running {
    pods: Arc<Pods>,
    found: mpsc::UnboundedSender<Found>,
    view: watch::Receiver<SessionView>,
    cancel: CancellationToken,
    controls: mpsc::UnboundedSender<Control>,
    cluster: watch::Sender<Arc<Cluster>>,
    journal: Arc<Journal>,
    tales: Arc<Tales>,
    connections: Arc<Connections>,
    task: tokio::task::JoinHandle<()>,
}

fn forward(local: LocalPort) -> Forward {
    Forward {
        context: ContextId { source: "default".into(), name: "test".into() },
        namespace: "shop".into(),
        target: Target::Service { name: "web".into() },
        ports: vec![PortMap { local, remote: PortRef::Number(80) }],
        bind: Vec::new(),
        balance: None,
        hold_seconds: 10,
        wait_for_name: false,
    }
}

fn start(forward: Forward, pods: &[(&str, Pod)]) -> Running {
    let nobody =
        tower::service_fn(|_: http::Request<Body>| async { Err::<http::Response<Body>, _>("no API server here") });
    start_with(kube::Client::new(nobody, "default"), forward, pods)
}

fn start_with(client: kube::Client, forward: Forward, pods: &[(&str, Pod)]) -> Running {
    let behaviour = pods.iter().map(|(uid, pod)| ((*uid).to_owned(), *pod)).collect();
    let pods = Arc::new(Pods {
        behaviour: Mutex::new(behaviour),
        proof: watch::Sender::new(Proof::Proven),
        ..Pods::default()
    });
    let cluster = Arc::new(Cluster::new(forward.context.clone(), "https://test".into(), client, pods.clone()));
    let (found, script) = mpsc::unbounded_channel();
    let (view_in, view) = watch::channel(first_view(SessionId(1), &forward));
    let cancel = CancellationToken::new();
    let (controls, controlled) = mpsc::unbounded_channel();
    let cluster = watch::Sender::new(cluster);
    let journal = Arc::<Journal>::default();
    let tales = Arc::<Tales>::default();
    let connections = Arc::<Connections>::default();
    let inputs = Inputs {
        targets: Script(script),
        cluster: cluster.subscribe(),
        controls: controlled,
        tales: tales.clone(),
        connections: connections.clone(),
        cancel: cancel.clone(),
    };
    let task = tokio::spawn(run(forward, inputs, view_in, journal.clone()));
    Running { pods, found, view, cancel, controls, cluster, journal, tales, connections, task }
}

fn endpoints(uids: &[&str]) -> Found {
    let endpoints = uids
        .iter()
        .map(|uid| Endpoint { slot: 0, pod: format!("pod-{uid}"), uid: (*uid).to_owned(), port: 80 })
        .collect();
    Found::Now(Resolution { endpoints, numbers: vec![Some(80)], ..Resolution::default() })
}

fn none_ready() -> Found {
    let problem = Problem { code: Code::NoReadyPod, message: "none".into(), next: String::new() };
    Found::Now(Resolution { trouble: Some(Trouble { problem, needs_you: false }), ..Resolution::default() })
}

/// A way that does not work, and is tried again in 5 s.
fn failed(kind: Kind) -> Proof {
    Proof::Failed {
        failure: Failure { kind, text: "scripted".into() },
        retry_at: Instant::now() + Duration::from_secs(5),
    }
}

impl Running {
    fn found(&self, found: Found) {
        self.found.send(found).unwrap();
    }

    async fn until(&mut self, what: &str, condition: impl FnMut(&SessionView) -> bool) -> SessionView {
        let reached = timeout(Duration::from_secs(10), self.view.wait_for(condition)).await;
        reached.unwrap_or_else(|_| panic!("never: {what}")).unwrap().clone()
    }

    async fn port(&mut self) -> u16 {
        self.until("listening", |v| !v.listeners.is_empty()).await.listeners[0].port
    }

    async fn connect(&mut self) -> TcpStream {
        let port = self.port().await;
        TcpStream::connect(("127.0.0.1", port)).await.unwrap()
    }

    async fn stop(self) {
        self.cancel.cancel();
        timeout(Duration::from_secs(5), self.task).await.expect("a session ends in time").unwrap();
    }
}

/// The pod's name, and the echo of `bytes`.
async fn ask(client: &mut TcpStream, bytes: &[u8]) -> std::io::Result<String> {
    client.write_all(bytes).await?;
    let mut name = Vec::new();
    loop {
        match client.read_u8().await? {
            b'\n' => break,
            byte => name.push(byte),
        }
    }
    let mut echo = vec![0; bytes.len()];
    client.read_exact(&mut echo).await?;
    assert_eq!(echo, bytes, "every byte comes back");
    Ok(String::from_utf8(name).unwrap())
}

/// A session with these pods, all of them ready.
async fn active(pods: &[(&str, Pod)], balance: Balance) -> Running {
    let mut running = start(Forward { balance: Some(balance), ..forward(LocalPort::Any) }, pods);
    running.found(endpoints(&pods.iter().map(|(uid, _)| *uid).collect::<Vec<_>>()));
    running.until("active", |v| matches!(v.phase, Phase::Active { .. })).await;
    running
}

#[tokio::test]
async fn bytes_are_carried_both_ways() {
    let mut running = active(&[("a", Pod::Echo)], Balance::Balanced).await;
    let mut client = running.connect().await;
    assert_eq!(ask(&mut client, b"hello").await.unwrap(), "a");
    client.shutdown().await.unwrap();
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest, b"");
    let counters = running.until("served", |v| v.counters.served == 1 && v.counters.open == 0).await.counters;
    assert_eq!((counters.bytes_up, counters.bytes_down), (5, 7));
    running.stop().await;
}

#[tokio::test]
async fn both_loopback_addresses_are_listened_on() {
    let mut running = active(&[("a", Pod::Echo)], Balance::Balanced).await;
    let port = running.port().await;
    for address in ["127.0.0.1", "::1"] {
        let mut client = TcpStream::connect((address, port)).await.unwrap();
        assert_eq!(ask(&mut client, b"x").await.unwrap(), "a");
    }
    running.stop().await;
}

#[tokio::test]
async fn a_connection_is_held_until_an_endpoint_is_there() {
    let mut running = start(forward(LocalPort::Any), &[("a", Pod::Echo)]);
    running.found(none_ready());
    running.until("waiting", |v| matches!(v.phase, Phase::Waiting { .. })).await;
    let mut client = running.connect().await;
    running.until("held", |v| v.counters.held == 1).await;
    running.found(endpoints(&["a"]));
    assert_eq!(ask(&mut client, b"patient").await.unwrap(), "a");
    running.until("no longer held", |v| v.counters.held == 0).await;
    running.stop().await;
}

#[tokio::test]
async fn without_a_hold_it_is_refused_at_once() {
    let mut running = start(Forward { hold_seconds: 0, ..forward(LocalPort::Any) }, &[]);
    running.found(none_ready());
    let mut client = running.connect().await;
    let error = timeout(Duration::from_secs(5), client.read_u8()).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    running.until("counted", |v| v.counters.refused == 1).await;
    running.stop().await;
}

#[tokio::test]
async fn a_held_client_that_leaves_is_let_go() {
    let mut running = start(forward(LocalPort::Any), &[]);
    let client = running.connect().await;
    running.until("held", |v| v.counters.held == 1).await;
    drop(client);
    running.until("let go", |v| v.counters.held == 0).await;
    running.stop().await;
}

#[tokio::test]
async fn what_no_pod_received_goes_to_another_pod_once() {
    // Sticky takes the first: the one that refuses after it has taken the bytes off the wire.
    let mut running = active(&[("a", Pod::RefusesLate), ("b", Pod::Echo)], Balance::Sticky).await;
    let mut client = running.connect().await;
    assert_eq!(ask(&mut client, b"GET /").await.unwrap(), "b");
    drop(client);
    let view = running.until("served", |v| v.counters.served == 1).await;
    assert_eq!(view.counters.retried, 1);
    assert_eq!(*running.pods.received.lock().unwrap(), [("b".to_owned(), b"GET /".to_vec())]);
    running.stop().await;
}

#[tokio::test]
async fn a_pod_that_is_gone_is_not_asked_again() {
    let mut running = active(&[("a", Pod::Gone), ("b", Pod::Echo)], Balance::Sticky).await;
    let mut client = running.connect().await;
    assert_eq!(ask(&mut client, b"x").await.unwrap(), "b");
    running.stop().await;
}

#[tokio::test]
async fn what_may_have_been_received_is_never_sent_twice() {
    let mut running = active(&[("a", Pod::Breaks), ("b", Pod::Echo)], Balance::Sticky).await;
    let mut client = running.connect().await;
    client.write_all(b"POST /order").await.unwrap();
    let error = timeout(Duration::from_secs(5), client.read_u8()).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    running.until("told", |v| v.counters.unanswered == 1).await;
    assert_eq!(*running.pods.received.lock().unwrap(), [("a".to_owned(), b"POST /order".to_vec())]);
    running.stop().await;
}

#[tokio::test]
async fn a_port_that_refuses_is_told_and_not_waited_for() {
    let mut running = active(&[("a", Pod::RefusesLate)], Balance::Balanced).await;
    let mut client = running.connect().await;
    client.write_all(b"x").await.unwrap();
    let error = timeout(Duration::from_secs(5), client.read_u8()).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    let view = running.until("marked", |v| v.mark.is_some()).await;
    assert_eq!(view.mark.as_deref(), Some("pod-a refused :80"));
    assert!(matches!(view.phase, Phase::Active { .. }), "a refused dial is a mark, not a phase");
    running.stop().await;
}

#[tokio::test]
async fn a_user_who_may_not_forward_is_told_so() {
    let mut running = active(&[("a", Pod::Forbidden)], Balance::Balanced).await;
    let mut client = running.connect().await;
    assert!(timeout(Duration::from_secs(5), client.read_u8()).await.unwrap().is_err());
    let view = running.until("told", |v| matches!(v.phase, Phase::Waiting { .. })).await;
    let Phase::Waiting { reason, needs_you, .. } = view.phase else { unreachable!() };
    assert_eq!((reason.code, needs_you), (Code::Forbidden, true));
    running.stop().await;
}

#[tokio::test]
async fn the_answer_is_whole_although_the_client_has_ended_its_side() {
    let mut running = active(&[("a", Pod::AnswersSlowly)], Balance::Balanced).await;
    let mut client = running.connect().await;
    client.write_all(b"question").await.unwrap();
    client.shutdown().await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert_eq!(answer, "first second");
    running.stop().await;
}

#[tokio::test]
async fn the_listener_outlives_the_pods() {
    let mut running = active(&[("a", Pod::Echo), ("b", Pod::Echo)], Balance::Balanced).await;
    let port = running.port().await;
    running.found(endpoints(&["a"]));
    let mut before = running.connect().await;
    assert_eq!(ask(&mut before, b"1").await.unwrap(), "a");
    running.found(none_ready());
    running.until("waiting", |v| matches!(v.phase, Phase::Waiting { .. })).await;
    let mut after = running.connect().await;
    running.found(endpoints(&["b"]));
    assert_eq!(ask(&mut after, b"2").await.unwrap(), "b");
    assert_eq!(running.port().await, port);
    // What was open runs on: its pod ends it, not we.
    before.write_all(b"still").await.unwrap();
    let mut echo = [0; 5];
    before.read_exact(&mut echo).await.unwrap();
    assert_eq!(&echo, b"still");
    running.stop().await;
}

#[tokio::test]
async fn what_a_connection_may_go_to_is_kept_warm() {
    let pods = [("a", Pod::Echo), ("b", Pod::Echo)];
    let warm = |running: &Running| {
        let mut warm = running.pods.warm.lock().unwrap().clone();
        warm.sort();
        warm
    };
    let mut running = active(&pods, Balance::Balanced).await;
    assert_eq!(warm(&running), ["a", "b"]);
    running.found(endpoints(&["b"]));
    running.until("one is left", |v| v.phase.endpoints(0).all(|e| e.uid == "b")).await;
    assert_eq!(warm(&running), ["b"]);
    running.found(none_ready());
    running.until("waiting", |v| matches!(v.phase, Phase::Waiting { .. })).await;
    assert!(warm(&running).is_empty());
    running.stop().await;

    let mut running = active(&pods, Balance::Sticky).await;
    assert_eq!(warm(&running), ["a"]);
    running.found(endpoints(&["b"]));
    running.until("moved", |v| v.phase.endpoints(0).all(|e| e.uid == "b")).await;
    assert_eq!(warm(&running), ["b"]);
    let pods = running.pods.clone();
    running.stop().await;
    assert!(pods.warm.lock().unwrap().is_empty());
}

#[tokio::test]
async fn sticky_stays_and_balanced_spreads() {
    let pods = [("a", Pod::Echo), ("b", Pod::Echo), ("c", Pod::Echo)];
    for (balance, expected) in [(Balance::Sticky, 1), (Balance::Balanced, 3)] {
        let mut running = active(&pods, balance).await;
        let mut seen = std::collections::HashSet::new();
        for _ in 0..60 {
            let mut client = running.connect().await;
            seen.insert(ask(&mut client, b"x").await.unwrap());
        }
        assert_eq!(seen.len(), expected, "{balance:?}: {seen:?}");
        running.stop().await;
    }
}

#[tokio::test]
async fn a_sticky_session_moves_when_its_pod_goes() {
    let mut running = active(&[("a", Pod::Echo), ("b", Pod::Echo)], Balance::Sticky).await;
    let mut client = running.connect().await;
    assert_eq!(ask(&mut client, b"x").await.unwrap(), "a");
    running.found(endpoints(&["b"]));
    running.until("moved", |v| v.phase.endpoints(0).all(|e| e.uid == "b")).await;
    // And it stays where it went, though the first comes back and would be chosen first.
    for found in [endpoints(&["b"]), endpoints(&["a", "b"])] {
        running.found(found);
        let mut client = running.connect().await;
        assert_eq!(ask(&mut client, b"x").await.unwrap(), "b");
    }
    running.stop().await;
}

#[tokio::test]
async fn a_broken_session_frees_its_port_and_says_why() {
    let mut running = active(&[("a", Pod::Echo)], Balance::Sticky).await;
    let port = running.port().await;
    let mut client = running.connect().await;
    assert_eq!(ask(&mut client, b"x").await.unwrap(), "a");
    let reason = Problem { code: Code::PodGone, message: "pod-a is gone".into(), next: "use deploy/web".into() };
    running.found(Found::PodGone(reason.clone()));
    let view = running.until("broken", |v| v.listeners.is_empty() && v.phase.is_final()).await;
    assert_eq!(view.phase, Phase::Broken { reason });
    assert!(client.read_u8().await.is_err(), "its connections are closed");
    drop(tokio::net::TcpListener::bind(("127.0.0.1", port)).await.expect("its port is free"));
    running.stop().await;
}

#[tokio::test]
async fn a_stopped_session_leaves_nothing_open() {
    let mut running = active(&[("a", Pod::Echo)], Balance::Balanced).await;
    let port = running.port().await;
    let mut client = running.connect().await;
    assert_eq!(ask(&mut client, b"x").await.unwrap(), "a");
    running.stop().await;
    let error = client.read_u8().await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "cut off is not the end of an answer");
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err());
    drop(tokio::net::TcpListener::bind(("127.0.0.1", port)).await.expect("its port is free"));
}

#[tokio::test]
async fn a_taken_port_is_a_failure_that_names_its_holder() {
    let holder = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = holder.local_addr().unwrap().port();
    let mut running = start(forward(LocalPort::Fixed { port }), &[]);
    let view = running.until("failed", |v| v.phase.is_final()).await;
    let Phase::Failed { error } = view.phase else { panic!("{:?}", view.phase) };
    assert_eq!(error.code, Code::PortTaken);
    assert!(error.message.contains("another session of Portolan"), "{}", error.message);
    running.stop().await;
}

#[tokio::test]
async fn a_named_port_listens_on_the_number_it_turns_out_to_have() {
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let named = PortMap { local: LocalPort::Same, remote: PortRef::Name("http".into()) };
    let mut running = start(Forward { ports: vec![named], ..forward(LocalPort::Any) }, &[("a", Pod::Echo)]);
    let Found::Now(resolution) = endpoints(&["a"]) else { unreachable!() };
    running.found(Found::Now(Resolution { numbers: vec![Some(free)], ..resolution }));
    assert_eq!(running.port().await, free);
    running.stop().await;
}

#[tokio::test]
async fn an_unreachable_server_is_waited_for_and_connections_are_held() {
    let mut running = active(&[("a", Pod::Echo)], Balance::Balanced).await;
    let source = kube::Error::Service("away".into());
    let error = crate::error::Error::Api {
        operation: "list pods".into(),
        server: "https://test".into(),
        source: Box::new(source),
    };
    running.pods.proof.send_replace(failed(Kind::Broken));
    running.found(Found::Lost(Failing { error, attempt: 2, retry_at: Instant::now() + Duration::from_secs(5) }));
    let view = running.until("waiting", |v| matches!(v.phase, Phase::Waiting { .. })).await;
    let Phase::Waiting { reason, needs_you, attempt, retry_at } = view.phase else { unreachable!() };
    assert_eq!((reason.code, needs_you, attempt), (Code::Unreachable, false, 2));
    assert!(retry_at.is_some_and(|at| at > now()));
    let mut client = running.connect().await;
    running.until("held", |v| v.counters.held == 1).await;
    running.found(endpoints(&["a"]));
    running.pods.proof.send_replace(Proof::Proven);
    assert_eq!(ask(&mut client, b"x").await.unwrap(), "a");
    running.stop().await;
}

#[tokio::test]
async fn a_port_that_has_answered_and_then_refuses_is_tried_again() {
    let mut running = active(&[("a", Pod::Echo)], Balance::Balanced).await;
    // Still open: that it answered is known from its first byte, not from its end.
    let mut before = running.connect().await;
    assert_eq!(ask(&mut before, b"1").await.unwrap(), "a");
    running.pods.behaviour.lock().unwrap().insert("a".into(), Pod::RefusesLate);
    let mut client = running.connect().await;
    client.write_all(b"2").await.unwrap();
    running.until("refused and held", |v| v.counters.retried > 0 && v.counters.held == 1).await;
    running.pods.behaviour.lock().unwrap().insert("a".into(), Pod::Echo);
    let mut answer = [0; 3];
    timeout(Duration::from_secs(10), client.read_exact(&mut answer)).await.unwrap().unwrap();
    assert_eq!(&answer, b"a\n2");
    running.stop().await;
}
