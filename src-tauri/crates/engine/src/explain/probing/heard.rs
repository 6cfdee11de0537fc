//! What an answer, or the lack of one, means.

use std::io::{Error, ErrorKind};

use http::{Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use kube::{client::Body, core::Status};
use portolan_wire::{Connection, Failure, Kind};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt},
    net::TcpStream,
    time::{Duration, timeout},
};

use crate::explain::doctor::probed::Heard;

/// What the API server says of its own fits in this; a pod's page need not.
const STATUS: usize = 16 * 1024;

const CONNECTED: &str = "connected";

/// A tunnel's connection that could not be made, or that ended.
pub(super) fn failure(failure: &Failure) -> Heard {
    match failure.kind {
        Kind::Refused => Heard::Refused("connection refused in the pod".into()),
        _ => Heard::Unasked(failure.to_string()),
    }
}

/// What comes over a tunnel's connection. The dial in the pod may fail after it stands.
pub(super) async fn connection(connection: Connection, patience: Duration) -> Heard {
    let (mut from_pod, _to_pod, ending) = connection.into_parts();
    match timeout(patience, from_pod.fill_buf()).await {
        // Nobody has refused it.
        Err(_) => Heard::Answers(CONNECTED.into()),
        Ok(Ok(said)) if !said.is_empty() => Heard::Answers(status_line(said).unwrap_or_else(|| CONNECTED.into())),
        Ok(Ok(_) | Err(_)) => match timeout(patience, ending).await {
            Ok(Err(why)) => failure(&why),
            Ok(Ok(())) | Err(_) => Heard::Answers("connected, and ended by the program".into()),
        },
    }
}

/// `200 OK` of an HTTP answer's first line.
fn status_line(said: &[u8]) -> Option<String> {
    let line = said.split(|byte| *byte == b'\r').next()?;
    let (version, status) = std::str::from_utf8(line).ok()?.split_once(' ')?;
    version.starts_with("HTTP/1.").then(|| status.to_owned())
}

/// A connection to a node that could not be made.
pub(super) fn refusal(error: &Error) -> Heard {
    match error.kind() {
        ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset => Heard::Refused("connection refused".into()),
        _ => Heard::Silent(error.to_string()),
    }
}

/// What comes over a connection to a node. What stands before the pod there may have taken it without having one.
pub(super) async fn stream(mut stream: TcpStream, patience: Duration) -> Heard {
    match timeout(patience, stream.read_u8()).await {
        Err(_) | Ok(Ok(_)) => Heard::Answers(CONNECTED.into()),
        Ok(Err(error)) if error.kind() == ErrorKind::ConnectionReset => Heard::Refused("connection reset".into()),
        Ok(Err(_)) => Heard::Unasked("closed at once".into()),
    }
}

/// What the API server's proxy answers: the pod's words, or its own about the pod.
pub(super) async fn proxied(response: Response<Body>, patience: Duration) -> Heard {
    let status = response.status();
    // A pod's own errors are answers, too; only the API server speaks of itself in a Status.
    if !status.is_client_error() && !status.is_server_error() {
        return Heard::Answers(status.to_string());
    }
    let body = timeout(patience, Limited::new(response.into_body(), STATUS).collect()).await;
    let said = body.ok().and_then(Result::ok).map(|body| body.to_bytes());
    let own = said.and_then(|said| serde_json::from_slice::<Status>(&said).ok());
    own.map_or_else(|| Heard::Answers(status.to_string()), |own| by_api_server(status, &own.message))
}

fn by_api_server(status: StatusCode, message: &str) -> Heard {
    // Its texts are no API: each is known by the least that identifies it.
    if ["connection refused", "connection reset"].iter().any(|part| message.contains(part)) {
        return Heard::Refused(message.to_owned());
    }
    match status {
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT => {
            Heard::Silent(message.to_owned())
        }
        _ => Heard::Unasked(message.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_api_server_says_of_a_pod() {
        let table = [
            (503, "error trying to reach service: dial tcp 10.0.0.1:80: connect: connection refused", "refused"),
            (503, "error trying to reach service: read tcp 10.0.0.1:80: read: connection reset by peer", "refused"),
            (503, "error trying to reach service: dial tcp 10.0.0.1:80: i/o timeout", "silent"),
            (503, "no endpoints available for service \"web\"", "silent"),
            (403, "services \"web\" is forbidden", "unasked"),
        ];
        for (status, message, expected) in table {
            let heard = match by_api_server(StatusCode::from_u16(status).unwrap(), message) {
                Heard::Refused(_) => "refused",
                Heard::Silent(_) => "silent",
                Heard::Unasked(_) => "unasked",
                Heard::Answers(_) => "answers",
            };
            assert_eq!(heard, expected, "{message}");
        }
    }

    #[tokio::test]
    async fn an_error_page_of_the_pod_is_an_answer() {
        let page = |status: u16, body: &'static str| {
            Response::builder().status(status).body(Body::from(body.as_bytes().to_vec())).unwrap()
        };
        let patience = Duration::from_secs(1);
        let answers = |what: &str| Heard::Answers(what.into());
        assert_eq!(proxied(page(200, "{}"), patience).await, answers("200 OK"));
        assert_eq!(proxied(page(503, "<h1>Maintenance</h1>"), patience).await, answers("503 Service Unavailable"));
        let own = r#"{"kind":"Status","apiVersion":"v1","status":"Failure","message":"connection refused","code":503}"#;
        assert_eq!(proxied(page(503, own), patience).await, Heard::Refused("connection refused".into()));
    }

    #[test]
    fn the_first_line_of_an_answer_is_told() {
        assert_eq!(status_line(b"HTTP/1.1 404 Not Found\r\nX: y"), Some("404 Not Found".into()));
        assert_eq!(status_line(b"220 db ready\r\n"), None);
    }
}
