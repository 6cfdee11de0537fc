//! Against rustls's own buffered server, which lies in the transport: whatever is written reaches it at once, and nothing
//! here waits.

mod bytes;
mod ends;
mod peer;

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use hyper::rt::{Read as _, ReadBuf, Write as _};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion, version};

use super::Tls;
use peer::{Peer, Transport};

const VERSIONS: [&SupportedProtocolVersion; 2] = [&version::TLS12, &version::TLS13];

fn now<T>(work: impl FnOnce(&mut Context<'_>) -> Poll<T>) -> Poll<T> {
    work(&mut Context::from_waker(Waker::noop()))
}

/// A configuration that trusts `certificate`.
fn trusting(certificate: &[u8], version: &'static SupportedProtocolVersion) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate.to_vec().into()).unwrap();
    let config = ClientConfig::builder_with_protocol_versions(&[version]).with_root_certificates(roots);
    Arc::new(config.with_no_client_auth())
}

/// Shakes hands, however often that takes.
fn connect(transport: Transport, config: Arc<ClientConfig>) -> io::Result<Tls<Transport>> {
    let mut connecting = Box::pin(Tls::connect(transport, config, "127.0.0.1".try_into().unwrap()));
    for _ in 0..100_000 {
        if let Poll::Ready(done) = now(|cx| connecting.as_mut().poll(cx)) {
            return done;
        }
    }
    panic!("the handshake hangs");
}

fn pair(version: &'static SupportedProtocolVersion) -> (Tls<Transport>, Peer) {
    let (peer, certificate) = Peer::new(version);
    (connect(peer.transport(), trusting(&certificate, version)).unwrap(), peer)
}

/// One read of at most `size`; `None` if there is nothing now.
fn read(from: &mut Tls<Transport>, size: usize) -> Option<io::Result<Vec<u8>>> {
    let mut memory = vec![0; size];
    let mut to = ReadBuf::new(&mut memory);
    match now(|cx| Pin::new(from).poll_read(cx, to.unfilled())) {
        Poll::Ready(done) => Some(done.map(|()| to.filled().to_vec())),
        Poll::Pending => None,
    }
}

fn write(to: &mut Tls<Transport>, parts: &[&[u8]]) -> Poll<io::Result<usize>> {
    let parts: Vec<_> = parts.iter().map(|part| IoSlice::new(part)).collect();
    now(|cx| Pin::new(to).poll_write_vectored(cx, &parts))
}

fn flush(stream: &mut Tls<Transport>) -> Poll<io::Result<()>> {
    now(|cx| Pin::new(stream).poll_flush(cx))
}

fn shutdown(stream: &mut Tls<Transport>) -> Poll<io::Result<()>> {
    now(|cx| Pin::new(stream).poll_shutdown(cx))
}

/// Bytes of which none can be lost or doubled unseen: 251 is prime.
fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|n| (n % 251) as u8).collect()
}

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn up_to(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % most + 1
    }
}
