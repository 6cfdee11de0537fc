//! What Kubernetes' own end-to-end tests ask of a port-forward (test/e2e/kubectl/portforward.go), on every wire.

use std::{collections::HashSet, time::Duration};

use futures::future::try_join_all;
use portolan_tests::{
    Result, carries,
    cluster::{Cluster, Delete},
    command::{Forward, Portolan},
    noise, on_each_wire,
    temporary::Temporary,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

const LIMIT: Duration = Duration::from_secs(20);

/// An upload that makes no progress for this long is stuck.
const STUCK: Duration = Duration::from_secs(1);

const ADDRESSES: [&str; 2] = ["localhost", "0.0.0.0"];

async fn forward_on(address: &str, wire: &str, ports: &[&str]) -> Result<Forward> {
    Portolan::new()?.forward("deploy/web", ports, &format!("--address {address} --wire {wire}")).await
}

/// The answer of the ports 100 and 101, to its end.
async fn reads_ten_chunks(tunnel: &mut TcpStream) -> Result {
    let mut came = String::new();
    timeout(LIMIT, tunnel.read_to_string(&mut came)).await.map_err(|_| "the answer did not end")??;
    assert_eq!(came, "x".repeat(100));
    Ok(())
}

async fn leaves_without_a_word(port: u16) -> Result {
    drop(carries::connect(port).await?);
    let mut polite = carries::connect(port).await?;
    polite.shutdown().await?;
    let read = timeout(LIMIT, polite.read(&mut [0])).await.map_err(|_| "its end was not answered")??;
    assert_eq!(read, 0);
    Ok(())
}

async fn a_client_that_sends_nothing_and_leaves(wire: &str) -> Result {
    for address in ADDRESSES {
        let forward = forward_on(address, wire, &[":7", ":80", ":100"]).await?;
        try_join_all(forward.ports.iter().map(|port| leaves_without_a_word(*port))).await?;
        carries::http_get(forward.ports[1]).await?;
        carries::echo(forward.ports[0], 1000).await?;
        forward.stop().await?;
    }
    Ok(())
}

async fn a_client_that_is_answered_in_ten_chunks(wire: &str) -> Result {
    for address in ADDRESSES {
        let forward = forward_on(address, wire, &[":100"]).await?;
        for ends_first in [false, true] {
            let mut tunnel = carries::connect(forward.port()).await?;
            tunnel.write_all(b"abc").await?;
            if ends_first {
                tunnel.shutdown().await?;
            }
            let read = reads_ten_chunks(&mut tunnel).await;
            read.map_err(|error| format!("--address {address}, its own end first: {ends_first}: {error}"))?;
            if !ends_first {
                tunnel.shutdown().await?;
            }
        }
        forward.stop().await?;
    }
    Ok(())
}

async fn a_server_that_speaks_unasked_and_leaves(wire: &str) -> Result {
    for address in ADDRESSES {
        let forward = forward_on(address, wire, &[":101"]).await?;
        reads_ten_chunks(&mut carries::connect(forward.port()).await?).await?;
        forward.stop().await?;
    }
    Ok(())
}

async fn a_client_that_ends_its_side_and_reads_on(wire: &str) -> Result {
    let forward = forward_on("localhost", wire, &[":7"]).await?;
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

async fn a_client_that_leaves_a_download_after_one_byte(wire: &str) -> Result {
    const BYTES: usize = 40_000_000;
    for address in ADDRESSES {
        let forward = forward_on(address, wire, &[":1900", ":80"]).await?;
        for _ in 0..3 {
            let mut download = carries::connect(forward.ports[0]).await?;
            noise::ask(&mut download, BYTES).await?;
            noise::compare(&mut download, BYTES as u64, 1).await?;
            drop(download);
            carries::http_get(forward.ports[1]).await?;
        }
        forward.stop().await?;
    }
    Ok(())
}

/// The pod is deleted during an upload that nobody reads: the connection ends rather than hangs.
async fn an_upload_that_nobody_reads_ends_with_its_pod(wire: &str) -> Result {
    let cluster = Cluster::connect().await?;
    let own = Temporary::new("upload");
    own.deployment(&cluster, 1).await?;
    let pods = cluster.until_ready(&own.labels(), 1, &HashSet::new()).await?;
    let pod = pods[0].metadata.name.clone().unwrap_or_default();
    let options = format!("--wire {wire}");
    let forward = Portolan::new()?.forward(&format!("deploy/{}", own.name()), &[":6", ":80"], &options).await?;
    // Every buffer on the way to the pod is full in the end.
    let mut upload = carries::connect(forward.ports[0]).await?;
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

on_each_wire!(
    a_client_that_sends_nothing_and_leaves
    a_client_that_is_answered_in_ten_chunks
    a_server_that_speaks_unasked_and_leaves
    a_client_that_ends_its_side_and_reads_on
    a_client_that_leaves_a_download_after_one_byte
    an_upload_that_nobody_reads_ends_with_its_pod
);
