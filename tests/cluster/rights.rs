//! Somebody who may forward in one namespace, and nothing else in the cluster.

use portolan_tests::{Result, carries, cluster::viewer_kubeconfig, command::Portolan};

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
