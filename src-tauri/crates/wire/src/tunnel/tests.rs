//! A byte stream through a WebSocket in memory, however its messages are cut.

use futures::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio_tungstenite::tungstenite::protocol::{
    Role,
    frame::{
        Frame,
        coding::{Data, OpCode},
    },
};

use super::*;
use crate::spdy::Mux;

type Server = WebSocketStream<DuplexStream>;

async fn open(size: usize) -> (Tunnel<DuplexStream>, Server) {
    let (near, far) = duplex(size);
    let near = WebSocketStream::from_raw_socket(near, Role::Client, Some(config())).await;
    (Tunnel::new(near), WebSocketStream::from_raw_socket(far, Role::Server, None).await)
}

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|n| (n % 251) as u8).collect()
}

#[tokio::test]
async fn the_borders_of_messages_mean_nothing() {
    let sent = pattern(5000);
    for cut in [1, 7, 4999, 5000] {
        let (mut tunnel, mut server) = open(64 * 1024).await;
        for piece in sent.chunks(cut) {
            server.feed(Message::Binary(Bytes::copy_from_slice(piece))).await.unwrap();
            server.feed(Message::Binary(Bytes::new())).await.unwrap();
            server.feed(Message::Ping(Bytes::new())).await.unwrap();
        }
        let serving = tokio::spawn(async move {
            server.close(None).await.unwrap();
            while server.next().await.is_some() {}
        });
        let mut received = Vec::new();
        tunnel.read_to_end(&mut received).await.unwrap();
        assert!(received == sent, "cut at {cut}");
        drop(tunnel);
        serving.await.unwrap();
    }
}

#[tokio::test]
async fn a_message_may_come_in_fragments() {
    let (mut tunnel, mut server) = open(64 * 1024).await;
    let parts: [(&[u8], Data, bool); 3] =
        [(b"one ", Data::Binary, false), (b"two ", Data::Continue, false), (b"three", Data::Continue, true)];
    for (payload, kind, last) in parts {
        let frame = Frame::message(Bytes::copy_from_slice(payload), OpCode::Data(kind), last);
        server.send(Message::Frame(frame)).await.unwrap();
    }
    let mut received = [0; 13];
    tunnel.read_exact(&mut received).await.unwrap();
    assert_eq!(&received, b"one two three");
}

#[tokio::test]
async fn what_is_written_at_once_is_one_message() {
    let (mut tunnel, mut server) = open(1024 * 1024).await;
    let sent = pattern(100_000);
    tunnel.write_all(&sent).await.unwrap();
    tunnel.flush().await.unwrap();
    assert_eq!(server.next().await.unwrap().unwrap(), Message::Binary(sent.into()));
    let server = tokio::spawn(async move { server.next().await });
    tunnel.shutdown().await.unwrap();
    assert!(matches!(server.await.unwrap(), Some(Ok(Message::Close(_)))));
}

#[tokio::test]
async fn a_loss_without_a_close_is_an_error() {
    let (mut tunnel, mut server) = open(1000).await;
    server.send(Message::Binary(b"some"[..].into())).await.unwrap();
    drop(server);
    let mut received = Vec::new();
    assert!(tunnel.read_to_end(&mut received).await.is_err());
    assert_eq!(received, b"some");
}

#[tokio::test]
async fn spdy_runs_through_it() {
    for size in [100, 64 * 1024] {
        let (near, far) = open(size).await;
        let (client, server) = (Mux::client(near, Default::default()), Mux::server(Tunnel::new(far)));
        let sent = pattern(500_000);
        let pair = client.open(80, &sent[..100]).unwrap();
        let (_, error) = server.accept().await.unwrap();
        let (_, data) = server.accept().await.unwrap();
        let echo = async {
            let mut writer = data.writer();
            tokio::io::copy_buf(&mut data.reader(), &mut writer).await.unwrap();
            writer.shutdown().await.unwrap();
        };
        let upload = async {
            let mut writer = pair.data.writer();
            writer.write_all(&sent[100..]).await.unwrap();
            writer.shutdown().await.unwrap();
        };
        let mut received = Vec::new();
        let mut reader = pair.data.reader();
        let (_, _, read) = tokio::join!(echo, upload, reader.read_to_end(&mut received));
        read.unwrap();
        assert!(received == sent, "over {size}");
        drop(error);
    }
}
