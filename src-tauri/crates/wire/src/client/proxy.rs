//! Which proxy a cluster is reached through, if any.
//!
//! As with kubectl, the kubeconfig's `proxy-url` is used unconditionally; without one, the environment's proxy for the
//! API server's scheme, unless `NO_PROXY` covers the API server. (kube 5.0 asks whether it covers the *proxy*, and lets
//! it overrule the kubeconfig.) Choosing is pure: the environment is handed in.

#[cfg(test)]
mod tests;

use std::{env, fmt};

use http::{Uri, uri::Authority};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};

use super::no_proxy;

/// What the environment says about proxies. A variable that is not set is empty.
#[derive(Clone, Default)]
pub struct Environment {
    /// For API servers that speak TLS: `HTTPS_PROXY`.
    pub https_proxy: String,
    /// For those that do not: `HTTP_PROXY`.
    pub http_proxy: String,
    /// The servers that are reached without either: `NO_PROXY`.
    pub no_proxy: String,
}

impl Environment {
    /// The process's environment.
    pub fn read() -> Self {
        Self::of(|name| env::var(name).ok())
    }

    /// What the variables of some environment say. Upper case goes before lower case.
    pub fn of(variable: impl Fn(&str) -> Option<String>) -> Self {
        let first = |names: [&str; 2]| {
            names.iter().filter_map(|name| variable(name)).find(|value| !value.is_empty()).unwrap_or_default()
        };
        Environment {
            https_proxy: first(["HTTPS_PROXY", "https_proxy"]),
            http_proxy: first(["HTTP_PROXY", "http_proxy"]),
            no_proxy: first(["NO_PROXY", "no_proxy"]),
        }
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A proxy's URL may hold a password.
        f.debug_struct("Environment").field("no_proxy", &self.no_proxy).finish_non_exhaustive()
    }
}

/// How a proxy is talked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `CONNECT`, in clear.
    Http,
    /// `CONNECT`, over TLS.
    Https,
    /// SOCKS 5. Names are resolved by the proxy, whether its scheme is `socks5` or `socks5h`: Go and so kubectl do not
    /// tell them apart, and what only the proxy's network can resolve is why people use one.
    Socks,
}

/// A proxy to go through.
#[derive(Clone, Debug)]
pub(super) struct Proxy {
    pub(super) kind: Kind,
    /// Its URL, with a port and without credentials.
    pub(super) uri: Uri,
    /// Its credentials, percent-decoded; told by no `Debug`.
    pub(super) login: Intercept,
}

impl Proxy {
    /// Its address, for messages.
    pub(super) fn address(&self) -> &str {
        self.uri.authority().map_or("", Authority::as_str)
    }
}

/// Who named a proxy that cannot be used. The URL itself is not repeated: it may hold a password.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unusable {
    #[error("the proxy URL in {0} cannot be read")]
    Unreadable(&'static str),
    #[error("the proxy in {0} is of kind {1}; http, https and socks5 can be used")]
    Unsupported(&'static str, String),
}

/// The proxy for `server`; `None` if it is to be reached directly. `kubeconfig` is the kubeconfig's own `proxy-url`.
///
/// # Errors
/// When the proxy that applies cannot be used. Going without it would send the credentials another way than was asked.
pub(super) fn choose(
    kubeconfig: Option<&Uri>,
    server: &Uri,
    environment: &Environment,
) -> Result<Option<Proxy>, Unusable> {
    if let Some(uri) = kubeconfig {
        return parse(&uri.to_string(), "the kubeconfig").map(Some);
    }
    let (url, name) = match server.scheme_str() {
        Some("https") => (&environment.https_proxy, "HTTPS_PROXY"),
        _ => (&environment.http_proxy, "HTTP_PROXY"),
    };
    let host = server.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    if url.is_empty() || no_proxy::covers(&environment.no_proxy, host, port_of(server)) {
        return Ok(None);
    }
    parse(url, name).map(Some)
}

/// The port of a URL, or its scheme's own.
fn port_of(uri: &Uri) -> u16 {
    uri.port_u16().unwrap_or(match uri.scheme_str() {
        Some("https") => 443,
        Some("socks5" | "socks5h") => 1080,
        _ => 80,
    })
}

/// The URL with its port written out, since connectors have their own ideas of what its absence means.
pub(super) fn with_port(uri: &Uri) -> Option<Uri> {
    let authority = format!("{}:{}", uri.host()?, port_of(uri));
    Uri::builder().scheme(uri.scheme_str()?).authority(authority).path_and_query("/").build().ok()
}

fn parse(url: &str, from: &'static str) -> Result<Proxy, Unusable> {
    let scheme = url.split_once("://").map_or("http", |(scheme, _)| scheme).to_ascii_lowercase();
    let kind = match scheme.as_str() {
        "http" => Kind::Http,
        "https" => Kind::Https,
        "socks5" | "socks5h" => Kind::Socks,
        _ => return Err(Unusable::Unsupported(from, scheme)),
    };
    // hyper-util reads and decodes the URL; which servers it is for was settled before, so any will do here.
    let all = Matcher::builder().all(url).build();
    let login = all.intercept(&Uri::from_static("https://any")).ok_or(Unusable::Unreadable(from))?;
    let uri = with_port(login.uri()).ok_or(Unusable::Unreadable(from))?;
    Ok(Proxy { kind, uri, login })
}
