//! Facts for tests, from the YAML of a few objects, as [`Facts::read`] would find them.

use kube::core::{DynamicObject, SelectorExt};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::*;
use crate::forward::WorkloadKind;

/// What is read of the first Service in these YAML documents, by a user who may do everything, in the namespace `shop`.
/// Without a Service there is none called `web`.
pub(crate) fn facts(yaml: &str) -> Facts {
    let objects: Vec<Value> = serde_saphyr::from_multiple(yaml).unwrap();
    let service: Option<Service> = all(&objects, "Service").into_iter().next();
    let labels = service.as_ref().and_then(|service| service.spec.as_ref()?.selector.clone()).unwrap_or_default();
    let selector: Selector = labels.clone().into_iter().collect();
    let matches = |pod: &Pod| !labels.is_empty() && selector.matches(pod.labels());
    let (pods, neighbours): (Vec<Pod>, Vec<Pod>) = all(&objects, "Pod").into_iter().partition(matches);
    let alone = pods.iter().all(pod::is_done) && !labels.is_empty();
    let owner = |kind: WorkloadKind, name| {
        let objects: Vec<DynamicObject> = all(&objects, name);
        objects.iter().filter_map(|object| Owner::of(kind, object)).collect::<Vec<_>>()
    };
    let owners = [(WorkloadKind::Deployment, "Deployment"), (WorkloadKind::StatefulSet, "StatefulSet")];
    let rights = rights::ASKED.map(|(verb, resource)| Right { verb, resource, allowed: true });
    Facts {
        namespace: "shop".into(),
        name: service.as_ref().map_or_else(|| "web".into(), ResourceExt::name_any),
        server: "https://test".into(),
        service: service.map_or(Seen::Missing { known: Vec::new() }, |service| Seen::There(Box::new(service))),
        addresses: Some(Addresses::Slices(all(&objects, "EndpointSlice"))),
        pods: Some(pods),
        neighbours: alone.then_some(neighbours),
        owners: Some(owners.into_iter().flat_map(|(kind, name)| owner(kind, name)).collect()),
        nodes: Some(all(&objects, "Node")),
        ingresses: Some(all(&objects, "Ingress")),
        rights: rights.to_vec(),
        unread: Vec::new(),
    }
}

fn all<K: DeserializeOwned>(objects: &[Value], kind: &str) -> Vec<K> {
    let of_kind = objects.iter().filter(|object| object["kind"] == kind);
    of_kind.map(|object| serde_json::from_value(object.clone()).unwrap()).collect()
}
