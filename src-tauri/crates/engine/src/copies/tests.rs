use super::*;
use crate::{forward::PortMap, parse, phase::Endpoint, session};

/// A session that listens: `("http", 8080, 80)` is a remote port, its local one, and the pod's.
fn session(target: &str, context: &str, ports: &[(&str, u16, u16)]) -> SessionView {
    let target = match target.strip_prefix("-l ") {
        Some(labels) => Target::Selector { labels: labels.into() },
        None => parse::target(target).unwrap(),
    };
    let maps: Vec<PortMap> = ports
        .iter()
        .map(|(remote, ..)| PortMap { local: LocalPort::Suggested { before: None }, ..parse::port(remote).unwrap() })
        .collect();
    let forward = Forward {
        context: ContextId { source: "default".into(), name: context.into() },
        namespace: "shop".into(),
        target,
        ports: maps.clone(),
        bind: Vec::new(),
        balance: None,
        hold_seconds: 30,
        wait_for_name: false,
    };
    let mut view = session::first_view(crate::session::view::SessionId(1), &forward);
    view.listeners = (0..)
        .zip(ports)
        .zip(maps)
        .map(|((slot, (_, port, _)), map)| ListenerView {
            slot,
            address: format!("127.0.0.1:{port}"),
            addresses: Vec::new(),
            port: *port,
            remote: map.remote,
            instead_of: None,
        })
        .collect();
    let endpoint = |(slot, (_, _, port)): (usize, &(&str, u16, u16))| Endpoint {
        slot,
        pod: "web-1".into(),
        uid: "uid".into(),
        port: *port,
    };
    view.phase = Phase::Active { endpoints: ports.iter().enumerate().map(endpoint).collect() };
    view
}

fn copied(session: &SessionView, kind: CopyKind) -> Vec<String> {
    of(session).into_iter().filter(|copy| copy.kind == kind).map(|copy| copy.text).collect()
}

#[test]
fn the_lines_that_open_the_same_ports() {
    let web = session("svc/web", "staging", &[("http", 8080, 80), ("9090", 9091, 9090)]);
    let rest = "svc/web 8080:http 9091:9090 -n shop --context staging";
    assert_eq!(copied(&web, CopyKind::Kubectl), [format!("kubectl port-forward {rest}")]);
    assert_eq!(copied(&web, CopyKind::Portolan), [format!("portolan forward {rest}")]);
    let pods = session("-l app=web,tier!=cache", "staging", &[("80", 8080, 80)]);
    assert_eq!(copied(&pods, CopyKind::Kubectl), Vec::<String>::new(), "kubectl takes no selector");
    let line = "portolan forward -l 'app=web,tier!=cache' 8080:80 -n shop --context staging";
    assert_eq!(copied(&pods, CopyKind::Portolan), [line]);
    let mut open = session("deploy/web", "staging", &[("80", 8080, 80)]);
    open.forward.bind = vec![[0, 0, 0, 0].into(), [127, 0, 0, 2].into()];
    open.forward.context.source = "/my files/k3s.yaml".into();
    let line = "kubectl port-forward deploy/web 8080:80 -n shop --context staging \
                --kubeconfig '/my files/k3s.yaml' --address 0.0.0.0,127.0.0.2";
    assert_eq!(copied(&open, CopyKind::Kubectl), [line]);
    assert_eq!(copied(&open, CopyKind::Url), ["http://127.0.0.1:8080"], "no client can go to 0.0.0.0");
}

#[test]
fn a_name_from_elsewhere_runs_nothing() {
    let mut evil = session("svc/web", "$(rm -rf ~)", &[("80", 8080, 80)]);
    evil.forward.namespace = "`id`".into();
    evil.forward.target = Target::Service { name: "it's;reboot".into() };
    let line = r"kubectl port-forward 'svc/it'\''s;reboot' 8080:80 -n '`id`' --context '$(rm -rf ~)'";
    assert_eq!(copied(&evil, CopyKind::Kubectl), [line]);
    assert_eq!(copied(&evil, CopyKind::Variable), ["IT_S_REBOOT_URL=http://127.0.0.1:8080"]);
}

#[test]
fn what_goes_to_one_port() {
    for (target, port, address, url, curl, variable, client) in [
        (
            "svc/web",
            ("80", 8080, 80),
            "",
            "http://127.0.0.1:8080",
            "curl http://127.0.0.1:8080/",
            "WEB_URL=http://127.0.0.1:8080",
            "",
        ),
        (
            "svc/web",
            ("443", 8443, 443),
            "",
            "https://127.0.0.1:8443",
            "curl --insecure https://127.0.0.1:8443/",
            "WEB_URL=https://127.0.0.1:8443",
            "",
        ),
        (
            "sts/my-db",
            ("5432", 5433, 5432),
            "",
            "postgresql://127.0.0.1:5433",
            "",
            "MY_DB_URL=postgresql://127.0.0.1:5433",
            "psql -h 127.0.0.1 -p 5433",
        ),
        (
            "svc/db",
            ("3306", 3306, 3306),
            "127.0.0.2",
            "mysql://127.0.0.2:3306",
            "",
            "DB_URL=mysql://127.0.0.2:3306",
            "mysql -h 127.0.0.2 -P 3306",
        ),
        (
            "svc/cache",
            ("redis", 6380, 1),
            "",
            "redis://127.0.0.1:6380",
            "",
            "CACHE_URL=redis://127.0.0.1:6380",
            "redis-cli -h 127.0.0.1 -p 6380",
        ),
        (
            "svc/docs",
            ("27017", 27017, 27017),
            "",
            "mongodb://127.0.0.1:27017/?directConnection=true",
            "",
            "DOCS_URL='mongodb://127.0.0.1:27017/?directConnection=true'",
            "mongosh 'mongodb://127.0.0.1:27017/?directConnection=true'",
        ),
        ("svc/echo", ("7", 8007, 7), "", "", "", "ECHO_ADDRESS=127.0.0.1:8007", ""),
        (
            "pod/7zip-1",
            ("80", 8080, 80),
            "::1",
            "http://[::1]:8080",
            "curl 'http://[::1]:8080/'",
            "_7ZIP_1_URL='http://[::1]:8080'",
            "",
        ),
        (
            "svc/pg",
            ("5432", 5432, 5432),
            "::",
            "postgresql://[::1]:5432",
            "",
            "PG_URL='postgresql://[::1]:5432'",
            "psql -h ::1 -p 5432",
        ),
    ] {
        let mut session = session(target, "staging", &[port]);
        session.forward.bind = address.parse().into_iter().collect();
        let one = |kind| copied(&session, kind).join("|");
        let all = [CopyKind::Url, CopyKind::Curl, CopyKind::Variable, CopyKind::Client].map(one);
        assert_eq!(all, [url, curl, variable, client], "{target}");
    }
}

#[test]
fn several_ports_are_told_apart() {
    let web = session("svc/web", "staging", &[("http", 8080, 80), ("7", 8007, 7)]);
    let expected = ["WEB_HTTP_URL=http://127.0.0.1:8080", "WEB_7_ADDRESS=127.0.0.1:8007"];
    assert_eq!(copied(&web, CopyKind::Variable), expected);
    let ports: Vec<Option<u16>> = of(&web).into_iter().map(|copy| copy.port).collect();
    assert_eq!(ports, [None, None, Some(8080), Some(8080), Some(8080), Some(8007)]);
}

#[test]
fn what_does_not_listen_has_nothing_to_copy() {
    let mut over = session("svc/web", "staging", &[("80", 8080, 80)]);
    over.listeners.clear();
    assert_eq!(of(&over), Vec::new());
}
