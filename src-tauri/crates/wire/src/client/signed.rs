//! Requests with credentials that are made while the client runs.
//!
//! A 401 need not be anyone's trouble: the token may have been revoked, or have expired by the server's clock. So those
//! who make credentials are told, and the request is sent once more with what they give. It was not executed: a server
//! that does not know who asks does nothing.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use http::{Request, Response, StatusCode, header::AUTHORIZATION};
use hyper::body::Incoming;
use kube::client::Body;
use tower::BoxError;

use super::{
    answer,
    connections::Connections,
    credentials::{Credential, Credentials, NoCredentials, Shown},
};

/// Sends requests in somebody's name.
#[derive(Clone, Debug)]
pub(super) struct Signed {
    pub(super) credentials: Arc<dyn Credentials>,
    /// What the connections show.
    pub(super) shown: Arc<Shown>,
    pub(super) connections: Connections,
}

impl Signed {
    pub(super) async fn send(self, request: Request<Body>) -> Result<Response<Incoming>, BoxError> {
        let again = copy(&request);
        let used = self.credentials.current().await.map_err(NoCredentials)?;
        let refusal = self.send_with(&used, request).await?;
        if refusal.status() != StatusCode::UNAUTHORIZED {
            return Ok(refusal);
        }
        let other = self.credentials.refused(&used).await.map_err(NoCredentials)?;
        // A body that is gone cannot be sent again. Whoever sent it gets the refusal; the next request has the other one.
        let Some(request) = again else { return Ok(refusal) };
        let answer = self.send_with(&other, request).await?;
        if answer.status() == StatusCode::UNAUTHORIZED {
            self.credentials.refused(&other).await.map_err(NoCredentials)?;
        }
        Ok(answer)
    }

    async fn send_with(
        &self,
        credential: &Credential,
        mut request: Request<Body>,
    ) -> Result<Response<Incoming>, BoxError> {
        if self.shown.show(credential) {
            // Those that are there, and the TLS sessions that others would be resumed from, have shown another one.
            self.connections.renew();
        }
        if let Some(header) = credential.header() {
            request.headers_mut().insert(AUTHORIZATION, header.clone());
        }
        answer(&self.connections, request).await
    }
}

/// The same request, unless its body can be read only once.
fn copy(request: &Request<Body>) -> Option<Request<Body>> {
    let mut copy = Request::new(request.body().try_clone()?);
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.version_mut() = request.version();
    *copy.headers_mut() = request.headers().clone();
    *copy.extensions_mut() = request.extensions().clone();
    Some(copy)
}
