//! A tunnel to one pod is a tunnel to that very pod: it ends with it, and says so.

use std::{collections::HashSet, net::TcpListener};

use portolan_tests::{
    Result, carries,
    cluster::{Cluster, Delete},
    command::Portolan,
    temporary::Temporary,
};
use tokio::io::AsyncReadExt;

async fn ends_with_its_pod(cluster: &Cluster, pod: &str, how: Delete) -> Result {
    let forward = Portolan::new()?.forward(&format!("pod/{pod}"), &[":80", ":echo"], "").await?;
    let [http, echo] = forward.ports[..] else { return Err("two ports".into()) };
    assert_eq!(carries::http_get(http).await?, pod);
    let mut open = carries::connect(echo).await?;
    carries::echo_over(&mut open, 1, 100).await?;

    cluster.delete_pod(pod, how).await?;
    let ended = forward.running.ended().await?;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains(&format!("pod/{pod} is gone")), "which pod went: {ended:?}");
    assert!(ended.stderr.contains("its Service or workload instead"), "what to do: {ended:?}");
    let rest = open.read(&mut [0]).await;
    assert!(!matches!(rest, Ok(1..)), "the open connection ended too: {rest:?}");
    for port in [http, echo] {
        TcpListener::bind(("127.0.0.1", port)).map_err(|error| format!("port {port} is not free again: {error}"))?;
    }
    Ok(())
}

async fn a_pod(how: Delete) -> Result {
    let cluster = Cluster::connect().await?;
    let own = Temporary::new("pod");
    own.pod(&cluster).await?;
    cluster.until_ready(&own.labels(), 1, &HashSet::new()).await?;
    ends_with_its_pod(&cluster, own.name(), how).await
}

#[tokio::test]
#[ignore = "needs a Kubernetes: see README, Tests"]
async fn a_pod_that_is_told_to_go() -> Result {
    a_pod(Delete::Kindly).await
}

#[tokio::test]
#[ignore = "needs a Kubernetes: see README, Tests"]
async fn a_pod_that_goes_at_once() -> Result {
    a_pod(Delete::AtOnce).await
}

/// What comes back under the name is another pod, with another state.
#[tokio::test]
#[ignore = "needs a Kubernetes: see README, Tests"]
async fn a_pod_that_is_replaced_under_its_name() -> Result {
    let cluster = Cluster::connect().await?;
    let own = Temporary::new("sts");
    own.stateful_set(&cluster).await?;
    let before = cluster.until_ready(&own.labels(), 1, &HashSet::new()).await?;
    ends_with_its_pod(&cluster, &format!("{}-0", own.name()), Delete::AtOnce).await?;
    let before = before.iter().map(portolan_tests::cluster::uid).collect();
    let after = cluster.until_ready(&own.labels(), 1, &before).await?;
    assert_eq!(after[0].metadata.name, Some(format!("{}-0", own.name())));
    Ok(())
}
