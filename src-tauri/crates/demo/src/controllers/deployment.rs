//! Deployments: one ReplicaSet a template, and the change from one to the next.
//!
//! [`rollout`] is how many pods each ReplicaSet shall have, [`status`] what the Deployment says of itself; here both are
//! read from and written to the store. Pods are the ReplicaSets' affair.

mod rollout;
mod status;

use std::collections::BTreeMap;

use k8s_openapi::{
    api::{
        apps::v1::{Deployment, DeploymentSpec, ReplicaSet, ReplicaSetSpec},
        core::v1::PodTemplateSpec,
    },
    apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta},
};

use crate::{Store, kind::Kind, store::kind_of};

use super::{
    events::{Events, Teller, Tone, about},
    ownership::{hash, reference},
    reconcile::{Again, Reconcile},
    views::pods_of,
};
use rollout::{Rollout, Set, Strategy};
pub(super) use rollout::{Round, share};

const HASH: &str = "pod-template-hash";
const REVISION: &str = "deployment.kubernetes.io/revision";
const DESIRED: &str = "deployment.kubernetes.io/desired-replicas";
const MAX: &str = "deployment.kubernetes.io/max-replicas";
/// Old ReplicaSets that are kept, to go back to, where nobody says.
const HISTORY: i32 = 10;

/// The controller.
#[derive(Debug)]
pub(super) struct Deployments {
    store: Store,
    events: Events,
}

impl Deployments {
    pub(super) fn new(store: &Store, events: &Events) -> Self {
        Deployments { store: store.clone(), events: events.clone() }
    }

    /// The ReplicaSets of a deployment: that of its template, and the older ones, by revision.
    fn sets(&self, deployment: &Deployment, hash: &str) -> (Option<ReplicaSet>, Vec<ReplicaSet>) {
        let uid = deployment.metadata.uid.as_deref().unwrap_or_default();
        let mut sets: Vec<ReplicaSet> = self.store.owned(uid).iter().filter_map(|object| object.read()).collect();
        sets.sort_by_key(revision);
        let new = sets.iter().position(|set| label(set, HASH) == Some(hash));
        (new.map(|new| sets.remove(new)), sets)
    }

    fn add_set(
        &self,
        deployment: &Deployment,
        spec: &DeploymentSpec,
        hash: &str,
        marks: BTreeMap<String, String>,
    ) -> Option<ReplicaSet> {
        let mut template: PodTemplateSpec = spec.template.clone();
        let of_pods = template.metadata.get_or_insert_default();
        of_pods.labels.get_or_insert_default().insert(HASH.into(), hash.into());
        let mut selector: LabelSelector = spec.selector.clone();
        selector.match_labels.get_or_insert_default().insert(HASH.into(), hash.into());
        let set = ReplicaSet {
            metadata: ObjectMeta {
                name: Some(format!("{}-{hash}", deployment.metadata.name.as_deref()?)),
                namespace: deployment.metadata.namespace.clone(),
                labels: template.metadata.as_ref().and_then(|meta| meta.labels.clone()),
                annotations: Some(marks),
                owner_references: Some(vec![reference(deployment)]),
                ..ObjectMeta::default()
            },
            spec: Some(ReplicaSetSpec {
                min_ready_seconds: spec.min_ready_seconds,
                replicas: Some(0),
                selector,
                template: Some(template),
            }),
            status: None,
        };
        // Its name may be taken by one that belongs to nobody: then nothing can be rolled out.
        self.store.add(&set).ok()
    }

    /// Gives a set its number of pods and its marks, and tells where that changes how many there are.
    fn scale(&self, deployment: &Deployment, set: &mut ReplicaSet, replicas: i32, marks: &BTreeMap<String, String>) {
        let before = replicas_of(set);
        let name = set.metadata.name.clone().unwrap_or_default();
        let namespace = set.metadata.namespace.clone().unwrap_or_default();
        let edited = self.store.edit::<ReplicaSet>(&namespace, &name, |set| {
            set.spec.get_or_insert_default().replicas = Some(replicas);
            set.metadata.annotations.get_or_insert_default().extend(marks.clone());
        });
        let Ok(edited) = edited else { return };
        *set = edited;
        if replicas != before {
            let direction = if replicas > before { "up" } else { "down" };
            let message = format!("Scaled {direction} replica set {name} from {before} to {replicas}");
            let teller = Teller::controller("deployment-controller");
            self.events.tell(about(deployment), Tone::Normal, "ScalingReplicaSet", &message, teller);
        }
    }

    /// Whether a pod of an older template is still there, on its way out or not.
    fn old_pods(&self, old: &[ReplicaSet]) -> bool {
        old.iter().any(|set| {
            let uid = set.metadata.uid.as_deref().unwrap_or_default();
            pods_of(&self.store, uid).iter().any(|pod| !pod.ended())
        })
    }

    /// Old sets without pods go, but for the last few.
    fn forget(&self, spec: &DeploymentSpec, old: &[ReplicaSet]) {
        let keep = usize::try_from(spec.revision_history_limit.unwrap_or(HISTORY)).unwrap_or(0);
        let done =
            |set: &&ReplicaSet| replicas_of(set) == 0 && set.status.as_ref().is_none_or(|status| status.replicas == 0);
        let done: Vec<&ReplicaSet> = old.iter().filter(done).collect();
        for set in &done[..done.len().saturating_sub(keep)] {
            let meta = &set.metadata;
            let names = (meta.namespace.as_deref().unwrap_or_default(), meta.name.as_deref().unwrap_or_default());
            let _ = self.store.remove(kind_of::<ReplicaSet>(), names.0, names.1, meta.uid.as_deref());
        }
    }

    fn roll(&self, deployment: &Deployment, spec: &DeploymentSpec) -> Again {
        let (replicas, strategy) = (spec.replicas.unwrap_or(1), Strategy::of(spec));
        let hash = hash(&spec.template);
        let (mut new, mut old) = self.sets(deployment, &hash);
        let paused = spec.paused == Some(true);
        let number = new.as_ref().map_or(0, revision).max(old.last().map_or(0, revision) + 1);
        let scaled = BTreeMap::from([
            (DESIRED.to_owned(), replicas.to_string()),
            (MAX.to_owned(), (replicas + strategy.surge()).to_string()),
        ]);
        let mut marks = scaled.clone();
        if !paused {
            marks.insert(REVISION.into(), number.to_string());
            new = new.or_else(|| self.add_set(deployment, spec, &hash, marks.clone()));
        }
        let rollout = Rollout {
            replicas,
            strategy,
            new: new.as_ref().map(set_of),
            old: old.iter().map(set_of).collect(),
            old_pods: self.old_pods(&old),
        };
        let (for_new, for_old) = if paused { rollout.paused() } else { rollout.next() };
        for (set, replicas) in old.iter_mut().zip(for_old).filter(|(set, replicas)| replicas_of(set) != *replicas) {
            self.scale(deployment, set, replicas, &scaled);
        }
        if let (Some(set), Some(replicas)) = (&mut new, for_new) {
            let marked = marks.iter().all(|(name, value)| annotation(set, name) == Some(value));
            if replicas_of(set) != replicas || !marked {
                self.scale(deployment, set, replicas, &marks);
            }
        }
        self.forget(spec, &old);
        self.tell_status(deployment, &status::Sets { new, old }, number)
    }

    fn tell_status(&self, deployment: &Deployment, sets: &status::Sets, number: u64) -> Again {
        let (status, again) = status::of(deployment, sets, &self.store.clock());
        let number = number.to_string();
        let known = deployment.metadata.annotations.as_ref().and_then(|marks| marks.get(REVISION)) == Some(&number);
        if deployment.status.as_ref() != Some(&status) || (!known && sets.new.is_some()) {
            let names = (deployment.metadata.namespace.as_deref()?, deployment.metadata.name.as_deref()?);
            // Gone meanwhile: then nobody needs it.
            let _ = self.store.edit::<Deployment>(names.0, names.1, |deployment| {
                deployment.status = Some(status);
                if sets.new.is_some() {
                    deployment.metadata.annotations.get_or_insert_default().insert(REVISION.into(), number);
                }
            });
        }
        again
    }
}

impl Reconcile for Deployments {
    fn kind(&self) -> &'static Kind {
        kind_of::<Deployment>()
    }

    fn reconcile(&mut self, namespace: &str, name: &str) -> Again {
        let deployment = self.store.read::<Deployment>(namespace, name)?;
        if deployment.metadata.deletion_timestamp.is_some() {
            return None;
        }
        self.roll(&deployment, deployment.spec.as_ref()?)
    }
}

fn label<'a>(set: &'a ReplicaSet, name: &str) -> Option<&'a str> {
    set.metadata.labels.as_ref()?.get(name).map(String::as_str)
}

fn annotation<'a>(set: &'a ReplicaSet, name: &str) -> Option<&'a String> {
    set.metadata.annotations.as_ref()?.get(name)
}

fn revision(set: &ReplicaSet) -> u64 {
    annotation(set, REVISION).and_then(|revision| revision.parse().ok()).unwrap_or(0)
}

fn replicas_of(set: &ReplicaSet) -> i32 {
    set.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(0)
}

fn set_of(set: &ReplicaSet) -> Set {
    let status = set.status.as_ref();
    Set {
        replicas: replicas_of(set),
        there: status.map_or(0, |status| status.replicas),
        available: status.and_then(|status| status.available_replicas).unwrap_or(0),
    }
}
