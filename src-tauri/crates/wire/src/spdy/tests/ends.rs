//! How streams, and connections, end.

use super::*;
use crate::spdy::Error;

#[tokio::test(start_paused = true)]
async fn each_side_ends_its_direction() {
    let (client, server) = both(100);
    let pair = client.open(80, b"request").unwrap();
    let (error, data) = accepted(&server).await;
    pair.data.writer().shutdown().await.unwrap();
    assert_eq!(read_all(&data).await.unwrap(), b"request");
    assert_eq!(read_all(&error).await.unwrap(), b"", "a client says nothing on the error stream");
    assert!(pair.data.end().is_none(), "only one direction has ended");
    data.writer().write_all(b"answer").await.unwrap();
    data.writer().shutdown().await.unwrap();
    assert_eq!(read_all(&pair.data).await.unwrap(), b"answer");
    assert!(matches!(pair.data.end(), Some(Ok(()))));
    let late = pair.data.writer().write(b"more").await.unwrap_err();
    assert_eq!(late.kind(), io::ErrorKind::BrokenPipe);
    drop((pair, error, data));
    quiet().await;
    assert_eq!((client.streams(), server.streams()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_reset_is_an_error_to_readers_and_writers() {
    let (client, mut peer) = Peer::of_client(1024);
    let pair = client.open(80, b"").unwrap();
    let (_, id) = peer.opened().await;
    peer.send(|out| frame::put_data(out, id, b"some", false)).await;
    peer.send(|out| frame::put_rst_stream(out, id, 3)).await;
    let mut some = [0; 4];
    pair.data.reader().read_exact(&mut some).await.unwrap();
    assert_eq!(&some, b"some", "what came before it is there");
    let error = read_all(&pair.data).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    assert!(matches!(pair.data.end(), Some(Err(Error::Ended))));
    assert_eq!(pair.data.writer().write(b"x").await.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    // It is the stream's end, not the connection's, and what the error stream says is still to come.
    peer.send(|out| frame::put_data(out, pair.error.id(), b"refused", true)).await;
    assert_eq!(pair.error.last_words().await.unwrap(), "refused");
    assert!(client.is_fit());
}

#[tokio::test(start_paused = true)]
async fn a_writer_that_waits_learns_of_the_reset() {
    let (client, mut peer) = Peer::of_client(1000);
    let pair = client.open(80, b"").unwrap();
    let id = pair.data.id();
    let writing = tokio::spawn(async move { pair.data.writer().write_all(&vec![0; 1024 * 1024]).await });
    quiet().await;
    peer.send(|out| frame::put_rst_stream(out, id, 5)).await;
    assert_eq!(writing.await.unwrap().unwrap_err().kind(), io::ErrorKind::BrokenPipe);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_dropped_is_cancelled_unless_it_has_ended() {
    let (client, mut peer) = Peer::of_client(1024);
    let pair = client.open(80, b"").unwrap();
    let (error, data) = peer.opened().await;
    let (reader, writer) = (pair.data.reader(), pair.data.writer());
    drop(pair.data);
    drop(reader);
    assert_eq!(client.streams(), 2, "its writer is still there");
    drop(writer);
    assert_eq!(peer.frame().await, Some(Frame::RstStream { id: data, status: 5 }));
    // The peer is done with this one, and it with the peer.
    peer.send(|out| frame::put_data(out, error, b"", true)).await;
    assert_eq!(pair.error.last_words().await.unwrap(), "");
    drop(pair.error);
    assert_eq!(client.streams(), 0);
    // Where only the peer has ended, this side's end is all that is left to say.
    let pair = client.open(80, b"").unwrap();
    let (_, data) = peer.opened().await;
    peer.send(|out| frame::put_data(out, data, b"", true)).await;
    assert_eq!(read_all(&pair.data).await.unwrap(), b"");
    drop(pair.data);
    assert_eq!(peer.frame().await, Some(Frame::Data { id: data, payload: Default::default(), fin: true }));
}

#[tokio::test(start_paused = true)]
async fn what_is_malformed_ends_everything() {
    let (near, mut far) = duplex(1024);
    let server = Mux::server(near);
    far.write_all(&[0x80, 3, 0, 1, 0xff, 0xff, 0xff, 0xff]).await.unwrap();
    assert!(server.accept().await.is_none());

    let (client, mut peer) = Peer::of_client(1024);
    let (one, two) = (client.open(80, b"").unwrap(), client.open(80, b"").unwrap());
    peer.send(|out| frame::put_data(out, one.data.id(), b"before", false)).await;
    peer.send(|out| out.extend_from_slice(&[0x80, 9, 0, 1, 0, 0, 0, 0])).await;
    let mut before = [0; 6];
    one.data.reader().read_exact(&mut before).await.unwrap();
    for stream in [&one.data, &one.error, &two.data, &two.error] {
        assert_eq!(read_all(stream).await.unwrap_err().kind(), io::ErrorKind::InvalidData);
        assert!(matches!(stream.end(), Some(Err(Error::Malformed(_)))));
    }
    assert!(two.error.last_words().await.is_err());
    assert!(one.data.writer().write(b"x").await.is_err());
    assert!(matches!(client.open(80, b""), Err(Error::Malformed(_))));
    assert!(client.is_done_for());
}

#[tokio::test(start_paused = true)]
async fn at_the_transport_s_end_readers_get_what_came_and_then_an_error() {
    let (client, mut peer) = Peer::of_client(64 * 1024);
    let pair = client.open(80, b"").unwrap();
    let (error, data) = peer.opened().await;
    peer.send(|out| frame::put_data(out, error, b"said", true)).await;
    let mut half = BytesMut::new();
    frame::put_data(&mut half, data, &pattern(30_000), true);
    peer.io.write_all(&half[..20_000]).await.unwrap();
    drop(peer);
    let mut received = Vec::new();
    let error = pair.data.reader().read_to_end(&mut received).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    assert!(received == pattern(30_000)[..20_000 - frame::HEAD], "{}", received.len());
    assert!(matches!(pair.data.end(), Some(Err(Error::Ended))));
    assert_eq!(pair.error.last_words().await.unwrap(), "said");
}

#[tokio::test(start_paused = true)]
async fn what_came_before_the_transport_broke_is_there_too() {
    let mut sent = BytesMut::new();
    frame::put_data(&mut sent, 5, b"5 has said so", true);
    frame::put_data(&mut sent, 15, b"the last of it", false);
    let io = tokio_util::io::StreamReader::new(futures::stream::iter([
        Ok(sent.freeze()),
        Err(io::Error::from(io::ErrorKind::UnexpectedEof)),
    ]));
    let client = client(tokio::io::join(io, tokio::io::sink()));
    let pair = client.open(80, b"").unwrap();
    assert_eq!((pair.error.id(), pair.data.id()), (5, 15));
    let mut received = Vec::new();
    let error = pair.data.reader().read_to_end(&mut received).await.unwrap_err();
    assert_eq!((error.kind(), &received[..]), (io::ErrorKind::UnexpectedEof, &b"the last of it"[..]));
    assert_eq!(pair.error.last_words().await.unwrap(), "5 has said so");
}

#[tokio::test(start_paused = true)]
async fn what_is_held_up_at_the_end_is_not_lost() {
    // Of the second length, the last piece comes together with the transport's end.
    for length in [500_000, 129 * 1024] {
        let (client, mut peer) = Peer::of_client(1024 * 1024);
        let pair = client.open(80, b"").unwrap();
        peer.opened().await;
        let sent = pattern(length);
        peer.send(|out| {
            frame::put_data(out, pair.data.id(), &sent, false);
            frame::put_data(out, pair.data.id(), b"", true);
        })
        .await;
        drop(peer);
        quiet().await;
        assert!(!client.is_fit());
        assert!(read_all(&pair.data).await.unwrap() == sent);
        quiet().await;
        assert!(client.is_done_for());
    }
}

#[tokio::test(start_paused = true)]
async fn last_words_are_waited_for_a_moment() {
    let (client, mut peer) = Peer::of_client(1024);
    let pair = client.open(80, b"").unwrap();
    let began = Instant::now();
    peer.send(|out| frame::put_data(out, pair.error.id(), b"half a ", false)).await;
    assert_eq!(pair.error.last_words().await.unwrap(), "half a ");
    assert_eq!(began.elapsed(), Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_over_when_it_and_its_streams_are_dropped() {
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    let (client, mut peer) = Peer::of_client(1024);
    let pair = client.open(80, b"").unwrap();
    peer.opened().await;
    assert_eq!(tasks(), before + 1);
    drop((client, pair.error));
    assert!(matches!(peer.frame().await, Some(Frame::RstStream { .. })));
    pair.data.writer().write_all(b"it lives").await.unwrap();
    assert!(matches!(peer.frame().await, Some(Frame::Data { .. })));
    drop(pair.data);
    quiet().await;
    assert_eq!(tasks(), before);
    while peer.frame().await.is_some() {}
}
