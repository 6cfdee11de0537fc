//! What probes showed of one port of a Service.

/// One port, asked in up to three ways.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Probed {
    /// The Service's port.
    pub(crate) port: u16,
    /// The tunnel, once for each pod that was dialled, by the pod's name and the port there.
    pub(crate) tunnel: Vec<(String, u16, Heard)>,
    /// Nodes, by address and node port.
    pub(crate) node_port: Vec<(String, Heard)>,
    /// The API server's proxy, which goes to a pod's own address; `None` where it was not asked.
    pub(crate) api_proxy: Option<Heard>,
}

/// What came of a probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// The program did: `200`, `connected`.
    Answers(String),
    /// The connection was refused or reset before anything came.
    Refused(String),
    /// Nothing came in time. It tells nothing: a way that is closed on purpose looks like this, too.
    Silent(String),
    /// It could not be asked: forbidden, or the API server was away.
    Unasked(String),
}

impl Heard {
    /// In words.
    pub(crate) fn words(&self) -> &str {
        match self {
            Heard::Answers(what) => what,
            Heard::Refused(why) | Heard::Silent(why) | Heard::Unasked(why) => why,
        }
    }
}

/// What all probes of one way have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// All that were asked answer.
    Answers,
    /// All were refused.
    Refused,
    /// Neither, or nobody was asked.
    Unclear,
}

impl Way {
    fn of<'a>(heard: impl Iterator<Item = &'a Heard> + Clone) -> Way {
        let mut told = heard.clone();
        if told.next().is_none() {
            Way::Unclear
        } else if heard.clone().all(|heard| matches!(heard, Heard::Answers(_))) {
            Way::Answers
        } else if heard.clone().all(|heard| matches!(heard, Heard::Refused(_))) {
            Way::Refused
        } else {
            Way::Unclear
        }
    }
}

impl Probed {
    /// The way that ends at localhost in the pod.
    pub(super) fn inside(&self) -> Way {
        Way::of(self.tunnel.iter().map(|(_, _, heard)| heard))
    }

    /// The ways that end at the pod's own address. One that answers proves that it is listened on. The API server, or all
    /// nodes, being refused proves that it is not.
    pub(super) fn outside(&self) -> Way {
        let (nodes, proxy) = (self.node_port.iter().map(|(_, heard)| heard), self.api_proxy.iter());
        if nodes.clone().chain(proxy.clone()).any(|heard| matches!(heard, Heard::Answers(_))) {
            return Way::Answers;
        }
        match (Way::of(proxy), Way::of(nodes)) {
            (Way::Refused, _) | (_, Way::Refused) => Way::Refused,
            _ => Way::Unclear,
        }
    }
}
