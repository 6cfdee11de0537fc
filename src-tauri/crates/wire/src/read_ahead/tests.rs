use std::{collections::VecDeque, sync::Arc};

use hyper::rt::ReadBuf;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::{TlsAcceptor, TlsConnector, rustls};

use super::*;

/// What a stream does when it is read: pieces of bytes, then its end; an empty piece is "nothing now".
#[derive(Default)]
struct Script {
    pieces: VecDeque<Vec<u8>>,
    /// How much each read asked for.
    asked: Vec<usize>,
    written: Vec<usize>,
}

impl Read for Script {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, mut to: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        self.asked.push(to.remaining());
        let Some(mut piece) = self.pieces.pop_front() else { return Poll::Ready(Ok(())) };
        if piece.is_empty() {
            return Poll::Pending;
        }
        let rest = piece.split_off(piece.len().min(to.remaining()));
        to.put_slice(&piece);
        if !rest.is_empty() {
            self.pieces.push_front(rest);
        }
        Poll::Ready(Ok(()))
    }
}

impl Write for Script {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[io::IoSlice::new(bytes)])
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.written.push(parts.len());
        Poll::Ready(Ok(parts.iter().map(|part| part.len()).sum()))
    }
}

fn scripted(pieces: impl IntoIterator<Item = Vec<u8>>) -> ReadAhead<Script> {
    ReadAhead::new(Script { pieces: pieces.into_iter().collect(), ..Script::default() })
}

/// One read of at most `size`; `None` if there is nothing now.
fn read(from: &mut ReadAhead<Script>, size: usize) -> Option<Vec<u8>> {
    let mut memory = vec![0; size];
    let mut to = ReadBuf::new(&mut memory);
    let mut cx = Context::from_waker(std::task::Waker::noop());
    match Pin::new(from).poll_read(&mut cx, to.unfilled()) {
        Poll::Ready(done) => done.unwrap(),
        Poll::Pending => return None,
    }
    Some(to.filled().to_vec())
}

#[test]
fn every_byte_comes_once_and_in_order_whatever_the_sizes() {
    let sizes = [1, 2, 4095, 4096, 4097, READ_AHEAD - 1, READ_AHEAD, READ_AHEAD + 1, 3 * READ_AHEAD];
    for piece in sizes {
        for at_once in sizes {
            // Enough for several rounds, and few enough for pieces and reads of one byte; 251 is prime, so that a piece
            // lost or doubled shows.
            let length = (2 * piece.max(at_once) + 3).min(5_000 * piece.min(at_once));
            let bytes: Vec<u8> = (0..length).map(|n| (n % 251) as u8).collect();
            let pieces = bytes.chunks(piece).flat_map(|piece| [piece.to_vec(), Vec::new()]);
            let mut stream = scripted(pieces);
            let mut got = Vec::new();
            loop {
                match read(&mut stream, at_once) {
                    Some(part) if part.is_empty() => break,
                    Some(part) => got.extend(part),
                    None => {}
                }
            }
            assert!(got == bytes, "pieces of {piece}, reads of {at_once}: {} of {length} bytes", got.len());
            // The end stays the end.
            assert_eq!(read(&mut stream, at_once), Some(Vec::new()));
        }
    }
}

#[test]
fn small_reads_share_one_large_one() {
    let mut stream = scripted([vec![7; READ_AHEAD]]);
    for _ in 0..16 {
        assert_eq!(read(&mut stream, 4096), Some(vec![7; 4096]));
    }
    assert_eq!(stream.get_ref().asked, [READ_AHEAD]);
}

#[test]
fn a_large_read_goes_past_the_buffer_once_that_is_empty() {
    let mut stream = scripted([vec![1; 100], vec![2; 2 * READ_AHEAD]]);
    assert_eq!(read(&mut stream, 10), Some(vec![1; 10]));
    // What was read before comes first.
    assert_eq!(read(&mut stream, READ_AHEAD), Some(vec![1; 90]));
    assert_eq!(read(&mut stream, 2 * READ_AHEAD), Some(vec![2; 2 * READ_AHEAD]));
    assert_eq!(stream.get_ref().asked, [READ_AHEAD, 2 * READ_AHEAD]);
}

#[test]
fn a_quiet_stream_and_an_ended_one_hold_no_memory() {
    let mut stream = scripted([vec![1; 100], Vec::new(), vec![2; 100]]);
    assert_eq!(stream.buffer.capacity(), 0);
    read(&mut stream, 60);
    assert!(stream.buffer.capacity() >= READ_AHEAD);
    read(&mut stream, 60);
    assert_eq!(read(&mut stream, 60), None);
    assert_eq!(stream.buffer.capacity(), 0);
    assert_eq!(read(&mut stream, 100), Some(vec![2; 100]));
    assert_eq!(read(&mut stream, 100), Some(Vec::new()));
    assert_eq!(stream.buffer.capacity(), 0);
}

#[test]
fn writes_go_through_as_they_are() {
    let mut stream = scripted([]);
    assert!(stream.is_write_vectored());
    let mut cx = Context::from_waker(std::task::Waker::noop());
    let parts = [io::IoSlice::new(b"ab"), io::IoSlice::new(b"c")];
    let done = Pin::new(&mut stream).poll_write_vectored(&mut cx, &parts);
    assert!(matches!(done, Poll::Ready(Ok(3))));
    assert_eq!(stream.get_ref().written, [2]);
}

/// Counts how often a stream is read, as each is a system call.
struct Counting<T>(T, Arc<std::sync::atomic::AtomicUsize>);

impl<T: Read + Unpin> Read for Counting<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, to: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        self.1.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Pin::new(&mut self.0).poll_read(cx, to)
    }
}

impl<T: Write + Unpin> Write for Counting<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// Downloads 4 MiB over TLS; how often the transport was read.
async fn reads_of_a_download(ahead: bool) -> usize {
    const SIZE: usize = 4 << 20;
    let (tls, certificate) = crate::client::test_tls();
    let (ours, theirs) = tokio::io::duplex(1 << 20);
    let served = tokio::spawn(serve(tls, theirs, SIZE));
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate.into()).unwrap();
    let config = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let counter = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counting = Counting(TokioIo::new(ours), counter.clone());
    let connector = TlsConnector::from(Arc::new(config));
    let name = "127.0.0.1".try_into().unwrap();
    let mut got = Vec::new();
    if ahead {
        let stream = TokioIo::new(ReadAhead::new(counting));
        connector.connect(name, stream).await.unwrap().read_to_end(&mut got).await.unwrap();
    } else {
        connector.connect(name, TokioIo::new(counting)).await.unwrap().read_to_end(&mut got).await.unwrap();
    }
    served.await.unwrap();
    assert_eq!(got.len(), SIZE);
    counter.load(std::sync::atomic::Ordering::Relaxed)
}

async fn serve(tls: TlsAcceptor, io: tokio::io::DuplexStream, size: usize) {
    let mut stream = tls.accept(io).await.unwrap();
    stream.write_all(&vec![7; size]).await.unwrap();
    stream.shutdown().await.unwrap();
}

/// The measure that this file exists for.
#[tokio::test]
async fn a_download_over_tls_takes_fewer_reads() {
    let (without, with) = (reads_of_a_download(false).await, reads_of_a_download(true).await);
    println!("4 MiB over TLS: {without} reads, {with} with read-ahead");
    assert!(with * 3 <= without, "{with} reads for {without}");
}
