//! Whether a port speaks HTTP, as far as its names tell. Pure.

use crate::compare::view::HttpBy;

/// Ports that carry HTTP nearly everywhere. Those that mostly do, as 3000, 5000 or 9090, are left to their names.
const NUMBERS: [u16; 5] = [80, 8000, 8008, 8080, 8081];

/// A plain request there is an error in the log of whoever expects TLS.
const TLS_NUMBERS: [u16; 2] = [443, 8443];

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

/// Whether a Service's or a container's port speaks HTTP, and by what that is known: its appProtocol, which has the last
/// word; its name; its number. `None` where it does not look so, or looks like something else: then nothing is sent there
/// unless the user says so.
pub fn looks_like_http(name: &str, number: u16, app_protocol: Option<&str>) -> Option<HttpBy> {
    if TLS_NUMBERS.contains(&number) {
        return None;
    }
    if let Some(protocol) = app_protocol.filter(|protocol| !protocol.is_empty()) {
        // WebSockets begin with HTTP.
        let http = matches!(protocol.to_ascii_lowercase().as_str(), "http" | "ws" | "kubernetes.io/ws");
        return http.then_some(HttpBy::AppProtocol);
    }
    let parts: Vec<&str> = name.split('-').collect();
    if parts.iter().any(|part| PART_OF_OTHERS.contains(part)) {
        return None;
    }
    let says_so = |part: Option<&&str>| part.is_some_and(|part| matches!(*part, "http" | "web" | "www"));
    if says_so(parts.first()) || says_so(parts.last()) {
        return Some(HttpBy::Name);
    }
    NUMBERS.contains(&number).then_some(HttpBy::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_taken_for_http_only_where_that_is_sure() {
        use HttpBy::{AppProtocol, Name, Number};
        let table = [
            // appProtocol has the last word, also against name and number.
            (("db", 5432, Some("http")), Some(AppProtocol)),
            (("x", 7000, Some("HTTP")), Some(AppProtocol)),
            (("x", 7000, Some("kubernetes.io/ws")), Some(AppProtocol)),
            (("http", 80, Some("postgresql")), None),
            (("http", 80, Some("grpc")), None),
            (("http", 80, Some("kubernetes.io/h2c")), None),
            (("http", 80, Some("https")), None),
            (("http", 80, Some("example.com/custom")), None),
            (("http", 7000, Some("")), Some(Name)),
            // Then the name.
            (("http", 9, None), Some(Name)),
            (("web", 9, None), Some(Name)),
            (("www", 9, None), Some(Name)),
            (("http-admin", 9, None), Some(Name)),
            (("admin-http", 9, None), Some(Name)),
            (("httpd", 9, None), None),
            (("webhook", 9, None), None),
            (("api", 9, None), None),
            (("metrics", 9, None), None),
            (("https", 8080, None), None),
            (("http-tls", 8080, None), None),
            (("http2", 8080, None), None),
            (("grpc-web", 8080, None), None),
            (("redis", 8000, None), None),
            (("dns-tcp", 80, None), None),
            // Then the number.
            (("", 80, None), Some(Number)),
            (("", 8080, None), Some(Number)),
            (("admin", 8081, None), Some(Number)),
            (("", 3000, None), None),
            (("", 5432, None), None),
            // Never where TLS is spoken.
            (("", 443, None), None),
            (("http", 443, None), None),
            (("web", 8443, None), None),
            (("http", 443, Some("http")), None),
        ];
        for ((name, number, protocol), expected) in table {
            assert_eq!(looks_like_http(name, number, protocol), expected, "{name} {number} {protocol:?}");
        }
    }
}
