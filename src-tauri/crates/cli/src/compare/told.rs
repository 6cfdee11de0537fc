//! What is said while the comparison goes on: in place on a terminal, else a line for each thing that happens.

use std::{
    io::{self, IsTerminal},
    time::Duration,
};

use portolan_engine::{compare::view::ComparisonView, engine::Engine};
use tokio::{sync::watch, time::Instant};

use super::screen::{Screen, happened};
use crate::{args::Format, output};

/// It is drawn this often at most.
const PACE: Duration = Duration::from_millis(200);

/// What was said already.
#[derive(Debug)]
pub(super) struct Told {
    format: Format,
    /// Drawn in place; none where there is no terminal.
    screen: Option<Screen>,
    /// Entries of the account that were said, and the last one's text: old ones may have been dropped.
    said: Vec<(u64, String)>,
    due: Instant,
}

impl Told {
    pub(super) fn new(format: Format) -> Self {
        let terminal = io::stdout().is_terminal() && format == Format::Text;
        Told { format, screen: terminal.then(Screen::default), said: Vec::new(), due: Instant::now() }
    }

    /// Says what is new, and waits until there is more to say. Cancel-safe.
    pub(super) async fn follow(&mut self, engine: &Engine, views: &mut watch::Receiver<ComparisonView>) {
        tokio::time::sleep_until(self.due).await;
        self.due = Instant::now() + PACE;
        let view = views.borrow_and_update().clone();
        match &mut self.screen {
            Some(screen) => screen.draw(&view, &engine.probes(0)),
            None if self.format == Format::Text => self.say(&view),
            None => {}
        }
        if views.changed().await.is_err() {
            // It was closed: nothing more will come.
            std::future::pending::<()>().await;
        }
    }

    fn say(&mut self, view: &ComparisonView) {
        let entries: Vec<(u64, String)> = view.account.iter().map(|entry| (entry.at, entry.text.clone())).collect();
        let new = news(&self.said, &entries);
        for entry in &view.account[view.account.len() - new..] {
            output::line(&happened(entry, view.opened_at));
        }
        self.said = entries;
    }
}

/// How many of `now` are new after `said`: of both only the last are kept.
fn news<T: PartialEq>(said: &[T], now: &[T]) -> usize {
    let Some(last) = said.last() else { return now.len() };
    let known = now.iter().rposition(|entry| entry == last);
    known.map_or(now.len(), |at| now.len() - at - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_thing_is_said_once_however_much_was_dropped() {
        let table = [("", "", 0), ("", "ab", 2), ("ab", "ab", 0), ("ab", "abc", 1), ("ab", "bcd", 2), ("ab", "cde", 3)];
        for (said, now, expected) in table {
            assert_eq!(news(said.as_bytes(), now.as_bytes()), expected, "{said} {now}");
        }
    }
}
