//! What is answered to which request: as the real cluster answers.

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};

use super::*;

const PATH: &str = "/api/v1/namespaces/shop/pods/web-1/portforward";

const SPDY: [(&str, &str); 3] =
    [("connection", "upgrade"), ("upgrade", "SPDY/3.1"), ("x-stream-protocol-version", "portforward.k8s.io")];

fn web_socket(protocols: &'static str) -> [(&'static str, &'static str); 5] {
    [
        ("connection", "keep-alive, Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("sec-websocket-protocol", protocols),
    ]
}

fn ask(
    wires: &'static [Wire],
    running: bool,
    method: Method,
    query: &str,
    headers: &[(&str, &str)],
) -> Response<Full<Bytes>> {
    let faults = Faults::none();
    let quirks = Quirks { wires, ..Quirks::default() };
    let upgrades = Upgrades::new(Network::new(faults.clone()), faults, quirks);
    let mut request = Request::builder().method(method).uri(format!("{PATH}{query}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    answer(request.body(()).unwrap(), Pod { running, ..pod() }, &upgrades)
}

async fn says(answer: Response<Full<Bytes>>) -> (u16, String) {
    let (head, body) = answer.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let text = match serde_json::from_slice::<serde_json::Value>(&body) {
        Ok(status) => format!("{} {}", status["reason"].as_str().unwrap(), status["message"].as_str().unwrap()),
        Err(_) => String::from_utf8(body.to_vec()).unwrap().trim_end().to_owned(),
    };
    (head.status.as_u16(), text)
}

#[tokio::test]
async fn upgrades() {
    const TUNNEL: &str = "SPDY/3.1+portforward.k8s.io";
    const V4: &str = "v4.channel.k8s.io";
    let both = "v4.channel.k8s.io, SPDY/3.1+portforward.k8s.io";
    let old: &[Wire] = &[Wire::Spdy, Wire::WebSocket];
    let table: [(&[Wire], &str, &str, &str); 6] = [
        (&Wire::ALL, "", TUNNEL, TUNNEL),
        (&Wire::ALL, "?ports=80", both, TUNNEL),
        (old, "?ports=80", both, V4),
        (&Wire::ALL, "?ports=80", V4, V4),
        (&Wire::ALL, "?ports=80,7&ports=2525", V4, V4),
        (&Wire::ALL, "?ports=80", "", ""),
    ];
    for (wires, query, offered, chosen) in table {
        let answer = ask(wires, true, Method::GET, query, &web_socket(offered));
        let said = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(answer.status(), 101, "{offered}");
        assert_eq!(said("sec-websocket-protocol"), chosen);
        // RFC 6455 has this pair as its example.
        assert_eq!(said("sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }
    let answer = ask(old, true, Method::POST, "", &SPDY);
    assert_eq!((answer.status().as_u16(), &answer.headers()["upgrade"]), (101, &"SPDY/3.1".parse().unwrap()));
    assert_eq!(answer.headers()["x-stream-protocol-version"], "portforward.k8s.io");
}

#[tokio::test]
async fn refusals() {
    let required = "BadRequest Upgrade request required";
    let port = "query parameter \"port\" is required";
    let convert = "BadRequest cannot convert to []int32: strconv.ParseUint: parsing \"abc\": invalid syntax";
    let other = [SPDY[0], SPDY[1], ("x-stream-protocol-version", "foo")];
    let negotiate =
        "unable to upgrade: unable to negotiate protocol: client supports [foo], server accepts [portforward.k8s.io]";
    let v4 = web_socket("v4.channel.k8s.io");
    let tunnel = web_socket("SPDY/3.1+portforward.k8s.io");
    let all: &[Wire] = &Wire::ALL;
    let gone = "pod not found (\"web-1_shop\")";
    type Refused<'a> = (&'static [Wire], bool, Method, &'a str, &'a [(&'a str, &'a str)], u16, &'a str);
    let table: [Refused<'_>; 13] = [
        (all, true, Method::POST, "", &[], 400, required),
        (all, true, Method::GET, "", &SPDY[1..], 400, required),
        (&[Wire::Tunnel], true, Method::POST, "", &SPDY, 400, required),
        (all, true, Method::POST, "", &SPDY[..2], 500, "invalid upgrade response: status code 200"),
        (all, true, Method::POST, "", &other, 403, negotiate),
        (all, false, Method::POST, "", &SPDY, 500, gone),
        (all, false, Method::GET, "?ports=80", &v4, 500, gone),
        (all, true, Method::GET, "", &v4, 400, port),
        (&[Wire::Spdy, Wire::WebSocket], true, Method::GET, "", &tunnel, 400, port),
        (all, true, Method::GET, "?ports=0", &v4, 400, "port \"0\" must be > 0"),
        (all, true, Method::GET, "?ports=abc", &v4, 400, convert),
        (all, true, Method::GET, "?ports=80", &web_socket("foo"), 403, ""),
        (&[Wire::Spdy], true, Method::GET, "?ports=80", &v4, 403, ""),
    ];
    for (wires, running, method, query, headers, code, text) in table {
        let said = says(ask(wires, running, method, query, headers)).await;
        assert_eq!(said, (code, text.to_owned()), "{headers:?}");
    }
}
