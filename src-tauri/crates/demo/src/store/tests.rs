use k8s_openapi::api::core::v1::{Namespace, Pod};

use super::*;

fn store() -> Store {
    Store::new(Clock::start())
}

fn pods() -> &'static Kind {
    kind_of::<Pod>()
}

fn pod(name: &str) -> Value {
    json!({"metadata": {"name": name, "labels": {"app": "web"}}, "spec": {"containers": []}})
}

#[tokio::test]
async fn what_happens_is_told_in_order_from_any_version_on() {
    let store = store();
    let mut changes = store.changes(0);
    let created = store.create(pods(), "shop", pod("a")).unwrap();
    let relabel = |pod: &mut Value| {
        pod["metadata"]["labels"]["app"] = json!("api");
        Ok(())
    };
    store.modify(pods(), "shop", "a", relabel).unwrap();
    store.remove(pods(), "shop", "a", Some(&created.uid)).unwrap();
    let told = changes.next().await.unwrap();
    let told: Vec<_> =
        told.iter().map(|change| (change.before.is_some(), change.there, change.object.version)).collect();
    assert_eq!(told, [(false, true, 1), (true, true, 2), (true, false, 3)]);
    let later = store.changes(2).next().await.unwrap();
    assert_eq!(later.len(), 1);
    assert_eq!(later[0].object.labels["app"], "api");
    assert_eq!(later[0].object.value()["metadata"]["resourceVersion"], "3");
}

#[tokio::test(start_paused = true)]
async fn who_has_seen_all_waits_for_the_next() {
    let store = store();
    store.create(pods(), "shop", pod("a")).unwrap();
    let mut changes = store.changes(store.version());
    let waiting = tokio::spawn(async move { changes.next().await });
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    store.create(pods(), "shop", pod("b")).unwrap();
    assert_eq!(waiting.await.unwrap().unwrap()[0].object.name, "b");
}

#[tokio::test]
async fn who_asks_for_what_is_forgotten_is_told() {
    let store = store();
    for name in ["a", "b"] {
        store.create(pods(), "shop", pod(name)).unwrap();
    }
    store.compact();
    assert_eq!(store.changes(1).next().await.unwrap_err(), Forgotten { after: 1, oldest: 2 });
    store.create(pods(), "shop", pod("c")).unwrap();
    assert_eq!(store.changes(2).next().await.unwrap().len(), 1);
}

#[test]
fn a_list_is_of_one_kind_and_one_namespace() {
    let store = store();
    for (namespace, name) in [("shop", "b"), ("shop", "a"), ("shopping", "c")] {
        store.create(pods(), namespace, pod(name)).unwrap();
    }
    store.create(kind_of::<Namespace>(), "", json!({"metadata": {"name": "shop"}})).unwrap();
    let names = |namespace| store.list(pods(), namespace).0.iter().map(|pod| pod.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(Some("shop")), ["a", "b"]);
    assert_eq!(names(None), ["a", "b", "c"]);
}

#[test]
fn an_object_keeps_what_makes_it_itself() {
    let store = store();
    let created = store.create(pods(), "shop", pod("a")).unwrap();
    let changed = store.modify(pods(), "shop", "a", |pod| {
        *pod = json!({"metadata": {"name": "other", "uid": "1"}, "spec": {"nodeName": "n"}});
        Ok(())
    });
    let changed = changed.unwrap();
    assert_eq!((changed.name.as_str(), &changed.uid), ("a", &created.uid));
    assert_eq!(changed.value()["spec"]["nodeName"], "n");
}

#[test]
fn what_changes_nothing_is_no_change() {
    let store = store();
    store.create(pods(), "shop", pod("a")).unwrap();
    store.edit::<Pod>("shop", "a", |_| ()).unwrap();
    store.edit::<Pod>("shop", "a", |_| ()).unwrap();
    // The first may add what the type always writes.
    let version = store.version();
    store.edit::<Pod>("shop", "a", |_| ()).unwrap();
    assert_eq!(store.version(), version);
}

#[test]
fn a_name_is_taken_once_and_generated_where_it_is_missing() {
    let store = store();
    store.create(pods(), "shop", pod("a")).unwrap();
    let again = store.create(pods(), "shop", pod("a")).unwrap_err();
    assert_eq!(again.to_string(), "pods \"a\" already exists");
    let named = store.create(pods(), "shop", json!({"metadata": {"generateName": "web-"}})).unwrap();
    assert!(named.name.starts_with("web-") && named.name.len() == 9, "{}", named.name);
    assert!(matches!(store.create(pods(), "shop", json!({})), Err(Refused::Invalid(_))));
    let other = store.remove(pods(), "shop", "a", Some("other")).unwrap_err();
    assert!(matches!(other, Refused::Conflict(_)), "{other}");
}

#[test]
fn what_belongs_to_an_object_is_found_by_its_uid() {
    let store = store();
    let owned = |uid: &str| store.owned(uid).iter().map(|pod| pod.name.clone()).collect::<Vec<_>>();
    let owner = |uid: &str| json!([{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": uid, "controller": true}]);
    for name in ["b", "a"] {
        let mut pod = pod(name);
        pod["metadata"]["ownerReferences"] = owner("1");
        store.create(pods(), "shop", pod).unwrap();
    }
    assert_eq!(owned("1"), ["a", "b"]);
    let give = |pod: &mut Value| {
        pod["metadata"]["ownerReferences"] = owner("2");
        Ok(())
    };
    store.modify(pods(), "shop", "a", give).unwrap();
    store.remove(pods(), "shop", "b", None).unwrap();
    assert_eq!((owned("1"), owned("2")), (vec![], vec!["a".to_owned()]));
}
