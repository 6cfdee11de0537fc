use k8s_openapi::api::authorization::v1::{ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec};
use kube::api::{ListParams, PostParams};

use super::*;

#[tokio::test]
async fn who_has_no_token_is_nobody() {
    let demo = demo().await;
    let mut config = Kubeconfig::from_yaml(&demo.server().kubeconfig_of("demo")).unwrap();
    config.auth_infos[0].auth_info.as_mut().unwrap().token = Some(String::from("wrong").into());
    let config = Config::from_custom_kubeconfig(config, &KubeConfigOptions::default()).await.unwrap();
    let status = get(&Client::try_from(config).unwrap(), "/api/v1/pods").await;
    assert_eq!(
        status,
        json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": "Unauthorized",
            "reason": "Unauthorized", "code": 401,
        })
    );
}

#[tokio::test]
async fn old_tokens_end_and_the_kubeconfig_has_a_new_one() {
    let demo = demo().await;
    let old = client(&demo).await;
    demo.server().expire_tokens().unwrap();
    assert_eq!(get(&old, "/api/v1/pods").await["code"], 401);
    let written = std::fs::read_to_string(demo.kubeconfig()).unwrap();
    assert_eq!(written, demo.server().kubeconfig_of("demo"));
    assert_eq!(get(&client(&demo).await, "/api/v1/pods").await["kind"], "PodList");
}

#[cfg(unix)]
#[tokio::test]
async fn the_kubeconfig_is_its_owners_and_goes_with_the_cluster() {
    use std::os::unix::fs::PermissionsExt;
    let demo = demo().await;
    let path = demo.kubeconfig().to_owned();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    demo.server().expire_tokens().unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    drop(demo);
    tokio::task::yield_now().await;
    assert!(!path.exists());
}

#[tokio::test]
async fn a_user_may_do_what_a_role_grants() {
    let demo = demo().await;
    add(&demo, "a", "web");
    let store = demo.store();
    let rbac = |kind| Kind::named("rbac.authorization.k8s.io/v1", kind).unwrap();
    let role =
        json!({"metadata": {"name": "r"}, "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}]});
    store.create(rbac("Role"), "shop", role).unwrap();
    let binding = json!({
        "metadata": {"name": "b"}, "roleRef": {"kind": "Role", "name": "r", "apiGroup": "rbac.authorization.k8s.io"},
        "subjects": [{"kind": "User", "name": "viewer"}],
    });
    store.create(rbac("RoleBinding"), "shop", binding).unwrap();
    let client = client_of(&demo, "viewer").await;
    let pods: Api<Pod> = Api::namespaced(client.clone(), "shop");
    assert_eq!(pods.list(&ListParams::default()).await.unwrap().items.len(), 1);
    let status = get(&client, "/api/v1/namespaces/shop/pods/a").await;
    assert_eq!(
        status,
        json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "reason": "Forbidden", "code": 403,
            "message": r#"pods "a" is forbidden: User "viewer" cannot get resource "pods" in API group "" in the namespace "shop""#,
            "details": {"name": "a", "kind": "pods"},
        })
    );
    let status = get(&client, "/nope").await;
    assert_eq!(status["message"], r#"forbidden: User "viewer" cannot get path "/nope""#);
    assert_eq!((may(&client, "list").await, may(&client, "delete").await), (true, false));
}

async fn may(client: &Client, verb: &str) -> bool {
    let wanted = ResourceAttributes {
        namespace: Some("shop".into()),
        verb: Some(verb.into()),
        resource: Some("pods".into()),
        ..ResourceAttributes::default()
    };
    let spec = SelfSubjectAccessReviewSpec { resource_attributes: Some(wanted), ..Default::default() };
    let review = SelfSubjectAccessReview { spec, ..Default::default() };
    let reviews: Api<SelfSubjectAccessReview> = Api::all(client.clone());
    reviews.create(&PostParams::default(), &review).await.unwrap().status.unwrap().allowed
}
