//! Pods that take no new connections any more and still have open ones.
//!
//! Those run on until they end, which the pod's own end brings about, most of the time. But a node that is gone, or a
//! runtime that is too busy, tells nobody: once the pod's object is gone, what is still open is cut, and counted.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio_util::sync::{CancellationToken, WaitForCancellationFuture};

use crate::{cluster::Cluster, phase::Endpoint};

/// Between two looks whether a pod is gone.
const LOOK: Duration = Duration::from_secs(3);

/// What was open has this long to end by itself when its pod is gone: the end of a stream arrives a second late.
const GRACE: Duration = Duration::from_secs(3);

/// The open connections of a session, by the pod's UID.
#[derive(Debug, Default)]
pub(crate) struct Open(Mutex<HashMap<String, ToPod>>);

#[derive(Debug, Default)]
struct ToPod {
    connections: usize,
    cut: CancellationToken,
    /// Whether somebody looks after them already.
    watched: bool,
}

/// One open connection, while it lives.
#[derive(Debug)]
pub(crate) struct Entered<'a> {
    open: &'a Open,
    uid: String,
    cut: CancellationToken,
}

impl Open {
    fn pods(&self) -> MutexGuard<'_, HashMap<String, ToPod>> {
        // Counts only: a panic elsewhere leaves them whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn enter(&self, endpoint: &Endpoint) -> Entered<'_> {
        let mut pods = self.pods();
        let pod = pods.entry(endpoint.uid.clone()).or_default();
        pod.connections += 1;
        Entered { open: self, uid: endpoint.uid.clone(), cut: pod.cut.clone() }
    }

    /// Whether this pod has open connections that nobody looks after yet; somebody does from now on.
    pub(crate) fn is_to_be_watched(&self, uid: &str) -> bool {
        self.pods().get_mut(uid).is_some_and(|pod| !std::mem::replace(&mut pod.watched, true))
    }

    fn has(&self, uid: &str) -> bool {
        self.pods().contains_key(uid)
    }

    fn cut(&self, uid: &str) {
        if let Some(pod) = self.pods().get(uid) {
            pod.cut.cancel();
        }
    }

    /// Looks after the connections to a pod until there are none: cuts what is left when the pod is gone.
    pub(crate) async fn watch(self: Arc<Self>, cluster: Arc<Cluster>, namespace: String, endpoint: Endpoint) {
        while self.has(&endpoint.uid) {
            if cluster.has_pod(&namespace, &endpoint.pod, &endpoint.uid).await == Some(false) {
                tokio::time::sleep(GRACE).await;
                tracing::debug!(pod = endpoint.pod, "what is still open to a pod that is gone is cut");
                return self.cut(&endpoint.uid);
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

impl Entered<'_> {
    /// When it is to be cut.
    pub(crate) fn cut(&self) -> WaitForCancellationFuture<'_> {
        self.cut.cancelled()
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        let mut pods = self.open.pods();
        let Some(pod) = pods.get_mut(&self.uid) else { return };
        pod.connections -= 1;
        if pod.connections == 0 {
            pods.remove(&self.uid);
        }
    }
}
