//! What holds on every wire.

use futures::future::BoxFuture;

use super::*;
use crate::{
    network::{Inside, Program},
    socket::Socket,
};

#[tokio::test]
async fn bytes_go_both_ways() {
    on_each_wire(async |wire| {
        for quirks in [Quirks::default(), no_quirks()] {
            let cluster = Cluster::start(quirks).await;
            let connector = cluster.connector(wire);
            for length in [1, 1000, 3_000_000] {
                echoes(&connector, length).await;
            }
            let ahead = connector.connect(&to(2525), b"").await.unwrap();
            let mut line = [0; 17];
            ahead.into_parts().0.read_exact(&mut line).await.unwrap();
            assert_eq!(&line, b"220 web-1 ready\r\n");
            drop(connector);
            cluster.is_left_alone().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_refused_dial_says_so_and_others_go_on() {
    on_each_wire(async |wire| {
        let cluster = Cluster::start(Quirks::default()).await;
        let connector = cluster.connector(wire);
        let (came, ended) = exchange(connector.connect(&to(81), b"").await.unwrap(), b"").await;
        let failure = ended.unwrap_err();
        assert_eq!((came.len(), failure.kind), (0, portolan_wire::Kind::Refused), "{wire}: {failure}");
        assert!(failure.text.contains("failed to connect to localhost:81 inside namespace"), "{failure}");
        echoes(&connector, 1000).await;
    })
    .await;
}

#[tokio::test]
async fn a_container_that_is_down_refuses_until_the_next_is_there() {
    on_each_wire(async |wire| {
        let mut cluster = Cluster::start(Quirks::default()).await;
        let connector = cluster.connector(wire);
        echoes(&connector, 10).await;
        // Held, so that the upgrade stays the same.
        let (mut from_pod, _to_pod, ending) = connector.connect(&to(7), b"x").await.unwrap().into_parts();
        from_pod.read_exact(&mut [0]).await.unwrap();
        cluster.running = None;
        let _ = timeout(LIMIT, from_pod.read_to_end(&mut Vec::new())).await.unwrap();
        assert_eq!(ending.await.unwrap_err().kind, portolan_wire::Kind::Broken, "{wire}");
        let down = async || exchange(connector.connect(&to(80), b"").await.unwrap(), b"").await.1.unwrap_err().kind;
        assert_eq!(down().await, portolan_wire::Kind::Refused, "{wire}");
        cluster.start_container();
        echoes(&connector, 10).await;
    })
    .await;
}

#[tokio::test]
async fn a_pod_that_ends_or_resets() {
    on_each_wire(async |wire| {
        for quirks in [Quirks::default(), no_quirks()] {
            let cluster = Cluster::start(quirks).await;
            let connector = cluster.connector(wire);
            let begun = Instant::now();
            let connection = connector.connect(&to(11), b"").await.unwrap();
            let (mut from_pod, _to_pod, ending) = connection.into_parts();
            let mut came = String::new();
            timeout(LIMIT, from_pod.read_to_string(&mut came)).await.unwrap().unwrap();
            assert_eq!((came.as_str(), ending.await), ("0\n", Ok(())), "{wire}");
            let late = quirks.late_close.unwrap_or_default();
            let took = begun.elapsed();
            assert!(took >= late && (late > Duration::ZERO || took < Duration::from_millis(900)), "{wire}: {took:?}");
            let asked = [8_u64.to_le_bytes().as_slice(), b"!"].concat();
            let (came, ended) = exchange(connector.connect(&to(1901), &asked).await.unwrap(), b"").await;
            let failure = ended.unwrap_err();
            assert_eq!((came.len(), failure.kind), (8, portolan_wire::Kind::Broken), "{wire}: {failure}");
            assert!(failure.text.contains("connection reset by peer"), "{failure}");
        }
    })
    .await;
}

async fn on_each_wire(test: impl AsyncFn(Wire)) {
    let [spdy, tunnel, web_socket] = Wire::ALL;
    tokio::join!(test(spdy), test(tunnel), test(web_socket));
}

/// Answers after three seconds.
#[derive(Debug)]
struct Late;

impl Program for Late {
    fn listens(&self, _: u16) -> bool {
        true
    }

    fn serve(&self, _: u16, mut socket: Socket, _: Inside) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            tokio::time::sleep(Duration::from_secs(3)).await;
            let _ = socket.write_all(b"late").await;
        })
    }
}

#[tokio::test]
async fn a_client_that_ends_cuts_a_late_answer_only_where_there_is_no_half_close() {
    let answer = async |quirks| {
        let mut cluster = Cluster::start(quirks).await;
        cluster.running = Some(cluster.network.start(UID, "shop", "web-1", "late", Arc::new(Late)));
        let connection = cluster.connector(Wire::Spdy).connect(&to(1), b"").await.unwrap();
        String::from_utf8(exchange(connection, b"question").await.0).unwrap()
    };
    let (cut, whole) = tokio::join!(answer(Quirks::default()), answer(no_quirks()));
    assert_eq!((cut.as_str(), whole.as_str()), ("", "late"));
}

#[tokio::test]
async fn a_client_that_says_nothing_and_ends_is_ended_in_good_order() {
    on_each_wire(async |wire| {
        let cluster = Cluster::start(Quirks::default()).await;
        let connector = cluster.connector(wire);
        let (mut from_pod, mut to_pod, ending) = connector.connect(&to(7), b"").await.unwrap().into_parts();
        to_pod.shutdown().await.unwrap();
        let mut came = Vec::new();
        timeout(LIMIT, from_pod.read_to_end(&mut came)).await.unwrap().unwrap();
        assert!(came.is_empty() && ending.await.is_ok(), "{wire}");
    })
    .await;
}

#[tokio::test]
async fn a_client_that_vanishes_leaves_nothing() {
    on_each_wire(async |wire| {
        let cluster = Cluster::start(Quirks::default()).await;
        let connector = cluster.connector(wire);
        for after in [1, 100_000] {
            let connection = connector.connect(&to(19), b"").await.unwrap();
            connection.into_parts().0.read_exact(&mut vec![1; after]).await.unwrap();
        }
        drop(connector);
        cluster.is_left_alone().await;
    })
    .await;
}

#[tokio::test]
async fn a_cut_ends_upgrades_that_are_open_and_no_later_one() {
    on_each_wire(async |wire| {
        let cluster = Cluster::start(Quirks::default()).await;
        let connector = cluster.connector(wire);
        let connection = connector.connect(&to(2525), b"").await.unwrap();
        let (mut from_pod, _to_pod, ending) = connection.into_parts();
        from_pod.read_exact(&mut [0; 17]).await.unwrap();
        cluster.faults.cut_upgrades();
        let end = timeout(Duration::from_millis(500), from_pod.read_to_end(&mut Vec::new())).await.unwrap();
        assert!(end.is_err() && ending.await.is_err(), "{wire}");
        echoes(&connector, 1000).await;
    })
    .await;
}

#[tokio::test]
async fn a_thousand_connections() {
    let cluster = Cluster::start(Quirks::default()).await;
    let connector = cluster.connector(Wire::Spdy);
    let all = (0..1000).map(|n| {
        let connector = &connector;
        async move { echoes(connector, 100 + n).await }
    });
    futures::future::join_all(all).await;
    drop(connector);
    cluster.is_left_alone().await;
}

#[tokio::test]
async fn all_ends_with_the_server() {
    on_each_wire(async |wire| {
        let cluster = Cluster::start(no_quirks()).await;
        let connection = cluster.connector(wire).connect(&to(7), b"x").await.unwrap();
        let (mut from_pod, _to_pod, _ending) = connection.into_parts();
        from_pod.read_exact(&mut [0]).await.unwrap();
        let (network, running) = (cluster.network.clone(), cluster.running.as_ref());
        assert!(running.is_some());
        drop(cluster);
        timeout(LIMIT, from_pod.read_to_end(&mut Vec::new())).await.unwrap().unwrap_err();
        drop(network);
    })
    .await;
}
