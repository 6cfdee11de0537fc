//! What stands between the user and the Service, and what probes prove.

use super::*;
use crate::{
    credentials::failure::{Failure, Why},
    error::{Code as Trouble, Problem},
    explain::{
        doctor::probed::{Heard, Probed},
        facts::{Right, Seen},
        view::Unread,
    },
};
use FindingCode as Code;

fn problem(code: Trouble, message: &str) -> Problem {
    Problem { code, message: message.into(), next: "what to do".into() }
}

fn unread(because: Problem, plugin: Option<Failure>) -> Vec<Finding> {
    let mut facts = facts("");
    facts.service = Seen::Unread { because, plugin };
    facts.rights = Vec::new();
    facts.addresses = None;
    findings(&facts, &[])
}

#[test]
fn a_service_that_is_not_there_is_told_with_those_that_are() {
    for (known, next) in [
        (vec!["api", "web-front"], "Did you mean svc/web-front?"),
        (vec!["api"], "Choose one of these, or"),
        (vec![], "Check the name"),
    ] {
        let mut facts = facts("");
        facts.name = "web-frnt".into();
        facts.service = Seen::Missing { known: known.iter().map(ToString::to_string).collect() };
        let found = findings(&facts, &[]);
        assert_eq!((found.len(), found[0].code), (1, Code::ServiceNotFound));
        assert!(found[0].next.starts_with(next), "{:?}", found[0]);
        assert!(known.iter().all(|name| found[0].evidence[0].value.contains(name)), "{:?}", found[0]);
    }
}

#[test]
fn what_stands_before_the_api_server_is_told_by_its_cause() {
    let missing = Why::Missing {
        searched: "/bin:/sbin".into(),
        whose: Some("the PATH of your login shell, /bin/zsh".into()),
        hint: None,
    };
    let plugin = |why| Some(Failure { plugin: "aws".into(), why });
    let table = [
        (problem(Trouble::Unreachable, "refused"), None, Code::Unreachable, "refused"),
        (problem(Trouble::Login, "401"), None, Code::Login, "401"),
        (problem(Trouble::Login, "failed"), plugin(Why::Nothing), Code::Login, "failed"),
        (problem(Trouble::Login, "none"), plugin(missing), Code::PluginMissing, "PATH = /bin:/sbin"),
    ];
    for (because, plugin, code, word) in table {
        let found = unread(because, plugin);
        assert_eq!(found.iter().map(|f| f.code).collect::<Vec<_>>(), [code]);
        assert!(words(&found[0]).contains(word) && found[0].next == "what to do", "{:?}", found[0]);
    }
    assert_eq!(unread(problem(Trouble::Server, "500"), None), [], "it is told among what could not be read");
}

#[test]
fn a_right_that_misses_comes_with_its_role() {
    let denied = |rights: &[(&'static str, &'static str)]| {
        let mut facts = facts(&format!("{WEB}{POD}"));
        for right in &mut facts.rights {
            right.allowed = !rights.contains(&(right.verb, right.resource));
        }
        facts
    };
    let forward = [("create", "pods/portforward"), ("get", "pods/portforward")];
    let mut facts = denied(&forward);
    let because = problem(Trouble::Forbidden, "you may not list nodes: nodes is forbidden: User \"jane\" cannot list");
    facts.unread = vec![Unread { what: "nodes".into(), because }];
    let found = findings(&facts, &[]);
    assert_eq!(found.iter().map(|f| f.code).collect::<Vec<_>>(), [Code::Forbidden]);
    for part in [
        "the right to create pods/portforward",
        "access review create pods/portforward = not allowed",
        "resources: [pods/portforward], verbs: [create]",
        "kind: User, name: \"jane\"}",
        "namespace: \"shop\"}",
    ] {
        assert!(words(&found[0]).contains(part), "“{part}” is missing:\n{}", words(&found[0]));
    }
    // Either verb does, on one of the wires; and whose endpoints may be read need not have pods listed.
    for enough in [&forward[..1], &forward[1..], &[("list", "pods")]] {
        assert_eq!(findings(&denied(enough), &[]), [], "{enough:?}");
    }
    let mut facts = denied(&[("list", "pods")]);
    facts.addresses = None;
    assert!(words(&findings(&facts, &[])[0]).contains("the right to list pods"));
    facts.rights = vec![Right { verb: "get", resource: "services", allowed: true }];
    assert_eq!(findings(&facts, &[]), [], "what no review was answered for is not known");
}

#[test]
fn a_service_that_may_not_be_got_is_forbidden() {
    let refused = "svc is forbidden: User \"joe\" cannot get resource";
    let found = unread(problem(Trouble::Forbidden, refused), None);
    assert_eq!(found.iter().map(|f| f.code).collect::<Vec<_>>(), [Code::Forbidden]);
    assert!(
        words(&found[0]).contains("svc/web get services = not allowed") && words(&found[0]).contains("name: \"joe\"}")
    );
}

#[test]
fn what_the_program_listens_on_is_told_by_setting_two_ways_against_each_other() {
    let answers = || Heard::Answers("connected".into());
    let refused = || Heard::Refused("connection refused".into());
    let silent = || Heard::Silent("no answer within 2 s".into());
    let unasked = || Heard::Unasked("forbidden".into());
    let table = [
        // tunnel, API server's proxy, NodePort
        (vec![answers()], Some(answers()), None, None),
        (vec![answers()], Some(refused()), None, Some((Code::LocalhostOnly, Severity::Error))),
        (vec![answers()], None, Some(refused()), Some((Code::LocalhostOnly, Severity::Warning))),
        // From a machine that reaches no node everything is silent, and nothing is wrong.
        (vec![answers()], Some(silent()), Some(silent()), None),
        (vec![answers()], Some(unasked()), None, None),
        (vec![answers()], Some(refused()), Some(answers()), None),
        (vec![answers(), refused()], Some(refused()), None, None),
        (vec![refused()], Some(answers()), None, Some((Code::PodIpOnly, Severity::Warning))),
        (vec![refused()], Some(silent()), Some(answers()), Some((Code::PodIpOnly, Severity::Warning))),
        (vec![refused()], Some(refused()), None, Some((Code::NothingListens, Severity::Error))),
        (vec![refused()], None, None, Some((Code::NothingListens, Severity::Warning))),
        (vec![refused()], Some(silent()), Some(silent()), Some((Code::NothingListens, Severity::Warning))),
        (vec![unasked()], Some(refused()), None, None),
        (vec![], Some(refused()), None, None),
    ];
    let facts = facts(&format!("{WEB}{POD}"));
    for (tunnel, api_proxy, node_port, expected) in table {
        let probed = Probed {
            port: 80,
            tunnel: tunnel.into_iter().map(|heard| ("web-1".into(), 8080, heard)).collect(),
            node_port: node_port.into_iter().map(|heard| ("10.0.0.1:30080".into(), heard)).collect(),
            api_proxy,
        };
        let found = findings(&facts, std::slice::from_ref(&probed));
        assert_eq!(found.first().map(|f| (f.code, f.severity)), expected, "{probed:?}");
        for finding in &found {
            assert!(words(finding).contains("pod/web-1 dial localhost:8080 = "), "{}", words(finding));
        }
    }
}

#[test]
fn a_refused_tunnel_alone_says_what_it_may_be() {
    let probed = Probed {
        port: 80,
        tunnel: vec![("web-1".into(), 8080, Heard::Refused("refused".into()))],
        node_port: Vec::new(),
        api_proxy: None,
    };
    let found = findings(&facts(&format!("{WEB}{POD}")), &[probed]);
    assert!(
        found[0].why.contains("does not prove that nothing listens: the program may be starting"),
        "{}",
        found[0].why
    );
}
