//! The bare client: SPDY/3.1 straight to the API server, with no local listener between. What it reaches is what the machine
//! and the servers allow, and so the limit for whoever puts a listener in front of it.
//!
//! It shares no code with Portolan's wire, or both could be wrong in the same way. It is blocking and single-threaded per
//! upgrade, each worker has an upgrade for itself, and its connections follow one another as pairs of streams.
//! [`frame`] is what SPDY looks like, [`upgrade`] how it is got and spoken.

mod frame;
mod upgrade;

use std::{
    io,
    net::{SocketAddr, ToSocketAddrs},
    sync::Arc,
};

use kube::client::ConfigExt;
use portolan_tests::Result;
use rustls::{ClientConfig, pki_types::ServerName};

use self::upgrade::Upgrade;
use crate::line::{Carrier, Line};

/// Where the pod is, and what it takes to get there.
#[derive(Clone, Debug)]
pub(crate) struct Bare {
    address: SocketAddr,
    name: ServerName<'static>,
    tls: Arc<ClientConfig>,
    request: String,
}

impl Bare {
    /// The client for one pod.
    ///
    /// # Errors
    /// When the configuration names no server that TLS can be spoken with.
    pub(crate) fn new(config: &kube::Config, namespace: &str, pod: &str) -> Result<Bare> {
        let url = &config.cluster_url;
        let host = url.host().ok_or("the kubeconfig's server has no host")?.trim_matches(['[', ']']);
        let port = url.port_u16().unwrap_or(443);
        let name = config.tls_server_name.as_deref().unwrap_or(host).to_owned();
        let prefix = url.path().trim_end_matches('/');
        Ok(Bare {
            address: address(host, port)?,
            name: ServerName::try_from(name)?,
            tls: Arc::new(config.rustls_client_config()?),
            request: format!(
                "POST {prefix}/api/v1/namespaces/{namespace}/pods/{pod}/portforward HTTP/1.1\r\nHost: {host}:{port}\r\n\
                 Connection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: portforward.k8s.io\r\n\
                 Content-Length: 0\r\n\r\n"
            ),
        })
    }

    /// The same client, through what is started towards the API server's address and says where it listens.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(crate) fn through(&self, start: impl FnOnce(SocketAddr) -> io::Result<SocketAddr>) -> io::Result<Bare> {
        Ok(Bare { address: start(self.address)?, ..self.clone() })
    }
}

impl Carrier for Bare {
    fn line(&self) -> io::Result<Box<dyn Line>> {
        Ok(Box::new(Upgrade::dial(self)?))
    }
}

/// The first address of a host.
pub(crate) fn address(host: &str, port: u16) -> Result<SocketAddr> {
    let found =
        (host, port).to_socket_addrs().map_err(|error| format!("cannot find the API server {host}: {error}"))?;
    Ok(found.into_iter().next().ok_or_else(|| format!("the API server {host} has no address"))?)
}
