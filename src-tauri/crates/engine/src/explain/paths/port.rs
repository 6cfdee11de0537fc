//! A Service's port, and what it probably speaks.

use std::fmt;

use k8s_openapi::{
    api::core::v1::{Pod, ServicePort},
    apimachinery::pkg::util::intstr::IntOrString,
};

use crate::{pod, probe::looks_like_http};

/// A port of a Service.
#[derive(Clone, Debug)]
pub(super) struct Port {
    /// Its name; empty where it has none.
    pub(super) name: String,
    pub(super) number: u16,
    /// `TCP`, `UDP` or `SCTP`.
    pub(super) protocol: String,
    pub(super) node_port: Option<u16>,
    pub(super) speaks: Speaks,
    target: IntOrString,
}

/// What a port speaks, as far as its Service says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Speaks {
    Http,
    Https,
    /// Who knows: nothing is sent to it.
    Something,
}

impl Port {
    /// `None` for a number that no port can have.
    pub(super) fn of(port: &ServicePort) -> Option<Port> {
        let number = u16::try_from(port.port).ok()?;
        let name = port.name.clone().unwrap_or_default();
        let protocol = port.protocol.clone().unwrap_or_else(|| "TCP".into());
        let speaks = speaks(&protocol, port.app_protocol.as_deref(), &name, number);
        let node_port = port.node_port.and_then(|n| u16::try_from(n).ok()).filter(|n| *n != 0);
        let target = port.target_port.clone().unwrap_or(IntOrString::Int(port.port));
        // 0 is what old servers write for a targetPort that was left out.
        let target = if target == IntOrString::Int(0) { IntOrString::Int(port.port) } else { target };
        Some(Port { name, number, protocol, node_port, speaks, target })
    }

    pub(super) fn is_tcp(&self) -> bool {
        self.protocol == "TCP"
    }

    /// How it is asked for: by its name, which stays when numbers change, else by its number.
    pub(super) fn reference(&self) -> String {
        if self.name.is_empty() { self.number.to_string() } else { self.name.clone() }
    }

    /// Which of this pod's ports it leads to; none where its targetPort is a name that the pod has not.
    pub(super) fn in_pod(&self, pod: &Pod) -> Option<u16> {
        match &self.target {
            IntOrString::Int(number) => u16::try_from(*number).ok(),
            IntOrString::String(name) => {
                let mut declared = pod::declared_ports(pod).into_iter();
                declared.find(|port| port.name == *name && port.protocol == self.protocol).map(|port| port.port)
            }
        }
    }

    /// Its targetPort, as the Service has it.
    pub(super) fn target(&self) -> String {
        match &self.target {
            IntOrString::Int(number) => number.to_string(),
            IntOrString::String(name) => name.clone(),
        }
    }
}

/// `53/UDP`.
impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.protocol)
    }
}

/// Plain HTTP where a probe would say so. HTTPS is told by the same signs, and only named, as nothing is sent there.
fn speaks(protocol: &str, app_protocol: Option<&str>, name: &str, number: u16) -> Speaks {
    if protocol != "TCP" {
        return Speaks::Something;
    }
    if looks_like_http(name, number, app_protocol).is_some() {
        return Speaks::Http;
    }
    let https = match app_protocol.map(str::to_lowercase).as_deref() {
        Some("https" | "wss" | "kubernetes.io/wss") => true,
        Some(other) if !other.is_empty() => false,
        _ => name.split('-').any(|word| word == "https") || matches!(number, 443 | 8443),
    };
    if https { Speaks::Https } else { Speaks::Something }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_port_speaks() {
        let table = [
            ("TCP", None, "http", 1234, Speaks::Http),
            ("TCP", None, "", 80, Speaks::Http),
            ("TCP", Some("http"), "data", 1, Speaks::Http),
            ("TCP", None, "https", 80, Speaks::Https),
            ("TCP", None, "web-https", 1, Speaks::Https),
            ("TCP", None, "", 8443, Speaks::Https),
            ("TCP", Some("HTTPS"), "http", 80, Speaks::Https),
            ("TCP", Some("kubernetes.io/wss"), "", 1, Speaks::Https),
            ("TCP", Some("tcp"), "https", 443, Speaks::Something),
            ("TCP", None, "", 5432, Speaks::Something),
            ("UDP", None, "http", 80, Speaks::Something),
        ];
        for (protocol, app, name, number, expected) in table {
            assert_eq!(speaks(protocol, app, name, number), expected, "{protocol} {app:?} {name} {number}");
        }
    }
}
