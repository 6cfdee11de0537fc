//! Dials to scripted pods.

use std::sync::{Arc, Mutex};

use futures::future::BoxFuture;
use portolan_wire::{Connection, Failure, Kind, Warmth};
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream, duplex, split};

use super::*;

const LIMIT: Duration = Duration::from_secs(2);

/// What a scripted pod does with a connection.
#[derive(Clone, Copy, Debug)]
enum Pod {
    /// Reads a head and says this.
    Says(&'static str),
    /// Says this at once, and stays.
    Greets(&'static str),
    /// Stays.
    Mute,
    /// Looks open, and then the runtime says that the dial was refused.
    Refuses,
    /// The same, in a cluster that is far away.
    RefusesFromAfar,
    /// Ends in good order, without a word.
    Ends,
    /// The API server says no.
    Forbidden,
    /// The API server says nothing.
    Away,
}

#[derive(Debug)]
struct Wire {
    pod: Pod,
    received: Arc<Mutex<Vec<u8>>>,
}

impl Connector for Wire {
    fn connect<'a>(&'a self, _to: &'a PodPort, first: &'a [u8]) -> BoxFuture<'a, Result<Connection, Failure>> {
        assert!(first.is_empty());
        let failure = |kind| Failure { kind, text: "scripted".into() };
        if matches!(self.pod, Pod::Forbidden) {
            return Box::pin(async move { Err(failure(Kind::Forbidden)) });
        }
        if matches!(self.pod, Pod::Away) {
            return Box::pin(std::future::pending());
        }
        let (ours, theirs) = duplex(64 * 1024);
        let task = tokio::spawn(play(self.pod, theirs, self.received.clone()));
        let (from_pod, to_pod) = split(ours);
        let ending = async move { task.await.unwrap().map_err(failure) };
        Box::pin(async move { Ok(Connection::new(BufReader::new(from_pod), to_pod, ending)) })
    }

    fn warm(&self, _to: &PodPort) -> Warmth {
        unreachable!("a dial keeps nothing warm")
    }

    fn retry_now(&self) {}

    fn renew(&self) {}
}

async fn play(pod: Pod, mut io: DuplexStream, received: Arc<Mutex<Vec<u8>>>) -> Result<(), Kind> {
    match pod {
        Pod::Refuses => return Err(Kind::Refused),
        Pod::RefusesFromAfar => {
            tokio::time::sleep(Duration::from_millis(700)).await;
            return Err(Kind::Refused);
        }
        Pod::Ends | Pod::Forbidden | Pod::Away => return Ok(()),
        Pod::Greets(text) => io.write_all(text.as_bytes()).await.unwrap(),
        Pod::Mute | Pod::Says(_) => {}
    }
    let mut all = Vec::new();
    while io.read_buf(&mut all).await.unwrap() > 0 {
        received.lock().unwrap().clone_from(&all);
        if let (Pod::Says(text), true) = (pod, all.ends_with(b"\r\n\r\n")) {
            io.write_all(text.as_bytes()).await.unwrap();
            return Ok(());
        }
    }
    Ok(())
}

async fn dialled(pod: Pod, how: How) -> (Result<Said, Unanswered>, u64, String) {
    let wire = Wire { pod, received: Arc::default() };
    let to = PodPort { namespace: "shop".into(), pod: "web-1".into(), uid: "uid".into(), port: 80 };
    let dialled = dial(&wire, &to, &how, LIMIT).await;
    let received = String::from_utf8(wire.received.lock().unwrap().clone()).unwrap();
    (dialled.said, dialled.took_us, received)
}

fn get() -> How {
    How::Get { host: "localhost:80".into() }
}

#[tokio::test(start_paused = true)]
async fn a_get_is_answered_by_the_pod() {
    let (said, _, received) = dialled(Pod::Says("HTTP/1.1 404 Not Found\r\n\r\n"), get()).await;
    assert_eq!(said.unwrap().status(), Some(404));
    let agent = probe::USER_AGENT;
    let sent = format!("GET / HTTP/1.1\r\nhost: localhost:80\r\nuser-agent: {agent}\r\nconnection: close\r\n\r\n");
    assert_eq!(received, sent);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_stays_or_speaks_is_one_and_nothing_is_sent_over_it() {
    for (pod, expected) in [(Pod::Mute, ""), (Pod::Greets("220 ready"), "220 ready")] {
        let (said, took_us, received) = dialled(pod, How::Connect).await;
        let Ok(Said::Accepted { first }) = said else { panic!("{said:?}") };
        assert_eq!((first.as_slice(), received.as_str()), (expected.as_bytes(), ""));
        assert_eq!(took_us, 0, "the wait is not the pod's");
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_wire_says_of_the_end_is_told_before_what_was_seen_of_it() {
    for how in [get(), How::Connect] {
        let (said, ..) = dialled(Pod::Refuses, how.clone()).await;
        assert!(
            matches!(&said, Err(Unanswered::Failed(failure)) if failure.kind == Kind::Refused),
            "{how:?}: {said:?}"
        );
        let (said, ..) = dialled(Pod::Forbidden, how.clone()).await;
        assert!(
            matches!(&said, Err(Unanswered::Failed(failure)) if failure.kind == Kind::Forbidden),
            "{how:?}: {said:?}"
        );
        let (said, ..) = dialled(Pod::Ends, how.clone()).await;
        let missed = matches!(&said, Err(Unanswered::Missed(Missed::Ended | Missed::Reset)));
        assert!(missed, "{how:?}: {said:?}");
    }
    let (said, ..) = dialled(Pod::RefusesFromAfar, How::Connect).await;
    assert!(matches!(&said, Err(Unanswered::Failed(failure)) if failure.kind == Kind::Refused), "{said:?}");
    let (said, ..) = dialled(Pod::Says("220 ready\r\n\r\n"), get()).await;
    assert!(matches!(&said, Err(Unanswered::Missed(Missed::NotHttp))), "{said:?}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_has_its_time_and_no_longer() {
    let (said, took_us, _) = dialled(Pod::Mute, get()).await;
    assert!(matches!(&said, Err(Unanswered::Missed(Missed::NoAnswer(LIMIT)))), "{said:?}");
    assert_eq!(took_us, 2_000_000);
    let (said, ..) = dialled(Pod::Away, get()).await;
    assert!(matches!(&said, Err(Unanswered::Missed(Missed::NoConnection(LIMIT)))), "{said:?}");
}
