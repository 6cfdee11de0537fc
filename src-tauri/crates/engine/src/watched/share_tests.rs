//! Sets that are shared, over an API server in memory.

use std::{sync::Arc, time::Duration};

use k8s_openapi::api::core::v1::{Pod, Service};
use serde_json::json;
use tokio::{sync::Notify, time::Instant};

use super::*;
use crate::{
    cluster::Cluster,
    error::Code,
    fake_api::{FakeApi, PODS, SERVICES, Verb, pod, service},
    pod::slim,
    row::Scope,
};

fn shop() -> Scope {
    Scope::One { name: "shop".into() }
}

fn app(name: &str) -> Select {
    Select::Labels(format!("app={name}"))
}

fn pods(cluster: &Cluster, select: Select) -> Watched<Pod> {
    cluster.watch(&shop(), select, &Arc::default(), slim)
}

/// Lets the tasks get on with it.
async fn settle() {
    tokio::time::sleep(Duration::from_millis(10)).await;
}

#[tokio::test(start_paused = true)]
async fn fifty_users_make_one_watch_and_the_last_one_ends_it() {
    let api = FakeApi::with(&[PODS]);
    api.put(PODS, pod("a", json!({"app": "web"}), true));
    let cluster = api.cluster();
    let mut users: Vec<_> = (0..50).map(|_| pods(&cluster, app("web"))).collect();
    settle().await;
    for user in &mut users {
        user.next().await.unwrap();
        assert_eq!(user.objects().len(), 1);
    }
    assert_eq!((api.asked(Verb::List, PODS), api.watching(PODS)), (1, 1));
    let mut last = users.pop().unwrap();
    drop(users);
    // One that comes later sees what is known, and disturbs nobody.
    let mut late = pods(&cluster, app("web"));
    late.next().await.unwrap();
    assert_eq!(late.objects().len(), 1);
    drop(late);
    api.put(PODS, pod("b", json!({"app": "web"}), true));
    last.next().await.unwrap();
    assert_eq!((last.objects().len(), api.asked(Verb::List, PODS), api.watching(PODS)), (2, 1, 1));
    drop(last);
    settle().await;
    assert_eq!(api.watching(PODS), 0);
    // Begun anew for whoever comes after that.
    let mut next = pods(&cluster, app("web"));
    next.next().await.unwrap();
    assert_eq!((next.objects().len(), api.asked(Verb::List, PODS)), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn who_asks_something_else_has_another() {
    let api = FakeApi::with(&[PODS, SERVICES]);
    api.put(PODS, pod("a", json!({"app": "web"}), true));
    api.put(SERVICES, service("web", json!({})));
    let cluster = api.cluster();
    let _first = (pods(&cluster, app("web")), pods(&cluster, app("api")), pods(&cluster, Select::Name("a".into())));
    let mut names: Watched<String> =
        cluster.watch(&shop(), app("web"), &Arc::default(), |pod: Pod| pod.metadata.name.unwrap_or_default());
    let mut services: Watched<String> = cluster
        .watch(&shop(), app("web"), &Arc::default(), |service: Service| service.metadata.name.unwrap_or_default());
    let _again = pods(&cluster, app("web"));
    settle().await;
    assert_eq!((api.watching(PODS), api.watching(SERVICES)), (4, 1));
    names.next().await.unwrap();
    assert_eq!(names.object().as_deref().map(String::as_str), Some("a"));
    services.next().await.unwrap();
    assert_eq!(services.objects().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn all_users_are_told_of_a_failure_and_a_retry_of_one_serves_all() {
    let api = FakeApi::default();
    let cluster = api.cluster();
    let retry_now = Arc::<Notify>::default();
    let mut first: Watched<Pod> = cluster.watch(&shop(), app("web"), &retry_now, slim);
    let mut second = pods(&cluster, app("web"));
    for user in [&mut first, &mut second] {
        let failing = user.next().await.unwrap_err();
        assert_eq!((failing.error.code(), failing.attempt), (Code::Forbidden, 1));
        assert!(failing.error.to_string().contains("you may not list pods in shop"), "{}", failing.error);
        assert!(user.failing() && !user.synced());
    }
    assert_eq!(api.asked(Verb::List, PODS), 1);
    api.put(PODS, pod("a", json!({"app": "web"}), true));
    let begun = Instant::now();
    // It is called while nobody waits, and is not missed.
    retry_now.notify_waiters();
    let (one, other) = tokio::join!(first.next(), second.next());
    one.unwrap();
    other.unwrap();
    assert_eq!(begun.elapsed(), Duration::ZERO);
    assert!(!first.failing() && second.synced());
}

#[tokio::test(start_paused = true)]
async fn one_answer_ends_the_waits_of_all() {
    let api = FakeApi::with(&[PODS]);
    let cluster = api.cluster();
    api.away(true);
    let mut all: Vec<_> = (0..20).map(|n| pods(&cluster, app(&n.to_string()))).collect();
    // Long enough for waits of seconds.
    tokio::time::sleep(Duration::from_secs(60)).await;
    api.away(false);
    let mut first_back = None;
    for user in &mut all {
        while user.next().await.is_err() {}
        let first_back = *first_back.get_or_insert_with(Instant::now);
        assert!(first_back.elapsed() < Duration::from_millis(5), "{:?}", first_back.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_user_is_not_told_of_an_old_failure() {
    let api = FakeApi::default();
    let cluster = api.cluster();
    let mut first = pods(&cluster, app("web"));
    first.next().await.unwrap_err();
    api.put(PODS, pod("a", json!({"app": "web"}), true));
    let begun = Instant::now();
    let mut second = pods(&cluster, app("web"));
    second.next().await.unwrap();
    first.next().await.unwrap();
    assert_eq!((second.objects().len(), begun.elapsed()), (1, Duration::ZERO));
}
