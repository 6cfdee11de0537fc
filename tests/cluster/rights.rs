//! Somebody who may forward in one namespace, and nothing else in the cluster.

use std::{collections::HashSet, time::Duration};

use portolan_tests::{
    Result, carries,
    cluster::{Cluster, Delete, kubeconfig_as, uid, viewer_kubeconfig},
    command::Portolan,
    temporary::Temporary,
};

#[tokio::test]
#[ignore = "needs a Kubernetes: see README, Tests"]
async fn what_may_be_read_is_shown_and_forwarded_to() -> Result {
    let Some(kubeconfig) = viewer_kubeconfig() else { return Ok(()) };
    let viewer = Portolan::with(&kubeconfig);
    let services = viewer.run("get services").await?;
    assert_eq!(services.code, Some(0), "{services:?}");
    assert!(services.stdout.contains("svc/web") && services.stderr.is_empty(), "{services:?}");
    for (target, port) in
        [("svc/web", ":http"), ("deploy/web", ":80"), ("job/task", ":80"), ("-l app=web", ":80"), ("solo", ":80")]
    {
        let forward = viewer.forward(target, &[port], "").await.map_err(|error| format!("{target}: {error}"))?;
        carries::http_get(forward.port()).await.map_err(|error| format!("{target}: {error}"))?;
        forward.stop().await?;
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs a Kubernetes: see README, Tests"]
async fn what_is_forbidden_is_said_to_be() -> Result {
    let Some(kubeconfig) = viewer_kubeconfig() else { return Ok(()) };
    let viewer = Portolan::with(&kubeconfig).in_namespace(None);
    for (args, what) in [
        ("get namespaces", "list namespaces"),
        ("get services -n default", "list services in default"),
        ("get services -A", "list services in all namespaces"),
        ("get workloads -n default", " in default"),
        ("get pods -n default", "list pods in default"),
        ("forward svc/web :80 -n default", "get services in default"),
        ("forward deploy/web :80 -n default", "get deployments in default"),
        ("forward web-0 :80 -n default", "get pods in default"),
        ("forward -l app=web :80 -n default", "list pods in default"),
    ] {
        let ended = viewer.run(args).await?;
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""), "{ended:?}");
        for words in ["error: You may not", what, "viewer", "Ask whoever runs the cluster"] {
            assert!(ended.stderr.contains(words), "“{words}” is missing: {ended:?}");
        }
    }
    Ok(())
}

/// The valid names are only told by somebody who may ask for them.
#[tokio::test]
#[ignore = "needs a Kubernetes: see README, Tests"]
async fn a_wrong_name_is_told_without_the_right_to_list_namespaces() -> Result {
    let Some(kubeconfig) = viewer_kubeconfig() else { return Ok(()) };
    let ended = Portolan::with(&kubeconfig).run("forward svc/nope :80").await?;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("svc/nope does not exist in namespace “shop”; there are"), "{ended:?}");
    Ok(())
}

/// What may not be watched is listed every 3 s, and a pod takes its time to start.
const NOTICED: Duration = Duration::from_secs(30);

/// Who has the Role that serves `kubectl port-forward` has everything but speed of notice.
#[tokio::test]
#[ignore = "needs a Kubernetes: see README, Tests"]
async fn the_least_that_kubectl_takes_is_enough() -> Result {
    let Some(kubeconfig) = kubeconfig_as("PORTOLAN_TEST_LEAST_KUBECONFIG")? else { return Ok(()) };
    let cluster = Cluster::connect().await?;
    let own = Temporary::new("least");
    own.deployment(&cluster, 1).await?;
    own.service(&cluster).await?;
    cluster.until_ready(&own.labels(), 1, &HashSet::new()).await?;
    let user = Portolan::with(kubeconfig.path());
    let service = user.forward(&format!("svc/{}", own.name()), &[":http"], "").await?;
    let labels = user.forward(&format!("-l {}", own.labels()), &[":80"], "").await?;
    let first = carries::http_get(service.port()).await?;
    let direct = user.forward(&format!("pod/{first}"), &[":80"], "").await?;
    assert_eq!(
        (carries::http_get(labels.port()).await?, carries::http_get(direct.port()).await?),
        (first.clone(), first.clone())
    );
    // Nothing tells of the pod that takes its place but the next list.
    let before: HashSet<String> = cluster.ready_pods(&own.labels()).await?.iter().map(uid).collect();
    cluster.delete_pod(&first, Delete::AtOnce).await?;
    // Until then requests go where there may be nobody any more.
    for forward in [&service, &labels] {
        portolan_tests::eventually("another pod answers", NOTICED, async || {
            Ok(carries::http_get(forward.port()).await.ok().filter(|pod| *pod != first))
        })
        .await?;
    }
    cluster.until_ready(&own.labels(), 1, &before).await?;
    let ended = direct.running.ended().await?;
    assert!(ended.code == Some(1) && ended.stderr.contains("is gone"), "{ended:?}");
    for forward in [service, labels] {
        let said = forward.running.stderr();
        assert!(!said.contains("may not") && !said.contains("orbidden"), "{said}");
        forward.stop().await?;
    }
    Ok(())
}
