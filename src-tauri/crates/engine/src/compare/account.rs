//! The account: what happened, each thing in a sentence or two. Pure, but for the list that it keeps.

use std::{collections::VecDeque, time::Duration};

use super::{
    subject::Subject,
    view::{AccountEntry, Happened, LaneKind},
};
use crate::{error::list, phase::Phase};

/// So many entries are kept.
const KEPT: usize = 200;

/// What happened, oldest first.
#[derive(Debug, Default)]
pub(super) struct Account(VecDeque<AccountEntry>);

impl Account {
    pub(super) fn add(&mut self, at: u64, lane: Option<LaneKind>, (what, text): (Happened, String)) {
        if self.0.len() == KEPT {
            self.0.pop_front();
        }
        self.0.push_back(AccountEntry { at, lane, what, text });
    }

    pub(super) fn entries(&self) -> Vec<AccountEntry> {
        self.0.iter().cloned().collect()
    }
}

/// What a lane is called.
pub fn name(lane: LaneKind) -> &'static str {
    match lane {
        LaneKind::Service => "Service",
        LaneKind::Pod => "Direct pod",
        LaneKind::NodePort => "NodePort",
    }
}

/// `180 ms`, `1.2 s`, `0.8 ms`.
pub fn span(took: Duration) -> String {
    match took.as_micros() {
        us if us < 10_000 => format!("{:.1} ms", took.as_secs_f64() * 1_000.0),
        us if us < 1_000_000 => format!("{} ms", us / 1_000),
        _ => format!("{:.1} s", took.as_secs_f64()),
    }
}

/// `1 probe`, `3 probes`.
pub(super) fn count(n: u64, of: &str) -> String {
    if n == 1 { format!("1 {of}") } else { format!("{n} {of}s") }
}

pub(super) fn opened(subject: &Subject, namespace: &str, node_port: bool) -> (Happened, String) {
    let third = if node_port { ", and its NodePort" } else { "" };
    let text = format!(
        "Opened for {} in {namespace}: a tunnel to the Service, a tunnel to one of its pods{third}.",
        subject.in_words()
    );
    (Happened::Opened, text)
}

/// `here`: by the user of this comparison. `direct`: it is the one that the direct tunnel means.
pub(super) fn deleted(pod: &str, here: bool, direct: bool) -> (Happened, String) {
    let by = if here { "is deleted from here" } else { "is being deleted, or is gone: not from here" };
    let direct = if direct { " It is the pod of the direct tunnel." } else { "" };
    (Happened::PodDeleted, format!("{pod} {by}.{direct}"))
}

pub(super) fn ready(pod: &str) -> (Happened, String) {
    (Happened::PodReady, format!("{pod} is ready: the Service sends it new connections."))
}

pub(super) fn not_ready(pod: &str) -> (Happened, String) {
    (Happened::PodNotReady, format!("{pod} is not ready any more: the Service sends it no new connections."))
}

pub(super) fn rolled(workload: &str) -> (Happened, String) {
    (Happened::Rolled, format!("{workload} is rolled: its pods are replaced one after another."))
}

/// What a tunnel's change of phase is worth saying; `None` where it is the same state for the same reason.
pub(super) fn phase(lane: LaneKind, before: Option<&Phase>, now: &Phase) -> Option<(Happened, String)> {
    let lane = name(lane);
    let text = match (before, now) {
        (_, Phase::Resolving) | (Some(Phase::Active { .. }), Phase::Active { .. }) => return None,
        (Some(Phase::Waiting { reason: before, .. }), Phase::Waiting { reason, .. }) if before.code == reason.code => {
            return None;
        }
        (Some(before), now) if before == now => return None,
        (_, Phase::Active { endpoints }) => {
            let mut pods: Vec<&str> = endpoints.iter().map(|endpoint| endpoint.pod.as_str()).collect();
            pods.dedup();
            format!("{lane}: active, through {}.", list(pods))
        }
        (_, Phase::Waiting { reason, .. }) => {
            format!("{lane}: waiting. {} New connections are held by Portolan meanwhile.", reason.message)
        }
        (_, Phase::Broken { reason }) => format!("{lane}: broken. {}", reason.message),
        (_, Phase::Failed { error }) => format!("{lane}: failed. {}", error.message),
        (_, Phase::Stopped) => format!("{lane}: the tunnel was stopped."),
    };
    Some((Happened::Phase, text))
}

/// The first probe of a row of lost ones.
pub(super) fn lost(lane: LaneKind, why: &str) -> (Happened, String) {
    (Happened::Lost, format!("{}: probes are lost: {why}.", name(lane)))
}

/// The first that was answered after some were lost. `helped`: not without Portolan.
pub(super) fn answered(lane: LaneKind, pod: Option<&str>, lost: u64, helped: bool) -> (Happened, String) {
    let by = pod.map(|pod| format!(" by {pod}")).unwrap_or_default();
    let after = if helped { ", after Portolan had held it or dialled again" } else { "" };
    let lost = count(lost, "probe");
    (Happened::Answered, format!("{}: answered again{by}{after}. {lost} had been lost.", name(lane)))
}

/// A connection that was kept open, and is not any more.
pub(super) fn cut(lane: LaneKind, pod: Option<&str>, lasted: Duration) -> (Happened, String) {
    let to = pod.map_or_else(|| "a pod that went".to_owned(), ToOwned::to_owned);
    let why = match lane {
        LaneKind::Pod => "",
        LaneKind::Service | LaneKind::NodePort => {
            " No Service saves an open connection: only the next one goes elsewhere."
        }
    };
    let text = format!("{}: the open connection to {to} was cut after {}.{why}", name(lane), span(lasted));
    (Happened::Cut, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        error::{Code, Problem},
        phase::Endpoint,
    };

    #[test]
    fn the_last_two_hundred_are_kept() {
        let mut account = Account::default();
        (0..300).for_each(|n| account.add(n, None, ready("a")));
        let entries = account.entries();
        assert_eq!((entries.len(), entries[0].at), (200, 100));
    }

    #[test]
    fn times_and_counts_read_as_people_say_them() {
        let spans = [(800, "0.8 ms"), (9_990, "10.0 ms"), (180_400, "180 ms"), (1_250_000, "1.2 s"), (0, "0.0 ms")];
        for (us, words) in spans {
            assert_eq!(span(Duration::from_micros(us)), words);
        }
        assert_eq!((count(1, "probe"), count(0, "probe")), ("1 probe".into(), "0 probes".into()));
    }

    #[test]
    fn a_phase_is_told_once() {
        let problem = |code| Problem { code, message: "Why.".into(), next: "Do.".into() };
        let active = |pods: &[&str]| Phase::Active {
            endpoints: pods
                .iter()
                .map(|pod| Endpoint { slot: 0, pod: (*pod).into(), uid: (*pod).into(), port: 80 })
                .collect(),
        };
        let waiting =
            |code, attempt| Phase::Waiting { reason: problem(code), needs_you: false, attempt, retry_at: None };
        let broken = Phase::Broken { reason: problem(Code::PodGone) };
        let table = [
            (None, Phase::Resolving, None),
            (Some(Phase::Resolving), active(&["a", "b"]), Some("Service: active, through a and b.")),
            (Some(active(&["a"])), active(&["b"]), None),
            (
                Some(active(&["a"])),
                waiting(Code::NoReadyPod, 0),
                Some("Service: waiting. Why. New connections are held by Portolan meanwhile."),
            ),
            (Some(waiting(Code::Unreachable, 1)), waiting(Code::Unreachable, 2), None),
            (Some(active(&["a"])), broken.clone(), Some("Service: broken. Why.")),
            (Some(broken.clone()), broken, None),
        ];
        for (before, now, expected) in table {
            let told = phase(LaneKind::Service, before.as_ref(), &now).map(|(_, text)| text);
            assert_eq!(told.as_deref(), expected, "{before:?} {now:?}");
        }
    }

    #[test]
    fn what_portolan_added_is_said() {
        let (_, text) = answered(LaneKind::Service, Some("b"), 2, true);
        assert_eq!(
            text,
            "Service: answered again by b, after Portolan had held it or dialled again. 2 probes had been lost."
        );
        let (_, text) = answered(LaneKind::NodePort, None, 1, false);
        assert_eq!(text, "NodePort: answered again. 1 probe had been lost.");
        let (_, text) = cut(LaneKind::Pod, Some("a"), Duration::from_secs(3));
        assert_eq!(text, "Direct pod: the open connection to a was cut after 3.0 s.");
        let (_, text) = deleted("a", true, true);
        assert_eq!(text, "a is deleted from here. It is the pod of the direct tunnel.");
    }
}
