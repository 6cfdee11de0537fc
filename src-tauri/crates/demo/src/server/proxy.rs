//! The API server's proxy: HTTP to a pod, or to one of the pods behind a Service.

mod target;
#[cfg(test)]
mod tests;

use http::{HeaderValue, Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt, StreamBody};
use hyper::{
    body::{Frame, Incoming},
    client::conn::http1,
};
use hyper_util::rt::TokioIo;

use self::target::Behind;
use super::{
    answer::{Api, Asked},
    body::{self, Body},
    status::Status,
};
use crate::network::{At, Task, Unreached};

/// What belongs to one connection, and not to what is carried over it.
const HOPS: [header::HeaderName; 6] = [
    header::CONNECTION,
    header::PROXY_AUTHENTICATE,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

pub(crate) async fn answer(api: &Api, asked: Asked) -> Result<Response<Body>, Status> {
    let behind = target::find(&api.store, &asked)?;
    if asked.target.rest.is_empty() {
        return Ok(redirect(asked.request.uri()));
    }
    let socket = api
        .network
        .dial_at(&behind.uid, behind.port, At::Address)
        .await
        .map_err(|unreached| unreachable(&behind, unreached))?;
    let failed = |error: hyper::Error| Status::unavailable(format!("error trying to reach service: {error}"));
    let (mut sender, connection) = http1::handshake(TokioIo::new(socket)).await.map_err(failed)?;
    let connection = Task::new(tokio::spawn(async move {
        // How it ends, the answer tells.
        let _ = connection.await;
    }));
    let answer = sender.send_request(forwarded(asked, &behind)?).await.map_err(failed)?;
    let (mut head, carried) = answer.into_parts();
    HOPS.iter().for_each(|hop| drop(head.headers.remove(hop)));
    Ok(Response::from_parts(head, held(carried, (sender, connection))))
}

/// A body, and what has to live as long as it.
fn held<T: Send + 'static>(carried: Incoming, with: T) -> Body {
    let frames = futures::stream::unfold(Some((carried, with)), |state| async move {
        let (mut carried, with) = state?;
        match carried.frame().await? {
            Ok(frame) => Some((Ok::<Frame<_>, std::convert::Infallible>(frame), Some((carried, with)))),
            Err(error) => {
                tracing::debug!(%error, "what is behind the proxy has ended in the middle");
                None
            }
        }
    });
    StreamBody::new(frames).boxed_unsync()
}

fn forwarded(asked: Asked, behind: &Behind) -> Result<Request<Incoming>, Status> {
    let path = match asked.request.uri().query() {
        Some(query) => format!("{}?{query}", asked.target.rest),
        None => asked.target.rest.clone(),
    };
    let (mut head, carried) = asked.request.into_parts();
    head.uri = path.parse().map_err(|error| Status::bad_request(format!("{path} is no path: {error}")))?;
    HOPS.iter().for_each(|hop| drop(head.headers.remove(hop)));
    // The token is for the API server alone.
    head.headers.remove(header::AUTHORIZATION);
    if let Ok(host) = HeaderValue::try_from(behind.address()) {
        head.headers.insert(header::HOST, host);
    }
    Ok(Request::from_parts(head, carried))
}

/// What is reached is a folder: links in its pages are relative to that.
fn redirect(uri: &Uri) -> Response<Body> {
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let mut response = Response::new(body::full(""));
    *response.status_mut() = StatusCode::MOVED_PERMANENTLY;
    if let Ok(location) = HeaderValue::try_from(format!("{}/{query}", uri.path())) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

fn unreachable(behind: &Behind, why: Unreached) -> Status {
    let why = match why {
        Unreached::Refused => "connect: connection refused",
        // The pod's address leads nowhere any more.
        Unreached::NotRunning => "connect: no route to host",
    };
    Status::unavailable(format!("error trying to reach service: dial tcp {}: {why}", behind.address()))
}
