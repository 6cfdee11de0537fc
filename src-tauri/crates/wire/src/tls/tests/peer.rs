//! The server, and the transport in which it lies.

use std::{
    io::{self, Read as _, Write as _},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard},
    task::{Context, Poll},
};

use hyper::rt::{Read, ReadBufCursor, Write};
use rustls::{ServerConfig, ServerConnection, SupportedProtocolVersion, pki_types::PrivateKeyDer};

/// A server.
#[derive(Clone)]
pub(super) struct Peer(Arc<Mutex<Inner>>, Arc<ServerConfig>);

pub(super) struct Inner {
    pub(super) tls: ServerConnection,
    /// What it was sent.
    pub(super) got: Vec<u8>,
    /// What its session ended with.
    pub(super) error: Option<rustls::Error>,
    pub(super) has_closed: bool,
    /// Records on their way to the client.
    pub(super) down: Vec<u8>,
    /// How much a read or a write carries at most; every second one is "nothing now" if it is odd.
    pub(super) at_once: usize,
    pending: bool,
    /// The transport takes nothing.
    pub(super) blocked: bool,
    /// The transport has ended, once `down` is empty.
    pub(super) ended: bool,
    pub(super) shut_down: bool,
    pub(super) reads: usize,
    /// How much each write brought.
    pub(super) writes: Vec<usize>,
    pub(super) flushes: usize,
}

impl Peer {
    /// A server that speaks `version` only, and its certificate.
    pub(super) fn new(version: &'static SupportedProtocolVersion) -> (Self, Vec<u8>) {
        let rcgen::CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed(["127.0.0.1".into()]).unwrap();
        let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_protocol_versions(&[version])
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .unwrap();
        (Peer::of(Arc::new(config)), cert.der().to_vec())
    }

    /// The same server's side of another connection.
    pub(super) fn again(&self) -> Self {
        Peer::of(self.1.clone())
    }

    fn of(config: Arc<ServerConfig>) -> Self {
        let mut tls = ServerConnection::new(config.clone()).unwrap();
        tls.set_buffer_limit(None);
        let inner = Inner {
            tls,
            got: Vec::new(),
            error: None,
            has_closed: false,
            down: Vec::new(),
            at_once: usize::MAX - 1,
            pending: false,
            blocked: false,
            ended: false,
            shut_down: false,
            reads: 0,
            writes: Vec::new(),
            flushes: 0,
        };
        Peer(Arc::new(Mutex::new(inner)), config)
    }

    pub(super) fn transport(&self) -> Transport {
        Transport(self.clone())
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap()
    }

    pub(super) fn send(&self, bytes: &[u8]) {
        let mut inner = self.lock();
        inner.tls.writer().write_all(bytes).unwrap();
        inner.collect();
    }

    /// Sends TLS's end.
    pub(super) fn close(&self) {
        let mut inner = self.lock();
        inner.tls.send_close_notify();
        inner.collect();
    }
}

impl Inner {
    /// Takes what the session wants to send.
    pub(super) fn collect(&mut self) {
        while self.tls.wants_write() {
            self.tls.write_tls(&mut self.down).unwrap();
        }
    }

    /// Takes what a client sent.
    fn receive(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && self.error.is_none() && !self.has_closed {
            self.tls.read_tls(&mut bytes).unwrap();
            match self.tls.process_new_packets() {
                Ok(state) => self.has_closed = state.peer_has_closed(),
                Err(error) => self.error = Some(error),
            }
            // Its end is seen above, and nothing more is no error here.
            let _ = self.tls.reader().read_to_end(&mut self.got);
        }
        self.collect();
    }

    fn is_pending(&mut self) -> bool {
        self.pending = self.at_once % 2 == 1 && !self.pending;
        self.pending
    }
}

/// The client's end of the transport.
pub(super) struct Transport(Peer);

impl Read for Transport {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, mut to: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        let mut peer = self.0.lock();
        peer.reads += 1;
        if peer.is_pending() || (peer.down.is_empty() && !peer.ended) {
            return Poll::Pending;
        }
        let amount = peer.down.len().min(to.remaining()).min(peer.at_once);
        to.put_slice(&peer.down[..amount]);
        peer.down.drain(..amount);
        Poll::Ready(Ok(()))
    }
}

impl Write for Transport {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut peer = self.0.lock();
        if peer.is_pending() || peer.blocked {
            return Poll::Pending;
        }
        let amount = bytes.len().min(peer.at_once);
        peer.writes.push(amount);
        peer.receive(&bytes[..amount]);
        Poll::Ready(Ok(amount))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.lock().flushes += 1;
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.lock().shut_down = true;
        Poll::Ready(Ok(()))
    }
}
