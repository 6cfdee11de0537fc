use k8s_openapi::api::{
    apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet},
    batch::v1::Job,
};

use super::*;

#[tokio::test(start_paused = true)]
async fn a_deployment_comes_up_and_says_so() {
    let demo = demo(&deployment("web", 3, "test/200:8080", "")).await;
    let store = demo.store();
    until(store, "an available deployment", |store| {
        let status = store.read::<Deployment>("shop", "web").and_then(|it| it.status).unwrap_or_default();
        status.available_replicas == Some(3)
    })
    .await;
    let web: Deployment = store.read("shop", "web").unwrap();
    let status = web.status.unwrap();
    assert_eq!((status.replicas, status.updated_replicas, status.unavailable_replicas), (Some(3), Some(3), None));
    assert_eq!(status.observed_generation, web.metadata.generation);
    let conditions: Vec<_> =
        status.conditions.unwrap().into_iter().map(|it| (it.type_, it.status, it.reason.unwrap())).collect();
    let expected = [("Available", "MinimumReplicasAvailable"), ("Progressing", "NewReplicaSetAvailable")];
    assert_eq!(conditions, expected.map(|(type_, reason)| (type_.into(), "True".into(), reason.into())));
    let sets: Vec<ReplicaSet> = store.all(Some("shop"));
    let hash = &sets[0].metadata.labels.as_ref().unwrap()["pod-template-hash"];
    assert_eq!(sets[0].metadata.name.as_ref().unwrap(), &format!("web-{hash}"));
    assert!(names(store).iter().all(|name| name.starts_with(&format!("web-{hash}-"))), "{:?}", names(store));
}

#[tokio::test(start_paused = true)]
async fn a_deleted_pod_is_replaced_by_another_at_once() {
    let demo = demo(&deployment("web", 2, "test/200:8080", "")).await;
    let store = demo.store();
    until_ready(store, 2).await;
    let before = names(store);
    delete_pod(store, &before[0]);
    until(store, "a third beside the one that ends", |store| names(store).len() == 3).await;
    until(store, "the end of the deleted", |store| !names(store).contains(&before[0])).await;
    until_ready(store, 2).await;
    assert!(names(store).contains(&before[1]), "{before:?} {:?}", names(store));
}

#[tokio::test(start_paused = true)]
async fn a_pod_deleted_by_force_stops_at_once() {
    let demo = demo(&deployment("web", 1, "test/200:8080", "")).await;
    let store = demo.store();
    until_ready(store, 1).await;
    let pod = pods(store).remove(0).metadata;
    let uid = pod.uid.unwrap();
    assert!(demo.network().reach(&uid, 8080).is_ok());
    let now = Deletion { grace: Some(0), ..Deletion::default() };
    delete(store, kind_of::<Pod>(), "shop", &pod.name.unwrap(), &now).unwrap();
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert!(demo.network().reach(&uid, 8080).is_err());
}

#[tokio::test(start_paused = true)]
async fn a_deployment_is_scaled_up_and_down() {
    let demo = demo(&deployment("web", 2, "test/200:8080", "")).await;
    let store = demo.store();
    until_ready(store, 2).await;
    let before = names(store);
    // Ages are told in seconds.
    tokio::time::sleep(Duration::from_secs(5)).await;
    scale::<Deployment>(store, "web", 5);
    until_ready(store, 5).await;
    scale::<Deployment>(store, "web", 2);
    until(store, "the end of three", |store| names(store).len() == 2).await;
    // The youngest went.
    assert_eq!(names(store), before);
    let sets: Vec<ReplicaSet> = store.all(Some("shop"));
    assert_eq!(sets.len(), 1);
}

const DB: &str = "
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: shop}
spec:
  serviceName: db
  replicas: 3
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      containers:
      - {name: db, image: 'test/200:8080', readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1}}
";

#[tokio::test(start_paused = true)]
async fn a_stateful_set_comes_up_in_order_and_its_names_come_back() {
    let demo = demo(DB).await;
    let store = demo.store();
    let mut most = 0;
    until(store, "three in order", |store| {
        // Each waits for those before it.
        assert!(names(store).len() <= ready(store) + 1, "{:?}", names(store));
        most = most.max(names(store).len());
        ready(store) == 3
    })
    .await;
    assert_eq!(names(store), ["db-0", "db-1", "db-2"]);
    let old = pods(store).remove(1).metadata.uid;
    delete_pod(store, "db-1");
    let uid = |store: &Store| store.read::<Pod>("shop", "db-1").map(|pod| pod.metadata.uid);
    until(store, "another of its name", |store| uid(store).is_some_and(|uid| uid != old)).await;
    until_ready(store, 3).await;
}

#[tokio::test(start_paused = true)]
async fn a_stateful_set_rolls_from_the_last_to_the_first() {
    let demo = demo(DB).await;
    let store = demo.store();
    until_ready(store, 3).await;
    restart::<StatefulSet>(store, "db", "now");
    let mut order = Vec::new();
    until(store, "a new revision", |store| {
        for pod in pods(store).into_iter().filter(|pod| pod.metadata.deletion_timestamp.is_some()) {
            let name = pod.metadata.name.unwrap();
            if !order.contains(&name) {
                order.push(name);
            }
        }
        assert!(ready(store) >= 2, "{:?}", names(store));
        let db: StatefulSet = store.read("shop", "db").unwrap();
        let status = db.status.unwrap();
        status.observed_generation == db.metadata.generation
            && status.updated_replicas == Some(3)
            && status.current_revision == status.update_revision
    })
    .await;
    assert_eq!(order, ["db-2", "db-1", "db-0"]);
    assert_eq!(ready(store), 3);
}

#[tokio::test(start_paused = true)]
async fn a_daemon_set_has_one_pod_on_each_node_and_rolls_one_by_one() {
    let manifest = "
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent, namespace: shop}
spec:
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec: {containers: [{name: agent, image: 'test/200:8080'}]}
";
    let demo = demo(manifest).await;
    let store = demo.store();
    until_ready(store, 2).await;
    let mut nodes: Vec<_> = pods(store).into_iter().map(|pod| pod.spec.unwrap().node_name.unwrap()).collect();
    nodes.sort();
    assert_eq!(nodes, ["harbour-1", "harbour-2"]);
    let before = names(store);
    restart::<DaemonSet>(store, "agent", "now");
    until(store, "two new pods", |store| {
        assert!(ready(store) >= 1, "{:?}", names(store));
        ready(store) == 2 && names(store).iter().all(|name| !before.contains(name))
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_job_runs_until_enough_pods_have_succeeded() {
    let job = "
apiVersion: batch/v1
kind: Job
metadata: {name: task, namespace: shop}
spec:
  completions: 3
  parallelism: 2
  template:
    spec: {restartPolicy: Never, containers: [{name: task, image: 'test/exit-0:8080'}]}
";
    let demo = demo(job).await;
    let store = demo.store();
    let status = |store: &Store| store.read::<Job>("shop", "task").and_then(|job| job.status).unwrap_or_default();
    until(store, "a complete job", |store| {
        for pod in pods(store) {
            // It ends when it is dialled.
            let _ = demo.network().reach(&pod.metadata.uid.unwrap(), 8080);
        }
        assert!(status(store).active <= Some(2));
        status(store).completion_time.is_some()
    })
    .await;
    let done = status(store);
    assert_eq!((done.succeeded, done.active, done.failed), (Some(3), None, None));
    assert_eq!(done.conditions.unwrap()[0].type_, "Complete");
    let phases: Vec<_> = pods(store).into_iter().map(|pod| pod.status.unwrap().phase.unwrap()).collect();
    assert_eq!(phases, ["Succeeded"; 3]);
    let job: Job = store.read("shop", "task").unwrap();
    let labels = pods(store).remove(0).metadata.labels.unwrap();
    assert_eq!((&labels["job-name"], Some(&labels["controller-uid"])), (&"task".to_owned(), job.metadata.uid.as_ref()));
}

#[tokio::test(start_paused = true)]
async fn a_job_gives_up_when_its_pods_fail_too_often() {
    let job = "
apiVersion: batch/v1
kind: Job
metadata: {name: task, namespace: shop}
spec:
  backoffLimit: 1
  template:
    spec: {restartPolicy: Never, containers: [{name: task, image: 'test/exit-3:8080'}]}
";
    let demo = demo(job).await;
    let store = demo.store();
    until(store, "a failed job", |store| {
        for pod in pods(store) {
            let _ = demo.network().reach(&pod.metadata.uid.unwrap(), 8080);
        }
        let status = store.read::<Job>("shop", "task").and_then(|job| job.status).unwrap_or_default();
        status.conditions.is_some_and(|conditions| conditions[0].type_ == "Failed")
    })
    .await;
    assert_eq!(names(store).len(), 2);
}
