//! What is told of single connections to whoever asks.

use std::net::SocketAddr;

use super::*;
use crate::session::tale::{Heard, Step};

/// A session that tells of its connections.
async fn telling(pods: &[(&str, Pod)]) -> (Running, Arc<Heard>) {
    let running = active(pods, Balance::Balanced).await;
    let heard = Arc::<Heard>::default();
    running.tales.tell_to(heard.clone());
    (running, heard)
}

fn address(client: &TcpStream) -> SocketAddr {
    client.local_addr().unwrap()
}

/// The pod, whether it was held and how often it was given in vain.
fn given(heard: &Heard, client: SocketAddr) -> Option<(String, bool, u32)> {
    match heard.of(client)? {
        Step::Given { to, held, again, .. } => Some((to.uid, held, again)),
        Step::Ended { why } => Some((why, false, 0)),
    }
}

#[tokio::test]
async fn an_answer_is_told_with_its_pod_and_with_what_was_done_for_it() {
    let (mut running, heard) = telling(&[("a", Pod::Echo)]).await;
    let mut client = running.connect().await;
    let at = address(&client);
    ask(&mut client, b"x").await.unwrap();
    assert_eq!(given(&heard, at), Some(("a".into(), false, 0)));

    running.found(none_ready());
    running.until("none", |v| matches!(v.phase, Phase::Waiting { .. })).await;
    let mut client = running.connect().await;
    let at = address(&client);
    running.until("held", |v| v.counters.held == 1).await;
    assert_eq!(given(&heard, at), None, "it waits");
    running.found(endpoints(&["a"]));
    ask(&mut client, b"x").await.unwrap();
    assert_eq!(given(&heard, at), Some(("a".into(), true, 0)));
    running.stop().await;
}

#[tokio::test]
async fn a_connection_that_went_to_another_pod_is_told_as_such() {
    let (mut running, heard) = telling(&[("a", Pod::Gone), ("b", Pod::Echo)]).await;
    // Which of them is first is chance.
    for _ in 0..40 {
        let mut client = running.connect().await;
        ask(&mut client, b"x").await.unwrap();
        let (pod, held, again) = given(&heard, address(&client)).unwrap();
        assert_eq!((pod.as_str(), held), ("b", false));
        if again == 1 {
            return running.stop().await;
        }
    }
    panic!("no connection went to the pod that is gone");
}

#[tokio::test]
async fn what_is_reset_is_told_with_its_reason() {
    for (pod, reason) in [(Pod::RefusesLate, "its pods refuse it"), (Pod::Breaks, "pod-a")] {
        let (mut running, heard) = telling(&[("a", pod)]).await;
        let mut client = running.connect().await;
        let at = address(&client);
        client.write_all(b"x").await.unwrap();
        let _ = client.read(&mut [0; 1]).await;
        let told = heard.take(at);
        assert!(matches!(&told, Some(Step::Ended { why }) if why.contains(reason)), "{pod:?}: {told:?}");
        running.stop().await;
    }
}
