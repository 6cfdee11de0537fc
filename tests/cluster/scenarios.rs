//! What Kubernetes' own end-to-end tests ask of a port-forward (test/e2e/kubectl/portforward.go).

use std::{collections::HashSet, time::Duration};

use portolan_tests::{
    Result, carries,
    cluster::{Cluster, Delete},
    command::Portolan,
    temporary::Temporary,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};

const LIMIT: Duration = Duration::from_secs(10);

/// An upload that makes no progress for this long is stuck.
const STUCK: Duration = Duration::from_secs(1);

#[tokio::test]
#[ignore = "needs a Kubernetes: see README, Tests"]
async fn a_client_that_sends_nothing_and_leaves() -> Result {
    for address in ["localhost", "0.0.0.0"] {
        let forward = Portolan::new()?.forward("deploy/web", &[":7", ":80"], &format!("--address {address}")).await?;
        for port in [forward.ports[0], forward.ports[1]] {
            drop(carries::connect(port).await?);
            let mut polite = carries::connect(port).await?;
            polite.shutdown().await?;
            let read = timeout(LIMIT, polite.read(&mut [0])).await.map_err(|_| "its end was not answered")??;
            assert_eq!(read, 0);
        }
        carries::http_get(forward.ports[1]).await?;
        carries::echo(forward.ports[0], 1000).await?;
        forward.stop().await?;
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs a Kubernetes: see README, Tests"]
async fn a_client_that_ends_its_side_and_reads_on() -> Result {
    let forward = Portolan::new()?.forward("deploy/web", &[":7"], "").await?;
    for sent in [b"abc".to_vec(), vec![b'x'; 3 << 20]] {
        let mut tunnel = carries::connect(forward.port()).await?;
        let (mut from, mut to) = tunnel.split();
        let sending = async {
            to.write_all(&sent).await?;
            to.shutdown().await
        };
        let mut came = Vec::new();
        let (sending, reading) = timeout(LIMIT, async { tokio::join!(sending, from.read_to_end(&mut came)) }).await?;
        sending?;
        reading?;
        assert!(came == sent, "{} bytes were sent, {} came back", sent.len(), came.len());
    }
    forward.stop().await
}

#[tokio::test]
#[ignore = "needs a Kubernetes: see README, Tests"]
async fn a_client_that_leaves_a_download_after_one_byte() -> Result {
    let forward = Portolan::new()?.forward("svc/web", &[":source", ":http"], "").await?;
    for _ in 0..3 {
        let mut download = carries::connect(forward.ports[0]).await?;
        assert_eq!(download.read_u8().await?, 0);
        drop(download);
        carries::http_get(forward.ports[1]).await?;
    }
    forward.stop().await
}

/// The pod is deleted during an upload that nobody reads: the connection ends rather than hangs.
#[tokio::test]
#[ignore = "needs a Kubernetes: see README, Tests"]
async fn an_upload_that_nobody_reads_ends_with_its_pod() -> Result {
    let cluster = Cluster::connect().await?;
    let own = Temporary::new("upload");
    own.deployment(&cluster, 1).await?;
    let pods = cluster.until_ready(&own.labels(), 1, &HashSet::new()).await?;
    let pod = pods[0].metadata.name.clone().unwrap_or_default();
    let forward = Portolan::new()?.forward(&format!("deploy/{}", own.name()), &[":19", ":80"], "").await?;
    // Whatever the pod sends is read. It reads nothing, so that in the end every buffer on the way there is full.
    let (mut answer, mut upload) = carries::connect(forward.ports[0]).await?.into_split();
    tokio::spawn(async move { tokio::io::copy(&mut answer, &mut tokio::io::sink()).await });
    let piece = vec![1; 1 << 16];
    while let Ok(sent) = timeout(STUCK, upload.write(&piece)).await {
        sent?;
    }
    cluster.delete_pod(&pod, Delete::Kindly).await?;
    let ended = timeout(LIMIT, async { while upload.write_all(&piece).await.is_ok() {} }).await;
    assert!(ended.is_ok(), "the upload still hangs");
    carries::http_get(forward.ports[1]).await?;
    forward.stop().await
}
