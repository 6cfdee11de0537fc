//! Credentials that are made while a client runs, as exec plugins make them: the seam between those who make them and the
//! client, which asks for the current one before each request and tells when the API server refuses it.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures::future::BoxFuture;
use http::HeaderValue;
use rustls::{
    SignatureScheme,
    client::ResolvesClientCert,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::CertifiedKey,
};
use tower::BoxError;

/// Makes credentials.
pub trait Credentials: fmt::Debug + Send + Sync + 'static {
    /// What the next request is to carry. May wait for it to be made.
    ///
    /// # Errors
    /// When there is none. The request is not sent, and fails with this inside a [`NoCredentials`].
    fn current(&self) -> BoxFuture<'_, Result<Credential, BoxError>>;

    /// The API server answered 401 to a request that carried `used`: what it is to be tried again with.
    ///
    /// # Errors
    /// When there is no other, and none can be made. The request fails with this inside a [`NoCredentials`].
    fn refused<'a>(&'a self, used: &'a Credential) -> BoxFuture<'a, Result<Credential, BoxError>>;
}

/// Why a request was not sent, or not again.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct NoCredentials(#[source] pub BoxError);

/// What proves to the API server who asks: a token, a client certificate, or both. Its clones are the same one.
#[derive(Clone)]
pub struct Credential(Arc<Proof>);

struct Proof {
    /// The whole `Authorization` header.
    header: Option<HeaderValue>,
    certificate: Option<Arc<CertifiedKey>>,
}

/// Why something is no credential. Says nothing of what stands in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// A header cannot carry it.
    #[error("the token has characters that no token has")]
    Token,
    /// Not in PEM, or of a kind that is not known.
    #[error("the client certificate cannot be read")]
    Certificate,
    /// Not in PEM, of a kind that is not known, or another certificate's.
    #[error("the key of the client certificate cannot be read, or is another certificate's")]
    Key,
}

impl Credential {
    /// A bearer token, a certificate chain with its key, both in PEM, or all of them.
    ///
    /// # Errors
    /// When one of them cannot be used.
    pub fn new(token: Option<&str>, certificate: Option<(&str, &str)>) -> Result<Self, Unusable> {
        let header = token.map(bearer).transpose()?;
        let certificate = certificate.map(|(chain, key)| certified(chain, key)).transpose()?;
        Ok(Credential(Arc::new(Proof { header, certificate })))
    }

    /// Whether it is this very one: not whether it reads the same.
    pub fn is(&self, other: &Credential) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    pub(super) fn header(&self) -> Option<&HeaderValue> {
        self.0.header.as_ref()
    }

    pub(super) fn certificate(&self) -> Option<&Arc<CertifiedKey>> {
        self.0.certificate.as_ref()
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Proof { header, certificate } = &*self.0;
        f.debug_struct("Credential")
            .field("token", &header.is_some())
            .field("certificate", &certificate.is_some())
            .finish()
    }
}

fn bearer(token: &str) -> Result<HeaderValue, Unusable> {
    let mut value = HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| Unusable::Token)?;
    value.set_sensitive(true);
    Ok(value)
}

fn certified(chain: &str, key: &str) -> Result<Arc<CertifiedKey>, Unusable> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(chain.as_bytes()).collect();
    let chain = chain.ok().filter(|chain| !chain.is_empty()).ok_or(Unusable::Certificate)?;
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|_| Unusable::Key)?;
    let certified = CertifiedKey::from_der(chain, key, &ring::default_provider());
    certified.map(Arc::new).map_err(|_| Unusable::Key)
}

/// The client certificate that new connections show: that of the credential in use, if it has one.
#[derive(Debug, Default)]
pub(super) struct Shown(Mutex<Option<Arc<CertifiedKey>>>);

impl Shown {
    /// Shows that of a credential. Whether it is another than before.
    pub(super) fn show(&self, credential: &Credential) -> bool {
        let next = credential.certificate();
        let mut shown = self.lock();
        let same = shown.as_ref().map(Arc::as_ptr) == next.map(Arc::as_ptr);
        *shown = next.cloned();
        !same
    }

    fn lock(&self) -> MutexGuard<'_, Option<Arc<CertifiedKey>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ResolvesClientCert for Shown {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.lock().clone()
    }

    fn has_certs(&self) -> bool {
        self.lock().is_some()
    }
}
