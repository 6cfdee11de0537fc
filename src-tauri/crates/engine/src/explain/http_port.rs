//! Whether a Service's port speaks HTTP, as far as it can be told without asking it.

use k8s_openapi::{api::core::v1::ServicePort, apimachinery::pkg::util::intstr::IntOrString};

use crate::{compare::view::HttpBy, service};

/// Ports where nothing but HTTP is usual.
const NUMBERS: [i32; 11] = [80, 3000, 5000, 8000, 8008, 8080, 8081, 8088, 8090, 8888, 9090];

/// By what it is told; `None` where it is not HTTP, or where nothing says so. TLS is not: it would take a handshake.
pub(crate) fn by(port: &ServicePort) -> Option<HttpBy> {
    if service::protocol(port) != "TCP" {
        return None;
    }
    // Who says what it is means it, also where it is something else.
    if let Some(said) = &port.app_protocol {
        return matches!(said.as_str(), "http" | "kubernetes.io/ws").then_some(HttpBy::AppProtocol);
    }
    let name = port.name.as_deref().unwrap_or_default();
    let target = match &port.target_port {
        Some(IntOrString::String(name)) => name,
        _ => "",
    };
    let names = || [name, target].into_iter().flat_map(|name| name.split('-'));
    if names().any(|part| matches!(part, "https" | "tls" | "ssl" | "grpc")) {
        return None;
    }
    if names().any(|part| matches!(part, "http" | "web" | "www")) {
        return Some(HttpBy::Name);
    }
    let number = match &port.target_port {
        Some(IntOrString::Int(number)) => *number,
        _ => port.port,
    };
    (NUMBERS.contains(&port.port) || NUMBERS.contains(&number)).then_some(HttpBy::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_that_a_port_speaks_http() {
        let table = [
            ("{port: 1, appProtocol: http}", Some(HttpBy::AppProtocol)),
            ("{port: 80, name: http, appProtocol: kubernetes.io/h2c}", None),
            ("{port: 1, name: http}", Some(HttpBy::Name)),
            ("{port: 1, name: http-admin}", Some(HttpBy::Name)),
            ("{port: 1, targetPort: web}", Some(HttpBy::Name)),
            ("{port: 443, name: https, targetPort: 8080}", None),
            ("{port: 80, name: grpc}", None),
            ("{port: 80, name: main}", Some(HttpBy::Number)),
            ("{port: 1, targetPort: 8080}", Some(HttpBy::Number)),
            ("{port: 80, protocol: UDP}", None),
            ("{port: 5432, name: postgresql}", None),
        ];
        for (port, expected) in table {
            let read: ServicePort = serde_saphyr::from_str(port).unwrap();
            assert_eq!(by(&read), expected, "{port}");
        }
    }
}
