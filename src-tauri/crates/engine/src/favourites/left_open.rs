//! What is open, written down beside the profiles: what was so when the app ended, however it ended, is offered again.

use std::{path::Path, time::Duration};

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::{
    error::Error,
    forward::Forward,
    profiles::Saved,
    storage::{Document, Schema},
};

/// The file's content.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Content {
    open: Vec<Saved>,
}

impl Schema for Content {
    const VERSION: u64 = 1;
}

/// The tunnels that are noted in a folder. A damaged note is moved aside, and then there are none.
pub(super) fn read(folder: &Path) -> Result<Vec<Saved>, Error> {
    Ok(document(folder).read()?.value.open)
}

/// Notes these tunnels in place of those before.
pub(super) fn write(folder: &Path, open: Vec<Saved>) -> Result<(), Error> {
    document(folder).change(|content: &mut Content| {
        content.open = open;
        Ok(())
    })
}

fn document(folder: &Path) -> Document<Content> {
    Document::at(folder.join("open.json"))
}

/// What was not written is tried again after so long: a disk that is full stays so for a while.
const RETRY: Duration = Duration::from_secs(10);

/// What the file says, and what it should.
#[derive(Debug)]
pub(super) struct Note {
    written: Vec<Saved>,
    failed: Option<(Vec<Saved>, Instant)>,
}

impl Note {
    /// The file says this.
    pub(super) fn of(written: Vec<Saved>) -> Note {
        Note { written, failed: None }
    }

    /// Whether this is to be written now.
    pub(super) fn is_due(&self, open: &[Saved]) -> bool {
        match &self.failed {
            Some((tried, at)) => tried != open || at.elapsed() >= RETRY,
            None => self.written != open,
        }
    }

    /// This was to be written at that moment.
    pub(super) fn tried(&mut self, open: Vec<Saved>, done: bool, at: Instant) {
        if done {
            *self = Note::of(open);
        } else {
            self.failed = Some((open, at));
        }
    }
}

/// What is to be noted: what is open, and what is still offered from before, but for what is open again.
pub(super) fn to_note(open: Vec<Saved>, offered: &[Saved]) -> Vec<Saved> {
    let still: Vec<Saved> = offered.iter().filter(|one| !open.iter().any(|other| same(one, other))).cloned().collect();
    open.into_iter().chain(still).collect()
}

/// Whether two are the same tunnel, however it spreads and holds.
pub(super) fn same(one: &Saved, other: &Saved) -> bool {
    matches!((one.forward(), other.forward()), (Ok(one), Ok(other)) if same_tunnel(&one, &other))
}

/// Whether two forwards lead from the same local ports to the same place.
pub(super) fn same_tunnel(one: &Forward, other: &Forward) -> bool {
    let place = |forward: &Forward| (forward.context.clone(), forward.namespace.clone(), forward.target.clone());
    place(one) == place(other) && one.ports == other.ports && one.addresses() == other.addresses()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saved(target: &str, port: &str) -> Saved {
        Saved {
            context: "kind".into(),
            namespace: "shop".into(),
            target: target.into(),
            ports: vec![port.into()],
            hold_seconds: 30,
            ..Saved::default()
        }
    }

    #[test]
    fn what_is_noted_is_read_again_and_nothing_is_there_at_first() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read(folder.path()).unwrap(), []);
        let open = vec![saved("svc/web", "8080:80"), saved("pod/db-0", "5432:5432")];
        write(folder.path(), open.clone()).unwrap();
        assert_eq!(read(folder.path()).unwrap(), open);
        write(folder.path(), Vec::new()).unwrap();
        assert_eq!(read(folder.path()).unwrap(), []);
    }

    #[tokio::test(start_paused = true)]
    async fn what_could_not_be_noted_is_tried_again_after_a_while_and_at_every_change() {
        let (none, web, db) = (vec![], vec![saved("svc/web", "8080:80")], vec![saved("svc/db", "5432:5432")]);
        let mut note = Note::of(none.clone());
        assert!(!note.is_due(&none) && note.is_due(&web));
        note.tried(web.clone(), false, Instant::now());
        assert!(!note.is_due(&web) && note.is_due(&db));
        // Also of what the file says: that ends the trouble.
        assert!(note.is_due(&none));
        tokio::time::advance(RETRY).await;
        assert!(note.is_due(&web));
        note.tried(web.clone(), true, Instant::now());
        assert!(!note.is_due(&web) && note.is_due(&none));
    }

    #[test]
    fn an_offer_that_nobody_has_answered_stays_beside_what_is_open() {
        let (web, db) = (saved("svc/web", "8080:80"), saved("svc/db", "5432:5432"));
        let again = Saved { hold_seconds: 7, ..web.clone() };
        let elsewhere = saved("svc/web", "8081:80");
        for (open, offered, noted) in [
            (vec![], vec![], vec![]),
            (vec![], vec![web.clone()], vec![web.clone()]),
            (vec![db.clone()], vec![web.clone()], vec![db.clone(), web.clone()]),
            (vec![again.clone()], vec![web.clone(), db.clone()], vec![again, db]),
            (vec![elsewhere.clone()], vec![web.clone()], vec![elsewhere, web]),
        ] {
            assert_eq!(to_note(open.clone(), &offered), noted, "{open:?} beside {offered:?}");
        }
    }
}
