//! Where a Service's endpoints are read: the best of the three rungs that this user has.
//!
//! A rung is `trying` until it was answered, and then `current`. One that is denied gives way to the one below. While a
//! lower one is current, the better ones are tried beside it from time to time.

use std::sync::Arc;

use tokio::sync::Notify;

use super::{
    listed::{self, Listed},
    rung::{Denied, Namespace, Rung},
};
use crate::{
    cluster::Cluster,
    row::Scope,
    watched::{Failing, Select, Watched},
};

/// The label that names the Service of a slice.
const SERVICE_NAME: &str = "kubernetes.io/service-name";

#[derive(Debug)]
pub(super) struct Sources {
    cluster: Arc<Cluster>,
    scope: Scope,
    service: String,
    access: Namespace,
    current: Option<Source>,
    trying: Option<Source>,
    retry_now: Arc<Notify>,
}

#[derive(Debug)]
struct Source {
    rung: Rung,
    /// `None` on the last rung: the pods are not looked for here.
    watched: Option<Watched<Vec<Listed>>>,
}

impl Sources {
    pub(super) fn new(cluster: Arc<Cluster>, namespace: &str, service: &str, retry_now: Arc<Notify>) -> Self {
        let access = cluster.rungs.of(namespace);
        let scope = Scope::One { name: namespace.to_owned() };
        let mut sources =
            Sources { cluster, scope, service: service.to_owned(), access, current: None, trying: None, retry_now };
        sources.attempt(sources.access.known().rung);
        sources
    }

    /// The rung that was found; `None` while that is not known.
    pub(super) fn rung(&self) -> Option<Rung> {
        self.current.as_ref().map(|source| source.rung)
    }

    /// The pods that the objects name, by object; none on the last rung.
    pub(super) fn listed(&self) -> Vec<Arc<Vec<Listed>>> {
        let watched = self.current.as_ref().and_then(|source| source.watched.as_ref());
        watched.map(Watched::objects).unwrap_or_default()
    }

    /// Whether the API server could not be asked the last time.
    pub(super) fn failing(&self) -> bool {
        let watched = self.current.as_ref().and_then(|source| source.watched.as_ref());
        watched.is_some_and(Watched::failing)
    }

    /// Waits until the rung or what it says has changed, or the API server could not be asked. Cancel-safe.
    pub(super) async fn next(&mut self) -> Result<(), Failing> {
        loop {
            // The last rung has nothing of its own to wait for.
            if let Some(found) = self.trying.take_if(|source| source.watched.is_none()) {
                self.current = Some(found);
                return Ok(());
            }
            tokio::select! {
                changed = next(&mut self.current) => match changed {
                    Ok(()) => return Ok(()),
                    // What was allowed is not any more.
                    Err(failing) => match Denied::by(&failing) {
                        None => return Err(failing),
                        Some(why) => {
                            if let Some(Source { rung, .. }) = self.current.take() {
                                self.step_down(rung, why);
                            }
                        }
                    }
                },
                tried = next(&mut self.trying) => match (tried, self.trying.take()) {
                    (Ok(()), Some(found)) => {
                        self.access.works(found.rung);
                        self.current = Some(found);
                        return Ok(());
                    }
                    (Err(failing), Some(tried)) => match Denied::by(&failing) {
                        Some(why) => self.step_down(tried.rung, why),
                        None if self.current.is_none() => {
                            self.trying = Some(tried);
                            return Err(failing);
                        }
                        // It is tried again in time; the current one says by itself whether the server is away.
                        None => {}
                    },
                    (_, None) => {}
                },
                () = self.access.news() => {
                    let better = self.access.known().rung;
                    if self.access.claim(false) {
                        self.attempt(Rung::Slices);
                    } else if self.rung().is_some_and(|rung| better < rung) && self.trying.is_none() {
                        self.attempt(better);
                    }
                }
                () = self.retry_now.notified() => {
                    if self.access.claim(true) {
                        self.attempt(Rung::Slices);
                    }
                }
            }
        }
    }

    fn step_down(&mut self, rung: Rung, why: Denied) {
        self.access.denied(rung, why);
        if let Some(below) = rung.below() {
            self.attempt(below);
        }
    }

    fn attempt(&mut self, rung: Rung) {
        let (cluster, scope, retry_now) = (&self.cluster, &self.scope, &self.retry_now);
        let watched = match rung {
            Rung::Slices => {
                let select = Select::Labels(format!("{SERVICE_NAME}={}", self.service));
                Some(cluster.watch(scope, select, retry_now, listed::of_slice))
            }
            Rung::Endpoints => {
                let select = Select::Name(self.service.clone());
                Some(cluster.watch(scope, select, retry_now, listed::of_endpoints))
            }
            Rung::Pods => None,
        };
        self.trying = Some(Source { rung, watched });
    }
}

async fn next(source: &mut Option<Source>) -> Result<(), Failing> {
    match source.as_mut().and_then(|source| source.watched.as_mut()) {
        Some(watched) => watched.next().await,
        None => std::future::pending().await,
    }
}
