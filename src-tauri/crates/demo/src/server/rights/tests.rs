use serde_json::json;

use super::*;
use crate::{clock::Clock, store::kind_of};

fn store(rules: serde_json::Value) -> Store {
    let store = Store::new(Clock::start());
    let role = json!({"metadata": {"name": "r"}, "rules": rules});
    store.create(kind_of::<Role>(), "shop", role).unwrap();
    let binding = json!({
        "metadata": {"name": "b"}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"},
        "subjects": [{"kind": "User", "name": "viewer", "apiGroup": "rbac.authorization.k8s.io"}],
    });
    store.create(kind_of::<RoleBinding>(), "shop", binding).unwrap();
    store
}

/// `VERB [GROUP/]RESOURCE[/SUB] NAMESPACE [NAME]`, `-` for none.
fn wish(said: &str) -> Wish {
    let parts: Vec<_> = said.split(' ').map(|part| if part == "-" { "" } else { part }.to_owned()).collect();
    let (group, full) = parts[1].split_once(':').unwrap_or(("", &parts[1]));
    let (resource, sub) = full.split_once('/').unwrap_or((full, ""));
    Wish {
        verb: parts[0].clone(),
        group: group.into(),
        resource: resource.into(),
        sub: sub.into(),
        namespace: parts[2].clone(),
        name: parts.get(3).cloned().unwrap_or_default(),
    }
}

#[tokio::test]
async fn what_no_role_grants_is_forbidden_in_kubernetes_words() {
    let store = store(json!([]));
    for (said, message) in [
        (
            "list pods -",
            r#"pods is forbidden: User "viewer" cannot list resource "pods" in API group "" at the cluster scope"#,
        ),
        (
            "list pods x",
            r#"pods is forbidden: User "viewer" cannot list resource "pods" in API group "" in the namespace "x""#,
        ),
        (
            "delete pods shop solo",
            r#"pods "solo" is forbidden: User "viewer" cannot delete resource "pods" in API group "" in the namespace "shop""#,
        ),
        (
            "create apps:deployments shop",
            r#"deployments.apps is forbidden: User "viewer" cannot create resource "deployments" in API group "apps" in the namespace "shop""#,
        ),
        (
            "get services/proxy shop web",
            r#"services "web" is forbidden: User "viewer" cannot get resource "services/proxy" in API group "" in the namespace "shop""#,
        ),
        (
            "get apps:deployments/scale shop web",
            r#"deployments.apps "web" is forbidden: User "viewer" cannot get resource "deployments/scale" in API group "apps" in the namespace "shop""#,
        ),
    ] {
        let refused = wish(said).check("viewer", &store, &Faults::none()).unwrap_err();
        assert_eq!(refused.to_string(), message);
    }
}

#[tokio::test]
async fn a_role_grants_verbs_of_resources_by_name() {
    let store = store(json!([
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]},
        {"apiGroups": [""], "resources": ["*/portforward"], "verbs": ["create"]},
        {"apiGroups": ["apps"], "resources": ["*"], "verbs": ["*"]},
        {"apiGroups": [""], "resources": ["services"], "verbs": ["get"], "resourceNames": ["web"]},
    ]));
    for (said, granted) in [
        ("get pods shop a", true),
        ("delete pods shop a", false),
        ("get pods other a", false),
        ("list pods -", false),
        ("create pods/portforward shop a", true),
        ("get pods/portforward shop a", false),
        ("patch apps:deployments/scale shop a", true),
        ("get batch:jobs shop a", false),
        ("get services shop web", true),
        ("get services shop db", false),
    ] {
        assert_eq!(wish(said).granted("viewer", &store, &Faults::none()), granted, "{said}");
        assert!(wish(said).granted("demo", &store, &Faults::none()), "{said}");
        assert!(!wish(said).granted("other", &store, &Faults::none()), "{said}");
    }
}

#[tokio::test]
async fn a_cluster_role_grants_as_far_as_its_binding() {
    let store = store(json!([]));
    for (name, resource) in [("all", "namespaces"), ("one", "pods")] {
        let rules = json!([{"apiGroups": [""], "resources": [resource], "verbs": ["list"]}]);
        store.create(kind_of::<ClusterRole>(), "", json!({"metadata": {"name": name}, "rules": rules})).unwrap();
    }
    let binding = |role: &str| {
        json!({
            "metadata": {"name": role}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
            "subjects": [{"kind": "User", "name": "viewer", "apiGroup": "rbac.authorization.k8s.io"}],
        })
    };
    store.create(kind_of::<ClusterRoleBinding>(), "", binding("all")).unwrap();
    store.create(kind_of::<RoleBinding>(), "shop", binding("one")).unwrap();
    for (said, granted) in [
        ("list namespaces -", true),
        ("watch namespaces -", false),
        ("list pods shop", true),
        ("list pods other", false),
        ("list pods -", false),
    ] {
        assert_eq!(wish(said).granted("viewer", &store, &Faults::none()), granted, "{said}");
        assert!(!wish(said).granted("other", &store, &Faults::none()), "{said}");
    }
}

#[tokio::test]
async fn a_fault_forbids_it_to_everybody() {
    let (store, faults) = (store(json!([])), Faults::none());
    faults.set(|faulty| faulty.forbidden = vec![("*".into(), "pods/portforward".into()), ("list".into(), "*".into())]);
    for (said, granted) in
        [("get pods/portforward shop a", false), ("list services shop", false), ("get services shop a", true)]
    {
        assert_eq!(wish(said).granted("demo", &store, &faults), granted, "{said}");
    }
}
