//! What keeps the objects as their owners want them, and runs the pods.
//!
//! The map:
//! - `load` puts in what the cluster begins with; then each controller is one task.
//! - `reconcile` is what such a task does: it follows the store and looks again at each object that a change concerns.
//!   Nothing is remembered between two looks but what is in the store, so a look too many does no harm.
//! - Workloads: `deployment` makes ReplicaSets, `replicas` (ReplicaSets and ReplicationControllers), `stateful_set`,
//!   `daemon_set` and `job` make pods.
//! - `kubelet` binds pods to nodes, runs and probes them, and takes them away.
//! - `endpoints` writes which pods stand behind each Service; `node_ports` listens for those that have node ports.
//! - `garbage` removes what has lost its owner, `namespaces` empties those that end.
//! - `events` tells what happened, `views` is what they read of a pod, `ownership` how one object belongs to another.

mod daemon_set;
mod deployment;
mod endpoints;
mod events;
mod garbage;
mod job;
mod kubelet;
mod load;
mod namespaces;
mod node_ports;
mod ownership;
mod reconcile;
mod replicas;
mod stateful_set;
#[cfg(test)]
mod tests;
mod views;

use std::{future::Future, sync::Arc, time::Duration};

use k8s_openapi::api::{apps::v1::ReplicaSet, core::v1::ReplicationController};

use crate::{
    Options, Store,
    network::{Network, Program, Task},
};

pub(crate) use load::{add, load};

use events::Events;
use reconcile::{Reconcile, run};

/// All controllers, running. They end when this is dropped.
#[derive(Debug)]
pub struct Controllers {
    /// Held for their ends.
    _tasks: Vec<Task>,
}

impl Controllers {
    pub(crate) fn start(store: &Store, network: &Network, options: &Options) -> Self {
        let pace = Pace(options.pace);
        let events = Events::new(store);
        let tasks = vec![
            controller(store, garbage::Garbage::new(store)),
            controller(store, namespaces::Namespaces::new(store)),
            controller(store, deployment::Deployments::new(store, &events)),
            controller(store, replicas::Sets::<ReplicaSet>::new(store, &events)),
            controller(store, replicas::Sets::<ReplicationController>::new(store, &events)),
            controller(store, stateful_set::StatefulSets::new(store, &events)),
            controller(store, daemon_set::DaemonSets::new(store, &events)),
            controller(store, job::Jobs::new(store, &events, pace)),
            task(endpoints::run(store.clone())),
            task(kubelet::run(kubelet::Kubelet::new(store, network, &events, pace))),
            task(node_ports::run(store.clone(), network.clone())),
        ];
        Controllers { _tasks: tasks }
    }
}

fn controller(store: &Store, controller: impl Reconcile) -> Task {
    task(run(store.clone(), controller))
}

fn task(work: impl Future<Output = ()> + Send + 'static) -> Task {
    Task::new(tokio::spawn(work))
}

/// How long what takes time takes, to what it takes by default.
#[derive(Clone, Copy, Debug)]
struct Pace(f64);

impl Pace {
    /// What takes so long by default.
    fn of(self, time: Duration) -> Duration {
        // What is no time at all is at once.
        Duration::try_from_secs_f64(time.as_secs_f64() * self.0).unwrap_or_default()
    }
}

/// The program of an image; tests have some of their own.
fn program_of(image: &str) -> Option<Arc<dyn Program>> {
    let known = crate::programs::of_image(image);
    #[cfg(test)]
    let known = known.or_else(|| tests::programs::of_image(image));
    known
}
