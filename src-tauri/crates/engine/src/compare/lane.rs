//! One lane: where its probes go, what became of them, and what is told of it.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};

use tokio::{sync::watch, time::Instant};

use super::{
    kept::Keeping,
    score::Scores,
    view::{Kept, Lane, LaneKind, Outcome},
    way::{Known, way},
};
use crate::{
    phase::{Endpoint, Phase},
    session::{
        tale::Heard,
        view::{SessionId, SessionView},
    },
};

/// A session behind a lane.
#[derive(Debug)]
pub(super) struct Tunnel {
    pub(super) id: SessionId,
    /// What it shows; `None` once it was stopped.
    pub(super) views: Option<watch::Receiver<SessionView>>,
    /// What it tells of its connections.
    pub(super) heard: Arc<Heard>,
}

/// One way, and all that became of it.
#[derive(Debug)]
pub(super) struct Way {
    pub(super) kind: LaneKind,
    pub(super) tunnel: Option<Tunnel>,
    /// Where the probes go.
    pub(super) address: Option<SocketAddr>,
    pub(super) phase: Option<Phase>,
    /// The direct tunnel's pod.
    pub(super) direct: Option<Endpoint>,
    pub(super) keeping: Keeping,
    scores: Scores,
    by_pod: BTreeMap<u32, u64>,
    cuts: u64,
    /// So many were lost since one was answered.
    losing: u64,
    /// Whether the last probe was answered.
    answers: bool,
}

/// News of a lane's probes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum News {
    /// They began to be lost.
    Lost,
    /// One is answered, after so many were lost.
    Answered { lost: u64 },
}

impl Way {
    pub(super) fn new(kind: LaneKind, now: Instant) -> Self {
        Way {
            kind,
            tunnel: None,
            address: None,
            phase: (kind != LaneKind::NodePort).then_some(Phase::Resolving),
            direct: None,
            keeping: Keeping::None { next: now },
            scores: Scores::default(),
            by_pod: BTreeMap::new(),
            cuts: 0,
            losing: 0,
            answers: false,
        }
    }

    /// Where the next probe goes: nowhere while it is not known whether the tunnel leads anywhere, as probes would only be
    /// held; a tunnel that is over is another matter.
    pub(super) fn target(&self) -> Target {
        match (&self.phase, self.address) {
            (Some(Phase::Broken { reason }), _) => Target::Over(reason.message.clone()),
            (Some(Phase::Failed { error }), _) => Target::Over(error.message.clone()),
            (Some(Phase::Stopped), _) => Target::Over("the tunnel was stopped".into()),
            (Some(Phase::Resolving), _) | (_, None) => Target::NotYet,
            (_, Some(address)) => Target::At(address),
        }
    }

    /// Whether a connection that is to be kept has somewhere to go.
    pub(super) fn leads_somewhere(&self) -> Option<SocketAddr> {
        let leads = match &self.phase {
            Some(phase) => matches!(phase, Phase::Active { .. }),
            None => self.answers,
        };
        self.address.filter(|_| leads)
    }

    /// Whether this pod has answered here.
    pub(super) fn met(&self, place: u32) -> bool {
        self.by_pod.contains_key(&place)
    }

    pub(super) fn cut(&mut self) {
        self.cuts += 1;
    }

    /// Takes in a probe that has ended; what is worth telling of it.
    pub(super) fn count(&mut self, at: u64, took_us: u64, outcome: &Outcome, pod: Option<u32>) -> Option<News> {
        self.scores.count(at, took_us, outcome);
        if matches!(outcome, Outcome::Lost { .. }) {
            self.losing += 1;
            self.answers = false;
            return (self.losing == 1).then_some(News::Lost);
        }
        if let Some(pod) = pod {
            *self.by_pod.entry(pod).or_default() += 1;
        }
        self.answers = true;
        let lost = std::mem::take(&mut self.losing);
        (lost > 0).then_some(News::Answered { lost })
    }

    /// As it is shown.
    pub(super) fn shown(&mut self, now: u64, known: &Known<'_>) -> Lane {
        let address = self.address.map(|address| address.to_string()).unwrap_or_default();
        let known = Known {
            address: &address,
            phase: self.phase.as_ref(),
            direct: self.direct.as_ref(),
            answers: self.answers,
            ..*known
        };
        Lane {
            kind: self.kind,
            session: self.tunnel.as_ref().map(|tunnel| tunnel.id),
            way: way(self.kind, &known),
            address: address.clone(),
            phase: self.phase.clone(),
            recent: self.scores.recent(now),
            total: self.scores.total(),
            by_pod: self.by_pod.iter().map(|(place, count)| (*place, *count)).collect(),
            kept: if self.is_over() { gone(self.keeping.shown()) } else { self.keeping.shown() },
            cuts: self.cuts,
        }
    }

    fn is_over(&self) -> bool {
        self.phase.as_ref().is_some_and(Phase::is_final)
    }
}

/// A tunnel that is over keeps nothing open, whatever is still to be told of it.
fn gone(kept: Kept) -> Kept {
    match kept {
        Kept::Open { .. } => Kept::None,
        other => other,
    }
}

/// Where a probe goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// Nowhere, for now.
    NotYet,
    /// There.
    At(SocketAddr),
    /// Nowhere any more, for this reason: it is lost without being sent.
    Over(String),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Code, Problem};

    #[tokio::test(start_paused = true)]
    async fn a_probe_goes_where_the_lane_leads() {
        let mut lane = Way::new(LaneKind::Pod, Instant::now());
        let address: SocketAddr = "127.0.0.1:9".parse().unwrap();
        lane.address = Some(address);
        assert_eq!(lane.target(), Target::NotYet, "it would only be held");
        let problem = || Problem { code: Code::NoReadyPod, message: "Why.".into(), next: String::new() };
        lane.phase = Some(Phase::Waiting { reason: problem(), needs_you: false, attempt: 0, retry_at: None });
        assert_eq!((lane.target(), lane.leads_somewhere()), (Target::At(address), None));
        lane.phase = Some(Phase::Active { endpoints: Vec::new() });
        assert_eq!((lane.target(), lane.leads_somewhere()), (Target::At(address), Some(address)));
        lane.phase = Some(Phase::Broken { reason: problem() });
        assert_eq!((lane.target(), lane.leads_somewhere()), (Target::Over("Why.".into()), None));
        // A node port has no phase: its answers tell.
        let mut lane = Way::new(LaneKind::NodePort, Instant::now());
        assert_eq!(lane.target(), Target::NotYet);
        lane.address = Some(address);
        assert_eq!((lane.target(), lane.leads_somewhere()), (Target::At(address), None));
        lane.count(1, 1, &Outcome::Answered { status: None }, None);
        assert_eq!(lane.leads_somewhere(), Some(address));
    }

    #[tokio::test(start_paused = true)]
    async fn what_begins_to_be_lost_and_what_is_answered_again_is_news() {
        let mut lane = Way::new(LaneKind::Service, Instant::now());
        let (answered, lost) = (Outcome::Held { status: None }, Outcome::Lost { why: "x".into() });
        assert_eq!(lane.count(1, 1, &answered, Some(2)), None);
        assert_eq!(lane.count(2, 1, &lost, None), Some(News::Lost));
        assert_eq!(lane.count(3, 1, &lost, None), None);
        assert_eq!(lane.count(4, 1, &answered, Some(2)), Some(News::Answered { lost: 2 }));
        assert_eq!(lane.count(5, 1, &answered, None), None);
        assert!(lane.met(2) && !lane.met(1));
        assert_eq!(lane.by_pod[&2], 2);
    }
}
