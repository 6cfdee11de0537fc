//! The text, without colours, at a terminal's usual width.

use portolan_engine::{
    context::ContextId,
    explain::view::{Anatomy, AnatomyLine, AnatomyObject, End, Evidence, Join, JoinKind, Severity, Snippet},
};

use super::*;

fn explanation() -> Explanation {
    let line = |depth, field: &str, text: &str| AnatomyLine { field: field.into(), depth, text: text.into() };
    let object = |object: &str, lines| AnatomyObject { object: object.into(), lines };
    let end = |object, field: &str| End { object, field: field.into() };
    let lesson = "A Service leads to every pod that has all labels of its selector, and to no other one.";
    let broken = Some(FindingCode::SelectorMatchesNothing);
    Explanation {
        context: ContextId { source: "default".into(), name: "test".into() },
        namespace: "shop".into(),
        service: "web".into(),
        service_type: "ClusterIP".into(),
        anatomy: Anatomy {
            objects: vec![
                object(
                    "svc/web",
                    vec![line(0, "s", "selector:"), line(1, "s.app", "app: wbe"), line(1, "s.v", "- v: a")],
                ),
                object("deploy/web", vec![line(0, "l", "labels:"), line(1, "l.app", "app: web")]),
                object("pod/web-1", vec![line(0, "l.app", &format!("app: {}", "long".repeat(14)))]),
            ],
            joins: vec![
                Join {
                    kind: JoinKind::Selector,
                    from: end(0, "s.app"),
                    to: Some(end(1, "l.app")),
                    broken,
                    lesson: lesson.into(),
                },
                Join { kind: JoinKind::Selector, from: end(0, "s.v"), to: None, broken: None, lesson: lesson.into() },
            ],
        },
        paths: Vec::new(),
        findings: vec![Finding {
            code: FindingCode::SelectorMatchesNothing,
            severity: Severity::Error,
            object: "svc/web".into(),
            evidence: vec![
                Evidence { object: "svc/web".into(), field: "spec.selector".into(), value: "app=wbe".into() },
                Evidence { object: "pod/web-1".into(), field: "labels".into(), value: "word ".repeat(15) },
            ],
            why: "No pod in shop has app=wbe, and this sentence goes on until it needs a second line.".into(),
            next: "Correct it.".into(),
            snippet: Some(Snippet { title: "The label".into(), text: format!("kubectl {}\n- more", "x".repeat(90)) }),
        }],
        unread: vec![Unread {
            what: "nodes".into(),
            because: Problem { code: Code::Forbidden, message: "You may not list nodes.".into(), next: String::new() },
        }],
    }
}

fn plain(explanation: &Explanation, width: usize) -> String {
    anstream::adapter::strip_str(&text(explanation, Page { width })).to_string()
}

#[test]
fn an_explanation_is_aligned_and_wrapped() {
    let expected = format!(
        "\
svc/web  ClusterIP in shop

svc/web      deploy/web
selector:    labels:
  app: wbe     app: web
  - v: a

pod/web-1
app: {}

selector ↔ labels
  ✗ app: wbe → deploy/web app: web  the selector matches no pod
  ✓ v: a → not declared
  A Service leads to every pod that has all labels of its selector, and to no
  other one.

✗ the selector matches no pod  svc/web
  No pod in shop has app=wbe, and this sentence goes on until it needs a second
  line.
  read   svc/web    spec.selector  app=wbe
         pod/web-1  labels         word word word word word word word word word
                                   word word word word word word
  next   Correct it.
  copy   The label:
    kubectl {}
    - more

Could not read, so that nothing is said of it
  nodes: You may not list nodes.",
        "long".repeat(14),
        "x".repeat(90)
    );
    let told = plain(&explanation(), 80);
    assert_eq!(told, expected, "{told}");
}

#[test]
fn nothing_but_what_is_to_be_copied_is_wider_than_the_terminal() {
    for width in [60, 80, 100] {
        for line in plain(&explanation(), width).lines().filter(|line| !line.contains("long") && !line.contains("xxx"))
        {
            assert!(line.chars().count() <= width, "{width}: {line}");
        }
    }
}

#[test]
fn a_healthy_service_is_said_to_be() {
    let healthy = Explanation { findings: Vec::new(), unread: Vec::new(), ..explanation() };
    assert!(plain(&healthy, 80).ends_with("✓ nothing found wrong"));
}

#[test]
fn what_keeps_a_service_from_being_explained_is_a_failure() {
    let finding = |code| Finding { code, ..explanation().findings.remove(0) };
    let problem = stops(&finding(FindingCode::ServiceNotFound)).unwrap();
    assert_eq!(problem.code, Code::TargetNotFound);
    assert!(
        problem.message.ends_with(
            "pod/web-1, labels: word word word word word word word word word word word word word word word "
        )
    );
    assert_eq!(stops(&finding(FindingCode::NoPodReady)), None);
}

#[test]
fn only_services_are_explained() {
    for text in ["svc/web", "service/web", "web"] {
        assert_eq!(service(text).unwrap(), "web", "{text}");
    }
    for text in ["deploy/web", "pod/web", "svc/"] {
        assert!(matches!(service(text), Err(Ended::Usage(_))), "{text}");
    }
}
