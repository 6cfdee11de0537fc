use std::fs;

use super::*;
use crate::kubeconfig::Source;

fn of(auth: Value) -> Option<Plugin> {
    Plugin::of("default", "me", &serde_json::from_value(auth).unwrap())
}

fn exec(more: Value) -> Plugin {
    let mut exec = json!({ "apiVersion": VERSIONS[0], "command": "aws" });
    exec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    of(json!({ "exec": exec })).unwrap()
}

#[test]
fn what_goes_before_a_plugin_is_used_instead_of_it() {
    let exec = json!({ "apiVersion": VERSIONS[0], "command": "aws" });
    for before in [
        json!({ "token": "t" }),
        json!({ "tokenFile": "/t" }),
        json!({ "username": "u", "password": "p" }),
        json!({ "auth-provider": { "name": "oidc" } }),
    ] {
        let mut auth = before;
        auth["exec"] = exec.clone();
        assert_eq!(of(auth), None);
    }
    assert!(of(json!({ "username": "u", "exec": exec })).is_some());
    assert_eq!(of(json!({})), None);
}

#[test]
fn an_entry_that_was_changed_is_another_login() {
    let entry = exec(json!({}));
    assert_eq!(entry, exec(json!({})));
    let pair = |value: &str| json!({ "env": [{ "name": "AWS_PROFILE", "value": value }] });
    let others = [
        exec(json!({ "args": ["eks"] })),
        exec(pair("one")),
        exec(pair("two")),
        exec(json!({ "command": "gcloud" })),
        Plugin { user: "you".into(), ..entry.clone() },
        Plugin { source: "/other".into(), ..entry.clone() },
    ];
    for (n, one) in others.iter().enumerate() {
        assert_ne!(*one, entry);
        assert!(others[n + 1..].iter().all(|other| other != one));
    }
}

#[test]
fn only_what_can_be_used_is_run() {
    let version = |version: &str| exec(json!({ "apiVersion": version })).check();
    assert_eq!(version("client.authentication.k8s.io/v1"), Ok(()));
    assert_eq!(version("client.authentication.k8s.io/v1beta1"), Ok(()));
    let old = "client.authentication.k8s.io/v1alpha1";
    assert_eq!(version(old), Err(Why::Version(old.into())));
    assert_eq!(exec(json!({ "command": "" })).check(), Err(Why::NoCommand));
    for mode in ["Never", "IfAvailable"] {
        assert_eq!(exec(json!({ "interactiveMode": mode })).check(), Ok(()));
    }
    let always = exec(json!({ "interactiveMode": "Always", "args": ["login", "--token=s3cr3t"] }));
    assert_eq!(always.check(), Err(Why::Terminal { line: "aws login --token=…".into() }));
}

#[test]
fn a_line_to_type_has_no_secrets() {
    let table: [(&[&str], &str); 6] = [
        (&["eks", "get-token"], "p eks get-token"),
        (&["--oidc-client-secret=s3cr3t", "-v"], "p --oidc-client-secret=… -v"),
        (&["--Password", "s3cr3t", "-v"], "p --Password … -v"),
        (&["--token", "--verbose"], "p --token …"),
        (&["TOKEN=s3cr3t", "A=b"], "p TOKEN=… A=b"),
        (&["--name", "two words"], "p --name 'two words'"),
    ];
    for (args, line) in table {
        let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        assert_eq!(shown("p", &args), line);
    }
    let plugin = exec(json!({ "args": ["s3cr3t"], "env": [{ "name": "A", "value": "s3cr3t" }] }));
    assert!(!format!("{plugin:?}").contains("s3cr3t"));
}

const CONFIG: &str = "
clusters: [{name: c, cluster: {server: 'https://c:6443', tls-server-name: other,
  extensions: [{name: client.authentication.k8s.io/exec, extension: {audience: a}}]}}]
contexts: [{name: a, context: {cluster: c, user: a}}, {name: b, context: {cluster: c, user: b}}]
users:
- {name: a, user: {exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: bin/plugin, provideClusterInfo: true}}}
- {name: b, user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: plugin}}}
";

#[tokio::test]
async fn a_plugin_is_told_of_the_cluster_where_it_is_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    fs::write(&path, CONFIG).unwrap();
    let contexts = Source::File(path).load().unwrap();
    let plugin = async |name: &str| Plugin::of("s", name, &contexts.config(name).await.unwrap().auth_info).unwrap();
    let told = |plugin: &Plugin| serde_json::from_str::<Value>(&plugin.exec_info()).unwrap();
    let (a, b) = (plugin("a").await, plugin("b").await);
    let cluster = json!({ "server": "https://c:6443", "tls-server-name": "other", "config": { "audience": "a" } });
    let spec = json!({ "interactive": false, "cluster": cluster });
    assert_eq!(told(&a), json!({ "apiVersion": VERSIONS[1], "kind": "ExecCredential", "spec": spec }));
    let spec = json!({ "interactive": false });
    assert_eq!(told(&b), json!({ "apiVersion": VERSIONS[0], "kind": "ExecCredential", "spec": spec }));
    // A path is beside the kubeconfig, a name is in PATH.
    assert_eq!((a.command, b.command.as_str()), (folder.path().join("bin/plugin").display().to_string(), "plugin"));
}
