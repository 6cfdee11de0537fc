//! What a deletion cost each lane, once all have settled. Pure: it is told what happens, and asked when it is due.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    account::{count, name, span},
    view::{LaneKind, Outcome},
};
use crate::error::list;

/// Nothing new for so long: the lanes have settled.
const QUIET: Duration = Duration::from_secs(4);

/// No longer than this is waited for that: the story has to be told while it is remembered.
const PATIENCE: Duration = Duration::from_secs(20);

/// A deletion, or several that overlap, and what the lanes went through since.
#[derive(Debug)]
pub(super) struct Deletion {
    began: Instant,
    /// The same, in milliseconds since 1970.
    at: u64,
    pods: Vec<Deleted>,
    last_change: Instant,
    lanes: Vec<Since>,
}

#[derive(Debug)]
struct Deleted {
    place: u32,
    name: String,
}

/// One lane since then.
#[derive(Debug)]
struct Since {
    lane: LaneKind,
    /// Whether the pod that went had answered here.
    concerned: bool,
    /// Whether its tunnel means that pod and no other.
    direct: bool,
    broken_after: Option<Duration>,
    answered: u64,
    held: u64,
    again: u64,
    lost: u64,
    longest_us: u64,
    /// Those that answered, in that order.
    by: Vec<(u32, String)>,
}

/// How a lane stood when a pod was deleted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Before {
    pub(super) lane: LaneKind,
    /// Whether that pod had answered there.
    pub(super) concerned: bool,
    /// Whether it is the one that the lane's tunnel means.
    pub(super) direct: bool,
}

impl Deletion {
    pub(super) fn of(place: u32, name: &str, at: u64, now: Instant, before: impl IntoIterator<Item = Before>) -> Self {
        let since = |Before { lane, concerned, direct }| Since {
            lane,
            concerned,
            direct,
            broken_after: None,
            answered: 0,
            held: 0,
            again: 0,
            lost: 0,
            longest_us: 0,
            by: Vec::new(),
        };
        let pods = vec![Deleted { place, name: name.to_owned() }];
        let lanes = before.into_iter().map(since).collect();
        Deletion { began: now, at, pods, last_change: now, lanes }
    }

    /// Another pod goes while this one is not told yet.
    pub(super) fn also(&mut self, place: u32, name: &str, now: Instant, before: impl IntoIterator<Item = Before>) {
        if self.pods.iter().any(|pod| pod.place == place) {
            return;
        }
        self.pods.push(Deleted { place, name: name.to_owned() });
        self.last_change = now;
        for Before { lane, concerned, direct } in before {
            if let Some(since) = self.lanes.iter_mut().find(|since| since.lane == lane) {
                since.concerned |= concerned;
                since.direct |= direct;
            }
        }
    }

    /// Something changed: a phase, a pod. It has not settled.
    pub(super) fn changed(&mut self, now: Instant) {
        self.last_change = now;
    }

    /// A tunnel is broken.
    pub(super) fn broken(&mut self, lane: LaneKind, now: Instant) {
        self.last_change = now;
        if let Some(since) = self.lanes.iter_mut().find(|since| since.lane == lane) {
            since.broken_after.get_or_insert(now - self.began);
        }
    }

    /// A probe has ended.
    pub(super) fn probe(
        &mut self,
        lane: LaneKind,
        (began, took_us): (u64, u64),
        outcome: &Outcome,
        pod: Option<(u32, &str)>,
        now: Instant,
    ) {
        // One that was under way at the deletion may have met it.
        if began + took_us / 1_000 < self.at {
            return;
        }
        let Some(since) = self.lanes.iter_mut().find(|since| since.lane == lane) else { return };
        match outcome {
            Outcome::Lost { .. } => {
                since.lost += 1;
                // That a broken tunnel's are lost is no news.
                if since.broken_after.is_none() {
                    self.last_change = now;
                }
                return;
            }
            Outcome::Answered { .. } => since.answered += 1,
            Outcome::Held { .. } => since.held += 1,
            Outcome::Again { .. } => since.again += 1,
        }
        since.longest_us = since.longest_us.max(took_us);
        if let Some((place, name)) = pod
            && !since.by.iter().any(|(of, _)| *of == place)
        {
            since.by.push((place, name.to_owned()));
        }
    }

    /// When it is to be told, unless something changes. `waiting`: probes are under way that have waited for long.
    pub(super) fn due(&self, waiting: bool) -> Instant {
        let latest = self.began + PATIENCE;
        // A direct tunnel's pod that is on its way out works on until its grace is over.
        let awaited = self.lanes.iter().any(|since| since.direct && since.broken_after.is_none());
        if waiting || awaited { latest } else { latest.min(self.last_change + QUIET) }
    }

    /// The story.
    pub(super) fn verdict(&self) -> String {
        let names = list(self.pods.iter().map(|pod| pod.name.as_str()));
        let were = if self.pods.len() == 1 { "was" } else { "were" };
        let lanes = self.lanes.iter().map(|since| format!(" {}: {}.", name(since.lane), self.told(since)));
        // The pod's own lane first: it is the one that has no other.
        let mut lanes: Vec<String> = lanes.collect();
        lanes.sort_by_key(|text| !text.starts_with(" Direct"));
        format!("{names} {were} deleted.{}", lanes.concat())
    }

    fn told(&self, since: &Since) -> String {
        let lost = count(since.lost, "probe");
        if let Some(after) = since.broken_after {
            return format!("broken after {:.1} s, {lost} lost", after.as_secs_f64());
        }
        let answered = since.answered + since.held + since.again;
        if answered + since.lost == 0 {
            return "no probe was sent".into();
        }
        if answered == 0 {
            return format!("no answer since, {lost} lost");
        }
        let others: Vec<&str> = since
            .by
            .iter()
            .filter(|(place, _)| !self.pods.iter().any(|pod| pod.place == *place))
            .map(|(_, name)| name.as_str())
            .collect();
        let mut words = match (since.direct, since.concerned, others.as_slice()) {
            (true, ..) => vec!["its pod is on its way out and still answers".to_owned()],
            (_, _, []) if since.by.is_empty() => vec!["answers on, which pod is not known".to_owned()],
            (_, _, []) => vec!["answered only by what was deleted".to_owned()],
            (_, true, others) => vec![format!("moved to {}", list(others))],
            (_, false, others) => vec![format!("stayed with {}", list(others))],
        };
        words.push(format!("{} lost", since.lost));
        if since.held > 0 {
            words.push(format!("{} held by Portolan", since.held));
        }
        if since.again > 0 {
            words.push(format!("{} dialled again by Portolan", since.again));
        }
        words.push(format!("longest wait {}", span(Duration::from_micros(since.longest_us))));
        words.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVICE: LaneKind = LaneKind::Service;
    const POD: LaneKind = LaneKind::Pod;
    const NODE: LaneKind = LaneKind::NodePort;

    fn before(lane: LaneKind) -> Before {
        Before { lane, concerned: true, direct: lane == POD }
    }

    fn deletion(now: Instant, lanes: &[LaneKind]) -> Deletion {
        Deletion::of(0, "web-7d9", 1_000, now, lanes.iter().map(|lane| before(*lane)))
    }

    fn answered() -> Outcome {
        Outcome::Answered { status: Some(200) }
    }

    fn lost() -> Outcome {
        Outcome::Lost { why: "x".into() }
    }

    #[tokio::test(start_paused = true)]
    async fn the_story_of_a_deletion() {
        let now = Instant::now();
        let mut deletion = deletion(now, &[SERVICE, POD, NODE]);
        // Before it, and under way during it.
        deletion.probe(SERVICE, (500, 400_000), &lost(), None, now);
        deletion.probe(SERVICE, (500, 600_000), &answered(), Some((0, "web-7d9")), now);
        deletion.probe(SERVICE, (1_500, 180_000), &answered(), Some((1, "web-c2f")), now);
        deletion.broken(POD, now + Duration::from_millis(40));
        (0..41).for_each(|_| deletion.probe(POD, (2_000, 0), &lost(), None, now));
        deletion.probe(NODE, (2_000, 800), &lost(), None, now);
        deletion.probe(NODE, (2_500, 800), &answered(), None, now);
        assert_eq!(
            deletion.verdict(),
            "web-7d9 was deleted. Direct pod: broken after 0.0 s, 41 probes lost. \
             Service: moved to web-c2f, 0 lost, longest wait 600 ms. \
             NodePort: answers on, which pod is not known, 1 lost, longest wait 0.8 ms."
        );
    }

    #[tokio::test(start_paused = true)]
    async fn what_portolan_added_is_told_apart() {
        let now = Instant::now();
        let mut one = deletion(now, &[SERVICE, POD]);
        one.probe(SERVICE, (2_000, 1_200_000), &Outcome::Held { status: None }, Some((1, "b")), now);
        one.probe(SERVICE, (2_000, 10_000), &Outcome::Again { status: None }, Some((2, "c")), now);
        one.probe(POD, (2_000, 1_000), &answered(), Some((0, "web-7d9")), now);
        assert_eq!(
            one.verdict(),
            "web-7d9 was deleted. Direct pod: its pod is on its way out and still answers, 0 lost, longest wait 1.0 ms. \
             Service: moved to b and c, 0 lost, 1 held by Portolan, 1 dialled again by Portolan, longest wait 1.2 s."
        );
        let mut silent = deletion(now, &[SERVICE, NODE]);
        silent.probe(SERVICE, (2_000, 0), &lost(), None, now);
        silent.also(1, "web-c2f", now, []);
        silent.also(1, "web-c2f", now, []);
        assert_eq!(
            silent.verdict(),
            "web-7d9 and web-c2f were deleted. Service: no answer since, 1 probe lost. NodePort: no probe was sent."
        );
        let elsewhere = Before { lane: SERVICE, concerned: false, direct: false };
        let mut elsewhere = Deletion::of(0, "a", 0, now, [elsewhere]);
        elsewhere.probe(SERVICE, (1, 1_000), &answered(), Some((4, "d")), now);
        assert!(elsewhere.verdict().contains("Service: stayed with d, 0 lost"), "{}", elsewhere.verdict());
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_told_once_all_is_quiet_and_not_too_late() {
        let began = Instant::now();
        let at = |seconds| began + Duration::from_secs(seconds);
        let mut deletion = deletion(began, &[SERVICE, POD]);
        assert_eq!(deletion.due(false), at(20), "the direct tunnel's pod still works");
        deletion.broken(POD, at(2));
        assert_eq!((deletion.due(false), deletion.due(true)), (at(6), at(20)));
        deletion.changed(at(3));
        assert_eq!(deletion.due(false), at(7));
        deletion.probe(POD, (9_000, 0), &lost(), None, at(8));
        assert_eq!(deletion.due(false), at(7), "that a broken tunnel loses its probes is no news");
        deletion.probe(SERVICE, (9_000, 0), &lost(), None, at(9));
        assert_eq!(deletion.due(false), at(13));
        deletion.changed(at(19));
        assert_eq!(deletion.due(false), at(20));
    }
}
