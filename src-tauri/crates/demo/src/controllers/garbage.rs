//! Takes away what belongs to something that is gone.

use std::collections::BTreeSet;

use crate::{
    Store,
    kind::{KINDS, Kind},
    store::{Change, Object},
};

use super::{
    ownership::delete,
    reconcile::{Again, Name, Reconcile},
};

/// The controller. What it looks at are owners, by UID, which stands in the name's place.
#[derive(Debug)]
pub(super) struct Garbage {
    store: Store,
}

impl Garbage {
    pub(super) fn new(store: &Store) -> Self {
        Garbage { store: store.clone() }
    }

    fn is_orphan(&self, object: &Object) -> bool {
        let Some(owner) = &object.owner else { return false };
        let namespace = if owner.kind.namespaced { object.namespace.as_str() } else { "" };
        self.store.get(owner.kind, namespace, &owner.name).is_none_or(|found| found.uid != owner.uid)
    }
}

impl Reconcile for Garbage {
    /// Any would do: it looks at none by its kind.
    fn kind(&self) -> &'static Kind {
        &KINDS[0]
    }

    /// What belongs to the object of a UID, where that object is gone.
    fn reconcile(&mut self, _namespace: &str, uid: &str) -> Again {
        for object in self.store.owned(uid) {
            if !object.terminating && self.is_orphan(&object) {
                delete(&self.store, object.kind, &object.namespace, &object.name, &object.uid);
            }
        }
        None
    }

    fn everything(&self, store: &Store) -> BTreeSet<Name> {
        let objects = KINDS.iter().flat_map(|kind| store.list(kind, None).0);
        objects.filter_map(|object| Some((String::new(), object.owner.as_ref()?.uid.clone()))).collect()
    }

    fn concerned(&self, change: &Change, concerned: &mut BTreeSet<Name>) {
        if !change.there {
            concerned.insert((String::new(), change.object.uid.clone()));
        }
        // Made by a controller that did not know yet that its own object is gone.
        if let (None, Some(owner)) = (&change.before, &change.object.owner) {
            concerned.insert((String::new(), owner.uid.clone()));
        }
    }
}
