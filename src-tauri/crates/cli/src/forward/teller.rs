//! What `forward` says and when: each thing once. It is handed what a session shows and what happened to it, and hands
//! back lines; it prints nothing itself.

#[cfg(test)]
mod tests;

use std::{collections::HashSet, time::SystemTime};

use portolan_engine::{
    error::{Code, Problem},
    phase::Phase,
    session::{
        journal::{SessionEvent, What},
        view::SessionView,
    },
};
use serde_json::{Value, json};

use super::words;
use crate::args::Format;

/// A line, and where it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// To standard output: what was asked for.
    Answer(String),
    /// To standard error: what is going on.
    Note(String),
}

/// Says each thing once.
#[derive(Debug)]
pub(crate) struct Teller {
    format: Format,
    /// Whether the user would wait for what kubectl would not.
    wait: bool,
    said: Vec<Said>,
    last_event: u64,
    phase: Option<Phase>,
    mark: Option<String>,
    listening: bool,
    unstable: bool,
    /// What was waited for since it was last active.
    causes: HashSet<Code>,
}

impl Teller {
    pub(crate) fn new(format: Format, wait: bool) -> Self {
        Teller {
            format,
            wait,
            said: Vec::new(),
            last_event: 0,
            phase: None,
            mark: None,
            listening: false,
            unstable: false,
            causes: HashSet::new(),
        }
    }

    /// The number of the last event that was told: those after it are wanted.
    pub(super) fn last_event(&self) -> u64 {
        self.last_event
    }

    /// What is to be said now.
    pub(super) fn said(&mut self) -> Vec<Said> {
        std::mem::take(&mut self.said)
    }

    /// Takes in what the session shows, and what happened since it was last told. The problem that ends the command, if
    /// there is one.
    pub(super) fn tell(&mut self, view: &SessionView, events: &[SessionEvent], now: SystemTime) -> Option<Problem> {
        for event in events {
            self.event(event);
        }
        if let Some(problem) = self.fatal(&view.phase) {
            if self.format == Format::Json {
                self.phase(view, now);
            }
            return Some(problem);
        }
        self.listening(view);
        self.phase(view, now);
        let unanswered = events.iter().any(|event| event.event == What::DeliveredUnanswered);
        self.mark(view.mark.as_ref(), unanswered);
        None
    }

    /// What ends the command: bad input, a direct tunnel's pod that is gone, and, before the first endpoint and without
    /// `--wait`, whatever kubectl would not wait for either.
    fn fatal(&self, phase: &Phase) -> Option<Problem> {
        match phase {
            Phase::Failed { error: problem } | Phase::Broken { reason: problem } => Some(problem.clone()),
            Phase::Waiting { reason, .. } => {
                let may_wait = self.wait || self.listening || only_lacks_a_pod(reason);
                (!may_wait).then(|| Problem {
                    next: format!("{} Or wait for it: --wait.", reason.next).trim_start().to_owned(),
                    ..reason.clone()
                })
            }
            _ => None,
        }
    }

    fn event(&mut self, event: &SessionEvent) {
        self.last_event = self.last_event.max(event.n);
        match self.format {
            Format::Json => self.said.extend(line_of(event).map(Said::Answer)),
            Format::Text => self.said.extend(words::event(event).map(Said::Note)),
        }
    }

    fn listening(&mut self, view: &SessionView) {
        let resolved = match &view.phase {
            Phase::Active { .. } => true,
            Phase::Waiting { reason, .. } => self.wait || only_lacks_a_pod(reason),
            _ => false,
        };
        if self.listening || !resolved || view.listeners.is_empty() {
            return;
        }
        self.listening = true;
        for listener in &view.listeners {
            match self.format {
                Format::Json => self.answer(&json!({"event": "listening", "listener": listener})),
                Format::Text => self.said.extend(
                    listener
                        .addresses
                        .iter()
                        .map(|address| words::forwarding(address, listener, &view.phase))
                        .map(Said::Answer),
                ),
            }
        }
    }

    fn phase(&mut self, view: &SessionView, now: SystemTime) {
        match self.format {
            Format::Json => {
                if self.phase.as_ref() != Some(&view.phase) {
                    self.phase = Some(view.phase.clone());
                    self.answer(&json!({"event": "phase", "phase": view.phase}));
                }
            }
            Format::Text => {
                let words = self.phase_in_words(view, now);
                self.said.extend(words.map(Said::Note));
            }
        }
    }

    /// What the phase is worth saying: a cause that was not told since it was last active, that it is active again, and,
    /// in place of each of these, that it comes and goes.
    fn phase_in_words(&mut self, view: &SessionView, now: SystemTime) -> Option<String> {
        if let Some(unstable) = &view.unstable {
            // What comes after it is told anew.
            self.causes.clear();
            let before = std::mem::replace(&mut self.unstable, true);
            return (!before).then(|| words::unstable(unstable));
        }
        match &view.phase {
            Phase::Active { endpoints } => {
                let steady = std::mem::take(&mut self.unstable).then_some("Steady again");
                let again = (!self.causes.is_empty()).then_some("Active again");
                self.causes.clear();
                let pod = endpoints.first().map(|endpoint| endpoint.pod.as_str()).unwrap_or_default();
                steady.or(again).map(|what| format!("{what}: {pod}"))
            }
            Phase::Waiting { reason, retry_at, .. } => {
                self.unstable = false;
                // The same cause with other numbers is no news.
                self.causes.insert(reason.code).then(|| words::waiting(reason, *retry_at, now))
            }
            _ => None,
        }
    }

    /// What the last connection met, if it failed; once, as long as the next ones meet the same. `told`: it was one that
    /// had words of its own.
    fn mark(&mut self, mark: Option<&String>, told: bool) {
        if self.mark.as_ref() == mark {
            return;
        }
        self.mark = mark.cloned();
        match (mark, self.format) {
            (None, _) => {}
            (Some(mark), Format::Json) => self.answer(&json!({"event": "mark", "mark": mark})),
            (Some(_), Format::Text) if told => {}
            (Some(mark), Format::Text) => self.said.push(Said::Note(format!("A connection failed: {mark}"))),
        }
    }

    fn answer(&mut self, value: &Value) {
        self.said.push(Said::Answer(value.to_string()));
    }
}

/// An event as one JSON object, without what it does not have. That a port is listened on has a line that says more.
fn line_of(event: &SessionEvent) -> Option<String> {
    if event.event == What::Listening {
        return None;
    }
    let mut line = json!(event);
    if let Some(fields) = line.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    Some(line.to_string())
}

/// Whether the target is there and right, and only its pods are to come: that is waited for without `--wait`.
fn only_lacks_a_pod(reason: &Problem) -> bool {
    matches!(reason.code, Code::NoReadyPod | Code::PodNotRunning)
}
