//! The probes of a comparison, and the connections that it keeps open.

use super::{
    AFTER_HOLD, Asked, Asking, Cut, Done, Duration, Endpoint, Forward, HttpBy, Instant, Keeping, KeptOpen, LaneKind,
    Method, NODE_LIMIT, News, Opened, Outcome, Phase, Probe, Run, Said, Step, Target, account, ask, asked, kept, now,
};

impl Run {
    /// Sends the next probes at once, unless some were sent lately.
    pub(super) fn probe_soon(&mut self) {
        let every = Duration::from_millis(self.asking.every_ms.into());
        if self.last_sent.is_none_or(|at| at.elapsed() >= every) {
            self.ticks.reset_immediately();
        }
    }

    /// One probe of each lane that leads somewhere, all at once: lanes have one clock.
    pub(super) fn tick(&mut self) {
        let at = now();
        self.choose_node();
        let targets: Vec<_> = self
            .lanes
            .iter()
            .map(|lane| (lane.kind, lane.target(), lane.tunnel.as_ref().map(|tunnel| tunnel.heard.clone())))
            .collect();
        for (kind, target, heard) in targets {
            match target {
                Target::NotYet => {}
                Target::Over(why) => {
                    let outcome = Outcome::Lost { why };
                    self.probed(Asked { lane: kind, at, took_us: 0, outcome, given: None, said: None });
                }
                Target::At(to) => {
                    let hold = Duration::from_secs(Forward::DEFAULT_HOLD_SECONDS.into());
                    let limit = if heard.is_some() { hold + AFTER_HOLD } else { NODE_LIMIT };
                    let number = self.next_number();
                    self.under_way.insert(number, Instant::now());
                    self.last_sent = Some(Instant::now());
                    let asking = self.asking.clone();
                    self.jobs.spawn(async move {
                        Done::Probe(number, Box::new(ask((kind, at), to, heard, asking, limit).await))
                    });
                }
            }
        }
        self.keep_open();
    }

    fn next_number(&mut self) -> u64 {
        self.begun += 1;
        self.begun
    }

    /// Opens what is to be kept open, where there is something to keep: a port that is not HTTP would only take it for a
    /// login that is not finished.
    fn keep_open(&mut self) {
        let method = match self.asking.method {
            Method::Get => http::Method::GET,
            Method::Head => http::Method::HEAD,
            Method::Connect => return,
        };
        let since = Instant::now();
        let wanted: Vec<_> = self
            .lanes
            .iter_mut()
            .filter(|lane| lane.keeping.wants_one(since))
            .filter_map(|lane| {
                let to = lane.leads_somewhere()?;
                lane.keeping = Keeping::Opening { since };
                Some((lane.kind, to))
            })
            .collect();
        for (lane, to) in wanted {
            let number = self.next_number();
            let (method, path, tell) = (method.clone(), self.asking.path.clone(), self.kept_open.clone());
            let opened = move |opened| {
                // Nobody listens any more once it is closed.
                let _ = tell.send(KeptOpen { lane, number, opened });
            };
            let keeping = self.jobs.spawn(async move {
                Done::KeptEnd(lane, number, kept::keep(to, method, path, NODE_LIMIT, opened).await)
            });
            self.keeping.insert(lane, (number, keeping));
        }
    }

    /// Takes in a probe that has ended.
    pub(super) fn probed(&mut self, asked: Asked) {
        let Asked { lane: kind, at, took_us, outcome, given, said } = asked;
        let pod = self.who(given.as_ref(), said.as_ref());
        self.first_bytes(said.as_ref());
        let Some(lane) = self.lane(kind) else { return };
        let news = lane.count(at, took_us, &outcome, pod);
        let over = lane.phase.as_ref().is_some_and(Phase::is_final);
        let helped = matches!(outcome, Outcome::Held { .. } | Outcome::Again { .. });
        let name = pod.map(|place| self.pods.name(place).to_owned());
        if let Some(deletion) = &mut self.deletion {
            let pod = pod.zip(name.as_deref());
            deletion.probe(kind, (at, took_us), &outcome, pod, Instant::now());
        }
        match (news, &outcome) {
            // That it is broken was told.
            (Some(News::Lost), Outcome::Lost { why }) if !over => {
                self.account.add(now(), Some(kind), account::lost(kind, why));
            }
            (Some(News::Answered { lost }), _) => {
                self.account.add(now(), Some(kind), account::answered(kind, name.as_deref(), lost, helped));
            }
            _ => {}
        }
        let probe = Probe { number: 0, lane: kind, at, took_us, pod, outcome };
        self.ribbon.add(probe, now());
    }

    /// The pod that answered: the one that Portolan gave it to; elsewhere the one that the answer names. Never a guess.
    fn who(&mut self, given: Option<&Endpoint>, said: Option<&Said>) -> Option<u32> {
        match (given, said) {
            (Some(to), _) => Some(self.pods.place(&to.uid, &to.pod)),
            (None, Some(said)) => self.pods.named(|name| said.is_named(name)),
            (None, None) => None,
        }
    }

    /// A port that begins to speak HTTP by itself speaks it.
    fn first_bytes(&mut self, said: Option<&Said>) {
        if let (None, Some(Said::Accepted { first })) = (self.asking.http_by, said)
            && first.starts_with(b"HTTP/1.")
        {
            let asking = asked(Method::Get, self.asking.path.clone(), &self.asking);
            self.ask_otherwise(Asking { http_by: Some(HttpBy::FirstBytes), ..asking });
        }
    }

    pub(super) fn kept_open(&mut self, kind: LaneKind, number: u64, opened: &Opened) {
        if self.keeping.get(&kind).is_none_or(|(of, _)| *of != number) {
            return;
        }
        let given = self.lane(kind).and_then(|lane| lane.tunnel.as_ref()?.heard.of(opened.local));
        let given = match given {
            Some(Step::Given { to, .. }) => Some(to),
            _ => None,
        };
        let pod = self.who(given.as_ref(), Some(&opened.said));
        if let Some(lane) = self.lane(kind) {
            lane.keeping.opened(now(), pod);
        }
    }

    pub(super) fn told_cut(&mut self, kind: LaneKind, cut: Option<Cut>) {
        let Some(Cut { pod, lasted }) = cut else { return };
        let name = pod.map(|place| self.pods.name(place).to_owned());
        if let Some(lane) = self.lane(kind) {
            lane.cut();
        }
        self.account.add(now(), Some(kind), account::cut(kind, name.as_deref(), lasted));
    }

    /// Judges what has ended in good order: whether its pod went is known by now.
    pub(super) fn judge(&mut self) {
        let now = Instant::now();
        let lately = self.last_gone.is_some_and(|at| now - at < Duration::from_secs(10));
        let pods = &self.pods;
        let gone = |pod: Option<u32>| pod.map_or(lately, |place| !pods.stays(place));
        let cuts: Vec<_> = self.lanes.iter_mut().map(|lane| (lane.kind, lane.keeping.judge(now, gone))).collect();
        for (kind, cut) in cuts {
            self.told_cut(kind, cut);
        }
    }
}
