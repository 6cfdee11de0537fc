//! A small Kubernetes in one process: for people who want to try, for tests, and to be broken on purpose.
//!
//! The map:
//! - [`Demo`] is the whole of it, running. It ends when it is dropped.
//! - [`store`] remembers objects ([`kind`] lists their kinds) and what happens to them; [`clock`] is its time.
//! - [`server`] is the API server: HTTP over the store, with users and their rights.
//! - [`controllers`] keep the objects as their owners want them, and run the pods.
//! - [`network`] connects to what runs in pods, over [`socket`]s; [`programs`] are what runs there.
//! - [`portforward`] is the way into a pod, on the three wires, with the real servers' quirks.
//! - [`faults`] break all of this.
//!
//! Where it differs from a real Kubernetes in what Portolan relies on, it is wrong.

pub mod clock;
pub mod controllers;
pub mod faults;
pub mod kind;
pub mod network;
pub mod portforward;
pub mod programs;
pub mod server;
pub mod socket;
pub mod store;

use std::{io, path::Path, time::Duration};

pub use faults::{Dials, Fault, Faults, Faulty};
pub use portolan_wire::upgrade::Wire;
pub use store::Store;

use crate::{clock::Clock, controllers::Controllers, network::Network, server::Server};

/// What the cluster has in it, and how it behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// The objects that it begins with, as YAML documents.
    pub manifests: Vec<String>,
    /// How many nodes it has: the node ports of the first answer, those of the second do not. Two at the most.
    pub nodes: usize,
    /// So many pods more, to see how it is with many.
    pub pods: usize,
    /// The real servers' quirks.
    pub quirks: Quirks,
    /// How long what takes time takes, to what it takes by default: 0 is at once.
    pub pace: f64,
}

impl Default for Options {
    /// The shop, at its usual pace, with all quirks.
    fn default() -> Self {
        Options { manifests: vec![SHOP.into()], nodes: 2, pods: 0, quirks: Quirks::default(), pace: 1.0 }
    }
}

/// What real servers do badly in port-forwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quirks {
    /// So long after either direction of a pod's connection has ended, both are: there is no half-close. And so late a
    /// client learns that its pod has closed.
    pub late_close: Option<Duration>,
    /// What is sent to pods passes as many queues, of 50 frames each, by stream id: who does not read holds up all that
    /// share its queue.
    pub workers: Option<u32>,
    /// The wires that the server has: old ones lack the tunnel.
    pub wires: &'static [Wire],
}

impl Default for Quirks {
    /// All of them, as containerd has them.
    fn default() -> Self {
        Quirks { late_close: Some(Duration::from_secs(1)), workers: Some(5), wires: &Wire::ALL }
    }
}

/// Where the shop is, and where its kubeconfig's context looks.
pub const NAMESPACE: &str = "shop";

/// The shop: see its file.
pub const SHOP: &str = include_str!("../manifests/shop.yaml");

/// Why the cluster does not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot listen, or write its kubeconfig.
    #[error("cannot {0}: {1}")]
    Io(&'static str, #[source] io::Error),
    /// It cannot begin with these objects.
    #[error("cannot use the manifest: {0}")]
    Manifest(String),
}

/// The cluster. It ends, with all its tasks and connections, when it is dropped.
#[derive(Debug)]
pub struct Demo {
    store: Store,
    faults: Faults,
    network: Network,
    server: Server,
    _controllers: Controllers,
}

impl Demo {
    /// Starts it: when this returns its API server answers, and its pods come up one by one.
    ///
    /// # Errors
    /// When it cannot listen on 127.0.0.1, or a manifest is none.
    pub async fn start(options: Options) -> Result<Demo, Error> {
        let clock = Clock::start();
        let (store, faults) = (Store::new(clock), Faults::none());
        let network = Network::new(faults.clone());
        let server = Server::start(&store, &network, &faults, &options).await?;
        controllers::load(&store, &options)?;
        let controllers = Controllers::start(&store, &network, &options);
        Ok(Demo { store, faults, network, server, _controllers: controllers })
    }

    /// What the API server remembers. Changing it is as changing it through the API.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Adds a manifest's objects.
    ///
    /// # Errors
    /// When it is no YAML, or has an object in it that is there already or that the demo cluster cannot have.
    pub fn add(&self, manifest: &str) -> Result<(), Error> {
        controllers::add(&self.store, manifest)
    }

    /// What it does badly.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// What runs in its pods.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Its API server: URL, users, tokens.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// The administrator's kubeconfig, which is there as long as the cluster is.
    pub fn kubeconfig(&self) -> &Path {
        self.server.kubeconfig()
    }
}
