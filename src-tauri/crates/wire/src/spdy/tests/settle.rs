//! Whether the peer has taken what was sent.

use super::*;

/// Reads up to the next PING; `None` if there is none for so long that there will be none.
async fn ping(peer: &mut Peer) -> Option<u32> {
    let found = async {
        loop {
            match peer.frame().await? {
                Frame::Ping(id) => return Some(id),
                _ => continue,
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(1), found).await.unwrap_or_default()
}

/// All PINGs that come, until there are none for so long that there will be none.
async fn pings(peer: &mut Peer) -> Vec<u32> {
    let mut ids = Vec::new();
    while let Some(id) = ping(peer).await {
        ids.push(id);
    }
    ids
}

async fn upload(pair: &crate::spdy::Pair, bytes: usize) {
    pair.data.writer().write_all(&vec![0; bytes]).await.unwrap();
}

async fn answer(peer: &mut Peer, ids: &[u32]) {
    peer.send(|out| ids.iter().for_each(|id| frame::put_ping(out, *id))).await;
    quiet().await;
}

#[tokio::test(start_paused = true)]
async fn a_large_upload_has_to_be_acknowledged_by_all_workers() {
    let changed = Arc::new(Notify::new());
    let (near, far) = duplex(1024 * 1024);
    let (client, mut peer) = (Mux::client(near, changed.clone()), Peer::new(far));
    let pair = client.open(80, b"").unwrap();
    upload(&pair, 64 * 1024).await;
    client.settle();
    assert!(client.is_fit(), "so little fits into any pod's socket");
    assert_eq!(ping(&mut peer).await, None);

    upload(&pair, 1).await;
    assert!(!client.is_fit() && !client.is_done_for());
    client.settle();
    client.settle();
    let ids = pings(&mut peer).await;
    assert_eq!(ids, [1, 3, 5, 7, 9], "one round, however often it is asked for");
    answer(&mut peer, &[1, 3, 7, 9, 11, 9]).await;
    assert!(!client.is_fit(), "a worker has not answered");
    let fit = changed.notified();
    answer(&mut peer, &[5]).await;
    assert!(client.is_fit());
    tokio::time::timeout(Duration::from_secs(1), fit).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn first_bytes_count_and_so_does_what_is_sent_after_the_round() {
    let (client, mut peer) = Peer::of_client(1024 * 1024);
    let pair = client.open(80, &[0; 70_000]).unwrap();
    assert!(!client.is_fit());
    client.settle();
    for _ in 0..5 {
        ping(&mut peer).await.unwrap();
    }
    upload(&pair, 70_000).await;
    answer(&mut peer, &[1, 3, 5, 7, 9]).await;
    assert!(!client.is_fit(), "70,000 bytes were sent after the round");
    client.settle();
    let ids = pings(&mut peer).await;
    assert_eq!(ids, [11, 13, 15, 17, 19]);
    answer(&mut peer, &ids).await;
    assert!(client.is_fit());
}

#[tokio::test(start_paused = true)]
async fn a_round_that_is_out_already_is_followed_by_another() {
    let (client, mut peer) = Peer::of_client(1024 * 1024);
    let pair = client.open(80, b"").unwrap();
    peer.opened().await;
    tokio::time::sleep(Duration::from_millis(15_001)).await;
    // The round of the fifteenth second is out, and does not cover this.
    upload(&pair, 100_000).await;
    client.settle();
    for _ in 0..5 {
        ping(&mut peer).await.unwrap();
    }
    answer(&mut peer, &[1, 3, 5, 7, 9]).await;
    assert!(!client.is_fit());
    let ids = pings(&mut peer).await;
    assert_eq!(ids, [11, 13, 15, 17, 19]);
    answer(&mut peer, &ids).await;
    assert!(client.is_fit());
}

/// Two streams on one connection, of which the second was dropped with bytes that may not have been taken.
async fn one_of_two_dropped() -> (Mux, Peer, crate::spdy::Pair, u32) {
    let (client, mut peer) = Peer::of_client(1024 * 1024);
    let (stays, gone) = (client.open(80, b"").unwrap(), client.open(80, b"hello").unwrap());
    let worker = gone.data.id() % 5;
    drop(gone);
    quiet().await;
    while !matches!(peer.frame().await, Some(Frame::RstStream { .. })) {}
    (client, peer, stays, worker)
}

#[tokio::test(start_paused = true)]
async fn those_who_share_with_a_worker_that_hangs_are_not_left_waiting_for_ever() {
    let (client, mut peer, stays, worker) = one_of_two_dropped().await;
    // All other workers answer, for ever.
    let answering = async {
        while let Some(frame) = peer.frame().await {
            if let Frame::Ping(id) = frame
                && id / 2 % 5 != worker
            {
                peer.send(|out| frame::put_ping(out, id)).await;
            }
        }
    };
    let began = Instant::now();
    let (_, ended) = tokio::join!(answering, read_all(&stays.data));
    assert_eq!(ended.unwrap_err().kind(), io::ErrorKind::TimedOut);
    assert!((59..=75).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    assert!(client.is_done_for());
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_hangs_for_another_reason_ends_nothing() {
    let (client, mut peer, stays, worker) = one_of_two_dropped().await;
    // The one in doubt answers; another one hangs, as one whose client is still there may.
    let answering = async {
        while let Some(frame) = peer.frame().await {
            if let Frame::Ping(id) = frame
                && id / 2 % 5 == worker
            {
                peer.send(|out| frame::put_ping(out, id)).await;
            }
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(600), answering).await.is_err());
    assert!(!client.is_done_for());
    drop(stays);
}
