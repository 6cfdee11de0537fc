//! What a comparison follows: its tunnels, the Service, the pods behind it, the nodes; and what it makes of that.

use super::{
    Arc, Before, Behind, Change, ComparisonState, Deletion, Done, Endpoint, Facts, Failing, Goal, Instant, LaneKind,
    Notify, Opening, Phase, PortRef, Run, Scope, Select, Service, Subject, Watched, Way, account, experiment, nodes,
    now, pod,
};
use crate::cluster::Cluster;

impl Run {
    /// Goes on by another client of the same context.
    pub(super) fn go_on_by(&mut self) {
        self.cluster = self.opening.cluster.borrow_and_update().clone();
        self.service = watch_service(&self.cluster, &self.opening, &self.retry_now);
        self.behind = None;
        self.follow_pods();
        self.ask_what_may_be_done();
    }

    /// Asks once what of the experiment this user may do, and where the nodes are.
    pub(super) fn ask_what_may_be_done(&mut self) {
        let (cluster, namespace) = (self.cluster.clone(), self.opening.namespace.clone());
        self.jobs.spawn(async move { Done::May(experiment::may_delete(&cluster, &namespace).await) });
        let cluster = self.cluster.clone();
        self.jobs.spawn(async move { Done::Nodes(nodes::read(&cluster).await) });
    }

    /// There is a lane for the node port while there is one.
    pub(super) fn with_node_port(&mut self) {
        let wanted = self.opening.subject.port.node_port.is_some();
        let has = self.lanes.iter().any(|lane| lane.kind == LaneKind::NodePort);
        if wanted && !has {
            self.lanes.push(Way::new(LaneKind::NodePort, Instant::now()));
        } else if has && !wanted {
            self.lanes.retain(|lane| lane.kind != LaneKind::NodePort);
            if let Some((_, keeping)) = self.keeping.remove(&LaneKind::NodePort) {
                keeping.abort();
            }
        }
    }

    /// Finds a node where the node port answers, unless there is one.
    pub(super) fn choose_node(&mut self) {
        let (Some(port), Some(nodes)) = (self.opening.subject.port.node_port, &self.nodes) else { return };
        let addresses = nodes::addresses(nodes.as_deref(), &self.pods, self.opening.subject.local);
        let needed = self.lane(LaneKind::NodePort).is_some_and(|lane| lane.address.is_none());
        if needed && !self.choosing && !addresses.is_empty() {
            self.choosing = true;
            self.jobs.spawn(async move { Done::Chosen(nodes::choose(addresses, port).await) });
        }
    }

    pub(super) fn follow_pods(&mut self) {
        let selector = self.opening.subject.selector.clone();
        if self.behind.as_ref().map(|behind| &behind.selector) == selector.as_ref() {
            return;
        }
        self.behind = selector.map(|selector| {
            let scope = Scope::One { name: self.opening.namespace.clone() };
            // The same that the Service's tunnel watches.
            let select = Select::Labels(selector.clone());
            Behind { watched: self.cluster.watch(&scope, select, &self.retry_now, pod::slim), selector }
        });
    }

    /// The Service was edited, or is gone: its tunnel says what that means for connections.
    pub(super) fn look_at_service(&mut self, changed: Result<(), Failing>) {
        let Some(service) = changed.ok().and_then(|()| self.service.object()) else { return };
        let name = self.opening.subject.service.clone();
        let Ok(subject) = Subject::of(&service, &name, &self.opening.port) else { return };
        if subject.port.node_port != self.opening.subject.port.node_port
            && let Some(lane) = self.lane(LaneKind::NodePort)
        {
            lane.address = None;
        }
        self.opening.subject = subject;
        self.with_node_port();
        self.follow_pods();
    }

    pub(super) fn look_at_pods(&mut self) {
        let Some(behind) = self.behind.as_ref().filter(|behind| behind.watched.synced()) else { return };
        let facts = behind.watched.objects().iter().map(|pod| Facts::of(pod)).collect();
        let changes = self.pods.take_in(facts);
        if let (false, Some(deletion)) = (changes.is_empty(), &mut self.deletion) {
            deletion.changed(Instant::now());
        }
        for change in changes {
            match change {
                Change::Deleted { uid, name } => self.goes(&uid, &name),
                Change::Ready { name, .. } => self.account.add(now(), None, account::ready(&name)),
                Change::NotReady { name, .. } => self.account.add(now(), None, account::not_ready(&name)),
            }
        }
    }

    /// A pod goes: what that costs each lane is followed from here on. That is told once, whoever knows it first.
    pub(super) fn goes(&mut self, uid: &str, name: &str) {
        if !self.gone.insert(uid.to_owned()) {
            return;
        }
        let here = self.ours.contains(uid);
        let began = Instant::now();
        let place = self.pods.place(uid, name);
        let means = |lane: &Way| lane.direct.as_ref().is_some_and(|to| to.uid == uid);
        let before: Vec<Before> = self
            .lanes
            .iter()
            .map(|lane| Before { lane: lane.kind, concerned: lane.met(place), direct: means(lane) })
            .collect();
        let direct = self.lanes.iter().any(means);
        self.last_gone = Some(began);
        self.account.add(now(), None, account::deleted(name, here, direct));
        match &mut self.deletion {
            Some(deletion) => deletion.also(place, name, began, before),
            None => self.deletion = Some(Deletion::of(place, name, now(), began, before)),
        }
    }

    /// A lane's tunnel shows something else.
    pub(super) fn look_at_tunnel(&mut self, kind: LaneKind) {
        let Some(lane) = self.lane(kind) else { return };
        let Some(tunnel) = &mut lane.tunnel else { return };
        let view = tunnel.views.as_mut().filter(|views| views.has_changed().is_ok());
        let Some(view) = view.map(|views| views.borrow_and_update().clone()) else {
            // It was stopped by somebody else.
            tunnel.views = None;
            return self.phase(kind, Phase::Stopped);
        };
        let listener = view.listeners.first();
        lane.address = listener.and_then(|listener| listener.address.parse().ok());
        if let Some(workload) = view.instead {
            self.workload.send_replace(Some(workload));
        }
        self.phase(kind, view.phase);
    }

    fn phase(&mut self, kind: LaneKind, phase: Phase) {
        let Some(lane) = self.lane(kind) else { return };
        let before = lane.phase.replace(phase.clone());
        if phase.is_final() {
            lane.address = None;
        }
        let settled = before == Some(Phase::Resolving) && phase != Phase::Resolving;
        if settled && (kind == LaneKind::Pod || !matches!(phase, Phase::Active { .. })) {
            // The tunnels lead somewhere, or are known not to: the first probe need not wait for its turn.
            self.probe_soon();
        }
        let told = account::phase(kind, before.as_ref(), &phase);
        let changed = told.is_some();
        if let Some(told) = told {
            self.account.add(now(), Some(kind), told);
        }
        if let (LaneKind::Pod, Phase::Broken { .. }) = (kind, &phase)
            && let Some(to) = self.lane(kind).and_then(|lane| lane.direct.clone())
        {
            self.goes(&to.uid, &to.pod);
        }
        if let (true, Some(deletion)) = (changed, &mut self.deletion) {
            match &phase {
                Phase::Broken { .. } => deletion.broken(kind, Instant::now()),
                _ => deletion.changed(Instant::now()),
            }
        }
        match (kind, phase) {
            (LaneKind::Service, Phase::Active { endpoints }) => {
                self.pods.take_in_endpoints(&endpoints);
                self.pin(endpoints.first());
                self.endpoints = endpoints;
            }
            (LaneKind::Service, Phase::Failed { error }) => self.state = ComparisonState::Failed { problem: error },
            (LaneKind::Service, _) => self.endpoints.clear(),
            _ => {}
        }
    }

    /// The direct tunnel means the best of the Service's pods, of when there first was one.
    fn pin(&mut self, best: Option<&Endpoint>) {
        let (Some(best), Some(lane)) = (best, self.lane(LaneKind::Pod)) else { return };
        if lane.direct.is_some() {
            return;
        }
        lane.direct = Some(best.clone());
        self.start(LaneKind::Pod, Goal::Pod { name: best.pod.clone() }, PortRef::Number(best.port));
    }
}

pub(super) fn watch_service(cluster: &Cluster, opening: &Opening, retry_now: &Arc<Notify>) -> Watched<Service> {
    let scope = Scope::One { name: opening.namespace.clone() };
    cluster.watch(&scope, Select::Name(opening.subject.service.clone()), retry_now, |service| service)
}

pub(super) async fn pods_changed(behind: &mut Option<Behind>) -> Result<(), Failing> {
    match behind {
        Some(behind) => behind.watched.next().await,
        None => std::future::pending().await,
    }
}

/// The lane whose tunnel shows something else. Cancel-safe.
pub(super) async fn views_changed(lanes: &mut [Way]) -> LaneKind {
    let changes = lanes.iter_mut().filter_map(|lane| {
        let kind = lane.kind;
        let views = lane.tunnel.as_mut()?.views.as_mut()?;
        Some(Box::pin(async move {
            // That it was stopped is a change too.
            let _ = views.changed().await;
            kind
        }))
    });
    let changes: Vec<_> = changes.collect();
    if changes.is_empty() {
        return std::future::pending().await;
    }
    futures::future::select_all(changes).await.0
}
