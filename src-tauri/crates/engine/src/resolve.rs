//! From a target to endpoints: what of Kubernetes' objects a tunnel follows.
//!
//! The pure half reads objects and says which endpoints serve which port, or why none does. [`Resolver`] watches the
//! objects and asks the pure half anew after each change; an edited selector is followed by watching other pods.

#[cfg(test)]
mod follow_tests;
mod rules;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use k8s_openapi::api::{
    apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet},
    batch::v1::Job,
    core::v1::{Pod, ReplicationController, Service},
};
use kube::{Api, core::Selector, runtime::watcher};
use tokio::sync::Notify;

pub(crate) use rules::Resolution;

use crate::{
    cluster::Cluster,
    error::{Code, Error, Problem},
    forward::{Forward, Target, WorkloadKind},
    pod,
    row::Scope,
    watched::{Failing, Origin, Watched},
    workload::{self, Workload},
};

/// What a resolver found.
#[derive(Debug)]
pub(crate) enum Found {
    /// The target as it is now.
    Now(Resolution),
    /// The API server could not be asked.
    Lost(Failing),
    /// The pod that was meant is gone.
    PodGone(Problem),
}

/// Follows one forward's target.
#[derive(Debug)]
pub(crate) struct Resolver {
    cluster: Arc<Cluster>,
    forward: Forward,
    owner: Owner,
    /// The selector, or the field that names the pod, and the pods it finds.
    pods: Option<(String, Watched<Pod>)>,
    /// The UID of a direct tunnel's pod, once it was seen.
    pinned: Option<String>,
    /// Whether something changed that was not looked at yet.
    changed: bool,
    retry_now: Arc<Notify>,
}

/// What is to be said of the target.
enum Decision {
    /// Some objects are still awaited.
    Awaited,
    Found(Found),
    /// The target does not exist.
    Missing,
    /// The labels match no pod at all.
    NoPods,
}

/// Which pods the owner means.
enum Named {
    /// It was not seen yet.
    Awaited,
    /// It does not exist.
    Missing,
    /// It names no pods.
    Unusable(Error),
    /// Those with these labels.
    Selector(String),
    /// Those that the user named.
    ByUser,
}

/// The object that says which pods are meant.
#[derive(Debug)]
enum Owner {
    Service(Watched<Service>),
    Workload(Watched<Workload>),
    /// The user said it: labels or a pod's name.
    Nobody,
}

impl Resolver {
    /// Begins when it is first asked. `retry_now` skips the wait after a failure.
    pub(crate) fn new(cluster: Arc<Cluster>, forward: Forward, retry_now: Arc<Notify>) -> Self {
        let scope = Scope::One { name: forward.namespace.clone() };
        let owner = match &forward.target {
            Target::Service { name } => {
                let origin = Origin {
                    api: cluster.api(&scope),
                    config: watcher::Config::default().fields(&format!("metadata.name={name}")),
                    operation: cluster.operation("list", "services", &scope),
                    server: cluster.server.clone(),
                    retry_now: retry_now.clone(),
                };
                Owner::Service(Watched::new(origin, |service| service))
            }
            Target::Workload { kind, name } => {
                Owner::Workload(workload::watch(&cluster, &scope, *kind, Some(name), &retry_now))
            }
            Target::Selector { .. } | Target::Pod { .. } => Owner::Nobody,
        };
        let mut resolver = Resolver { cluster, forward, owner, pods: None, pinned: None, changed: false, retry_now };
        match resolver.forward.target.clone() {
            Target::Selector { labels } => resolver.follow(labels),
            Target::Pod { name } => resolver.follow(format!("metadata.name={name}")),
            Target::Service { .. } | Target::Workload { .. } => {}
        }
        resolver
    }

    /// Goes on by another client of the same context. The pod of a direct tunnel stays the one that it was.
    pub(crate) fn go_on_by(&mut self, cluster: Arc<Cluster>) {
        let pinned = self.pinned.take();
        *self = Resolver::new(cluster, self.forward.clone(), self.retry_now.clone());
        self.pinned = pinned;
    }

    /// The target as it is after the next change. Cancel-safe.
    pub(crate) async fn next(&mut self) -> Found {
        loop {
            if self.changed {
                let found = self.look().await;
                self.changed = false;
                if let Some(found) = found {
                    return found;
                }
            }
            let changed = tokio::select! {
                changed = self.owner.next() => changed,
                changed = next_pods(&mut self.pods) => changed,
            };
            match changed {
                Ok(()) => self.changed = true,
                Err(failing) => return Found::Lost(failing),
            }
        }
    }

    /// What the objects say; `None` while some of them are still awaited.
    async fn look(&mut self) -> Option<Found> {
        match self.decide() {
            Decision::Awaited => None,
            Decision::Found(found) => Some(found),
            Decision::Missing => Some(Found::Now(missing(&self.cluster, &self.forward).await)),
            Decision::NoPods => {
                let unknown = unknown_namespace(&self.cluster, &self.forward.namespace).await;
                Some(Found::Now(unknown.unwrap_or_else(|| rules::ready_pods(&self.forward, Vec::new()))))
            }
        }
    }

    fn decide(&mut self) -> Decision {
        match self.named() {
            Named::Awaited => return Decision::Awaited,
            Named::Missing => {
                self.pods = None;
                return Decision::Missing;
            }
            Named::Unusable(error) => {
                self.pods = None;
                return Decision::Found(Found::Now(Resolution::trouble(&error, true)));
            }
            Named::Selector(selector) => self.follow(selector),
            Named::ByUser => {}
        }
        let Some((_, pods)) = self.pods.as_ref().filter(|(_, pods)| pods.synced()) else { return Decision::Awaited };
        let pods: Vec<&Pod> = pods.objects().collect();
        if let Owner::Service(watched) = &self.owner {
            let service = watched.objects().next();
            return service
                .map_or(Decision::Missing, |s| Decision::Found(Found::Now(rules::service(&self.forward, s, pods))));
        }
        let Target::Pod { name } = &self.forward.target else {
            if pods.is_empty() {
                return Decision::NoPods;
            }
            return Decision::Found(Found::Now(rules::ready_pods(&self.forward, pods)));
        };
        match (pods.first(), &self.pinned) {
            (None, None) => Decision::Missing,
            (None, Some(_)) => Decision::Found(Found::PodGone(pod_gone(name))),
            (Some(pod), Some(pinned)) if pod.metadata.uid.as_ref() != Some(pinned) => {
                Decision::Found(Found::PodGone(pod_gone(name)))
            }
            (Some(pod), _) => {
                // Nothing of it runs any more, and nothing will: its object only waits to be cleared away.
                if self.pinned.is_some() && pod::is_terminating(pod) && !pod::is_running(pod) {
                    return Decision::Found(Found::PodGone(pod_gone(name)));
                }
                let resolution = rules::pod(&self.forward, pod);
                self.pinned = pod.metadata.uid.clone();
                Decision::Found(Found::Now(resolution))
            }
        }
    }

    fn named(&self) -> Named {
        match &self.owner {
            Owner::Nobody => Named::ByUser,
            Owner::Service(watched) if !watched.synced() => Named::Awaited,
            Owner::Workload(watched) if !watched.synced() => Named::Awaited,
            Owner::Service(watched) => match watched.objects().next().map(|s| rules::selector_of(s, &self.forward)) {
                None => Named::Missing,
                Some(Ok(selector)) => Named::Selector(selector),
                Some(Err(error)) => Named::Unusable(error),
            },
            Owner::Workload(watched) => match watched.objects().next().map(|w| &w.selector) {
                None => Named::Missing,
                Some(Some(selector)) => Named::Selector(selector.to_string()),
                Some(None) => Named::Unusable(Error::NoSelector { target: self.forward.target.clone() }),
            },
        }
    }

    /// Watches the pods of a selector, or the one of a name; goes on with those that are watched already.
    fn follow(&mut self, selector: String) {
        if self.pods.as_ref().is_some_and(|(followed, _)| *followed == selector) {
            return;
        }
        let scope = Scope::One { name: self.forward.namespace.clone() };
        let config = match &self.forward.target {
            Target::Pod { .. } => watcher::Config::default().fields(&selector),
            _ => watcher::Config::default().labels(&selector),
        };
        let api: Api<Pod> = self.cluster.api(&scope);
        let origin = Origin {
            api,
            config,
            operation: self.cluster.operation("list", "pods", &scope),
            server: self.cluster.server.clone(),
            retry_now: self.retry_now.clone(),
        };
        let slim = |mut pod: Pod| {
            pod.metadata.managed_fields = None;
            pod.metadata.annotations = None;
            pod
        };
        self.pods = Some((selector, Watched::new(origin, slim)));
    }
}

/// The target does not exist (any more): says what does, of the same kind.
async fn missing(cluster: &Cluster, forward: &Forward) -> Resolution {
    let namespace = &forward.namespace;
    if let Some(unknown) = unknown_namespace(cluster, namespace).await {
        return unknown;
    }
    let known = match &forward.target {
        Target::Service { .. } => cluster.names::<Service>(namespace).await,
        Target::Pod { .. } | Target::Selector { .. } => cluster.names::<Pod>(namespace).await,
        Target::Workload { kind, .. } => match kind {
            WorkloadKind::Deployment => cluster.names::<Deployment>(namespace).await,
            WorkloadKind::StatefulSet => cluster.names::<StatefulSet>(namespace).await,
            WorkloadKind::DaemonSet => cluster.names::<DaemonSet>(namespace).await,
            WorkloadKind::ReplicaSet => cluster.names::<ReplicaSet>(namespace).await,
            WorkloadKind::ReplicationController => cluster.names::<ReplicationController>(namespace).await,
            WorkloadKind::Job => cluster.names::<Job>(namespace).await,
        },
    };
    let error = Error::TargetNotFound { target: forward.target.clone(), namespace: namespace.clone(), known };
    Resolution::trouble(&error, false)
}

/// Where the namespace does not exist, that is what is wrong.
async fn unknown_namespace(cluster: &Cluster, name: &str) -> Option<Resolution> {
    let known = cluster.namespaces_without(name).await?;
    Some(Resolution::trouble(&Error::UnknownNamespace { name: name.to_owned(), known }, false))
}

impl Owner {
    async fn next(&mut self) -> Result<(), Failing> {
        match self {
            Owner::Service(watched) => watched.next().await,
            Owner::Workload(watched) => watched.next().await,
            Owner::Nobody => std::future::pending().await,
        }
    }
}

async fn next_pods(pods: &mut Option<(String, Watched<Pod>)>) -> Result<(), Failing> {
    match pods {
        Some((_, watched)) => watched.next().await,
        None => std::future::pending().await,
    }
}

fn pod_gone(name: &str) -> Problem {
    Problem {
        code: Code::PodGone,
        message: format!("pod/{name} is gone. A direct tunnel means that one pod, so it ended with it."),
        next: "Open a tunnel to its Service or workload instead: those outlive a pod.".into(),
    }
}

/// The selector of plain labels, as Services and ReplicationControllers have it.
fn labels_selector<'a>(labels: impl IntoIterator<Item = (&'a String, &'a String)>) -> Selector {
    labels.into_iter().map(|(k, v)| (k.clone(), v.clone())).collect()
}
