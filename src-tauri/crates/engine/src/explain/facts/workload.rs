//! Who makes a Service's pods: the workload and its template.

use std::collections::BTreeMap;

use futures::future::{join_all, try_join_all};
use k8s_openapi::api::{
    apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet},
    batch::v1::Job,
    core::v1::{Pod, PodTemplateSpec, ReplicationController},
};
use kube::{
    Api, ResourceExt,
    api::{ApiResource, DynamicObject, ListParams},
    core::{Selector, SelectorExt},
};

use super::Reader;
use crate::{
    error::{Error, Problem},
    forward::{Target, WorkloadKind},
    resolve::owner,
};

/// A workload, as far as it makes pods.
#[derive(Clone, Debug)]
pub(crate) struct Owner {
    /// Which one.
    pub(crate) target: Target,
    /// What its pods are made from.
    pub(crate) template: PodTemplateSpec,
    /// How many pods there should be, where it says so: a Job does not.
    pub(crate) wanted: Option<u32>,
    /// Whether another one makes it: an old ReplicaSet of a Deployment.
    owned: bool,
}

impl Owner {
    /// The labels of the pods that it makes.
    pub(crate) fn labels(&self) -> BTreeMap<String, String> {
        self.template.metadata.as_ref().and_then(|meta| meta.labels.clone()).unwrap_or_default()
    }

    /// `None` for what has no template that can be read.
    pub(super) fn of(kind: WorkloadKind, object: &DynamicObject) -> Option<Owner> {
        let (spec, status) = (&object.data["spec"], &object.data["status"]);
        let template = serde_json::from_value(spec["template"].clone()).ok()?;
        let wanted = match kind {
            WorkloadKind::DaemonSet => status["desiredNumberScheduled"].as_u64(),
            WorkloadKind::Job => None,
            // One is Kubernetes' own default.
            _ => Some(spec["replicas"].as_u64().unwrap_or(1)),
        };
        Some(Owner {
            target: Target::Workload { kind, name: object.name_any() },
            template,
            wanted: wanted.and_then(|wanted| u32::try_from(wanted).ok()),
            owned: owner(&object.metadata).is_some(),
        })
    }
}

/// The workloads of these pods, each once.
pub(super) async fn of(reader: &Reader<'_>, pods: &[Pod]) -> Result<Vec<Owner>, Problem> {
    let mut targets: Vec<Target> = Vec::new();
    for target in pods.iter().filter_map(|pod| owner(&pod.metadata)) {
        if !targets.contains(&target) {
            targets.push(target);
        }
    }
    let found = try_join_all(targets.into_iter().map(|target| topmost(reader, target))).await;
    let mut owners: Vec<Owner> = Vec::new();
    // During a rollout two ReplicaSets have one Deployment.
    for found in found.map_err(|error| error.problem())?.into_iter().flatten() {
        if !owners.iter().any(|known| known.target == found.target) {
            owners.push(found);
        }
    }
    Ok(owners)
}

/// The workload, or the one that makes it. `None` where it is gone meanwhile.
async fn topmost(reader: &Reader<'_>, target: Target) -> Result<Option<Owner>, Error> {
    let Target::Workload { kind, name } = target else { return Ok(None) };
    let Some(object) = get(reader, kind, &name).await? else { return Ok(None) };
    let above = match owner(&object.metadata) {
        Some(Target::Workload { kind, name }) => {
            get(reader, kind, &name).await?.and_then(|object| Owner::of(kind, &object))
        }
        _ => None,
    };
    Ok(above.or_else(|| Owner::of(kind, &object)))
}

async fn get(reader: &Reader<'_>, kind: WorkloadKind, name: &str) -> Result<Option<DynamicObject>, Error> {
    let operation = format!("get {} in {}", kind.plural(), reader.namespace);
    reader.ask(&operation, api(reader, kind).get_opt(name)).await
}

/// The workloads whose pods this selector would match, were there any. A kind that may not be listed is told only where
/// no other answers the question.
pub(super) async fn making(reader: &Reader<'_>, selector: &Selector) -> Result<Vec<Owner>, Problem> {
    // A Job's pods are there, or it is done.
    let kinds = WorkloadKind::ALL.into_iter().filter(|kind| *kind != WorkloadKind::Job);
    let listed = join_all(kinds.map(async |kind| {
        let operation = format!("list {} in {}", kind.plural(), reader.namespace);
        let found = reader.ask(&operation, api(reader, kind).list(&ListParams::default())).await?;
        Ok::<_, Error>(found.items.iter().filter_map(|object| Owner::of(kind, object)).collect::<Vec<_>>())
    }))
    .await;
    let mut owners = Vec::new();
    let mut denied = None;
    for listed in listed {
        match listed {
            Ok(found) => owners.extend(found),
            Err(error) => denied = denied.or(Some(error)),
        }
    }
    owners.retain(|one: &Owner| !one.owned && selector.matches(&one.labels()));
    match denied {
        Some(error) if owners.is_empty() => Err(error.problem()),
        _ => Ok(owners),
    }
}

/// One kind of workload, as plain objects: what is read of it is the same in all six.
fn api(reader: &Reader<'_>, kind: WorkloadKind) -> Api<DynamicObject> {
    let resource = match kind {
        WorkloadKind::Deployment => ApiResource::erase::<Deployment>(&()),
        WorkloadKind::StatefulSet => ApiResource::erase::<StatefulSet>(&()),
        WorkloadKind::DaemonSet => ApiResource::erase::<DaemonSet>(&()),
        WorkloadKind::ReplicaSet => ApiResource::erase::<ReplicaSet>(&()),
        WorkloadKind::ReplicationController => ApiResource::erase::<ReplicationController>(&()),
        WorkloadKind::Job => ApiResource::erase::<Job>(&()),
    };
    Api::namespaced_with(reader.cluster.client.clone(), reader.namespace, &resource)
}
