//! kubectl's syntax for targets and ports.

use crate::{
    error::Error,
    forward::{LocalPort, PortMap, PortRef, Target, WorkloadKind},
    row::ListKind,
};

/// Reads `pod/web`, `web`, `svc/web`, `deployments/web`, `deploy.apps/web` and the like.
///
/// # Errors
/// [`Error::BadTarget`] that lists what would be right.
pub fn target(text: &str) -> Result<Target, Error> {
    let bad = |why: String| Error::BadTarget { text: text.to_owned(), why };
    let (kind, name) = match text.split_once('/') {
        None => ("pod", text),
        Some((kind, name)) => (kind, name),
    };
    if name.is_empty() || name.contains('/') {
        return Err(bad("it needs one name after the kind".into()));
    }
    let name = name.to_owned();
    // `deployments.v1.apps/web` names the group; the kinds here are unambiguous without it.
    let plain = kind.split('.').next().unwrap_or_default().to_lowercase();
    let kind = match plain.as_str() {
        "po" | "pod" | "pods" => return Ok(Target::Pod { name }),
        "svc" | "service" | "services" => return Ok(Target::Service { name }),
        "deploy" | "deployment" | "deployments" => WorkloadKind::Deployment,
        "sts" | "statefulset" | "statefulsets" => WorkloadKind::StatefulSet,
        "ds" | "daemonset" | "daemonsets" => WorkloadKind::DaemonSet,
        "rs" | "replicaset" | "replicasets" => WorkloadKind::ReplicaSet,
        "rc" | "replicationcontroller" | "replicationcontrollers" => WorkloadKind::ReplicationController,
        "job" | "jobs" => WorkloadKind::Job,
        other => return Err(bad(format!("“{other}” is not a kind that has pods to forward to"))),
    };
    Ok(Target::Workload { kind, name })
}

/// Reads the same as [`target`]; but a bare name is what that list is of: a Service, a Deployment or a pod.
///
/// # Errors
/// As [`target`].
pub fn target_in_window(text: &str, list: ListKind) -> Result<Target, Error> {
    let text = text.trim();
    let bare = !text.is_empty() && !text.contains('/');
    let named = match list {
        ListKind::Services if bare => format!("svc/{text}"),
        ListKind::Workloads if bare => format!("deploy/{text}"),
        ListKind::Services | ListKind::Workloads | ListKind::Pods => text.to_owned(),
    };
    target(&named)
}

/// Reads `8080`, `8080:80`, `:80`, `8080:http`, `:http` and `http`.
///
/// # Errors
/// [`Error::BadPort`] that says what is wrong with it.
pub fn port(text: &str) -> Result<PortMap, Error> {
    let bad = |why: &str| Error::BadPort { text: text.to_owned(), why: why.to_owned() };
    let (local, remote) = match text.split_once(':') {
        None => (None, text),
        Some((local, remote)) => (Some(local), remote),
    };
    let remote = remote_port(remote).map_err(bad)?;
    let local = match (local, &remote) {
        // As kubectl has it, `:80` and `0:80` both mean any free port.
        (Some("" | "0"), _) => LocalPort::Any,
        (Some(local), _) => LocalPort::Fixed { port: number(local).map_err(bad)? },
        (None, PortRef::Number(port)) => LocalPort::Fixed { port: *port },
        (None, PortRef::Name(_)) => LocalPort::Same,
    };
    Ok(PortMap { local, remote })
}

/// Reads the same as [`port`]; but where only the remote port is given, the local one is suggested rather than fixed.
///
/// # Errors
/// As [`port`].
pub fn port_in_window(text: &str) -> Result<PortMap, Error> {
    let text = text.trim();
    let map = port(text)?;
    Ok(if text.contains(':') { map } else { PortMap { local: LocalPort::Suggested { before: None }, ..map } })
}

fn number(text: &str) -> Result<u16, &'static str> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err("a local port is a number");
    }
    match text.parse() {
        Ok(0) => Err("0 is out of range"),
        Ok(port) => Ok(port),
        Err(_) => Err("the number is out of range"),
    }
}

fn remote_port(text: &str) -> Result<PortRef, &'static str> {
    if text.is_empty() {
        return Err("the remote port is missing");
    }
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return number(text).map(PortRef::Number);
    }
    // Kubernetes' own rule for port names (IANA_SVC_NAME, but Service ports may be DNS labels of 63).
    let of_name = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if text.len() > 63 || !text.bytes().all(of_name) || text.starts_with('-') || text.ends_with('-') {
        return Err("a port's name has only lower-case letters, digits and “-”");
    }
    Ok(PortRef::Name(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_as_kubectl_takes_them() {
        let workload = |kind| Target::Workload { kind, name: "web".into() };
        let table = [
            ("web", Target::Pod { name: "web".into() }),
            ("pod/web", Target::Pod { name: "web".into() }),
            ("po/web", Target::Pod { name: "web".into() }),
            ("pods/web", Target::Pod { name: "web".into() }),
            ("svc/web", Target::Service { name: "web".into() }),
            ("service/web", Target::Service { name: "web".into() }),
            ("services/web", Target::Service { name: "web".into() }),
            ("deploy/web", workload(WorkloadKind::Deployment)),
            ("deployments.apps/web", workload(WorkloadKind::Deployment)),
            ("Deployment/web", workload(WorkloadKind::Deployment)),
            ("sts/web", workload(WorkloadKind::StatefulSet)),
            ("statefulset/web", workload(WorkloadKind::StatefulSet)),
            ("ds/web", workload(WorkloadKind::DaemonSet)),
            ("daemonsets/web", workload(WorkloadKind::DaemonSet)),
            ("rs/web", workload(WorkloadKind::ReplicaSet)),
            ("replicaset/web", workload(WorkloadKind::ReplicaSet)),
            ("rc/web", workload(WorkloadKind::ReplicationController)),
            ("replicationcontroller/web", workload(WorkloadKind::ReplicationController)),
            ("job/web", workload(WorkloadKind::Job)),
            ("jobs/web", workload(WorkloadKind::Job)),
        ];
        for (text, expected) in table {
            assert_eq!(target(text).unwrap(), expected, "{text}");
        }
        for text in ["cm/web", "svc/", "svc/a/b", "/web", ""] {
            assert!(matches!(target(text), Err(Error::BadTarget { .. })), "{text}");
        }
    }

    #[test]
    fn in_a_list_a_bare_name_is_one_of_its_kind() {
        let web = || "web".to_owned();
        let deployment = Target::Workload { kind: WorkloadKind::Deployment, name: web() };
        let table = [
            (" web ", ListKind::Services, Target::Service { name: web() }),
            ("web", ListKind::Workloads, deployment.clone()),
            ("web", ListKind::Pods, Target::Pod { name: web() }),
            ("pod/web", ListKind::Services, Target::Pod { name: web() }),
            ("deploy/web", ListKind::Pods, deployment),
            ("svc/web", ListKind::Workloads, Target::Service { name: web() }),
        ];
        for (text, list, expected) in table {
            assert_eq!(target_in_window(text, list).unwrap(), expected, "{text} in {list:?}");
        }
        for text in ["", " ", "cm/web", "svc/"] {
            assert!(matches!(target_in_window(text, ListKind::Services), Err(Error::BadTarget { .. })), "{text}");
        }
    }

    #[test]
    fn ports_as_kubectl_takes_them() {
        let fixed = |port| LocalPort::Fixed { port };
        let name = |n: &str| PortRef::Name(n.into());
        let table = [
            ("8080", fixed(8080), PortRef::Number(8080)),
            ("8080:80", fixed(8080), PortRef::Number(80)),
            (":80", LocalPort::Any, PortRef::Number(80)),
            ("0:80", LocalPort::Any, PortRef::Number(80)),
            ("8080:http", fixed(8080), name("http")),
            (":http", LocalPort::Any, name("http")),
            ("http", LocalPort::Same, name("http")),
            ("65535:1", fixed(65535), PortRef::Number(1)),
        ];
        for (text, local, remote) in table {
            assert_eq!(port(text).unwrap(), PortMap { local, remote }, "{text}");
        }
        assert_eq!(
            port_in_window(" 9229 ").unwrap(),
            PortMap { local: LocalPort::Suggested { before: None }, remote: PortRef::Number(9229) }
        );
        assert_eq!(port_in_window("9000:9229").unwrap().local, fixed(9000));
        for text in [
            "",
            ":",
            "0",
            "80:",
            "80:0",
            "70000",
            "70000:80",
            "80:70000",
            "-1",
            "8080:80:1",
            "http:80",
            "80:HTTP",
            "8 0",
            "99999999999",
        ] {
            assert!(matches!(port(text), Err(Error::BadPort { .. })), "{text}");
        }
    }
}
