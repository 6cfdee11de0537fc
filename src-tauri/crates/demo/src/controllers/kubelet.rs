//! The scheduler and the nodes' kubelets in one: each pod is bound to a node, and then has a task that is its life.
//!
//! [`life`] is that task, [`plan`] what it needs to know of the pod, [`condition`] what it writes into its status,
//! [`probe`] how readiness is asked for, [`addresses`] which address the pod has. Here is who starts and ends the tasks:
//! it follows the pods of the store, and does little for each, since there may be 10,000.

mod addresses;
mod condition;
mod life;
mod plan;
mod probe;

use std::{
    collections::{HashMap, HashSet},
    net::Ipv4Addr,
};

use k8s_openapi::api::core::v1::{Node, Pod};
use serde_json::{Value, json};
use tokio::{sync::oneshot, time::Instant};

use crate::{
    Store,
    network::{Network, Task},
    store::{Object, kind_of},
};

use super::{
    Pace,
    events::{Events, Teller, Tone},
};
use addresses::Addresses;
use life::{Ending, Life};
use plan::Plan;

/// All nodes' kubelets, and the scheduler.
#[derive(Debug)]
pub(super) struct Kubelet {
    world: World,
    pods: HashMap<String, Held>,
    addresses: Addresses,
    /// How many pods each node has.
    load: HashMap<String, usize>,
    /// Each node's own address.
    hosts: HashMap<String, String>,
}

/// What every pod's life needs of the world around it.
#[derive(Clone, Debug)]
struct World {
    store: Store,
    network: Network,
    events: Events,
    pace: Pace,
    /// Since when it runs.
    began: Instant,
}

/// A pod that has a node.
#[derive(Debug)]
struct Held {
    node: String,
    address: Ipv4Addr,
    /// To tell it once that it is to end.
    end: Option<oneshot::Sender<Ending>>,
    _life: Task,
}

impl Kubelet {
    pub(super) fn new(store: &Store, network: &Network, events: &Events, pace: Pace) -> Self {
        let world = World {
            store: store.clone(),
            network: network.clone(),
            events: events.clone(),
            pace,
            began: Instant::now(),
        };
        Kubelet {
            world,
            pods: HashMap::new(),
            addresses: Addresses::default(),
            load: HashMap::new(),
            hosts: HashMap::new(),
        }
    }

    /// Looks at a pod as it is now.
    fn see(&mut self, pod: &Object) {
        match self.pods.get_mut(&pod.uid) {
            None => self.adopt(pod),
            Some(held) if pod.terminating => {
                if let Some(end) = held.end.take() {
                    // Its life may be over: then there is nobody to tell.
                    let _ = end.send(Ending::of(&pod.value()));
                }
            }
            Some(_) => {}
        }
    }

    /// Gives a pod a node and an address, and begins its life.
    fn adopt(&mut self, pod: &Object) {
        let value = pod.value();
        if matches!(value["status"]["phase"].as_str(), Some("Succeeded" | "Failed")) {
            return;
        }
        let Some(plan) = Plan::of(pod, &value) else { return };
        let preset = value["spec"]["nodeName"].as_str();
        // Another scheduler's, and there is none.
        if preset.is_none() && value["spec"]["schedulerName"].as_str().is_some_and(|name| name != "default-scheduler") {
            return;
        }
        let Some(node) = preset.map(ToOwned::to_owned).or_else(|| self.choose(&value["spec"]["nodeSelector"])) else {
            return self.unschedulable(&plan);
        };
        let Some(host) = self.host(&node) else { return };
        let address = self.addresses.give(&node);
        let (end, ending) = oneshot::channel();
        let life = Life::new(self.world.clone(), plan, &node, host, address);
        if !life.bind() {
            self.addresses.take_back(address);
            return;
        }
        *self.load.entry(node.clone()).or_default() += 1;
        let task = Task::new(tokio::spawn(life.live(ending)));
        let mut held = Held { node, address, end: Some(end), _life: task };
        if pod.terminating
            && let Some(end) = held.end.take()
        {
            let _ = end.send(Ending::of(&value));
        }
        self.pods.insert(pod.uid.clone(), held);
    }

    /// The node with the fewest pods, of those with such labels.
    fn choose(&self, labels: &Value) -> Option<String> {
        let nodes = self.world.store.list(kind_of::<Node>(), None).0;
        let fits = |node: &&std::sync::Arc<Object>| {
            let mut labels = labels.as_object().into_iter().flatten();
            labels.all(|(name, value)| node.labels.get(name).map(String::as_str) == value.as_str())
        };
        let node = nodes.iter().filter(fits).min_by_key(|node| self.load.get(&node.name).copied().unwrap_or(0));
        node.map(|node| node.name.clone())
    }

    /// It is not looked at again: nodes do not come and go here.
    fn unschedulable(&self, plan: &Plan) {
        let message = "0 nodes are available: none has the labels that the pod's nodeSelector asks for.";
        let _ = self.world.store.modify(kind_of::<Pod>(), &plan.namespace, &plan.name, |pod| {
            pod["status"]["conditions"] = json!([{
                "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message,
                "lastTransitionTime": self.world.store.clock().now(),
            }]);
            Ok(())
        });
        let teller = Teller::controller("default-scheduler");
        self.world.events.tell(plan.reference(None), Tone::Warning, "FailedScheduling", message, teller);
    }

    /// A node's own address; `None` if there is no such node.
    fn host(&mut self, node: &str) -> Option<String> {
        if let Some(host) = self.hosts.get(node) {
            return Some(host.clone());
        }
        let addresses = self.world.store.read::<Node>("", node)?.status?.addresses?;
        let host = addresses.into_iter().find(|address| address.type_ == "InternalIP")?.address;
        self.hosts.insert(node.to_owned(), host.clone());
        Some(host)
    }

    /// A pod is gone from the store: what runs of it ends now.
    fn gone(&mut self, uid: &str) {
        let Some(held) = self.pods.remove(uid) else { return };
        self.world.network.end_pod(uid);
        self.addresses.take_back(held.address);
        if let Some(load) = self.load.get_mut(&held.node) {
            *load = load.saturating_sub(1);
        }
    }

    /// Looks at all pods.
    fn see_all(&mut self, pods: &[std::sync::Arc<Object>]) {
        let there: HashSet<&str> = pods.iter().map(|pod| pod.uid.as_str()).collect();
        let gone: Vec<String> = self.pods.keys().filter(|uid| !there.contains(uid.as_str())).cloned().collect();
        gone.iter().for_each(|uid| self.gone(uid));
        pods.iter().for_each(|pod| self.see(pod));
    }
}

/// Runs all pods for ever.
pub(super) async fn run(mut kubelet: Kubelet) {
    let kind = kind_of::<Pod>();
    let store = kubelet.world.store.clone();
    let (pods, version) = store.list(kind, None);
    let mut changes = store.changes(version);
    kubelet.see_all(&pods);
    loop {
        match changes.next().await {
            Ok(told) => {
                for change in told.iter().filter(|change| change.object.kind == kind) {
                    if change.there {
                        kubelet.see(&change.object);
                    } else {
                        kubelet.gone(&change.object.uid);
                    }
                    // Binding 10,000 pods at a stretch would let nobody else run.
                    tokio::task::consume_budget().await;
                }
            }
            Err(_forgotten) => {
                let (pods, version) = store.list(kind, None);
                changes = store.changes(version);
                kubelet.see_all(&pods);
            }
        }
    }
}
