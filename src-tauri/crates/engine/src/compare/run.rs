//! The task of a comparison: owns its lanes, its probes and its sessions, and is the only writer of what it shows.

mod follow;
mod probing;
mod shown;

use std::{
    collections::{HashMap, HashSet},
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};

use k8s_openapi::api::core::v1::{Pod, Service};
use tokio::{
    sync::{Notify, mpsc, watch},
    task::{AbortHandle, JoinSet},
    time::{Instant, Interval, MissedTickBehavior},
};
use tokio_util::sync::CancellationToken;

use super::{
    Means,
    account::{self, Account},
    ask::{Asked, ask},
    experiment,
    kept::{self, Cut, End, Keeping, Opened},
    lane::{News, Target, Tunnel, Way},
    nodes,
    pods::{Change, Facts, Pods},
    ribbon::Ribbon,
    subject::{Subject, asked},
    verdict::{Before, Deletion},
    view::{
        Asking, ComparisonState, ComparisonView, Experiment, Happened, HttpBy, LaneKind, Method, NotStarted, Outcome,
        Permission, Probe,
    },
    way::Known,
};
use follow::{pods_changed, views_changed, watch_service};

use crate::{
    cluster::Cluster,
    context::ContextId,
    feed::Part,
    forward::{Forward, LocalPort, PortMap, PortRef, Target as Goal},
    phase::{Endpoint, Phase},
    pod,
    probe::Said,
    row::Scope,
    session::{
        now,
        tale::{Heard, Step},
        view::SessionId,
    },
    watched::{Failing, Select, Watched},
};

/// The feed's key of the one that is open.
pub(super) const KEY: &str = "comparison";

/// What it shows is made anew this often at most: the feed answers no faster.
const PACE: Duration = Duration::from_millis(200);

/// A probe that is held has this long after the hold to be answered.
const AFTER_HOLD: Duration = Duration::from_secs(5);

/// A node port answers within this, or the probe is lost.
const NODE_LIMIT: Duration = Duration::from_secs(5);

/// A probe that has been under way for this long is waited for before a verdict is given.
const LONG: Duration = Duration::from_secs(1);

/// What the user wants of it.
#[derive(Debug)]
pub(super) enum Wish {
    Start,
    Ask(Method, String),
    /// This pod is about to be deleted, from here.
    Deleting {
        uid: String,
    },
    /// It was.
    Deleted {
        uid: String,
        name: String,
    },
    /// It was not, after all. `forbidden`: since the user may not.
    NotDeleted {
        uid: String,
        forbidden: bool,
    },
    /// This workload is rolled.
    Rolled(String),
    /// A mark was set or taken away.
    Look,
}

/// What it was opened for.
#[derive(Clone, Debug)]
pub(super) struct Opening {
    pub(super) context: ContextId,
    pub(super) namespace: String,
    pub(super) port: PortRef,
    pub(super) subject: Subject,
    pub(super) cluster: watch::Receiver<Arc<Cluster>>,
}

/// Something that was begun has ended.
enum Done {
    Probe(u64, Box<Asked>),
    Nodes(Option<Vec<nodes::Addresses>>),
    Chosen(Option<SocketAddr>),
    May(Option<bool>),
    KeptEnd(LaneKind, u64, End),
}

/// A kept connection that is open.
struct KeptOpen {
    lane: LaneKind,
    number: u64,
    opened: Opened,
}

/// A comparison at work.
pub(super) struct Run {
    means: Means,
    opening: Opening,
    cluster: Arc<Cluster>,
    ribbon: Arc<Ribbon>,
    state: ComparisonState,
    asking: Asking,
    opened_at: u64,
    lanes: Vec<Way>,
    pods: Pods,
    account: Account,
    /// The last deletion, until its verdict.
    deletion: Option<Deletion>,
    /// When a pod was last seen to go.
    last_gone: Option<Instant>,
    /// UIDs of pods that are deleted from here.
    ours: HashSet<String>,
    /// UIDs of pods of which it was told that they go.
    gone: HashSet<String>,
    /// Whether this user may delete pods, where that is known.
    may: Option<bool>,
    /// The workload of the direct tunnel's pod.
    workload: watch::Sender<Option<Goal>>,
    /// The nodes, once they were asked for; `None` where they may not be read.
    nodes: Option<Option<Vec<nodes::Addresses>>>,
    /// Where the Service leads, as its tunnel last knew it.
    endpoints: Vec<Endpoint>,
    jobs: JoinSet<Done>,
    /// When each probe that is under way began, by its number.
    under_way: HashMap<u64, Instant>,
    /// When one was last sent.
    last_sent: Option<Instant>,
    /// Counts probes and kept connections that were begun.
    begun: u64,
    /// The kept connection of each lane, by its number.
    keeping: HashMap<LaneKind, (u64, AbortHandle)>,
    kept_open: mpsc::UnboundedSender<KeptOpen>,
    kept_opened: mpsc::UnboundedReceiver<KeptOpen>,
    choosing: bool,
    service: Watched<Service>,
    behind: Option<Behind>,
    retry_now: Arc<Notify>,
    ticks: Interval,
}

/// The Service's pods, as they are watched.
struct Behind {
    selector: String,
    watched: Watched<Pod>,
}

impl Run {
    /// Begins: its tunnels open, and nothing is asked yet. Beside it, the workload of its direct tunnel's pod, once known.
    pub(super) fn begin(
        means: Means,
        mut opening: Opening,
        ribbon: Arc<Ribbon>,
    ) -> (Self, watch::Receiver<Option<Goal>>) {
        let (workload, workload_known) = watch::channel(None);
        let (kept_open, kept_opened) = mpsc::unbounded_channel();
        let cluster = opening.cluster.borrow_and_update().clone();
        let retry_now = Arc::<Notify>::default();
        let asking = opening.subject.asking();
        let because = if means.marks.is_protected(&opening.context) {
            Some(NotStarted::Protected)
        } else {
            asking.http_by.is_none().then_some(NotStarted::NotHttp)
        };
        let state = because.map_or(ComparisonState::Running, |because| ComparisonState::NotStarted { because });
        let service = watch_service(&cluster, &opening, &retry_now);
        let began = Instant::now();
        let mut run = Run {
            ticks: ticks(&asking),
            lanes: [LaneKind::Service, LaneKind::Pod].map(|kind| Way::new(kind, began)).into(),
            means,
            cluster,
            ribbon,
            state,
            asking,
            opened_at: now(),
            pods: Pods::default(),
            account: Account::default(),
            deletion: None,
            last_gone: None,
            ours: HashSet::new(),
            gone: HashSet::new(),
            may: None,
            workload,
            nodes: None,
            endpoints: Vec::new(),
            jobs: JoinSet::new(),
            under_way: HashMap::new(),
            last_sent: None,
            begun: 0,
            keeping: HashMap::new(),
            kept_open,
            kept_opened,
            choosing: false,
            service,
            behind: None,
            retry_now,
            opening,
        };
        run.follow_pods();
        run.with_node_port();
        let opened = account::opened(&run.opening.subject, &run.opening.namespace, run.lanes.len() == 3);
        run.account.add(run.opened_at, None, opened);
        let goal = Goal::Service { name: run.opening.subject.service.clone() };
        let remote = run.opening.subject.remote();
        run.start(LaneKind::Service, goal, remote);
        run.ask_what_may_be_done();
        (run, workload_known)
    }

    /// Runs until it is cancelled. When this returns nothing of it is left: no task, no session, no part of the feed.
    pub(super) async fn run(
        mut self,
        view: watch::Sender<ComparisonView>,
        mut wishes: mpsc::UnboundedReceiver<Wish>,
        cancel: CancellationToken,
    ) {
        tokio::select! {
            biased;
            () = cancel.cancelled() => {}
            () = self.work(&view, &mut wishes) => {}
        }
        self.end().await;
    }

    async fn work(&mut self, view: &watch::Sender<ComparisonView>, wishes: &mut mpsc::UnboundedReceiver<Wish>) {
        let mut due = Instant::now();
        let mut stale = true;
        loop {
            let judged_at = self.lanes.iter().filter_map(|lane| lane.keeping.judged_at()).min();
            let told_at = self.deletion.as_ref().map(|deletion| deletion.due(self.waits()));
            let running = self.state == ComparisonState::Running;
            let mut news = true;
            tokio::select! {
                Some(wish) = wishes.recv() => self.wish(wish),
                Some(done) = self.jobs.join_next() => match done {
                    Ok(done) => self.done(done),
                    // One that was cancelled has nothing to tell.
                    Err(error) => news = error.is_panic(),
                },
                Some(KeptOpen { lane, number, opened }) = self.kept_opened.recv() => self.kept_open(lane, number, &opened),
                kind = views_changed(&mut self.lanes) => self.look_at_tunnel(kind),
                changed = self.service.next() => self.look_at_service(changed),
                changed = pods_changed(&mut self.behind) => if changed.is_ok() { self.look_at_pods() },
                Ok(()) = self.opening.cluster.changed() => self.go_on_by(),
                _ = self.ticks.tick(), if running => {
                    self.tick();
                    news = false;
                }
                () = at(judged_at) => self.judge(),
                () = at(told_at) => self.tell(),
                () = tokio::time::sleep_until(due), if stale => {
                    stale = false;
                    news = false;
                    due = Instant::now() + PACE;
                    self.publish(view);
                }
            }
            stale |= news;
        }
    }

    fn wish(&mut self, wish: Wish) {
        match wish {
            Wish::Start => {
                if let ComparisonState::NotStarted { .. } = self.state {
                    self.state = ComparisonState::Running;
                    self.ticks.reset_immediately();
                }
            }
            Wish::Ask(method, path) => {
                self.ask_otherwise(asked(method, path, &self.asking));
            }
            Wish::Deleting { uid } => {
                self.ours.insert(uid);
            }
            Wish::Deleted { uid, name } => self.goes(&uid, &name),
            Wish::NotDeleted { uid, forbidden } => {
                self.ours.remove(&uid);
                if forbidden {
                    self.may = Some(false);
                }
            }
            Wish::Rolled(workload) => self.account.add(now(), None, account::rolled(&workload)),
            Wish::Look => {}
        }
    }

    fn ask_otherwise(&mut self, asking: Asking) {
        if asking.every_ms != self.asking.every_ms {
            self.ticks = ticks(&asking);
        }
        self.asking = asking;
        // What is kept open was asked by the way before.
        for (_, (_, keeping)) in self.keeping.drain() {
            keeping.abort();
        }
        let now = Instant::now();
        self.lanes.iter_mut().for_each(|lane| lane.keeping = Keeping::None { next: now });
    }

    fn done(&mut self, done: Done) {
        match done {
            Done::Probe(number, asked) => {
                self.under_way.remove(&number);
                self.probed(*asked);
            }
            Done::Nodes(nodes) => self.nodes = Some(nodes),
            Done::Chosen(address) => {
                self.choosing = false;
                if let Some(lane) = self.lane(LaneKind::NodePort) {
                    lane.address = address;
                }
            }
            Done::May(may) => self.may = may,
            Done::KeptEnd(kind, number, end) => {
                if self.keeping.get(&kind).is_some_and(|(of, _)| *of == number) {
                    self.keeping.remove(&kind);
                    let ended = self.lane(kind).and_then(|lane| lane.keeping.ended(end, now(), Instant::now()));
                    self.told_cut(kind, ended);
                }
            }
        }
    }

    fn lane(&mut self, kind: LaneKind) -> Option<&mut Way> {
        self.lanes.iter_mut().find(|lane| lane.kind == kind)
    }

    /// Starts a lane's tunnel.
    fn start(&mut self, kind: LaneKind, target: Goal, remote: PortRef) {
        let Opening { context, namespace, .. } = &self.opening;
        let id = self.means.start(Forward {
            context: context.clone(),
            namespace: namespace.clone(),
            target,
            ports: vec![PortMap { local: LocalPort::Any, remote }],
            bind: Vec::new(),
            balance: None,
            hold_seconds: Forward::DEFAULT_HOLD_SECONDS,
            wait_for_name: false,
        });
        let heard = Arc::<Heard>::default();
        self.means.sessions.listen(id, heard.clone());
        let mut views = self.means.sessions.watch(id);
        if let Some(views) = &mut views {
            views.mark_changed();
        }
        if let Some(lane) = self.lane(kind) {
            lane.tunnel = Some(Tunnel { id, views, heard });
        }
    }

    fn waits(&self) -> bool {
        self.under_way.values().any(|began| began.elapsed() >= LONG)
    }

    fn tell(&mut self) {
        if let Some(deletion) = self.deletion.take() {
            self.account.add(now(), None, (Happened::Verdict, deletion.verdict()));
        }
    }

    /// Ends all that it owns.
    async fn end(mut self) {
        self.jobs.shutdown().await;
        let ids: Vec<SessionId> = self.lanes.iter().filter_map(|lane| lane.tunnel.as_ref()).map(|t| t.id).collect();
        futures::future::join_all(ids.into_iter().map(|id| self.means.sessions.stop(id))).await;
        self.means.feed.remove(KEY);
    }
}

fn ticks(asking: &Asking) -> Interval {
    let mut ticks = tokio::time::interval(Duration::from_millis(asking.every_ms.into()));
    // After a sleep of this machine there is nothing to catch up with.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

async fn at(instant: Option<Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant).await,
        None => std::future::pending().await,
    }
}
