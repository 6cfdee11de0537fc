//! What is asked of a way to see whether it answers from here: a `GET /`, a bare connection, or nothing.

use std::{io, net::SocketAddr, time::Duration};

use http::{Request, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use kube::{Client, client::Body};
use portolan_wire::PodPort;
use serde::Deserialize;
use tokio::{
    net::lookup_host,
    time::{Instant, timeout},
};

use super::port::{Port, Speaks};
use crate::{
    cluster::Cluster,
    compare::view::Method,
    explain::{
        dial::{How, dial},
        view::Verdict,
    },
    probe::{Connected, Missed, Said, USER_AGENT},
};

/// For each way: somebody looks at the table and waits.
const LIMIT: Duration = Duration::from_secs(2);

/// So much of what the API server says of a failure is read.
const WORDS: usize = 16 * 1024;

/// So many characters of it are told.
const TOLD: usize = 160;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    /// Nothing: its verdict stands.
    Nothing,
    /// A connection to a pod, through the API server.
    Tunnel { to: PodPort, how: How },
    /// A `GET` of this path of the API server.
    Proxy { path: String },
    /// A connection to a host and a port.
    Socket { host: String, port: u16, how: How },
    /// As [`Ask::Socket`], where somebody stands before the Service who answers for it: a failure of his is not the
    /// Service's answer.
    Front { host: String, port: u16, how: How },
}

/// As the port looks: only what speaks HTTP, and without TLS, is sent something.
pub(super) fn how_to_ask(port: &Port, host: &str) -> How {
    match port.speaks {
        Speaks::Http => How::Get { host: host.to_owned() },
        Speaks::Https | Speaks::Something => How::Connect,
    }
}

impl Ask {
    /// Asks once; `None` where there is nothing to ask.
    pub(super) async fn verdict(&self, cluster: &Cluster) -> Option<Verdict> {
        let answered = match self {
            Ask::Nothing => return None,
            Ask::Tunnel { to, how } => {
                let dialled = dial(&*cluster.connector, to, how, LIMIT).await;
                dialled.said.map(|said| (dialled.took_us, what(&said))).map_err(|error| error.to_string())
            }
            Ask::Proxy { path } => match timeout(LIMIT, get(&cluster.client, path)).await {
                Ok(answered) => answered,
                Err(_) => Err(Missed::NoAnswer(LIMIT).to_string()),
            },
            Ask::Socket { host, port, how } => socket(host, *port, how).await.map(|(took, said)| (took, what(&said))),
            Ask::Front { host, port, how } => {
                socket(host, *port, how).await.and_then(|(took, said)| match said.status() {
                    Some(502..=504) => Err(what(&said)),
                    _ => Ok((took, what(&said))),
                })
            }
        };
        Some(match answered {
            Ok((took_us, what)) => Verdict::Answers { took_us, what },
            Err(why) => Verdict::Silent { why: shortened(&why) },
        })
    }
}

/// `200 OK`, `connected`.
fn what(said: &Said) -> String {
    said.status().map_or_else(|| "connected".into(), status)
}

fn status(code: u16) -> String {
    let reason = StatusCode::from_u16(code).ok().and_then(|code| code.canonical_reason());
    reason.map_or_else(|| code.to_string(), |reason| format!("{code} {reason}"))
}

/// A connection to the first address of a host, all of it within [`LIMIT`]. How long it took without the name's lookup.
async fn socket(host: &str, port: u16, how: &How) -> Result<(u64, Said), String> {
    let began = Instant::now();
    let left = || LIMIT.saturating_sub(began.elapsed());
    let to = timeout(LIMIT, address(host, port))
        .await
        .map_err(|_| format!("the name {host} was not looked up in time"))??;
    let missed = |missed: Missed| match missed {
        Missed::Refused => "refused".into(),
        // What is left of the time is nobody's business.
        Missed::NoConnection(_) | Missed::NoAnswer(_) => Missed::NoAnswer(LIMIT).to_string(),
        other => other.to_string(),
    };
    let connected = Connected::to(to, left()).await.map_err(missed)?;
    let answer = match how {
        How::Get { host } => connected.named(host).ask(Method::Get, "/", left()).await,
        How::Connect => connected.ask(Method::Connect, "/", left()).await,
    };
    answer.said.map(|said| (answer.took_us, said)).map_err(missed)
}

async fn address(host: &str, port: u16) -> Result<SocketAddr, String> {
    let unknown = |error: io::Error| format!("this machine does not know the name {host} ({error})");
    let found = lookup_host((host, port)).await.map_err(unknown)?.next();
    found.ok_or_else(|| format!("the name {host} has no address"))
}

/// Through the API server's proxy: what is behind it answers, or the API server says why not.
async fn get(client: &Client, path: &str) -> Result<(u64, String), String> {
    let request = Request::get(path).header(header::USER_AGENT, USER_AGENT).body(Body::empty());
    let request = request.map_err(|error| error.to_string())?;
    let began = Instant::now();
    let answer = client.send(request).await.map_err(|error| crate::api_error::why(&error))?;
    let took_us = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
    let code = answer.status().as_u16();
    if code < 400 {
        return Ok((took_us, status(code)));
    }
    // A body that breaks off says nothing, and the status stands.
    let words = Limited::new(answer.into_body(), WORDS).collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    match of_api_server(&words) {
        Some(words) => Err(format!("{}: {words}", status(code))),
        None => Ok((took_us, status(code))),
    }
}

/// What the API server says itself, rather than who is behind its proxy: a Status, or, from old servers, this text.
fn of_api_server(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Status {
        kind: String,
        message: Option<String>,
    }
    if let Ok(status) = serde_json::from_slice::<Status>(body) {
        return (status.kind == "Status").then(|| status.message.unwrap_or_default());
    }
    let text = String::from_utf8_lossy(body);
    text.to_lowercase().contains("trying to reach").then(|| text.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(TOLD) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_api_server_says_is_told_from_what_is_behind_it() {
        let table = [
            (
                r#"{"kind":"Status","apiVersion":"v1","message":"no endpoints available"}"#,
                Some("no endpoints available"),
            ),
            (r#"{"kind":"Order","message":"sold out"}"#, None),
            (r#"{"error":"sold out"}"#, None),
            (
                "Error trying to reach service: 'dial tcp 10.1.2.3:81: connect: connection refused'\n",
                Some("Error trying to reach service: 'dial tcp 10.1.2.3:81: connect: connection refused'"),
            ),
            ("<h1>503</h1>", None),
            ("", None),
        ];
        for (body, expected) in table {
            assert_eq!(of_api_server(body.as_bytes()).as_deref(), expected, "{body}");
        }
    }

    #[test]
    fn statuses_in_words() {
        assert_eq!(status(503), "503 Service Unavailable");
        assert_eq!(status(799), "799");
        assert_eq!(shortened(&"é".repeat(200)).chars().count(), TOLD + 1);
    }
}
