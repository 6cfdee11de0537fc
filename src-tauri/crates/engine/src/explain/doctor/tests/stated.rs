//! What the objects say by themselves.

use super::*;
use FindingCode as Code;
use Severity::{Error, Note, Warning};

/// One finding: from which objects, which, how bad, and what has to be in its words.
type Case = (String, Code, Severity, &'static [&'static str]);

fn workload(kind: &str, replicas: u32) -> String {
    format!(
        "---
kind: {kind}
metadata: {{name: web}}
spec: {{replicas: {replicas}, template: {{metadata: {{labels: {{app: web}}}}, spec: {{containers: []}}}}}}
"
    )
}

fn selector() -> Vec<Case> {
    let asks = |selector: &str| {
        format!("kind: Service\nmetadata: {{name: web, namespace: shop}}\nspec: {{selector: {selector}}}\n")
    };
    let leaving = POD.replace("uid: u1,", "uid: u1, deletionTimestamp: '2026-01-01T00:00:00Z',");
    vec![
        (
            format!("{}{POD}", asks("{app: web, version: '2'}")),
            Code::SelectorMatchesNothing,
            Error,
            &[
                "No pod in shop has app=web, version=2. pod/web-1 comes nearest: it has version=1 where 2 is asked for.",
                "svc/web spec.selector = app=web, version=2",
                "pod/web-1 metadata.labels.version = 1",
                r#"kubectl -n shop patch svc web -p '{"spec":{"selector":{"version":"1"}}}'"#,
            ],
        ),
        (
            format!("{}{POD}", asks("{app: wbe}")),
            Code::SelectorMatchesNothing,
            Error,
            &["it has app=web where wbe is asked for", r#"{"app":"web"}"#],
        ),
        (
            format!("{}{POD}", asks("{app: web, tier: front}")),
            Code::SelectorMatchesNothing,
            Error,
            &["it has no label tier", "metadata.labels.tier = not set", r#"{"tier":null}"#],
        ),
        // Nothing in common: no pod is named.
        (
            format!("{}{POD}", asks("{app: mail}")),
            Code::SelectorMatchesNothing,
            Error,
            &["No pod in shop has app=mail.\n"],
        ),
        (asks("{app: web}"), Code::SelectorMatchesNothing, Error, &["There is no pod at all."]),
        (
            format!("{}{}", asks("{app: web}"), workload("Deployment", 2)),
            Code::SelectorMatchesNothing,
            Error,
            &["though deploy/web would make such pods", "kubectl -n shop describe deploy/web"],
        ),
        (
            format!("{WEB}{}", workload("StatefulSet", 0)),
            Code::ScaledToZero,
            Error,
            &["sts/web is scaled to 0", "sts/web spec.replicas = 0", "kubectl -n shop scale sts/web --replicas=1"],
        ),
        (
            format!("{WEB}{leaving}{}", workload("Deployment", 0)),
            Code::ScaledToZero,
            Error,
            &["deploy/web is scaled to 0"],
        ),
        (
            format!("{WEB}{leaving}{}", workload("Deployment", 1)),
            Code::NoPodReady,
            Error,
            &["All of its pods are being deleted"],
        ),
        (
            "kind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 80}]}\n".into(),
            Code::NoSelector,
            Error,
            &["svc/web spec.selector = not set", "endpointslices = none", "kubectl -n shop patch svc web"],
        ),
        (
            "kind: Service\nmetadata: {name: web}\nspec: {type: ExternalName, externalName: smtp.example.org}\n".into(),
            Code::ExternalName,
            Note,
            &["a DNS alias for smtp.example.org", "svc/web spec.externalName = smtp.example.org"],
        ),
    ]
}

fn readiness() -> Vec<Case> {
    let idle = "ready: false, image: '', imageID: '', restartCount";
    let only = |state: &str| format!("{WEB}{}", ill(state));
    let probed = ill(&format!("{idle}: 0, state: {{running: {{}}}}")).replace(
        "image: 'web:1',",
        "image: 'web:1', readinessProbe: {httpGet: {path: /up, port: http}, periodSeconds: 5},",
    );
    vec![
        (
            only(&format!(
                "{idle}: 7, state: {{waiting: {{reason: CrashLoopBackOff}}}}, lastState: {{terminated: {{exitCode: 137, reason: OOMKilled}}}}"
            )),
            Code::NoPodReady,
            Error,
            &[
                "Its only pod, pod/web-1, is not ready: it crashes: its container c was restarted 7 times, the last time with exit \
                 code 137 (OOMKilled).",
                "kubectl -n shop logs web-1 --previous",
                "status.containerStatuses.c.lastState.terminated.exitCode = 137",
            ],
        ),
        (
            only(&format!("{idle}: 0, state: {{waiting: {{reason: ImagePullBackOff, message: 'not found'}}}}")),
            Code::NoPodReady,
            Error,
            &["cannot get the image web:1 (ImagePullBackOff)", "ImagePullBackOff: not found", "may pull it"],
        ),
        (
            only(&format!("{idle}: 0, state: {{waiting: {{reason: CreateContainerConfigError, message: 'no map'}}}}")),
            Code::NoPodReady,
            Error,
            &["cannot start its container c (CreateContainerConfigError)", "kubectl -n shop describe pod web-1"],
        ),
        (
            format!("{WEB}{probed}"),
            Code::NoPodReady,
            Error,
            &[
                "it runs, but its readiness probe fails.",
                "spec.containers.c.readinessProbe = GET /up at port http, every 5 s",
                "status.conditions.Ready = containers with unready status: [c]",
            ],
        ),
        (
            format!(
                "{WEB}{}",
                POD.replace("phase: Running", "phase: Pending").replace(
                    "{type: Ready, status: 'True'}",
                    "{type: PodScheduled, status: 'False', message: '0/1 nodes'}"
                )
            ),
            Code::NoPodReady,
            Error,
            &["is Pending: no node takes it", "status.conditions.PodScheduled = 0/1 nodes", "Make room on a node"],
        ),
        (
            format!(
                "{WEB}{}---\nkind: Node\nmetadata: {{name: node1}}\nstatus: {{conditions: [{{type: Ready, status: Unknown, message: silent}}]}}\n",
                POD.replace("status: 'True'", "status: 'False'")
            ),
            Code::NoPodReady,
            Error,
            &["is on the node node1, which is not ready", "node/node1 status.conditions.Ready = silent"],
        ),
        (
            format!(
                "{WEB}{POD}{}",
                ill(&format!("{idle}: 1, state: {{terminated: {{exitCode: 3}}}}")).replace("web-1", "web-2")
            ),
            Code::SomePodsNotReady,
            Warning,
            &["1 of its 2 pods is not ready: pod/web-2 has a container, c, that ended with exit code 3"],
        ),
    ]
}

fn ports() -> Vec<Case> {
    let www = POD.replace("name: http, containerPort", "name: www, containerPort").replace("web-1", "web-2");
    let other = "kind: Service\nmetadata: {name: web, namespace: shop}\nspec: {selector: {app: web}, ports: ";
    vec![
        (
            format!("{other}[{{port: 80, targetPort: htpp}}]}}\n{POD}"),
            Code::TargetPortUnnamed,
            Error,
            &[
                "leads to the container port “htpp”, and no container of its pods has one of this name: they have http 8080",
                "svc/web spec.ports.80.targetPort = htpp",
                r#"--type json -p '[{"op":"replace","path":"/spec/ports/0/targetPort","value":"http"}]'"#,
            ],
        ),
        // The other port works.
        (format!("{WEB}{www}"), Code::TargetPortUnnamed, Warning, &["www 8080", r#""value":"www""#]),
        (
            format!(
                "{other}[{{port: 80, targetPort: http}}]}}\n{}",
                POD.replace(", ports: [{name: http, containerPort: 8080}]", "")
            ),
            Code::TargetPortUnnamed,
            Error,
            &["they declare no port at all", "- name: http\n  containerPort: 80 # where"],
        ),
        (
            format!(
                "{other}[{{port: 80, targetPort: nope}}]}}\n{}",
                POD.replace("8080}]", "80}, {name: nose, containerPort: 7}]")
            ),
            Code::TargetPortUnnamed,
            Error,
            &["Lead to the port http 80"],
        ),
        (
            format!("{WEB}{POD}{www}"),
            Code::TargetPortDiffers,
            Warning,
            &[
                "1 of its 2 pods has no container port “http”",
                "pod/web-1 spec.containers.ports = http 8080",
                "pod/web-2",
            ],
        ),
        (
            format!(
                "{other}[{{name: dns, port: 53, protocol: UDP, targetPort: 53}}, {{name: tcp, port: 53, targetPort: 7}}]}}\n{POD}"
            ),
            Code::NotTcp,
            Note,
            &["dns 53 UDP cannot be forwarded", "spec.ports.dns.protocol = UDP", "Its TCP ports can be forwarded."],
        ),
        (
            format!("{other}[{{port: 53, protocol: SCTP, targetPort: 53}}]}}\n{POD}"),
            Code::NotTcp,
            Warning,
            &["carries TCP only, and no SCTP"],
        ),
    ]
}

#[test]
fn each_finding_names_what_was_read_why_it_is_wrong_and_what_to_do() {
    for (yaml, code, severity, expected) in selector().into_iter().chain(readiness()).chain(ports()) {
        let found = told(&yaml);
        let [finding] = found.as_slice() else { panic!("one finding, {code:?}: {found:#?}\n{yaml}") };
        assert_eq!((finding.code, finding.severity, finding.object.as_str()), (code, severity, "svc/web"), "{yaml}");
        assert!(!finding.evidence.is_empty() && !finding.next.is_empty(), "{finding:#?}");
        for part in expected {
            assert!(words(finding).contains(part), "“{part}” is missing:\n{}", words(finding));
        }
    }
}

#[test]
fn nothing_is_found_wrong_with_what_works() {
    let leaving = POD.replace("name: web-1", "name: web-0, deletionTimestamp: '2026-01-01T00:00:00Z'");
    let starting = "ready: false, restartCount: 0, image: '', imageID: '', state: {running: {}}";
    let table = [
        format!("{WEB}{POD}"),
        // A rollout that is done but for the old pods' end.
        format!("{WEB}{POD}{leaving}"),
        format!("{}{POD}", WEB.replace("type: NodePort", "clusterIP: None")),
        format!("{}{}", WEB.replace("type: NodePort", "publishNotReadyAddresses: true"), ill(starting)),
        // Endpoints that somebody has written by hand.
        "kind: Service\nmetadata: {name: partner}\nspec: {ports: [{port: 443}]}
---
kind: EndpointSlice
metadata: {name: partner-1}
addressType: IPv4
endpoints: [{addresses: [192.0.2.10]}]
"
        .into(),
    ];
    for yaml in table {
        assert_eq!(told(&yaml), [], "{yaml}");
    }
}

#[test]
fn nothing_is_concluded_from_what_could_not_be_read() {
    let mut silent = facts(&WEB.replace("app: web", "app: nobody"));
    silent.pods = None;
    silent.neighbours = None;
    silent.owners = None;
    silent.nodes = None;
    assert_eq!(findings(&silent, &[]), []);
    let mut silent = facts("kind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 80}]}\n");
    silent.addresses = None;
    assert_eq!(findings(&silent, &[]), []);
    let mut alone = facts(WEB);
    alone.neighbours = None;
    alone.owners = None;
    let found = findings(&alone, &[]);
    assert_eq!(found.len(), 1);
    assert!(!words(&found[0]).contains("no pod at all"), "the others were not read: {}", words(&found[0]));
}

#[test]
fn the_worst_is_told_first() {
    let dns = WEB
        .replace("targetPort: 7}", "targetPort: 7, protocol: UDP}")
        .replace("targetPort: http,", "targetPort: nope,");
    let idle = ill("ready: false, image: '', imageID: '', restartCount: 0, state: {running: {}}");
    let codes: Vec<Code> = told(&format!("{dns}{idle}")).iter().map(|finding| finding.code).collect();
    assert_eq!(codes, [Code::NoPodReady, Code::TargetPortUnnamed, Code::NotTcp]);
}
