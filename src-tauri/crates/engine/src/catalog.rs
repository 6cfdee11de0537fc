//! The lists: what the window looks at, kept up to date while it looks, and nothing else.

mod list;
pub(crate) mod rows;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{
    clusters::Clusters,
    context::Reach,
    engine::context_key,
    feed::{Feed, Part},
    row::View,
};

pub use list::{Listing, list_once};

/// One list at a time, as there is one window.
#[derive(Debug)]
pub(crate) struct Catalog {
    feed: Arc<Feed>,
    looking: Option<Looking>,
}

#[derive(Debug)]
struct Looking {
    view: View,
    /// Ends the task when it is dropped.
    cancel: DropGuard,
    task: JoinHandle<()>,
}

impl Catalog {
    pub(crate) fn new(feed: Arc<Feed>) -> Self {
        Catalog { feed, looking: None }
    }

    /// Shows another list, or none.
    pub(crate) async fn look(&mut self, view: Option<View>, clusters: &Arc<Clusters>) {
        if self.looking.as_ref().map(|l| &l.view) == view.as_ref() {
            return;
        }
        if let Some(Looking { view: before, cancel, task }) = self.looking.take() {
            drop(cancel);
            if let Err(error) = task.await {
                tracing::error!(%error, "a list's task failed");
            }
            // Nobody asks there any more, so that nobody knows.
            if view.as_ref().is_none_or(|view| view.context != before.context) {
                self.feed.update(&context_key(&before.context), |part| {
                    if let Part::Context(context) = part {
                        context.reach = Reach::NotChecked;
                    }
                });
            }
        }
        let Some(view) = view else { return };
        let cancel = CancellationToken::new();
        let task = tokio::spawn(list::show(view.clone(), clusters.clone(), self.feed.clone(), cancel.clone()));
        self.looking = Some(Looking { view, cancel: cancel.drop_guard(), task });
    }
}
