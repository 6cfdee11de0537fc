//! Sets of Kubernetes objects that keep themselves up to date.
//!
//! - [`Watches`] has all of one cluster. Those who ask the same, of the same kind, namespace and labels or name, share one.
//! - [`Watched`] is one user's hold on a set: it is asked for the next change. The set ends with its last user.
//! - `query` keeps a set: it lists and watches on a task of its own, begins anew what drops or falls silent, and takes the
//!   next best way where watching or listing is forbidden. What was last known stands meanwhile.
//! - `backoff` says how long to wait.
//!
//! One user's end, or its slowness, disturbs no other.

mod backoff;
mod query;
mod select;

use std::{
    any::{Any, TypeId},
    collections::HashMap,
    fmt,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use k8s_openapi::{Metadata, apimachinery::pkg::apis::meta::v1::ObjectMeta};
use kube::{Api, Resource};
use serde::de::DeserializeOwned;
use tokio::{
    sync::{Notify, futures::OwnedNotified, watch},
    time::Instant,
};
use tokio_util::task::AbortOnDropHandle;

pub(crate) use backoff::backoff;
pub(crate) use select::Select;

use crate::error::Error;
use query::{Query, Signals};

/// Where a [`Watched`] gets its objects.
pub(crate) struct Origin<K> {
    pub(crate) api: Api<K>,
    pub(crate) select: Select,
    /// For errors: `pods in shop`.
    pub(crate) what: String,
    /// For errors: the API server's address.
    pub(crate) server: String,
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

/// By namespace and name.
type Name = (String, String);

/// What all users of a set see.
struct State<T> {
    objects: HashMap<Name, Arc<T>>,
    /// Whether they were all listed at least once.
    synced: bool,
    /// The last try, if it failed.
    failing: Option<Told>,
}

#[derive(Clone)]
struct Told {
    error: Arc<Error>,
    attempt: u32,
    retry_at: Instant,
}

/// One set, and the task that keeps it. Dropping it ends the task.
struct Shared<T> {
    state: watch::Receiver<State<T>>,
    retry_now: Arc<Notify>,
    _task: AbortOnDropHandle<()>,
}

/// A hold on a set of objects, each reduced to a `T`.
pub(crate) struct Watched<T> {
    shared: Arc<Shared<T>>,
    state: watch::Receiver<State<T>>,
    retry_now: Arc<Notify>,
    /// Ready when this user wants a try at once. It was made before the wait, so that no call is missed between two.
    retry: Pin<Box<OwnedNotified>>,
}

impl<T: Send + Sync + 'static> Watched<T> {
    fn new(shared: Arc<Shared<T>>, retry_now: Arc<Notify>) -> Self {
        let retry = Box::pin(retry_now.clone().notified_owned());
        Watched { state: shared.state.clone(), shared, retry_now, retry }
    }

    /// The objects as they were last known.
    pub(crate) fn objects(&self) -> Vec<Arc<T>> {
        self.state.borrow().objects.values().cloned().collect()
    }

    /// One of the objects, where at most one is asked for.
    pub(crate) fn object(&self) -> Option<Arc<T>> {
        self.state.borrow().objects.values().next().cloned()
    }

    /// Whether the objects were all listed at least once.
    pub(crate) fn synced(&self) -> bool {
        self.state.borrow().synced
    }

    /// Whether the API server could not be asked the last time, so that the objects may be old.
    pub(crate) fn failing(&self) -> bool {
        self.state.borrow().failing.is_some()
    }

    /// Waits until the objects have changed, or the API server could not be asked. What is known already is news to a
    /// new user. Cancel-safe.
    pub(crate) async fn next(&mut self) -> Result<(), Failing> {
        loop {
            tokio::select! {
                changed = self.state.changed() => {
                    if changed.is_err() {
                        // Its task lives as long as `self`: only the runtime's end takes it away.
                        return std::future::pending().await;
                    }
                    return match &self.state.borrow_and_update().failing {
                        None => Ok(()),
                        Some(Told { error, attempt, retry_at }) => {
                            Err(Failing { error: Error::Shared(error.clone()), attempt: *attempt, retry_at: *retry_at })
                        }
                    };
                }
                () = &mut self.retry => {
                    self.retry = Box::pin(self.retry_now.clone().notified_owned());
                    self.shared.retry_now.notify_waiters();
                }
            }
        }
    }
}

impl<T> fmt::Debug for Watched<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched").field("objects", &self.state.borrow().objects.len()).finish()
    }
}

/// What is asked: two that are equal share one set. The kind is in the path; what is kept of an object is its type's.
type Question = (TypeId, String, Select);

/// All sets of one cluster that somebody uses.
#[derive(Default)]
pub(crate) struct Watches {
    shared: Mutex<HashMap<Question, Weak<dyn Any + Send + Sync>>>,
    signals: Signals,
}

impl Watches {
    /// A hold on what `origin` asks for: on the one that there is, or on a new one. `reduce` keeps of each object what
    /// is needed; for one type it must be one and the same. `retry_now` skips the wait after a failure, for all users.
    ///
    /// To be called on a runtime.
    pub(crate) fn join<K, T>(
        &self,
        origin: Origin<K>,
        retry_now: Arc<Notify>,
        reduce: impl Fn(K) -> T + Send + Sync + 'static,
    ) -> Watched<T>
    where
        K: Resource + Metadata<Ty = ObjectMeta> + Clone + DeserializeOwned + fmt::Debug + Send + 'static,
        T: Send + Sync + 'static,
    {
        let question = (TypeId::of::<T>(), origin.api.resource_url().to_owned(), origin.select.clone());
        let mut all = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, shared| shared.strong_count() > 0);
        let there = all.get(&question).and_then(Weak::upgrade).and_then(|shared| shared.downcast::<Shared<T>>().ok());
        let shared = there.unwrap_or_else(|| {
            let shared = Arc::new(self.begin(origin, reduce));
            let weak: Weak<Shared<T>> = Arc::downgrade(&shared);
            all.insert(question, weak);
            shared
        });
        let mut watched = Watched::new(shared, retry_now);
        // A new user is not told of a failure from before: it asks for a try, and is told of that.
        let (failing, synced) = {
            let state = watched.state.borrow_and_update();
            (state.failing.is_some(), state.synced)
        };
        if failing {
            watched.shared.retry_now.notify_waiters();
        } else if synced {
            watched.state.mark_changed();
        }
        watched
    }

    fn begin<K, T>(&self, origin: Origin<K>, reduce: impl Fn(K) -> T + Send + Sync + 'static) -> Shared<T>
    where
        K: Resource + Metadata<Ty = ObjectMeta> + Clone + DeserializeOwned + fmt::Debug + Send + 'static,
        T: Send + Sync + 'static,
    {
        let retry_now = Arc::<Notify>::default();
        let state = watch::Sender::new(State { objects: HashMap::new(), synced: false, failing: None });
        let seen = state.subscribe();
        let query = Query::new(origin, reduce, state, (self.signals.clone(), retry_now.clone()));
        Shared { state: seen, retry_now, _task: AbortOnDropHandle::new(tokio::spawn(query.run())) }
    }

    /// Begins every set anew at once, as after a wake or a change of network: a watch that looks alive may be dead. What
    /// is known stands meanwhile, and a failure that the next try mends is not told.
    pub(crate) fn renew(&self) {
        self.signals.renew();
    }
}

impl fmt::Debug for Watches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watches").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod share_tests;
#[cfg(test)]
mod tests;
