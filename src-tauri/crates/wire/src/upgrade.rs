//! The HTTP request that turns a connection to the API server into one to a pod's port-forward, on each of the wires.

use std::{fmt, str::FromStr, time::Duration};

use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use kube::{Client, client::Body, core::Status};
use tokio::time::timeout;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{handshake::client::generate_key, handshake::derive_accept_key, protocol::Role},
};

use crate::{Failure, Io, Kind, PodPort, client::NoCredentials, tunnel};

/// What a refusal may say. A Status object takes a few hundred bytes.
const LONGEST_REFUSAL: usize = 64 * 1024;

/// The way in which bytes travel between the API server and here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wire {
    /// SPDY/3.1 by `POST`: all servers have it, not all proxies between let it through.
    Spdy,
    /// SPDY/3.1 inside a WebSocket: servers from 1.31 on.
    Tunnel,
    /// A WebSocket for each connection, `v4.channel.k8s.io`: the last resort.
    WebSocket,
}

impl Wire {
    /// All of them, best first.
    pub const ALL: [Wire; 3] = [Wire::Spdy, Wire::Tunnel, Wire::WebSocket];

    fn protocol(self) -> &'static str {
        match self {
            Wire::Spdy => "portforward.k8s.io",
            Wire::Tunnel => "SPDY/3.1+portforward.k8s.io",
            Wire::WebSocket => "v4.channel.k8s.io",
        }
    }
}

impl FromStr for Wire {
    type Err = UnknownWire;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "spdy" => Ok(Wire::Spdy),
            "tunnel" => Ok(Wire::Tunnel),
            "websocket" => Ok(Wire::WebSocket),
            _ => Err(UnknownWire(text.into())),
        }
    }
}

/// A text that names no wire.
#[derive(Clone, Debug, thiserror::Error)]
#[error("“{0}” is no way to forward ports: there are spdy, tunnel and websocket")]
pub struct UnknownWire(String);

impl fmt::Display for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Wire::Spdy => "SPDY",
            Wire::Tunnel => "SPDY in a WebSocket",
            Wire::WebSocket => "WebSocket",
        })
    }
}

/// Why there is no upgrade.
#[derive(Clone, Debug)]
pub enum Refusal {
    /// This wire does not work here, or not for this user; another may.
    ThisWire(Failure),
    /// Nobody answered in time: whether this wire works here is not known. Another may.
    Silent(Failure),
    /// No wire would.
    Any(Failure),
}

impl Refusal {
    /// What was said.
    pub fn failure(self) -> Failure {
        match self {
            Refusal::ThisWire(failure) | Refusal::Silent(failure) | Refusal::Any(failure) => failure,
        }
    }
}

/// A byte stream that carries SPDY to the pod, by [`Wire::Spdy`] or [`Wire::Tunnel`].
///
/// # Errors
/// When the API server or what is behind it refuses, or `patience` ends.
pub async fn spdy(client: &Client, wire: Wire, to: &PodPort, patience: Duration) -> Result<Box<dyn Io>, Refusal> {
    match wire {
        Wire::Tunnel => Ok(Box::new(tunnel::Tunnel::new(web_socket(client, wire, to, patience).await?))),
        Wire::Spdy | Wire::WebSocket => {
            let request = request(Method::POST, to, "")
                .header(header::CONNECTION, "Upgrade")
                .header(header::UPGRADE, "SPDY/3.1")
                .header("X-Stream-Protocol-Version", wire.protocol());
            let (_, upgraded) = upgrade(client, request, patience).await?;
            Ok(Box::new(upgraded))
        }
    }
}

/// A WebSocket to the pod. By [`Wire::WebSocket`] it is one connection to its port, which is dialled at once.
///
/// # Errors
/// As [`spdy`].
pub async fn web_socket(
    client: &Client,
    wire: Wire,
    to: &PodPort,
    patience: Duration,
) -> Result<WebSocketStream<TokioIo<Upgraded>>, Refusal> {
    let key = generate_key();
    let query = if wire == Wire::WebSocket { format!("?ports={}", to.port) } else { String::new() };
    let request = request(Method::GET, to, &query)
        .header(header::CONNECTION, "Upgrade")
        .header(header::UPGRADE, "websocket")
        .header(header::SEC_WEBSOCKET_VERSION, "13")
        .header(header::SEC_WEBSOCKET_KEY, &key)
        .header(header::SEC_WEBSOCKET_PROTOCOL, wire.protocol());
    let (answer, upgraded) = upgrade(client, request, patience).await?;
    let said = |name| answer.headers().get(name).and_then(|value| value.to_str().ok());
    if said(header::SEC_WEBSOCKET_ACCEPT) != Some(&derive_accept_key(key.as_bytes())) {
        return Err(this_wire("the answer is not to this WebSocket request"));
    }
    // An older server passes over what it does not know, and would take SPDY's bytes for its own protocol's.
    if said(header::SEC_WEBSOCKET_PROTOCOL) != Some(wire.protocol()) {
        return Err(this_wire(format!("the server does not speak {}", wire.protocol())));
    }
    Ok(WebSocketStream::from_raw_socket(upgraded, Role::Client, Some(tunnel::config())).await)
}

fn request(method: Method, to: &PodPort, query: &str) -> http::request::Builder {
    let path = format!("/api/v1/namespaces/{}/pods/{}/portforward{query}", to.namespace, to.pod);
    Request::builder().method(method).uri(path)
}

async fn upgrade(
    client: &Client,
    request: http::request::Builder,
    patience: Duration,
) -> Result<(Response<()>, TokioIo<Upgraded>), Refusal> {
    let upgrading = async {
        // Only a name that the API server would never give an object is no path.
        let request = request.body(()).map_err(|error| this_wire(error.to_string()))?;
        let send = || client.send(request.clone().map(|()| Body::empty()));
        let mut answer = match send().await {
            // The server had closed a connection that was kept to be used again, as it does after it has refused an
            // upgrade. Nothing was done: a pod is sent nothing before there is an answer.
            Err(error) if was_closed(&error) => send().await,
            answer => answer,
        }
        .map_err(|error| not_sent(&error))?;
        if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Err(refused(answer).await);
        }
        let upgraded = hyper::upgrade::on(&mut answer).await.map_err(|error| this_wire(error.to_string()))?;
        Ok((answer.map(|_| ()), TokioIo::new(upgraded)))
    };
    timeout(patience, upgrading).await.unwrap_or_else(|_| {
        let text = format!("no answer to the port-forward request within {} s", patience.as_secs());
        Err(Refusal::Silent(Failure { kind: Kind::Unreachable, text }))
    })
}

fn this_wire(text: impl Into<String>) -> Refusal {
    Refusal::ThisWire(Failure { kind: Kind::Unreachable, text: text.into() })
}

/// An error and what caused it, outermost first.
fn causes<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |error| error.source())
}

/// Whether the connection was closed without a word of an answer.
fn was_closed(error: &kube::Error) -> bool {
    causes(error).filter_map(|cause| cause.downcast_ref()).any(hyper::Error::is_incomplete_message)
}

/// What a request means that got no answer.
fn not_sent(error: &kube::Error) -> Refusal {
    let failure = Failure { kind: Kind::Unreachable, text: chain(error) };
    for cause in causes(error) {
        if cause.downcast_ref::<hyper_util::client::legacy::Error>().is_some_and(|error| error.is_connect()) {
            return Refusal::Any(failure);
        }
        if let Some(none) = cause.downcast_ref::<NoCredentials>() {
            return Refusal::Any(Failure { kind: Kind::Login, text: none.to_string() });
        }
    }
    if matches!(error, kube::Error::Auth(_)) {
        return Refusal::Any(Failure { kind: Kind::Login, ..failure });
    }
    // It was sent, and nobody has answered: something between may not like it.
    Refusal::Silent(failure)
}

/// An error with its causes, each once.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = String::new();
    for more in causes(error).map(ToString::to_string) {
        if text.is_empty() {
            text = more;
        } else if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
    }
    text
}

async fn refused(answer: Response<Body>) -> Refusal {
    let code = answer.status();
    let body = Limited::new(answer.into_body(), LONGEST_REFUSAL).collect().await.map(|body| body.to_bytes());
    let body = body.unwrap_or_default();
    let status = serde_json::from_slice::<Status>(&body).ok();
    let text = match &status {
        Some(status) if !status.message.is_empty() => status.message.clone(),
        // A runtime's or a proxy's own words, if they are words.
        _ => match std::str::from_utf8(&body).map(str::trim) {
            Ok(text) if !text.is_empty() && !text.starts_with('<') => {
                format!("the API server answered {code}: {}", text.chars().take(300).collect::<String>())
            }
            _ => format!("the API server answered {code} to the port-forward request"),
        },
    };
    let failure = Failure::from_status(code.as_u16(), text);
    // The kubelet's own words.
    if Failure::from_error_stream(&failure.text).kind == Kind::PodGone {
        return Refusal::Any(Failure { kind: Kind::PodGone, ..failure });
    }
    match failure.kind {
        Kind::Login => Refusal::Any(failure),
        // A proxy that does not know the path answers 404, too, but not with a Status.
        Kind::PodGone if status.is_some_and(|status| status.reason == "NotFound") => Refusal::Any(failure),
        Kind::PodGone => Refusal::ThisWire(Failure { kind: Kind::Unreachable, ..failure }),
        _ => Refusal::ThisWire(failure),
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::{TcpListener, TcpStream},
    };

    use super::*;
    use crate::client::{Environment, client};

    /// Reads one request's head.
    async fn head(stream: &mut TcpStream) {
        let mut read = Vec::new();
        while !read.ends_with(b"\r\n\r\n") {
            read.push(stream.read_u8().await.unwrap());
        }
    }

    #[tokio::test]
    async fn a_connection_that_the_server_had_closed_is_not_taken_for_an_answer() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let config = kube::Config::new(format!("http://{}", listener.local_addr().unwrap()).parse().unwrap());
        let server = tokio::spawn(async move {
            let answers = ["400 Bad Request", "403 Forbidden"];
            for answer in answers {
                let (mut stream, _) = listener.accept().await.unwrap();
                head(&mut stream).await;
                stream.write_all(format!("HTTP/1.1 {answer}\r\ncontent-length: 0\r\n\r\n").as_bytes()).await.unwrap();
                // It stays open until it is used again, and then ends without a word.
                head(&mut stream).await;
            }
        });
        let (client, _) = client(config, &Environment::default(), None).unwrap();
        let to = PodPort { namespace: "shop".into(), pod: "web-1".into(), uid: "1".into(), port: 80 };
        let ask = || web_socket(&client, Wire::WebSocket, &to, Duration::from_secs(5));
        assert_eq!(ask().await.unwrap_err().failure().kind, Kind::Unreachable);
        assert_eq!(ask().await.unwrap_err().failure().kind, Kind::Forbidden, "it was asked by another connection");
        // And where nobody answers that either, nothing is decided.
        assert!(matches!(ask().await.unwrap_err(), Refusal::Any(_) | Refusal::Silent(_)));
        server.await.unwrap();
    }
}
