//! Whether a port speaks HTTP, as far as its Service tells. Pure.

use k8s_openapi::api::core::v1::ServicePort;

use crate::{compare::view::HttpBy, service};

/// Ports that carry HTTP nearly everywhere. Those that mostly do, as 3000, 5000 or 9090, are left to their names.
const NUMBERS: [i32; 5] = [80, 8000, 8008, 8080, 8081];

/// A plain request there is an error in the log of whoever expects TLS.
const TLS_NUMBERS: [i32; 2] = [443, 8443];

/// What an appProtocol or a part of a name says that is no plain HTTP/1.
const PART_OF_OTHERS: [&str; 24] = [
    "amqp",
    "grpc",
    "grpcs",
    "h2",
    "h2c",
    "http2",
    "https",
    "kafka",
    "ldap",
    "mongo",
    "mongodb",
    "mtls",
    "mysql",
    "nats",
    "postgres",
    "postgresql",
    "redis",
    "sctp",
    "smtp",
    "ssh",
    "ssl",
    "tcp",
    "tls",
    "udp",
];

/// Whether a Service's port speaks HTTP, and by what that is known: its appProtocol, which has the last word; its name, or
/// that of its targetPort; its number. `None` where it does not look so, or looks like something else: then nothing is
/// sent there unless the user says so.
pub(crate) fn looks_like_http(port: &ServicePort) -> Option<HttpBy> {
    if service::protocol(port) != "TCP" || TLS_NUMBERS.contains(&port.port) {
        return None;
    }
    if let Some(protocol) = port.app_protocol.as_deref().filter(|protocol| !protocol.is_empty()) {
        // WebSockets begin with HTTP.
        let http = matches!(protocol.to_ascii_lowercase().as_str(), "http" | "ws" | "kubernetes.io/ws");
        return http.then_some(HttpBy::AppProtocol);
    }
    let names = service::names(port);
    if names.iter().any(|name| name.split('-').any(|part| PART_OF_OTHERS.contains(&part))) {
        return None;
    }
    if names.into_iter().any(says_so) {
        return Some(HttpBy::Name);
    }
    NUMBERS.contains(&port.port).then_some(HttpBy::Number)
}

/// Whether a name begins or ends with what HTTP is called.
fn says_so(name: &str) -> bool {
    let is_http = |part: Option<&str>| part.is_some_and(|part| matches!(part, "http" | "web" | "www"));
    is_http(name.split('-').next()) || is_http(name.rsplit('-').next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_taken_for_http_only_where_that_is_sure() {
        use HttpBy::{AppProtocol, Name, Number};
        let table = [
            // appProtocol has the last word, also against name and number.
            ("{name: db, port: 5432, appProtocol: http}", Some(AppProtocol)),
            ("{name: x, port: 7000, appProtocol: HTTP}", Some(AppProtocol)),
            ("{name: x, port: 7000, appProtocol: kubernetes.io/ws}", Some(AppProtocol)),
            ("{port: 1, targetPort: https, appProtocol: http}", Some(AppProtocol)),
            ("{name: http, port: 80, appProtocol: postgresql}", None),
            ("{name: http, port: 80, appProtocol: grpc}", None),
            ("{name: http, port: 80, appProtocol: kubernetes.io/h2c}", None),
            ("{name: http, port: 80, appProtocol: https}", None),
            ("{name: http, port: 80, appProtocol: example.com/custom}", None),
            ("{name: http, port: 7000, appProtocol: ''}", Some(Name)),
            // Then the name.
            ("{name: http, port: 9}", Some(Name)),
            ("{name: web, port: 9}", Some(Name)),
            ("{name: www, port: 9}", Some(Name)),
            ("{name: http-admin, port: 9}", Some(Name)),
            ("{name: admin-http, port: 9}", Some(Name)),
            ("{name: httpd, port: 9}", None),
            ("{name: webhook, port: 9}", None),
            ("{name: api, port: 9}", None),
            ("{name: metrics, port: 9}", None),
            ("{name: https, port: 8080}", None),
            ("{name: http-tls, port: 8080}", None),
            ("{name: http2, port: 8080}", None),
            ("{name: grpc-web, port: 8080}", None),
            ("{name: redis, port: 8000}", None),
            ("{name: dns-tcp, port: 80}", None),
            ("{name: postgresql, port: 5432}", None),
            // Its own, or that of its targetPort; what either says against it counts.
            ("{port: 1, targetPort: web}", Some(Name)),
            ("{name: main, port: 1, targetPort: admin-http}", Some(Name)),
            ("{name: http, port: 80, targetPort: https}", None),
            ("{name: main, port: 80, targetPort: grpc}", None),
            ("{name: https, port: 8080, targetPort: http}", None),
            // Then the number.
            ("{port: 80}", Some(Number)),
            ("{port: 80, targetPort: main}", Some(Number)),
            ("{port: 8080}", Some(Number)),
            ("{name: admin, port: 8081}", Some(Number)),
            ("{port: 1, targetPort: 8080}", None),
            ("{port: 3000}", None),
            ("{port: 5432}", None),
            // Never where TLS is spoken, or no TCP.
            ("{port: 443}", None),
            ("{name: http, port: 443}", None),
            ("{name: https, port: 443, targetPort: 8080}", None),
            ("{name: web, port: 8443}", None),
            ("{name: http, port: 443, appProtocol: http}", None),
            ("{name: http, port: 80, protocol: UDP}", None),
        ];
        for (port, expected) in table {
            let read: ServicePort = serde_saphyr::from_str(port).unwrap();
            assert_eq!(looks_like_http(&read), expected, "{port}");
        }
    }
}
