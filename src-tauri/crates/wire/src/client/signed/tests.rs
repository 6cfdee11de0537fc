use std::sync::{Mutex, atomic::AtomicUsize, atomic::Ordering::SeqCst};

use futures::{FutureExt, future::BoxFuture};
use rustls::{RootCertStore, ServerConfig, pki_types::PrivateKeyDer, server::WebPkiClientVerifier};
use tokio::io::AsyncWriteExt;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::{
    Kind, PodPort,
    client::{
        Environment, Unusable, client,
        connect::{
            CONNECT_TIMEOUT,
            fakes::{Fake, NAME, fake, read_head},
        },
    },
    upgrade::{self, Refusal, Wire},
};

/// Gives one credential after the other, and then none any more.
#[derive(Debug)]
struct Given {
    all: Vec<Credential>,
    at: AtomicUsize,
    refused: Mutex<Vec<Credential>>,
}

impl Given {
    fn new(all: Vec<Credential>) -> Arc<Self> {
        Arc::new(Given { all, at: AtomicUsize::new(0), refused: Mutex::default() })
    }

    fn tokens(tokens: &[&str]) -> Arc<Self> {
        Given::new(tokens.iter().map(|token| Credential::new(Some(token), None).unwrap()).collect())
    }

    fn now(&self) -> Result<Credential, BoxError> {
        self.all.get(self.at.load(SeqCst)).cloned().ok_or_else(|| "the plugin is not installed".into())
    }

    fn refusals(&self) -> usize {
        self.refused.lock().unwrap().len()
    }
}

impl Credentials for Given {
    fn current(&self) -> BoxFuture<'_, Result<Credential, BoxError>> {
        async { self.now() }.boxed()
    }

    fn refused<'a>(&'a self, used: &'a Credential) -> BoxFuture<'a, Result<Credential, BoxError>> {
        assert!(used.is(&self.now().unwrap()));
        self.refused.lock().unwrap().push(used.clone());
        self.at.fetch_add(1, SeqCst);
        async { self.now() }.boxed()
    }
}

/// An API server that knows no token but one. Notes what it is sent, and the body where there is one.
async fn knows(token: &'static str) -> Fake {
    fake(move |mut stream, notes| async move {
        while let Some(head) = read_head(&mut stream).await {
            let known = head.contains(&format!("authorization: Bearer {token}\r\n"));
            notes.add(head);
            let answer: &[u8] = match known {
                true => b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
                false => b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n",
            };
            stream.write_all(answer).await.unwrap();
        }
    })
    .await
}

fn config(server: &Fake) -> kube::Config {
    kube::Config::new(server.url("http").parse().unwrap())
}

async fn ask(server: &Fake, given: &Arc<Given>) -> kube::Result<String> {
    let (client, _) = client(config(server), &Environment::default(), Some(given.clone()))?;
    client.request_text(Request::get("/version").body(Vec::new()).unwrap()).await
}

#[tokio::test]
async fn a_request_carries_the_credential_of_its_moment() {
    let server = knows("two").await;
    let given = Given::tokens(&["one", "two"]);
    given.at.store(1, SeqCst);
    assert_eq!(ask(&server, &given).await.unwrap(), "ok");
    assert_eq!((given.refusals(), server.notes.all().len()), (0, 1));
}

#[tokio::test]
async fn a_refused_request_is_sent_once_more_with_the_next_credential() {
    let server = knows("two").await;
    let given = Given::tokens(&["one", "two"]);
    assert_eq!(ask(&server, &given).await.unwrap(), "ok");
    let asked = server.notes.all();
    assert_eq!((given.refusals(), asked.len()), (1, 2));
    assert!(asked[1].starts_with("GET /version HTTP/1.1\r\n"), "{}", asked[1]);
}

#[tokio::test]
async fn a_second_refusal_is_told_and_not_tried_again() {
    let server = knows("four").await;
    let given = Given::tokens(&["one", "two", "three"]);
    let error = ask(&server, &given).await.unwrap_err();
    assert!(matches!(&error, kube::Error::Api(status) if status.code == 401), "{error:?}");
    assert_eq!((given.refusals(), server.notes.all().len()), (2, 2));
}

#[tokio::test]
async fn where_there_is_no_credential_nothing_is_sent() {
    let server = knows("one").await;
    let error = ask(&server, &Given::tokens(&[])).await.unwrap_err();
    let kube::Error::Service(error) = error else { panic!("{error:?}") };
    assert_eq!(error.downcast_ref::<NoCredentials>().unwrap().to_string(), "the plugin is not installed");
    assert!(server.notes.all().is_empty());
    // Nor does it pass for an answer where the next one cannot be made.
    let error = ask(&server, &Given::tokens(&["zero"])).await.unwrap_err();
    assert!(matches!(&error, kube::Error::Service(error) if error.is::<NoCredentials>()), "{error:?}");
}

/// No other wire would do better.
#[tokio::test]
async fn an_upgrade_without_a_credential_is_a_login_that_is_missing() {
    let server = knows("one").await;
    let (client, _) = client(config(&server), &Environment::default(), Some(Given::tokens(&[]))).unwrap();
    let to = PodPort { namespace: "shop".into(), pod: "web-1".into(), uid: "1".into(), port: 80 };
    let Err(Refusal::Any(failure)) = upgrade::spdy(&client, Wire::Spdy, &to, CONNECT_TIMEOUT).await else {
        panic!("it is upgraded, or another wire is to be tried")
    };
    assert_eq!((failure.kind, failure.text.as_str()), (Kind::Login, "the plugin is not installed"));
    assert!(server.notes.all().is_empty());
}

#[test]
fn what_cannot_be_used_is_no_credential() {
    let (chain, key) = pair();
    let (_, other) = pair();
    let unusable = |token, certificate| Credential::new(token, certificate).unwrap_err();
    assert_eq!(unusable(Some("a\nb"), None), Unusable::Token);
    assert_eq!(unusable(None, Some(("s3cr3t", &key))), Unusable::Certificate);
    assert_eq!(unusable(None, Some((&chain, "s3cr3t"))), Unusable::Key);
    assert_eq!(unusable(None, Some((&chain, &other))), Unusable::Key);
    let usable = Credential::new(Some("s3cr3t"), Some((&chain, &key))).unwrap();
    assert_eq!(
        format!("{usable:?} {:?}", usable.header()),
        "Credential { token: true, certificate: true } Some(Sensitive)"
    );
}

/// A certificate and its key, in PEM.
fn pair() -> (String, String) {
    let rcgen::CertifiedKey { cert, signing_key } = rcgen::generate_simple_self_signed([NAME.into()]).unwrap();
    (cert.pem(), signing_key.serialize_pem())
}

/// An API server that asks for a client certificate, and notes for each connection which one of `known` it was shown. Its
/// own certificate.
async fn asks_for(known: Vec<Credential>) -> (Fake, Vec<u8>) {
    let mut roots = RootCertStore::empty();
    let shown: Vec<_> = known.iter().map(|one| one.certificate().unwrap().cert[0].clone()).collect();
    for certificate in &shown {
        roots.add(certificate.clone()).unwrap();
    }
    let own = rcgen::generate_simple_self_signed([NAME.into(), "127.0.0.1".into()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(own.signing_key.serialize_der().into());
    let config = ServerConfig::builder()
        .with_client_cert_verifier(WebPkiClientVerifier::builder(roots.into()).build().unwrap())
        .with_single_cert(vec![own.cert.der().clone()], key)
        .unwrap();
    let tls = TlsAcceptor::from(Arc::new(config));
    let server = fake(move |stream, notes| {
        let (tls, shown) = (tls.clone(), shown.clone());
        async move {
            let mut stream = tls.accept(stream).await.unwrap();
            let peer = stream.get_ref().1.peer_certificates().unwrap()[0].clone();
            notes.add(shown.iter().position(|one| *one == peer).unwrap().to_string());
            // A connection's first request is answered; by the second, who it is is no longer known.
            let answers = ["200 OK\r\ncontent-length: 2\r\n\r\nok", "401 Unauthorized\r\ncontent-length: 0\r\n\r\n"];
            for answer in answers {
                let Some(_) = read_head(&mut stream).await else { return };
                stream.write_all(format!("HTTP/1.1 {answer}").as_bytes()).await.unwrap();
            }
        }
    });
    (server.await, own.cert.der().to_vec())
}

#[tokio::test]
async fn new_connections_show_the_client_certificate_of_their_moment() {
    let certificates = [pair(), pair()];
    let all = certificates.iter().map(|(chain, key)| Credential::new(None, Some((chain, key))).unwrap());
    let given = Given::new(all.collect());
    let (server, trusted) = asks_for(given.all.clone()).await;
    let mut config = kube::Config::new(server.url("https").parse().unwrap());
    config.root_cert = Some(vec![trusted]);
    let (client, _) = client(config, &Environment::default(), Some(given.clone())).unwrap();
    let ask = || client.request_text(Request::get("/version").body(Vec::new()).unwrap());
    assert_eq!(ask().await.unwrap(), "ok");
    assert_eq!(server.notes.all(), ["0"]);
    // Over the same connection, refused; so over another one, with the other certificate. Its TLS session is a new one:
    // a resumed one would have shown the old.
    assert_eq!(ask().await.unwrap(), "ok");
    assert_eq!((given.refusals(), server.notes.all()), (1, vec!["0".to_owned(), "1".to_owned()]));
}
