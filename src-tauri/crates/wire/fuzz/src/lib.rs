//! What the fuzz targets do with arbitrary bytes, and what has to hold whatever they are. `tests/seeds.rs` of the wire does the
//! same with the kept ones, on every `cargo test`.
//!
//! Nothing here depends on the real time or on threads, so that a finding can be repeated.

use std::{future::Future, sync::Arc, time::Duration};

use bytes::BytesMut;
use portolan_wire::spdy::{
    Mux, Stream,
    frame::{Decoder, Frame, HEAD, LONGEST_BLOCK},
    headers::Unpacker,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    task::JoinSet,
    time::{sleep, timeout},
};

/// A stream holds so much unread, and its connection so much received: nothing may make them hold twice that.
const HELD: usize = 2 * (128 + 64) * 1024;

/// Longer than anything waits for a peer that says nothing: 15 s to the PINGs, 10 s for an answer, 180 s to the end.
const LONG: Duration = Duration::from_secs(3600);

/// A decoder, fed in pieces whose lengths the first bytes say, reads what it reads when it is fed at once.
pub fn frame(bytes: &[u8]) {
    let (cuts, bytes) = bytes.split_at(bytes.len().min(4));
    let at_once = frames(&[bytes]);
    let (mut rest, mut pieces) = (bytes, Vec::new());
    for cut in cuts.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let piece;
        (piece, rest) = rest.split_at(rest.len().min(1 + usize::from(*cut)));
        pieces.push(piece);
    }
    assert_eq!(frames(&pieces), at_once);
}

/// The frames in the pieces, with each data frame's put together, and whether they ended in an error.
fn frames(pieces: &[&[u8]]) -> (Vec<(Frame, Vec<u8>)>, bool) {
    let (mut decoder, mut buffer, mut frames) = (Decoder::default(), BytesMut::new(), Vec::new());
    // Of a data frame that is not complete, the next piece belongs to the same.
    let mut open: Option<u32> = None;
    for piece in pieces {
        buffer.extend_from_slice(piece);
        loop {
            let before = buffer.len();
            let frame = match decoder.next(&mut buffer) {
                Ok(Some(frame)) => frame,
                Ok(None) => break,
                Err(_) => return (frames, true),
            };
            assert!(buffer.len() < before || matches!(&frame, Frame::Data { .. }), "{frame:?} was read from nothing");
            match frame {
                Frame::Data { id, payload, fin } => {
                    assert_ne!(id, 0);
                    match (&open, frames.last_mut()) {
                        (Some(of), Some((Frame::Data { fin: last, .. }, said))) if *of == id && !payload.is_empty() => {
                            said.extend_from_slice(&payload);
                            *last = fin;
                        }
                        _ => {
                            frames.push((Frame::Data { id, payload: BytesMut::new().freeze(), fin }, payload.to_vec()))
                        }
                    }
                    open = Some(id);
                }
                other => {
                    open = None;
                    frames.push((other, Vec::new()));
                }
            }
        }
        assert!(buffer.len() < LONGEST_BLOCK + HEAD, "more has to be kept than a frame may take");
    }
    (frames, false)
}

/// Header blocks, each after two bytes that say its length, unpack to what is bounded.
pub fn headers(mut bytes: &[u8]) {
    let mut unpacker = Unpacker::default();
    while let [high, low, rest @ ..] = bytes {
        let length = usize::from(u16::from_be_bytes([*high, *low])).min(rest.len());
        let (block, after) = rest.split_at(length);
        let Ok(headers) = unpacker.unpack(block) else { return };
        let size: usize = headers.0.iter().map(|(name, value)| 8 + name.len() + value.len()).sum();
        assert!(size <= 2 * 64 * 1024, "{size}");
        bytes = after;
    }
}

/// A client whose peer sends these bytes. Its streams end, whatever comes, and hold no more than they may.
pub fn client(bytes: &[u8]) {
    run(async {
        let (near, far) = duplex(1024);
        let mux = Mux::client(near, Arc::default());
        let pairs: Vec<_> = (0..3).filter_map(|port| mux.open(80 + port, b"first").ok()).collect();
        let bytes = filled(bytes);
        let (peer, taken) = peer(far, bytes.clone());
        let mut readers = JoinSet::new();
        // The second's bytes are not read for a while, which holds the others up; the third is dropped at once.
        for (at, pair) in pairs.into_iter().enumerate().take(2) {
            let wait = Duration::from_secs(if at == 1 { 60 } else { 0 });
            readers.spawn(read(pair.error, Duration::ZERO));
            readers.spawn(read(pair.data, wait));
        }
        mux.settle();
        ends(mux, readers, peer, taken, bytes.len()).await;
    });
}

/// A server whose client sends these bytes.
pub fn server(bytes: &[u8]) {
    run(async {
        let (near, far) = duplex(1024);
        let mux = Mux::server(near);
        let bytes = filled(bytes);
        let (peer, taken) = peer(far, bytes.clone());
        let mut readers = JoinSet::new();
        let accepting = async {
            let mut at = 0;
            while let Some((_, stream)) = mux.accept().await {
                // One of three is read, one is read late, and one is dropped.
                if at % 3 < 2 {
                    readers.spawn(read(stream, Duration::from_secs(at % 3)));
                }
                at += 1;
            }
        };
        // The peer leaves once it has said everything, and that ends the server.
        assert!(timeout(LONG, accepting).await.is_ok(), "the server goes on without its client");
        ends(mux, readers, peer, taken, bytes.len()).await;
    });
}

/// After a last byte of 255 come as many zeros as fill a stream that is not read: inputs of that length would take the
/// fuzzer too long to find.
fn filled(bytes: &[u8]) -> Vec<u8> {
    let zeros = if bytes.last() == Some(&255) { HELD } else { 0 };
    let mut filled = bytes.to_vec();
    filled.resize(bytes.len() + zeros, 0);
    filled
}

fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let Ok(runtime) = runtime else { panic!("no runtime") };
    runtime.block_on(test);
}

/// Says all of `bytes`, listens to everything, lingers a while, and leaves. The second task ends with how much it heard.
fn peer(io: DuplexStream, bytes: Vec<u8>) -> (tokio::task::JoinHandle<()>, tokio::task::JoinHandle<usize>) {
    let (mut hears, mut says) = tokio::io::split(io);
    let hearing = tokio::spawn(async move {
        let (mut heard, mut piece) = (0, [0; 4096]);
        while let Ok(more @ 1..) = hears.read(&mut piece).await {
            heard += more;
        }
        heard
    });
    let listens = hearing.abort_handle();
    let saying = tokio::spawn(async move {
        // A connection that is over takes no more.
        let _ = says.write_all(&bytes).await;
        sleep(Duration::from_secs(30)).await;
        listens.abort();
    });
    (saying, hearing)
}

/// Reads a stream to its end, whatever that is; how much there was. Writes, too, until that is refused.
async fn read(stream: Stream, wait: Duration) -> usize {
    sleep(wait).await;
    let (mut reader, mut writer) = (stream.reader(), stream.writer());
    let (mut read, mut piece) = (0, vec![0; 8192]);
    while let Ok(more @ 1..) = reader.read(&mut piece).await {
        read += more;
        let _ = timeout(Duration::from_secs(1), writer.write(&piece[..more.min(16)])).await;
    }
    let _ = timeout(Duration::from_secs(1), writer.shutdown()).await;
    read
}

async fn ends(
    mux: Mux,
    mut readers: JoinSet<usize>,
    saying: tokio::task::JoinHandle<()>,
    hearing: tokio::task::JoinHandle<usize>,
    said: usize,
) {
    let mut read = 0;
    let reading = async {
        while let Some(done) = readers.join_next().await {
            let Ok(more) = done else { panic!("a reader panicked") };
            read += more;
        }
    };
    assert!(timeout(LONG, reading).await.is_ok(), "a stream does not end");
    assert!(read <= said, "{read} bytes were read of {said}");
    assert!(timeout(LONG, saying).await.is_ok(), "the peer cannot say everything");
    match timeout(LONG, hearing).await {
        // Three streams' heads, PINGs, and what answers what was said.
        Ok(Ok(heard)) => assert!(heard <= 64 * 1024 + 8 * said + HELD, "{heard} bytes in answer to {said}"),
        Ok(Err(cancelled)) => assert!(cancelled.is_cancelled(), "the peer panicked"),
        Err(_) => panic!("the connection does not end"),
    }
    sleep(LONG).await;
    assert!(mux.is_done_for(), "it goes on without its peer");
    assert!(mux.open(80, b"").is_err());
}
