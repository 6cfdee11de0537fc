use super::*;
use crate::clock::Clock;

fn kind(name: &str) -> &'static Kind {
    KINDS.iter().find(|kind| kind.kind == name).unwrap()
}

fn store() -> Store {
    let store = Store::new(Clock::start());
    let pod = |node: &str, phase: &str| {
        json!({
            "metadata": {"name": format!("{node}{phase}")},
            "spec": {"nodeName": node, "terminationGracePeriodSeconds": 20}, "status": {"phase": phase},
        })
    };
    for (node, phase) in [("", "Pending"), ("node", "Running"), ("node", "Succeeded")] {
        store.create(kind("Pod"), "shop", pod(node, phase)).unwrap();
    }
    store
}

fn pod(store: &Store, name: &str, how: &Deletion) -> Deleted {
    delete(store, kind("Pod"), "shop", name, how).unwrap()
}

#[tokio::test]
async fn a_pod_that_runs_is_marked_and_the_others_go() {
    let store = store();
    assert!(matches!(pod(&store, "Pending", &Deletion::default()), Deleted::Gone(_)));
    assert!(matches!(pod(&store, "nodeSucceeded", &Deletion::default()), Deleted::Gone(_)));
    let Deleted::Marked(marked) = pod(&store, "nodeRunning", &Deletion::default()) else { panic!("it is gone") };
    let meta = marked.value()["metadata"].take();
    assert_eq!(meta["deletionGracePeriodSeconds"], 20);
    assert!(meta["deletionTimestamp"].as_str().unwrap() > meta["creationTimestamp"].as_str().unwrap());
    let force = Deletion { grace: Some(0), ..Deletion::default() };
    assert!(matches!(pod(&store, "nodeRunning", &force), Deleted::Gone(_)));
}

#[tokio::test]
async fn time_to_end_can_be_shortened_only() {
    let store = store();
    let grace = |grace| Deletion { grace: Some(grace), ..Deletion::default() };
    for (said, left) in [(10, 10), (30, 10), (5, 5)] {
        let marked = pod(&store, "nodeRunning", &grace(said));
        assert_eq!(marked.object().value()["metadata"]["deletionGracePeriodSeconds"], left);
    }
}

#[tokio::test]
async fn only_the_one_that_is_meant_is_deleted() {
    let store = store();
    let other = Deletion { uid: Some("x".into()), ..Deletion::default() };
    let uid = store.get(kind("Pod"), "shop", "nodeRunning").unwrap().uid.clone();
    let refused = delete(&store, kind("Pod"), "shop", "nodeRunning", &other).unwrap_err();
    assert_eq!(
        refused.to_string(),
        format!(
            "Operation cannot be fulfilled on Pod \"nodeRunning\": the UID in the precondition (x) does not match the \
             UID in record ({uid}). The object might have been deleted and then recreated"
        )
    );
}

#[tokio::test]
async fn a_namespace_is_marked_and_nothing_else() {
    let store = store();
    store.create(kind("Namespace"), "", json!({"metadata": {"name": "shop"}})).unwrap();
    let Deleted::Marked(marked) = delete(&store, kind("Namespace"), "", "shop", &Deletion::default()).unwrap() else {
        panic!("it is gone")
    };
    assert_eq!(marked.value()["status"]["phase"], "Terminating");
    assert!(marked.value()["metadata"].get("deletionGracePeriodSeconds").is_none());
}

#[tokio::test]
async fn orphans_have_no_owner_any_more() {
    let store = Store::new(Clock::start());
    let owner = store.create(kind("ReplicaSet"), "shop", json!({"metadata": {"name": "a"}})).unwrap();
    let reference = json!({"uid": owner.uid, "name": "a"});
    let owned = json!({"metadata": {"name": "p", "ownerReferences": [reference]}});
    store.create(kind("Pod"), "shop", owned).unwrap();
    let how = Deletion { dependants: Dependants::Orphaned, ..Deletion::default() };
    delete(&store, kind("ReplicaSet"), "shop", "a", &how).unwrap();
    let left = store.get(kind("Pod"), "shop", "p").unwrap();
    assert_eq!(left.value()["metadata"].get("ownerReferences"), None);
}
