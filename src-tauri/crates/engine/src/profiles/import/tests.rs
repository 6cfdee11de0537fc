use super::*;

fn here() -> Here {
    Here {
        contexts: vec![("kind".into(), "https://kind".into()), ("staging".into(), "https://staging".into())],
        current: Some("kind".into()),
        namespace: "shop".into(),
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
