//! What a Service says of itself.

use std::collections::BTreeMap;

use k8s_openapi::{
    api::core::v1::{Pod, Service, ServicePort},
    apimachinery::pkg::util::intstr::IntOrString,
};

use crate::pod;

/// Whether it has no address, and its name stands for those of its pods.
pub(crate) fn is_headless(service: &Service) -> bool {
    service.spec.as_ref().and_then(|s| s.cluster_ip.as_deref()) == Some("None")
}

/// Whether it is a DNS alias.
pub(crate) fn is_external(service: &Service) -> bool {
    service.spec.as_ref().and_then(|s| s.type_.as_deref()) == Some("ExternalName")
}

/// `ClusterIP`, `NodePort`, `LoadBalancer`, `ExternalName` or `headless`.
pub(crate) fn type_of(service: &Service) -> String {
    if is_headless(service) {
        return "headless".into();
    }
    service.spec.as_ref().and_then(|s| s.type_.clone()).unwrap_or_else(|| "ClusterIP".into())
}

/// Its selector; `None` where it has none, or where it stands for no pods.
pub(crate) fn selector(service: &Service) -> Option<&BTreeMap<String, String>> {
    let selector = service.spec.as_ref()?.selector.as_ref()?;
    (!selector.is_empty() && !is_external(service)).then_some(selector)
}

/// Its ports.
pub(crate) fn ports(service: &Service) -> &[ServicePort] {
    service.spec.as_ref().and_then(|s| s.ports.as_deref()).unwrap_or_default()
}

/// Whether a node passes on only to its own pods: `externalTrafficPolicy: Local`.
pub(crate) fn is_local(service: &Service) -> bool {
    service.spec.as_ref().and_then(|s| s.external_traffic_policy.as_deref()) == Some("Local")
}

/// Whether it leads to pods that are not ready, too.
pub(crate) fn publishes_all(service: &Service) -> bool {
    service.spec.as_ref().and_then(|s| s.publish_not_ready_addresses) == Some(true)
}

/// Whether it asks that a client stays with its pod: `sessionAffinity: ClientIP`.
pub(crate) fn has_affinity(service: &Service) -> bool {
    service.spec.as_ref().and_then(|s| s.session_affinity.as_deref()) == Some("ClientIP")
}

/// `TCP`, `UDP` or `SCTP`.
pub(crate) fn protocol(port: &ServicePort) -> &str {
    port.protocol.as_deref().unwrap_or("TCP")
}

/// A port's name and that of its targetPort; empty where there is none.
pub(crate) fn names(port: &ServicePort) -> [&str; 2] {
    [port.name.as_deref().unwrap_or_default(), target_name(port).unwrap_or_default()]
}

/// The name that a port's targetPort is, if it is one.
pub(crate) fn target_name(port: &ServicePort) -> Option<&str> {
    match &port.target_port {
        Some(IntOrString::String(name)) => Some(name),
        Some(IntOrString::Int(_)) | None => None,
    }
}

/// The number of its port in this pod; `None` where its targetPort is a name that no container port has.
pub(crate) fn port_in_pod(port: &ServicePort, pod: &Pod) -> Option<u16> {
    match &port.target_port {
        // 0 is what old servers write for a targetPort that was left out.
        None | Some(IntOrString::Int(0)) => u16::try_from(port.port).ok(),
        Some(IntOrString::Int(number)) => u16::try_from(*number).ok(),
        Some(IntOrString::String(name)) => {
            let mut declared = pod::declared_ports(pod).into_iter();
            declared.find(|found| found.name == *name && found.protocol == protocol(port)).map(|found| found.port)
        }
    }
}

/// `http 80` or `80`; `dns 53 UDP`.
pub(crate) fn port_in_words(port: &ServicePort) -> String {
    let name = port.name.as_ref().map(|name| format!("{name} ")).unwrap_or_default();
    let protocol = Some(protocol(port)).filter(|protocol| *protocol != "TCP").map(|protocol| format!(" {protocol}"));
    format!("{name}{}{}", port.port, protocol.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_met_in_a_pod_where_its_target_port_says() {
        let containers =
            "{name: c, ports: [{name: http, containerPort: 8080}, {name: dns, containerPort: 53, protocol: UDP}]}";
        let pod: Pod = serde_saphyr::from_str(&format!("{{spec: {{containers: [{containers}]}}}}")).unwrap();
        let table = [
            ("{port: 80}", Some(80)),
            ("{port: 80, targetPort: 0}", Some(80)),
            ("{port: 80, targetPort: 81}", Some(81)),
            ("{port: 80, targetPort: http}", Some(8080)),
            ("{port: 80, targetPort: web}", None),
            ("{port: 80, targetPort: dns}", None),
            ("{port: 80, targetPort: dns, protocol: UDP}", Some(53)),
            ("{port: 80, targetPort: 70000}", None),
        ];
        for (port, expected) in table {
            let read: ServicePort = serde_saphyr::from_str(port).unwrap();
            assert_eq!(port_in_pod(&read, &pod), expected, "{port}");
        }
    }
}
