//! How one object belongs to another, is made from its template, and is taken away.

use k8s_openapi::{
    api::core::v1::{Pod, PodTemplateSpec},
    apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference},
};
use serde::Serialize;

use crate::{
    Store,
    kind::Kind,
    server::deletion::{self, Deletion},
    store::{LETTERS, Typed},
};

/// The reference by which what a controller has made belongs to it.
pub(super) fn reference<K: Typed>(owner: &K) -> OwnerReference {
    let meta = owner.metadata();
    OwnerReference {
        api_version: K::API_VERSION.into(),
        kind: K::KIND.into(),
        name: meta.name.clone().unwrap_or_default(),
        uid: meta.uid.clone().unwrap_or_default(),
        controller: Some(true),
        block_owner_deletion: Some(true),
    }
}

/// A pod as the template of its owner says.
pub(super) fn pod_from<K: Typed>(owner: &K, template: &PodTemplateSpec) -> Pod {
    let of = template.metadata.clone().unwrap_or_default();
    let metadata = ObjectMeta {
        generate_name: owner.metadata().name.as_ref().map(|name| format!("{name}-")),
        namespace: owner.metadata().namespace.clone(),
        labels: of.labels,
        annotations: of.annotations,
        finalizers: of.finalizers,
        owner_references: Some(vec![reference(owner)]),
        ..ObjectMeta::default()
    };
    Pod { metadata, spec: template.spec.clone(), status: None }
}

/// Takes an object away as its controller would: a pod is asked to end, and its kubelet does the rest; anything else is
/// gone. What is already gone, or is another one by now, needs nothing.
pub(super) fn delete(store: &Store, kind: &'static Kind, namespace: &str, name: &str, uid: &str) -> bool {
    let how = Deletion { uid: Some(uid.into()), ..Deletion::default() };
    deletion::delete(store, kind, namespace, name, &how).is_ok()
}

/// What tells one template from another, as Kubernetes names it: some letters and digits without vowels.
pub(super) fn hash<T: Serialize>(template: &T) -> String {
    // FNV-1a: the same in each run, so that a test may know it.
    let bytes = serde_json::to_vec(template).unwrap_or_default();
    let hash = bytes.iter().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
    hash.to_string().bytes().map(|digit| char::from(LETTERS[usize::from(digit) % LETTERS.len()])).collect()
}
