use k8s_openapi::api::{
    apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet},
    batch::v1::Job,
    core::v1::ReplicationController,
};

use super::*;
use crate::Error;

#[tokio::test(start_paused = true)]
async fn the_workloads_of_the_tests_on_a_real_cluster_come_up() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../tests/cluster/manifests");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let manifests = files.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect();
    let options = Options { manifests, nodes: 1, ..Options::default() };
    let demo = Demo::start(options).await.unwrap();
    // What apply.sh waits for.
    until(demo.store(), "all that is asked for", |store| {
        let web: Deployment = store.read("shop", "web").unwrap();
        let db: StatefulSet = store.read("shop", "db").unwrap();
        let legacy: ReplicationController = store.read("shop", "legacy").unwrap();
        let rsweb: ReplicaSet = store.read("shop", "rsweb").unwrap();
        let agent: DaemonSet = store.read("shop", "agent").unwrap();
        let task: Job = store.read("shop", "task").unwrap();
        let solo: Pod = store.read("shop", "solo").unwrap();
        web.status.and_then(|it| it.ready_replicas) == Some(3)
            && db.status.and_then(|it| it.ready_replicas) == Some(1)
            && legacy.status.and_then(|it| it.ready_replicas) == Some(1)
            && rsweb.status.and_then(|it| it.ready_replicas) == Some(1)
            && agent.status.map(|it| it.number_ready) == Some(1)
            && task.status.and_then(|it| it.active) == Some(1)
            && is_ready(&solo)
    })
    .await;
}

#[tokio::test]
async fn a_manifest_that_is_none_is_refused_with_its_place_and_reason() {
    let cases = [
        ("kind: [", "cannot use the manifest: it is no YAML"),
        (
            "apiVersion: v1\nkind: Pig\nmetadata: {name: a}",
            "document 1 (Pig a): the demo cluster has no objects of kind Pig in v1",
        ),
        (
            "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: b}\nspec: 3",
            "document 2 (Pod b): ",
        ),
        ("apiVersion: v1\nkind: Service\nmetadata: {}", "document 1 (Service ?): metadata.name: Required value"),
    ];
    for (manifest, expected) in cases {
        let options = Options { manifests: vec![manifest.into()], ..Options::default() };
        let error = Demo::start(options).await.unwrap_err();
        assert!(matches!(&error, Error::Manifest(_)) && error.to_string().contains(expected), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_shop_is_ready_soon_and_what_does_not_work_does_not() {
    let demo = Demo::start(Options::default()).await.unwrap();
    let (store, began) = (demo.store(), tokio::time::Instant::now());
    let counted = |name: &str| {
        let status = store.read::<Deployment>("shop", name).unwrap().status.unwrap_or_default();
        status.ready_replicas.unwrap_or(0)
    };
    until(store, "the shop", |store| {
        let db: StatefulSet = store.read("shop", "orders-db").unwrap();
        let metrics: DaemonSet = store.read("shop", "metrics").unwrap();
        (counted("web"), counted("api"), counted("cache")) == (3, 2, 1)
            && db.status.and_then(|it| it.ready_replicas) == Some(2)
            && metrics.status.map(|it| it.number_ready) == Some(2)
            && is_ready(&store.read("shop", "debug").unwrap())
    })
    .await;
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    let done = |store: &Store| store.read::<Job>("shop", "import-catalogue").unwrap().status.unwrap_or_default();
    until(store, "the job's end", |store| done(store).completion_time.is_some()).await;
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    assert_eq!(counted("search"), 0);
}
