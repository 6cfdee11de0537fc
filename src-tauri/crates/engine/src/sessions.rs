//! The supervisor: owns every session, and joins each when it ends.

mod habits;
mod heir;
mod told;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::{
    sync::{Notify, mpsc, watch},
    task::JoinHandle,
};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{
    cluster::Cluster,
    context::ContextId,
    error::Problem,
    feed::{Feed, Part},
    forward::{Balance, Forward},
    phase::{Event, Phase},
    resolve::Resolver,
    session::{
        self, Inputs,
        connections::Connections,
        control::Control,
        journal::{Journal, SessionEvent, What},
        tale::{Heard, Tales},
        view::{OpenConnections, SessionId, SessionView},
    },
};
use habits::Habits;
use heir::Ports;

/// A session that does not end within this is abandoned to the runtime's end. Nothing in one waits this long.
const STOP_TIMEOUT: Duration = Duration::from_secs(3);

/// All sessions.
#[derive(Debug)]
pub struct Sessions {
    feed: Arc<Feed>,
    next_id: AtomicU64,
    habits: Arc<Habits>,
    running: Mutex<BTreeMap<SessionId, Running>>,
    /// Grows whenever one begins, ends, is over or listens elsewhere.
    changes: watch::Sender<u64>,
}

#[derive(Debug)]
struct Running {
    /// Ends the task when it is dropped.
    cancel: DropGuard,
    retry_now: Arc<Notify>,
    controls: mpsc::UnboundedSender<Control>,
    journal: Arc<Journal>,
    tales: Arc<Tales>,
    connections: Arc<Connections>,
    view: watch::Receiver<SessionView>,
    /// Where it listens, or listened last: one that is over shows no ports any more.
    ports: Arc<Mutex<Ports>>,
    task: JoinHandle<()>,
}

impl Sessions {
    /// None yet; they will show themselves in `feed`.
    pub(crate) fn new(feed: Arc<Feed>) -> Self {
        Sessions {
            feed,
            next_id: AtomicU64::new(1),
            habits: Arc::default(),
            running: Mutex::default(),
            changes: watch::Sender::default(),
        }
    }

    fn running(&self) -> MutexGuard<'_, BTreeMap<SessionId, Running>> {
        // Every change to the map is one insert or one removal: a panic elsewhere leaves it whole.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a session. `cluster` is awaited by the session itself: an API server that is slow to be signed in to
    /// holds nobody up, and a context that cannot be used is the session's own failure.
    pub(crate) fn start<F>(&self, forward: Forward, cluster: F) -> SessionId
    where
        F: Future<Output = Result<watch::Receiver<Arc<Cluster>>, Problem>> + Send + 'static,
    {
        let id = SessionId(self.next_id.fetch_add(1, Relaxed));
        let forward = self.habits.fill(forward);
        let first = session::first_view(id, &forward);
        let (view_in, view) = watch::channel(first.clone());
        self.feed.set(key(id), Part::Session(Box::new(first)));
        let cancel = CancellationToken::new();
        let retry_now = Arc::new(Notify::new());
        let journal = Arc::<Journal>::default();
        let tales = Arc::<Tales>::default();
        let connections = Arc::<Connections>::default();
        let (controls, controlled) = mpsc::unbounded_channel();
        let ports = Arc::<Mutex<Ports>>::default();
        let task = {
            let (cancel, retry_now, feed, mut shown) =
                (cancel.clone(), retry_now.clone(), self.feed.clone(), view.clone());
            let journal = journal.clone();
            let (tales, connections) = (tales.clone(), connections.clone());
            let habits = self.habits.clone();
            let ports = ports.clone();
            let changes = self.changes.clone();
            tokio::spawn(async move {
                let run = async {
                    let cluster = tokio::select! {
                        biased;
                        () = cancel.cancelled() => return,
                        cluster = cluster => cluster,
                    };
                    match cluster {
                        Ok(mut cluster) => {
                            let now = cluster.borrow_and_update().clone();
                            let targets = Resolver::new(now, forward.clone(), retry_now);
                            let inputs = Inputs { targets, cluster, controls: controlled, tales, connections, cancel };
                            session::run(forward, inputs, view_in, journal).await;
                        }
                        Err(error) => {
                            view_in.send_modify(|view| view.phase = Phase::Resolving.next(Event::Refused { error }));
                            cancel.cancelled().await;
                        }
                    }
                };
                // The view's sender is dropped by `run`, which ends `show` after its last word.
                let show = async {
                    let mut stood = (Vec::new(), false);
                    while shown.changed().await.is_ok() {
                        let view = shown.borrow_and_update().clone();
                        let stands = (view.listeners.clone(), view.phase.is_final());
                        habits.note(&view);
                        ports.lock().unwrap_or_else(PoisonError::into_inner).note(&view);
                        feed.set(key(id), Part::Session(Box::new(view)));
                        if stood != stands {
                            stood = stands;
                            changes.send_modify(changed);
                        }
                    }
                };
                tokio::join!(run, show);
            })
        };
        let cancel = cancel.drop_guard();
        self.running()
            .insert(id, Running { cancel, retry_now, controls, journal, tales, connections, view, ports, task });
        self.changes.send_modify(changed);
        id
    }

    /// What a session shows, as it changes; `None` if there is no such session.
    pub fn watch(&self, id: SessionId) -> Option<watch::Receiver<SessionView>> {
        self.running().get(&id).map(|running| running.view.clone())
    }

    /// Has a session tell what becomes of each of its connections.
    pub(crate) fn listen(&self, id: SessionId, heard: Arc<Heard>) {
        if let Some(running) = self.running().get(&id) {
            running.tales.tell_to(heard);
        }
    }

    /// What a session was asked for, for one that goes on in its place: it suggests the ports that this one had.
    pub(crate) fn heir(&self, id: SessionId) -> Option<Forward> {
        let running = self.running();
        let running = running.get(&id)?;
        let ports = running.ports.lock().unwrap_or_else(PoisonError::into_inner);
        Some(ports.hand_on(running.view.borrow().forward.clone()))
    }

    /// What a session was asked for, with the local ports that it has, or had last, as fixed ones: what it is saved as.
    pub(crate) fn as_it_runs(&self, id: SessionId) -> Option<Forward> {
        let running = self.running();
        let running = running.get(&id)?;
        let ports = running.ports.lock().unwrap_or_else(PoisonError::into_inner);
        Some(ports.fix(running.view.borrow().forward.clone()))
    }

    /// All sessions, as they are now.
    pub(crate) fn all(&self) -> Vec<SessionView> {
        self.running().values().map(|running| running.view.borrow().clone()).collect()
    }

    /// Says that all are to be looked at as after a change.
    pub(crate) fn note_change(&self) {
        self.changes.send_modify(changed);
    }

    /// Tells when one begins, ends, is over or listens elsewhere.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// The sessions of a context.
    pub(crate) fn of(&self, context: &ContextId) -> Vec<SessionId> {
        let running = self.running();
        let of_it = running.iter().filter(|(_, running)| running.view.borrow().forward.context == *context);
        of_it.map(|(id, _)| *id).collect()
    }

    /// The local address of one of a session's ports; `None` if it is not listened on.
    pub fn address(&self, id: SessionId, slot: usize) -> Option<String> {
        let view = self.watch(id)?.borrow().clone();
        view.listeners.into_iter().find(|listener| listener.slot == slot).map(|listener| listener.address)
    }

    /// Skips the wait before the next try.
    pub fn retry(&self, id: SessionId) {
        if let Some(running) = self.running().get(&id) {
            running.retry_now.notify_waiters();
        }
        self.control(id, Control::Retry);
    }

    /// Spreads a session's new connections otherwise; those that are open stay where they are.
    pub fn set_balance(&self, id: SessionId, balance: Balance) {
        self.control(id, Control::Balance(balance));
    }

    /// Sends a session's new connections to the pod of this UID for as long as it is there. The session is sticky then.
    pub fn move_to(&self, id: SessionId, uid: String) {
        self.control(id, Control::MoveTo(uid));
    }

    fn control(&self, id: SessionId, control: Control) {
        if let Some(running) = self.running().get(&id) {
            // One that is over has nothing left to be changed.
            let _ = running.controls.send(control);
        }
    }

    /// What happened to a session after its event number `after`, oldest first: of the last 1,000.
    pub fn events(&self, id: SessionId, after: u64) -> Vec<SessionEvent> {
        self.running().get(&id).map(|running| running.journal.after(after)).unwrap_or_default()
    }

    /// A session's connections, and who their clients are: looked up for those that are new since the last look.
    pub async fn connections(&self, id: SessionId) -> OpenConnections {
        let connections = self.running().get(&id).map(|running| running.connections.clone());
        match connections {
            Some(connections) => connections.shown().await,
            None => OpenConnections::default(),
        }
    }

    /// Notes in each session that all was looked at anew, and why.
    pub(crate) fn note_renewed(&self, why: &str) {
        for running in self.running().values() {
            running.journal.note(SessionEvent::new(What::Renewed).text(why));
        }
    }

    /// Ends a session and forgets it. When this returns, its ports are free and its connections closed.
    pub async fn stop(&self, id: SessionId) {
        let running = self.running().remove(&id);
        if let Some(running) = running {
            running.end().await;
        }
        self.feed.remove(&key(id));
        self.changes.send_modify(changed);
    }

    /// Ends all of them, at once and together.
    pub async fn stop_all(&self) {
        let all = std::mem::take(&mut *self.running());
        let ids: Vec<SessionId> = all.keys().copied().collect();
        futures::future::join_all(all.into_values().map(Running::end)).await;
        for id in ids {
            self.feed.remove(&key(id));
        }
        self.changes.send_modify(changed);
    }
}

/// One change more; at its end the count begins anew.
fn changed(changes: &mut u64) {
    *changes = changes.wrapping_add(1);
}

impl Running {
    async fn end(self) {
        drop(self.cancel);
        let abort = self.task.abort_handle();
        if tokio::time::timeout(STOP_TIMEOUT, self.task).await.is_err() {
            tracing::error!("a session did not end in time");
            abort.abort();
        }
    }
}

fn key(id: SessionId) -> String {
    format!("session/{}", id.0)
}
