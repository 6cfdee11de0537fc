//! PINGs, and what is made of their answers. The clock is the tests'.

use tokio::time::{sleep, timeout};

use super::*;
use crate::spdy::Error;

/// The next PING, and when it came.
async fn ping(peer: &mut Peer, began: Instant) -> (u32, Duration) {
    loop {
        match peer.frame().await {
            Some(Frame::Ping(id)) => return (id, began.elapsed()),
            Some(_) => {}
            None => panic!("the connection ended after {:?}", began.elapsed()),
        }
    }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[tokio::test(start_paused = true)]
async fn a_round_of_five_goes_out_every_fifteen_seconds() {
    let (client, mut peer) = Peer::of_client(1024);
    let began = Instant::now();
    for round in 0..20 {
        for n in 0..5 {
            let (id, at) = ping(&mut peer, began).await;
            // spdystream gives the n-th PING that it receives to worker n modulo five.
            assert_eq!((id, at.as_secs()), (1 + 2 * (5 * round + n), 15 * u64::from(round + 1)));
            peer.send(|out| frame::put_ping(out, id)).await;
        }
        quiet().await;
        assert!(client.is_fit());
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_asks_nothing() {
    let (server, mut peer) = Peer::of_server(1024);
    assert!(timeout(seconds(3600), peer.frame()).await.is_err());
    assert!(server.is_fit());
}

#[tokio::test(start_paused = true)]
async fn a_silent_peer_is_suspect_after_ten_seconds_and_given_up_after_three_minutes_more() {
    let changed = Arc::new(Notify::new());
    let (near, far) = duplex(1024);
    let client = Mux::client(near, changed.clone());
    let _peer = Peer::new(far);
    let pair = client.open(80, b"").unwrap();
    sleep(Duration::from_millis(24_900)).await;
    assert!(client.is_fit());
    timeout(Duration::from_millis(200), changed.notified()).await.unwrap();
    assert!(!client.is_fit() && client.is_done_for());
    sleep(seconds(179)).await;
    assert!(pair.data.end().is_none(), "it may speak again");
    assert!(client.open(80, b"").is_ok());
    timeout(seconds(2), changed.notified()).await.unwrap();
    assert!(matches!(pair.data.end(), Some(Err(Error::Silent))));
    assert_eq!(read_all(&pair.data).await.unwrap_err().kind(), io::ErrorKind::TimedOut);
    assert!(matches!(client.open(80, b""), Err(Error::Silent)));
}

#[tokio::test(start_paused = true)]
async fn any_byte_takes_the_suspicion_away_and_the_peer_is_asked_again() {
    let (client, mut peer) = Peer::of_client(1024);
    let began = Instant::now();
    sleep(seconds(41)).await;
    assert!(!client.is_fit());
    // Half a frame's head.
    peer.io.write_all(&[0, 0]).await.unwrap();
    quiet().await;
    assert!(client.is_fit() && !client.is_done_for());
    let mut rounds = Vec::new();
    while rounds.len() < 2 {
        let (id, at) = ping(&mut peer, began).await;
        if id % 10 == 1 {
            rounds.push(at);
        }
    }
    assert_eq!(rounds.len(), 2, "{rounds:?}");
    assert!(rounds[1] <= seconds(56), "the second round has to come in time: {rounds:?}");
    // A peer that falls silent after that is found out again.
    sleep(seconds(11)).await;
    assert!(!client.is_fit());
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_stalls_is_not_a_silent_peer() {
    let (client, mut peer) = Peer::of_client(1024);
    let began = Instant::now();
    while began.elapsed() < seconds(300) {
        let (id, _) = ping(&mut peer, began).await;
        // The third worker answers nothing.
        if (id / 2) % 5 != 2 {
            peer.send(|out| frame::put_ping(out, id)).await;
        }
        assert!(client.is_fit());
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_read_here_is_no_silence_of_the_peer_s() {
    let (client, mut peer) = Peer::of_client(1024);
    let pair = client.open(80, b"").unwrap();
    peer.push(pair.data.id(), 8192, 1024 * 1024).await;
    assert!(!client.is_fit());
    sleep(seconds(1000)).await;
    assert!(!client.is_done_for(), "held up, not suspect");
    let mut piece = vec![0; 100 * 1024];
    pair.data.reader().read_exact(&mut piece).await.unwrap();
    quiet().await;
    assert!(client.is_fit());
    // From now on silence counts.
    sleep(seconds(60)).await;
    assert!(client.is_done_for());
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_waits_for_its_peer_to_read_is_alive_as_long_as_that_speaks() {
    let (client, mut peer) = Peer::of_client(1024);
    let pair = client.open(80, b"").unwrap();
    let writing = tokio::spawn(async move { pair.data.writer().write_all(&vec![0; 1024 * 1024]).await });
    for _ in 0..100 {
        sleep(seconds(5)).await;
        peer.send(|out| frame::put_data(out, 15, b"x", false)).await;
        quiet().await;
        assert!(!client.is_done_for());
    }
    assert!(!writing.is_finished());
    sleep(seconds(300)).await;
    assert_eq!(writing.await.unwrap().unwrap_err().kind(), io::ErrorKind::TimedOut);
}
