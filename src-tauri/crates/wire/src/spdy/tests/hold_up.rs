//! Streams that are not read: what they hold up, and what that may cost.

use super::*;

/// What the transport holds in these tests.
const TRANSPORT: usize = 16 * 1024;

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_not_read_holds_up_its_connection_until_it_is() {
    let (client, mut peer) = Peer::of_client(TRANSPORT);
    let (slow, quick) = (client.open(80, b"").unwrap(), client.open(80, b"").unwrap());
    let pushed = peer.push(slow.data.id(), 8192, 100 * 1024 * 1024).await;
    // What the stream holds, what is read at once, what the transport holds, and a frame.
    assert!((128 * 1024..=(128 + 64 + 16 + 8) * 1024).contains(&pushed), "{pushed} bytes were taken");
    assert!(!client.is_fit() && !client.is_done_for());

    // One piece is half of what may be unread, and not enough.
    let (mut reader, mut piece) = (slow.data.reader(), vec![0; 60 * 1024]);
    reader.read_exact(&mut piece).await.unwrap();
    quiet().await;
    assert!(!client.is_fit());
    piece.resize(40 * 1024, 0);
    reader.read_exact(&mut piece).await.unwrap();
    assert!(piece.iter().all(|byte| *byte == b'x'));
    quiet().await;
    assert!(client.is_fit());

    // The other stream's bytes come through, now that the connection is read on.
    peer.send(|out| frame::put_data(out, quick.data.id(), b"quick", true)).await;
    assert_eq!(read_all(&quick.data).await.unwrap(), b"quick");
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_dropped_unread_holds_up_nothing() {
    let (client, mut peer) = Peer::of_client(TRANSPORT);
    let (slow, other) = (client.open(80, b"").unwrap(), client.open(80, b"").unwrap());
    let id = slow.data.id();
    peer.push(id, 8192, 100 * 1024 * 1024).await;
    assert!(!client.is_fit());
    drop(slow);
    // More for it is discarded, 8 MiB of it.
    let late = peer.push(id, 8192, 8 * 1024 * 1024).await;
    assert!(late >= 8 * 1024 * 1024, "{late}");
    peer.send(|out| frame::put_data(out, id, b"", true)).await;
    peer.send(|out| frame::put_data(out, other.data.id(), b"other", true)).await;
    assert_eq!(read_all(&other.data).await.unwrap(), b"other");
    assert!(client.is_fit());
}

#[tokio::test(start_paused = true)]
async fn an_error_stream_keeps_a_few_lines_and_holds_up_nothing() {
    for length in [1, 1000, 60_000] {
        let (client, mut peer) = Peer::of_client(TRANSPORT);
        let pair = client.open(80, b"").unwrap();
        let id = pair.error.id();
        let pushed = peer.push(id, length, 300 * 1024).await;
        assert!(pushed >= 300 * 1024, "{pushed}");
        assert!(client.is_fit());
        peer.send(|out| frame::put_data(out, id, b"", true)).await;
        let text = pair.error.last_words().await.unwrap();
        assert_eq!(text.len(), 8 * 1024, "pieces of {length}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_peer_can_make_a_client_hold_is_bounded_whatever_the_pieces() {
    // One byte a frame, which is the most that keeping it costs.
    let (client, mut peer) = Peer::of_client(TRANSPORT);
    let pair = client.open(80, b"").unwrap();
    let pushed = peer.push(pair.data.id(), 1, 100 * 1024 * 1024).await;
    assert!(pushed <= (9 * 128 + 64 + 16 + 1) * 1024, "{pushed}");
    // Empty frames cost nothing, and are no reason to stop.
    let (client, mut peer) = Peer::of_client(TRANSPORT);
    let pair = client.open(80, b"").unwrap();
    let pushed = peer.push(pair.data.id(), 0, 1024 * 1024).await;
    assert!(pushed >= 1024 * 1024 && client.is_fit(), "{pushed}");
    drop(pair);
}
