//! Bodies of requests and answers.

use std::convert::Infallible;

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited, combinators::UnsyncBoxBody};
use hyper::body::Incoming;
use serde_json::Value;

use super::status::Status;

/// What an answer carries.
pub(crate) type Body = UnsyncBoxBody<Bytes, Infallible>;

/// The most that a request may carry: as much as a real server takes.
const LARGEST: usize = 3 * 1024 * 1024;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A body of these bytes.
pub(crate) fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).boxed_unsync()
}

/// An answer in JSON that is written already.
pub(crate) fn written(code: StatusCode, bytes: impl Into<Bytes>) -> Response<Body> {
    typed(code, JSON, full(bytes))
}

/// An answer in JSON.
pub(crate) fn json(code: StatusCode, value: &Value) -> Response<Body> {
    written(code, value.to_string())
}

/// An answer in words.
pub(crate) fn text(code: StatusCode, text: &'static str) -> Response<Body> {
    typed(code, HeaderValue::from_static("text/plain; charset=utf-8"), full(text))
}

/// An answer that comes bit by bit.
pub(crate) fn streamed(body: Body) -> Response<Body> {
    typed(StatusCode::OK, JSON, body)
}

fn typed(code: StatusCode, of: HeaderValue, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = code;
    response.headers_mut().insert(header::CONTENT_TYPE, of);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    response
}

/// All that a request carries.
pub(crate) async fn read(body: Incoming) -> Result<Bytes, Status> {
    let read = Limited::new(body, LARGEST).collect().await;
    Ok(read.map_err(|error| Status::bad_request(format!("the request cannot be read: {error}")))?.to_bytes())
}
