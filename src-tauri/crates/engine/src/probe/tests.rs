//! Probes of scripted servers on loopback.

use std::{net::Ipv4Addr, sync::Arc};

use tokio::{io::AsyncWriteExt, net::TcpListener, sync::Mutex};

use super::*;

const LIMIT: Duration = Duration::from_secs(5);

/// What a server does with a connection.
#[derive(Clone, Copy, Debug)]
enum Server {
    /// Reads a head, says this, and ends.
    Says(&'static str),
    /// Reads a head, says this, and stays.
    Stays(&'static str),
    /// Says this at once, and stays.
    Greets(&'static str),
    /// Stays.
    Mute,
    /// Ends at once.
    Ends,
    /// Reads a head and resets.
    Resets,
}

/// A server of one connection; what it was sent.
async fn serve(server: Server) -> (SocketAddr, Arc<Mutex<Vec<u8>>>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let sent = Arc::<Mutex<Vec<u8>>>::default();
    let received = sent.clone();
    tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        let mut received = received.lock_owned().await;
        match server {
            Server::Ends => {}
            Server::Greets(text) => {
                client.write_all(text.as_bytes()).await.unwrap();
                let _ = client.read_to_end(&mut received).await;
            }
            Server::Mute => {
                let _ = client.read_to_end(&mut received).await;
            }
            Server::Says(_) | Server::Stays(_) | Server::Resets => {
                while !received.ends_with(b"\r\n\r\n") {
                    assert_ne!(client.read_buf(&mut *received).await.unwrap(), 0);
                }
                match server {
                    Server::Says(text) => client.write_all(text.as_bytes()).await.unwrap(),
                    Server::Stays(text) => {
                        client.write_all(text.as_bytes()).await.unwrap();
                        let _ = client.read_to_end(&mut received).await;
                    }
                    _ => client.set_zero_linger().unwrap(),
                }
            }
        }
    });
    (address, sent)
}

async fn asked(server: Server, method: Method) -> (Answer, String) {
    let (address, sent) = serve(server).await;
    let answer = probe(address, method, "/", LIMIT).await;
    let sent = sent.lock().await.clone();
    (answer, String::from_utf8(sent).unwrap().replace(&address.to_string(), "ADDRESS"))
}

#[tokio::test]
async fn a_probe_sends_a_plain_request_that_says_who_asks_and_nothing_else() {
    let table = [(Method::Get, "GET", "hello"), (Method::Head, "HEAD", "")];
    for (method, verb, expected) in table {
        let (answer, sent) = asked(Server::Says("HTTP/1.1 204 No\r\nX-Pod: web-1\r\n\r\n"), method).await;
        let said = answer.said.unwrap();
        assert_eq!(said.status(), Some(204));
        assert!(said.is_named("web-1") && !said.is_named("web-2"));
        let head =
            format!("{verb} / HTTP/1.1\r\nhost: ADDRESS\r\nuser-agent: {USER_AGENT}\r\nconnection: close\r\n\r\n");
        assert_eq!(sent, head);
        let (answer, _) = asked(Server::Says("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"), method).await;
        let Ok(Said::Http { status: 200, body, .. }) = answer.said else { panic!("{answer:?}") };
        assert_eq!(body, expected.as_bytes());
    }
    assert!(USER_AGENT.starts_with("portolan/"));
}

#[tokio::test]
async fn the_beginning_of_a_body_is_read_however_it_is_sent() {
    let long: &'static str = Box::leak(format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(5000)).into_boxed_str());
    let table = [
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nweb\r\n3\r\n-1\n\r\n0\r\n\r\n",
            "web-1\n".to_owned(),
        ),
        // It breaks off.
        ("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nweb-1", "web-1".to_owned()),
        ("HTTP/1.0 200 OK\r\n\r\nweb-1", "web-1".to_owned()),
        (long, "x".repeat(BODY)),
    ];
    for (text, expected) in table {
        let (answer, _) = asked(Server::Says(text), Method::Get).await;
        let said = answer.said.unwrap();
        let Said::Http { body, .. } = &said else { panic!("{said:?}") };
        assert_eq!(String::from_utf8_lossy(body), expected);
        assert_eq!(said.is_named("web-1"), expected.starts_with("web-1"));
        assert!(!said.is_named("web"), "a part of a name is no name");
    }
}

#[tokio::test]
async fn an_answer_whose_body_goes_on_for_ever_is_an_answer() {
    let events = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nweb-1\n";
    let (address, _) = serve(Server::Stays(events)).await;
    let answer = probe(address, Method::Get, "/", Duration::from_secs(1)).await;
    assert!(answer.said.unwrap().is_named("web-1"));
    assert!(answer.took_us < 300_000, "until its head");
}

#[tokio::test]
async fn what_is_no_answer_says_why() {
    let table = [
        (Server::Ends, Missed::Ended),
        (Server::Resets, Missed::Reset),
        (Server::Says("220 ready\r\n"), Missed::NotHttp),
        (Server::Says("HTTP/1.1 200 OK\r\nContent-Le"), Missed::Ended),
    ];
    for (server, expected) in table {
        let (answer, _) = asked(server, Method::Get).await;
        match answer.said {
            // What a server ends at once may be a reset by the time that it is asked.
            Err(missed) if matches!(server, Server::Ends) => assert!(matches!(missed, Missed::Ended | Missed::Reset)),
            Err(missed) => assert_eq!(missed, expected, "{server:?}"),
            Ok(said) => panic!("{server:?} said {said:?}"),
        }
    }
    let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap().local_addr().unwrap();
    let answer = probe(closed, Method::Get, "/", LIMIT).await;
    assert_eq!(answer.said.unwrap_err(), Missed::Refused);
    for path in ["", "web", "http://other/", "/a b"] {
        let (address, sent) = serve(Server::Mute).await;
        let answer = probe(address, Method::Get, path, LIMIT).await;
        assert_eq!(answer.said.unwrap_err(), Missed::BadPath(path.into()));
        assert!(sent.lock().await.is_empty(), "{path}");
    }
}

#[tokio::test]
async fn an_answer_has_its_time_and_no_longer() {
    let (address, _) = serve(Server::Mute).await;
    let limit = Duration::from_millis(50);
    let answer = probe(address, Method::Get, "/", limit).await;
    let Err(Missed::NoAnswer(left)) = answer.said else { panic!("{answer:?}") };
    assert!(left <= limit && answer.took_us >= 50_000, "{answer:?}");
    assert_eq!(Missed::NoAnswer(Duration::from_secs(5)).to_string(), "no answer within 5 s");
    assert_eq!(Missed::NoConnection(Duration::from_millis(1500)).to_string(), "no connection within 1.5 s");
}

#[tokio::test]
async fn a_bare_connection_that_stays_or_speaks_was_accepted() {
    for (server, first) in [(Server::Mute, ""), (Server::Greets("220 ready"), "220 ready")] {
        let (answer, sent) = asked(server, Method::Connect).await;
        let Ok(Said::Accepted { first: said }) = &answer.said else { panic!("{answer:?}") };
        assert_eq!((String::from_utf8_lossy(said).as_ref(), sent.as_str()), (first, ""), "nothing is sent");
        assert!(answer.took_us < 300_000, "the wait is not the server's: {answer:?}");
    }
    let (answer, _) = asked(Server::Ends, Method::Connect).await;
    assert_eq!(answer.said.unwrap_err(), Missed::Ended);
}
