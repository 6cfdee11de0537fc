//! One local connection: holds it until an endpoint can take it, dials, carries, and tries again where that is safe.
//!
//! A connection moves to another endpoint only while no pod can have received any of its bytes; anything else may have
//! been executed, and is reset instead.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use portolan_wire::{Connector, Failure, Kind, PodPort, Warmth};
use tokio::{
    net::TcpStream,
    sync::{Semaphore, mpsc, watch},
    time::Instant,
};

use super::{
    splice::{Replay, Spliced, splice},
    tally::Tally,
};
use crate::{
    forward::Balance,
    phase::{Endpoint, Phase},
    watched::backoff,
};

/// Connections that may be held at once. A client in a loop must not fill the memory while its Service is away.
const HELD: usize = 256;

/// A port that refuses is tried for this long if it has answered before: its container is probably being restarted, and
/// its pod not yet marked unready. A busy node was seen to take 5 s.
const RESTARTING: Duration = Duration::from_secs(10);

/// What all connections of one session share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) connector: Arc<dyn Connector>,
    pub(crate) namespace: String,
    pub(crate) balance: Balance,
    pub(crate) hold: Duration,
    pub(crate) phase: watch::Receiver<Phase>,
    pub(crate) tally: Tally,
    pub(crate) reports: mpsc::UnboundedSender<Report>,
    held: Semaphore,
    /// The pod that a sticky session is on.
    stuck_to: Mutex<Option<String>>,
    /// Whether the session was told of a failure since it was last told that all is well.
    marked: AtomicBool,
}

/// What a connection tells its session.
#[derive(Debug)]
pub(crate) enum Report {
    /// A connection was carried to its end, the first after a failure.
    Carried,
    /// An endpoint did not.
    Failed(Endpoint, Failure),
}

impl Shared {
    pub(crate) fn new(
        connector: Arc<dyn Connector>,
        namespace: String,
        (balance, hold): (Balance, Duration),
        phase: watch::Receiver<Phase>,
        reports: mpsc::UnboundedSender<Report>,
    ) -> Self {
        Shared {
            connector,
            namespace,
            balance,
            hold,
            phase,
            tally: Tally::default(),
            reports,
            held: Semaphore::new(HELD),
            stuck_to: Mutex::default(),
            marked: AtomicBool::default(),
        }
    }

    /// Serves one local connection for the port `slot`, to its end.
    pub(crate) async fn serve(&self, slot: usize, client: TcpStream) {
        // Small answers must not wait for each other; a failure costs only that.
        let _ = client.set_nodelay(true);
        let mut client = Local { stream: client, finished: false };
        let deadline = Instant::now() + self.hold;
        let mut replay = Replay::default();
        let mut tries = Tries::default();
        loop {
            let Some(endpoint) = self.endpoint(slot, &client.stream, &mut tries, deadline).await else {
                return self.tally.refused();
            };
            let to = self.address(&endpoint);
            let failure =
                match self.connector.connect(&to, replay.with_what_is_there(&client.stream, &self.tally)).await {
                    Err(failure) => failure,
                    Ok(connection) => {
                        let open = self.tally.open();
                        let spliced = splice(&mut client.stream, connection, &mut replay, &self.tally).await;
                        drop(open);
                        match spliced {
                            Spliced::Served => {
                                client.finished = true;
                                self.tally.served();
                                return self.report(Report::Carried);
                            }
                            Spliced::Cut(failure) => {
                                self.tally.cut();
                                return self.report(Report::Failed(endpoint, failure));
                            }
                            Spliced::NotDialled(failure) => failure,
                        }
                    }
                };
            let kind = failure.kind;
            tries.failed(&endpoint, kind);
            self.report(Report::Failed(endpoint, failure));
            // Nobody who may not forward is served by trying again.
            if kind == Kind::Forbidden || !replay.is_whole() {
                return self.tally.refused();
            }
            self.tally.retried();
        }
    }

    /// The endpoint for the next try; waits for one while there is none, and gives up at the deadline or when the
    /// client leaves.
    async fn endpoint(
        &self,
        slot: usize,
        client: &TcpStream,
        tries: &mut Tries,
        deadline: Instant,
    ) -> Option<Endpoint> {
        let mut phase = self.phase.clone();
        if let Some(endpoint) = self.choose(&phase.borrow_and_update(), slot, tries) {
            return Some(endpoint);
        }
        let _permit = self.held.try_acquire().ok()?;
        let _held = self.tally.held();
        let left = client_left(client);
        tokio::pin!(left);
        loop {
            let again = tries.again(self.tally.has_answered(), phase.borrow().endpoints(slot).count());
            let retry_at = match again {
                Again::Wait => deadline,
                Again::At(at) => at.min(deadline),
                Again::GiveUp => return None,
            };
            tokio::select! {
                biased;
                () = &mut left => return None,
                () = tokio::time::sleep_until(retry_at) => {
                    if retry_at >= deadline {
                        return None;
                    }
                    tries.refused_by.clear();
                }
                // The session lives longer than its connections.
                changed = phase.changed() => changed.ok()?,
            }
            if let Some(endpoint) = self.choose(&phase.borrow_and_update(), slot, tries) {
                return Some(endpoint);
            }
        }
    }

    fn choose(&self, phase: &Phase, slot: usize, tries: &Tries) -> Option<Endpoint> {
        let open: Vec<&Endpoint> = phase.endpoints(slot).filter(|e| !tries.excludes(&e.uid)).collect();
        match self.balance {
            Balance::Balanced => fastrand::choice(open).cloned(),
            Balance::Sticky => {
                let mut stuck_to = self.stuck_to.lock().unwrap_or_else(PoisonError::into_inner);
                let stuck = open.iter().find(|e| Some(&e.uid) == stuck_to.as_ref());
                let chosen = (*stuck.or(open.first())?).clone();
                *stuck_to = Some(chosen.uid.clone());
                Some(chosen)
            }
        }
    }

    /// Keeps ready what the next connections will need: a way to each pod that one may go to.
    pub(crate) fn warm(&self, before: &mut HashMap<String, Warmth>) {
        let phase = self.phase.borrow();
        let stuck_to = self.stuck_to.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut wanted: Vec<&Endpoint> = phase.all_endpoints().collect();
        if self.balance == Balance::Sticky {
            let stuck = wanted.iter().find(|endpoint| Some(&endpoint.uid) == stuck_to.as_ref());
            wanted = stuck.or(wanted.first()).copied().into_iter().collect();
        }
        before.retain(|uid, _| wanted.iter().any(|endpoint| endpoint.uid == *uid));
        for endpoint in wanted {
            before.entry(endpoint.uid.clone()).or_insert_with(|| self.connector.warm(&self.address(endpoint)));
        }
    }

    fn address(&self, endpoint: &Endpoint) -> PodPort {
        PodPort {
            namespace: self.namespace.clone(),
            pod: endpoint.pod.clone(),
            uid: endpoint.uid.clone(),
            port: endpoint.port,
        }
    }

    fn report(&self, report: Report) {
        let bad = matches!(report, Report::Failed(..));
        if !self.marked.swap(bad, Relaxed) && !bad {
            return; // That all is well is news only after something else.
        }
        // The session may be over already; then nobody needs to know.
        let _ = self.reports.send(report);
    }
}

/// What one connection has tried in vain.
#[derive(Debug, Default)]
struct Tries {
    /// Pods that are gone.
    gone: HashSet<String>,
    /// Pods that refused, or could not be reached, since all were last tried.
    refused_by: HashSet<String>,
    failures: u32,
    first: Option<(Instant, Kind)>,
}

/// When the endpoints that failed are tried again.
enum Again {
    /// Not before others come.
    Wait,
    At(Instant),
    /// No more: the port refuses for good.
    GiveUp,
}

impl Tries {
    fn failed(&mut self, endpoint: &Endpoint, kind: Kind) {
        self.failures += 1;
        self.first.get_or_insert((Instant::now(), kind));
        let set = if kind == Kind::PodGone { &mut self.gone } else { &mut self.refused_by };
        set.insert(endpoint.uid.clone());
    }

    fn excludes(&self, uid: &String) -> bool {
        self.gone.contains(uid) || self.refused_by.contains(uid)
    }

    fn again(&self, has_answered: bool, endpoints: usize) -> Again {
        let Some((first, kind)) = self.first else { return Again::Wait };
        if self.refused_by.is_empty() || endpoints == 0 {
            return Again::Wait;
        }
        if kind == Kind::Refused && !(has_answered && first.elapsed() < RESTARTING) {
            return Again::GiveUp;
        }
        Again::At(Instant::now() + backoff(self.failures))
    }
}

/// Ends when a client that waits has left, and never while it may still want an answer.
async fn client_left(client: &TcpStream) {
    let mut first = [0; 1];
    match client.peek(&mut first).await {
        // It has closed without a word, or was cut off.
        Ok(0) | Err(_) => {}
        Ok(_) => std::future::pending().await,
    }
}

/// The local end of a connection. Unless it has finished in good order, dropping it resets it: a client must not take
/// what was cut off, by whatever, for the end of the answer.
struct Local {
    stream: TcpStream,
    finished: bool,
}

impl Drop for Local {
    fn drop(&mut self) {
        if !self.finished {
            // Where that cannot be set, the client sees an end of stream instead.
            let _ = self.stream.set_zero_linger();
        }
    }
}
