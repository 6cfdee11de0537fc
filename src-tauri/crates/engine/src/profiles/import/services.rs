//! All Services of a namespace, as profiles.

use super::Found;
use crate::{
    context::ContextId,
    error::list,
    local_port::suggestion,
    profiles::{Profile, Saved, saved::default_hold},
    row::{Row, RowFacts, RowPort},
};

/// Where the Services are.
pub(crate) struct Place<'a> {
    pub(crate) context: &'a ContextId,
    /// The API server's URL.
    pub(crate) server: &'a str,
    pub(crate) namespace: &'a str,
}

impl Found {
    /// One profile with a forward to each Service, or with `each` a profile for each of them. No two have a local port in
    /// common, so that all of them can run together.
    pub(crate) fn services(rows: &[Row], place: &Place, each: bool) -> Found {
        let mut found = Found::default();
        let mut carried: Vec<(&Row, Vec<u16>)> = Vec::new();
        for row in rows {
            match ports(row) {
                Ok((tcp, others)) => {
                    found.left_out.extend(others);
                    carried.push((row, tcp));
                }
                Err(why) => found.left_out.push(why),
            }
        }
        let remotes: Vec<u16> = carried.iter().flat_map(|(_, ports)| ports.clone()).collect();
        let mut locals = locals(&remotes).into_iter();
        let forwards: Vec<(String, Saved)> = carried
            .into_iter()
            .map(|(row, ports)| {
                let ports = ports.iter().zip(&mut locals).map(|(remote, local)| format!("{local}:{remote}")).collect();
                (row.name.clone(), saved(row, place, ports))
            })
            .collect();
        let profile = |name: String, forwards: Vec<Saved>, group: &str| Profile {
            name,
            forwards,
            group: group.into(),
            ..Profile::default()
        };
        if each {
            found.profiles =
                forwards.into_iter().map(|(name, saved)| profile(name, vec![saved], place.namespace)).collect();
        } else if !forwards.is_empty() {
            let all = forwards.into_iter().map(|(_, saved)| saved).collect();
            found.profiles = vec![profile(place.namespace.into(), all, "")];
        }
        found
    }
}

/// The ports that can be forwarded, and why others are not.
///
/// # Errors
/// Why none of them can.
fn ports(row: &Row) -> Result<(Vec<u16>, Option<String>), String> {
    let what = &row.target;
    if let RowFacts::Service { external_name: Some(host), .. } = &row.facts {
        return Err(format!("{what} is an ExternalName: a DNS alias for {host}, with nothing here to forward to"));
    }
    let (tcp, others): (Vec<&RowPort>, Vec<_>) = row.ports.iter().partition(|port| port.protocol == "TCP");
    let others: Vec<String> = others.into_iter().map(|port| format!("{}/{}", port.port, port.protocol)).collect();
    let why = (!others.is_empty()).then(|| format!("{what} {}: the Kubernetes API carries TCP only", list(others)));
    match (tcp.is_empty(), why) {
        (true, Some(why)) => Err(why),
        (true, None) => Err(format!("{what} declares no port")),
        (false, why) => Ok((tcp.into_iter().map(|port| port.port).collect(), why)),
    }
}

fn saved(row: &Row, place: &Place, ports: Vec<String>) -> Saved {
    let ContextId { source, name } = place.context.clone();
    Saved {
        context: name,
        kubeconfig: if source == ContextId::DEFAULT_SOURCE { String::new() } else { source },
        server: place.server.into(),
        namespace: place.namespace.into(),
        target: row.target.to_string(),
        ports,
        hold_seconds: default_hold(),
        ..Saved::default()
    }
}

/// A local port for each of these, no two the same: its own number for whoever can have that, then what is easiest to
/// remember for the rest, else the next free one. There are more ports than Services.
fn locals(remotes: &[u16]) -> Vec<u16> {
    let (mut locals, mut taken) = (vec![0; remotes.len()], Vec::new());
    for own in [true, false] {
        for (&remote, local) in remotes.iter().zip(&mut locals) {
            let first = suggestion(remote);
            let mut free = (first..=u16::MAX).chain(1024..first).filter(|port| !taken.contains(port));
            if (own && first == remote && !taken.contains(&first)) || (!own && *local == 0) {
                *local = free.next().unwrap_or(first);
                taken.push(*local);
            }
        }
    }
    locals
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forward::Target;

    fn row(name: &str, ports: &[(u16, &str)], external_name: Option<&str>) -> Row {
        let port = |&(port, protocol): &(u16, &str)| RowPort {
            name: String::new(),
            port,
            target: None,
            node_port: None,
            protocol: protocol.into(),
        };
        Row {
            namespace: "shop".into(),
            name: name.into(),
            target: Target::Service { name: name.into() },
            facts: RowFacts::Service {
                service_type: "ClusterIP".into(),
                external_name: external_name.map(str::to_owned),
            },
            ready: None,
            wanted: None,
            ports: ports.iter().map(port).collect(),
            trouble: String::new(),
            finding: None,
        }
    }

    fn found(each: bool) -> Found {
        let rows = [
            row("web", &[(80, "TCP"), (9090, "TCP")], None),
            row("api", &[(80, "TCP")], None),
            row("proxy", &[(8080, "TCP")], None),
            row("dns", &[(53, "UDP"), (53, "TCP")], None),
            row("metrics", &[(8125, "UDP")], None),
            row("mail", &[], Some("smtp.example.org")),
            row("empty", &[], None),
        ];
        let context = ContextId { source: "/k3s.yaml".into(), name: "k3s".into() };
        Found::services(&rows, &Place { context: &context, server: "https://k3s", namespace: "shop" }, each).checked()
    }

    #[test]
    fn all_services_are_one_profile_whose_ports_do_not_collide() {
        let found = found(false);
        let [shop] = &found.profiles[..] else { panic!("{found:?}") };
        let forwards: Vec<String> =
            shop.forwards.iter().map(|saved| format!("{} {}", saved.target, saved.ports.join(" "))).collect();
        assert_eq!(
            forwards,
            ["svc/web 8081:80 9090:9090", "svc/api 8082:80", "svc/proxy 8080:8080", "svc/dns 8053:53"]
        );
        let place = (shop.name.as_str(), shop.forwards[0].kubeconfig.as_str(), shop.forwards[0].server.as_str());
        assert_eq!(place, ("shop", "/k3s.yaml", "https://k3s"));
    }

    #[test]
    fn or_a_profile_each_in_a_group_of_their_own() {
        let found = found(true);
        let names: Vec<(&str, &str)> =
            found.profiles.iter().map(|profile| (profile.name.as_str(), profile.group.as_str())).collect();
        assert_eq!(names, [("web", "shop"), ("api", "shop"), ("proxy", "shop"), ("dns", "shop")]);
        assert_eq!(found.profiles[1].forwards[0].ports, ["8082:80"]);
    }

    #[test]
    fn what_cannot_be_carried_is_left_out_with_the_reason() {
        assert_eq!(
            found(true).left_out,
            [
                "svc/dns 53/UDP: the Kubernetes API carries TCP only",
                "svc/metrics 8125/UDP: the Kubernetes API carries TCP only",
                "svc/mail is an ExternalName: a DNS alias for smtp.example.org, with nothing here to forward to",
                "svc/empty declares no port",
            ]
        );
    }
}
