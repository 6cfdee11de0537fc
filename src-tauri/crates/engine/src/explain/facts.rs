//! What a Service is explained from: the objects, read once, each by itself and at the same time.
//!
//! What may not be read is `None` here and has its reason in [`Facts::unread`]: nothing is concluded from it. Only the
//! Service comes first, as the rest depends on it, and a server that does not answer is not asked seven times.
//! `workload` finds who makes its pods, `rights` asks what the user may do.

mod rights;
#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;
mod workload;

use std::{io, time::Duration};

use k8s_openapi::{
    NamespaceResourceScope,
    api::{
        core::v1::{Endpoints, Node, Pod, Service},
        discovery::v1::EndpointSlice,
        networking::v1::Ingress,
    },
};
use kube::{Api, Resource, ResourceExt, api::ListParams, core::Selector};
use serde::de::DeserializeOwned;

pub(crate) use rights::Right;
pub(crate) use workload::Owner;

use crate::{
    cluster::Cluster,
    credentials::failure::Failure,
    error::{Code, Error, Problem},
    explain::view::Unread,
    forward::Target,
    pod, resolve, service,
};

/// Each request has this long. Somebody waits for the answer, and what is there is told without the rest.
const PATIENCE: Duration = Duration::from_secs(10);

/// Pods that are looked at for the label that misses, where none matches. A namespace can hold thousands.
const NEIGHBOURS: u32 = 500;

/// What is known of a Service.
#[derive(Debug)]
pub(crate) struct Facts {
    /// Its namespace.
    pub(crate) namespace: String,
    /// Its name.
    pub(crate) name: String,
    /// The API server's URL, for messages.
    pub(crate) server: String,
    /// The Service itself.
    pub(crate) service: Seen,
    /// What its controllers say of its endpoints.
    pub(crate) addresses: Option<Addresses>,
    /// The pods that its selector matches, in whatever state; none where it has no selector.
    pub(crate) pods: Option<Vec<Pod>>,
    /// Other pods of the namespace; looked for only where the selector matches none.
    pub(crate) neighbours: Option<Vec<Pod>>,
    /// Who makes its pods, or would: empty where nobody does, or where the Service has no selector.
    pub(crate) owners: Option<Vec<Owner>>,
    /// The nodes.
    pub(crate) nodes: Option<Vec<Node>>,
    /// The Ingresses of the namespace, whatever they lead to.
    pub(crate) ingresses: Option<Vec<Ingress>>,
    /// What the user may do, as far as the API server told.
    pub(crate) rights: Vec<Right>,
    /// What could not be read.
    pub(crate) unread: Vec<Unread>,
}

/// The Service, as far as it could be read.
#[derive(Debug)]
pub(crate) enum Seen {
    /// It is there.
    There(Box<Service>),
    /// It does not exist.
    Missing {
        /// The names of those that do, sorted; none where they may not be listed.
        known: Vec<String>,
    },
    /// It could not be read.
    Unread {
        /// Why.
        because: Problem,
        /// What the exec plugin failed with, if that is why.
        plugin: Option<Failure>,
    },
}

/// What a Service's controllers say of its endpoints.
#[derive(Debug)]
pub(crate) enum Addresses {
    /// Its slices.
    Slices(Vec<EndpointSlice>),
    /// Its Endpoints, where slices may not be read or the server has none yet; `None` where there is no such object.
    Endpoints(Option<Box<Endpoints>>),
}

impl Facts {
    /// Reads everything.
    ///
    /// # Errors
    /// When there is no such namespace. A Service that does not exist, and a server that does not answer, are facts.
    pub(crate) async fn read(cluster: &Cluster, namespace: &str, name: &str) -> Result<Facts, Problem> {
        let reader = Reader { cluster, namespace };
        let mut facts = Facts {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            server: cluster.server.clone(),
            service: reader.service(name).await?,
            addresses: None,
            pods: None,
            neighbours: None,
            owners: None,
            nodes: None,
            ingresses: None,
            rights: Vec::new(),
            unread: Vec::new(),
        };
        if facts.is_out_of_reach() {
            return Ok(facts);
        }
        if let Seen::Unread { because, .. } = &facts.service {
            facts.unread.push(Unread { what: format!("services in {namespace}"), because: because.clone() });
        }
        let (addresses, behind, nodes, ingresses, rights) = tokio::join!(
            reader.addresses(name),
            reader.behind(facts.service()),
            reader.nodes(),
            reader.ingresses(),
            rights::ask(&reader),
        );
        facts.addresses = facts.keep("endpointslices", addresses);
        facts.nodes = facts.keep("nodes", nodes);
        facts.ingresses = facts.keep("ingresses", ingresses);
        facts.rights = facts.keep("what you may do", rights).unwrap_or_default();
        if let Some(behind) = behind {
            facts.pods = facts.keep("pods", behind.pods);
            facts.neighbours = behind.neighbours.and_then(|found| facts.keep("other pods", found));
            facts.owners = behind.owners.and_then(|found| facts.keep("workloads", found));
        }
        Ok(facts)
    }

    /// The Service, where it is known.
    pub(crate) fn service(&self) -> Option<&Service> {
        match &self.service {
            Seen::There(service) => Some(service),
            Seen::Missing { .. } | Seen::Unread { .. } => None,
        }
    }

    /// Whether the API server does not answer, or not to this user.
    pub(crate) fn is_out_of_reach(&self) -> bool {
        matches!(&self.service, Seen::Unread { because, .. } if matches!(because.code, Code::Unreachable | Code::Login))
    }

    /// The pods that are to serve: those that are neither done nor on their way out. `None` where they are not known.
    pub(crate) fn serving(&self) -> Option<Vec<&Pod>> {
        let pods = self.pods.as_ref()?;
        Some(pods.iter().filter(|pod| !pod::is_done(pod) && !pod::is_terminating(pod)).collect())
    }

    /// The pod to show and to dial: the best of those that are to serve, as kubectl would choose.
    pub(crate) fn example(&self) -> Option<&Pod> {
        self.serving()?.into_iter().min_by_key(|pod| pod::preference(pod))
    }

    /// Whether the user may do this; `None` where that could not be read. `resource` may be `pods/portforward`.
    pub(crate) fn may(&self, verb: &str, resource: &str) -> Option<bool> {
        self.rights.iter().find(|right| right.verb == verb && right.resource == resource).map(|right| right.allowed)
    }

    /// What was read; else its reason is noted.
    fn keep<T>(&mut self, what: &str, read: Result<T, Problem>) -> Option<T> {
        let because = match read {
            Ok(found) => return Some(found),
            Err(because) => because,
        };
        let what = if what == "nodes" { what.to_owned() } else { format!("{what} in {}", self.namespace) };
        self.unread.push(Unread { what, because });
        None
    }
}

/// What stands behind a Service's selector.
struct Behind {
    pods: Result<Vec<Pod>, Problem>,
    neighbours: Option<Result<Vec<Pod>, Problem>>,
    owners: Option<Result<Vec<Owner>, Problem>>,
}

/// Whom to ask, and about which namespace.
struct Reader<'a> {
    cluster: &'a Cluster,
    namespace: &'a str,
}

impl Reader<'_> {
    fn api<K>(&self) -> Api<K>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>,
    {
        Api::namespaced(self.cluster.client.clone(), self.namespace)
    }

    /// Waits for an answer, for a while.
    ///
    /// # Errors
    /// When it says no, or does not come.
    async fn ask<T>(&self, operation: &str, answer: impl Future<Output = kube::Result<T>>) -> Result<T, Error> {
        let answer = tokio::time::timeout(PATIENCE, answer).await.unwrap_or_else(|_| {
            let text = format!("no answer within {} s", PATIENCE.as_secs());
            Err(kube::Error::Service(io::Error::new(io::ErrorKind::TimedOut, text).into()))
        });
        answer.map_err(|source| self.cluster.failed(operation, source))
    }

    async fn list<K>(&self, which: &ListParams) -> Result<Vec<K>, Error>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()> + Clone + DeserializeOwned + std::fmt::Debug,
    {
        let operation = format!("list {} in {}", K::plural(&()), self.namespace);
        Ok(self.ask(&operation, self.api::<K>().list(which)).await?.items)
    }

    async fn service(&self, name: &str) -> Result<Seen, Problem> {
        let operation = format!("get services in {}", self.namespace);
        match self.ask(&operation, self.api::<Service>().get_opt(name)).await {
            Ok(Some(service)) => Ok(Seen::There(Box::new(service))),
            Ok(None) => {
                let target = Target::Service { name: name.to_owned() };
                match resolve::why_missing(self.cluster, &target, self.namespace).await {
                    Error::TargetNotFound { known, .. } => Ok(Seen::Missing { known }),
                    error => Err(error.problem()),
                }
            }
            Err(error) => Ok(Seen::Unread { because: error.problem(), plugin: error.plugin().cloned() }),
        }
    }

    async fn addresses(&self, name: &str) -> Result<Addresses, Problem> {
        let of_it = ListParams::default().labels(&format!("kubernetes.io/service-name={name}"));
        let denied = match self.list::<EndpointSlice>(&of_it).await {
            Ok(slices) => return Ok(Addresses::Slices(slices)),
            Err(error) => error,
        };
        // Old servers have no such API, and a Role for kubectl does not name it.
        if !matches!(denied.status(), Some(403 | 404)) {
            return Err(denied.problem());
        }
        let operation = format!("get endpoints in {}", self.namespace);
        let found = self.ask(&operation, self.api::<Endpoints>().get_opt(name)).await;
        found.map(|found| Addresses::Endpoints(found.map(Box::new))).map_err(|_| denied.problem())
    }

    /// `None` where no Service is known whose pods there could be.
    async fn behind(&self, service: Option<&Service>) -> Option<Behind> {
        let Some(labels) = service::selector(service?) else {
            return Some(Behind { pods: Ok(Vec::new()), neighbours: None, owners: Some(Ok(Vec::new())) });
        };
        let selector: Selector = labels.clone().into_iter().collect();
        let pods = match self.list::<Pod>(&ListParams::default().labels_from(&selector)).await {
            Ok(pods) => pods,
            Err(error) => {
                // Who makes them can be told all the same.
                let owners = workload::making(self, &selector).await;
                return Some(Behind { pods: Err(error.problem()), neighbours: None, owners: Some(owners) });
            }
        };
        if pods.iter().any(|pod| !pod::is_done(pod)) {
            let owners = Some(workload::of(self, &pods).await);
            return Some(Behind { pods: Ok(pods), neighbours: None, owners });
        }
        let near = ListParams::default().limit(NEIGHBOURS);
        let (neighbours, owners) = tokio::join!(self.list::<Pod>(&near), workload::making(self, &selector));
        let neighbours = neighbours.map_err(|error| error.problem());
        Some(Behind { pods: Ok(pods), neighbours: Some(neighbours), owners: Some(owners) })
    }

    async fn nodes(&self) -> Result<Vec<Node>, Problem> {
        let nodes: Api<Node> = Api::all(self.cluster.client.clone());
        let found = self.ask("list nodes", nodes.list(&ListParams::default())).await;
        Ok(found.map_err(|error| error.problem())?.items)
    }

    async fn ingresses(&self) -> Result<Vec<Ingress>, Problem> {
        match self.list::<Ingress>(&ListParams::default()).await {
            // A server without this API has no Ingress either.
            Err(error) if error.status() == Some(404) => Ok(Vec::new()),
            found => found.map_err(|error| error.problem()),
        }
    }
}

/// `svc/web`: how the Service is called in what is told.
pub(crate) fn called(name: &str) -> String {
    Target::Service { name: name.to_owned() }.to_string()
}

/// `pod/web-7d9`.
pub(crate) fn pod_called(pod: &Pod) -> String {
    Target::Pod { name: pod.name_any() }.to_string()
}
