//! Namespaces: each has a service account, and one that ends is emptied first.

use std::collections::BTreeSet;

use k8s_openapi::{
    api::core::v1::{Namespace, Pod, ServiceAccount},
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};

use crate::{
    Store,
    kind::{KINDS, Kind},
    store::{Change, kind_of},
};

use super::{
    ownership::delete,
    reconcile::{Again, Name, Reconcile},
};

/// The controller.
#[derive(Debug)]
pub(super) struct Namespaces {
    store: Store,
}

impl Namespaces {
    pub(super) fn new(store: &Store) -> Self {
        Namespaces { store: store.clone() }
    }

    /// Workloads first, that nobody makes new pods; then pods, which take a moment; then the namespace.
    fn empty(&self, name: &str) {
        let mut left = 0;
        let pods = kind_of::<Pod>();
        let others = KINDS.iter().filter(|kind| kind.namespaced && *kind != pods);
        for kind in others.chain([pods]) {
            for object in self.store.list(kind, Some(name)).0 {
                if !object.terminating {
                    delete(&self.store, object.kind, name, &object.name, &object.uid);
                }
                left += usize::from(kind == pods);
            }
        }
        if left == 0 && self.is_empty(name) {
            let _ = self.store.remove(kind_of::<Namespace>(), "", name, None);
        }
    }

    fn is_empty(&self, name: &str) -> bool {
        KINDS.iter().filter(|kind| kind.namespaced).all(|kind| self.store.list(kind, Some(name)).0.is_empty())
    }
}

impl Reconcile for Namespaces {
    fn kind(&self) -> &'static Kind {
        kind_of::<Namespace>()
    }

    fn reconcile(&mut self, _: &str, name: &str) -> Again {
        let namespace = self.store.read::<Namespace>("", name)?;
        if namespace.metadata.deletion_timestamp.is_some() {
            self.empty(name);
            return None;
        }
        if self.store.get(kind_of::<ServiceAccount>(), name, "default").is_none() {
            let account = ServiceAccount {
                metadata: ObjectMeta {
                    name: Some("default".into()),
                    namespace: Some(name.into()),
                    ..ObjectMeta::default()
                },
                ..ServiceAccount::default()
            };
            // Somebody else was quicker.
            let _ = self.store.add(&account);
        }
        None
    }

    fn concerned(&self, change: &Change, concerned: &mut BTreeSet<Name>) {
        let object = &change.object;
        if object.kind == self.kind() {
            concerned.insert((String::new(), object.name.clone()));
            return;
        }
        let namespace = self.store.get(self.kind(), "", &object.namespace);
        let accountless = object.name == "default" && object.kind == kind_of::<ServiceAccount>() && !change.there;
        if namespace.is_some_and(|namespace| namespace.terminating || accountless) {
            concerned.insert((String::new(), object.namespace.clone()));
        }
    }
}
