//! The client of one cluster: kube's own layers over a connection of our making.
//!
//! The map, from the request down:
//! - kube's layers put the server's URL, the credentials and the kubeconfig's headers on a request.
//! - `signed` puts on it instead what is made while the client runs ([`Credentials`]), as exec plugins make it.
//! - `answer` waits for the head of the response, and not for ever.
//! - [`Connections`] are those that are there, and can be left for new ones.
//! - `connect` makes connections: TCP, a proxy where there is one, TLS (`crate::tls`). All of it is bounded; an open
//!   connection never is, as watches and upgrades live for hours. `secured` is such a connection, in TLS or in clear.
//! - `proxy` chooses the proxy, `no_proxy` what goes without.
//!
//! What it leaves out of kube's stock client: a layer that tries a request again up to 15 times unseen, a write timeout
//! that ends an upgrade whose peer does not read, and Nagle's algorithm. Whether and when something is tried again is
//! decided by who asks; but for a 401, which says that nothing was done. And kube runs no program here: it would do so three
//! times for each client, without a limit, and its errors would have what the program has printed.

mod connect;
mod connections;
mod credentials;
mod no_proxy;
mod proxy;
mod secured;
mod signed;
#[cfg(test)]
mod tests;

use std::{io, sync::Arc, time::Duration};

use futures::{FutureExt, future::BoxFuture};
use http::{Request, Response};
use hyper::body::Incoming;
use kube::{
    Client,
    client::{AuthError, Body, ConfigExt},
};
use tower::{BoxError, ServiceBuilder, service_fn};

pub use connections::Connections;
pub use credentials::{Credential, Credentials, NoCredentials, Unusable};
pub use proxy::Environment;

use connect::Connector;
use credentials::Shown;
use signed::Signed;

/// A response's head has this long to come. The API server itself ends a request after 60 s, unless it is a watch or an
/// upgrade, whose heads come at once: what has not come by now never will. It is for the connection that broke unseen
/// while it lay in the pool: keepalive does not ask while a request is unacknowledged, and TCP repeats one for 15 minutes.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(65);

/// A client for the cluster that `config` names, and its connections.
///
/// With `credentials`, requests carry those and not `config`'s own; a client certificate of `config`'s is shown all the
/// same. An exec plugin that `config` names is not run: who wants it run makes `credentials` of it.
///
/// `config.proxy_url` must be the kubeconfig's own, which overrules `environment`; kube fills it from the process's
/// environment where the kubeconfig has none, which is to be taken out. Its timeouts and `default_retry` are not used.
///
/// Sends nothing and waits for nothing. To be called inside a tokio runtime.
///
/// # Errors
/// When certificates or keys cannot be used, when the proxy cannot, or when the credentials are an auth provider that
/// would have to run a program.
pub fn client(
    mut config: kube::Config,
    environment: &Environment,
    credentials: Option<Arc<dyn Credentials>>,
) -> kube::Result<(Client, Connections)> {
    let proxy = proxy::choose(config.proxy_url.as_ref(), &config.cluster_url, environment)
        .map_err(|unusable| kube::Error::Service(unusable.into()))?;
    config.auth_info.exec = None;
    let provider = config.auth_info.auth_provider.as_ref();
    if let Some(provider) = provider.filter(|provider| provider.config.contains_key("cmd-path")) {
        let name = &provider.name;
        let text =
            format!("the auth provider {name} is one that kubectl has given up, too: use its exec plugin instead");
        return Err(kube::Error::Auth(AuthError::AuthExec(text)));
    }
    let own = if credentials.is_none() { config.auth_layer()? } else { None };
    let shown = Arc::new(Shown::default());
    let connections = Connections::new(Connector::new(&config, proxy, &shown)?);
    let signed = credentials.map(|credentials| Signed { credentials, shown, connections: connections.clone() });
    let sending = connections.clone();
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .option_layer(own)
        .layer(config.extra_headers_layer()?)
        .service(service_fn(move |request: Request<Body>| match &signed {
            Some(signed) => signed.clone().send(request).boxed(),
            None => answer(&sending, request),
        }));
    Ok((Client::new(service, config.default_namespace), connections))
}

/// Sends a request and waits for the head of the response. One line of it is logged, without headers or query.
fn answer(
    connections: &Connections,
    request: Request<Body>,
) -> BoxFuture<'static, Result<Response<Incoming>, BoxError>> {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let head = tokio::time::timeout(ANSWER_TIMEOUT, connections.request(request));
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
