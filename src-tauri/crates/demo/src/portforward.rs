//! The way into a pod, on the three wires, as the real servers go it.
//!
//! [`crate::server`] has found the pod and checked the user's rights; then [`answer`] looks at what the client wants to
//! speak and serves that, until one side ends it. The map:
//! - `handshake` is that look, with the API server's and the kubelet's answers to what they do not serve.
//! - `spdy` serves many connections over one upgrade, by SPDY/3.1, which may be inside a WebSocket; `workers` are the
//!   queues that all frames pass there, and `session` is what they do.
//! - `websocket` serves the ports that the request named, one connection to each.
//! - `carry` is one connection to a port in the pod, whatever the wire; `texts` are containerd's words where it fails.
//!
//! Nothing here ever helps a client: what real servers do badly ([`Quirks`]) is done as badly.

mod carry;
mod handshake;
mod session;
mod spdy;
mod texts;
mod websocket;
mod workers;

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use portolan_wire::{Io, tunnel};
use tokio::task::JoinSet;
use tokio_tungstenite::{WebSocketStream, tungstenite::protocol::Role};

use crate::{Faults, Quirks, network::Network};
use carry::Way;
use handshake::Protocol;

/// The pod that a port-forward is to.
#[derive(Clone, Debug)]
pub struct Pod {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its UID: by it the network knows it.
    pub uid: String,
    /// Whether it has a sandbox: from when its node has begun with it until it has ended. Its containers may be down, or not
    /// come up at all: then the upgrade is there, and dials are refused.
    pub running: bool,
}

/// All upgrades of an API server. They end when this is dropped.
#[derive(Debug)]
pub struct Upgrades {
    network: Network,
    faults: Faults,
    quirks: Quirks,
    tasks: Mutex<JoinSet<()>>,
}

impl Upgrades {
    /// None yet.
    pub fn new(network: Network, faults: Faults, quirks: Quirks) -> Self {
        Upgrades { network, faults, quirks, tasks: Mutex::default() }
    }

    /// How many are open.
    pub fn open(&self) -> usize {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.len()
    }

    fn serve(&self, on_upgrade: OnUpgrade, to: &Pod, protocol: Protocol) {
        let way = Arc::new(Way::new(self.network.clone(), to, self.quirks));
        let mut faults = self.faults.watch();
        let before = faults.borrow_and_update().cuts;
        let cut = async move {
            // The faults live as long as the cluster.
            let _ = faults.wait_for(|faulty| faulty.cuts != before).await;
        };
        self.open();
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).spawn(async move {
            // The client may be gone before it was answered.
            let Ok(upgraded) = on_upgrade.await else { return };
            let io = TokioIo::new(upgraded);
            match protocol {
                Protocol::Spdy => spdy::serve(io, way, cut).await,
                Protocol::Tunnel => spdy::serve(tunnel::Tunnel::new(web_socket(io).await), way, cut).await,
                Protocol::WebSocket(ports) => websocket::serve(web_socket(io).await, &ports, way, cut).await,
            }
        });
    }
}

async fn web_socket<S: Io>(io: S) -> WebSocketStream<S> {
    WebSocketStream::from_raw_socket(io, Role::Server, Some(tunnel::config())).await
}

/// Answers a request for a pod's `portforward`; where that is an upgrade, it is served from then on.
pub fn answer<B>(mut request: Request<B>, to: Pod, upgrades: &Upgrades) -> Response<Full<Bytes>> {
    match handshake::agree(request.headers(), request.uri(), request.method(), &to, upgrades.quirks.wires) {
        Ok((protocol, answer)) => {
            upgrades.serve(hyper::upgrade::on(&mut request), &to, protocol);
            answer
        }
        Err(refusal) => *refusal,
    }
}

#[cfg(test)]
mod tests;
