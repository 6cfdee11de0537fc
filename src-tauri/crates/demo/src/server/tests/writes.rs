use k8s_openapi::api::{apps::v1::Deployment, autoscaling::v1::Scale, core::v1::Service};
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};

use super::*;

fn deployment(labels: Value) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"},
        "spec": {
            "replicas": 0, "selector": {"matchLabels": {"a": "b"}},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "i:1"}]}},
        },
    })
}

async fn made(demo: &Demo) -> Api<Deployment> {
    let deployments: Api<Deployment> = Api::namespaced(client(demo).await, "shop");
    let new = serde_json::from_value(deployment(json!({"a": "b"}))).unwrap();
    deployments.create(&PostParams::default(), &new).await.unwrap();
    deployments
}

#[tokio::test]
async fn what_cannot_be_created_is_refused_in_kubernetes_words() {
    let demo = demo().await;
    add(&demo, "there", "web");
    let client = client(&demo).await;
    let mut there = pod("there", "web");
    there["apiVersion"] = json!("v1");
    for (path, object, code, message) in [
        ("/api/v1/namespaces/nope/pods", pod("a", "web"), 404, r#"namespaces "nope" not found"#),
        ("/api/v1/namespaces/shop/pods", there, 409, r#"pods "there" already exists"#),
        (
            "/api/v1/namespaces/shop/pods",
            json!({"metadata": {"name": "a"}, "spec": {}}),
            422,
            r#"Pod "a" is invalid: spec.containers: Required value"#,
        ),
        (
            "/apis/apps/v1/namespaces/shop/deployments",
            deployment(json!({"a": "c"})),
            422,
            r#"Deployment.apps "d" is invalid: spec.template.metadata.labels: Invalid value: map[string]string{"a":"c"}: `selector` does not match template `labels`"#,
        ),
        ("/api/v1/pods", pod("a", "web"), 405, "the server does not allow this method on the requested resource"),
    ] {
        let status = ask(&client, Method::POST, path, &[("content-type", "application/json")], object).await;
        assert_eq!((&status["code"], &status["message"]), (&json!(code), &json!(message)));
    }
}

#[tokio::test]
async fn what_is_created_is_given_its_defaults_and_a_trial_leaves_nothing() {
    let demo = demo().await;
    let services: Api<Service> = Api::namespaced(client(&demo).await, "shop");
    let new: Service =
        serde_json::from_value(json!({"metadata": {"generateName": "s-"}, "spec": {"ports": [{"port": 80}]}})).unwrap();
    let trial = services.create(&PostParams { dry_run: true, ..PostParams::default() }, &new).await.unwrap();
    assert!(services.get_opt(trial.metadata.name.as_deref().unwrap()).await.unwrap().is_none());
    let made = services.create(&PostParams::default(), &new).await.unwrap();
    assert!(made.metadata.name.unwrap().starts_with("s-"));
    assert!(made.spec.unwrap().cluster_ip.unwrap().starts_with("10."));
}

#[tokio::test]
async fn who_writes_over_a_newer_version_is_refused() {
    let demo = demo().await;
    add(&demo, "a", "web");
    let pods = pods(&demo).await;
    let mut old = pods.get("a").await.unwrap();
    let labels = json!({"metadata": {"labels": {"app": "new"}}});
    pods.patch("a", &PatchParams::default(), &Patch::Merge(labels)).await.unwrap();
    old.metadata.labels.as_mut().unwrap().insert("app".into(), "old".into());
    let Err(kube::Error::Api(status)) = pods.replace("a", &PostParams::default(), &old).await else {
        panic!("it was written")
    };
    assert_eq!(
        status.message,
        "Operation cannot be fulfilled on pods \"a\": the object has been modified; please apply your changes to the \
         latest version and try again"
    );
    assert_eq!((status.code, status.reason.as_str()), (409, "Conflict"));
}

#[tokio::test]
async fn a_patch_of_any_kind_changes_what_it_says() {
    let demo = demo().await;
    let deployments = made(&demo).await;
    let image = json!({"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "i:2"}]}}}});
    let patched = deployments.patch("d", &PatchParams::default(), &Patch::Strategic(image)).await.unwrap();
    assert_eq!(patched.metadata.generation, Some(2));
    let containers = patched.spec.unwrap().template.spec.unwrap().containers;
    assert_eq!((containers[0].name.as_str(), containers[0].image.as_deref()), ("c", Some("i:2")));
    let label: json_patch::Patch =
        serde_json::from_value(json!([{"op": "add", "path": "/metadata/labels", "value": {"x": "y"}}])).unwrap();
    let patched = deployments.patch("d", &PatchParams::default(), &Patch::Json::<Value>(label)).await.unwrap();
    assert_eq!(patched.metadata.labels.unwrap()["x"], "y");
    let apply = Patch::Apply(json!({"apiVersion": "apps/v1", "kind": "Deployment"}));
    let refused = deployments.patch("d", &PatchParams::apply("test"), &apply).await;
    assert!(matches!(refused, Err(kube::Error::Api(status)) if status.code == 415));
}

#[tokio::test]
async fn the_status_is_written_apart() {
    let demo = demo().await;
    let deployments = made(&demo).await;
    let both = json!({"spec": {"paused": true}, "status": {"collisionCount": 7}});
    let patched = deployments.patch_status("d", &PatchParams::default(), &Patch::Merge(both.clone())).await.unwrap();
    assert_eq!(patched.spec.unwrap().paused, None);
    assert_eq!(patched.status.unwrap().collision_count, Some(7));
    let other = json!({"spec": {"paused": true}, "status": {"collisionCount": 8}});
    let patched = deployments.patch("d", &PatchParams::default(), &Patch::Merge(other)).await.unwrap();
    assert_eq!(patched.spec.unwrap().paused, Some(true));
    assert_eq!(patched.status.unwrap().collision_count, Some(7));
}

#[tokio::test]
async fn a_scale_is_read_and_written() {
    let demo = demo().await;
    let deployments = made(&demo).await;
    let scale = deployments.get_scale("d").await.unwrap();
    assert_eq!(scale.status.unwrap().selector.as_deref(), Some("a=b"));
    let patch = Patch::Merge(json!({"spec": {"replicas": 3}}));
    let scale: Scale = deployments.patch_scale("d", &PatchParams::default(), &patch).await.unwrap();
    assert_eq!(scale.spec.unwrap().replicas, Some(3));
    assert_eq!(deployments.get("d").await.unwrap().spec.unwrap().replicas, Some(3));
}

#[tokio::test]
async fn what_is_deleted_goes_or_is_told_to() {
    let demo = demo().await;
    add(&demo, "a", "web");
    let pods = pods(&demo).await;
    let other =
        DeleteParams::default().preconditions(kube::api::Preconditions { uid: Some("x".into()), ..Default::default() });
    assert!(matches!(pods.delete("a", &other).await, Err(kube::Error::Api(status)) if status.code == 409));
    // Nothing has started it, so it goes at once; a pod is answered with itself.
    assert!(pods.delete("a", &DeleteParams::default()).await.unwrap().is_left());
    assert!(pods.get_opt("a").await.unwrap().is_none());
    let deployments = made(&demo).await;
    let gone = deployments.delete("d", &DeleteParams::default()).await.unwrap().right().unwrap();
    assert_eq!(gone.details.unwrap().name, "d");
}

#[tokio::test]
async fn a_selection_is_deleted_at_once() {
    let demo = demo().await;
    for (name, app) in [("a", "web"), ("b", "web"), ("c", "api")] {
        add(&demo, name, app);
    }
    let client = client(&demo).await;
    let path = "/api/v1/namespaces/shop/pods?labelSelector=app%3Dweb";
    let deleted = ask(&client, Method::DELETE, path, &[], Value::Null).await;
    assert_eq!((&deleted["kind"], deleted["items"].as_array().unwrap().len()), (&json!("PodList"), 2));
    assert_eq!(demo.store().list(Kind::named("v1", "Pod").unwrap(), None).0.len(), 1);
    assert_eq!(ask(&client, Method::DELETE, "/api/v1/pods", &[], Value::Null).await["code"], 405);
}
