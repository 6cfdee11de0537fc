//! What happens to objects, in order, for whoever watches.

use std::sync::Arc;

use tokio::sync::watch;

use super::{Object, Store};

/// One change of one object.
#[derive(Clone, Debug)]
pub struct Change {
    /// What it was before; `None` if it is new.
    pub before: Option<Arc<Object>>,
    /// What it is after; where it is gone, what it was last, with the version of its end.
    pub object: Arc<Object>,
    /// Whether it is still there.
    pub there: bool,
}

/// The changes that were asked for are forgotten: all has to be listed anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too old resource version: {after} ({oldest})")]
pub struct Forgotten {
    /// After which change was asked.
    pub after: u64,
    /// After which could be asked at the least.
    pub oldest: u64,
}

/// All changes from one on.
#[derive(Debug)]
pub struct Changes {
    store: Store,
    after: u64,
    latest: watch::Receiver<u64>,
}

impl Changes {
    pub(super) fn new(store: Store, after: u64, latest: watch::Receiver<u64>) -> Self {
        Changes { store, after, latest }
    }

    /// The number of the last change that was seen.
    pub fn seen(&self) -> u64 {
        self.after
    }

    /// What has happened since it was last asked, in order; waits until something has. Nothing is lost if the future is
    /// dropped.
    ///
    /// # Errors
    /// When some of it is forgotten.
    pub async fn next(&mut self) -> Result<Vec<Change>, Forgotten> {
        loop {
            // Marked as seen before it is looked at: what comes between wakes again.
            self.latest.borrow_and_update();
            let changes = self.missed()?;
            if let Some(last) = changes.last() {
                self.after = last.object.version;
                return Ok(changes);
            }
            // The store has the sender, and this has the store.
            if self.latest.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    fn missed(&self) -> Result<Vec<Change>, Forgotten> {
        self.store.since(self.after)
    }
}
