use serde_json::json;

use super::*;

fn deployment() -> &'static Kind {
    Kind::named("apps/v1", "Deployment").unwrap()
}

fn strategic(old: Value, patch: Value) -> Value {
    Patch::Strategic(patch).apply(&old, deployment()).unwrap()
}

fn pod() -> Value {
    json!({
        "metadata": {"name": "a", "resourceVersion": "7", "labels": {"app": "web"}},
        "spec": {"containers": [
            {"name": "web", "image": "web:1", "ports": [{"containerPort": 80}], "env": [{"name": "A", "value": "1"}]},
            {"name": "side", "image": "side:1"},
        ]},
    })
}

#[test]
fn a_strategic_patch_merges_containers_by_name() {
    let patched = strategic(
        pod(),
        json!({"spec": {"$setElementOrder/containers": [{"name": "web"}, {"name": "side"}], "containers": [
            {"name": "web", "image": "web:2", "env": [{"name": "B", "value": "2"}], "ports": [
                {"containerPort": 7}, {"containerPort": 80, "$patch": "delete"},
            ]},
        ]}}),
    );
    assert_eq!(
        patched["spec"],
        json!({"containers": [
            {
                "name": "web", "image": "web:2", "ports": [{"containerPort": 7}],
                "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
            },
            {"name": "side", "image": "side:1"},
        ]})
    );
}

#[test]
fn a_strategic_patch_heeds_its_directives() {
    let of = |patch| strategic(pod(), json!({"spec": patch}))["spec"].clone();
    assert_eq!(of(json!({"containers": [{"name": "web", "$patch": "delete"}]}))["containers"][0]["name"], "side");
    let replaced = of(json!({"containers": [{"$patch": "replace"}, {"name": "new", "image": "new:1"}]}));
    assert_eq!(replaced["containers"], json!([{"name": "new", "image": "new:1"}]));
    assert_eq!(of(json!({"$patch": "replace", "nodeName": "n"})), json!({"nodeName": "n"}));
    assert_eq!(of(json!({"$retainKeys": ["nodeName"], "nodeName": "n"})), json!({"nodeName": "n"}));
    assert_eq!(of(json!({"containers": null})), json!({}));
    let finalizers = json!({"metadata": {"finalizers": ["a", "b"]}});
    let patched = strategic(finalizers, json!({"metadata": {"$deleteFromPrimitiveList/finalizers": ["a"]}}));
    assert_eq!(patched["metadata"]["finalizers"], json!(["b"]));
}

#[test]
fn a_restart_adds_its_annotation_where_there_are_none() {
    let restart =
        json!({"spec": {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "now"}}}}});
    let old = json!({"metadata": {"name": "a"}, "spec": {"template": {"metadata": {"labels": {"app": "web"}}}}});
    let meta = strategic(old, restart)["spec"]["template"]["metadata"].clone();
    let annotations = json!({"kubectl.kubernetes.io/restartedAt": "now"});
    assert_eq!(meta, json!({"labels": {"app": "web"}, "annotations": annotations}));
}

#[test]
fn only_a_patch_that_says_a_version_means_one() {
    let labels = json!({"metadata": {"labels": {"tier": "front", "app": null}}});
    let merged = Patch::Merge(labels).apply(&pod(), deployment()).unwrap();
    assert_eq!(merged["metadata"], json!({"name": "a", "labels": {"tier": "front"}}));
    let merged = Patch::Merge(json!({"metadata": {"resourceVersion": "6"}})).apply(&pod(), deployment()).unwrap();
    assert_eq!(merged["metadata"]["resourceVersion"], "6");
}

#[test]
fn a_json_patch_that_does_not_fit_is_refused() {
    let patch = |patch| Patch::Json(serde_json::from_value(patch).unwrap()).apply(&pod(), deployment());
    let replaced = patch(json!([{"op": "replace", "path": "/spec/containers/1/image", "value": "side:2"}])).unwrap();
    assert_eq!(replaced["spec"]["containers"][1]["image"], "side:2");
    let refused = patch(json!([{"op": "remove", "path": "/spec/nothing"}])).unwrap_err();
    assert!(refused.to_string().starts_with("Deployment.apps \"a\" is invalid: patch: "), "{refused}");
}

#[test]
fn a_type_of_patch_that_is_not_known_is_refused() {
    let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, "application/apply-patch+yaml".parse().unwrap())]);
    let refused = Patch::parse(&headers, b"{}").unwrap_err();
    assert_eq!(refused.value()["code"], 415);
    assert!(refused.to_string().contains("--server-side"), "{refused}");
}
