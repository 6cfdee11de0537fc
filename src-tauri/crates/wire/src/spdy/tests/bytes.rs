//! Bytes both ways, over transports of any size.

use super::*;

#[tokio::test(start_paused = true)]
async fn bytes_arrive_both_ways_whatever_the_transport_takes_at_once() {
    for (size, length) in [(7, 20_000), (1000, 300_000), (64 * 1024, 6 * 1024 * 1024)] {
        let (client, server) = both(size);
        let sent = pattern(length);
        let pair = client.open(80, &sent[..10]).unwrap();
        let (_error, data) = accepted(&server).await;
        let upload = async {
            let mut writer = pair.data.writer();
            writer.write_all(&sent[10..]).await.unwrap();
            writer.shutdown().await.unwrap();
        };
        let echo = async {
            let (mut reader, mut writer) = (data.reader(), data.writer());
            tokio::io::copy_buf(&mut reader, &mut writer).await.unwrap();
            writer.shutdown().await.unwrap();
        };
        let (_, _, received) = tokio::join!(upload, echo, read_all(&pair.data));
        assert!(received.unwrap() == sent, "{length} bytes over {size}");
    }
}

#[tokio::test(start_paused = true)]
async fn streams_do_not_mix() {
    let (client, server) = both(333);
    let mut echoes = tokio::task::JoinSet::new();
    let mut users = tokio::task::JoinSet::new();
    for n in 0..20u16 {
        let pair = client.open(n, b"").unwrap();
        let (error, data) = accepted(&server).await;
        echoes.spawn(async move {
            let _error = error;
            let mut writer = data.writer();
            tokio::io::copy_buf(&mut data.reader(), &mut writer).await.unwrap();
            writer.shutdown().await.unwrap();
        });
        users.spawn(async move {
            let sent = pattern(5000 + usize::from(n) * 777);
            let mut writer = pair.data.writer();
            let upload = async {
                writer.write_all(&sent).await.unwrap();
                writer.shutdown().await.unwrap();
            };
            let (_, received) = tokio::join!(upload, read_all(&pair.data));
            let received = received.unwrap();
            assert!(received == sent, "stream {n}: {} of {} bytes", received.len(), sent.len());
        });
    }
    users.join_all().await;
    echoes.join_all().await;
    quiet().await;
    assert_eq!((client.streams(), server.streams()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_writer_waits_for_a_peer_that_does_not_read() {
    let (client, mut peer) = Peer::of_client(1000);
    let pair = client.open(80, b"").unwrap();
    let (mut writer, mut written) = (pair.data.writer(), 0);
    let piece = pattern(10_000);
    while let Ok(amount) = tokio::time::timeout(Duration::from_secs(1), writer.write(&piece)).await {
        written += amount.unwrap();
        assert!(written < 1024 * 1024, "it never waits");
    }
    // What waits here, and one more piece.
    assert!((128 * 1024..160 * 1024).contains(&written), "{written}");
    // Another stream's writer waits, too, and both go on once the peer reads.
    let other = client.open(80, b"").unwrap();
    let waiting = tokio::spawn(async move { other.data.writer().write_all(b"the other's").await });
    quiet().await;
    assert!(!waiting.is_finished());
    let (_, id) = peer.opened().await;
    let mut received = 0;
    loop {
        match peer.frame().await.unwrap() {
            Frame::Data { id: of, payload, .. } if of == id => received += payload.len(),
            Frame::Data { payload, .. } if payload == "the other's" => break,
            _ => {}
        }
    }
    assert_eq!(received, written);
    waiting.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn pings_are_answered_but_not_beyond_what_the_peer_reads() {
    let (_server, mut peer) = Peer::of_server(64);
    peer.send(|out| frame::put_ping(out, 7)).await;
    assert_eq!(peer.frame().await, Some(Frame::Ping(7)));
    let (_client, mut peer) = Peer::of_client(64 * 1024);
    peer.send(|out| frame::put_ping(out, 2)).await;
    assert_eq!(peer.frame().await, Some(Frame::Ping(2)));
    // 100,000 PINGs, none of whose answers is read meanwhile: 1.2 MB would have to wait.
    peer.send(|out| (1..=100_000).for_each(|n| frame::put_ping(out, 2 * n))).await;
    quiet().await;
    let mut answers = 0;
    while let Ok(Some(Frame::Ping(_))) = tokio::time::timeout(Duration::from_millis(1), peer.frame()).await {
        answers += 1;
    }
    let (at_least, at_most) = (128 * 1024 / 12, (128 + 64 + 1) * 1024 / 12);
    assert!((at_least..=at_most).contains(&answers), "{answers} answers");
}

#[tokio::test(start_paused = true)]
async fn streams_that_are_refused_do_not_fill_the_memory_either() {
    let (server, mut peer) = Peer::of_server(64 * 1024);
    let mut packer = crate::spdy::headers::Packer::default();
    for n in 0..50_000 {
        let block = packer.pack(&[]);
        peer.send(|out| frame::put_syn_stream(out, 2 * n + 1, &block)).await;
    }
    quiet().await;
    assert_eq!(server.streams(), 1024);
    let mut refused = 0;
    while let Ok(Some(frame)) = tokio::time::timeout(Duration::from_millis(1), peer.frame()).await {
        refused += usize::from(matches!(frame, Frame::RstStream { .. }));
    }
    assert!((1000..=(128 + 64 + 1) * 1024 / 16).contains(&refused), "{refused} refusals");
}

#[tokio::test(start_paused = true)]
async fn a_writer_that_tries_again_and_again_is_remembered_once() {
    let (client, _peer) = Peer::of_client(1000);
    let pair = client.open(80, b"").unwrap();
    let mut writer = pair.data.writer();
    let piece = pattern(10_000);
    std::future::poll_fn(|cx| {
        while Pin::new(&mut writer).poll_write(cx, &piece).is_ready() {}
        for _ in 0..100 {
            assert!(Pin::new(&mut writer).poll_write(cx, &piece).is_pending());
        }
        Poll::Ready(())
    })
    .await;
    assert_eq!(client.with(|state| state.waiting_writers()), 1);
}
