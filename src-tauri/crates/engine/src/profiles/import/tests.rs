use super::{
    view::{ContextChoice, Decision, ImportChoice, ImportChoices, ImportFate, ImportPlan, Imported, Unmatched},
    *,
};
use crate::profiles::Profiles;

fn here() -> Here {
    let entry = |source: &str, name: &str, namespace: &str| ContextEntry {
        id: ContextId { source: source.into(), name: name.into() },
        server: format!("https://{name}"),
        user: "me".into(),
        namespace: namespace.into(),
        current: name == "kind",
    };
    Here {
        contexts: vec![
            entry("/k3s.yaml", "k3s", "x"),
            entry("default", "kind", "shop"),
            entry("default", "staging", "default"),
        ],
    }
}

fn plan(text: &str) -> Plan {
    Plan::read(text, &[], &here()).unwrap()
}

/// Each forward in short: `kind/shop svc/web 8080:80`.
fn forwards(plan: &Plan) -> Vec<String> {
    let all = plan.items.iter().flat_map(|item| &item.profile.forwards);
    all.map(|saved| format!("{}/{} {} {}", saved.context, saved.namespace, saved.target, saved.ports.join(" ")))
        .collect()
}

#[test]
fn a_pasted_line_as_kubectl_takes_it() {
    for (line, expected) in [
        ("kubectl port-forward svc/web 8080:80", "kind/shop svc/web 8080:80"),
        ("kubectl -n prod port-forward deployment/web 8080:http 9:9", "kind/prod deploy/web 8080:http 9:9"),
        ("kubectl port-forward --namespace=prod --context staging web-7d9 :80", "staging/prod pod/web-7d9 :80"),
        ("  $ kubectl port-forward 'svc/web' \"8080:80\" &", "kind/shop svc/web 8080:80"),
        ("sudo /usr/bin/kubectl port-forward svc/web 80 > /dev/null 2>&1", "kind/shop svc/web 80"),
        ("cd x && kubectl port-forward --address 0.0.0.0 svc/web 80 # try", "kind/shop svc/web 80"),
        (": 1700000000:0;kubectl port-forward svc/web 80", "kind/shop svc/web 80"),
        ("  502  kubectl port-forward --pod-running-timeout 1m svc/web 80", "kind/shop svc/web 80"),
        ("k port-forward --context=staging svc/web 80", "staging/default svc/web 80"),
    ] {
        assert_eq!(forwards(&plan(line)), [expected], "{line}");
    }
}

#[test]
fn a_whole_history_gives_each_forward_once_and_says_what_it_left_out() {
    let history = "ls\nkubectl get pods\nkubectl port-forward svc/web 8080:80\ngit push\nkubectl port-forward svc/web 8080:80\n\
                   kubectl port-forward svc/web 9090:80\nkubectl port-forward cm/web 80\nkubectl port-forward svc/db\n\
                   kubectl port-forward --kubeconfig x svc/db 5432\nkubectl port-forward -n\n";
    let plan = plan(history);
    assert_eq!(forwards(&plan), ["kind/shop svc/web 8080:80", "kind/shop svc/web 9090:80"]);
    let names: Vec<&str> = plan.items.iter().map(|item| item.profile.name.as_str()).collect();
    assert_eq!(names, ["web", "web 2"]);
    let starts = [
        "line 7: “cm/web” is not a target",
        "line 8: svc/db has no port",
        "line 9: it names its cluster",
        "line 10: -n",
    ];
    assert_eq!(plan.left_out.len(), starts.len(), "{:?}", plan.left_out);
    for (said, start) in plan.left_out.iter().zip(starts) {
        assert!(said.starts_with(start), "{said}");
    }
}

#[test]
fn what_kftray_writes() {
    let text = r#"[
        {"service": "web", "namespace": "shop", "local_port": 8080, "remote_port": 80, "context": "staging",
         "workload_type": "service", "protocol": "tcp", "alias": "the web", "domain_enabled": true, "local_address": "127.0.0.1"},
        {"service": "", "namespace": "shop", "local_port": 9229, "remote_port": 9229, "context": "kind", "target": "app=web",
         "workload_type": "pod", "protocol": "tcp"},
        {"service": "dns", "namespace": "kube-system", "local_port": 53, "remote_port": 53, "context": "kind",
         "workload_type": "service", "protocol": "udp"},
        {"workload_type": "proxy", "remote_address": "x", "remote_port": 1, "context": "kind"}
    ]"#;
    let plan = plan(text);
    assert_eq!(forwards(&plan), ["staging/shop svc/web 8080:80", "kind/shop -l app=web 9229:9229"]);
    let names: Vec<&str> = plan.items.iter().map(|item| item.profile.name.as_str()).collect();
    assert_eq!(names, ["the web", "app=web"]);
    assert!(plan.left_out[0].starts_with("entry 3: it is udp") && plan.left_out[1].starts_with("entry 4: “proxy”"));
}

#[test]
fn an_export_comes_back_and_starts_nothing() {
    let text = r#"{"version": 1, "profiles": [{"name": "web", "pinned": true, "autostart": true, "forwards": [
        {"context": "kind", "server": "https://kind", "namespace": "shop", "target": "svc/web", "ports": ["8080:80"]}]}]}"#;
    let plan = plan(text);
    let profile = &plan.items[0].profile;
    assert!(profile.pinned && !profile.autostart);
    assert_eq!(plan.items[0].warnings, Vec::<String>::new());
    let again = Plan::read(text, std::slice::from_ref(profile), &here()).unwrap();
    assert_eq!(again.items[0].fate, Fate::Same);
    let other = text.replace("8080", "9090");
    let clashing = Plan::read(&other, std::slice::from_ref(profile), &here()).unwrap();
    assert_eq!(clashing.items[0].fate, Fate::Clashes);
    assert_eq!(clashing.added().count(), 0);
}

#[test]
fn what_the_user_has_to_know_is_said() {
    let warned = |line: &str| plan(line).items[0].warnings.join("; ");
    let open = warned("kubectl port-forward --address localhost,0.0.0.0 svc/web 80");
    assert_eq!(open, "svc/web listens on 0.0.0.0, which others can reach");
    assert_eq!(warned("kubectl --context gone port-forward svc/web 80"), "there is no context gone here");
    let profile = |context: &str, server: &str| {
        format!(
            r#"{{"version": 1, "profiles": [{{"name": "x", "forwards": [{{"context": "{context}", "server": "{server}",
            "namespace": "shop", "target": "svc/web", "ports": ["80"]}}]}}]}}"#
        )
    };
    assert_eq!(
        warned(&profile("gone", "https://staging")),
        "there is no context gone here; staging is the same server"
    );
    assert_eq!(warned(&profile("kind", "https://other")), "context kind is https://kind here, and was https://other");
}

#[test]
fn what_is_no_import_says_so() {
    for (text, says) in [
        ("", "no profile and no kubectl port-forward line"),
        ("ls -l", "no profile and no kubectl port-forward line"),
        ("{\"version\": 1, ", "looks like JSON and is not"),
        ("7", "neither profiles nor kftray's"),
        ("[7]", "entry 1 is none of kftray's"),
        (r#"{"version": 2, "profiles": []}"#, "a newer Portolan"),
        (r#"{"profiles": []}"#, "it has no version"),
        (r#"{"version": 1, "profiles": [{"nme": 1}]}"#, "unknown field"),
    ] {
        let error = Plan::read(text, &[], &here()).unwrap_err().to_string();
        assert!(error.contains(says), "{text}: {error}");
    }
}

/// An export of one profile called `web`.
fn export(context: &str, server: &str, local: u16, address: &str) -> String {
    let address = if address.is_empty() { String::new() } else { format!(r#", "address": ["{address}"]"#) };
    format!(
        r#"{{"version": 1, "profiles": [{{"name": "web", "autostart": true, "forwards": [{{"context": "{context}",
        "server": "{server}", "namespace": "shop", "target": "svc/web", "ports": ["{local}:80"]{address}}}]}}]}}"#
    )
}

fn view(text: &str, choices: &[ContextChoice], there: &[Profile]) -> ImportPlan {
    Found::read(text, &here()).unwrap().view(choices, there, &here())
}

fn id(source: &str, name: &str) -> ContextId {
    ContextId { source: source.into(), name: name.into() }
}

#[test]
fn a_context_that_is_not_here_is_asked_about_once_and_the_same_server_is_suggested() {
    for (context, server, expected) in [
        ("kind", "https://kind", None),
        ("kind", "", None),
        ("gone", "https://staging", Some((Unmatched::Missing, Some(id("default", "staging"))))),
        ("gone", "https://k3s", Some((Unmatched::Missing, Some(id("/k3s.yaml", "k3s"))))),
        ("gone", "https://nowhere", Some((Unmatched::Missing, None))),
        ("k3s", "", Some((Unmatched::Missing, None))),
        (
            "kind",
            "https://staging",
            Some((Unmatched::OtherServer { here: "https://kind".into() }, Some(id("default", "staging")))),
        ),
    ] {
        let plan = view(&export(context, server, 8080, ""), &[], &[]);
        let questions: Vec<_> =
            plan.contexts.iter().map(|asked| (asked.why.clone(), asked.suggested.clone())).collect();
        assert_eq!(questions, expected.clone().into_iter().collect::<Vec<_>>(), "{context} {server}");
        let taken = expected.and_then(|(_, suggested)| suggested).map_or(context.into(), |to| to.name);
        assert_eq!(plan.items[0].forwards[0].context, taken);
    }
    let two = "kubectl --context gone port-forward svc/a 1:1\nkubectl --context gone port-forward svc/b 2:2";
    let chosen = ContextChoice { name: "gone".into(), to: Some(id("default", "kind")) };
    assert_eq!(view(two, &[], &[]).contexts.len(), 1);
    let plan = view(two, std::slice::from_ref(&chosen), &[]);
    assert!(plan.items.iter().all(|item| item.forwards[0].context == "kind"), "{plan:?}");
    assert_eq!(plan.contexts[0].chosen, chosen.to);
    let kept = view(&export("gone", "https://staging", 1, ""), &[ContextChoice { name: "gone".into(), to: None }], &[]);
    assert_eq!((kept.items[0].forwards[0].context.as_str(), &kept.contexts[0].chosen), ("gone", &None));
}

/// What comes of importing `text` beside what is there, by one decision about each.
fn taken(there: &str, text: &str, decision: Decision, loopback: bool) -> (Result<Imported, Error>, Vec<Profile>) {
    let folder = tempfile::tempdir().unwrap();
    let profiles = Profiles::at(folder.path().join("profiles.json"));
    let here = here();
    let import = |text: &str, decision, loopback| {
        let found = Found::read(text, &here).unwrap();
        let item = |profile: &Profile| ImportChoice { name: profile.name.clone(), decision, loopback };
        let items = found.profiles.iter().map(item).collect();
        profiles.take_in(found, &ImportChoices { contexts: Vec::new(), items }, &here)
    };
    import(there, Decision::Add, false).unwrap();
    let done = import(text, decision, loopback);
    (done, profiles.list().unwrap().profiles)
}

fn in_short(profiles: &[Profile]) -> Vec<String> {
    profiles.iter().map(|profile| format!("{} {}", profile.name, profile.forwards[0].ports.join(" "))).collect()
}

#[test]
fn a_clash_is_decided_by_the_user() {
    let (mine, theirs) = (export("kind", "", 8080, ""), export("kind", "", 9090, ""));
    let none = Vec::<String>::new;
    for (decision, added, replaced, clashed, left) in [
        (Decision::LeaveOut, none(), none(), none(), vec!["web 8080:80"]),
        (Decision::Add, none(), none(), vec!["web".to_owned()], vec!["web 8080:80"]),
        (Decision::TakeTheirs, none(), vec!["web".to_owned()], none(), vec!["web 9090:80"]),
        (Decision::KeepBoth, vec!["web 2".to_owned()], none(), none(), vec!["web 8080:80", "web 2 9090:80"]),
    ] {
        let (done, there) = taken(&mine, &theirs, decision, false);
        assert_eq!(done.unwrap(), Imported { added, replaced, clashed });
        assert_eq!(in_short(&there), left, "{decision:?}");
        assert!(there.iter().all(|profile| !profile.autostart), "nothing that is imported starts by itself");
    }
}

#[test]
fn an_address_that_others_can_reach_is_shown_and_kept_only_at_the_users_word() {
    let text = export("kind", "", 8080, "0.0.0.0");
    assert_eq!(view(&text, &[], &[]).items[0].reachable, ["0.0.0.0"]);
    let kubectl = "kubectl port-forward svc/x 1:1";
    let address = |loopback| taken(kubectl, &text, Decision::Add, loopback).1[1].forwards[0].address.clone();
    assert_eq!(address(true), Vec::<std::net::IpAddr>::new());
    assert_eq!(address(false), ["0.0.0.0".parse::<std::net::IpAddr>().unwrap()]);
}

#[test]
fn what_would_break_a_profile_is_refused_whole() {
    let text = r#"{"version": 1, "profiles": [{"name": "fine", "forwards": [{"context": "kind", "namespace": "x",
        "target": "svc/a", "ports": ["1:1"]}]}, {"name": "both", "forwards": [
        {"context": "kind", "namespace": "x", "target": "svc/a", "ports": ["80:80"], "address": ["10.0.0.1"]},
        {"context": "kind", "namespace": "x", "target": "svc/b", "ports": ["80:80"], "address": ["10.0.0.2"]}]}]}"#;
    let (done, there) = taken("kubectl port-forward svc/web 8080:80", text, Decision::Add, true);
    let error = done.unwrap_err().to_string();
    assert!(error.contains("local port 80 on 127.0.0.1 is asked for twice"), "{error}");
    assert_eq!(in_short(&there), ["web 8080:80"], "nothing of it was taken");
}

#[test]
fn decisions_about_something_else_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let profiles = Profiles::at(folder.path().join("profiles.json"));
    let found = || Found::read("kubectl port-forward svc/web 80", &here()).unwrap();
    let choice = ImportChoice { name: "db".into(), decision: Decision::Add, loopback: true };
    for items in [vec![], vec![choice]] {
        let choices = ImportChoices { contexts: Vec::new(), items };
        let error = profiles.take_in(found(), &choices, &here()).unwrap_err().to_string();
        assert!(error.contains("not what it was when it was shown"), "{error}");
    }
    assert!(!folder.path().join("profiles.json").exists());
}

#[test]
fn what_was_imported_is_the_same_the_next_time() {
    let line = "kubectl --context gone port-forward svc/web 8080:80";
    let folder = tempfile::tempdir().unwrap();
    let profiles = Profiles::at(folder.path().join("profiles.json"));
    let contexts = vec![ContextChoice { name: "gone".into(), to: Some(id("default", "kind")) }];
    let items = vec![ImportChoice { name: "web".into(), decision: Decision::Add, loopback: true }];
    let choices = ImportChoices { contexts: contexts.clone(), items };
    profiles.take_in(Found::read(line, &here()).unwrap(), &choices, &here()).unwrap();
    let there = profiles.list().unwrap().profiles;
    assert_eq!(there[0].forwards[0].server, "https://kind");
    // One that the command took in knows no server.
    let old =
        Plan::read("kubectl -n shop port-forward svc/web 8080:80", &[], &here()).unwrap().items[0].profile.clone();
    assert_eq!(old.forwards[0].server, "");
    let again = "kubectl port-forward -n shop svc/web 8080:80";
    assert_eq!(view(again, &[], std::slice::from_ref(&old)).items[0].fate, ImportFate::Same);
    assert_eq!(taken(line, again, Decision::KeepBoth, true).1[1].forwards[0].server, "https://kind");
    assert_eq!(view(line, &contexts, &there).items[0].fate, ImportFate::Same);
    assert_eq!(
        view("kubectl port-forward -n shop svc/web 8080:80", &[], &there).items[0].fate,
        ImportFate::Clashes { mine: view(line, &contexts, &there).items[0].forwards.clone() }
    );
}
