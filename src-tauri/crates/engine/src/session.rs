//! The session task: one forward that runs.
//!
//! It binds the local ports and keeps them, follows the target through a resolver, moves its [`Phase`] by
//! [`Phase::next`] and nothing else, and serves local connections. What it shows is one watched [`SessionView`], of
//! which this task is the only writer. Cancelling the task's token ends it and all that it owns.
//!
//! The map:
//! - `standing` is the pure half: what is known of the target, and what follows for the phase and for connections.
//! - `ways` keeps the ways to the pods warm and knows which of them work; `steer` chooses among pods.
//! - `departed` looks after what is open to pods that take nothing new.
//! - `carrier` serves one local connection, `splice` carries its bytes, `connections` lists those that there are.
//! - `tally` counts, [`journal`] lists what happened, `tale` tells what became of one connection to whoever asks, `unsteady` tells what comes and goes, [`view`] is what is shown.

mod carrier;
pub(crate) mod connections;
pub(crate) mod control;
mod departed;
pub mod journal;
mod splice;
mod standing;
mod steer;
pub(crate) mod tale;
mod tally;
#[cfg(test)]
mod tests;
mod unsteady;
pub mod view;
mod ways;

use std::{
    future::Future,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use portolan_wire::{Failure, Kind};
use tokio::{
    net::TcpListener,
    sync::{mpsc, watch},
    task::JoinSet,
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use crate::{
    cluster::Cluster,
    error::Code,
    forward::{Balance, Forward, LocalPort, PortRef},
    local_port::{self, Bound},
    phase::{Endpoint, Event, Phase},
    resolve::Found,
    watched::Failing,
};
use carrier::{Report, Shared};
use connections::Connections;
use control::Control;
use journal::{Journal, SessionEvent, What};
use standing::{Lost, Standing, may_not_forward};
use steer::Steer;
use tale::Tales;
use unsteady::Unsteady;
use view::{ListenerView, SessionId, SessionView};
use ways::{Way, Ways};

/// Counters are published this often at most: no eye follows more.
const COUNTERS_PACE: Duration = Duration::from_millis(250);

/// How long a session that may not forward waits before a connection may try again.
const FORBIDDEN: Duration = Duration::from_secs(30);

/// Where a session learns of its target: the resolver, or a test's script.
pub(crate) trait Targets: Send + 'static {
    fn next(&mut self) -> impl Future<Output = Found> + Send;

    /// Goes on by another client of the same context.
    fn go_on_by(&mut self, cluster: Arc<Cluster>);
}

impl Targets for crate::resolve::Resolver {
    fn next(&mut self) -> impl Future<Output = Found> + Send {
        crate::resolve::Resolver::next(self)
    }

    fn go_on_by(&mut self, cluster: Arc<Cluster>) {
        crate::resolve::Resolver::go_on_by(self, cluster);
    }
}

/// What reaches a session from outside.
pub(crate) struct Inputs<T> {
    pub(crate) targets: T,
    /// The context's cluster; another one when its kubeconfig was changed.
    pub(crate) cluster: watch::Receiver<Arc<Cluster>>,
    pub(crate) controls: mpsc::UnboundedReceiver<Control>,
    /// Who asks what became of connections.
    pub(crate) tales: Arc<Tales>,
    /// Where its connections are listed.
    pub(crate) connections: Arc<Connections>,
    pub(crate) cancel: CancellationToken,
}

/// Runs one forward until it is cancelled. `view` ends with a final phase only if the session is over by itself; the
/// task stays to show it until it is cancelled.
pub(crate) async fn run(
    forward: Forward,
    inputs: Inputs<impl Targets>,
    view: watch::Sender<SessionView>,
    journal: Arc<Journal>,
) {
    let Inputs { targets, mut cluster, controls, tales, connections, cancel } = inputs;
    let (offer, offered) = watch::channel(Vec::new());
    let (reports, reported) = mpsc::unbounded_channel();
    let hold = Duration::from_secs(forward.hold_seconds.into());
    let now = cluster.borrow_and_update().clone();
    let steer = Steer::new(forward.balance());
    let namespace = forward.namespace.clone();
    let shared = Arc::new(Shared::new(now, namespace, (steer, hold), offered, (journal, tales, connections), reports));
    let mut session = Session {
        forward,
        phase: Phase::Resolving,
        since: Instant::now(),
        unsteady: Unsteady::default(),
        offer,
        shared,
        view,
        bound: Vec::new(),
        listening: JoinSet::new(),
        released: CancellationToken::new(),
        ways: Ways::default(),
        standing: Standing::default(),
        departed: JoinSet::new(),
    };
    tokio::select! {
        biased;
        () = cancel.cancelled() => {}
        () = session.work(targets, cluster, controls, reported) => {}
    }
    session.step(Event::Stop);
    session.release().await;
    session.publish();
}

struct Session {
    forward: Forward,
    phase: Phase,
    /// When it last became active, or ceased to be.
    since: Instant,
    unsteady: Unsteady,
    /// What connections may go to now.
    offer: watch::Sender<Vec<Endpoint>>,
    shared: Arc<Shared>,
    view: watch::Sender<SessionView>,
    /// By slot.
    bound: Vec<(usize, Bound)>,
    /// Each accepts on one address, and owns the connections that it accepted.
    listening: JoinSet<()>,
    /// Ends those.
    released: CancellationToken,
    ways: Ways,
    standing: Standing,
    /// Each looks after what is open to a pod that takes nothing new.
    departed: JoinSet<()>,
}

impl Session {
    async fn work(
        &mut self,
        mut targets: impl Targets,
        mut cluster: watch::Receiver<Arc<Cluster>>,
        mut controls: mpsc::UnboundedReceiver<Control>,
        mut reported: mpsc::UnboundedReceiver<Report>,
    ) {
        self.bind_known().await;
        self.publish();
        let shared = self.shared.clone();
        let mut counters_due = Instant::now();
        let mut counters_stale = false;
        while !self.phase.is_final() {
            let forbidden_until = self.standing.forbidden.as_ref().map(|lost| lost.retry_at);
            let steady_at = self.unsteady.look(Instant::now()).1;
            tokio::select! {
                found = targets.next() => self.found(found).await,
                Some(report) = reported.recv() => self.report(report),
                () = self.ways.changed() => self.apply(),
                Some(_) = self.departed.join_next() => {}
                Some(control) = controls.recv() => self.control(control),
                Ok(()) = cluster.changed() => {
                    let cluster = cluster.borrow_and_update().clone();
                    targets.go_on_by(cluster.clone());
                    self.go_on_by(cluster);
                }
                () = at(forbidden_until) => {
                    self.standing.forbidden = None;
                    self.apply();
                }
                () = at(steady_at) => self.publish(),
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
                if let Some(address) = bound.addresses.first() {
                    self.shared.journal.note(SessionEvent::new(What::Listening).text(address));
                }
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
                if self.standing.lost.is_none() {
                    let event = SessionEvent::new(What::NotFollowed).because(reason.code, &reason.message);
                    self.shared.journal.note(event);
                }
                self.standing.lost = Some(Lost { reason, needs_you, attempt, retry_at });
                self.apply();
            }
            Found::PodGone(reason) => {
                self.step(Event::PodGone { reason });
                self.publish();
            }
            Found::Now(resolution) => {
                for (slot, number) in resolution.numbers.iter().enumerate() {
                    let unbound = !self.bound.iter().any(|(bound, _)| *bound == slot);
                    if let (true, Some(number)) = (unbound, number)
                        && !self.bind(slot, *number).await
                    {
                        return self.publish();
                    }
                }
                self.note_endpoints(&resolution.endpoints);
                self.unsteady.note_restarts(resolution.restarts.as_ref());
                // One client, so that it stays with one pod; unless the user wants it otherwise.
                let had_affinity = self.standing.resolution.as_ref().is_some_and(|before| before.affinity);
                if self.forward.balance.is_none() && resolution.affinity != had_affinity {
                    let balance = if resolution.affinity { Balance::Sticky } else { self.forward.balance() };
                    self.set_balance(balance);
                }
                self.standing = Standing { resolution: Some(resolution), ..Standing::default() };
                self.apply();
            }
        }
    }

    /// Notes which pods came and which went.
    fn note_endpoints(&mut self, now: &[Endpoint]) {
        let mut departed = Vec::new();
        let before = self.standing.resolution.as_ref().map(|r| r.endpoints.as_slice()).unwrap_or_default();
        let missing_in = |one: &Endpoint, others: &[Endpoint]| !others.iter().any(|other| other.uid == one.uid);
        let changes = [(What::EndpointRemoved, before, now), (What::EndpointAdded, now, before)];
        for (what, these, others) in changes {
            let mut told = Vec::new();
            for endpoint in these.iter().filter(|endpoint| missing_in(endpoint, others)) {
                // A pod has an endpoint for each port.
                if !told.contains(&&endpoint.uid) {
                    told.push(&endpoint.uid);
                    self.shared.journal.note(SessionEvent::new(what).pod(&endpoint.pod));
                    if what == What::EndpointRemoved && self.shared.open.is_to_be_watched(&endpoint.uid) {
                        let (cluster, namespace) = (self.shared.cluster(), self.forward.namespace.clone());
                        departed.push(self.shared.open.clone().watch(cluster, namespace, endpoint.clone()));
                    }
                }
            }
        }
        departed.into_iter().for_each(|watching| {
            self.departed.spawn(watching);
        });
    }

    /// Takes the phase, the ways and what is offered to connections from what is known now.
    fn apply(&mut self) {
        self.keep_ways();
        let way = self.ways.together();
        if let Some(event) = self.standing.event(&way) {
            self.step(event);
        }
        self.offer_to_connections(&way);
        self.publish();
    }

    /// Keeps ready what the next connections will need: a way to each pod that one may go to. Where none of those works,
    /// the others are tried too.
    fn keep_ways(&mut self) {
        let all: Vec<&Endpoint> = self.standing.resolution.iter().flat_map(|found| &found.endpoints).collect();
        let mut wanted = self.shared.steer().candidates(&all);
        if wanted.iter().all(|endpoint| self.ways.has_failed(&endpoint.uid)) {
            wanted = all;
        }
        self.ways.keep(self.shared.cluster().connector.as_ref(), &self.forward.namespace, &wanted);
    }

    fn offer_to_connections(&mut self, way: &Way) {
        let all = self.standing.resolution.iter().flat_map(|found| &found.endpoints);
        let worth_it = !self.phase.is_final() && self.standing.is_worth_trying(way);
        // Another way than one that is known to fail is open: else it would not be worth trying.
        let offered: Vec<Endpoint> =
            all.filter(|endpoint| worth_it && !self.ways.has_failed(&endpoint.uid)).cloned().collect();
        self.offer.send_if_modified(|before| {
            let modified = *before != offered;
            *before = offered;
            modified
        });
    }

    /// Goes on by another client: what is open stays, what is new goes there.
    fn go_on_by(&mut self, cluster: Arc<Cluster>) {
        self.shared.journal.note(SessionEvent::new(What::Reconfigured));
        self.shared.set_cluster(cluster);
        self.ways.clear();
        self.standing.forbidden = None;
        self.apply();
    }

    fn control(&mut self, control: Control) {
        match control {
            Control::Retry => {
                self.standing.forbidden = None;
                self.shared.cluster().connector.retry_now();
            }
            Control::Balance(balance) => self.set_balance(balance),
            Control::MoveTo(uid) => {
                let mut endpoints = self.standing.resolution.iter().flat_map(|found| &found.endpoints);
                // It may have gone since the user saw it.
                let Some(endpoint) = endpoints.find(|endpoint| endpoint.uid == uid) else { return };
                self.shared.steer().move_to(&uid);
                self.shared.journal.note(SessionEvent::new(What::Moved).pod(&endpoint.pod));
            }
        }
        self.apply();
    }

    fn set_balance(&self, balance: Balance) {
        self.shared.steer().set_balance(balance);
        let text = match balance {
            Balance::Balanced => "balanced",
            Balance::Sticky => "sticky",
        };
        self.shared.journal.note(SessionEvent::new(What::Balance).text(text));
    }

    /// Takes in what a connection met.
    fn report(&mut self, report: Report) {
        let mark = match report {
            Report::Carried => None,
            Report::Failed(endpoint, Failure { kind, text }) => {
                let what = match kind {
                    Kind::Refused => format!("{} refused :{}", endpoint.pod, endpoint.port),
                    // The API server's own words. A runtime's are long, and say no more than the kind.
                    Kind::Unreachable => format!("{} :{}: {kind}: {text}", endpoint.pod, endpoint.port),
                    _ => format!("{} :{}: {kind}", endpoint.pod, endpoint.port),
                };
                tracing::debug!(pod = endpoint.pod, port = endpoint.port, %kind, text, "connection failed");
                if kind == Kind::Forbidden {
                    let lost = may_not_forward(&self.forward.namespace, &text, Instant::now() + FORBIDDEN);
                    self.standing.forbidden = Some(lost);
                    self.apply();
                }
                Some(what)
            }
        };
        self.view.send_if_modified(|view| {
            let modified = view.mark != mark;
            view.mark = mark;
            modified
        });
    }

    /// The one writer of the phase.
    fn step(&mut self, event: Event) {
        let before = std::mem::replace(&mut self.phase, Phase::Stopped);
        self.phase = before.clone().next(event);
        let now = Instant::now();
        self.unsteady.note(&self.phase, now);
        let Some(event) = news(&before, &self.phase) else { return };
        let lasted = now.duration_since(self.since);
        self.since = now;
        if matches!(self.phase, Phase::Active { .. }) && matches!(before, Phase::Waiting { .. }) {
            self.shared.tally.reconnected();
        }
        self.shared.journal.note(event.took(lasted));
    }

    /// Ends all connections and frees the ports.
    async fn release(&mut self) {
        self.released.cancel();
        while self.listening.join_next().await.is_some() {}
        self.bound.clear();
        self.ways.clear();
        self.departed.shutdown().await;
    }

    fn publish(&mut self) {
        let phase = self.phase.clone();
        let listeners = self.bound.iter().map(|(slot, bound)| self.listener(*slot, bound)).collect();
        let counters = self.shared.tally.counters();
        let events = self.shared.journal.last();
        let balance = self.shared.steer().balance();
        let unstable = self.unsteady.look(Instant::now()).0.filter(|_| !phase.is_final());
        let resolution = self.standing.resolution.as_ref();
        let terminating_at = resolution.and_then(|resolution| resolution.terminating_at);
        // A pod that is gone was found with its owner before.
        let instead = resolution.and_then(|resolution| resolution.owner.clone());
        self.view.send_if_modified(|view| {
            let next = SessionView {
                phase,
                listeners,
                counters,
                events,
                balance,
                unstable,
                terminating_at,
                instead,
                ..view.clone()
            };
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
                Ok((client, from)) => {
                    let shared = shared.clone();
                    connections.spawn(async move { shared.serve(slot, client, from).await });
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

/// What is worth a line of a change of phase: another state, or another reason.
fn news(before: &Phase, now: &Phase) -> Option<SessionEvent> {
    let told =
        |what, problem: &crate::error::Problem| Some(SessionEvent::new(what).because(problem.code, &problem.message));
    match (before, now) {
        (Phase::Active { .. }, Phase::Active { .. }) | (_, Phase::Resolving) => None,
        (Phase::Waiting { reason: before, .. }, Phase::Waiting { reason: now, .. }) if before.code == now.code => None,
        (_, Phase::Active { .. }) => Some(SessionEvent::new(What::Active)),
        (_, Phase::Waiting { reason, .. }) => told(What::Waiting, reason),
        (_, Phase::Broken { reason }) => told(What::Broken, reason),
        (_, Phase::Failed { error }) => told(What::Failed, error),
        (_, Phase::Stopped) => Some(SessionEvent::new(What::Stopped)),
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
        unstable: None,
        instead: None,
        terminating_at: None,
        events: 0,
        mark: None,
        started_at: now(),
    }
}

/// Milliseconds since 1970.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

fn wall_clock(instant: Instant) -> u64 {
    let ahead = instant.saturating_duration_since(Instant::now());
    now().saturating_add(u64::try_from(ahead.as_millis()).unwrap_or(u64::MAX))
}
