//! How a controller works: it follows the store, and looks again at each object that a change concerns.

use std::{
    collections::{BTreeMap, BTreeSet},
    future::{Future, pending},
};

use tokio::time::{Instant, sleep_until};

use crate::{
    Store,
    kind::Kind,
    store::{Change, Object},
};

/// An object of a controller's kind: its namespace and its name.
pub(super) type Name = (String, String);

/// When an object is to be looked at again although nothing has changed.
pub(super) type Again = Option<Instant>;

/// A controller of one kind of objects.
pub(super) trait Reconcile: Send + 'static {
    /// Whose objects it looks at.
    fn kind(&self) -> &'static Kind;

    /// Brings what is nearer to what the object asks for. It may be gone.
    fn reconcile(&mut self, namespace: &str, name: &str) -> Again;

    /// What to look at when it starts, or when it has missed something.
    fn everything(&self, store: &Store) -> BTreeSet<Name> {
        let objects = store.list(self.kind(), None).0;
        objects.iter().map(|object| (object.namespace.clone(), object.name.clone())).collect()
    }

    /// Which objects a change makes it look at: the one that has changed, or the one that what has changed belongs to.
    fn concerned(&self, change: &Change, concerned: &mut BTreeSet<Name>) {
        for object in [change.before.as_deref(), Some(&*change.object)].into_iter().flatten() {
            concerned.extend(concerned_by(self.kind(), object));
        }
    }
}

fn concerned_by(kind: &'static Kind, object: &Object) -> Option<Name> {
    if object.kind == kind {
        return Some((object.namespace.clone(), object.name.clone()));
    }
    let owner = object.owner.as_ref().filter(|owner| owner.kind == kind)?;
    Some((object.namespace.clone(), owner.name.clone()))
}

/// Runs a controller for ever.
pub(super) async fn run(store: Store, mut controller: impl Reconcile) {
    let mut changes = store.changes(store.version());
    let mut concerned = controller.everything(&store);
    let mut later: BTreeMap<Name, Instant> = BTreeMap::new();
    loop {
        for name in std::mem::take(&mut concerned) {
            match controller.reconcile(&name.0, &name.1) {
                Some(again) => drop(later.insert(name, again)),
                None => drop(later.remove(&name)),
            }
            // Others may want to run: on one thread, this would let nobody until all is done.
            tokio::task::yield_now().await;
        }
        tokio::select! {
            told = changes.next() => match told {
                Ok(told) => told.iter().for_each(|change| controller.concerned(change, &mut concerned)),
                Err(_forgotten) => {
                    changes = store.changes(store.version());
                    concerned = controller.everything(&store);
                }
            },
            () = due(&later) => {
                let now = Instant::now();
                concerned.extend(later.iter().filter(|(_, when)| **when <= now).map(|(name, _)| name.clone()));
            }
        }
    }
}

fn due(later: &BTreeMap<Name, Instant>) -> impl Future<Output = ()> + use<> {
    let first = later.values().min().copied();
    async move {
        match first {
            Some(first) => sleep_until(first).await,
            None => pending().await,
        }
    }
}
