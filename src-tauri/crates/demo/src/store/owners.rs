//! What belongs to what: who has 100 pods need not look through 10,000 for them.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::{Key, Object, key};
use crate::kind::Kind;

/// What an object belongs to: the controller among its `ownerReferences`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The owner's kind.
    pub kind: &'static Kind,
    /// Its name; it is in the same namespace, or in none.
    pub name: String,
    /// What tells it from others of its name.
    pub uid: String,
}

impl Owner {
    pub(super) fn of(meta: &Value) -> Option<Owner> {
        let owner = meta["ownerReferences"].as_array()?.iter().find(|owner| owner["controller"] == true)?;
        let text = |name: &str| owner[name].as_str();
        Some(Owner {
            kind: Kind::named(text("apiVersion")?, text("kind")?)?,
            name: text("name")?.into(),
            uid: text("uid")?.into(),
        })
    }
}

/// The objects that have an owner, by its UID.
#[derive(Debug, Default)]
pub(super) struct Owners(HashMap<String, BTreeSet<Key>>);

impl Owners {
    /// The keys of what belongs to the object of that UID.
    pub(super) fn of(&self, uid: &str) -> impl Iterator<Item = &Key> {
        self.0.get(uid).into_iter().flatten()
    }

    /// An object is new, or has changed.
    pub(super) fn follow(&mut self, before: Option<&Object>, object: &Object) {
        if before.map(|before| &before.owner) == Some(&object.owner) {
            return;
        }
        if let Some(before) = before {
            self.forget(before);
        }
        if let Some(owner) = &object.owner {
            let key = key(object.kind, &object.namespace, &object.name);
            self.0.entry(owner.uid.clone()).or_default().insert(key);
        }
    }

    /// An object is gone.
    pub(super) fn forget(&mut self, object: &Object) {
        let Some(owner) = &object.owner else { return };
        let Some(owned) = self.0.get_mut(&owner.uid) else { return };
        owned.remove(&key(object.kind, &object.namespace, &object.name));
        if owned.is_empty() {
            self.0.remove(&owner.uid);
        }
    }
}
