//! One connection to the API server: TCP, a proxy where there is one, TLS; all of it in `CONNECT_TIMEOUT`.
//!
//! TLS to the API server is as kube has it (its CA, client certificate and server name), and offers no ALPN: HTTP/1.1 is
//! what upgrades need.
//!
//! TLS to an `https` proxy trusts the system's roots and shows no certificate. (kube and kubectl use the cluster's TLS
//! settings for both: there, the proxy must have a certificate from the cluster's own CA, is shown the user's client
//! certificate, and goes unverified if the cluster does. A proxy is not the cluster, and it is told a password.)
//!
//! What fails at a proxy names the proxy. Its words stand in one error without a source, as it is the innermost one that
//! is shown.

#[cfg(test)]
pub(in crate::client) mod fakes;
#[cfg(test)]
mod tests;

use std::{
    error::Error,
    io,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures::{FutureExt, future::BoxFuture};
use http::Uri;
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::{
    client::legacy::connect::{
        HttpConnector,
        proxy::{SocksV5, Tunnel},
    },
    rt::TokioIo,
};
use kube::client::{ConfigExt, RustlsTlsError};
use rustls::{
    ClientConfig,
    client::Resumption,
    pki_types::{InvalidDnsNameError, ServerName},
};
use tokio::{net::TcpStream, time::error::Elapsed};
use tower::{BoxError, Service, ServiceExt, service_fn};

use super::{
    credentials::Shown,
    proxy::{Kind, Proxy, with_port},
    secured::Secured,
};
use crate::tls::Tls;

/// TCP, proxy and TLS together have this long. It lets two lost SYNs be repeated, after 1 and 3 s, and a client whose
/// connection is held meanwhile does not wait for the third. The addresses of one name share it.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(4);

/// A connection that is silent for this long is asked whether it still stands. A watch can be quiet for minutes, and a
/// network that goes away, as in sleep or with a VPN, says nothing.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(10);
/// It is asked again after this long,
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);
/// this many times in all: a dead one is known after 25 s. (Windows has its own count: 10.)
const KEEPALIVE_PROBES: u32 = 3;

/// What TLS to the API server runs over: TCP to it or to a proxy in clear, or TLS to a proxy.
pub(super) type Transport = MaybeHttpsStream<TokioIo<TcpStream>>;

/// Why there is no connection, where a proxy is to blame.
#[derive(Debug, thiserror::Error)]
enum ThroughProxy {
    #[error("the proxy {0} cannot be reached: {1}")]
    Unreachable(String, String),
    #[error("the proxy {0} does not connect to {1}: {2}")]
    Refused(String, String, String),
}

/// Connects to one API server, through a proxy where there is one. Its clones share their TLS sessions.
#[derive(Clone)]
pub(super) struct Connector {
    dialer: Dialer,
    tls: Arc<ClientConfig>,
    /// The name in the server's certificate, where that is not its URL's.
    name: Option<ServerName<'static>>,
}

impl Connector {
    /// To the API server that `config` names. Without a client certificate of its own it shows what `shown` has when the
    /// connection is made.
    ///
    /// # Errors
    /// When certificates or keys cannot be used.
    pub(super) fn new(config: &kube::Config, proxy: Option<Proxy>, shown: &Arc<Shown>) -> kube::Result<Self> {
        let mut tls = config.rustls_client_config()?;
        if !tls.client_auth_cert_resolver.has_certs() {
            tls.client_auth_cert_resolver = shown.clone();
        }
        let name = config.tls_server_name.clone().map(ServerName::try_from).transpose();
        let name = name.map_err(|invalid| kube::Error::RustlsTls(RustlsTlsError::InvalidServerName(invalid)))?;
        Ok(Connector { dialer: Dialer::new(proxy)?, tls: Arc::new(tls), name })
    }

    /// The same, without the TLS sessions that there have been.
    pub(super) fn anew(&self) -> Self {
        let mut tls = ClientConfig::clone(&self.tls);
        tls.resumption = Resumption::default();
        Connector { tls: Arc::new(tls), ..self.clone() }
    }
}

impl Service<Uri> for Connector {
    type Response = Secured;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Secured, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, server: Uri) -> Self::Future {
        let Connector { dialer, tls, name } = self.clone();
        let too_late = dialer.too_late();
        tokio::time::timeout(CONNECT_TIMEOUT, connect(dialer, tls, name, server))
            .map(move |done| match done {
                Ok(Err(error)) if !is_timeout(&*error) => Err(error),
                Ok(Ok(stream)) => Ok(stream),
                Ok(Err(_)) | Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, too_late).into()),
            })
            .boxed()
    }
}

/// Connects to `server`. `name` is the one in its certificate, where that is not its URL's.
async fn connect(
    dialer: Dialer,
    tls: Arc<ClientConfig>,
    name: Option<ServerName<'static>>,
    server: Uri,
) -> Result<Secured, BoxError> {
    match server.scheme_str() {
        Some("http") => return Ok(Secured::Clear(Box::new(dialer.dial(server).await?))),
        Some("https") => {}
        other => return Err(io::Error::other(format!("unsupported scheme {}", other.unwrap_or_default())).into()),
    }
    let name = name.map_or_else(|| named_by(&server), Ok)?;
    Ok(Secured::Tls(Box::new(Tls::connect(dialer.dial(server).await?, tls, name).await?)))
}

/// The name that a server's certificate is for. An IPv6 address has brackets in a URL only.
fn named_by(server: &Uri) -> Result<ServerName<'static>, InvalidDnsNameError> {
    let host = server.host().unwrap_or_default();
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    ServerName::try_from(host.to_owned())
}

/// Dials the API server, or a proxy that does.
#[derive(Clone)]
pub(super) struct Dialer {
    tcp: HttpConnector,
    proxy: Option<(Proxy, Option<HttpsConnector<HttpConnector>>)>,
}

impl Dialer {
    pub(super) fn new(proxy: Option<Proxy>) -> kube::Result<Self> {
        let with_tls = |proxy: Proxy| {
            // An empty configuration: the system's roots, no client certificate.
            let tls = || kube::Config::new(proxy.uri.clone()).rustls_https_connector_with_connector(tcp());
            let tls = (proxy.kind == Kind::Https).then(tls).transpose()?;
            Ok::<_, kube::Error>((proxy, tls))
        };
        Ok(Dialer { tcp: tcp(), proxy: proxy.map(with_tls).transpose()? })
    }

    pub(super) async fn dial(self, server: Uri) -> Result<Transport, BoxError> {
        let server = with_port(&server).ok_or_else(|| io::Error::other("the server's URL has no host"))?;
        match self.proxy {
            None => Ok(MaybeHttpsStream::Http(self.tcp.oneshot(server).await?)),
            Some((proxy, tls)) => through(&proxy, reach(self.tcp, tls, &proxy).await?, server).await,
        }
    }

    fn too_late(&self) -> String {
        let through = self.proxy.as_ref().map(|(proxy, _)| format!(" through the proxy {}", proxy.address()));
        format!("no connection within {} s{}", CONNECT_TIMEOUT.as_secs(), through.unwrap_or_default())
    }
}

/// Connects to the proxy itself.
async fn reach(
    tcp: HttpConnector,
    tls: Option<HttpsConnector<HttpConnector>>,
    proxy: &Proxy,
) -> Result<MaybeHttpsStream<TokioIo<TcpStream>>, BoxError> {
    let reached = match tls {
        Some(tls) => tls.oneshot(proxy.uri.clone()).await,
        None => tcp.oneshot(proxy.uri.clone()).await.map(MaybeHttpsStream::Http).map_err(BoxError::from),
    };
    reached.map_err(|error| match is_timeout(&*error) {
        true => error,
        false => ThroughProxy::Unreachable(proxy.address().to_owned(), innermost(&*error)).into(),
    })
}

/// Has the proxy connect to `server`. It is reached beforehand, as hyper-util's errors do not tell why it was not.
async fn through<T>(proxy: &Proxy, stream: T, server: Uri) -> Result<T, BoxError>
where
    T: hyper::rt::Read + hyper::rt::Write + Send + Unpin + 'static,
{
    let mut stream = Some(stream);
    let reached = service_fn(move |_: Uri| {
        std::future::ready(stream.take().ok_or_else(|| io::Error::other("a stream is dialled through once")))
    });
    let refused = |error: BoxError| {
        let server = server.authority().map(ToString::to_string).unwrap_or_default();
        ThroughProxy::Refused(proxy.address().to_owned(), server, innermost(&*error)).into()
    };
    if proxy.kind == Kind::Socks {
        let mut socks = SocksV5::new(proxy.uri.clone(), reached);
        if let Some((user, password)) = proxy.login.raw_auth() {
            socks = socks.with_auth(user.to_owned(), password.to_owned());
        }
        socks.oneshot(server.clone()).await.map_err(|error| refused(error.into()))
    } else {
        let mut tunnel = Tunnel::new(proxy.uri.clone(), reached);
        if let Some(login) = proxy.login.basic_auth() {
            tunnel = tunnel.with_auth(login.clone());
        }
        tunnel.oneshot(server.clone()).await.map_err(|error| refused(error.into()))
    }
}

/// TCP as every connection here has it. An unread peer's window may stay closed for as long as it likes: there is no
/// `TCP_USER_TIMEOUT`, which would end such a connection.
fn tcp() -> HttpConnector {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    // Without it, a small write waits for the answer to the one before: 40 ms.
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
    tcp.set_keepalive(Some(KEEPALIVE_IDLE));
    tcp.set_keepalive_interval(Some(KEEPALIVE_INTERVAL));
    tcp.set_keepalive_retries(Some(KEEPALIVE_PROBES));
    tcp
}

/// Whether hyper-util's own timer ended it, which says `deadline has elapsed` and no more.
fn is_timeout(error: &(dyn Error + 'static)) -> bool {
    causes(error).filter_map(|cause| cause.downcast_ref::<io::Error>()?.get_ref()).any(|inside| inside.is::<Elapsed>())
}

/// What the system or the library says in the end.
fn innermost(error: &(dyn Error + 'static)) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&cause| cause.source())
}
