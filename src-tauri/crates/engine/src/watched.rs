//! A set of Kubernetes objects that keeps itself up to date.
//!
//! [`Watched`] lists and watches, and is asked for the next change. A dropped watch is listed anew, so that what was
//! missed is found; until then the last known objects stand. Nothing here is a task: whoever owns it polls it, and
//! dropping it ends the watch.

use std::{collections::HashMap, fmt, sync::Arc, time::Duration};

use backon::{BackoffBuilder, ExponentialBuilder};
use futures::{FutureExt, StreamExt, TryStreamExt, stream::BoxStream};
use k8s_openapi::{Metadata, apimachinery::pkg::apis::meta::v1::ObjectMeta};
use kube::{
    Api, Resource, ResourceExt,
    runtime::watcher::{self, Event},
};
use serde::de::DeserializeOwned;
use tokio::{sync::Notify, time::Instant};

use crate::{
    api_error::code,
    error::{Code, Error},
};

/// First and longest wait between two tries, before jitter. Short enough to be back before a user looks again, long
/// enough that fifty sessions do not hammer an API server that starts.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));

/// A permission may be granted later: it is looked at again this often.
const FORBIDDEN: Duration = Duration::from_secs(30);

/// Where watching is not allowed but listing is, it is listed this often.
const POLL: Duration = Duration::from_secs(3);

/// A watch that has lived for this long was a good one: when it drops, it is begun anew at once.
const GOOD_WATCH: Duration = Duration::from_secs(10);

/// A list that makes no progress for this long is given up and begun anew: its connection is probably dead.
const STALLED_LIST: Duration = Duration::from_secs(10);

/// The longest burst of changes that is taken in before anyone is told.
const BURST: usize = 512;

type Key = (String, String);
type Events<T> = BoxStream<'static, Result<Event<(Key, T)>, watcher::Error>>;

/// A set of objects, each reduced to a `T`, by namespace and name.
pub(crate) struct Watched<T> {
    begin: Box<dyn Fn() -> Events<T> + Send + Sync>,
    events: Option<Events<T>>,
    objects: HashMap<Key, T>,
    incoming: HashMap<Key, T>,
    synced: bool,
    listing_until: Option<Instant>,
    failures: u32,
    /// Watches that dropped soon after their list, in a row.
    drops: u32,
    listed_at: Option<Instant>,
    retry_at: Option<Instant>,
    retry_now: Arc<Notify>,
    operation: String,
    server: String,
}

/// A try that failed, and the next one.
#[derive(Debug)]
pub(crate) struct Failing {
    /// Why.
    pub(crate) error: Error,
    /// How often in a row.
    pub(crate) attempt: u32,
    /// When it is tried again.
    pub(crate) retry_at: Instant,
}

impl Failing {
    /// The HTTP status, where the API server has answered with an error.
    pub(crate) fn status(&self) -> Option<u16> {
        match &self.error {
            Error::Api { source, .. } => match &**source {
                kube::Error::Api(status) => Some(status.code),
                _ => None,
            },
            _ => None,
        }
    }
}

/// Where a [`Watched`] gets its objects.
pub(crate) struct Origin<K> {
    pub(crate) api: Api<K>,
    pub(crate) config: watcher::Config,
    /// For errors: `list pods in shop`.
    pub(crate) operation: String,
    /// For errors: the API server's address.
    pub(crate) server: String,
    /// Skips the wait between two tries.
    pub(crate) retry_now: Arc<Notify>,
}

impl<T: Send + 'static> Watched<T> {
    /// Begins when it is first asked. `reduce` keeps of each object what is needed.
    pub(crate) fn new<K>(origin: Origin<K>, reduce: impl Fn(K) -> T + Clone + Send + Sync + 'static) -> Self
    where
        K: Resource + Metadata<Ty = ObjectMeta> + Clone + DeserializeOwned + fmt::Debug + Send + 'static,
    {
        let Origin { api, config, operation, server, retry_now } = origin;
        let begin = move || {
            let reduce = reduce.clone();
            let keyed = move |object: K| ((object.namespace().unwrap_or_default(), object.name_any()), reduce(object));
            watcher::watcher(api.clone(), config.clone())
                .map_ok(move |event| match event {
                    Event::Init => Event::Init,
                    Event::InitDone => Event::InitDone,
                    Event::InitApply(object) => Event::InitApply(keyed(object)),
                    Event::Apply(object) => Event::Apply(keyed(object)),
                    Event::Delete(object) => Event::Delete(keyed(object)),
                })
                .boxed()
        };
        Watched {
            begin: Box::new(begin),
            events: None,
            objects: HashMap::new(),
            incoming: HashMap::new(),
            synced: false,
            listing_until: None,
            failures: 0,
            drops: 0,
            listed_at: None,
            retry_at: None,
            retry_now,
            operation,
            server,
        }
    }

    /// The objects as they were last known.
    pub(crate) fn objects(&self) -> impl Iterator<Item = &T> {
        self.objects.values()
    }

    /// Whether the objects were all listed at least once.
    pub(crate) fn synced(&self) -> bool {
        self.synced
    }

    /// Waits until the objects have changed, or the API server could not be asked.
    ///
    /// A watch that drops is listed anew at once; only if that fails too is it told. Cancel-safe.
    pub(crate) async fn next(&mut self) -> Result<(), Failing> {
        loop {
            if let Some(at) = self.retry_at {
                tokio::select! {
                    () = tokio::time::sleep_until(at) => {}
                    () = self.retry_now.notified() => {}
                }
                self.retry_at = None;
            }
            let listing_until = self.listing_until;
            let events = match &mut self.events {
                Some(events) => events,
                None => {
                    self.listing_until = Some(Instant::now() + STALLED_LIST);
                    self.events.insert((self.begin)())
                }
            };
            let event = match listing_until.or(self.listing_until) {
                Some(until) => match tokio::time::timeout_at(until, events.next()).await {
                    Ok(event) => event,
                    Err(_) => return Err(self.failed(stalled())),
                },
                None => events.next().await,
            };
            match event {
                Some(Ok(event)) => {
                    if self.take(event) {
                        self.take_burst();
                        return Ok(());
                    }
                }
                // Listed, but not to be watched: listed again soon.
                Some(Err(watcher::Error::WatchStartFailed(source))) if code(&source) == Code::Forbidden => {
                    self.events = None;
                    self.retry_at = Some(Instant::now() + POLL);
                }
                // The list failed, or the watch that followed it at once: worth telling.
                Some(Err(watcher::Error::InitialListFailed(source) | watcher::Error::WatchStartFailed(source))) => {
                    return Err(self.failed(source));
                }
                // A watch that had worked, or too old a version to go on from: the list tells whether there is trouble.
                Some(Err(_)) | None => self.dropped(),
            }
        }
    }

    /// A watch has ended. One that never lives long, as behind some proxies, is not begun anew in a tight loop.
    fn dropped(&mut self) {
        self.events = None;
        self.listing_until = None;
        let was_good = self.listed_at.is_some_and(|at| at.elapsed() >= GOOD_WATCH);
        self.drops = if was_good { 0 } else { self.drops + 1 };
        if self.drops > 1 {
            self.retry_at = Some(Instant::now() + backoff(self.drops - 1));
        }
    }

    /// Takes one event in; whether the objects may have changed.
    fn take(&mut self, event: Event<(Key, T)>) -> bool {
        match event {
            Event::Init => self.incoming.clear(),
            Event::InitApply((key, object)) => {
                self.listing_until = Some(Instant::now() + STALLED_LIST);
                self.incoming.insert(key, object);
            }
            Event::InitDone => {
                self.objects = std::mem::take(&mut self.incoming);
                self.synced = true;
                self.listing_until = None;
                self.failures = 0;
                self.listed_at = Some(Instant::now());
                return true;
            }
            Event::Apply((key, object)) => {
                self.objects.insert(key, object);
                return true;
            }
            Event::Delete((key, _)) => {
                self.objects.remove(&key);
                return true;
            }
        }
        false
    }

    /// Takes in what else is there already, so that a burst is one change.
    fn take_burst(&mut self) {
        for _ in 0..BURST {
            let Some(events) = &mut self.events else { return };
            match events.next().now_or_never() {
                Some(Some(Ok(event))) => {
                    self.take(event);
                }
                Some(_) => return self.dropped(),
                None => return,
            }
        }
    }

    fn failed(&mut self, source: kube::Error) -> Failing {
        self.events = None;
        self.listing_until = None;
        self.failures += 1;
        let error =
            Error::Api { operation: self.operation.clone(), server: self.server.clone(), source: Box::new(source) };
        let wait = if error.code() == Code::Forbidden { FORBIDDEN } else { backoff(self.failures) };
        let retry_at = Instant::now() + wait;
        self.retry_at = Some(retry_at);
        Failing { error, attempt: self.failures, retry_at }
    }
}

/// The wait before try number `failures` + 1, with full jitter: anything up to the exponential wait, so that sessions
/// that failed together do not come back together.
pub(crate) fn backoff(failures: u32) -> Duration {
    let (first, longest) = BACKOFF;
    let mut waits = ExponentialBuilder::new().with_min_delay(first).with_max_delay(longest).without_max_times().build();
    let ceiling = waits.nth(failures.saturating_sub(1).min(16) as usize).unwrap_or(longest);
    // Never at once: a server that refuses immediately would be asked in a tight loop.
    ceiling.mul_f64(fastrand::f64()).max(first / 4)
}

fn stalled() -> kube::Error {
    let why = format!("no answer within {} s", STALLED_LIST.as_secs());
    kube::Error::Service(Box::new(Stalled(why)))
}

/// kube's errors are described by their innermost source; this one has the words and itself inside.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Stalled(String);

impl<T> fmt::Debug for Watched<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched").field("operation", &self.operation).field("objects", &self.objects.len()).finish()
    }
}

#[cfg(test)]
mod tests;
