use std::time::Duration;

use futures::{AsyncBufReadExt, TryStreamExt, stream::BoxStream};
use tokio::time::timeout;

use super::*;

/// The lines of a watch.
async fn watch(client: &Client, path: &str) -> BoxStream<'static, Result<String, std::io::Error>> {
    let request = Request::get(path).body(Vec::new()).unwrap();
    Box::pin(client.request_stream(request).await.unwrap().lines())
}

/// The next line: what happened, to which pod, at which version.
async fn next(lines: &mut BoxStream<'static, Result<String, std::io::Error>>) -> Option<Value> {
    let line = timeout(Duration::from_secs(10), lines.try_next()).await.expect("a line").unwrap()?;
    Some(serde_json::from_str(&line).unwrap())
}

fn told(line: &Option<Value>) -> (&str, &str) {
    let line = line.as_ref().unwrap();
    (line["type"].as_str().unwrap(), line["object"]["metadata"]["name"].as_str().unwrap_or_default())
}

fn relabel(demo: &Demo, name: &str, app: &str) {
    let kind = Kind::named("v1", "Pod").unwrap();
    demo.store()
        .modify(kind, "shop", name, |pod| {
            pod["metadata"]["labels"]["app"] = json!(app);
            Ok(())
        })
        .unwrap();
}

#[tokio::test]
async fn a_watch_from_a_version_tells_what_came_after() {
    let demo = demo().await;
    add(&demo, "a", "web");
    let version = demo.store().version();
    add(&demo, "b", "web");
    let path = format!("/api/v1/namespaces/shop/pods?watch=1&resourceVersion={version}");
    let mut lines = watch(&client(&demo).await, &path).await;
    assert_eq!(told(&next(&mut lines).await), ("ADDED", "b"));
    relabel(&demo, "a", "api");
    assert_eq!(told(&next(&mut lines).await), ("MODIFIED", "a"));
    demo.store().remove(Kind::named("v1", "Pod").unwrap(), "shop", "a", None).unwrap();
    assert_eq!(told(&next(&mut lines).await), ("DELETED", "a"));
}

#[tokio::test]
async fn a_watch_from_nowhere_begins_with_what_there_is() {
    let demo = demo().await;
    add(&demo, "a", "web");
    for from in ["", "&resourceVersion=0"] {
        let mut lines = watch(&client(&demo).await, &format!("/api/v1/pods?watch=true{from}")).await;
        assert_eq!(told(&next(&mut lines).await), ("ADDED", "a"));
    }
}

#[tokio::test]
async fn who_crosses_the_border_of_a_selector_comes_or_goes() {
    let demo = demo().await;
    let version = demo.store().version();
    let path = format!("/api/v1/pods?watch=1&labelSelector=app%3Dweb&resourceVersion={version}");
    let mut lines = watch(&client(&demo).await, &path).await;
    add(&demo, "a", "api");
    relabel(&demo, "a", "web");
    assert_eq!(told(&next(&mut lines).await), ("ADDED", "a"));
    relabel(&demo, "a", "api");
    let gone = next(&mut lines).await;
    assert_eq!(told(&gone), ("DELETED", "a"));
    // As it was last selected, at the version at which it no longer was.
    let meta = &gone.as_ref().unwrap()["object"]["metadata"];
    assert_eq!(meta["labels"]["app"], "web");
    assert_eq!(meta["resourceVersion"], demo.store().version().to_string());
    relabel(&demo, "a", "db");
    add(&demo, "b", "web");
    assert_eq!(told(&next(&mut lines).await), ("ADDED", "b"));
}

#[tokio::test]
async fn one_object_can_be_watched_by_its_name() {
    let demo = demo().await;
    add(&demo, "a", "web");
    for path in [
        "/api/v1/namespaces/shop/pods?watch=1&fieldSelector=metadata.name%3Db",
        "/api/v1/namespaces/shop/pods/b?watch=1",
    ] {
        let mut lines = watch(&client(&demo).await, path).await;
        add(&demo, "b", "web");
        assert_eq!(told(&next(&mut lines).await), ("ADDED", "b"));
        demo.store().remove(Kind::named("v1", "Pod").unwrap(), "shop", "b", None).unwrap();
        assert_eq!(told(&next(&mut lines).await), ("DELETED", "b"));
    }
}

#[tokio::test]
async fn what_is_forgotten_is_gone() {
    let demo = demo().await;
    let version = demo.store().version();
    add(&demo, "a", "web");
    demo.store().compact();
    let oldest = demo.store().version();
    let path = format!("/api/v1/pods?watch=1&resourceVersion={version}");
    let mut lines = watch(&client(&demo).await, &path).await;
    let error = next(&mut lines).await.unwrap();
    assert_eq!(error["type"], "ERROR");
    assert_eq!((&error["object"]["code"], &error["object"]["reason"]), (&json!(410), &json!("Expired")));
    let message = format!("too old resource version: {version} ({oldest})");
    assert_eq!(error["object"]["message"], message);
    assert_eq!(next(&mut lines).await, None);
}

#[tokio::test]
async fn the_first_objects_end_with_a_mark() {
    let demo = demo().await;
    add(&demo, "a", "web");
    let added = demo.store().version();
    let path = "/api/v1/pods?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
    let mut lines = watch(&client(&demo).await, path).await;
    assert_eq!(told(&next(&mut lines).await), ("ADDED", "a"));
    let mark = next(&mut lines).await.unwrap();
    assert_eq!(mark["type"], "BOOKMARK");
    let meta = &mark["object"]["metadata"];
    assert_eq!(meta["annotations"], json!({"k8s.io/initial-events-end": "true"}));
    let version: u64 = meta["resourceVersion"].as_str().unwrap().parse().unwrap();
    assert!((added..=demo.store().version()).contains(&version), "{version}");
}

#[tokio::test]
async fn a_watch_ends_in_time_and_says_how_far_it_is() {
    let demo = demo().await;
    let version = demo.store().version();
    let path = format!("/api/v1/pods?watch=1&timeoutSeconds=1&allowWatchBookmarks=true&resourceVersion={version}");
    let mut lines = watch(&client(&demo).await, &path).await;
    let namespaces = Kind::named("v1", "Namespace").unwrap();
    demo.store().create(namespaces, "", json!({"metadata": {"name": "other"}})).unwrap();
    let mark = next(&mut lines).await.unwrap();
    assert_eq!(mark["type"], "BOOKMARK");
    assert_eq!(mark["object"]["metadata"]["resourceVersion"], demo.store().version().to_string());
    assert_eq!(next(&mut lines).await, None);
}
