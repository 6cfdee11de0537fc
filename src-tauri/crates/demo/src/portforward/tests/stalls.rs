//! A pod that does not read, and who waits for it.

use portolan_wire::spdy::frame::{self, Frame};

use super::{
    spdy::{Client, data},
    *,
};

const MOMENT: Duration = Duration::from_secs(1);

/// What a pod's socket holds unread.
const SOCKET: usize = 256 * 1024;

/// The frames of a pod that does not read that are on their way to it: one that is being written, one in the stream's
/// inbox, and one that the worker holds.
const ON_THE_WAY: usize = 3;

const QUEUE: usize = 49;

/// Fills a deaf pod's socket by stream 11, which is worker 1's, and what is on the way to it.
async fn stalled(quirks: Quirks) -> Client {
    let mut client = Client::new(quirks);
    client.open(1, 11, "6").await;
    for _ in 0..SOCKET / 1024 + ON_THE_WAY {
        client.send(|out| frame::put_data(out, 11, &[b'x'; 1024], false)).await;
    }
    assert!(client.within(MOMENT).await.is_none());
    client
}

async fn pings(client: &mut Client, first: u32) -> Vec<u32> {
    for n in 0..5 {
        client.send(|out| frame::put_ping(out, first + 2 * n)).await;
    }
    let mut answered = Vec::new();
    while let Some(Frame::Ping(id)) = client.within(MOMENT).await {
        answered.push(id);
    }
    answered.sort_unstable();
    answered
}

#[tokio::test(start_paused = true)]
async fn pings_go_round_the_workers() {
    let mut client = Client::new(Quirks::default());
    assert_eq!(pings(&mut client, 1).await, [1, 3, 5, 7, 9]);
    let mut client = stalled(Quirks::default()).await;
    // The second goes to worker 1, which waits.
    assert_eq!(pings(&mut client, 1).await, [1, 5, 7, 9]);
    assert_eq!(pings(&mut client, 11).await, [11, 15, 17, 19]);
}

#[tokio::test(start_paused = true)]
async fn other_workers_go_on_until_one_queue_is_full() {
    let mut client = stalled(Quirks::default()).await;
    client.open(3, 13, "7").await;
    for _ in 0..QUEUE {
        client.send(|out| frame::put_data(out, 11, &[b'x'; 1024], false)).await;
    }
    client.send(|out| frame::put_data(out, 13, b"hello", false)).await;
    assert_eq!(client.next().await, data(13, b"hello"));
    // A connection of the same worker waits for the pod, and with its frames the queue is full.
    client.open(21, 31, "7").await;
    client.send(|out| frame::put_data(out, 13, b"hello", false)).await;
    assert!(client.within(MOMENT).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn what_is_left_behind_keeps_its_worker() {
    let mut client = Client::new(Quirks::default());
    client.open(1, 11, "81").await;
    // One waits in the inbox that nobody looks into, one with the worker.
    for _ in 0..2 {
        client.send(|out| frame::put_data(out, 11, b"hello", false)).await;
    }
    client.send(|out| frame::put_rst_stream(out, 11, frame::CANCEL)).await;
    while let Some(frame) = client.within(MOMENT).await {
        assert!(matches!(frame, Frame::Data { id: 1 | 11, .. }));
    }
    assert_eq!(pings(&mut client, 1).await, [1, 5, 7, 9]);
    // An end without more lets it go.
    let mut client = Client::new(Quirks::default());
    client.open(1, 11, "81").await;
    client.send(|out| frame::put_data(out, 11, b"", true)).await;
    while let Some(frame) = client.within(MOMENT).await {
        assert!(matches!(frame, Frame::Data { id: 1 | 11, .. }));
    }
    assert_eq!(pings(&mut client, 1).await, [1, 3, 5, 7, 9]);
}

#[tokio::test(start_paused = true)]
async fn without_workers_a_stream_holds_up_itself_and_what_it_leaves_is_dropped() {
    let mut client = stalled(no_quirks()).await;
    client.open(21, 31, "7").await;
    client.send(|out| frame::put_data(out, 31, b"hello", false)).await;
    assert_eq!(client.next().await, data(31, b"hello"));
    assert_eq!(pings(&mut client, 1).await, [1, 3, 5, 7, 9]);
    let mut client = Client::new(no_quirks());
    client.open(1, 11, "81").await;
    for _ in 0..200 {
        client.send(|out| frame::put_data(out, 11, b"hello", false)).await;
    }
    while let Some(frame) = client.within(MOMENT).await {
        assert!(matches!(frame, Frame::Data { id: 1 | 11, .. }));
    }
    assert_eq!(pings(&mut client, 1).await, [1, 3, 5, 7, 9]);
}
