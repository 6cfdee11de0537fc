//! A session in the words of others: what its card can copy.
//!
//! Every name in it comes from a cluster or a kubeconfig and may be anything: each is quoted for a shell, since a shell is
//! where it is pasted.

mod speaks;
#[cfg(test)]
mod tests;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{
    context::ContextId,
    forward::{Forward, LocalPort, Target},
    phase::Phase,
    session::view::{ListenerView, SessionView},
    shell::quoted,
};
use speaks::Speaks;

/// One text to copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct CopyAs {
    /// What it is.
    pub kind: CopyKind,
    /// The local port that it is about, where it is about one.
    pub port: Option<u16>,
    /// The text.
    pub text: String,
}

/// What can be copied of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum CopyKind {
    /// The `kubectl port-forward` line that opens the same ports.
    Kubectl,
    /// The `portolan forward` line that opens the same ports.
    Portolan,
    /// The address as a URL.
    Url,
    /// A line for curl.
    Curl,
    /// An environment variable.
    Variable,
    /// The command of a client that speaks what the port does: `psql -h 127.0.0.1 -p 5433`.
    Client,
}

/// Everything that can be copied of a session, the most general first. Nothing of one that does not listen.
pub(crate) fn of(session: &SessionView) -> Vec<CopyAs> {
    let mut listeners: Vec<&ListenerView> = session.listeners.iter().collect();
    if listeners.is_empty() {
        return Vec::new();
    }
    listeners.sort_by_key(|listener| listener.slot);
    let whole = |kind, text: Option<String>| text.map(|text| CopyAs { kind, port: None, text });
    let lines = [
        whole(CopyKind::Kubectl, kubectl(session, &listeners)),
        whole(CopyKind::Portolan, Some(portolan(session, &listeners))),
    ];
    let several = listeners.len() > 1;
    lines
        .into_iter()
        .flatten()
        .chain(listeners.into_iter().flat_map(|listener| of_port(session, listener, several)))
        .collect()
}

/// What can be copied of one port.
fn of_port(session: &SessionView, listener: &ListenerView, several: bool) -> Vec<CopyAs> {
    let (host, at) = here(session, listener.port);
    let speaks = Speaks::of(&listener.remote, in_pod(session, listener.slot));
    let copy = |kind, text| CopyAs { kind, port: Some(listener.port), text };
    let address = speaks.url(&at).unwrap_or_else(|| at.clone());
    let variable = format!("{}={}", variable(session, listener, several, speaks), quoted(&address));
    let mut copies = Vec::new();
    if let Some(url) = speaks.url(&at) {
        copies.push(copy(CopyKind::Url, url));
    }
    if let Some(line) = speaks.curl(&at) {
        copies.push(copy(CopyKind::Curl, line));
    }
    copies.push(copy(CopyKind::Variable, variable));
    if let Some(line) = speaks.client(&host, listener.port) {
        copies.push(copy(CopyKind::Client, line));
    }
    copies
}

/// Where a client on this machine goes: the host, and host and port as a URL has them.
fn here(session: &SessionView, port: u16) -> (String, String) {
    let ip = match session.forward.addresses().first() {
        Some(ip) if !ip.is_unspecified() => *ip,
        // `0.0.0.0` is every address, and no client's.
        Some(IpAddr::V6(_)) => IpAddr::from(std::net::Ipv6Addr::LOCALHOST),
        _ => IpAddr::from(Ipv4Addr::LOCALHOST),
    };
    (ip.to_string(), SocketAddr::new(ip, port).to_string())
}

/// The number of a port in its pod, where one is known: it tells what a Service's own number hides.
fn in_pod(session: &SessionView, slot: usize) -> Option<u16> {
    let Phase::Active { endpoints } = &session.phase else { return None };
    endpoints.iter().find(|endpoint| endpoint.slot == slot).map(|endpoint| endpoint.port)
}

/// kubectl takes no selector.
fn kubectl(session: &SessionView, listeners: &[&ListenerView]) -> Option<String> {
    let Forward { target, .. } = &session.forward;
    let target = (!matches!(target, Target::Selector { .. })).then(|| quoted(&target.to_string()))?;
    Some(format!("kubectl port-forward {target} {}", rest(&session.forward, listeners)))
}

fn portolan(session: &SessionView, listeners: &[&ListenerView]) -> String {
    let target = match &session.forward.target {
        Target::Selector { labels } => format!("-l {}", quoted(labels)),
        target => quoted(&target.to_string()),
    };
    format!("portolan forward {target} {}", rest(&session.forward, listeners))
}

/// Ports, namespace, context and addresses: both take them alike. The ports are those that it has now.
fn rest(forward: &Forward, listeners: &[&ListenerView]) -> String {
    let mut words: Vec<String> = Vec::new();
    for (slot, map) in forward.ports.iter().enumerate() {
        let remote = quoted(&map.remote.plain());
        let local = listeners.iter().find(|listener| listener.slot == slot).map(|listener| listener.port);
        words.push(match (local, map.local) {
            (Some(port), _) | (None, LocalPort::Fixed { port }) => format!("{port}:{remote}"),
            (None, _) => format!(":{remote}"),
        });
    }
    let ContextId { source, name } = &forward.context;
    words.extend(["-n".into(), quoted(&forward.namespace), "--context".into(), quoted(name)]);
    if source != ContextId::DEFAULT_SOURCE {
        words.extend(["--kubeconfig".into(), quoted(source)]);
    }
    if !forward.bind.is_empty() {
        let addresses: Vec<String> = forward.bind.iter().map(ToString::to_string).collect();
        words.extend(["--address".into(), quoted(&addresses.join(","))]);
    }
    words.join(" ")
}

/// `WEB_URL`; of several ports `WEB_HTTP_URL`, `WEB_9090_ADDRESS`.
fn variable(session: &SessionView, listener: &ListenerView, several: bool, speaks: Speaks) -> String {
    let target = session.forward.target.name();
    let port = listener.remote.plain();
    let what = if speaks == Speaks::Unknown { "ADDRESS" } else { "URL" };
    let parts = [target].into_iter().chain(several.then_some(port.as_str())).chain([what]);
    let name = parts.map(upper).collect::<Vec<_>>().join("_");
    // A variable's name does not begin with a digit.
    if name.starts_with(|c: char| c.is_ascii_digit()) { format!("_{name}") } else { name }
}

fn upper(part: &str) -> String {
    part.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
}
