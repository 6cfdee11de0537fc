//! Which pods stand behind each Service: EndpointSlices, and Endpoints for who knows no slices.
//!
//! [`index`] follows which pods each Service selects, so that the change of one pod concerns its Services only;
//! [`slices`] and [`subsets`] write it down. What tunnels watch is written in the turn in which the pod's change is seen.

mod index;
mod slices;
mod subsets;

use std::collections::BTreeMap;

use k8s_openapi::api::{
    core::v1::{Endpoints, Pod, Service},
    discovery::v1::{EndpointPort, EndpointSlice},
};

use crate::{
    Store,
    store::{Change, kind_of},
};

use super::reconcile::Name;
use index::{Index, Member, Selecting};

/// Pods that are reached at the same ports.
type Groups<'a> = BTreeMap<Vec<Resolved>, Vec<&'a Member>>;

/// A Service's port at some pods.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Resolved {
    name: String,
    protocol: String,
    port: u16,
    app_protocol: Option<String>,
}

impl From<&EndpointPort> for Resolved {
    fn from(port: &EndpointPort) -> Self {
        Resolved {
            name: port.name.clone().unwrap_or_default(),
            protocol: port.protocol.clone().unwrap_or_default(),
            port: port.port.and_then(|port| u16::try_from(port).ok()).unwrap_or(0),
            app_protocol: port.app_protocol.clone(),
        }
    }
}

/// The pods behind a Service, by the ports at which they are reached. A port that a pod does not have is left out.
fn groups<'a>(service: &Selecting, members: impl Iterator<Item = &'a Member>) -> Groups<'a> {
    let mut groups = Groups::new();
    for member in members {
        let ports = service.ports.iter().filter_map(|port| {
            let number = member.port(&port.target, &port.protocol)?;
            Some(Resolved {
                name: port.name.clone(),
                protocol: port.protocol.clone(),
                port: number,
                app_protocol: port.app_protocol.clone(),
            })
        });
        groups.entry(ports.collect()).or_default().push(member);
    }
    groups
}

/// Follows Services and pods for ever.
pub(super) async fn run(store: Store) {
    let mut changes = store.changes(store.version());
    let (mut index, mut concerned) = Index::of(&store);
    loop {
        for (namespace, name) in std::mem::take(&mut concerned) {
            write(&store, &index, &namespace, &name);
            tokio::task::consume_budget().await;
        }
        match changes.next().await {
            Ok(told) => told.iter().for_each(|change| {
                index.follow(change, &mut concerned);
                concerned.extend(lost(change));
            }),
            Err(_forgotten) => {
                changes = store.changes(store.version());
                (index, concerned) = Index::of(&store);
            }
        }
    }
}

/// The Service whose slice or Endpoints somebody has deleted.
fn lost(change: &Change) -> Option<Name> {
    let object = Some(&change.object).filter(|_| !change.there)?;
    if object.kind == kind_of::<EndpointSlice>() {
        return object.owner.as_ref().map(|owner| (object.namespace.clone(), owner.name.clone()));
    }
    (object.kind == kind_of::<Endpoints>()).then(|| (object.namespace.clone(), object.name.clone()))
}

fn write(store: &Store, index: &Index, namespace: &str, name: &str) {
    let Some((service, members)) = index.behind(namespace, name) else {
        // The Service is gone: its slices go as what belongs to it does.
        if store.get(kind_of::<Service>(), namespace, name).is_none() {
            let _ = store.remove(kind_of::<Endpoints>(), namespace, name, None);
        }
        return;
    };
    let members: Vec<&Member> = members.collect();
    slices::write(store, namespace, name, service, &groups(service, members.iter().copied()));
    let listed = members.iter().copied().filter(|member| !member.terminating || service.publish);
    subsets::write(store, namespace, name, service, &groups(service, listed));
}

/// What an endpoint says it is.
fn target(namespace: &str, member: &Member) -> k8s_openapi::api::core::v1::ObjectReference {
    k8s_openapi::api::core::v1::ObjectReference {
        kind: Some(kind_of::<Pod>().kind.to_owned()),
        namespace: Some(namespace.to_owned()),
        name: Some(member.name.clone()),
        uid: Some(member.uid.clone()),
        ..Default::default()
    }
}
