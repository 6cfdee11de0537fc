//! A Service's port, and what it probably speaks.

use std::fmt;

use k8s_openapi::{
    api::core::v1::{Pod, ServicePort},
    apimachinery::pkg::util::intstr::IntOrString,
};

use crate::{probe::looks_like_http, service};

/// A port of a Service.
#[derive(Clone, Debug)]
pub(in crate::explain) struct Port {
    /// Its name; empty where it has none.
    pub(in crate::explain) name: String,
    pub(in crate::explain) number: u16,
    /// `TCP`, `UDP` or `SCTP`.
    pub(in crate::explain) protocol: String,
    pub(in crate::explain) node_port: Option<u16>,
    pub(in crate::explain) speaks: Speaks,
    /// As the Service has it.
    declared: ServicePort,
}

/// What a port speaks, as far as its Service says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::explain) enum Speaks {
    Http,
    Https,
    /// Who knows: nothing is sent to it.
    Something,
}

impl Port {
    /// `None` for a number that no port can have.
    pub(in crate::explain) fn of(port: &ServicePort) -> Option<Port> {
        let number = u16::try_from(port.port).ok()?;
        let name = port.name.clone().unwrap_or_default();
        let protocol = service::protocol(port).to_owned();
        let node_port = port.node_port.and_then(|n| u16::try_from(n).ok()).filter(|n| *n != 0);
        Some(Port { name, number, protocol, node_port, speaks: speaks(port), declared: port.clone() })
    }

    pub(in crate::explain) fn is_tcp(&self) -> bool {
        self.protocol == "TCP"
    }

    /// How it is asked for: by its name, which stays when numbers change, else by its number.
    pub(in crate::explain) fn reference(&self) -> String {
        if self.name.is_empty() { self.number.to_string() } else { self.name.clone() }
    }

    /// Which of this pod's ports it leads to; none where its targetPort is a name that the pod has not.
    pub(in crate::explain) fn in_pod(&self, pod: &Pod) -> Option<u16> {
        service::port_in_pod(&self.declared, pod)
    }

    /// Its targetPort, as the Service has it.
    pub(in crate::explain) fn target(&self) -> String {
        match &self.declared.target_port {
            None | Some(IntOrString::Int(0)) => self.number.to_string(),
            Some(IntOrString::Int(number)) => number.to_string(),
            Some(IntOrString::String(name)) => name.clone(),
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
fn speaks(port: &ServicePort) -> Speaks {
    if service::protocol(port) != "TCP" {
        return Speaks::Something;
    }
    if looks_like_http(port).is_some() {
        return Speaks::Http;
    }
    let names = || service::names(port).into_iter().flat_map(|name| name.split('-'));
    let https = match port.app_protocol.as_deref().map(str::to_lowercase).as_deref() {
        Some("https" | "wss" | "kubernetes.io/wss") => true,
        Some(other) if !other.is_empty() => false,
        _ => names().any(|word| word == "https") || matches!(port.port, 443 | 8443),
    };
    if https { Speaks::Https } else { Speaks::Something }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_port_speaks() {
        let table = [
            ("{name: http, port: 1234}", Speaks::Http),
            ("{port: 80}", Speaks::Http),
            ("{name: data, port: 1, appProtocol: http}", Speaks::Http),
            ("{name: https, port: 80}", Speaks::Https),
            ("{name: web-https, port: 1}", Speaks::Https),
            ("{port: 8443}", Speaks::Https),
            ("{port: 80, targetPort: https}", Speaks::Https),
            ("{name: http, port: 80, appProtocol: HTTPS}", Speaks::Https),
            ("{port: 1, appProtocol: kubernetes.io/wss}", Speaks::Https),
            ("{name: https, port: 443, appProtocol: tcp}", Speaks::Something),
            ("{port: 5432}", Speaks::Something),
            ("{name: http, port: 80, protocol: UDP}", Speaks::Something),
        ];
        for (port, expected) in table {
            let read: ServicePort = serde_saphyr::from_str(port).unwrap();
            assert_eq!(speaks(&read), expected, "{port}");
        }
    }
}
