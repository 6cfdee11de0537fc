//! Connections by kube's own `Api::portforward`: one WebSocket (`v4.channel.k8s.io`) for each.
//!
//! The pod is dialled at the upgrade, before the answer to it is known, so that a refusal comes on the error channel of
//! a connection that looks open. Half-close does not exist on this wire: ending one direction ends both.

use std::{sync::Arc, time::Duration};

use futures::future::BoxFuture;
use k8s_openapi::api::core::v1::Pod;
use kube::{Api, Client, api::Portforwarder, client::UpgradeConnectionError};

use crate::{Connection, Connector, Failure, Kind, PodPort};

/// The API server has this long to answer an upgrade. Longer than a far cluster through a VPN needs, shorter than the
/// patience of a client that is held meanwhile.
const UPGRADE_TIMEOUT: Duration = Duration::from_secs(10);

/// The upgrade has this long to wind up once both ends are done; then it is dropped, which closes its TCP connection.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// What kube fails with once the pod has ended first and in good order: it tells the server all the same that the client
/// is done, and its WebSocket library refuses to send after the server's close. Its error type is not public.
const AFTER_CLOSE: &str = "Sending after closing is not allowed";

/// Connects through one cluster's API server.
#[derive(Clone)]
pub struct PortForward {
    client: Client,
}

impl PortForward {
    /// A connector that uses `client`'s cluster and identity.
    pub fn new(client: Client) -> Arc<Self> {
        Arc::new(PortForward { client })
    }

    async fn open(&self, to: &PodPort) -> Result<Connection, Failure> {
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), &to.namespace);
        let ports = [to.port];
        let opening = tokio::time::timeout(UPGRADE_TIMEOUT, pods.portforward(&to.pod, &ports));
        let forwarder = match opening.await {
            Ok(Ok(forwarder)) => forwarder,
            Ok(Err(error)) => return Err(refusal(&error)),
            Err(_) => {
                let text = format!("no answer to the port-forward request within {} s", UPGRADE_TIMEOUT.as_secs());
                return Err(Failure { kind: Kind::Unreachable, text });
            }
        };
        let mut forwarder = AbortOnDrop(Some(forwarder));
        let Some((io, said)) = forwarder.take(to.port) else {
            return Err(Failure { kind: Kind::Broken, text: format!("kube gave no stream for port {}", to.port) });
        };
        Ok(Connection::new(io, async move {
            match tokio::time::timeout(CLOSE_TIMEOUT, said).await {
                // The error channel's text says more than the broken stream that it comes with.
                Ok(Some(text)) => Err(Failure::from_error_stream(&text)),
                // The channel is dropped when the forwarder's task ends: its result is there.
                Ok(None) => forwarder.join().await,
                // The server does not close its side. Both ends are done all the same.
                Err(_) => Ok(()),
            }
        }))
    }
}

impl std::fmt::Debug for PortForward {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PortForward")
    }
}

impl Connector for PortForward {
    fn connect<'a>(&'a self, to: &'a PodPort) -> BoxFuture<'a, Result<Connection, Failure>> {
        Box::pin(self.open(to))
    }
}

/// kube's forwarder detaches its task when it is dropped; this one ends it.
struct AbortOnDrop(Option<Portforwarder>);

type Said = BoxFuture<'static, Option<String>>;

impl AbortOnDrop {
    fn take(&mut self, port: u16) -> Option<(tokio::io::DuplexStream, Said)> {
        let forwarder = self.0.as_mut()?;
        let io = forwarder.take_stream(port)?;
        let said = forwarder.take_error(port)?;
        Some((io, Box::pin(said)))
    }

    /// How the task ended; only to be called once it has, as it cannot be ended any more from here on.
    async fn join(mut self) -> Result<(), Failure> {
        let Some(forwarder) = self.0.take() else { return Ok(()) };
        match forwarder.join().await.map_err(|error| error.to_string()) {
            Err(text) if !text.contains(AFTER_CLOSE) => Err(Failure { kind: Kind::Broken, text }),
            _ => Ok(()),
        }
    }
}

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        if let Some(forwarder) = &self.0 {
            forwarder.abort();
        }
    }
}

fn refusal(error: &kube::Error) -> Failure {
    match error {
        kube::Error::UpgradeConnection(UpgradeConnectionError::ProtocolSwitch(status)) => Failure::from_status(
            status.as_u16(),
            format!("the API server answered {status} to the port-forward request"),
        ),
        kube::Error::Api(status) => Failure::from_status(status.code, status.message.clone()),
        other => Failure { kind: Kind::Unreachable, text: other.to_string() },
    }
}
