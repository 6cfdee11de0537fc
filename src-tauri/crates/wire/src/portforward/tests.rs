//! The connector against an API server that is played by hand, over loopback: what is asked of it, and what its answers
//! lead to.

use std::sync::Mutex;

use http::Uri;
use kube::Config;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{handshake::derive_accept_key, protocol::Role},
};
use tokio_util::task::AbortOnDropHandle;

use super::*;
use crate::tunnel::Tunnel;

/// What the server does with a request for a wire.
#[derive(Clone)]
enum Answer {
    /// The upgrade, to a pod that echoes what it gets.
    Echo,
    /// The upgrade, to a pod that refuses every connection with these words.
    Refuses(&'static str),
    /// Of a WebSocket: the upgrade, but to another protocol than was asked for.
    Other,
    /// A status, and a body.
    Status(u16, String),
}

struct Server {
    connector: Arc<PortForward>,
    /// The heads of all requests.
    asked: Arc<Mutex<Vec<String>>>,
    _serving: AbortOnDropHandle<()>,
}

/// A server that answers requests for SPDY, for the tunnel and for v4 so.
async fn server(forced: Option<Wire>, answers: [Answer; 3]) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url: Uri = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let heads = asked.clone();
    let serving = tokio::spawn(async move {
        let mut connections = tokio::task::JoinSet::new();
        loop {
            let (io, _) = listener.accept().await.unwrap();
            connections.spawn(serve(io, answers.clone(), heads.clone()));
        }
    });
    let client = Client::try_from(Config::new(url)).unwrap();
    Server { connector: PortForward::new(client, forced), asked, _serving: AbortOnDropHandle::new(serving) }
}

async fn serve(mut io: TcpStream, answers: [Answer; 3], heads: Arc<Mutex<Vec<String>>>) {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        head.push(char::from(io.read_u8().await.unwrap()));
    }
    let wire = Wire::ALL.into_iter().find(|wire| protocol(&head) == of(*wire)).unwrap();
    heads.lock().unwrap().push(head.lines().next().unwrap().to_owned());
    let answer = answers[Wire::ALL.iter().position(|one| *one == wire).unwrap()].clone();
    let refuses = match &answer {
        Answer::Refuses(text) => Some(*text),
        Answer::Echo | Answer::Other => None,
        Answer::Status(code, body) => {
            let answer = format!("HTTP/1.1 {code} No\r\nContent-Length: {}\r\n\r\n{body}", body.len());
            io.write_all(answer.as_bytes()).await.unwrap();
            return;
        }
    };
    let (name, chosen) = match (wire, answer) {
        (Wire::Spdy, _) => ("SPDY/3.1", "X-Stream-Protocol-Version: portforward.k8s.io".to_owned()),
        (_, Answer::Other) => ("websocket", "Sec-WebSocket-Protocol: other".to_owned()),
        (wire, _) => ("websocket", format!("Sec-WebSocket-Protocol: {}", of(wire))),
    };
    let accept = value(&head, "sec-websocket-key").map(|key| derive_accept_key(key.as_bytes())).unwrap_or_default();
    let switch = format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: {name}\r\n{chosen}\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    io.write_all(switch.as_bytes()).await.unwrap();
    match wire {
        Wire::Spdy => pairs(Mux::server(io), refuses).await,
        Wire::Tunnel => {
            let messages = WebSocketStream::from_raw_socket(io, Role::Server, None).await;
            pairs(Mux::server(Tunnel::new(messages)), refuses).await;
        }
        Wire::WebSocket => {
            use futures::{SinkExt, StreamExt};
            use tokio_tungstenite::tungstenite::Message;
            let mut messages = WebSocketStream::from_raw_socket(io, Role::Server, None).await;
            for channel in [0, 1] {
                messages.send(Message::Binary(vec![channel, 80, 0].into())).await.unwrap();
            }
            if let Some(text) = refuses {
                messages.send(Message::Binary([b"\x01", text.as_bytes()].concat().into())).await.unwrap();
                messages.close(None).await.unwrap();
            }
            while let Some(Ok(message)) = messages.next().await {
                if message.is_binary() {
                    messages.send(message).await.unwrap();
                }
            }
        }
    }
}

/// Serves connections as a runtime does.
async fn pairs(mux: Mux, refuses: Option<&'static str>) {
    let mut connections = tokio::task::JoinSet::new();
    while let Some((_, error)) = mux.accept().await {
        let Some((_, data)) = mux.accept().await else { return };
        connections.spawn(async move {
            if let Some(text) = refuses {
                error.writer().write_all(text.as_bytes()).await.unwrap();
                error.writer().shutdown().await.unwrap();
                data.reset();
                return;
            }
            let mut writer = data.writer();
            let _ = tokio::io::copy_buf(&mut data.reader(), &mut writer).await;
            let _ = writer.shutdown().await;
            drop(error);
        });
    }
}

fn value<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut fields = head.lines().filter_map(|line| line.split_once(": "));
    fields.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

fn protocol(head: &str) -> &str {
    value(head, "sec-websocket-protocol").or(value(head, "x-stream-protocol-version")).unwrap_or_default()
}

fn of(wire: Wire) -> &'static str {
    match wire {
        Wire::Spdy => "portforward.k8s.io",
        Wire::Tunnel => "SPDY/3.1+portforward.k8s.io",
        Wire::WebSocket => "v4.channel.k8s.io",
    }
}

fn to() -> PodPort {
    PodPort { namespace: "shop".into(), pod: "web".into(), uid: "1".into(), port: 80 }
}

/// A connection that echoes; what was asked for it.
async fn echoes(server: &Server) -> Vec<String> {
    let connection = server.connector.connect(&to(), b"first ").await.unwrap();
    let (mut from_pod, mut to_pod, _ending) = connection.into_parts();
    to_pod.write_all(b"and more").await.unwrap();
    let mut answer = [0; 14];
    from_pod.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"first and more");
    std::mem::take(&mut *server.asked.lock().unwrap())
}

fn forbidden() -> Answer {
    Answer::Status(403, r#"{"kind":"Status","reason":"Forbidden","code":403,"message":"you may not"}"#.into())
}

const POST: &str = "POST /api/v1/namespaces/shop/pods/web/portforward HTTP/1.1";
const GET: &str = "GET /api/v1/namespaces/shop/pods/web/portforward HTTP/1.1";
const GET_V4: &str = "GET /api/v1/namespaces/shop/pods/web/portforward?ports=80 HTTP/1.1";

#[tokio::test]
async fn spdy_comes_first() {
    let server = server(None, [Answer::Echo, Answer::Echo, Answer::Echo]).await;
    assert_eq!(echoes(&server).await, [POST]);
}

#[tokio::test]
async fn the_tunnel_comes_where_post_is_forbidden_and_is_remembered() {
    let server = server(None, [forbidden(), Answer::Echo, Answer::Echo]).await;
    assert_eq!(echoes(&server).await, [POST, GET]);
    assert_eq!(echoes(&server).await, [GET]);
}

#[tokio::test]
async fn v4_comes_last_and_is_remembered() {
    let server = server(None, [forbidden(), Answer::Other, Answer::Echo]).await;
    assert_eq!(echoes(&server).await, [POST, GET, GET_V4]);
    assert_eq!(echoes(&server).await, [GET_V4]);
}

#[tokio::test]
async fn each_wire_can_be_forced() {
    for (wire, request) in [(Wire::Spdy, POST), (Wire::Tunnel, GET), (Wire::WebSocket, GET_V4)] {
        let server = server(Some(wire), [Answer::Echo, Answer::Echo, Answer::Echo]).await;
        assert_eq!(echoes(&server).await, [request], "{wire}");
    }
}

#[tokio::test]
async fn what_no_other_wire_would_help_is_told_at_once() {
    let not_found = r#"{"kind":"Status","reason":"NotFound","code":404,"message":"pods \"web\" not found"}"#;
    let table = [
        (Answer::Status(401, String::new()), Kind::Login, "the API server answered 401"),
        (Answer::Status(404, not_found.into()), Kind::PodGone, "pods \"web\" not found"),
        (Answer::Status(500, "sandbox \"x\" is not running".into()), Kind::PodGone, "is not running"),
    ];
    for (answer, kind, text) in table {
        let server = server(None, [answer, Answer::Echo, Answer::Echo]).await;
        let failure = server.connector.connect(&to(), b"").await.unwrap_err();
        assert_eq!(failure.kind, kind, "{failure}");
        assert!(failure.text.contains(text), "{failure}");
        assert_eq!(*server.asked.lock().unwrap(), [POST]);
    }
}

#[tokio::test]
async fn where_nothing_works_the_most_telling_is_told() {
    let proxy = || Answer::Status(404, "<html>what?</html>".into());
    let server = server(None, [forbidden(), proxy(), proxy()]).await;
    let failure = server.connector.connect(&to(), b"").await.unwrap_err();
    assert_eq!((failure.kind, failure.text.as_str()), (Kind::Forbidden, "you may not"));
    assert_eq!(*server.asked.lock().unwrap(), [POST, GET, GET_V4]);
}

#[tokio::test]
async fn a_refusal_in_the_pod_is_how_the_connection_ends() {
    for wire in Wire::ALL {
        let refuses = || Answer::Refuses("failed to connect to localhost:80: connection refused");
        let server = server(Some(wire), [refuses(), refuses(), refuses()]).await;
        let (mut from_pod, _to_pod, ending) = server.connector.connect(&to(), b"x").await.unwrap().into_parts();
        let _ = from_pod.read_to_end(&mut Vec::new()).await;
        assert_eq!(ending.await.unwrap_err().kind, Kind::Refused, "{wire}");
    }
}
