//! Clients, one a context: opened when they are first needed, shared by all that use the context, and replaced when the
//! kubeconfig says otherwise.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use portolan_wire::upgrade::Wire;
use tokio::sync::{OnceCell, watch};

#[cfg(test)]
use crate::kubeconfig::Source;
use crate::{
    cluster::Cluster, context::ContextId, credentials::Logins, error::Error, forward::Forward, kubeconfig::Sources,
    session::view::SessionId, sessions::Sessions,
};

/// Clients, one a context, built when they are first needed and shared by all that use the context.
#[derive(Debug)]
pub(crate) struct Clusters {
    sources: Sources,
    wire: Option<Wire>,
    logins: Logins,
    open: Mutex<HashMap<ContextId, Arc<Opened>>>,
}

/// A context's client, once there is one; another one when the kubeconfig's entry was changed.
type Opened = OnceCell<watch::Sender<Arc<Cluster>>>;

impl Clusters {
    /// None is open yet. Connections into pods take only the wire that is named, if any.
    pub(crate) fn new(sources: Sources, wire: Option<Wire>) -> Self {
        let logins = Logins::by(sources.variables().clone());
        Clusters { sources, wire, logins, open: Mutex::default() }
    }

    /// With one that is open already.
    #[cfg(test)]
    pub(crate) fn with(cluster: Arc<Cluster>) -> Self {
        let context = cluster.context.clone();
        let open = HashMap::from([(context, Arc::new(OnceCell::from(watch::Sender::new(cluster))))]);
        Clusters { open: Mutex::new(open), ..Clusters::new(Sources::new(Source::Default), None) }
    }

    fn open(&self) -> MutexGuard<'_, HashMap<ContextId, Arc<Opened>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) async fn get(&self, context: &ContextId) -> Result<Arc<Cluster>, Error> {
        Ok(self.follow(context).await?.borrow().clone())
    }

    /// Those that are open.
    fn opened(&self) -> Vec<(ContextId, Arc<Opened>)> {
        self.open().iter().map(|(context, opened)| (context.clone(), opened.clone())).collect()
    }

    /// Makes anew what a sleep or another network may have broken.
    pub(crate) fn renew(&self) {
        for (_, opened) in self.opened() {
            if let Some(cluster) = opened.get() {
                cluster.borrow().renew();
            }
        }
    }

    /// Replaces the clients of contexts whose cluster or user was changed. One that is not there any more, or that cannot be
    /// used as it is, stays what it was: what works is left alone.
    pub(crate) async fn reopen(&self) {
        for (context, opened) in self.opened() {
            let Some(cluster) = opened.get() else { continue };
            let Ok(contexts) = self.sources.load(&self.sources.of(&context)) else { continue };
            let fingerprint = contexts.fingerprint(&context.name);
            if fingerprint.is_none() || fingerprint == cluster.borrow().fingerprint {
                continue;
            }
            match Cluster::open(&contexts, &context, self.wire, &self.logins).await {
                Ok(new) => {
                    cluster.send_replace(Arc::new(new));
                }
                Err(error) => tracing::warn!(%error, "an edited context cannot be used; the client from before is"),
            }
        }
    }

    /// The client of a context, as it changes.
    pub(crate) async fn follow(&self, context: &ContextId) -> Result<watch::Receiver<Arc<Cluster>>, Error> {
        let cell = self.open().entry(context.clone()).or_default().clone();
        // One at a time: whoever else needs the same context waits for this attempt, and for its exec plugin.
        let opened = cell.get_or_try_init(|| async {
            // Its plugin may be where only the login shell's PATH leads.
            self.sources.variables().settled().await;
            let contexts = self.sources.load(&self.sources.of(context))?;
            let cluster = Cluster::open(&contexts, context, self.wire, &self.logins).await?;
            Ok::<_, Error>(watch::Sender::new(Arc::new(cluster)))
        });
        Ok(opened.await?.subscribe())
    }

    /// Ends the exec plugins that run.
    pub(crate) async fn end(&self) {
        self.logins.end().await;
    }
}

/// Starts a session on a context. What goes wrong is the session's phase.
pub(crate) fn start_session(sessions: &Sessions, clusters: &Arc<Clusters>, forward: Forward) -> SessionId {
    let clusters = clusters.clone();
    let context = forward.context.clone();
    let cluster = async move { clusters.follow(&context).await.map_err(|error| error.problem()) };
    sessions.start(forward, cluster)
}
