//! The task that keeps one set of objects: what it asks, how often, and what it tells.
//!
//! The ladder: a watch; where that is forbidden, a list every few seconds; where that is forbidden too and one object is
//! meant, a get of it. A lower rung is left for a better one in time, or when somebody asks for a try.

use std::{collections::HashMap, fmt, sync::Arc, time::Duration};

use futures::{FutureExt, StreamExt, stream::BoxStream};
use k8s_openapi::{Metadata, apimachinery::pkg::apis::meta::v1::ObjectMeta};
use kube::{
    Resource, ResourceExt,
    runtime::watcher::{self, Event},
};
use portolan_wire::failures::Failures;
use serde::de::DeserializeOwned;
use tokio::{
    sync::{Notify, watch},
    time::Instant,
};

use super::{
    Name, Origin, Select, State, Told,
    backoff::{asked, backoff},
    select::WATCH_SECONDS,
};
use crate::{
    api_error::code,
    error::{Code, Error},
};

/// A permission may be granted later: it is looked at again this often.
pub(super) const FORBIDDEN: Duration = Duration::from_secs(30);

/// Where watching is not allowed, it is listed this often.
pub(super) const POLL: Duration = Duration::from_secs(3);

/// A watch that has lived for this long was a good one: when it drops, it is begun anew at once.
const GOOD_WATCH: Duration = Duration::from_secs(10);

/// A list that makes no progress for this long is given up and begun anew: its connection is probably dead.
pub(super) const STALLED_LIST: Duration = Duration::from_secs(10);

/// The same after a wake or a change of network, when the connection is most probably dead.
pub(super) const STALLED_AFTER_RENEWAL: Duration = Duration::from_secs(3);

/// A watch that has said nothing for longer than kube takes to notice that by itself is dead: kube waits without a
/// limit for the answer to a watch that it begins anew.
pub(super) const SILENT: Duration = Duration::from_secs(WATCH_SECONDS as u64 + 15);

/// The longest burst of changes that is taken in before anyone is told.
const BURST: usize = 512;

/// What all sets of a cluster hear.
#[derive(Clone, Debug)]
pub(super) struct Signals {
    renewals: watch::Sender<u64>,
    /// An API server that was away has answered.
    back: Arc<Notify>,
}

impl Default for Signals {
    fn default() -> Self {
        Signals { renewals: watch::Sender::new(0), back: Arc::default() }
    }
}

impl Signals {
    pub(super) fn renew(&self) {
        self.renewals.send_modify(|renewals| *renewals += 1);
    }
}

/// How the objects are read.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Rung {
    Watch,
    List,
    /// The one of this name.
    Get(String),
}

/// How an attempt ended.
enum End {
    /// It was read, and is read again soon.
    Read,
    /// It was listed, but may not be watched.
    MayNotWatch,
    /// A watch is over that had been listed; whether there is trouble, the next list tells.
    Dropped {
        least_wait: Option<Duration>,
    },
    Failed {
        verb: &'static str,
        error: kube::Error,
    },
}

/// The verbs, as RBAC names them.
const LIST: &str = "list";
const GET: &str = "get";

type Events<K> = BoxStream<'static, Result<Event<K>, watcher::Error>>;

pub(super) struct Query<K, T> {
    origin: Origin<K>,
    reduce: Box<dyn Fn(K) -> T + Send + Sync>,
    state: watch::Sender<State<T>>,
    signals: Signals,
    retry_now: Arc<Notify>,
    rung: Rung,
    /// When the watch is tried again, from a lower rung.
    better_at: Instant,
    failures: Failures,
    /// Watches that dropped soon after their list, in a row.
    drops: u32,
    listed_at: Option<Instant>,
    /// Whether it was begun anew for a wake or a change of network, and has not been answered since.
    renewed: bool,
    /// What was read the last time, where it is read again and again; `None` after a watch.
    versions: Option<HashMap<Name, Option<String>>>,
}

impl<K, T> Query<K, T>
where
    K: Resource + Metadata<Ty = ObjectMeta> + Clone + DeserializeOwned + fmt::Debug + Send + 'static,
    T: Send + Sync + 'static,
{
    pub(super) fn new(
        origin: Origin<K>,
        reduce: impl Fn(K) -> T + Send + Sync + 'static,
        state: watch::Sender<State<T>>,
        (signals, retry_now): (Signals, Arc<Notify>),
    ) -> Self {
        Query {
            origin,
            reduce: Box::new(reduce),
            state,
            signals,
            retry_now,
            rung: Rung::Watch,
            better_at: Instant::now(),
            failures: Failures::default(),
            drops: 0,
            listed_at: None,
            renewed: false,
            versions: None,
        }
    }

    /// Never ends by itself.
    pub(super) async fn run(mut self) {
        let mut renewals = self.signals.renewals.subscribe();
        loop {
            tokio::select! {
                biased;
                // `self` has the sender, so that this cannot fail.
                _ = renewals.changed() => {
                    self.renewed = true;
                    self.drops = 0;
                    self.rung = Rung::Watch;
                }
                () = self.keep() => {}
            }
        }
    }

    /// One attempt and the wait after it. What it was at is begun anew if it is cancelled.
    async fn keep(&mut self) {
        let end = match self.rung.clone() {
            Rung::Watch => self.watch().await,
            Rung::List => self.list().await,
            Rung::Get(name) => self.get(&name).await,
        };
        match end {
            End::Read => {
                self.wait(POLL).await;
                if Instant::now() >= self.better_at {
                    self.rung = Rung::Watch;
                }
            }
            End::MayNotWatch => {
                self.lower(Rung::List);
                self.wait(POLL).await;
            }
            End::Dropped { least_wait } => {
                let was_good = self.listed_at.is_some_and(|at| at.elapsed() >= GOOD_WATCH);
                self.drops = if was_good { 0 } else { self.drops + 1 };
                // One that never lives long, as behind some proxies, is not begun anew in a tight loop.
                let wait = if self.drops > 1 { backoff(self.drops - 1) } else { Duration::ZERO };
                self.wait(wait.max(least_wait.unwrap_or_default())).await;
            }
            End::Failed { verb, error } => match &self.origin.select {
                Select::Name(name) if verb == LIST && code(&error) == Code::Forbidden => {
                    self.lower(Rung::Get(name.clone()));
                }
                _ => self.failed(verb, error).await,
            },
        }
    }

    fn lower(&mut self, rung: Rung) {
        self.rung = rung;
        self.better_at = Instant::now() + FORBIDDEN;
    }

    /// Lists, and follows what happens after that.
    async fn watch(&mut self) -> End {
        let mut events = watcher::watcher(self.origin.api.clone(), self.origin.select.watch()).boxed();
        let mut incoming = HashMap::new();
        let mut listed = false;
        let mut until = Instant::now() + self.stalled();
        self.versions = None;
        // What came after a burst, and is no part of it.
        let mut ahead = None;
        loop {
            let next = async {
                match ahead.take() {
                    Some(event) => Some(event),
                    None => events.next().await,
                }
            };
            let event = match tokio::time::timeout_at(until, next).await {
                Ok(event) => event,
                Err(_) if listed => return End::Dropped { least_wait: None },
                Err(_) => return End::Failed { verb: LIST, error: stalled(self.stalled()) },
            };
            match event {
                Some(Ok(Event::Init)) => incoming.clear(),
                Some(Ok(Event::InitApply(object))) => {
                    let (name, object) = self.reduced(object);
                    incoming.insert(name, object);
                    until = Instant::now() + STALLED_LIST;
                }
                Some(Ok(Event::InitDone)) => {
                    listed = true;
                    self.listed_at = Some(Instant::now());
                    self.answered(std::mem::take(&mut incoming));
                    until = Instant::now() + SILENT;
                }
                Some(Ok(change)) => {
                    let mut changes = vec![change];
                    ahead = burst(&mut events, &mut changes);
                    self.apply(changes);
                    until = Instant::now() + SILENT;
                }
                Some(Err(watcher::Error::WatchStartFailed(error))) if code(&error) == Code::Forbidden => {
                    return End::MayNotWatch;
                }
                Some(Err(watcher::Error::InitialListFailed(error))) => return End::Failed { verb: LIST, error },
                Some(Err(watcher::Error::WatchStartFailed(error))) => {
                    return End::Dropped { least_wait: asked(&error) };
                }
                // What had worked, or a version that is too old to go on from.
                Some(Err(_)) | None => return End::Dropped { least_wait: None },
            }
        }
    }

    fn apply(&self, changes: Vec<Event<K>>) {
        self.state.send_modify(|state| {
            for change in changes {
                match change {
                    Event::Apply(object) => {
                        let (name, object) = self.reduced(object);
                        state.objects.insert(name, object);
                    }
                    Event::Delete(object) => {
                        state.objects.remove(&name_of(&object));
                    }
                    // Not of a change.
                    Event::Init | Event::InitApply(_) | Event::InitDone => {}
                }
            }
        });
    }

    async fn list(&mut self) -> End {
        let params = self.origin.select.list();
        match tokio::time::timeout(self.stalled(), self.origin.api.list(&params)).await {
            Ok(Ok(list)) => self.read(list.items),
            Ok(Err(error)) => End::Failed { verb: LIST, error },
            Err(_) => End::Failed { verb: LIST, error: stalled(self.stalled()) },
        }
    }

    async fn get(&mut self, name: &str) -> End {
        match tokio::time::timeout(self.stalled(), self.origin.api.get_opt(name)).await {
            Ok(Ok(object)) => self.read(object),
            Ok(Err(error)) => End::Failed { verb: GET, error },
            Err(_) => End::Failed { verb: GET, error: stalled(self.stalled()) },
        }
    }

    /// Tells what was read, if that is not what was read before.
    fn read(&mut self, objects: impl IntoIterator<Item = K>) -> End {
        let objects: Vec<K> = objects.into_iter().collect();
        let versions = Some(objects.iter().map(|object| (name_of(object), object.resource_version())).collect());
        let same = self.versions == versions && self.failures.in_a_row() == 0;
        self.versions = versions;
        if !same {
            self.answered(objects.into_iter().map(|object| self.reduced(object)).collect());
        }
        self.renewed = false;
        End::Read
    }

    fn answered(&mut self, objects: HashMap<Name, Arc<T>>) {
        self.renewed = false;
        if std::mem::take(&mut self.failures).in_a_row() > 0 {
            self.signals.back.notify_waiters();
        }
        self.state.send_modify(|state| {
            state.objects = objects;
            state.synced = true;
            state.failing = None;
        });
    }

    async fn failed(&mut self, verb: &'static str, source: kube::Error) {
        // The connection that was open before a sleep, mostly; the next try takes another.
        if std::mem::take(&mut self.renewed) {
            return self.wait(backoff(1)).await;
        }
        let least = asked(&source);
        let Origin { what, server, .. } = &self.origin;
        let error =
            Error::Api { operation: format!("{verb} {what}"), server: server.clone(), source: Box::new(source) };
        self.failures.add(error.code() == Code::Forbidden);
        let forbidden = self.failures.is_believed_refusal();
        let wait = if forbidden { FORBIDDEN } else { backoff(self.failures.in_a_row()).max(least.unwrap_or_default()) };
        let (attempt, retry_at) = (self.failures.in_a_row(), Instant::now() + wait);
        // Who asks for a try as soon as this is told is not missed.
        let (asked_for, back) = (self.retry_now.clone().notified_owned(), self.signals.back.clone().notified_owned());
        self.state.send_modify(|state| state.failing = Some(Told { error: Arc::new(error), attempt, retry_at }));
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = asked_for => {}
            // Where one was answered, the others need not wait.
            () = back, if !forbidden && least.is_none() => {}
        }
        // What is forbidden is looked for from the top again.
        if self.failures.is_refusal() {
            self.rung = Rung::Watch;
        }
    }

    /// Waits, unless somebody wants a try at once: then the best way is tried.
    async fn wait(&mut self, wait: Duration) {
        let retry_now = self.retry_now.clone();
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = retry_now.notified() => self.better_at = Instant::now(),
        }
    }

    fn stalled(&self) -> Duration {
        if self.renewed { STALLED_AFTER_RENEWAL } else { STALLED_LIST }
    }

    fn reduced(&self, object: K) -> (Name, Arc<T>) {
        (name_of(&object), Arc::new((self.reduce)(object)))
    }
}

/// Takes what else is there already, so that a burst is one change; what came after it.
fn burst<K>(events: &mut Events<K>, changes: &mut Vec<Event<K>>) -> Option<Result<Event<K>, watcher::Error>> {
    while changes.len() < BURST {
        match events.next().now_or_never()?? {
            Ok(change @ (Event::Apply(_) | Event::Delete(_))) => changes.push(change),
            other => return Some(other),
        }
    }
    None
}

fn name_of(object: &impl ResourceExt) -> Name {
    (object.namespace().unwrap_or_default(), object.name_any())
}

fn stalled(after: Duration) -> kube::Error {
    let why = format!("no answer within {} s", after.as_secs());
    kube::Error::Service(Box::new(Stalled(why)))
}

/// kube's errors are described by their innermost source; this one has the words and itself inside.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Stalled(String);
