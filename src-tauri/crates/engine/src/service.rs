//! What a Service says of itself.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Service, ServicePort};

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

/// `http 80` or `80`; `dns 53 UDP`.
pub(crate) fn port_in_words(port: &ServicePort) -> String {
    let name = port.name.as_ref().map(|name| format!("{name} ")).unwrap_or_default();
    let protocol = Some(protocol(port)).filter(|protocol| *protocol != "TCP").map(|protocol| format!(" {protocol}"));
    format!("{name}{}{}", port.port, protocol.unwrap_or_default())
}
