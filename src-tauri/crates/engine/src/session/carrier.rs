//! One local connection: holds it until an endpoint can take it, dials, carries, and tries again where that is safe.
//!
//! A connection moves to another endpoint only while no pod can have received any of its bytes; anything else may have
//! been executed, and is reset instead.

use std::{
    collections::HashSet,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use portolan_wire::{Failure, Kind};
use tokio::{
    net::TcpStream,
    sync::{Semaphore, mpsc, watch},
    time::Instant,
};

use super::{
    connections::{Connections, Counts},
    departed::Open,
    journal::{Journal, SessionEvent, What},
    splice::{FirstByte, Replay, Spliced, splice},
    steer::Steer,
    tale::{Step, Tales},
    tally::Tally,
    ways::address,
};
use crate::{cluster::Cluster, phase::Endpoint, watched::backoff};

/// Connections that may be held at once. A client in a loop must not fill the memory while its Service is away.
const HELD: usize = 256;

/// A port that refuses is tried for this long if it has answered before: its container is probably being restarted, and
/// its pod not yet marked unready. A busy node was seen to take 5 s.
const RESTARTING: Duration = Duration::from_secs(10);

/// A client that has not said anything is given to another pod so often when a connection breaks. A pod that resets
/// whoever comes would else be dialled until the client gives up.
const BROKEN: u32 = 2;

/// What all connections of one session share.
#[derive(Debug)]
pub(crate) struct Shared {
    cluster: Mutex<Arc<Cluster>>,
    pub(crate) namespace: String,
    pub(crate) hold: Duration,
    /// What connections may go to now, best first.
    pub(crate) offered: watch::Receiver<Vec<Endpoint>>,
    pub(crate) tally: Tally,
    pub(crate) open: Arc<Open>,
    pub(crate) journal: Arc<Journal>,
    tales: Arc<Tales>,
    connections: Arc<Connections>,
    pub(crate) reports: mpsc::UnboundedSender<Report>,
    held: Semaphore,
    steer: Mutex<Steer>,
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
        cluster: Arc<Cluster>,
        namespace: String,
        (steer, hold): (Steer, Duration),
        offered: watch::Receiver<Vec<Endpoint>>,
        (journal, tales, connections): (Arc<Journal>, Arc<Tales>, Arc<Connections>),
        reports: mpsc::UnboundedSender<Report>,
    ) -> Self {
        Shared {
            cluster: Mutex::new(cluster),
            namespace,
            hold,
            offered,
            tally: Tally::default(),
            open: Arc::default(),
            journal,
            tales,
            connections,
            reports,
            held: Semaphore::new(HELD),
            steer: Mutex::new(steer),
            marked: AtomicBool::default(),
        }
    }

    pub(crate) fn cluster(&self) -> Arc<Cluster> {
        self.cluster.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The client for what connects from now on; connections that there are go on.
    pub(crate) fn set_cluster(&self, cluster: Arc<Cluster>) {
        *self.cluster.lock().unwrap_or_else(PoisonError::into_inner) = cluster;
    }

    /// How connections are spread.
    pub(crate) fn steer(&self) -> MutexGuard<'_, Steer> {
        // Every change to it is one assignment: a panic elsewhere leaves it whole.
        self.steer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Serves one local connection for the port `slot`, to its end; `from` is its client's address.
    pub(crate) async fn serve(&self, slot: usize, client: TcpStream, from: SocketAddr) {
        // Small answers must not wait for each other; a failure costs only that.
        let _ = client.set_nodelay(true);
        let mut client = Local { stream: client, finished: false };
        let listed = self.connections.enter(slot, from);
        let counts = Counts { tally: &self.tally, listed: &listed };
        let began = Instant::now();
        let deadline = began + self.hold;
        let mut was_held = false;
        let mut replay = Replay::default();
        let mut tries = Tries::default();
        loop {
            let found = self.endpoint(slot, &client.stream, &mut tries, (began, deadline)).await;
            let endpoint = match found {
                Ok((endpoint, waited)) => {
                    was_held |= waited;
                    endpoint
                }
                Err(why) => return self.refused(&client, &why, began),
            };
            let to = address(&self.namespace, &endpoint);
            let first = replay.with_what_is_there(&client.stream, counts);
            let failure = match self.cluster().connector.connect(&to, first).await {
                Err(failure) => failure,
                Ok(connection) => {
                    if was_held {
                        self.journal.note(SessionEvent::new(What::Held).pod(&endpoint.pod).took(began.elapsed()));
                    }
                    self.tales.tell(&client.stream, || Step::Given {
                        to: endpoint.clone(),
                        held: was_held,
                        again: tries.failures,
                        after: began.elapsed(),
                    });
                    let open = (self.tally.open(), self.open.enter(&endpoint));
                    listed.is_with(Some(&endpoint));
                    let first_byte = FirstByte::of_one_that_began(began);
                    let spliced = tokio::select! {
                        biased;
                        spliced = splice(&mut client.stream, connection, &mut replay, counts, &first_byte) => spliced,
                        () = open.1.cut() => {
                            let failure = Failure { kind: Kind::PodGone, text: "and had not ended it".into() };
                            Spliced::Cut { failure, answered: first_byte.has_come() }
                        }
                    };
                    drop(open);
                    listed.is_with(None);
                    match spliced {
                        Spliced::Served => {
                            client.finished = true;
                            self.tally.served();
                            return self.report(Report::Carried);
                        }
                        Spliced::Unanswered => {
                            client.finished = true;
                            self.tally.unanswered();
                            let event = SessionEvent::new(What::DeliveredUnanswered).pod(&endpoint.pod);
                            let text = "its pod ended the connection without an answer";
                            self.journal.note(event.took(began.elapsed()).text(text));
                            return self.report(Report::Carried);
                        }
                        Spliced::Cut { failure, answered } => {
                            return self.cut(&client, endpoint, (failure, answered), began);
                        }
                        Spliced::NotDialled(failure) => failure,
                    }
                }
            };
            let kind = failure.kind;
            let words = failure.to_string();
            tries.failed(&endpoint, kind);
            self.report(Report::Failed(endpoint.clone(), failure));
            // Nobody who may not forward is served by trying again.
            if kind == Kind::Forbidden || !replay.is_whole() || tries.broken > BROKEN {
                return self.refused(&client, &words, began);
            }
            self.tally.retried();
            self.journal.note(SessionEvent::new(What::Retried).pod(&endpoint.pod).text(words));
        }
    }

    fn refused(&self, client: &Local, why: &str, began: Instant) {
        self.tally.refused();
        self.tales.tell(&client.stream, || Step::Ended { why: why.to_owned() });
        self.journal.note(SessionEvent::new(What::Refused).took(began.elapsed()).text(why));
    }

    fn cut(&self, client: &Local, endpoint: Endpoint, (failure, answered): (Failure, bool), began: Instant) {
        self.tales.tell(&client.stream, || Step::Ended { why: format!("{} {failure}", endpoint.pod) });
        let what = if answered {
            self.tally.cut();
            What::Cut
        } else {
            self.tally.unanswered();
            What::DeliveredUnanswered
        };
        self.journal.note(SessionEvent::new(what).pod(&endpoint.pod).took(began.elapsed()).text(&failure));
        self.report(Report::Failed(endpoint, failure));
    }

    /// The endpoint for the next try, and whether it had to be waited for. Gives up at the deadline or when the client
    /// leaves, and says why.
    async fn endpoint(
        &self,
        slot: usize,
        client: &TcpStream,
        tries: &mut Tries,
        (began, deadline): (Instant, Instant),
    ) -> Result<(Endpoint, bool), String> {
        let mut offered = self.offered.clone();
        if let Some(endpoint) = self.choose(&offered.borrow_and_update(), slot, tries) {
            return Ok((endpoint, false));
        }
        let Ok(_permit) = self.held.try_acquire() else { return Err(format!("{HELD} connections are held already")) };
        let _held = self.tally.held();
        let left = client_left(client);
        tokio::pin!(left);
        let in_vain = || format!("no pod could take it within {} s", (deadline - began).as_secs());
        loop {
            let there = offered.borrow().iter().filter(|endpoint| endpoint.slot == slot).count();
            let retry_at = match tries.again(self.tally.has_answered(), there) {
                Again::Wait => deadline,
                Again::At(at) => at.min(deadline),
                Again::GiveUp => return Err("its pods refuse it".into()),
            };
            tokio::select! {
                biased;
                () = &mut left => return Err("its client left while it was held".into()),
                () = tokio::time::sleep_until(retry_at) => {
                    if retry_at >= deadline {
                        return Err(in_vain());
                    }
                    tries.refused_by.clear();
                }
                // The session lives longer than its connections.
                changed = offered.changed() => changed.map_err(|_| "the session is over".to_owned())?,
            }
            if let Some(endpoint) = self.choose(&offered.borrow_and_update(), slot, tries) {
                return Ok((endpoint, true));
            }
        }
    }

    fn choose(&self, offered: &[Endpoint], slot: usize, tries: &Tries) -> Option<Endpoint> {
        let mine = offered.iter().filter(|endpoint| endpoint.slot == slot);
        let open: Vec<&Endpoint> = mine.filter(|endpoint| !tries.excludes(&endpoint.uid)).collect();
        let (chosen, moved) = self.steer().choose(&open)?;
        if moved {
            self.journal.note(SessionEvent::new(What::Moved).pod(&chosen.pod));
        }
        Some(chosen)
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
    /// Connections that broke before the client had said anything.
    broken: u32,
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
        self.broken += u32::from(kind == Kind::Broken);
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
