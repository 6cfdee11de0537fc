//! Servers on loopback to try a client against: API servers, and proxies that note what they are asked for. A proxy
//! connects to the one server it was made for, whatever name it is given, so that no test resolves or reaches another.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, pki_types::PrivateKeyDer},
};

/// The name in every certificate made here. `test` is reserved: nothing resolves it.
pub(in crate::client) const NAME: &str = "shop.test";

/// What a server was asked, in order.
#[derive(Clone, Default)]
pub(in crate::client) struct Notes(Arc<watch::Sender<Vec<String>>>);

impl Notes {
    pub(in crate::client) fn add(&self, text: impl Into<String>) {
        self.0.send_modify(|notes| notes.push(text.into()));
    }

    pub(in crate::client) fn all(&self) -> Vec<String> {
        self.0.borrow().clone()
    }

    /// All, once there is one.
    pub(in crate::client) async fn some(&self) -> Vec<String> {
        self.has(1).await
    }

    /// All, once there are so many.
    pub(in crate::client) async fn has(&self, count: usize) -> Vec<String> {
        self.0.subscribe().wait_for(|notes| notes.len() >= count).await.unwrap().clone()
    }
}

/// A server that ends with the test.
pub(in crate::client) struct Fake {
    pub(in crate::client) address: SocketAddr,
    pub(in crate::client) notes: Notes,
    task: JoinHandle<()>,
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Fake {
    pub(in crate::client) fn url(&self, scheme: &str) -> String {
        format!("{scheme}://{}", self.address)
    }
}

/// Serves each connection with `serve`.
pub(in crate::client) async fn fake<F>(serve: impl Fn(TcpStream, Notes) -> F + Send + 'static) -> Fake
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let (address, notes) = (listener.local_addr().unwrap(), Notes::default());
    let task = tokio::spawn({
        let notes = notes.clone();
        async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, notes.clone()));
            }
        }
    });
    Fake { address, notes, task }
}

/// An API server without TLS.
pub(in crate::client) async fn api() -> Fake {
    fake(answer_all).await
}

/// An API server with TLS, and its certificate.
pub(in crate::client) async fn tls_api() -> (Fake, Vec<u8>) {
    let (tls, certificate) = tls();
    let fake = fake(move |stream, notes| {
        let tls = tls.clone();
        async move {
            if let Ok(stream) = tls.accept(stream).await {
                answer_all(stream, notes).await;
            }
        }
    });
    (fake.await, certificate)
}

pub(crate) fn tls() -> (TlsAcceptor, Vec<u8>) {
    let rcgen::CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed([NAME.into(), "127.0.0.1".into()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(signing_key.serialize_der().into());
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![cert.der().clone()], key).unwrap();
    (TlsAcceptor::from(Arc::new(config)), cert.der().to_vec())
}

async fn answer_all(mut stream: impl AsyncRead + AsyncWrite + Unpin, notes: Notes) {
    while let Some(head) = read_head(&mut stream).await {
        notes.add(head);
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await.unwrap();
    }
}

/// A request up to its empty line, in lower case; `None` at the end of the stream.
pub(in crate::client) async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    Some(String::from_utf8(head).unwrap())
}

/// A proxy for `CONNECT`.
pub(in crate::client) async fn http_proxy(server: SocketAddr) -> Fake {
    fake(move |stream, notes| tunnel(stream, notes, server)).await
}

/// The same behind TLS, and its certificate.
pub(in crate::client) async fn https_proxy(server: SocketAddr) -> (Fake, Vec<u8>) {
    let (tls, certificate) = tls();
    let fake = fake(move |stream, notes| {
        let tls = tls.clone();
        async move {
            match tls.accept(stream).await {
                Ok(stream) => tunnel(stream, notes, server).await,
                Err(error) => notes.add(error.to_string()),
            }
        }
    });
    (fake.await, certificate)
}

async fn tunnel(mut stream: impl AsyncRead + AsyncWrite + Unpin, notes: Notes, server: SocketAddr) {
    let Some(head) = read_head(&mut stream).await else { return };
    notes.add(head);
    let mut server = TcpStream::connect(server).await.unwrap();
    stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.unwrap();
    let _ = copy_bidirectional(&mut stream, &mut server).await;
}

/// A SOCKS 5 proxy. Notes `user:password`, where it was given them, and the name or address it is to connect to.
pub(in crate::client) async fn socks_proxy(server: SocketAddr) -> Fake {
    fake(move |stream, notes| socks(stream, notes, server)).await
}

async fn socks(mut stream: TcpStream, notes: Notes, server: SocketAddr) {
    let [5, methods] = take::<2>(&mut stream).await else { panic!("not SOCKS 5") };
    let methods = take_text(&mut stream, methods).await;
    // With a login, if one is offered.
    if methods.contains('\u{2}') {
        stream.write_all(&[5, 2]).await.unwrap();
        let [1, length] = take::<2>(&mut stream).await else { panic!("not a login") };
        let user = take_text(&mut stream, length).await;
        let [length] = take(&mut stream).await;
        notes.add(format!("{user}:{}", take_text(&mut stream, length).await));
        stream.write_all(&[1, 0]).await.unwrap();
    } else {
        stream.write_all(&[5, 0]).await.unwrap();
    }
    let [5, 1, 0, kind] = take(&mut stream).await else { panic!("not a CONNECT") };
    let name = match kind {
        1 => Ipv4Addr::from(take::<4>(&mut stream).await).to_string(),
        3 => {
            let [length] = take(&mut stream).await;
            format!("name {}", take_text(&mut stream, length).await)
        }
        other => panic!("address of kind {other}"),
    };
    notes.add(format!("{name} {}", u16::from_be_bytes(take(&mut stream).await)));
    let mut server = TcpStream::connect(server).await.unwrap();
    stream.write_all(&[5, 0, 0, 1, 127, 0, 0, 1, 0, 0]).await.unwrap();
    let _ = copy_bidirectional(&mut stream, &mut server).await;
}

async fn take<const N: usize>(stream: &mut TcpStream) -> [u8; N] {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes).await.unwrap();
    bytes
}

async fn take_text(stream: &mut TcpStream, length: u8) -> String {
    let mut bytes = vec![0; length.into()];
    stream.read_exact(&mut bytes).await.unwrap();
    String::from_utf8(bytes).unwrap()
}
