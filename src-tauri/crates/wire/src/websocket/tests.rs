//! The connection against the server's side of a WebSocket, in memory.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    time::timeout,
};
use tokio_tungstenite::tungstenite::protocol::Role;

use super::*;
use crate::tunnel;

type Server = WebSocketStream<DuplexStream>;

async fn open(size: usize, first: &[u8]) -> (Connection, Server) {
    let (near, far) = duplex(size);
    let near = WebSocketStream::from_raw_socket(near, Role::Client, Some(tunnel::config())).await;
    let far = WebSocketStream::from_raw_socket(far, Role::Server, None).await;
    (connection(near, first).await.unwrap(), far)
}

async fn say(server: &mut Server, message: &[u8]) {
    server.send(Message::Binary(Bytes::copy_from_slice(message))).await.unwrap();
}

/// What comes on the data channel up to the end, and the end.
async fn heard(server: &mut Server) -> (Vec<u8>, Option<Message>) {
    let mut heard = Vec::new();
    while let Some(Ok(message)) = server.next().await {
        match message {
            Message::Binary(bytes) => {
                assert_eq!(bytes[0], DATA);
                heard.extend_from_slice(&bytes[1..]);
            }
            end => return (heard, Some(end)),
        }
    }
    (heard, None)
}

async fn ended(connection: Connection) -> (Vec<u8>, Result<(), Failure>) {
    let (mut from_pod, _to_pod, ending) = connection.into_parts();
    let mut received = Vec::new();
    let _ = from_pod.read_to_end(&mut received).await;
    (received, ending.await)
}

#[tokio::test(start_paused = true)]
async fn each_channel_begins_with_the_port_wherever_messages_are_cut() {
    let (connection, mut server) = open(64 * 1024, b"").await;
    let messages: [&[u8]; 9] =
        [&[0, 80], &[1, 80, 0], &[0], &[], &[0, 0, b'h'], &[0, b'e', b'l'], &[2, 9], &[0, b'l'], &[0, b'o']];
    for message in messages {
        say(&mut server, message).await;
    }
    server.close(None).await.unwrap();
    assert_eq!(ended(connection).await, (b"hello".to_vec(), Ok(())));
}

#[tokio::test(start_paused = true)]
async fn data_goes_both_ways_and_what_the_client_sent_before_is_first() {
    let (connection, mut server) = open(1000, b"first ").await;
    say(&mut server, &[0, 80, 0]).await;
    let (mut from_pod, mut to_pod, ending) = connection.into_parts();
    to_pod.write_all(b"request").await.unwrap();
    assert_eq!(server.next().await.unwrap().unwrap(), Message::Binary(b"\0first "[..].into()));
    assert_eq!(server.next().await.unwrap().unwrap(), Message::Binary(b"\0request"[..].into()));
    say(&mut server, b"\0answer").await;
    let mut answer = [0; 6];
    from_pod.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"answer");
    // The client's end is the WebSocket's.
    let (end, _) = tokio::join!(heard(&mut server), to_pod.shutdown());
    assert!(matches!(end, (rest, Some(Message::Close(_))) if rest.is_empty()));
    assert!(server.next().await.is_none(), "it answers the Close, and ends");
    drop(server);
    assert_eq!(from_pod.read(&mut answer).await.unwrap(), 0);
    assert_eq!(ending.await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn what_the_error_channel_says_is_why_it_ended() {
    for closes in [true, false] {
        let (connection, mut server) = open(64 * 1024, b"").await;
        for message in
            [&[0, 80, 0][..], &[1, 80, 0], b"\x01failed to connect to localhost:80", b"\x01: connection refused"]
        {
            say(&mut server, message).await;
        }
        if closes {
            server.close(None).await.unwrap();
        }
        drop(server);
        let (received, ending) = ended(connection).await;
        let failure = ending.unwrap_err();
        assert_eq!((received, failure.kind), (vec![], Kind::Refused), "{failure}");
        assert_eq!(failure.text, "failed to connect to localhost:80: connection refused");
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_error_channel_says_is_bounded() {
    let (connection, mut server) = open(1024 * 1024, b"").await;
    let mut long = vec![b'x'; 100_000];
    long[..3].copy_from_slice(&[1, 80, 0]);
    say(&mut server, &long).await;
    say(&mut server, &[1; 5000]).await;
    server.close(None).await.unwrap();
    assert_eq!(ended(connection).await.1.unwrap_err().text.len(), 8 * 1024);
}

#[tokio::test(start_paused = true)]
async fn a_loss_without_a_close_is_no_clean_end() {
    let (connection, mut server) = open(64 * 1024, b"").await;
    say(&mut server, b"\0\x50\0half of i").await;
    drop(server);
    let (mut from_pod, _to_pod, ending) = connection.into_parts();
    let mut received = Vec::new();
    assert!(from_pod.read_to_end(&mut received).await.is_err());
    assert_eq!(received, b"half of i");
    assert_eq!(ending.await.unwrap_err().kind, Kind::Broken);
}

#[tokio::test(start_paused = true)]
async fn an_upload_to_a_peer_that_reads_slowly_loses_nothing() {
    let sent: Vec<u8> = (0..200_000u32).map(|n| (n % 251) as u8).collect();
    let (connection, mut server) = open(1000, b"").await;
    let (from_pod, mut to_pod, _ending) = connection.into_parts();
    let expected = sent.clone();
    let upload = tokio::spawn(async move {
        to_pod.write_all(&sent).await.unwrap();
        // It neither flushes nor ends: nobody does, while a client is just silent.
        std::future::pending::<()>().await;
        drop((to_pod, from_pod));
    });
    let mut received = Vec::new();
    while received.len() < expected.len() {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let message = timeout(Duration::from_secs(5), server.next()).await.expect("all of it comes");
        let Some(Ok(Message::Binary(bytes))) = message else { panic!("{message:?}") };
        assert!(bytes.len() <= 1 + MESSAGE);
        received.extend_from_slice(&bytes[1..]);
    }
    assert!(received == expected);
    upload.abort();
}

#[tokio::test(start_paused = true)]
async fn pings_of_the_server_s_are_answered_and_are_no_data() {
    let (connection, mut server) = open(1000, b"").await;
    server.send(Message::Ping(b"?"[..].into())).await.unwrap();
    say(&mut server, b"\0\x50\0x").await;
    let (mut from_pod, _to_pod, _ending) = connection.into_parts();
    assert_eq!(from_pod.read_u8().await.unwrap(), b'x');
    let reading = tokio::spawn(async move { from_pod.read_u8().await });
    let answer = timeout(Duration::from_secs(1), server.next()).await.unwrap();
    assert_eq!(answer.unwrap().unwrap(), Message::Pong(b"?"[..].into()));
    reading.abort();
}
