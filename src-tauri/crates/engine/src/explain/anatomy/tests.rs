//! Anatomies of small YAML.

use super::*;
use crate::explain::{
    facts::sample::facts,
    view::{FindingCode, JoinKind},
};

const WEB: &str = "
kind: Service
metadata: {name: web, namespace: shop}
spec:
  type: NodePort
  clusterIP: 10.96.4.7
  selector: {app: web, version: '2'}
  ports: [{name: http, port: 80, targetPort: http, nodePort: 30080}, {name: echo, port: 7, targetPort: 7}]
---
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  template:
    metadata: {labels: {app: web, version: '2'}}
    spec:
      containers:
      - name: c
        ports: [{name: http, containerPort: 8080}]
        readinessProbe: {httpGet: {path: /, port: http}, periodSeconds: 1}
---
kind: Pod
metadata: {name: web-1, namespace: shop, labels: {app: web, version: '2'}}
spec: {nodeName: node1, containers: [{name: c, ports: [{name: http, containerPort: 8080}]}]}
status: {podIP: 10.0.0.9, conditions: [{type: Ready, status: 'True'}]}
";

fn text(object: &AnatomyObject) -> String {
    let lines = object.lines.iter().map(|line| format!("{}{}\n", "  ".repeat(line.depth as usize), line.text));
    lines.collect()
}

/// `selector app: web → deploy/web app: web`; a broken one ends in its code.
fn joins(anatomy: &Anatomy) -> Vec<String> {
    let at = |end: &crate::explain::view::End| {
        let object = &anatomy.objects[end.object as usize];
        let line = object.lines.iter().find(|line| line.field == end.field);
        format!("{} {}", object.object, line.expect("a join ends at a line").text.trim_start_matches("- "))
    };
    let told = anatomy.joins.iter().map(|join| {
        let to = join.to.as_ref().map_or_else(|| "nothing".into(), at);
        let broken = join.broken.map(|code| format!(" {code:?}")).unwrap_or_default();
        assert!(join.lesson.ends_with('.'), "a sentence");
        format!("{:?} {} → {to}{broken}", join.kind, at(&join.from))
    });
    told.collect()
}

#[test]
fn the_lines_are_those_of_the_yaml() {
    let anatomy = of(&facts(WEB), &[]);
    let names: Vec<&str> = anatomy.objects.iter().map(|object| object.object.as_str()).collect();
    assert_eq!(names, ["svc/web", "deploy/web", "pod/web-1"]);
    assert_eq!(
        text(&anatomy.objects[0]),
        "type: NodePort
clusterIP: 10.96.4.7
selector:
  app: web
  version: \"2\"
ports:
  - name: http
    nodePort: 30080
    port: 80
    targetPort: http
  - name: echo
    port: 7
    targetPort: 7
"
    );
    assert_eq!(
        text(&anatomy.objects[1]),
        "replicas: 1
template:
  labels:
    app: web
    version: \"2\"
  containers:
    - name: c
      ports:
        - name: http
          containerPort: 8080
      readinessProbe: GET / at port http, every 1 s
"
    );
    assert_eq!(
        text(&anatomy.objects[2]),
        "name: web-1
labels:
  app: web
  version: \"2\"
nodeName: node1
podIP: 10.0.0.9
Ready: True
"
    );
}

#[test]
fn what_matches_is_joined() {
    assert_eq!(
        joins(&of(&facts(WEB), &[])),
        [
            "Selector svc/web app: web → deploy/web app: web",
            "Selector svc/web app: web → pod/web-1 app: web",
            "Selector svc/web version: \"2\" → deploy/web version: \"2\"",
            "Selector svc/web version: \"2\" → pod/web-1 version: \"2\"",
            "NodePort svc/web nodePort: 30080 → svc/web port: 80",
            "TargetPort svc/web port: 80 → svc/web targetPort: http",
            "ContainerPort svc/web targetPort: http → deploy/web name: http",
            "TargetPort svc/web port: 7 → svc/web targetPort: 7",
            // It may be open though nobody declares it.
            "ContainerPort svc/web targetPort: 7 → nothing",
        ]
    );
}

#[test]
fn a_join_that_does_not_hold_says_which_finding_has_more() {
    let without = |from: &str, to: &str| joins(&of(&facts(&WEB.replacen(from, to, 1)), &[]));
    let unnamed = without("targetPort: http", "targetPort: www");
    assert_eq!(unnamed[6], "ContainerPort svc/web targetPort: www → nothing TargetPortUnnamed");
    // No pod matches: the nearest is shown, and where it differs.
    let missed =
        facts(&WEB.replacen("version: '2'", "version: '3'", 1).replacen("kind: Deployment", "kind: Ignored", 1));
    let anatomy = of(&missed, &[]);
    assert_eq!(anatomy.objects[1].object, "pod/web-1");
    assert!(text(&anatomy.objects[1]).contains("containerPort: 8080"), "nobody else says it: {anatomy:?}");
    assert_eq!(
        joins(&anatomy)[..2],
        [
            "Selector svc/web app: web → pod/web-1 app: web",
            "Selector svc/web version: \"3\" → pod/web-1 version: \"2\" SelectorMatchesNothing"
        ]
    );
}

#[test]
fn a_selector_that_leads_nowhere_is_a_broken_join() {
    let alone = WEB.split("---").next().unwrap();
    let anatomy = of(&facts(alone), &[]);
    assert_eq!(joins(&anatomy)[0], "Selector svc/web app: web → nothing SelectorMatchesNothing");
    assert!(anatomy.joins.iter().all(|join| join.kind != JoinKind::ContainerPort), "{anatomy:?}");
    // Where pods may not be read nothing is joined, and nothing broken.
    let mut unread = facts(alone);
    unread.pods = None;
    assert!(of(&unread, &[]).joins.iter().all(|join| join.kind != JoinKind::Selector && join.broken.is_none()));
}

#[test]
fn what_probes_show_is_marked_at_the_container_s_port() {
    let refused = || super::super::doctor::probed::Heard::Refused("refused".into());
    let probed = Probed {
        port: 7,
        tunnel: vec![("web-1".into(), 7, refused())],
        node_port: Vec::new(),
        api_proxy: Some(refused()),
    };
    let anatomy = of(&facts(WEB), &[probed]);
    let broken: Vec<_> =
        anatomy.joins.iter().filter_map(|join| Some((join.from.field.as_str(), join.broken?))).collect();
    assert_eq!(broken, [("spec.ports.1.targetPort", FindingCode::NothingListens)]);
}

#[test]
fn a_headless_service_leads_to_the_port_of_the_same_number() {
    let headless = WEB.replacen("clusterIP: 10.96.4.7", "clusterIP: None", 1).replacen("port: 80,", "port: 8080,", 1);
    let joins = joins(&of(&facts(&headless), &[]));
    assert!(joins.contains(&"ContainerPort svc/web port: 8080 → deploy/web containerPort: 8080".into()), "{joins:?}");
    assert!(!joins.iter().any(|join| join.starts_with("TargetPort")), "{joins:?}");
}

#[test]
fn a_service_that_is_not_there_has_no_anatomy() {
    assert_eq!(of(&facts(""), &[]), Anatomy::default());
}
