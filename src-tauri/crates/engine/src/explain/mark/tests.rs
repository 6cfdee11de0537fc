//! Marks, from small YAML.

use super::*;
use crate::explain::facts::sample::facts;

const WEB: &str = "
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: http}, {port: 7, targetPort: 7}]}
";

/// A pod that is ready or not, with a container port of this name.
fn pod(name: &str, port: &str, ready: bool) -> String {
    format!(
        "---
kind: Pod
metadata: {{name: {name}, namespace: shop, labels: {{app: web}}}}
spec: {{containers: [{{name: c, ports: [{{name: {port}, containerPort: 80}}]}}]}}
status:
  phase: Running
  conditions: [{{type: Ready, status: '{}'}}]
  containerStatuses: [{{name: c, ready: {ready}, restartCount: 0, image: '', imageID: '', state: {{running: {{}}}}}}]
",
        if ready { "True" } else { "False" }
    )
}

fn marked(yaml: &str) -> Vec<(FindingCode, String)> {
    let facts = facts(yaml);
    let service = facts.service().unwrap();
    let briefs: Vec<PodBrief> = facts.pods.iter().flatten().filter_map(PodBrief::of).collect();
    let briefs: Vec<&PodBrief> = briefs.iter().collect();
    marks(service, &briefs).iter().map(|mark| (mark.code(), mark.words(service))).collect()
}

#[test]
fn what_a_list_can_tell_of_a_service() {
    use FindingCode as Code;
    let (good, bad, renamed) = (pod("a", "http", true), pod("b", "http", false), pod("c", "www", true));
    let failing = "none ready: running, but its readiness probe fails";
    let table = [
        (vec![], vec![(Code::SelectorMatchesNothing, "no pods")]),
        (vec![&good], vec![]),
        (vec![&bad], vec![(Code::NoPodReady, failing)]),
        (vec![&good, &bad], vec![(Code::SomePodsNotReady, "1 of 2 not ready")]),
        (vec![&renamed], vec![(Code::TargetPortUnnamed, "no container port http")]),
        (vec![&good, &renamed], vec![(Code::TargetPortDiffers, "some pods have no port http")]),
    ];
    for (pods, expected) in table {
        let yaml = format!("{WEB}{}", pods.into_iter().cloned().collect::<String>());
        let expected: Vec<_> = expected.into_iter().map(|(code, words)| (code, words.to_owned())).collect();
        assert_eq!(marked(&yaml), expected, "{yaml}");
    }
}

#[test]
fn what_is_asked_for_is_not_marked() {
    // Headless: clients take the program's own port. And a Service may want pods that are not ready.
    for more in ["clusterIP: None, ", "publishNotReadyAddresses: true, "] {
        let service = WEB.replace("spec: {", &format!("spec: {{{more}"));
        let pods = if more.starts_with("cluster") { pod("a", "www", true) } else { pod("a", "http", false) };
        assert_eq!(marked(&format!("{service}{pods}")), [], "{service}");
    }
    // Out of service, and nobody expects otherwise.
    let leaving = pod("b", "http", false).replace("{name: b,", "{name: b, deletionTimestamp: '2026-01-01T00:00:00Z',");
    let done = pod("c", "http", false).replace("phase: Running", "phase: Succeeded");
    assert_eq!(marked(&format!("{WEB}{}{leaving}{done}", pod("a", "http", true))), []);
}

#[test]
fn a_named_port_of_another_protocol_is_another_port() {
    let dns = "
kind: Service
metadata: {name: dns, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 53, protocol: UDP, targetPort: dns}]}
";
    assert_eq!(
        marked(&format!("{dns}{}", pod("a", "dns", true))),
        [(FindingCode::TargetPortUnnamed, "no container port dns".into())]
    );
    let udp = pod("a", "dns", true).replace("containerPort: 80", "containerPort: 53, protocol: UDP");
    assert_eq!(marked(&format!("{dns}{udp}")), []);
}
