use std::time::Duration;

use kube::runtime::{WatchStreamExt, watcher};
use tokio::{
    net::TcpStream,
    time::{Instant, timeout},
};

use super::*;

#[tokio::test]
async fn who_asks_too_much_is_told_when_to_come_back() {
    let demo = demo().await;
    demo.faults().set(|faulty| faulty.too_many = Some(Duration::from_millis(1_500)));
    let (code, headers, status) = raw(&demo, "/api/v1/pods").await;
    assert_eq!((code, &headers["retry-after"]), (429, &"2".parse().unwrap()));
    assert_eq!((&status["reason"], &status["details"]), (&json!("TooManyRequests"), &json!({"retryAfterSeconds": 2})));
    demo.faults().set(|faulty| faulty.too_many = None);
    assert_eq!(get(&client(&demo).await, "/api/v1/pods").await["kind"], "PodList");
}

#[tokio::test]
async fn a_server_that_is_away_refuses_and_comes_back_at_the_same_port() {
    let demo = demo().await;
    let at = demo.server().url().trim_start_matches("https://").to_owned();
    let mut open = TcpStream::connect(&at).await.unwrap();
    demo.faults().set(|faulty| faulty.away = true);
    // What was open is cut: with or without a word.
    let _ = timeout(Duration::from_secs(5), tokio::io::AsyncReadExt::read(&mut open, &mut [0; 1])).await.unwrap();
    let refused = async { while TcpStream::connect(&at).await.is_ok() {} };
    timeout(Duration::from_secs(5), refused).await.unwrap();
    demo.faults().set(|faulty| faulty.away = false);
    let back = async { while TcpStream::connect(&at).await.is_err() {} };
    timeout(Duration::from_secs(5), back).await.unwrap();
    assert_eq!(get(&client(&demo).await, "/api/v1/pods").await["kind"], "PodList");
}

#[tokio::test]
async fn a_silent_server_says_nothing_and_closes_nothing() {
    let demo = demo().await;
    let client = client(&demo).await;
    get(&client, "/version").await;
    demo.faults().set(|faulty| faulty.silent = true);
    let mut asked = Box::pin(get(&client, "/version"));
    assert!(timeout(Duration::from_millis(200), &mut asked).await.is_err());
    demo.faults().set(|faulty| faulty.silent = false);
    let answer = timeout(Duration::from_secs(5), asked).await.unwrap();
    assert_eq!(answer["gitVersion"], "v1.33.0");
}

#[tokio::test]
async fn latency_is_added_to_each_round_trip() {
    let demo = demo().await;
    let client = client(&demo).await;
    get(&client, "/version").await;
    demo.faults().set(|faulty| faulty.latency = Duration::from_millis(100));
    let began = Instant::now();
    get(&client, "/version").await;
    let took = began.elapsed();
    assert!((Duration::from_millis(100)..Duration::from_secs(1)).contains(&took), "{took:?}");
}

#[tokio::test]
async fn a_list_can_be_slow() {
    let demo = demo().await;
    let client = client(&demo).await;
    demo.faults().set(|faulty| faulty.slow_lists = Duration::from_millis(200));
    let began = Instant::now();
    get(&client, "/api/v1/pods").await;
    assert!(began.elapsed() >= Duration::from_millis(200));
}

#[tokio::test]
async fn a_quiet_watch_tells_it_all_once_it_speaks_again() {
    let demo = demo().await;
    let version = demo.store().version();
    demo.faults().set(|faulty| faulty.quiet_watches = true);
    let path = format!("/api/v1/pods?watch=1&resourceVersion={version}");
    let request = Request::get(path).body(Vec::new()).unwrap();
    let lines = client(&demo).await.request_stream(request).await.unwrap();
    let mut lines = futures::AsyncBufReadExt::lines(lines);
    add(&demo, "a", "web");
    assert!(timeout(Duration::from_millis(200), futures::StreamExt::next(&mut lines)).await.is_err());
    demo.faults().set(|faulty| faulty.quiet_watches = false);
    let line = timeout(Duration::from_secs(5), futures::StreamExt::next(&mut lines)).await.unwrap().unwrap().unwrap();
    assert!(line.starts_with(r#"{"type":"ADDED""#), "{line}");
}

#[tokio::test]
async fn a_client_that_lists_anew_survives_a_forgetful_server() {
    let demo = demo().await;
    add(&demo, "a", "web");
    let mut seen = Box::pin(watcher(pods(&demo).await, watcher::Config::default()).applied_objects());
    let mut next = async || {
        loop {
            let seen = timeout(Duration::from_secs(10), futures::StreamExt::next(&mut seen)).await.unwrap().unwrap();
            if let Ok(pod) = seen {
                return pod.metadata.name.unwrap();
            }
        }
    };
    assert_eq!(next().await, "a");
    demo.faults().set(|faulty| faulty.forgetful = true);
    demo.store().remove(Kind::named("v1", "Pod").unwrap(), "shop", "a", None).unwrap();
    add(&demo, "b", "web");
    assert_eq!(next().await, "b");
}

#[tokio::test]
async fn a_cluster_that_is_dropped_ends_its_connections() {
    let demo = demo().await;
    let client = client(&demo).await;
    let request = Request::get("/api/v1/pods?watch=1").body(Vec::new()).unwrap();
    let lines = client.request_stream(request).await.unwrap();
    drop(demo);
    let mut lines = futures::AsyncBufReadExt::lines(lines);
    let end = timeout(Duration::from_secs(5), futures::StreamExt::next(&mut lines)).await.unwrap();
    assert!(end.is_none_or(|line| line.is_err()));
}
