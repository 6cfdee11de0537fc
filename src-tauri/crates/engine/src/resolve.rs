//! From a target to endpoints: what of Kubernetes' objects a tunnel follows.
//!
//! - [`Resolver`] watches the objects and asks the pure half anew after each change; an edited selector is followed by
//!   watching other pods.
//! - `rules` is the pure half: objects in, endpoints or a reason out. `listed` reads what slices and Endpoints name.
//! - `sources` reads those, on the best `rung` that the user has.
//! - `missing` has the words for what is not there; `parent` knows the workload behind a direct tunnel's pod.
//!
//! A Service's pods are watched beside its slices, where they may be: slices are written after the fact, and a pod that is
//! known to terminate gets no new connection while its slice still says `ready`. Where no slice lists one that is ready,
//! the pods say why, or one of them is ready before its slice says so.

#[cfg(test)]
mod follow_tests;
mod listed;
mod missing;
mod parent;
#[cfg(test)]
mod pod_tests;
mod rules;
mod rung;
#[cfg(test)]
mod service_tests;
mod sources;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use k8s_openapi::api::core::v1::{Pod, Service};
use kube::core::Selector;
use tokio::sync::Notify;

pub(crate) use missing::why_missing;
pub(crate) use parent::owner;
pub(crate) use rules::{Resolution, selector_of, service_port};
pub(crate) use rung::Rungs;

use crate::{
    cluster::Cluster,
    error::{Error, Problem},
    forward::{Forward, Target},
    pod,
    row::Scope,
    watched::{Failing, Select, Watched},
    workload::{self, Workload},
};
use listed::Listed;
use missing::{missing, pod_gone, unknown_namespace};
use parent::Parent;
use rung::Rung;
use sources::Sources;

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
    pods: Option<Followed>,
    /// The pod of a direct tunnel, once it was seen.
    pinned: Option<Pinned>,
    /// The UID of the pod that it was before, where the next one of its name is waited for.
    gone: Option<String>,
    /// Whether something changed that was not looked at yet.
    changed: bool,
    retry_now: Arc<Notify>,
}

/// The pods that are looked at.
#[derive(Debug)]
struct Followed {
    /// The selector, or the field that names the pod.
    by: String,
    watched: Watched<Pod>,
    /// Why they could not be read the last time.
    failing: Option<Problem>,
}

/// The one pod that a direct tunnel means.
#[derive(Debug)]
struct Pinned {
    uid: Option<String>,
    parent: Parent,
}

/// What is to be said of the target.
enum Decision {
    /// Some objects are still awaited.
    Awaited,
    Now(Box<Resolution>),
    /// The pod that was meant is gone.
    Gone,
    /// The target does not exist.
    Missing,
    /// The labels match no pod at all.
    NoPods,
}

/// The object that says which pods are meant.
#[derive(Debug)]
enum Owner {
    Service {
        watched: Watched<Service>,
        sources: Box<Sources>,
    },
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
                let watched = cluster.watch(&scope, Select::Name(name.clone()), &retry_now, |service| service);
                let sources = Sources::new(cluster.clone(), &forward.namespace, name, retry_now.clone());
                Owner::Service { watched, sources: Box::new(sources) }
            }
            Target::Workload { kind, name } => {
                Owner::Workload(workload::watch(&cluster, &scope, *kind, Some(name), &retry_now))
            }
            Target::Selector { .. } | Target::Pod { .. } => Owner::Nobody,
        };
        Resolver { cluster, forward, owner, pods: None, pinned: None, gone: None, changed: true, retry_now }
    }

    /// Goes on by another client of the same context. The pod of a direct tunnel stays the one that it was.
    pub(crate) fn go_on_by(&mut self, cluster: Arc<Cluster>) {
        let (pinned, gone) = (self.pinned.take(), self.gone.take());
        *self = Resolver::new(cluster, self.forward.clone(), self.retry_now.clone());
        (self.pinned, self.gone) = (pinned, gone);
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
                changed = next_pods(&mut self.pods) => match changed {
                    // The slices say by themselves whether the server is away; the pods would only say more.
                    Err(_) if self.owner.lists_endpoints() => Ok(()),
                    other => other,
                },
                () = next_parent(&mut self.pinned) => Ok(()),
            };
            match changed {
                Ok(()) => self.changed = true,
                Err(failing) => return Found::Lost(failing),
            }
        }
    }

    /// What the objects say; `None` while some of them are still awaited.
    async fn look(&mut self) -> Option<Found> {
        // What was last known may be old: it was told that the server does not answer, and it will be told when it does.
        if self.failing() {
            return None;
        }
        match self.decide() {
            Decision::Awaited => None,
            Decision::Now(resolution) => Some(Found::Now(*resolution)),
            Decision::Gone => Some(Found::PodGone(pod_gone(&self.forward.target))),
            Decision::Missing => Some(Found::Now(missing(&self.cluster, &self.forward).await)),
            Decision::NoPods => {
                let unknown = unknown_namespace(&self.cluster, &self.forward.namespace).await;
                Some(Found::Now(unknown.unwrap_or_else(|| rules::ready_pods(&self.forward, Vec::new()))))
            }
        }
    }

    fn failing(&self) -> bool {
        let pods = self.pods.as_ref().is_some_and(|followed| followed.watched.failing());
        match &self.owner {
            Owner::Service { watched, sources } => {
                watched.failing() || sources.failing() || pods && !self.owner.lists_endpoints()
            }
            Owner::Workload(watched) => watched.failing() || pods,
            Owner::Nobody => pods,
        }
    }

    fn decide(&mut self) -> Decision {
        match &self.owner {
            Owner::Service { .. } => self.decide_service(),
            Owner::Workload(watched) if !watched.synced() => Decision::Awaited,
            Owner::Workload(watched) => {
                let workload = watched.object();
                match workload.map(|w| w.selector.as_ref().map(ToString::to_string)) {
                    None => self.without_pods(Decision::Missing),
                    Some(None) => {
                        let error = Error::NoSelector { target: self.forward.target.clone() };
                        self.without_pods(unusable(&error))
                    }
                    Some(Some(selector)) => self.decide_pods(selector),
                }
            }
            Owner::Nobody => match self.forward.target.clone() {
                Target::Selector { labels } => self.decide_pods(labels),
                Target::Pod { name } => self.decide_pod(&name),
                // They have an owner.
                Target::Service { .. } | Target::Workload { .. } => Decision::Awaited,
            },
        }
    }

    fn decide_service(&mut self) -> Decision {
        let Owner::Service { watched, sources } = &self.owner else { return Decision::Awaited };
        if !watched.synced() {
            return Decision::Awaited;
        }
        let Some(service) = watched.object() else {
            return self.without_pods(Decision::Missing);
        };
        let selector = match rules::selector_of(&service, &self.forward.target) {
            Err(error @ Error::ExternalName { .. }) => return self.without_pods(unusable(&error)),
            selector => selector,
        };
        let Some(rung) = sources.rung() else { return Decision::Awaited };
        let objects = sources.listed();
        let listed: Vec<&Listed> = objects.iter().flat_map(|listed| listed.iter()).collect();
        let selector = match selector {
            Ok(selector) => selector,
            Err(error) => {
                let (resolution, _) = rules::listed(&self.forward, &service, &listed, None);
                return self.without_pods(match resolution {
                    // It would have to name them itself, and does not.
                    _ if listed.is_empty() => unusable(&error),
                    none if none.is_empty() => now(rules::none_listed(&self.forward, none, None)),
                    found => now(found),
                });
            }
        };
        self.follow(selector);
        let Some(Followed { watched, failing, .. }) = &self.pods else { return Decision::Awaited };
        let pods = watched.objects();
        let pods: Vec<&Pod> = pods.iter().map(Arc::as_ref).collect();
        let (in_slices, any_ready) = {
            let known = watched.synced().then_some(pods.as_slice());
            rules::listed(&self.forward, &service, &listed, known)
        };
        // What is wrong with a port is wrong on every rung.
        if any_ready || in_slices.trouble.is_some() || in_slices.refused.is_some() {
            return now(in_slices);
        }
        let in_pods = watched.synced().then(|| rules::service(&self.forward, &service, pods));
        match in_pods {
            // One that is ready, before its slice says so.
            Some(in_pods) if !in_pods.endpoints.is_empty() => now(in_pods),
            // They are on their way out, and better than none.
            _ if !in_slices.endpoints.is_empty() => now(in_slices),
            // Why there is none.
            Some(in_pods) => now(in_pods),
            None if rung == Rung::Pods => Decision::Awaited,
            None if failing.is_some() => now(rules::none_listed(&self.forward, in_slices, failing.as_ref())),
            // What was there may be there no more, before it is known why.
            None => now(in_slices),
        }
    }

    /// Of a workload or a selector.
    fn decide_pods(&mut self, selector: String) -> Decision {
        self.follow(selector);
        let Some(Followed { watched, .. }) = &self.pods else { return Decision::Awaited };
        let pods = watched.objects();
        if !watched.synced() {
            Decision::Awaited
        } else if pods.is_empty() {
            Decision::NoPods
        } else {
            let pods = pods.iter().map(Arc::as_ref).collect();
            now(rules::ready_pods(&self.forward, pods))
        }
    }

    fn decide_pod(&mut self, name: &str) -> Decision {
        self.follow(format!("metadata.name={name}"));
        let Some(Followed { watched, .. }) = self.pods.as_ref().filter(|followed| followed.watched.synced()) else {
            return Decision::Awaited;
        };
        let pod = match (watched.object(), &self.pinned) {
            (None, None) => return Decision::Missing,
            (Some(pod), None) if self.gone.is_some() && pod.metadata.uid == self.gone => return Decision::Missing,
            // Nothing of it runs any more, and nothing will: its object only waits to be cleared away.
            (Some(pod), Some(_)) if pod::is_terminating(&pod) && !pod::is_running(&pod) => None,
            (Some(pod), Some(pinned)) if pod.metadata.uid != pinned.uid => None,
            (pod, _) => pod,
        };
        let pod = match pod {
            Some(pod) => pod,
            None if !self.forward.wait_for_name => return Decision::Gone,
            // The next one of that name, once it is there.
            None => {
                if let Some(pinned) = self.pinned.take() {
                    self.gone = pinned.uid;
                }
                match watched.object().filter(|next| next.metadata.uid != self.gone) {
                    Some(next) => next,
                    None => return Decision::Missing,
                }
            }
        };
        let pinned = self.pinned.get_or_insert_with(|| Pinned {
            uid: pod.metadata.uid.clone(),
            parent: Parent::of(&pod, &self.cluster, &self.forward.namespace),
        });
        let resolution = Resolution { owner: pinned.parent.target(), ..rules::pod(&self.forward, &pod) };
        now(resolution)
    }

    /// The pods are not to be looked at any more.
    fn without_pods(&mut self, decision: Decision) -> Decision {
        self.pods = None;
        decision
    }

    /// Watches the pods of a selector, or the one of a name; goes on with those that are watched already.
    fn follow(&mut self, by: String) {
        if self.pods.as_ref().is_none_or(|followed| followed.by != by) {
            self.pods = Some(Followed { watched: self.watch(&by), by, failing: None });
        }
    }

    fn watch(&self, by: &str) -> Watched<Pod> {
        let scope = Scope::One { name: self.forward.namespace.clone() };
        let select = match &self.forward.target {
            Target::Pod { name } => Select::Name(name.clone()),
            _ => Select::Labels(by.to_owned()),
        };
        self.cluster.watch(&scope, select, &self.retry_now, pod::slim)
    }
}

impl Owner {
    async fn next(&mut self) -> Result<(), Failing> {
        match self {
            Owner::Service { watched, sources } => tokio::select! {
                changed = watched.next() => changed,
                changed = sources.next() => changed,
            },
            Owner::Workload(watched) => watched.next().await,
            Owner::Nobody => std::future::pending().await,
        }
    }

    /// Whether endpoints are read from slices or Endpoints, and not from the pods alone.
    fn lists_endpoints(&self) -> bool {
        match self {
            Owner::Service { sources, .. } => sources.rung().is_some_and(|rung| rung != Rung::Pods),
            Owner::Workload(_) | Owner::Nobody => false,
        }
    }
}

async fn next_parent(pinned: &mut Option<Pinned>) {
    match pinned {
        Some(pinned) => pinned.parent.next().await,
        None => std::future::pending().await,
    }
}

/// Remembers also why it failed.
async fn next_pods(pods: &mut Option<Followed>) -> Result<(), Failing> {
    let Some(followed) = pods else { return std::future::pending().await };
    let changed = followed.watched.next().await;
    followed.failing = changed.as_ref().err().map(|failing| failing.error.problem());
    changed
}

fn now(resolution: Resolution) -> Decision {
    Decision::Now(Box::new(resolution))
}

/// A target that leads to no pod as it is.
fn unusable(error: &Error) -> Decision {
    now(Resolution::trouble(error, true))
}

/// The selector of plain labels, as Services and ReplicationControllers have it.
fn labels_selector<'a>(labels: impl IntoIterator<Item = (&'a String, &'a String)>) -> Selector {
    labels.into_iter().map(|(k, v)| (k.clone(), v.clone())).collect()
}
