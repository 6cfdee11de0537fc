//! The project's own clients against an API server that has nothing but port-forwards, over loopback.

mod handshake;
mod spdy;
mod stalls;
mod wires;

use std::{convert::Infallible, sync::Arc, time::Duration};

use hyper::{server::conn::http1, service::service_fn};
use kube::{Client, Config};
use portolan_wire::{Connection, Connector, Failure, PodPort, portforward::PortForward, upgrade::Wire};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    time::{Instant, timeout},
};

use super::*;
use crate::{
    network::{Running, Task},
    programs,
};

/// As long as a slow machine takes.
const LIMIT: Duration = Duration::from_secs(20);

const UID: &str = "0e4a9b6c-1d2f-4c3b-8a5e-6f7081920a3b";

/// A pod that runs podserver, and an API server before it.
struct Cluster {
    network: Network,
    faults: Faults,
    upgrades: Arc<Upgrades>,
    running: Option<Running>,
    url: http::Uri,
    _accepting: Task,
}

impl Cluster {
    async fn start(quirks: Quirks) -> Cluster {
        let faults = Faults::none();
        let network = Network::new(faults.clone());
        let upgrades = Arc::new(Upgrades::new(network.clone(), faults.clone(), quirks));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let accepting = Task::new(tokio::spawn(accept(listener, upgrades.clone())));
        let mut cluster = Cluster { network, faults, upgrades, running: None, url, _accepting: accepting };
        cluster.start_container();
        cluster
    }

    fn start_container(&mut self) {
        let program = programs::of_image("podserver").unwrap();
        self.running = Some(self.network.start(UID, "shop", "web-1", "podserver", program));
    }

    fn connector(&self, wire: Wire) -> Arc<PortForward> {
        PortForward::new(Client::try_from(Config::new(self.url.clone())).unwrap(), Some(wire))
    }

    /// Nothing is left of what was carried: the pod's connections end, and the upgrades.
    async fn is_left_alone(&self) {
        timeout(LIMIT, async {
            while self.upgrades.open() > 0 || self.users().await > 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await
        .unwrap_or_else(|_| panic!("{} upgrades are left", self.upgrades.open()));
    }

    /// How many connections the pod has.
    async fn users(&self) -> usize {
        let mut told = String::new();
        self.network.reach(UID, 11).unwrap().read_to_string(&mut told).await.unwrap();
        told.trim().parse().unwrap()
    }
}

async fn accept(listener: TcpListener, upgrades: Arc<Upgrades>) {
    let mut connections = JoinSet::new();
    loop {
        let (io, _) = listener.accept().await.unwrap();
        io.set_nodelay(true).unwrap();
        let upgrades = upgrades.clone();
        let service = service_fn(move |request| {
            let answer = answer(request, pod(), &upgrades);
            async { Ok::<_, Infallible>(answer) }
        });
        connections.spawn(http1::Builder::new().serve_connection(TokioIo::new(io), service).with_upgrades());
    }
}

fn pod() -> Pod {
    Pod { namespace: "shop".into(), name: "web-1".into(), uid: UID.into(), running: true }
}

fn to(port: u16) -> PodPort {
    PodPort { namespace: "shop".into(), pod: "web-1".into(), uid: UID.into(), port }
}

fn no_quirks() -> Quirks {
    Quirks { late_close: None, workers: None, ..Quirks::default() }
}

/// Sends all of `bytes`, ends, and reads to the end; what came, and how it ended.
async fn exchange(connection: Connection, bytes: &[u8]) -> (Vec<u8>, Result<(), Failure>) {
    let (mut from_pod, mut to_pod, ending) = connection.into_parts();
    let mut came = Vec::new();
    let reading = async {
        let read = from_pod.read_to_end(&mut came).await;
        (read.is_ok(), ending.await)
    };
    let writing = async {
        // What the pod does not take is not what is looked at.
        let _ = to_pod.write_all(bytes).await;
        let _ = to_pod.shutdown().await;
    };
    let (_, (_, ended)) = timeout(LIMIT, async { tokio::join!(writing, reading) }).await.unwrap();
    (came, ended)
}

/// An echo that checks every byte.
async fn echoes(connector: &PortForward, length: usize) {
    let sent: Vec<u8> =
        (0..length as u32).flat_map(|n| n.wrapping_mul(0x9e37_79b1).to_be_bytes()).take(length).collect();
    let connection = connector.connect(&to(7), &sent[..length.min(10)]).await.unwrap();
    let (mut from_pod, mut to_pod, _ending) = connection.into_parts();
    let mut came = vec![0; length];
    let both = async { tokio::join!(to_pod.write_all(&sent[length.min(10)..]), from_pod.read_exact(&mut came)) };
    let (written, read) = timeout(LIMIT, both).await.unwrap();
    written.unwrap();
    read.unwrap();
    assert!(came == sent, "{length} bytes came back changed");
}
