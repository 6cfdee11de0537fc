//! A watched set against a scripted API server: lists, watches that drop, errors.

use std::{collections::VecDeque, sync::Mutex};

use bytes::Bytes;
use futures::stream;
use http::{Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use k8s_openapi::api::core::v1::Namespace;
use kube::{Client, client::Body};
use serde_json::{Value, json};

use super::*;

/// What the server does with the next request.
enum Answer {
    /// These names, to a list.
    List(Vec<&'static str>),
    /// These events, to a watch that then stays open.
    Watch(Vec<Value>),
    /// These events, to a watch that then ends in the middle of a line.
    Cut(Vec<Value>),
    /// An error.
    Status(u16),
    /// The server is not there.
    Away,
    /// It accepts the request and says nothing.
    Silence,
}

#[derive(Clone, Default)]
struct Server {
    answers: Arc<Mutex<VecDeque<Answer>>>,
    requests: Arc<Mutex<Vec<String>>>,
}

fn event(kind: &str, name: &str) -> Value {
    json!({"type": kind, "object": namespace(name)})
}

fn namespace(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "resourceVersion": "2"}})
}

impl Server {
    fn with(answers: impl IntoIterator<Item = Answer>) -> Self {
        let server = Server::default();
        server.answers.lock().unwrap().extend(answers);
        server
    }

    async fn answer(self, request: Request<Body>) -> Result<Response<Answered>, &'static str> {
        self.requests.lock().unwrap().push(request.uri().to_string());
        let answer = self.answers.lock().unwrap().pop_front();
        let lines = |events: Vec<Value>| {
            events
                .into_iter()
                .map(|e| Ok::<_, std::io::Error>(format!("{e}\n").into_bytes().into()))
                .collect::<Vec<_>>()
        };
        let body = match answer {
            None | Some(Answer::Silence) => return std::future::pending().await,
            Some(Answer::Away) => return Err("connection refused"),
            Some(Answer::Status(code)) => {
                let status = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": "scripted", "reason": "x", "code": code});
                let code = StatusCode::from_u16(code).unwrap();
                return Ok(Response::builder().status(code).body(whole(&status)).unwrap());
            }
            Some(Answer::List(names)) => {
                let items: Vec<Value> = names.into_iter().map(namespace).collect();
                let list = json!({"apiVersion": "v1", "kind": "NamespaceList", "metadata": {"resourceVersion": "1"}, "items": items});
                whole(&list)
            }
            Some(Answer::Watch(events)) => wrap(stream::iter(lines(events)).chain(stream::pending())),
            Some(Answer::Cut(events)) => {
                let cut = Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset));
                wrap(stream::iter(lines(events)).chain(stream::iter([cut])))
            }
        };
        Ok(Response::new(body))
    }

    fn watched(&self) -> Watched<String> {
        let server = self.clone();
        let client = Client::new(tower::service_fn(move |request| server.clone().answer(request)), "default");
        let origin = Origin {
            api: Api::<Namespace>::all(client),
            config: watcher::Config::default(),
            operation: "list namespaces".into(),
            server: "https://test".into(),
            retry_now: Arc::default(),
        };
        Watched::new(origin, |namespace: Namespace| namespace.name_any())
    }
}

type Answered = http_body_util::combinators::UnsyncBoxBody<Bytes, std::io::Error>;

fn wrap(lines: impl futures::Stream<Item = Result<Bytes, std::io::Error>> + Send + 'static) -> Answered {
    StreamBody::new(lines.map_ok(Frame::data)).boxed_unsync()
}

fn whole(value: &Value) -> Answered {
    wrap(stream::iter([Ok(value.to_string().into_bytes().into())]))
}

fn names(watched: &Watched<String>) -> Vec<String> {
    let mut names: Vec<String> = watched.objects().cloned().collect();
    names.sort();
    names
}

/// Until the set has these names.
async fn until(watched: &mut Watched<String>, expected: &[&str]) {
    let reached = async {
        while names(watched) != expected {
            watched.next().await.expect("no failure");
        }
    };
    tokio::time::timeout(Duration::from_secs(60), reached).await.expect("the names in time");
}

#[tokio::test(start_paused = true)]
async fn a_list_and_what_changes_after_it() {
    let events = vec![event("ADDED", "c"), event("DELETED", "a")];
    let server = Server::with([Answer::List(vec!["a", "b"]), Answer::Watch(events)]);
    let mut watched = server.watched();
    assert!(!watched.synced());
    watched.next().await.unwrap();
    assert!(watched.synced());
    until(&mut watched, &["b", "c"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_dropped_watch_is_listed_anew_and_what_was_missed_is_found() {
    let server = Server::with([
        Answer::List(vec!["a", "b"]),
        Answer::Cut(vec![]),
        Answer::List(vec!["b", "c"]),
        Answer::Watch(vec![event("ADDED", "d")]),
    ]);
    let mut watched = server.watched();
    until(&mut watched, &["b", "c", "d"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_never_lives_long_is_not_begun_anew_in_a_tight_loop() {
    let answers = (0..20).flat_map(|_| [Answer::List(vec!["a"]), Answer::Cut(vec![])]);
    let mut watched = Server::with(answers).watched();
    let begun = Instant::now();
    for _ in 0..20 {
        watched.next().await.unwrap();
    }
    assert!(begun.elapsed() > Duration::from_secs(3), "twenty lists in {:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn where_watching_is_forbidden_it_is_listed_every_few_seconds() {
    let server = Server::with([
        Answer::List(vec!["a"]),
        Answer::Status(403),
        Answer::List(vec!["b"]),
        Answer::Status(403),
        Answer::List(vec!["c"]),
    ]);
    let mut watched = server.watched();
    let begun = Instant::now();
    until(&mut watched, &["c"]).await;
    assert_eq!(begun.elapsed(), 2 * POLL);
}

#[tokio::test(start_paused = true)]
async fn a_version_that_is_too_old_is_no_trouble() {
    let gone = json!({"type": "ERROR", "object": {"kind": "Status", "apiVersion": "v1", "status": "Failure",
        "message": "too old resource version", "reason": "Expired", "code": 410}});
    let server = Server::with([
        Answer::List(vec!["a"]),
        Answer::Watch(vec![gone]),
        Answer::List(vec!["z"]),
        Answer::Watch(vec![]),
    ]);
    let mut watched = server.watched();
    until(&mut watched, &["z"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_away_is_told_and_tried_again_while_the_last_known_stands() {
    let server = Server::with([
        Answer::List(vec!["a"]),
        Answer::Cut(vec![]),
        Answer::Away,
        Answer::Away,
        Answer::List(vec!["b"]),
        Answer::Watch(vec![]),
    ]);
    let mut watched = server.watched();
    watched.next().await.unwrap();
    for attempt in 1..=2 {
        let failing = watched.next().await.unwrap_err();
        assert_eq!(failing.attempt, attempt);
        assert_eq!(failing.error.code(), Code::Unreachable);
        assert!(failing.retry_at > Instant::now());
        assert_eq!(names(&watched), ["a"]);
    }
    until(&mut watched, &["b"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_permission_is_looked_at_again_and_may_have_been_granted() {
    let server = Server::with([Answer::Status(403), Answer::List(vec!["a"]), Answer::Watch(vec![])]);
    let mut watched = server.watched();
    let failing = watched.next().await.unwrap_err();
    assert_eq!(failing.error.code(), Code::Forbidden);
    let begun = Instant::now();
    watched.next().await.unwrap();
    assert_eq!(begun.elapsed(), FORBIDDEN);
}

#[tokio::test(start_paused = true)]
async fn retry_now_skips_the_wait() {
    let server = Server::with([Answer::Status(403), Answer::List(vec!["a"]), Answer::Watch(vec![])]);
    let mut watched = server.watched();
    let retry_now = watched.retry_now.clone();
    watched.next().await.unwrap_err();
    let begun = Instant::now();
    let (changed, ()) = tokio::join!(watched.next(), async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        retry_now.notify_waiters();
    });
    changed.unwrap();
    assert_eq!(begun.elapsed(), Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_list_that_is_never_answered_is_given_up() {
    let server = Server::with([Answer::Silence, Answer::List(vec!["a"]), Answer::Watch(vec![])]);
    let mut watched = server.watched();
    let begun = Instant::now();
    let failing = watched.next().await.unwrap_err();
    assert_eq!(begun.elapsed(), STALLED_LIST);
    assert!(failing.error.to_string().contains("no answer within 10 s"), "{}", failing.error);
    until(&mut watched, &["a"]).await;
    assert_eq!(server.requests.lock().unwrap().len(), 2, "the unanswered one and the list");
}

#[test]
fn the_wait_grows_to_its_longest_and_is_never_nothing() {
    let (first, longest) = BACKOFF;
    for failures in 1..40 {
        for _ in 0..50 {
            let wait = backoff(failures);
            assert!(wait >= first / 4 && wait <= longest, "{failures}: {wait:?}");
            assert!(failures > 1 || wait <= first, "the first is short: {wait:?}");
        }
    }
    assert!((0..200).any(|_| backoff(20) > longest / 2), "later ones are long");
}
