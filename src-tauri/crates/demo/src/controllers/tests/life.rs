use tokio::time::Instant;

use super::*;

const BARE: &str = "
apiVersion: v1
kind: Pod
metadata: {name: solo, namespace: shop, annotations: {portolan-demo/linger: 'LINGER'}}
spec:
  terminationGracePeriodSeconds: 20
  containers: [{name: main, image: 'IMAGE'}]
";

fn bare(image: &str, linger: &str) -> String {
    BARE.replace("IMAGE", image).replace("LINGER", linger)
}

fn solo(store: &Store) -> Pod {
    store.read("shop", "solo").unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_pod_says_where_and_how_it_runs() {
    let demo = demo(&bare("test/200:8080", "false")).await;
    let store = demo.store();
    let waiting = solo(store).status.unwrap();
    assert_eq!(waiting.phase.as_deref(), Some("Pending"));
    until_ready(store, 1).await;
    let pod = solo(store);
    let (spec, status) = (pod.spec.unwrap(), pod.status.unwrap());
    assert_eq!((spec.node_name.as_deref(), status.host_ip.as_deref()), (Some("harbour-1"), Some("127.0.0.1")));
    assert_eq!((status.phase.as_deref(), status.pod_ip.as_deref()), (Some("Running"), Some("10.42.0.1")));
    let container = &status.container_statuses.unwrap()[0];
    assert!(container.ready && container.state.as_ref().unwrap().running.is_some());
    assert_eq!(container.container_id.as_ref().unwrap().len(), "containerd://".len() + 64);
    let mut types: Vec<_> = status.conditions.unwrap().into_iter().map(|it| (it.type_, it.status)).collect();
    types.sort();
    let expected = ["ContainersReady", "Initialized", "PodScheduled", "Ready"];
    assert_eq!(types, expected.map(|type_| (type_.into(), "True".into())));
    tokio::time::sleep(Duration::from_millis(1)).await;
    let mut reasons: Vec<_> = store
        .all::<k8s_openapi::api::core::v1::Event>(Some("shop"))
        .into_iter()
        .map(|event| event.reason.unwrap())
        .collect();
    reasons.sort();
    assert_eq!(reasons, ["Created", "Pulled", "Scheduled", "Started"]);
}

#[tokio::test(start_paused = true)]
async fn an_image_that_is_not_there_is_said_to_be_missing() {
    let demo = demo(&bare("nobody/has-this:1", "false")).await;
    let store = demo.store();
    let waiting = |store: &Store| {
        let container = solo(store).status?.container_statuses?.remove(0);
        container.state?.waiting?.reason
    };
    until(store, "a reason", |store| waiting(store).as_deref() == Some("ErrImageNeverPull")).await;
    assert_eq!(solo(store).status.unwrap().phase.as_deref(), Some("Pending"));
}

#[tokio::test(start_paused = true)]
async fn one_that_is_told_to_end_does_so_soon_and_one_that_lingers_when_its_time_is_over() {
    for (linger, at_least, at_most) in [("false", 100, 1000), ("true", 20_000, 20_001)] {
        let demo = demo(&bare("test/200:8080", linger)).await;
        let store = demo.store();
        until_ready(store, 1).await;
        let (began, uid) = (Instant::now(), solo(store).metadata.uid.unwrap());
        delete_pod(store, "solo");
        tokio::time::sleep(Duration::from_millis(50)).await;
        // Until it has ended it serves.
        assert!(demo.network().reach(&uid, 8080).is_ok());
        until(store, "its end", |store| names(store).is_empty()).await;
        let took = began.elapsed().as_millis();
        assert!((at_least..=at_most).contains(&took), "{linger}: {took} ms");
        assert!(demo.network().reach(&uid, 8080).is_err());
    }
}

#[tokio::test(start_paused = true)]
async fn what_crashes_is_started_again_later_each_time() {
    let demo = demo(&bare("test/exit-7:8080", "false")).await;
    let store = demo.store();
    let mut waits = Vec::new();
    for restarts in 1..=4 {
        until_ready(store, 1).await;
        let began = Instant::now();
        demo.network().reach(solo(store).metadata.uid.as_ref().unwrap(), 8080).unwrap();
        until(store, "its exit", |store| ready(store) == 0).await;
        until_ready(store, 1).await;
        waits.push(began.elapsed().as_secs());
        let container = solo(store).status.unwrap().container_statuses.unwrap().remove(0);
        assert_eq!(container.restart_count, restarts);
        assert_eq!(container.last_state.unwrap().terminated.unwrap().exit_code, 7);
    }
    assert_eq!(waits, [0, 10, 20, 40]);
    let crashed = |store: &Store| {
        let container = solo(store).status.unwrap().container_statuses.unwrap().remove(0);
        container.state.unwrap().waiting.and_then(|waiting| waiting.reason)
    };
    demo.network().reach(solo(store).metadata.uid.as_ref().unwrap(), 8080).unwrap();
    until(store, "its exit", |store| crashed(store).as_deref() == Some("CrashLoopBackOff")).await;
    assert_eq!(solo(store).status.unwrap().phase.as_deref(), Some("Running"));
}

#[tokio::test(start_paused = true)]
async fn what_crashes_is_not_replaced() {
    // A probe would be a connection, at which it exits.
    let probe = "        readinessProbe: {httpGet: {path: /, port: http}, periodSeconds: 1}\n";
    let demo = demo(&deployment("web", 1, "test/exit-7:8080", "").replace(probe, "")).await;
    let store = demo.store();
    until_ready(store, 1).await;
    let uid = pods(store).remove(0).metadata.uid.unwrap();
    for _ in 0..3 {
        demo.network().reach(&uid, 8080).unwrap();
        until(store, "its exit", |store| ready(store) == 0).await;
        until_ready(store, 1).await;
        let there: Vec<_> = pods(store).into_iter().filter_map(|pod| pod.metadata.uid).collect();
        assert_eq!(there, std::slice::from_ref(&uid));
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_runs_when_the_cluster_is_dropped() {
    let demo = demo(&deployment("web", 3, "test/200:8080", "")).await;
    until_ready(demo.store(), 3).await;
    let (network, uid) = (demo.network().clone(), pods(demo.store()).remove(0).metadata.uid.unwrap());
    assert!(network.reach(&uid, 8080).is_ok());
    drop(demo);
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert!(format!("{network:?}").contains("containers: 0"), "{network:?}");
}
