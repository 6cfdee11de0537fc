//! A watched set against a scripted API server: lists, watches that drop, errors.

use std::{collections::VecDeque, time::Duration};

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use http::{Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use k8s_openapi::api::core::v1::Namespace;
use kube::{Client, ResourceExt, client::Body};
use serde_json::{Value, json};

use super::{
    query::{FORBIDDEN, POLL, SILENT, STALLED_AFTER_RENEWAL, STALLED_LIST},
    *,
};
use crate::error::Code;

/// What the server does with the next request.
enum Answer {
    /// These names, to a list.
    List(Vec<&'static str>),
    /// These events, to a watch that then stays open.
    Watch(Vec<Value>),
    /// These events, to a watch that then ends in the middle of a line.
    Cut(Vec<Value>),
    /// These events, to a watch that then ends as an API server ends it.
    End(Vec<Value>),
    /// An error.
    Status(u16),
    /// Too many requests: after so many seconds.
    Busy(u32),
    /// One object.
    Object(&'static str),
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

    fn asked(&self) -> usize {
        self.requests.lock().unwrap().len()
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
                let status = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": "scripted", "code": code,
                    "reason": if code == 404 { "NotFound" } else { "x" }});
                let code = StatusCode::from_u16(code).unwrap();
                return Ok(Response::builder().status(code).body(whole(&status)).unwrap());
            }
            Some(Answer::Busy(seconds)) => {
                let status = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": "busy", "code": 429,
                    "details": {"retryAfterSeconds": seconds}});
                return Ok(Response::builder().status(429).body(whole(&status)).unwrap());
            }
            Some(Answer::Object(name)) => whole(&namespace(name)),
            Some(Answer::List(names)) => {
                let items: Vec<Value> = names.into_iter().map(namespace).collect();
                let list = json!({"apiVersion": "v1", "kind": "NamespaceList", "metadata": {"resourceVersion": "1"}, "items": items});
                whole(&list)
            }
            Some(Answer::Watch(events)) => wrap(stream::iter(lines(events)).chain(stream::pending())),
            Some(Answer::End(events)) => wrap(stream::iter(lines(events))),
            Some(Answer::Cut(events)) => {
                let cut = Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset));
                wrap(stream::iter(lines(events)).chain(stream::iter([cut])))
            }
        };
        Ok(Response::new(body))
    }

    fn watched(&self) -> Watched<String> {
        self.join(&Watches::default(), Select::All)
    }

    fn join(&self, watches: &Watches, select: Select) -> Watched<String> {
        let server = self.clone();
        let client = Client::new(tower::service_fn(move |request| server.clone().answer(request)), "default");
        let api = Api::<Namespace>::all(client);
        let origin = Origin { api, select, what: "namespaces".into(), server: "https://test".into() };
        watches.join(origin, Arc::default(), |namespace| namespace.name_any())
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
    let mut names: Vec<String> = watched.objects().iter().map(|name| name.to_string()).collect();
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
    let server = Server::with(answers);
    let _watched = server.watched();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!((4..20).contains(&server.asked()), "{} requests in a second", server.asked());
}

#[tokio::test(start_paused = true)]
async fn where_watching_is_forbidden_it_is_listed_every_few_seconds() {
    let lists = (0..10).map(|_| Answer::List(vec!["b"]));
    let server = Server::with([Answer::List(vec!["a"]), Answer::Status(403)].into_iter().chain(lists));
    let mut watched = server.watched();
    let begun = Instant::now();
    until(&mut watched, &["b"]).await;
    assert_eq!(begun.elapsed(), POLL);
    // What is read again and does not differ is no news.
    let news = tokio::time::timeout(FORBIDDEN - POLL - POLL, watched.next()).await;
    assert!(news.is_err(), "{news:?}");
    let watch_requests = || server.requests.lock().unwrap().iter().filter(|uri| uri.contains("watch=true")).count();
    assert_eq!(watch_requests(), 1);
    tokio::time::sleep(2 * POLL).await;
    assert_eq!(watch_requests(), 2, "it may have been allowed");
}

#[tokio::test(start_paused = true)]
async fn a_list_is_compared_with_what_was_told_last() {
    let lists = |count: usize| (0..count).map(|_| Answer::List(vec!["a"]));
    let denied = |list| [Answer::List(list), Answer::Status(403)];
    let answers = denied(vec!["a"]).into_iter().chain(lists(9)).chain(denied(vec!["a", "b"])).chain(lists(9));
    let mut watched = Server::with(answers).watched();
    let begun = Instant::now();
    until(&mut watched, &["a", "b"]).await;
    assert_eq!(begun.elapsed(), FORBIDDEN);
    until(&mut watched, &["a"]).await;
    assert_eq!(begun.elapsed(), FORBIDDEN + POLL);
}

#[tokio::test(start_paused = true)]
async fn one_object_that_may_not_be_listed_is_got_by_name() {
    let server = Server::with([Answer::Status(403), Answer::Object("a"), Answer::Status(404), Answer::Status(403)]);
    let mut watched = server.join(&Watches::default(), Select::Name("a".into()));
    let begun = Instant::now();
    until(&mut watched, &["a"]).await;
    assert_eq!(begun.elapsed(), Duration::ZERO);
    until(&mut watched, &[]).await;
    assert_eq!(begun.elapsed(), POLL);
    let failing = watched.next().await.unwrap_err();
    assert!(failing.error.to_string().starts_with("you may not get namespaces"), "{}", failing.error);
    assert_eq!(server.requests.lock().unwrap()[1..], ["/api/v1/namespaces/a"; 3]);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_overloaded_is_left_alone_for_as_long_as_it_asks() {
    let server = Server::with([Answer::Busy(7), Answer::List(vec!["a"]), Answer::Busy(9), Answer::List(vec!["b"])]);
    let mut watched = server.watched();
    let begun = Instant::now();
    let failing = watched.next().await.unwrap_err();
    assert_eq!(failing.retry_at - begun, Duration::from_secs(7));
    until(&mut watched, &["a"]).await;
    assert_eq!(begun.elapsed(), Duration::from_secs(7));
    until(&mut watched, &["b"]).await;
    assert_eq!(begun.elapsed(), Duration::from_secs(16), "also where it has no room for the watch");
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_ends_in_time_goes_on_where_it_was() {
    let server = Server::with([Answer::List(vec!["a"]), Answer::End(vec![event("ADDED", "b")]), Answer::Watch(vec![])]);
    let mut watched = server.watched();
    until(&mut watched, &["a", "b"]).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(server.requests.lock().unwrap()[2].ends_with("resourceVersion=2"), "{:?}", server.requests);
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_is_silent_for_too_long_is_begun_anew() {
    // kube begins the silent one anew, and is not answered.
    let server = Server::with([
        Answer::List(vec!["a"]),
        Answer::Watch(vec![]),
        Answer::Silence,
        Answer::List(vec!["b"]),
        Answer::Watch(vec![]),
    ]);
    let mut watched = server.watched();
    let begun = Instant::now();
    watched.next().await.unwrap();
    let next = tokio::time::timeout(Duration::from_secs(3600), watched.next()).await;
    next.expect("news").expect("no failure");
    assert_eq!((names(&watched), begun.elapsed()), (vec!["b".to_owned()], SILENT));
}

#[tokio::test(start_paused = true)]
async fn all_is_begun_anew_when_the_network_changed() {
    let server = Server::with([
        Answer::List(vec!["a"]),
        Answer::Watch(vec![]),
        Answer::Silence,
        Answer::List(vec!["b"]),
        Answer::Watch(vec![]),
        Answer::Away,
        Answer::Away,
        Answer::List(vec!["c"]),
        Answer::Watch(vec![]),
    ]);
    let watches = Watches::default();
    let mut watched = server.join(&watches, Select::All);
    until(&mut watched, &["a"]).await;
    let begun = Instant::now();
    watches.renew();
    // One failure is not told, and what was known stands meanwhile.
    assert!(tokio::time::timeout(STALLED_AFTER_RENEWAL, watched.next()).await.is_err());
    assert_eq!(names(&watched), ["a"]);
    watched.next().await.expect("no failure is told");
    assert_eq!(names(&watched), ["b"]);
    assert!(begun.elapsed() < STALLED_AFTER_RENEWAL + Duration::from_secs(1));
    watches.renew();
    let failing = watched.next().await.unwrap_err();
    assert_eq!((failing.error.code(), failing.attempt), (Code::Unreachable, 1), "a second one is");
    until(&mut watched, &["c"]).await;
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
    let lists = server.requests.lock().unwrap().iter().filter(|uri| !uri.contains("watch=true")).count();
    assert_eq!(lists, 2, "the unanswered one and the next");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_after_an_outage_is_not_believed_at_once() {
    let server = Server::with([
        Answer::Away,
        Answer::Status(403),
        Answer::Status(403),
        Answer::List(vec!["a"]),
        Answer::Watch(vec![]),
    ]);
    let mut watched = server.watched();
    let begun = Instant::now();
    while watched.next().await.is_err() {}
    assert!(watched.synced());
    // Three waits of a backoff, and none of half a minute.
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
}
