//! The client of one cluster: kube's own layers over a connection of our making.
//!
//! The map, from the request down:
//! - kube's layers put the server's URL, the credentials and the kubeconfig's headers on a request.
//! - `answer` waits for the head of the response, and not for ever.
//! - `connect` makes connections: TCP, a proxy where there is one, TLS (`crate::tls`). All of it is bounded; an open
//!   connection never is, as watches and upgrades live for hours. `secured` is such a connection, in TLS or in clear.
//! - `proxy` chooses the proxy, `no_proxy` what goes without.
//!
//! What it leaves out of kube's stock client: a layer that tries a request again up to 15 times unseen, a write timeout
//! that ends an upgrade whose peer does not read, and Nagle's algorithm. Whether and when something is tried again is
//! decided by who asks.

mod connect;
mod no_proxy;
mod proxy;
mod secured;
#[cfg(test)]
mod tests;

use std::{io, time::Duration};

use futures::future::BoxFuture;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper_util::{
    client::legacy,
    rt::{TokioExecutor, TokioTimer},
};
use kube::{
    Client,
    client::{Body, ConfigExt},
};
use tower::{BoxError, ServiceBuilder, service_fn};

pub use proxy::Environment;

/// A response's head has this long to come. The API server itself ends a request after 60 s, unless it is a watch or an
/// upgrade, whose heads come at once: what has not come by now never will. It is for the connection that broke unseen
/// while it lay in the pool: keepalive does not ask while a request is unacknowledged, and TCP repeats one for 15 minutes.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(65);

/// A client for the cluster that `config` names.
///
/// `config.proxy_url` must be the kubeconfig's own, which overrules `environment`; kube fills it from the process's
/// environment where the kubeconfig has none, which is to be taken out. Its timeouts and `default_retry` are not used.
///
/// Sends nothing, but runs an exec plugin and waits for it on this thread. To be called inside a tokio runtime.
///
/// # Errors
/// When the exec plugin fails, when certificates or keys cannot be used, or when the proxy cannot.
pub fn client(config: kube::Config, environment: &Environment) -> kube::Result<Client> {
    let proxy = proxy::choose(config.proxy_url.as_ref(), &config.cluster_url, environment)
        .map_err(|unusable| kube::Error::Service(unusable.into()))?;
    let credentials = config.auth_layer()?;
    let mut for_tls = config.clone();
    if credentials.is_some() {
        // They are a header, not a client certificate; asking the plugin for one would run it again, for seconds.
        for_tls.auth_info.exec = None;
        for_tls.auth_info.auth_provider = None;
    }
    let http = legacy::Builder::new(TokioExecutor::new())
        // With a timer, connections that nobody uses are closed in time, and not when the next one is looked for.
        .pool_timer(TokioTimer::new())
        .build(connect::connector(&for_tls, proxy)?);
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .option_layer(credentials)
        .layer(config.extra_headers_layer()?)
        .service(service_fn(move |request: Request<Body>| answer(&http, request)));
    Ok(Client::new(service, config.default_namespace))
}

/// Sends a request and waits for the head of the response. One line of it is logged, without headers or query.
fn answer<C>(
    http: &legacy::Client<C, Body>,
    request: Request<Body>,
) -> BoxFuture<'static, Result<Response<Incoming>, BoxError>>
where
    C: legacy::connect::Connect + Clone + Send + Sync + 'static,
{
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let head = tokio::time::timeout(ANSWER_TIMEOUT, http.request(request));
    Box::pin(async move {
        let answer: Result<_, BoxError> = match head.await {
            Ok(answer) => answer.map_err(BoxError::from),
            Err(_) => {
                let text = format!("no answer within {} s", ANSWER_TIMEOUT.as_secs());
                Err(io::Error::new(io::ErrorKind::TimedOut, text).into())
            }
        };
        let status = answer.as_ref().map(|answer| answer.status().as_u16()).ok();
        tracing::debug!(%method, path, status, "asked the API server");
        answer
    })
}
