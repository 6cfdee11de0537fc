//! The session task: one forward that runs.
//!
//! It binds the local ports and keeps them, follows the target through a resolver, moves its [`Phase`] by
//! [`Phase::next`] and nothing else, and serves local connections. What it shows is one watched [`SessionView`], of
//! which this task is the only writer. Cancelling the task's token ends it and all that it owns.

mod carrier;
mod splice;
mod tally;
#[cfg(test)]
mod tests;
pub mod view;

use std::{
    collections::HashMap,
    future::Future,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use portolan_wire::{Failure, Kind, Warmth};
use tokio::{
    net::TcpListener,
    sync::{mpsc, watch},
    task::JoinSet,
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use crate::{
    cluster::Cluster,
    error::{Code, Problem},
    forward::{Forward, LocalPort, PortRef},
    local_port::{self, Bound},
    phase::{Event, Phase},
    resolve::{Found, Resolution},
    watched::Failing,
};
use carrier::{Report, Shared};
use view::{ListenerView, SessionId, SessionView};

/// Counters are published this often at most: no eye follows more.
const COUNTERS_PACE: Duration = Duration::from_millis(250);

/// How long a session that may not forward waits before a connection may try again.
const FORBIDDEN: Duration = Duration::from_secs(30);

/// Where a session learns of its target: the resolver, or a test's script.
pub(crate) trait Targets: Send + 'static {
    fn next(&mut self) -> impl Future<Output = Found> + Send;
}

impl Targets for crate::resolve::Resolver {
    fn next(&mut self) -> impl Future<Output = Found> + Send {
        crate::resolve::Resolver::next(self)
    }
}

/// Runs one forward until it is cancelled. `view` ends with a final phase only if the session is over by itself; the
/// task stays to show it until it is cancelled.
pub(crate) async fn run(
    forward: Forward,
    cluster: Arc<Cluster>,
    targets: impl Targets,
    view: watch::Sender<SessionView>,
    cancel: CancellationToken,
) {
    let (phases, phase) = watch::channel(Phase::Resolving);
    let (reports, reported) = mpsc::unbounded_channel();
    let hold = Duration::from_secs(forward.hold_seconds.into());
    let shared = Arc::new(Shared::new(
        cluster.connector.clone(),
        forward.namespace.clone(),
        (forward.balance(), hold),
        phase,
        reports,
    ));
    let mut session = Session {
        forward,
        phases,
        shared,
        view,
        bound: Vec::new(),
        listening: JoinSet::new(),
        released: CancellationToken::new(),
        warm: HashMap::new(),
        resolution: None,
    };
    tokio::select! {
        biased;
        () = cancel.cancelled() => {}
        () = session.work(targets, reported) => {}
    }
    session.step(Event::Stop);
    session.release().await;
    session.publish();
}

struct Session {
    forward: Forward,
    phases: watch::Sender<Phase>,
    shared: Arc<Shared>,
    view: watch::Sender<SessionView>,
    /// By slot.
    bound: Vec<(usize, Bound)>,
    /// Each accepts on one address, and owns the connections that it accepted.
    listening: JoinSet<()>,
    /// Ends those.
    released: CancellationToken,
    /// What is kept ready, by the pod's UID.
    warm: HashMap<String, Warmth>,
    /// What the target was last.
    resolution: Option<Resolution>,
}

impl Session {
    async fn work(&mut self, mut targets: impl Targets, mut reported: mpsc::UnboundedReceiver<Report>) {
        self.bind_known().await;
        self.publish();
        let shared = self.shared.clone();
        let mut counters_due = Instant::now();
        let mut counters_stale = false;
        let mut forbidden_until: Option<Instant> = None;
        while !self.phases.borrow().is_final() {
            tokio::select! {
                found = targets.next() => {
                    forbidden_until = None;
                    self.found(found).await;
                }
                Some(report) = reported.recv() => {
                    if self.report(report) {
                        forbidden_until = Some(Instant::now() + FORBIDDEN);
                    }
                }
                () = at(forbidden_until) => {
                    forbidden_until = None;
                    self.apply();
                }
                () = shared.tally.changed(), if !counters_stale => counters_stale = true,
                () = tokio::time::sleep_until(counters_due), if counters_stale => {
                    counters_stale = false;
                    counters_due = Instant::now() + COUNTERS_PACE;
                    self.publish();
                }
            }
        }
        self.release().await;
        self.publish();
        // Over, but still shown: the owner ends the task.
        std::future::pending::<()>().await;
    }

    /// Binds the ports whose numbers are known without the cluster.
    async fn bind_known(&mut self) {
        if let Err(error) = self.forward.check() {
            return self.step(Event::Refused { error: error.problem() });
        }
        for slot in 0..self.forward.ports.len() {
            let map = &self.forward.ports[slot];
            let number = match (&map.remote, map.local) {
                (PortRef::Number(number), _) => *number,
                (PortRef::Name(_), LocalPort::Fixed { .. } | LocalPort::Any) => 0,
                (PortRef::Name(_), LocalPort::Same | LocalPort::Suggested { .. }) => continue,
            };
            if !self.bind(slot, number).await {
                return;
            }
        }
    }

    async fn bind(&mut self, slot: usize, number: u16) -> bool {
        let bound = local_port::bind(self.forward.addresses(), self.forward.ports[slot].local, number).await;
        match bound {
            Ok(bound) => {
                for listener in &bound.listeners {
                    self.listening.spawn(accept(slot, listener.clone(), self.shared.clone(), self.released.clone()));
                }
                self.bound.push((slot, bound));
                self.bound.sort_by_key(|(slot, _)| *slot);
                true
            }
            Err(error) => {
                self.step(Event::Refused { error: error.problem() });
                false
            }
        }
    }

    async fn found(&mut self, found: Found) {
        match found {
            Found::Lost(Failing { error, attempt, retry_at }) => {
                let reason = error.problem();
                let needs_you = matches!(reason.code, Code::Forbidden | Code::Login);
                self.step(Event::Lost { reason, needs_you, attempt, retry_at: wall_clock(retry_at) });
            }
            Found::PodGone(reason) => self.step(Event::PodGone { reason }),
            Found::Now(resolution) => {
                for (slot, number) in resolution.numbers.iter().enumerate() {
                    let unbound = !self.bound.iter().any(|(bound, _)| *bound == slot);
                    if let (true, Some(number)) = (unbound, number)
                        && !self.bind(slot, *number).await
                    {
                        return self.publish();
                    }
                }
                self.resolution = Some(resolution);
                self.apply();
            }
        }
        self.publish();
    }

    /// Takes the phase from what the target was last.
    fn apply(&mut self) {
        let Some(resolution) = self.resolution.clone() else { return };
        self.step(match resolution.refused {
            Some(error) => Event::Refused { error },
            None => Event::Resolved { endpoints: resolution.endpoints, reason: resolution.trouble },
        });
        self.publish();
    }

    /// Takes in what a connection met; whether the session may not forward at all.
    fn report(&mut self, report: Report) -> bool {
        let (mark, forbidden) = match report {
            Report::Carried => (None, false),
            Report::Failed(endpoint, Failure { kind, text }) => {
                let what = match kind {
                    Kind::Refused => format!("{} refused :{}", endpoint.pod, endpoint.port),
                    // The API server's own words. A runtime's are long, and say no more than the kind.
                    Kind::Unreachable => format!("{} :{}: {kind}: {text}", endpoint.pod, endpoint.port),
                    _ => format!("{} :{}: {kind}", endpoint.pod, endpoint.port),
                };
                tracing::debug!(pod = endpoint.pod, port = endpoint.port, %kind, text, "connection failed");
                if kind == Kind::Forbidden {
                    self.step(Event::Lost {
                        reason: may_not_forward(&self.forward.namespace, &text),
                        needs_you: true,
                        attempt: 1,
                        retry_at: wall_clock(Instant::now() + FORBIDDEN),
                    });
                }
                (Some(what), kind == Kind::Forbidden)
            }
        };
        self.view.send_if_modified(|view| {
            let modified = view.mark != mark;
            view.mark = mark;
            modified
        });
        if forbidden {
            self.publish();
        }
        forbidden
    }

    /// The one writer of the phase.
    fn step(&mut self, event: Event) {
        self.phases.send_modify(|phase| *phase = std::mem::replace(phase, Phase::Stopped).next(event));
        self.shared.warm(&mut self.warm);
    }

    /// Ends all connections and frees the ports.
    async fn release(&mut self) {
        self.released.cancel();
        while self.listening.join_next().await.is_some() {}
        self.bound.clear();
        self.warm.clear();
    }

    fn publish(&self) {
        let phase = self.phases.borrow().clone();
        let listeners = self.bound.iter().map(|(slot, bound)| self.listener(*slot, bound)).collect();
        let counters = self.shared.tally.counters();
        self.view.send_if_modified(|view| {
            let next = SessionView { phase, listeners, counters, ..view.clone() };
            let modified = *view != next;
            *view = next;
            modified
        });
    }

    fn listener(&self, slot: usize, bound: &Bound) -> ListenerView {
        ListenerView {
            slot,
            address: bound.addresses.first().map(ToString::to_string).unwrap_or_default(),
            addresses: bound.addresses.iter().map(ToString::to_string).collect(),
            port: bound.port,
            remote: self.forward.ports[slot].remote.clone(),
            instead_of: bound.instead_of.clone(),
        }
    }
}

/// Accepts and serves until it is told to end, and then ends all that it serves. A connection's own task begins at once,
/// with nobody between: the first byte of each passes here.
async fn accept(slot: usize, listener: Arc<TcpListener>, shared: Arc<Shared>, released: CancellationToken) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            () = released.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok((client, _)) => {
                    let shared = shared.clone();
                    connections.spawn(async move { shared.serve(slot, client).await });
                }
                Err(error) => {
                    // Out of file descriptors, mostly: others may be closed in a moment. Trying at once would spin.
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
    connections.shutdown().await;
}

async fn at(instant: Option<Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant).await,
        None => std::future::pending().await,
    }
}

fn may_not_forward(namespace: &str, text: &str) -> Problem {
    Problem {
        code: Code::Forbidden,
        message: format!("You may not forward ports to pods in “{namespace}”: {text}."),
        next: "Ask whoever runs the cluster for a Role with the verbs get and create on pods/portforward.".into(),
    }
}

/// What a session shows before its task has said anything.
pub(crate) fn first_view(id: SessionId, forward: &Forward) -> SessionView {
    SessionView {
        id,
        balance: forward.balance(),
        forward: forward.clone(),
        phase: Phase::Resolving,
        listeners: Vec::new(),
        counters: view::Counters::default(),
        mark: None,
        started_at: now(),
    }
}

/// Milliseconds since 1970.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

fn wall_clock(instant: Instant) -> u64 {
    let ahead = instant.saturating_duration_since(Instant::now());
    now().saturating_add(u64::try_from(ahead.as_millis()).unwrap_or(u64::MAX))
}
