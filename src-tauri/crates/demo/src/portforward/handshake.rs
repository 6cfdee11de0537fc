//! What a request for a port-forward asks for, and the answers of an API server (JSON) and of the kubelet behind it
//! (text) to what is not served.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Uri, header};
use http_body_util::Full;
use portolan_wire::upgrade::Wire;
use serde_json::json;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::Pod;

/// What the client and the server agree to speak.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    /// SPDY/3.1, at once.
    Spdy,
    /// SPDY/3.1 inside a WebSocket.
    Tunnel,
    /// A WebSocket with two channels for each of these ports.
    WebSocket(Vec<u16>),
}

type Answer = Response<Full<Bytes>>;

const SPDY: &str = "portforward.k8s.io";
const TUNNEL: &str = "SPDY/3.1+portforward.k8s.io";
const CHANNELS: &str = "v4.channel.k8s.io";

const STREAM_PROTOCOL: &str = "x-stream-protocol-version";

/// The protocol, and the answer that says so; or the answer that refuses.
pub(super) fn agree(
    headers: &HeaderMap,
    uri: &Uri,
    method: &Method,
    to: &Pod,
    wires: &[Wire],
) -> Result<(Protocol, Answer), Box<Answer>> {
    let named = ports(uri);
    if let Some(Err(text)) = named.iter().find(|port| port.is_err()) {
        return Err(bad_request(&format!("cannot convert to []int32: {text}")));
    }
    let upgrade = headers.get(header::UPGRADE).filter(|_| lists(headers, header::CONNECTION.as_str(), "upgrade"));
    let Some(upgrade) = upgrade.and_then(|value| value.to_str().ok()).map(str::to_lowercase) else {
        return Err(bad_request("Upgrade request required"));
    };
    let is_web_socket = upgrade == "websocket" && method == Method::GET;
    if !is_web_socket && !wires.contains(&Wire::Spdy) {
        // As where a proxy on the way has taken out what it does not know.
        return Err(bad_request("Upgrade request required"));
    }
    if !to.running {
        let text = format!("pod not found (\"{}_{}\")", to.name, to.namespace);
        return Err(plain(StatusCode::INTERNAL_SERVER_ERROR, text));
    }
    if is_web_socket {
        web_socket(headers, named.into_iter().flatten().collect(), wires)
    } else {
        spdy(headers).map(|answer| (Protocol::Spdy, answer))
    }
}

fn spdy(headers: &HeaderMap) -> Result<Answer, Box<Answer>> {
    let offered: Vec<_> = offered(headers, STREAM_PROTOCOL);
    if offered.is_empty() {
        // The kubelet answers 200, of which the API server makes this.
        return Err(plain(StatusCode::INTERNAL_SERVER_ERROR, "invalid upgrade response: status code 200\n".into()));
    }
    if !offered.contains(&SPDY) {
        let list = offered.join(" ");
        let text = format!(
            "unable to upgrade: unable to negotiate protocol: client supports [{list}], server accepts [{SPDY}]\n"
        );
        return Err(plain(StatusCode::FORBIDDEN, text));
    }
    Ok(switch("SPDY/3.1", STREAM_PROTOCOL, HeaderValue::from_static(SPDY)))
}

fn web_socket(headers: &HeaderMap, ports: Vec<i64>, wires: &[Wire]) -> Result<(Protocol, Answer), Box<Answer>> {
    let offered = offered(headers, header::SEC_WEBSOCKET_PROTOCOL.as_str());
    let accept = |chosen| {
        let key = headers.get(header::SEC_WEBSOCKET_KEY).map_or(&b""[..], HeaderValue::as_bytes);
        let mut answer = switch("websocket", header::SEC_WEBSOCKET_PROTOCOL.as_str(), HeaderValue::from_static(chosen));
        if let Ok(accept) = HeaderValue::from_str(&derive_accept_key(key)) {
            answer.headers_mut().insert(header::SEC_WEBSOCKET_ACCEPT, accept);
        }
        answer
    };
    // The tunnel is the API server's; what it does not take is passed on to the kubelet, which looks at the ports first.
    if wires.contains(&Wire::Tunnel) && offered.contains(&TUNNEL) {
        return Ok((Protocol::Tunnel, accept(TUNNEL)));
    }
    if ports.is_empty() {
        return Err(plain(StatusCode::BAD_REQUEST, "query parameter \"port\" is required".into()));
    }
    let mut checked = Vec::new();
    for port in ports {
        match u16::try_from(port) {
            Ok(0) => return Err(plain(StatusCode::BAD_REQUEST, "port \"0\" must be > 0".into())),
            Ok(port) => checked.push(port),
            Err(_) => {
                let text = format!(
                    "unable to parse \"{port}\" as a port: strconv.ParseUint: parsing \"{port}\": value out of range"
                );
                return Err(plain(StatusCode::BAD_REQUEST, text));
            }
        }
    }
    // Who names no protocol gets this one, unnamed.
    let chosen = if offered.is_empty() { "" } else { CHANNELS };
    if !wires.contains(&Wire::WebSocket) || !(offered.is_empty() || offered.contains(&CHANNELS)) {
        let mut refusal = Response::new(Full::default());
        *refusal.status_mut() = StatusCode::FORBIDDEN;
        return Err(Box::new(refusal));
    }
    Ok((Protocol::WebSocket(checked), accept(chosen)))
}

/// The ports that a request names: `ports=80,443&ports=7`. An error is the API server's.
fn ports(uri: &Uri) -> Vec<Result<i64, String>> {
    let pairs = uri.query().unwrap_or_default().split('&');
    let values = pairs.filter_map(|pair| pair.strip_prefix("ports="));
    let values = values.flat_map(|value| value.split([',']).flat_map(|value| value.split("%2C")));
    values
        .map(|value| value.parse().map_err(|_| format!("strconv.ParseUint: parsing \"{value}\": invalid syntax")))
        .collect()
}

/// What a header offers, in all of its lines.
fn offered<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a str> {
    let lines = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim).filter(|one| !one.is_empty()).collect()
}

fn lists(headers: &HeaderMap, name: &str, wanted: &str) -> bool {
    offered(headers, name).iter().any(|one| one.eq_ignore_ascii_case(wanted))
}

fn switch(to: &'static str, name: &'static str, chosen: HeaderValue) -> Answer {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = answer.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static(to));
    headers.insert(name, chosen);
    answer
}

fn bad_request(message: &str) -> Box<Answer> {
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": message, "reason": "BadRequest", "code": 400,
    });
    refusal(StatusCode::BAD_REQUEST, "application/json", status.to_string())
}

fn plain(code: StatusCode, text: String) -> Box<Answer> {
    refusal(code, "text/plain; charset=utf-8", text)
}

fn refusal(code: StatusCode, kind: &'static str, body: String) -> Box<Answer> {
    let mut answer = Response::new(Full::from(body));
    *answer.status_mut() = code;
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    Box::new(answer)
}
