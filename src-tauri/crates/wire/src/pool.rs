//! The upgrades to each pod, and who has which.
//!
//! Exclusive first: a connection takes an upgrade for itself, so that TCP's own back-pressure is all it needs and nobody
//! else waits for a client or a pod that does not read. It gives it back when its client is done, and the next takes it.
//! While somebody has an interest in a pod ([`Pool::warm`]), one idle upgrade to it is kept, which costs the pod nothing:
//! its port is dialled only when a connection's streams are there. Past [`EXCLUSIVE`] to one pod, connections share.
//!
//! The map:
//! - `pod` is one pod's upgrades, as plain data: who may take which, and what is too much.
//! - This file dials them, waits for them, and hands them out.

mod pod;
#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use futures::{FutureExt, future::BoxFuture};
use tokio::{
    sync::{Notify, Semaphore, oneshot, watch},
    task::JoinSet,
    time::{Instant, sleep_until},
};
use tokio_util::task::AbortOnDropHandle;

use crate::{Failure, Kind, PodPort, Proof, failures::Failures, proof::Prover, spdy::Mux, upgrade::Refusal};
use pod::{Known, Pod};

/// The most upgrades to one pod.
pub use pod::EXCLUSIVE;

/// Dials at once. Each is a TLS handshake on the API server, too.
const DIALS: usize = 16;

/// The most idle upgrades to all pods of a cluster, when little happens.
const IDLE: usize = 32;

/// The most of them while connections come and go: those that come back are kept for a few seconds, since which pod the
/// next goes to is not known, and one that is given up and dialled again costs the servers as much as several connections
/// do. (16 clients of three pods, balanced, need up to 16 at each, and at moments hardly one of these is in use.)
const IDLE_IN_A_BURST: usize = 128;

/// Between two vain attempts to warm an upgrade: at first, and at most. Connections do not wait for these, but whether a
/// tunnel is shown as working does.
const PAUSE: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));

/// The same where somebody has to see to it: credentials that are refused are not hammered with.
const NEEDS_YOU: Duration = Duration::from_secs(30);

/// Dials an upgrade to a pod.
pub trait Dial: Send + Sync + 'static {
    /// An upgrade to the pod of `to`; `changed` goes to [`Mux::client`].
    ///
    /// # Errors
    /// When there is none to be had.
    fn dial<'a>(&'a self, to: &'a PodPort, changed: Arc<Notify>) -> BoxFuture<'a, Result<Mux, Refusal>>;

    /// Whether there is any hope of one.
    fn is_hopeful(&self, to: &PodPort) -> bool;
}

/// The upgrades of one cluster, as one identity. Dropping it ends them all.
pub struct Pool {
    inner: Arc<Inner>,
    dialling: Mutex<JoinSet<()>>,
}

struct Inner {
    dialler: Arc<dyn Dial>,
    dials: Arc<Semaphore>,
    pods: Mutex<HashMap<Key, Pod>>,
    /// An upgrade may have become free.
    freed: Notify,
    /// An upgrade has become fit or unfit, or a pod has too few or too many.
    changed: Arc<Notify>,
    /// What failed is to be tried again at once.
    retry_now: Arc<Notify>,
}

/// A pod is addressed by its name, and is the same only by its UID.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    namespace: String,
    pod: String,
    uid: String,
}

impl Key {
    fn of(to: &PodPort) -> Key {
        Key { namespace: to.namespace.clone(), pod: to.pod.clone(), uid: to.uid.clone() }
    }
}

/// Tells what a dial came to.
type Dialled = oneshot::Receiver<Result<(), Refusal>>;

impl Pool {
    /// An empty pool.
    pub fn new(dialler: Arc<dyn Dial>) -> Self {
        let inner = Inner {
            dialler,
            dials: Arc::new(Semaphore::new(DIALS)),
            pods: Mutex::default(),
            freed: Notify::new(),
            changed: Arc::default(),
            retry_now: Arc::default(),
        };
        Pool { inner: Arc::new(inner), dialling: Mutex::default() }
    }

    /// Keeps an idle upgrade to the pod of `to` while what is returned lives.
    pub fn warm(&self, to: &PodPort) -> Warm {
        let key = Key::of(to);
        self.inner.pod(&key, |pod| pod.wanted += 1);
        let prover = Prover::default();
        let proof = prover.subscribe();
        let keeping = tokio::spawn(keep(Arc::downgrade(&self.inner), to.clone(), prover));
        Warm { pool: Arc::downgrade(&self.inner), key, proof, _keeping: AbortOnDropHandle::new(keeping) }
    }

    /// Skips the waits before what is tried again.
    pub fn retry_now(&self) {
        self.inner.retry_now.notify_waiters();
    }

    /// Ends what is idle, and asks what is in use whether it is alive: the network has changed, or time has passed unseen.
    pub fn renew(&self) {
        self.inner.pods().values_mut().for_each(Pod::renew);
        self.inner.changed.notify_waiters();
        self.inner.retry_now.notify_waiters();
    }

    /// An upgrade for one connection: an idle one, else the first that is given back or dialled; past the bound a share
    /// in one.
    ///
    /// # Errors
    /// Those of the dial.
    pub async fn take(&self, to: &PodPort) -> Result<Taken, Refusal> {
        let inner = &self.inner;
        let key = Key::of(to);
        let mut dialling: Option<Dialled> = None;
        loop {
            // Before the look, so that nothing is missed between it and the wait.
            let (freed, changed) = (inner.freed.notified(), inner.changed.notified());
            tokio::pin!(freed, changed);
            freed.as_mut().enable();
            changed.as_mut().enable();
            let look = inner.pod(&key, |pod| match pod.take(dialling.is_none()) {
                // What is taken makes no surplus: that is looked for, in all pods, where upgrades come back.
                Some(mux) => Look::Taken { mux, needs_keeper: pod.needs_keeper(0) },
                None if dialling.is_none() && pod.may_dial() => Look::MayDial,
                None => Look::Wait,
            });
            match look {
                Look::Taken { mux, needs_keeper } => {
                    // The keeper sees to the next.
                    if needs_keeper {
                        inner.changed.notify_waiters();
                    }
                    return Ok(Taken { pool: Arc::downgrade(inner), key, mux, well: false });
                }
                Look::MayDial => dialling = Some(self.dial(to.clone())),
                Look::Wait => {}
            }
            tokio::select! {
                biased;
                dialled = told(&mut dialling) => {
                    dialling = None;
                    // It is among the pod's now: the next look finds it, unless somebody was faster.
                    dialled.unwrap_or_else(|_| Err(over()))?;
                }
                () = freed => {}
                () = changed => {}
            }
        }
    }

    /// How many upgrades there are, to all pods, and how many streams on them; for tests.
    pub fn census(&self) -> (usize, usize) {
        let pods = self.inner.pods();
        let upgrades = pods.values().flat_map(Pod::upgrades);
        upgrades.fold((0, 0), |(upgrades, streams), mux| (upgrades + 1, streams + mux.streams()))
    }

    /// Dials in a task of its own: a connection that finds another upgrade meanwhile leaves this one to the next.
    fn dial(&self, to: PodPort) -> Dialled {
        let (tell, told) = oneshot::channel();
        let inner = self.inner.clone();
        let mut dialling = self.dialling.lock().unwrap_or_else(PoisonError::into_inner);
        while dialling.try_join_next().is_some() {}
        dialling.spawn(async move {
            if tell.send(dial(&inner, &to).await).is_err() {
                // Whoever asked has found another meanwhile, or has left.
                let surplus = inner.surplus();
                inner.pod(&Key::of(&to), |pod| pod.trim(surplus, Instant::now()));
            }
        });
        told
    }
}

/// What a connection that needs an upgrade finds.
enum Look {
    Taken { mux: Mux, needs_keeper: bool },
    MayDial,
    Wait,
}

/// What a dial came to; never, where there is none.
async fn told(dialling: &mut Option<Dialled>) -> Result<Result<(), Refusal>, oneshot::error::RecvError> {
    match dialling {
        Some(dialling) => dialling.await,
        None => std::future::pending().await,
    }
}

fn over() -> Refusal {
    Refusal::Any(Failure { kind: Kind::Unreachable, text: "the cluster was closed".into() })
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pool")
    }
}

impl Inner {
    fn pods(&self) -> std::sync::MutexGuard<'_, HashMap<Key, Pod>> {
        self.pods.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Works on one pod, which is forgotten if that leaves nothing to know of it.
    fn pod<T>(&self, key: &Key, work: impl FnOnce(&mut Pod) -> T) -> T {
        let mut pods = self.pods();
        let pod = pods.entry(key.clone()).or_default();
        let result = work(pod);
        if pod.is_forgettable() {
            pods.remove(key);
        }
        result
    }

    /// Idle upgrades, to all pods.
    fn idle(&self) -> usize {
        self.pods().values().map(Pod::idle).sum()
    }

    /// How many idle upgrades are too many, to all pods.
    fn surplus(&self) -> usize {
        self.idle().saturating_sub(IDLE)
    }

    /// Takes back a connection's share in an upgrade.
    fn give_back(&self, key: &Key, mux: &Mux, well: bool) {
        let idle = self.idle();
        let well = well && idle < IDLE_IN_A_BURST;
        let needs_keeper = self.pod(key, |pod| {
            pod.give_back(mux, well, Instant::now());
            pod.needs_keeper((idle + 1).saturating_sub(IDLE))
        });
        mux.settle();
        self.freed.notify_waiters();
        if needs_keeper {
            self.changed.notify_waiters();
        }
    }
}

async fn dial(inner: &Inner, to: &PodPort) -> Result<(), Refusal> {
    let key = Key::of(to);
    let mut place = Place { inner, key: &key, dialled: None };
    // The semaphore is never closed.
    let _permit = inner.dials.acquire().await.ok();
    place.dialled = Some(inner.dialler.dial(to, inner.changed.clone()).await?);
    Ok(())
}

/// A place that is kept for an upgrade while it is dialled, and that it then takes.
struct Place<'a> {
    inner: &'a Inner,
    key: &'a Key,
    dialled: Option<Mux>,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.inner.pod(self.key, |pod| pod.dialled(self.dialled.take(), Instant::now()));
        self.inner.changed.notify_waiters();
    }
}

/// What a keeper does about an idle upgrade that is missing.
enum Effort {
    /// Nothing: none is missing.
    None,
    /// It dials one.
    Dialling(BoxFuture<'static, Result<(), Refusal>>),
    /// The last dial failed, and the next comes then.
    Resting(Instant),
}

impl Effort {
    /// What comes of it; never, if there is none.
    async fn outcome(&mut self) -> Outcome {
        match self {
            Effort::None => std::future::pending().await,
            Effort::Dialling(dial) => Outcome::Dialled(dial.await),
            Effort::Resting(until) => {
                sleep_until(*until).await;
                Outcome::Rested
            }
        }
    }
}

enum Outcome {
    Dialled(Result<(), Refusal>),
    Rested,
}

/// Keeps a pod's idle upgrades at what they should be, and finds out whether they work, until it is aborted. That one is
/// being dialled keeps it from nothing: an upgrade that falls silent meanwhile is told.
async fn keep(pool: Weak<Inner>, to: PodPort, prover: Prover) {
    let key = Key::of(&to);
    let mut failures = Failures::default();
    let mut effort = Effort::None;
    loop {
        let Some(inner) = pool.upgrade() else { return };
        let (changed, retry_now) = (inner.changed.clone(), inner.retry_now.clone());
        let (changed, retry_now) = (changed.notified(), retry_now.notified());
        tokio::pin!(changed, retry_now);
        changed.as_mut().enable();
        retry_now.as_mut().enable();
        let now = Instant::now();
        let may_want_one = inner.idle() < IDLE && inner.dialler.is_hopeful(&to);
        let surplus = inner.surplus();
        let (known, look_again, wants_one) = inner.pod(&key, |pod| {
            let (known, look_again) = (pod.known(), pod.trim(surplus, now));
            // A connection may have found a way while it rests.
            let may_dial = match effort {
                Effort::None => true,
                Effort::Dialling(_) => false,
                Effort::Resting(_) => pod.upgrades().next().is_some(),
            };
            (known, look_again, may_dial && may_want_one && pod.wants_one())
        });
        match known {
            Known::Proven => prover.tell(Proof::Proven),
            Known::Silent => {
                let text = "it has answered no PING for 10 s".into();
                prover.tell(Proof::Failed { failure: Failure { kind: Kind::Broken, text }, retry_at: now });
            }
            Known::Asked => prover.tell(Proof::Awaited),
            Known::Nothing if !wants_one && !may_want_one => prover.tell(Proof::Untested),
            Known::Nothing => {}
        }
        if wants_one {
            let (inner, to) = (inner.clone(), to.clone());
            effort = Effort::Dialling(async move { dial(&inner, &to).await }.boxed());
        }
        // Whoever waits must not keep the pool alive.
        drop(inner);
        let outcome = tokio::select! {
            biased;
            outcome = effort.outcome() => outcome,
            () = changed => continue,
            () = retry_now, if matches!(effort, Effort::Resting(_)) => Outcome::Rested,
            () = sleep_until(look_again.unwrap_or(now)), if look_again.is_some() => continue,
        };
        effort = match outcome {
            Outcome::Rested => Effort::None,
            Outcome::Dialled(Ok(())) => {
                failures = Failures::default();
                Effort::None
            }
            Outcome::Dialled(Err(refusal)) => {
                let retry_at = Instant::now() + pause(&mut failures, &refusal);
                tracing::debug!(pod = to.pod, ?refusal, "no upgrade in reserve");
                prover.tell(match refusal {
                    Refusal::Any(failure) => Proof::Failed { failure, retry_at },
                    // A wire that needs no upgrade in reserve may work.
                    Refusal::ThisWire(_) | Refusal::Silent(_) => Proof::Untested,
                });
                Effort::Resting(retry_at)
            }
        };
    }
}

/// The wait after one more failure, with jitter: those who failed together are not to come back together.
fn pause(failures: &mut Failures, refusal: &Refusal) -> Duration {
    failures.add(matches!(refusal, Refusal::Any(Failure { kind: Kind::Login | Kind::Forbidden, .. })));
    if failures.is_believed_refusal() {
        return NEEDS_YOU;
    }
    let (first, longest) = PAUSE;
    let ceiling = first.saturating_mul(1 << (failures.in_a_row() - 1).min(16)).min(longest);
    ceiling.mul_f64(0.5 + fastrand::f64() / 2.0)
}

/// An interest in a pod. Dropping it ends the pod's idle upgrades, unless somebody else has one.
#[must_use = "dropping it ends the interest"]
pub struct Warm {
    pool: Weak<Inner>,
    key: Key,
    proof: watch::Receiver<Proof>,
    _keeping: AbortOnDropHandle<()>,
}

impl Warm {
    /// What is known of the way to the pod, as it changes.
    pub fn proof(&self) -> watch::Receiver<Proof> {
        self.proof.clone()
    }
}

impl fmt::Debug for Warm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Warm").field(&self.key.pod).finish()
    }
}

impl Drop for Warm {
    fn drop(&mut self) {
        let Some(inner) = self.pool.upgrade() else { return };
        let surplus = inner.surplus();
        inner.pod(&self.key, |pod| {
            pod.wanted -= 1;
            pod.trim(surplus, Instant::now());
        });
    }
}

/// A share in an upgrade, for one connection. Dropping it gives it back.
pub struct Taken {
    pool: Weak<Inner>,
    key: Key,
    mux: Mux,
    well: bool,
}

impl Taken {
    /// The upgrade.
    pub fn mux(&self) -> &Mux {
        &self.mux
    }

    /// Gives it back from a connection that ends in good order, so that the next may have it.
    pub fn well(mut self) {
        self.well = true;
    }
}

impl fmt::Debug for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Taken").field(&self.key.pod).finish()
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        if let Some(inner) = self.pool.upgrade() {
            inner.give_back(&self.key, &self.mux, self.well);
        }
    }
}
