//! Watches the sessions, and hands over what is to be told when it is.

use std::{convert::Infallible, time::Duration};

use tokio::{
    sync::watch,
    time::{Instant, sleep, sleep_until},
};

use super::{Notice, Notices, Silence};
use crate::{feed::Feed, settings::Settings};

/// Counters move five times a second, and are none of this.
const PACE: Duration = Duration::from_millis(500);

/// Tells until it is dropped.
pub(crate) async fn tell(feed: &Feed, settings: watch::Receiver<Settings>, mut show: impl FnMut(Notice)) -> Infallible {
    let mut revisions = feed.revision();
    let mut notices = Notices::default();
    loop {
        revisions.mark_unchanged();
        notices.see(&feed.sessions(), Instant::now());
        let silence =
            Silence { all: !settings.borrow().notifications, sessions: feed.silenced().into_iter().collect() };
        for notice in notices.due(&silence, Instant::now()) {
            show(notice);
        }
        let next = notices.next();
        let due = async {
            match next {
                Some(at) => sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = due => {}
            // The sender is the feed's, which is borrowed: this cannot fail.
            _ = revisions.changed() => sleep(PACE).await,
        }
    }
}
