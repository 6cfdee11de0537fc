//! Watches: what happens to objects, as it happens, one line of JSON each.

mod event;

use std::time::Duration;

use bytes::Bytes;
use futures::stream;
use http::Response;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use serde_json::json;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, sleep_until};

use self::event::{Kind as What, Teller};
use super::{
    answer::{Api, Asked},
    body::{self, Body},
    selector::Selector,
    status::Status,
};
use crate::{
    Faults, Store,
    store::{Change, Changes, Forgotten},
};

/// How often a client is told how far it is. As real servers do.
const BOOKMARKS: Duration = Duration::from_secs(60);

/// So long before its end a watch tells how far it is.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// A watch of which nobody says how long it lasts lasts at least this long, and at most twice as long, as on real servers.
const LEAST: Duration = Duration::from_secs(30 * 60);

/// One watch.
struct Watch {
    store: Store,
    faults: Faults,
    selector: Selector,
    namespace: String,
    teller: Teller,
    changes: Changes,
    bookmarks: Option<Interval>,
    end: Instant,
    stage: Stage,
}

/// What it does next.
enum Stage {
    /// Tells what there is, if that is wanted, and that it was all.
    Begin { objects: bool, mark: bool },
    /// Tells that what was asked for is forgotten.
    Forgotten(Forgotten),
    /// Tells what happens.
    Follow,
    /// Is over.
    End,
}

pub(crate) fn answer(api: &Api, asked: &Asked) -> Result<Response<Body>, Status> {
    let mut selector = asked.selector()?;
    if !asked.target.name.is_empty() {
        selector = Selector::parse("", &format!("metadata.name={}", asked.target.name))?;
    }
    let wanted = asked.version()?;
    let initial = asked.query.is("sendInitialEvents");
    let bookmarks = asked.query.is("allowWatchBookmarks");
    let stage = match wanted {
        Some(after) if api.faults.now().forgetful && !initial => {
            Stage::Forgotten(Forgotten { after, oldest: api.store.version() })
        }
        Some(_) if !initial => Stage::Follow,
        _ => Stage::Begin { objects: true, mark: initial && bookmarks },
    };
    let seconds = asked.query.number("timeoutSeconds").map(Duration::from_secs);
    let lasts = seconds.unwrap_or_else(|| LEAST.mul_f64(1.0 + fastrand::f64()));
    let now = Instant::now();
    let watch = Watch {
        store: api.store.clone(),
        faults: api.faults.clone(),
        selector,
        namespace: asked.namespace().to_owned(),
        teller: Teller::new(asked.kind, asked.shape, api.store.clock()),
        changes: api.store.changes(wanted.unwrap_or_default()),
        bookmarks: bookmarks.then(|| {
            let mut ticks = interval_at(now + BOOKMARKS, BOOKMARKS);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            ticks
        }),
        end: now + lasts,
        stage,
    };
    let told = stream::unfold(watch, |mut watch| async move {
        let told = watch.next().await?;
        Some((Ok::<_, std::convert::Infallible>(Frame::data(told)), watch))
    });
    Ok(body::streamed(StreamBody::new(told).boxed_unsync()))
}

impl Watch {
    /// The next lines; `None` once it is over.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            match std::mem::replace(&mut self.stage, Stage::Follow) {
                Stage::Begin { objects, mark } => {
                    let told = self.begin(objects, mark);
                    if !told.is_empty() {
                        return Some(told);
                    }
                }
                Stage::Forgotten(forgotten) => {
                    self.stage = Stage::End;
                    return Some(event::error(&Status::expired(forgotten.to_string())));
                }
                Stage::Follow => {
                    let told = self.follow().await;
                    if !told.is_empty() {
                        return Some(told);
                    }
                }
                Stage::End => {
                    self.stage = Stage::End;
                    return None;
                }
            }
        }
    }

    fn begin(&mut self, objects: bool, mark: bool) -> Bytes {
        let namespace = Some(self.namespace.as_str()).filter(|namespace| !namespace.is_empty());
        let (there, version) = self.store.list(self.teller.kind(), namespace);
        self.changes = self.store.changes(version);
        let mut lines = Vec::new();
        for object in there.iter().filter(|object| objects && self.selector.matches(object)) {
            self.teller.tell(What::Added, object, &mut lines);
        }
        if mark {
            let annotations = json!({"k8s.io/initial-events-end": "true"});
            self.teller.bookmark(version, Some(annotations), &mut lines);
        }
        lines.into()
    }

    /// Waits for what comes next.
    async fn follow(&mut self) -> Bytes {
        let mut faults = self.faults.watch();
        // Who listens for its end only does not know that this one is quiet.
        if faults.wait_for(|faulty| !faulty.quiet_watches).await.is_err() {
            std::future::pending::<()>().await;
        }
        let last_words = self.end.checked_sub(LAST_WORDS).unwrap_or(self.end);
        tokio::select! {
            biased;
            changed = faults.wait_for(|faulty| faulty.forgetful || faulty.quiet_watches) => {
                if changed.is_ok_and(|faulty| faulty.forgetful) {
                    let after = self.changes.seen();
                    self.stage = Stage::Forgotten(Forgotten { after, oldest: self.store.version() });
                }
                Bytes::new()
            }
            told = self.changes.next() => match told {
                Ok(changes) => self.tell(&changes),
                Err(forgotten) => {
                    self.stage = Stage::Forgotten(forgotten);
                    Bytes::new()
                }
            },
            () = tick(&mut self.bookmarks) => self.bookmark(),
            () = sleep_until(last_words), if self.bookmarks.is_some() => {
                // Once; then only the end is waited for.
                self.bookmarks = None;
                self.bookmark()
            }
            () = sleep_until(self.end) => {
                self.stage = Stage::End;
                Bytes::new()
            }
        }
    }

    fn bookmark(&mut self) -> Bytes {
        let mut lines = Vec::new();
        self.teller.bookmark(self.changes.seen(), None, &mut lines);
        lines.into()
    }

    fn tell(&mut self, changes: &[Change]) -> Bytes {
        let mut lines = Vec::new();
        for change in changes {
            let object = &change.object;
            if object.kind != self.teller.kind() || !self.namespace.is_empty() && object.namespace != self.namespace {
                continue;
            }
            let before = change.before.as_ref().filter(|before| self.selector.matches(before));
            let after = (change.there && self.selector.matches(object)).then_some(object);
            match (before, after) {
                (None, Some(object)) => self.teller.tell(What::Added, object, &mut lines),
                (Some(_), Some(object)) => self.teller.tell(What::Modified, object, &mut lines),
                // As it was when it was last selected, at the version of the change.
                (Some(_), None) if !change.there => self.teller.tell(What::Deleted, object, &mut lines),
                (Some(before), None) => self.teller.tell_as_of(What::Deleted, before, object.version, &mut lines),
                (None, None) => {}
            }
        }
        lines.into()
    }
}

async fn tick(bookmarks: &mut Option<Interval>) {
    match bookmarks {
        Some(bookmarks) => drop(bookmarks.tick().await),
        None => std::future::pending().await,
    }
}
