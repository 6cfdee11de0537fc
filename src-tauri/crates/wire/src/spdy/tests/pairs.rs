//! How pairs of streams are opened, numbered and accepted.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_pair_is_accepted_as_an_error_and_a_data_stream_of_one_request() {
    for size in SIZES {
        let (client, server) = both(size);
        let mut requests = Vec::new();
        let mut kept = Vec::new();
        for port in [80, 443, 80, 65535, 1, 8080] {
            let pair = client.open(port, b"").unwrap();
            let (error, error_stream) = server.accept().await.unwrap();
            let (data, data_stream) = server.accept().await.unwrap();
            assert_eq!((error.get("streamtype"), data.get("streamtype")), (Some("error"), Some("data")));
            for headers in [&error, &data] {
                assert_eq!(headers.get("port"), Some(port.to_string().as_str()), "{size}");
                assert_eq!(headers.0.len(), 3);
            }
            assert_eq!(error.get("requestid"), data.get("requestid"));
            assert_eq!((error_stream.id(), data_stream.id()), (pair.error.id(), pair.data.id()));
            requests.push(error.get("requestid").unwrap().to_owned());
            kept.push((pair, error_stream, data_stream));
        }
        requests.sort();
        requests.dedup();
        assert_eq!(requests.len(), 6, "each connection has a request id of its own");
        assert_eq!((client.streams(), server.streams()), (12, 12));
    }
}

#[tokio::test(start_paused = true)]
async fn the_ids_of_a_pair_are_for_one_worker_and_pairs_go_round_the_workers() {
    let (client, mut peer) = Peer::of_client(64 * 1024);
    let (mut last, mut workers, mut kept) = (0, Vec::new(), Vec::new());
    for _ in 0..12 {
        let pair = client.open(80, b"").unwrap();
        let (error, data) = peer.opened().await;
        assert_eq!((error, data), (pair.error.id(), pair.data.id()));
        assert!(error % 2 == 1 && data % 2 == 1, "{error}, {data}");
        assert!(last < error && error < data, "{last}, {error}, {data}");
        assert_eq!(error % 5, data % 5, "{error}, {data}");
        last = data;
        workers.push(data % 5);
        kept.push(pair);
    }
    assert_eq!(workers, [0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1]);
}

#[tokio::test(start_paused = true)]
async fn what_opens_a_connection_goes_out_in_one_write() {
    for driver_has_run in [false, true] {
        let (near, io) = duplex(64 * 1024);
        let writes = Arc::new(AtomicUsize::new(0));
        let client = client(Counted { io: near, writes: writes.clone() });
        let mut peer = Peer::new(io);
        if driver_has_run {
            quiet().await;
        }
        let pair = client.open(80, b"GET / HTTP/1.1\r\n\r\n").unwrap();
        let (error, data) = peer.opened().await;
        let expected = Frame::Data { id: data, payload: "GET / HTTP/1.1\r\n\r\n".into(), fin: false };
        assert_eq!(peer.frame().await, Some(expected));
        assert_eq!((error, data), (pair.error.id(), pair.data.id()));
        assert_eq!(writes.load(Relaxed), 1, "driver has run: {driver_has_run}");
        // What is written later goes out at once, too, with its head.
        pair.data.writer().write_all(b"more").await.unwrap();
        assert_eq!(peer.frame().await, Some(Frame::Data { id: data, payload: "more".into(), fin: false }));
        assert_eq!(writes.load(Relaxed), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn what_servers_read_needs_no_state_but_the_first_block_s() {
    let (client, mut peer) = Peer::of_client(64 * 1024);
    let mut unpacker = Unpacker::default();
    for port in [80u16, 81] {
        let _pair = client.open(port, b"").unwrap();
        for kind in ["error", "data"] {
            let block = loop {
                if let Some(Frame::SynStream { block, fin, .. }) = peer.frame().await {
                    assert!(!fin, "some servers refuse a SYN_STREAM that ends its stream");
                    break block;
                }
            };
            let headers: Headers = unpacker.unpack(&block).unwrap();
            assert_eq!((headers.get("streamtype"), headers.get("port")), (Some(kind), Some(&*port.to_string())));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_opens_no_streams_to_a_client() {
    let (client, mut peer) = Peer::of_client(1024);
    let pair = client.open(80, b"").unwrap();
    peer.opened().await;
    peer.send(|out| frame::put_syn_stream(out, 2, b"")).await;
    let error = read_all(&pair.data).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    assert!(error.to_string().contains("a stream opened by a server"), "{error}");
    assert!(matches!(client.open(80, b""), Err(crate::spdy::Error::Malformed(_))));
}

#[tokio::test(start_paused = true)]
async fn a_server_refuses_what_nobody_accepts() {
    let (server, mut peer) = Peer::of_server(1024 * 1024);
    let mut packer = crate::spdy::headers::Packer::default();
    peer.send(|out| (0..1025).for_each(|n| frame::put_syn_stream(out, 2 * n + 1, &packer.pack(&[])))).await;
    for n in 0..1024 {
        assert_eq!(peer.frame().await, Some(Frame::SynReply { id: 2 * n + 1, fin: false }));
    }
    assert_eq!(peer.frame().await, Some(Frame::RstStream { id: 2049, status: frame::REFUSED }));
    assert_eq!(server.streams(), 1024);
    // An id that was there before is no new stream.
    peer.send(|out| frame::put_syn_stream(out, 2049, &packer.pack(&[]))).await;
    assert_eq!(peer.frame().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_goes_away_ends_what_it_has_begun() {
    let (client, server) = both(1024);
    let pair = client.open(80, b"").unwrap();
    let (_error, data) = accepted(&server).await;
    assert!(client.is_fit() && !client.is_done_for());
    server.go_away();
    quiet().await;
    assert!(!client.is_fit() && client.is_done_for());
    data.writer().write_all(b"still here").await.unwrap();
    data.writer().shutdown().await.unwrap();
    assert_eq!(read_all(&pair.data).await.unwrap(), b"still here");
}
