//! What is compared: a Service and one of its ports, as its object says. Pure.

use k8s_openapi::api::core::v1::Service;

use super::view::{Asking, HttpBy, Method};
use crate::{
    catalog::rows,
    error::Error,
    forward::{PortRef, Target},
    probe::looks_like_http,
    resolve,
    row::RowPort,
    service,
};

/// Between two probes of a port that speaks HTTP, in milliseconds.
const HTTP_MS: u32 = 500;

/// The same of any other: half-open logins fill a database's log, and can lock clients out.
const OTHER_MS: u32 = 5_000;

/// A Service's port, and what belongs to the ways to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Subject {
    pub(super) service: String,
    pub(super) port: RowPort,
    pub(super) http_by: Option<HttpBy>,
    /// Of its pods; `None` where it has none.
    pub(super) selector: Option<String>,
    /// Its own address; empty for a headless one.
    pub(super) cluster_ip: String,
    /// Whether a node passes on only to its own pods: `externalTrafficPolicy: Local`.
    pub(super) local: bool,
}

impl Subject {
    /// # Errors
    /// When there is no such TCP port, or the Service is only a name for something else.
    pub(super) fn of(service: &Service, name: &str, port: &PortRef) -> Result<Subject, Error> {
        let target = Target::Service { name: name.to_owned() };
        let selector = match resolve::selector_of(service, &target) {
            Err(error @ Error::ExternalName { .. }) => return Err(error),
            selector => selector.ok(),
        };
        let spec = service.spec.clone().unwrap_or_default();
        let headless = service::is_headless(service);
        let declared = spec.ports.unwrap_or_default();
        let found = resolve::service_port(&target.to_string(), &declared, port)?;
        let in_row = rows::service_port(found, headless).ok_or_else(|| Error::PortNotFound {
            of: target.to_string(),
            wanted: port.clone(),
            known: Vec::new(),
        })?;
        Ok(Subject {
            service: name.to_owned(),
            http_by: looks_like_http(found),
            port: in_row,
            selector,
            cluster_ip: spec.cluster_ip.filter(|_| !headless).unwrap_or_default(),
            local: service::is_local(service),
        })
    }

    /// The port, as a tunnel asks for it: by its number, which no two have.
    pub(super) fn remote(&self) -> PortRef {
        PortRef::Number(self.port.port)
    }

    /// How its probes ask, unless the user wants it otherwise.
    pub(super) fn asking(&self) -> Asking {
        let method = if self.http_by.is_some() { Method::Get } else { Method::Connect };
        asking(method, "/".into(), self.http_by)
    }

    /// `svc/web:http 8080 → targetPort http`.
    pub(super) fn in_words(&self) -> String {
        let RowPort { name, port, target, .. } = &self.port;
        let of = if name.is_empty() {
            format!("svc/{}:{port}", self.service)
        } else {
            format!("svc/{}:{name} {port}", self.service)
        };
        match target {
            None => of,
            Some(PortRef::Number(number)) => format!("{of} → targetPort {number}"),
            Some(PortRef::Name(name)) => format!("{of} → targetPort {name}"),
        }
    }
}

/// What the user wants asked of this port. Asking by HTTP says that it speaks it.
pub(super) fn asked(method: Method, path: String, before: &Asking) -> Asking {
    let http_by = match method {
        Method::Get | Method::Head => before.http_by.or(Some(HttpBy::User)),
        Method::Connect => before.http_by.filter(|by| *by != HttpBy::User),
    };
    asking(method, path, http_by)
}

fn asking(method: Method, path: String, http_by: Option<HttpBy>) -> Asking {
    Asking { method, path, every_ms: if http_by.is_some() { HTTP_MS } else { OTHER_MS }, http_by }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn subject(spec: serde_json::Value, port: PortRef) -> Result<Subject, Error> {
        let service = serde_json::from_value(json!({"metadata": {"name": "web"}, "spec": spec})).unwrap();
        Subject::of(&service, "web", &port)
    }

    #[test]
    fn a_service_says_what_its_port_is() {
        let spec = json!({"selector": {"app": "web"}, "clusterIP": "10.96.0.7", "type": "NodePort", "externalTrafficPolicy": "Local",
            "ports": [{"name": "http", "port": 8080, "targetPort": "http", "nodePort": 30080},
                {"name": "db", "port": 5432}, {"port": 81, "targetPort": 8081, "appProtocol": "http"}]});
        let web = subject(spec.clone(), PortRef::Name("http".into())).unwrap();
        assert_eq!((web.port.node_port, web.http_by, web.local), (Some(30080), Some(HttpBy::Name), true));
        assert_eq!((web.selector.as_deref(), web.cluster_ip.as_str()), (Some("app=web"), "10.96.0.7"));
        assert_eq!(
            (web.in_words().as_str(), web.remote()),
            ("svc/web:http 8080 → targetPort http", PortRef::Number(8080))
        );
        assert_eq!((web.asking().method, web.asking().every_ms), (Method::Get, 500));
        let db = subject(spec.clone(), PortRef::Number(5432)).unwrap();
        assert_eq!((db.http_by, db.asking().method, db.asking().every_ms), (None, Method::Connect, 5_000));
        assert_eq!(db.in_words(), "svc/web:db 5432");
        let other = subject(spec.clone(), PortRef::Number(81)).unwrap();
        assert_eq!(
            (other.http_by, other.in_words().as_str()),
            (Some(HttpBy::AppProtocol), "svc/web:81 → targetPort 8081")
        );
        assert!(matches!(subject(spec, PortRef::Number(82)), Err(Error::PortNotFound { .. })));
    }

    #[test]
    fn what_cannot_be_compared_says_why_and_what_has_no_selector_can() {
        let external = json!({"type": "ExternalName", "externalName": "x", "ports": [{"port": 80}]});
        assert!(matches!(subject(external, PortRef::Number(80)), Err(Error::ExternalName { .. })));
        let udp = json!({"selector": {"a": "b"}, "ports": [{"port": 53, "protocol": "UDP"}]});
        assert!(matches!(subject(udp, PortRef::Number(53)), Err(Error::NotTcp { .. })));
        let bare = subject(json!({"clusterIP": "None", "ports": [{"port": 80}]}), PortRef::Number(80)).unwrap();
        assert_eq!((bare.selector, bare.cluster_ip.as_str()), (None, ""));
    }

    #[test]
    fn asking_by_http_says_that_the_port_speaks_it_and_sets_the_pace() {
        let web = asking(Method::Get, "/".into(), Some(HttpBy::Name));
        let db = asking(Method::Connect, "/".into(), None);
        let table = [
            (Method::Head, &web, Some(HttpBy::Name), 500),
            (Method::Connect, &web, Some(HttpBy::Name), 500),
            (Method::Get, &db, Some(HttpBy::User), 500),
            (Method::Connect, &db, None, 5_000),
        ];
        for (method, before, http_by, every_ms) in table {
            let after = asked(method, "/x".into(), before);
            assert_eq!(after, Asking { method, path: "/x".into(), every_ms, http_by });
        }
        let back = asked(Method::Connect, "/".into(), &asked(Method::Get, "/".into(), &db));
        assert_eq!(back, db, "what the user said is taken back by the user");
    }
}
