//! One pod's life: bound, started, probed, restarted, ended.

use std::{net::Ipv4Addr, time::Duration};

use futures::future::join_all;
use k8s_openapi::{api::core::v1::Pod, apimachinery::pkg::apis::meta::v1::Time};
use serde_json::{Value, json};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, sleep},
};

use crate::{
    controllers::events::{Teller, Tone},
    network::{Running, Surroundings},
    store::{Refused, kind_of},
};

use super::{
    World,
    condition::{Condition, Doing, End, State},
    plan::{Plan, Restart, lingers},
    probe::Told,
};

/// How long it takes from being bound to running, in milliseconds.
const START: std::ops::Range<u64> = 150..650;
/// What starts and ends are rounded up to. Many pods then change at once, and who follows them writes once, not a
/// hundred times: Endpoints of 100 pods are long.
const TICK: Duration = Duration::from_millis(50);
/// How long it takes from the first exit to the restart, and from being told to end to the end, in milliseconds.
const END: std::ops::Range<u64> = 100..300;
/// How long a container that exits again waits for its restart, and at most; it doubles.
const BACK_OFF: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(300));
/// Who has run so long waits as little as the first time.
const LONG: Duration = Duration::from_secs(600);
/// How what is told to end by SIGTERM does, and by SIGKILL.
const TERMINATED: i32 = 143;
const KILLED: i32 = 137;

/// How a pod is told to end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ending {
    grace: Duration,
    lingers: bool,
}

impl Ending {
    pub(super) fn of(pod: &Value) -> Ending {
        let grace = pod["metadata"]["deletionGracePeriodSeconds"].as_u64().unwrap_or(30);
        Ending { grace: Duration::from_secs(grace), lingers: lingers(pod) }
    }
}

/// A pod on its node.
#[derive(Debug)]
pub(super) struct Life {
    world: World,
    plan: Plan,
    node: String,
    address: Ipv4Addr,
    condition: Condition,
}

impl Life {
    pub(super) fn new(world: World, plan: Plan, node: &str, host: String, address: Ipv4Addr) -> Self {
        let condition = Condition::new(host, world.store.clock().now(), plan.containers.len());
        Life { world, plan, node: node.into(), address, condition }
    }

    /// Writes that it is bound to its node; whether it still is there to be.
    pub(super) fn bind(&self) -> bool {
        let status = self.condition.clone().status(&self.plan, &self.condition.began);
        let node = self.node.clone();
        let bound = self.write(|pod| {
            pod["spec"]["nodeName"] = json!(node);
            pod["status"] = json!(status);
        });
        if bound {
            let message = format!("Successfully assigned {}/{} to {node}", self.plan.namespace, self.plan.name);
            let teller = Teller::controller("default-scheduler");
            self.world.events.tell(self.plan.reference(None), Tone::Normal, "Scheduled", &message, teller);
        }
        bound
    }

    /// Lives until it is told to end, and ends then.
    pub(super) async fn live(mut self, ending: oneshot::Receiver<Ending>) {
        let mut running = None;
        let ending = tokio::select! {
            biased;
            ending = ending => ending,
            () = self.run(&mut running) => return,
        };
        // Without a word from its owner, its owner is gone, and so is this.
        let Ok(ending) = ending else { return };
        self.end(ending, running).await;
    }

    async fn run(&mut self, running: &mut Option<Running>) {
        self.wait(START).await;
        self.condition.address = Some(self.address.to_string());
        self.lack();
        let Some((program, first)) = self.plan.program() else {
            self.tell_status();
            return std::future::pending().await;
        };
        let mut failures = 0;
        loop {
            let started = Instant::now();
            let container = &self.plan.containers[first];
            let surroundings =
                Surroundings { address: Some(self.address), environment: container.environment(self.address) };
            let pod = (self.plan.uid.as_str(), self.plan.namespace.as_str(), self.plan.name.as_str());
            *running = Some(self.world.network.start_in(surroundings, pod, &container.image, program.clone()));
            self.start();
            let code = self.watch(running).await;
            *running = None;
            self.exit(first, code);
            if self.is_over(code) {
                self.world.network.end_pod(&self.plan.uid);
                return std::future::pending().await;
            }
            failures = if started.elapsed() >= self.world.pace.of(LONG) { 1 } else { failures + 1 };
            self.back_off(first, failures).await;
            self.condition.doing[first].restarts += 1;
        }
    }

    /// Containers whose image has no program are never started.
    fn lack(&mut self) {
        for (container, doing) in self.plan.containers.iter().zip(&mut self.condition.doing) {
            if container.program.is_none() {
                let image = &container.image;
                let message = format!(
                    "Container image \"{image}\" is not present with pull policy of Never: the demo cluster has no such image"
                );
                self.world.events.tell(
                    self.plan.reference(Some(container)),
                    Tone::Warning,
                    "ErrImageNeverPull",
                    &message,
                    Teller { component: "kubelet", host: Some(&self.node) },
                );
                doing.state = State::Waiting { reason: "ErrImageNeverPull", message: Some(message) };
            }
        }
    }

    /// All that have a program run now; those that are not asked are ready.
    fn start(&mut self) {
        let now = self.now();
        for (container, doing) in self.plan.containers.iter().zip(&mut self.condition.doing) {
            if container.program.is_some() {
                doing.state = State::Running { since: now.clone() };
                doing.ready = container.readiness.is_none();
            }
        }
        self.tell_status();
        for (at, container) in self.plan.containers.iter().enumerate().filter(|(_, c)| c.program.is_some()) {
            let image = format!("Container image \"{}\" already present on machine", container.image);
            self.tell(at, Tone::Normal, "Pulled", &image);
            self.tell(at, Tone::Normal, "Created", &format!("Created container: {}", container.name));
            self.tell(at, Tone::Normal, "Started", &format!("Started container {}", container.name));
        }
    }

    /// Follows the probes until the program exits; with which code.
    async fn watch(&mut self, running: &mut Option<Running>) -> i32 {
        let Some(running) = running else { return 0 };
        let (tell, mut told) = mpsc::unbounded_channel();
        let (network, pace, uid) = (self.world.network.clone(), self.world.pace, self.plan.uid.clone());
        let probes: Vec<_> = self
            .plan
            .containers
            .iter()
            .enumerate()
            .filter(|(_, c)| c.program.is_some())
            .filter_map(|(at, container)| Some((at, container.readiness.clone()?)))
            .collect();
        let probing = async {
            let all = probes.iter().map(|(at, probing)| {
                let tell = tell.clone();
                // This is read as long as this runs.
                probing.run(&network, &uid, pace, move |news| drop(tell.send((*at, news))))
            });
            join_all(all).await;
            std::future::pending::<()>().await;
        };
        let mut probing = std::pin::pin!(probing);
        loop {
            tokio::select! {
                biased;
                code = running.exited() => return code,
                Some((at, news)) = told.recv() => self.heed(at, news),
                () = &mut probing => {}
            }
        }
    }

    fn heed(&mut self, at: usize, news: Told) {
        match news {
            Told::Ready(ready) => {
                self.condition.doing[at].ready = ready;
                self.tell_status();
            }
            Told::Failed(message) => {
                self.tell(at, Tone::Warning, "Unhealthy", &format!("Readiness probe failed: {message}"));
            }
        }
    }

    /// The program has exited: the first container has ended, and none is ready.
    fn exit(&mut self, first: usize, code: i32) {
        let at = self.now();
        let over = self.is_over(code);
        for (place, doing) in self.condition.doing.iter_mut().enumerate() {
            doing.ready = false;
            if let State::Running { since } = &doing.state
                && (place == first || over)
            {
                let end = End { code, since: Some(since.clone()), at: at.clone(), run: doing.restarts };
                doing.last = if over { doing.last.take() } else { Some(end.clone()) };
                doing.state = State::Ended(end);
            }
        }
        self.tell_status();
    }

    fn is_over(&self, code: i32) -> bool {
        match self.plan.restart {
            Restart::Always => false,
            Restart::OnFailure => code == 0,
            Restart::Never => true,
        }
    }

    async fn back_off(&mut self, first: usize, failures: u32) {
        if failures <= 1 {
            return self.wait(END).await;
        }
        let wait = (BACK_OFF.0 * 2_u32.saturating_pow((failures - 2).min(10))).min(BACK_OFF.1);
        let container = &self.plan.containers[first].name;
        let message = format!(
            "back-off {}s restarting failed container={container} pod={}_{}({})",
            wait.as_secs(),
            self.plan.name,
            self.plan.namespace,
            self.plan.uid
        );
        let told = format!("Back-off restarting failed container {container} in pod {}", self.plan.name);
        self.tell(first, Tone::Warning, "BackOff", &told);
        self.condition.doing[first].state = State::Waiting { reason: "CrashLoopBackOff", message: Some(message) };
        self.tell_status();
        sleep(self.world.pace.of(wait)).await;
    }

    /// It is told to end: what runs does so a moment later, and the pod is gone.
    async fn end(&mut self, ending: Ending, running: Option<Running>) {
        for at in 0..self.plan.containers.len() {
            if matches!(self.condition.doing[at].state, State::Running { .. }) {
                let message = format!("Stopping container {}", self.plan.containers[at].name);
                self.tell(at, Tone::Normal, "Killing", &message);
            }
        }
        let code = if ending.lingers {
            sleep(self.world.pace.of(ending.grace)).await;
            KILLED
        } else if let Some(running) = &running {
            let moment = self.moment(END).max(self.world.pace.of(running.serves_on()));
            // Who is given less time than that is killed.
            sleep(moment.min(ending.grace)).await;
            TERMINATED
        } else {
            TERMINATED
        };
        self.world.network.end_pod(&self.plan.uid);
        drop(running);
        let at = self.now();
        self.condition.ending = true;
        for doing in &mut self.condition.doing {
            end_one(doing, code, &at);
        }
        self.tell_status();
        // Somebody else may have removed it.
        let Plan { namespace, name, uid, .. } = &self.plan;
        let _ = self.world.store.remove(kind_of::<Pod>(), namespace, name, Some(uid));
    }

    // ------------------------------------------------------------ small things

    fn now(&self) -> Time {
        self.world.store.clock().now()
    }

    async fn wait(&self, moment: std::ops::Range<u64>) {
        sleep(self.moment(moment)).await;
    }

    /// Some time out of that many milliseconds, until a full tick.
    fn moment(&self, of: std::ops::Range<u64>) -> Duration {
        let time = self.world.pace.of(Duration::from_millis(fastrand::u64(of)));
        if time.is_zero() {
            return time;
        }
        let since = (self.world.began.elapsed() + time).as_millis();
        let late = since % TICK.as_millis();
        let more = if late == 0 { 0 } else { TICK.as_millis() - late };
        time + Duration::from_millis(u64::try_from(more).unwrap_or(0))
    }

    fn tell(&self, at: usize, tone: Tone, reason: &str, message: &str) {
        let teller = Teller { component: "kubelet", host: Some(&self.node) };
        let about = self.plan.reference(self.plan.containers.get(at));
        self.world.events.tell(about, tone, reason, message, teller);
    }

    fn tell_status(&mut self) {
        let status = self.condition.status(&self.plan, &self.now());
        self.write(|pod| pod["status"] = json!(status));
    }

    /// Changes the pod as it is stored; whether it is there, and no other of its name.
    fn write(&self, change: impl FnOnce(&mut Value)) -> bool {
        let written = self.world.store.modify(kind_of::<Pod>(), &self.plan.namespace, &self.plan.name, |pod| {
            if pod["metadata"]["uid"] != self.plan.uid.as_str() {
                return Err(Refused::Conflict("another pod has its name".into()));
            }
            change(pod);
            Ok(())
        });
        written.is_ok()
    }
}

fn end_one(doing: &mut Doing, code: i32, at: &Time) {
    doing.ready = false;
    if let State::Running { since } = &doing.state {
        let end = End { code, since: Some(since.clone()), at: at.clone(), run: doing.restarts };
        doing.state = State::Ended(end);
    }
}
