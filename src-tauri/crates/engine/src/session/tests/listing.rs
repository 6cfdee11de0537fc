//! Which connections are listed while they are there.

use super::*;

#[tokio::test]
async fn a_connection_is_listed_while_it_waits_and_while_a_pod_has_it() {
    let mut running = start(forward(LocalPort::Any), &[("a", Pod::Echo)]);
    running.found(none_ready());
    let mut client = running.connect().await;
    running.until("held", |v| v.counters.held == 1).await;
    let held = running.connections.shown().await.connections;
    assert_eq!(held.len(), 1);
    assert_eq!((&held[0].pod, &held[0].client), (&None, &client.local_addr().unwrap().to_string()));

    running.found(endpoints(&["a"]));
    ask(&mut client, b"hello").await.unwrap();
    let carried = running.connections.shown().await.connections;
    assert_eq!(carried.len(), 1);
    assert_eq!((carried[0].number, carried[0].port), (held[0].number, Some(80)));
    assert_eq!((carried[0].bytes_up, carried[0].bytes_down), (5, 7));

    client.shutdown().await.unwrap();
    client.read_to_end(&mut Vec::new()).await.unwrap();
    running.until("served", |v| v.counters.served == 1).await;
    running.until("none is open", |v| v.counters.open == 0).await;
    let left = async {
        while !running.connections.shown().await.connections.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(5), left).await.unwrap();
    running.stop().await;
}
