use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};

use super::*;

/// Follows every change until the rollout is over; how few were ready, and how many there were that do not end.
async fn roll(demo: &Demo, replicas: usize) -> (usize, usize) {
    let store = demo.store();
    let before = names(store);
    restart::<Deployment>(store, "web", "now");
    let (mut fewest, mut most) = (usize::MAX, 0);
    let mut changes = store.changes(store.version());
    let limit = tokio::time::Instant::now() + LIMIT;
    loop {
        let all = pods(store);
        let there = all.iter().filter(|pod| pod.metadata.deletion_timestamp.is_none()).count();
        (fewest, most) = (fewest.min(ready(store)), most.max(there));
        let old = all.iter().any(|pod| before.contains(pod.metadata.name.as_ref().unwrap()));
        if !old && ready(store) == replicas && all.len() == replicas {
            return (fewest, most);
        }
        tokio::time::timeout_at(limit, changes.next()).await.unwrap().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_rollout_keeps_within_its_bounds() {
    let cases = [
        ("0", "1", 4, 4, 5),
        ("1", "0", 4, 3, 4),
        ("25%", "25%", 4, 3, 5),
        ("50%", "1", 5, 3, 6),
        ("0", "100%", 3, 3, 6),
    ];
    for (unavailable, surge, replicas, at_least, at_most) in cases {
        let strategy = format!("strategy: {{rollingUpdate: {{maxUnavailable: {unavailable}, maxSurge: {surge}}}}}");
        let demo = demo(&deployment("web", replicas, "test/200:8080", &strategy)).await;
        let count = usize::try_from(replicas).unwrap();
        until_ready(demo.store(), count).await;
        let (fewest, most) = roll(&demo, count).await;
        assert!(fewest >= at_least && most <= at_most, "{unavailable} {surge}: {fewest} to {most}");
    }
}

#[tokio::test(start_paused = true)]
async fn recreate_has_no_old_pod_beside_a_new_one() {
    let demo = demo(&deployment("web", 2, "test/200:8080", "strategy: {type: Recreate}")).await;
    let store = demo.store();
    until_ready(store, 2).await;
    let before = names(store);
    restart::<Deployment>(store, "web", "now");
    until(store, "two new ones", |store| {
        let now = names(store);
        let old = now.iter().filter(|name| before.contains(name)).count();
        assert!(old == 0 || old == now.len(), "{before:?} {now:?}");
        old == 0 && ready(store) == 2
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn old_sets_are_kept_to_go_back_to_and_revisions_are_counted() {
    let demo = demo(&deployment("web", 1, "test/200:8080", "revisionHistoryLimit: 1")).await;
    let store = demo.store();
    until_ready(store, 1).await;
    let first: Deployment = store.read("shop", "web").unwrap();
    for mark in ["one", "two"] {
        restart::<Deployment>(store, "web", mark);
        settle(store, mark).await;
    }
    let revisions = |store: &Store| {
        let sets: Vec<ReplicaSet> = store.all(Some("shop"));
        let mut revisions: Vec<_> = sets.iter().map(|set| annotation(&set.metadata.annotations)).collect();
        revisions.sort();
        revisions
    };
    assert_eq!(revisions(store), ["2", "3"]);
    // As `kubectl rollout undo` does, to one that is forgotten: it is made anew.
    store.edit::<Deployment>("shop", "web", |web| web.spec = first.spec.clone()).unwrap();
    settle(store, "undo").await;
    assert_eq!(revisions(store), ["3", "4"]);
    assert_eq!(annotation(&store.read::<Deployment>("shop", "web").unwrap().metadata.annotations), "4");
}

fn annotation(annotations: &Option<std::collections::BTreeMap<String, String>>) -> String {
    annotations.as_ref().unwrap()["deployment.kubernetes.io/revision"].clone()
}

async fn settle(store: &Store, what: &str) {
    until(store, what, |store| {
        let web: Deployment = store.read("shop", "web").unwrap();
        let status = web.status.unwrap();
        status.observed_generation == web.metadata.generation
            && (status.updated_replicas, status.replicas, status.available_replicas) == (Some(1), Some(1), Some(1))
            && names(store).len() == 1
            && store.all::<ReplicaSet>(Some("shop")).len() <= 2
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_rollout_to_what_never_serves_leaves_the_old_pods_and_says_so() {
    let demo = demo(&deployment("web", 2, "test/200:8080", "progressDeadlineSeconds: 30")).await;
    let store = demo.store();
    until_ready(store, 2).await;
    let image = |web: &mut Deployment| {
        let spec = web.spec.as_mut().unwrap().template.spec.as_mut().unwrap();
        spec.containers[0].image = Some("test/503:8080".into());
    };
    store.edit::<Deployment>("shop", "web", image).unwrap();
    until(store, "an exceeded deadline", |store| {
        let status = store.read::<Deployment>("shop", "web").unwrap().status.unwrap();
        let conditions = status.conditions.unwrap();
        conditions.iter().any(|it| it.reason.as_deref() == Some("ProgressDeadlineExceeded") && it.status == "False")
    })
    .await;
    assert_eq!((ready(store), names(store).len()), (2, 3));
}
