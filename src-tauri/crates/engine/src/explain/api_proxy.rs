//! One question by the API server's proxy, which connects to a pod's own address: its answer, told from the API server's.

use std::time::Duration;

use http::{Request, Response, header};
use http_body_util::{BodyExt, Limited};
use kube::{Client, client::Body};
use serde::Deserialize;
use tokio::time::{Instant, timeout};

use super::answer::{Answer, Unanswered};
use crate::{
    api_error,
    probe::{Missed, Said, USER_AGENT, micros},
};

/// So much of what the API server says of a failure is read.
const WORDS: usize = 16 * 1024;

/// Where a Service's port is below the API server: `/api/v1/namespaces/shop/services/http:web:http/proxy/`.
pub(crate) fn path(namespace: &str, service: &str, scheme: &str, port: &str) -> String {
    format!("/api/v1/namespaces/{namespace}/services/{scheme}:{service}:{port}/proxy/")
}

/// A `GET` of such a path, within `limit`.
pub(crate) async fn get(client: &Client, path: &str, limit: Duration) -> Answer {
    let began = Instant::now();
    let asking = async {
        let request = Request::get(path).header(header::USER_AGENT, USER_AGENT).body(Body::empty());
        let request = match request {
            Ok(request) => request,
            Err(error) => return (began.elapsed(), Err(Unanswered::Unasked(error.to_string()))),
        };
        match client.send(request).await {
            Ok(answer) => (began.elapsed(), said(answer).await),
            Err(error) => (began.elapsed(), Err(Unanswered::Unasked(api_error::why(&error)))),
        }
    };
    let (took, said) = timeout(limit, asking).await.unwrap_or_else(|_| (limit, Err(Missed::NoAnswer(limit).into())));
    Answer { took_us: micros(took), said }
}

/// What is behind the proxy answers, if with an error page, or the API server says why it does not.
async fn said(answer: Response<Body>) -> Result<Said, Unanswered> {
    let (head, body) = answer.into_parts();
    let code = head.status.as_u16();
    let answered = |body| Said::Http { status: code, headers: Box::new(head.headers), body };
    if code < 400 {
        return Ok(answered(Vec::new()));
    }
    // A body that breaks off says nothing, and the status stands.
    let words = Limited::new(body, WORDS).collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    match of_api_server(&words) {
        Some(message) => Err(Unanswered::ApiServer { code, message }),
        None => Ok(answered(words.into())),
    }
}

/// What the API server says itself, rather than who is behind its proxy: a Status, or, from old servers, this text.
fn of_api_server(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Status {
        kind: String,
        message: Option<String>,
    }
    if let Ok(status) = serde_json::from_slice::<Status>(body) {
        return (status.kind == "Status").then(|| status.message.unwrap_or_default());
    }
    let text = String::from_utf8_lossy(body);
    text.to_lowercase().contains("trying to reach").then(|| text.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_error_page_of_the_pod_is_an_answer_and_what_the_api_server_says_is_none() {
        let trying = "Error trying to reach service: 'dial tcp 10.1.2.3:81: connect: connection refused'";
        let table = [
            (200, r#"{"kind":"Status","message":"as it has it"}"#, Ok(200)),
            (503, r#"{"kind":"Status","apiVersion":"v1","message":"no endpoints"}"#, Err("no endpoints")),
            (503, r#"{"kind":"Order","message":"sold out"}"#, Ok(503)),
            (404, r#"{"error":"sold out"}"#, Ok(404)),
            (503, trying, Err(trying)),
            (503, "<h1>Maintenance</h1>", Ok(503)),
            (500, "", Ok(500)),
        ];
        for (code, body, expected) in table {
            let answer = Response::builder().status(code).body(Body::from(body.as_bytes().to_vec())).unwrap();
            let heard = match said(answer).await {
                Ok(said) => Ok(said.status().unwrap()),
                Err(Unanswered::ApiServer { code: told, message }) if told == code => Err(message),
                Err(other) => panic!("{other:?}"),
            };
            assert_eq!(heard, expected.map_err(str::to_owned), "{code} {body}");
        }
    }
}
