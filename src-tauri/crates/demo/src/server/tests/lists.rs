use kube::api::ListParams;

use super::*;

const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

fn names(list: &Value) -> Vec<&str> {
    list["items"].as_array().unwrap().iter().map(|item| item["metadata"]["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_list_is_as_real_ones_are() {
    let demo = demo().await;
    add(&demo, "b", "web");
    add(&demo, "a", "api");
    let list = get(&client(&demo).await, "/api/v1/namespaces/shop/pods").await;
    assert_eq!((&list["kind"], &list["apiVersion"]), (&json!("PodList"), &json!("v1")));
    assert_eq!(list["metadata"], json!({"resourceVersion": demo.store().version().to_string()}));
    assert_eq!(names(&list), ["a", "b"]);
    // Items do not say what they are.
    assert_eq!(list["items"][0].get("kind"), None);
    let client = client(&demo).await;
    assert_eq!(names(&get(&client, "/api/v1/pods?labelSelector=app%3Dweb").await), ["b"]);
    assert_eq!(names(&get(&client, "/api/v1/pods?fieldSelector=metadata.name%3Da").await), ["a"]);
    assert_eq!(names(&get(&client, "/api/v1/namespaces/other/pods").await), [""; 0]);
}

#[tokio::test]
async fn later_pages_are_of_the_version_of_the_first() {
    let demo = demo().await;
    for name in ["a", "b", "c", "d"] {
        add(&demo, name, "web");
    }
    let pods = pods(&demo).await;
    let first = pods.list(&ListParams::default().limit(2)).await.unwrap();
    assert_eq!(first.metadata.remaining_item_count, Some(2));
    let kind = Kind::named("v1", "Pod").unwrap();
    demo.store().remove(kind, "shop", "c", None).unwrap();
    demo.store()
        .modify(kind, "shop", "d", |pod| {
            pod["metadata"]["labels"]["app"] = json!("new");
            Ok(())
        })
        .unwrap();
    add(&demo, "e", "web");
    let token = first.metadata.continue_.unwrap();
    let second = pods.list(&ListParams::default().limit(2).continue_token(&token)).await.unwrap();
    let seen: Vec<_> = second
        .items
        .iter()
        .map(|pod| (pod.metadata.name.as_deref().unwrap(), pod.metadata.labels.as_ref().unwrap()["app"].as_str()))
        .collect();
    assert_eq!(seen, [("c", "web"), ("d", "web")]);
    assert_eq!(second.metadata.continue_, None);
    assert_eq!(second.metadata.resource_version, first.metadata.resource_version);
}

#[tokio::test]
async fn a_token_that_is_too_old_is_gone_and_tells_how_to_go_on() {
    let demo = demo().await;
    for name in ["a", "b"] {
        add(&demo, name, "web");
    }
    let client = client(&demo).await;
    let first = get(&client, "/api/v1/pods?limit=1").await;
    add(&demo, "c", "web");
    demo.store().compact();
    let token = first["metadata"]["continue"].as_str().unwrap();
    let gone = get(&client, &format!("/api/v1/pods?limit=1&continue={token}")).await;
    assert_eq!((&gone["code"], &gone["reason"]), (&json!(410), &json!("Expired")));
    let resume = gone["metadata"]["continue"].as_str().unwrap();
    assert_eq!(names(&get(&client, &format!("/api/v1/pods?continue={resume}")).await), ["b", "c"]);
}

#[tokio::test]
async fn a_list_can_be_of_metadata_alone() {
    let demo = demo().await;
    add(&demo, "a", "web");
    let list = pods(&demo).await.list_metadata(&ListParams::default()).await.unwrap();
    assert_eq!(list.items[0].metadata.name.as_deref(), Some("a"));
    assert_eq!(list.types.kind, "PartialObjectMetadataList");
}

#[tokio::test]
async fn a_table_has_the_real_servers_columns() {
    let demo = demo().await;
    add(&demo, "a", "web");
    let path = "/api/v1/namespaces/shop/pods";
    let table = ask(&client(&demo).await, Method::GET, path, &[("accept", TABLE)], Value::Null).await;
    assert_eq!((&table["kind"], &table["apiVersion"]), (&json!("Table"), &json!("meta.k8s.io/v1")));
    let columns: Vec<_> = table["columnDefinitions"].as_array().unwrap().iter().map(|column| &column["name"]).collect();
    assert_eq!(
        columns,
        ["Name", "Ready", "Status", "Restarts", "Age", "IP", "Node", "Nominated Node", "Readiness Gates"]
    );
    assert_eq!(table["rows"][0]["cells"][0], "a");
    assert_eq!(table["rows"][0]["object"]["kind"], "PartialObjectMetadata");
    assert_eq!(table["rows"][0]["object"]["metadata"]["labels"]["app"], "web");
}

#[tokio::test]
async fn what_is_not_there_is_not_found_in_kubernetes_words() {
    let demo = demo().await;
    let client = client(&demo).await;
    for (path, message) in [
        ("/api/v1/namespaces/shop/pods/nope", r#"pods "nope" not found"#),
        ("/apis/apps/v1/namespaces/shop/deployments/nope", r#"deployments.apps "nope" not found"#),
        ("/api/v1/nope", "the server could not find the requested resource"),
    ] {
        let status = get(&client, path).await;
        assert_eq!((&status["message"], &status["code"]), (&json!(message), &json!(404)), "{path}");
    }
    assert_eq!(get(&client, "/apis/nope/v1").await, "404 page not found\n");
    assert_eq!(
        get(&client, "/api/v1/pods?fieldSelector=spec.foo%3Db").await["message"],
        "field label not supported: spec.foo"
    );
}

#[tokio::test]
async fn the_server_tells_what_it_is() {
    let client = client(&demo().await).await;
    assert!(client.apiserver_version().await.is_err(), "the server has gone");
    let demo = demo().await;
    let client = super::client(&demo).await;
    assert_eq!(client.apiserver_version().await.unwrap().git_version, "v1.33.0");
    assert_eq!(client.list_core_api_versions().await.unwrap().versions, ["v1"]);
    let core = client.list_core_api_resources("v1").await.unwrap();
    let forward = core.resources.iter().find(|resource| resource.name == "pods/portforward").unwrap();
    assert_eq!(forward.verbs, ["create", "get"]);
    let groups: Vec<_> = client.list_api_groups().await.unwrap().groups.into_iter().map(|group| group.name).collect();
    assert_eq!(groups, ["apps", "authorization.k8s.io", "batch", "discovery.k8s.io", "rbac.authorization.k8s.io"]);
}
