//! The connector: which wire, which upgrade, and one connection over it.

use std::{fmt, sync::Arc};

use futures::{FutureExt, future::BoxFuture};
use kube::Client;
use tokio::sync::Notify;

use crate::{
    Connection, Connector, Failure, Kind, PodPort, Warmth,
    half_close::half_close,
    ladder::{Ladder, more_telling},
    pool::{Dial, Pool, Taken},
    spdy::{self, Mux, Stream},
    upgrade::{self, Refusal, Wire},
    websocket,
};

/// Connects through one cluster's API server.
#[derive(Debug)]
pub struct PortForward {
    way: Arc<Way>,
    pool: Pool,
}

/// How upgrades are made.
struct Way {
    client: Client,
    ladder: Ladder,
}

impl PortForward {
    /// A connector that uses `client`'s cluster and identity, and only the wire `forced`, if any.
    pub fn new(client: Client, forced: Option<Wire>) -> Arc<Self> {
        let way = Arc::new(Way { client, ladder: Ladder::new(forced) });
        Arc::new(PortForward { pool: Pool::new(way.clone()), way })
    }

    async fn open(&self, to: &PodPort, first: &[u8]) -> Result<Connection, Failure> {
        // Decided once: what is known of the cluster may change while the first is tried.
        let shares = self.way.is_hopeful(to);
        let refusal = match self.attempt(shares, to, first).await {
            Ok(connection) => return Ok(connection),
            Err(Refusal::Any(failure)) => return Err(failure),
            Err(refusal) => refusal,
        };
        let second = self.attempt(!shares, to, first).await;
        second.map_err(|second| more_telling(Some(refusal), second).failure())
    }

    async fn attempt(&self, shares: bool, to: &PodPort, first: &[u8]) -> Result<Connection, Refusal> {
        if shares { self.shared(to, first).await } else { self.way.own(to, first).await }
    }

    /// A connection on an upgrade that carries many.
    async fn shared(&self, to: &PodPort, first: &[u8]) -> Result<Connection, Refusal> {
        loop {
            let taken = self.pool.take(to).await?;
            // One that has ended since it was taken has been sent nothing.
            let Ok(pair) = taken.mux().open(to.port, first) else { continue };
            let share = Share { taken: Some(taken), data: pair.data.clone() };
            let (from_pod, to_pod) = half_close(pair.data.reader(), pair.data.writer(), move || share.done());
            return Ok(Connection::new(from_pod, to_pod, ending(pair)));
        }
    }
}

impl Connector for PortForward {
    fn connect<'a>(&'a self, to: &'a PodPort, first: &'a [u8]) -> BoxFuture<'a, Result<Connection, Failure>> {
        self.open(to, first).boxed()
    }

    fn warm(&self, to: &PodPort) -> Warmth {
        let warm = self.pool.warm(to);
        Warmth::new(warm.proof(), warm)
    }

    fn retry_now(&self) {
        self.pool.retry_now();
    }

    fn renew(&self) {
        self.pool.renew();
    }
}

impl Way {
    /// A connection on a WebSocket of its own.
    async fn own(&self, to: &PodPort, first: &[u8]) -> Result<Connection, Refusal> {
        let attempt = |wire, patience| upgrade::web_socket(&self.client, wire, to, patience).boxed();
        let messages = self.ladder.climb(&to.namespace, |wire| wire == Wire::WebSocket, attempt).await?;
        websocket::connection(messages, first).await.map_err(Refusal::Any)
    }
}

impl Dial for Way {
    fn dial<'a>(&'a self, to: &'a PodPort, changed: Arc<Notify>) -> BoxFuture<'a, Result<Mux, Refusal>> {
        let attempt = |wire, patience| upgrade::spdy(&self.client, wire, to, patience).boxed();
        let climbing = self.ladder.climb(&to.namespace, |wire| wire != Wire::WebSocket, attempt);
        async { Ok(Mux::client(climbing.await?, changed)) }.boxed()
    }

    fn is_hopeful(&self, to: &PodPort) -> bool {
        self.ladder.known(&to.namespace) != Some(Wire::WebSocket)
    }
}

impl fmt::Debug for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Way").field("ladder", &self.ladder).finish_non_exhaustive()
    }
}

/// A connection's share in an upgrade, until its client is done or it ends.
struct Share {
    taken: Option<Taken>,
    data: Stream,
}

impl Share {
    fn done(mut self) {
        if let Some(taken) = self.taken.take() {
            taken.well();
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        // Where the pod has ended, nothing more comes. Else what is on its way would come in the next one's way.
        if let Some(taken) = self.taken.take()
            && self.data.end().is_some()
        {
            // Nobody reads there any more: what it had yet to read may keep the server's worker for ever.
            taken.mux().doubt();
            taken.well();
        }
    }
}

/// How a connection ended whose data stream has.
async fn ending(pair: spdy::Pair) -> Result<(), Failure> {
    let said = pair.error.last_words().await;
    match (said, pair.data.end()) {
        (Ok(text), _) if !text.trim().is_empty() => Err(Failure::from_error_stream(&text)),
        (Err(error), _) => Err(Failure { kind: Kind::Broken, text: error.to_string() }),
        (Ok(_), Some(Err(spdy::Error::Ended))) => {
            Err(Failure { kind: Kind::Broken, text: "the connection was reset, and nobody said why".into() })
        }
        (Ok(_), Some(Err(error))) => Err(Failure { kind: Kind::Broken, text: error.to_string() }),
        (Ok(_), Some(Ok(())) | None) => Ok(()),
    }
}

#[cfg(test)]
mod tests;
