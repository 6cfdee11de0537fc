//! What a session makes of the ways to its pods, of its user's wishes, and what it says of that.

use serde_json::json;

use super::*;
use crate::fake_api::{FakeApi, PODS};

fn is_active(view: &SessionView) -> bool {
    matches!(view.phase, Phase::Active { .. })
}

fn waits_for(view: &SessionView) -> Option<Code> {
    match &view.phase {
        Phase::Waiting { reason, .. } => Some(reason.code),
        _ => None,
    }
}

impl Running {
    /// What happened so far, in short.
    fn events(&self) -> Vec<(What, Option<String>)> {
        self.journal.after(0).into_iter().map(|event| (event.event, event.pod)).collect()
    }

    fn control(&self, control: Control) {
        self.controls.send(control).unwrap();
    }
}

#[tokio::test]
async fn nothing_is_shown_open_before_it_is_proven() {
    let mut running = start(forward(LocalPort::Any), &[("a", Pod::Echo)]);
    running.pods.proof.send_replace(Proof::Awaited);
    running.found(endpoints(&["a"]));
    // A connection need not wait for the proof.
    let mut client = running.connect().await;
    assert_eq!(ask(&mut client, b"x").await.unwrap(), "a");
    assert_eq!(running.view.borrow().phase, Phase::Resolving);
    running.pods.proof.send_replace(Proof::Proven);
    running.until("active", is_active).await;
    running.stop().await;
}

#[tokio::test]
async fn a_way_that_fails_is_waited_for_and_connections_are_held_meanwhile() {
    let mut running = active(&[("a", Pod::Echo)], Balance::Balanced).await;
    running.pods.proof.send_replace(failed(Kind::Broken));
    let view = running.until("waiting", |view| waits_for(view) == Some(Code::Unreachable)).await;
    let Phase::Waiting { retry_at: Some(retry_at), needs_you: false, .. } = view.phase else { panic!("{view:?}") };
    assert!(retry_at > now());
    let mut client = running.connect().await;
    running.until("held", |view| view.counters.held == 1).await;
    running.pods.proof.send_replace(Proof::Proven);
    assert_eq!(ask(&mut client, b"x").await.unwrap(), "a");
    let view = running.until("active", |view| is_active(view) && view.counters.reconnects == 1).await;
    assert_eq!(view.counters.refused, 0);
    let told: Vec<What> = running.events().into_iter().map(|(what, _)| what).collect();
    let expected = [What::Listening, What::EndpointAdded, What::Active, What::Waiting, What::Active, What::Held];
    assert_eq!(told, expected);
    running.stop().await;
}

#[tokio::test]
async fn what_is_proven_goes_on_although_the_api_server_cannot_be_asked() {
    let mut running = active(&[("a", Pod::Echo)], Balance::Balanced).await;
    let lost = |code: u16| {
        let status = kube::core::Status { code, ..kube::core::Status::default() };
        let source = Box::new(kube::Error::Api(status.boxed()));
        let error = crate::error::Error::Api { operation: "list pods".into(), server: "https://test".into(), source };
        Found::Lost(Failing { error, attempt: 1, retry_at: Instant::now() + Duration::from_secs(5) })
    };
    running.found(lost(500));
    running.until("noted", |view| view.events == 4).await;
    assert!(is_active(&running.view.borrow()));
    assert_eq!(running.events()[3].0, What::NotFollowed);
    // Credentials that are refused are told, and what works goes on.
    running.found(lost(401));
    running.until("waiting", |view| waits_for(view) == Some(Code::Login)).await;
    let mut client = running.connect().await;
    assert_eq!(ask(&mut client, b"x").await.unwrap(), "a");
    running.stop().await;
}

#[tokio::test]
async fn how_connections_are_spread_can_be_changed_while_they_run() {
    let pods = [("a", Pod::Echo), ("b", Pod::Echo), ("c", Pod::Echo)];
    let mut running = active(&pods, Balance::Balanced).await;
    let mut before = running.connect().await;
    let first = ask(&mut before, b"1").await.unwrap();
    running.control(Control::MoveTo("b".into()));
    running.until("sticky", |view| view.balance == Balance::Sticky).await;
    for _ in 0..20 {
        assert_eq!(ask(&mut running.connect().await, b"x").await.unwrap(), "b");
    }
    assert_eq!(*running.pods.warm.lock().unwrap(), ["b"]);
    // What was open stays where it is.
    before.write_all(b"still").await.unwrap();
    let mut echo = [0; 5];
    before.read_exact(&mut echo).await.unwrap();
    assert_eq!(&echo, b"still", "{first}");
    running.control(Control::Balance(Balance::Balanced));
    running.until("balanced", |view| view.balance == Balance::Balanced).await;
    let mut seen = std::collections::HashSet::new();
    for _ in 0..60 {
        seen.insert(ask(&mut running.connect().await, b"x").await.unwrap());
    }
    assert_eq!(seen.len(), 3);
    // A pod that is not there any more is no place to move to.
    running.control(Control::MoveTo("gone".into()));
    running.control(Control::Balance(Balance::Sticky));
    running.until("sticky", |view| view.balance == Balance::Sticky).await;
    assert!(!running.events().contains(&(What::Moved, Some("pod-gone".into()))));
    running.stop().await;
}

#[tokio::test]
async fn a_sticky_session_whose_way_fails_goes_to_another_pod() {
    let mut running = active(&[("a", Pod::Gone), ("b", Pod::Echo)], Balance::Sticky).await;
    assert_eq!(ask(&mut running.connect().await, b"x").await.unwrap(), "b");
    let moved = (What::Retried, Some("pod-a".to_owned()));
    assert!(running.events().contains(&moved), "{:?}", running.events());
    running.stop().await;
}

#[tokio::test]
async fn who_had_said_nothing_is_given_to_another_pod_when_the_first_breaks() {
    let mut running = active(&[("a", Pod::BreaksAtOnce), ("b", Pod::Echo)], Balance::Sticky).await;
    let mut client = running.connect().await;
    // The server speaks first.
    let mut name = [0; 2];
    client.read_exact(&mut name).await.unwrap();
    assert_eq!(&name, b"b\n");
    running.stop().await;
    // But not for ever.
    let mut running = active(&[("a", Pod::BreaksAtOnce)], Balance::Sticky).await;
    let mut client = running.connect().await;
    assert!(timeout(Duration::from_secs(8), client.read_u8()).await.unwrap().is_err());
    running.until("refused", |view| view.counters.refused == 1 && view.counters.retried == 2).await;
    running.stop().await;
}

#[tokio::test]
async fn what_was_delivered_and_not_answered_is_told_apart_from_what_was_cut() {
    for (pod, what, bytes) in [(Pod::Breaks, What::DeliveredUnanswered, 0), (Pod::BreaksLate, What::Cut, 5)] {
        let mut running = active(&[("a", pod)], Balance::Sticky).await;
        let mut client = running.connect().await;
        client.write_all(b"order").await.unwrap();
        let mut answer = Vec::new();
        let ended = timeout(Duration::from_secs(5), client.read_to_end(&mut answer)).await.unwrap();
        assert!(ended.is_err() && answer.len() == bytes, "{ended:?}, {answer:?}");
        let view = running.until("counted", |view| view.counters.cut + view.counters.unanswered == 1).await;
        assert_eq!(view.counters.unanswered, u64::from(bytes == 0));
        let event = running.journal.after(0).into_iter().find(|event| event.event == what).unwrap();
        assert_eq!(event.pod.as_deref(), Some("pod-a"));
        assert!(event.took_ms.is_some() && event.text.is_some());
        running.stop().await;
    }
}

#[tokio::test]
async fn another_client_is_used_for_what_is_new_and_disturbs_nothing() {
    let mut running = active(&[("a", Pod::Echo)], Balance::Balanced).await;
    let port = running.port().await;
    let mut before = running.connect().await;
    assert_eq!(ask(&mut before, b"1").await.unwrap(), "a");
    let behaviour = HashMap::from([("a".to_owned(), Pod::Gone)]);
    let others = Arc::new(Pods {
        behaviour: Mutex::new(behaviour),
        proof: watch::Sender::new(Proof::Proven),
        ..Pods::default()
    });
    let old = running.cluster.borrow().clone();
    let new = Cluster::new(old.context.clone(), old.server.clone(), old.client.clone(), others.clone());
    running.cluster.send_replace(Arc::new(new));
    running.until("noted", |view| view.events == 4).await;
    assert_eq!(running.events()[3].0, What::Reconfigured);
    assert_eq!(*others.warm.lock().unwrap(), ["a"]);
    assert!(running.pods.warm.lock().unwrap().is_empty());
    others.behaviour.lock().unwrap().insert("a".into(), Pod::AnswersSlowly);
    let mut client = running.connect().await;
    client.write_all(b"x").await.unwrap();
    assert_eq!(client.read_u8().await.unwrap(), b'f', "it went the new way");
    before.write_all(b"still").await.unwrap();
    let mut echo = [0; 5];
    before.read_exact(&mut echo).await.unwrap();
    assert_eq!((&echo, running.port().await), (b"still", port));
    running.stop().await;
}

#[tokio::test]
async fn what_comes_and_goes_is_one_state() {
    let mut running = active(&[("a", Pod::Echo)], Balance::Balanced).await;
    for n in 0..3 {
        assert_eq!(running.view.borrow().unstable, None, "after {n} changes");
        if n % 2 == 0 {
            running.found(none_ready());
            running.until("waiting", |view| !is_active(view)).await;
        } else {
            running.found(endpoints(&["a"]));
            running.until("active", is_active).await;
        }
    }
    let view = running.until("unstable", |view| view.unstable.is_some()).await;
    let unstable = view.unstable.unwrap();
    assert_eq!((unstable.changes, unstable.reason.message.as_str()), (3, "none"));
    running.stop().await;
}

#[tokio::test]
async fn to_try_again_now_reaches_the_ways_and_what_is_forbidden() {
    let mut running = active(&[("a", Pod::Forbidden)], Balance::Balanced).await;
    let mut client = running.connect().await;
    assert!(timeout(Duration::from_secs(5), client.read_u8()).await.unwrap().is_err());
    running.until("told", |view| waits_for(view) == Some(Code::Forbidden)).await;
    running.pods.behaviour.lock().unwrap().insert("a".into(), Pod::Echo);
    running.control(Control::Retry);
    running.until("active", is_active).await;
    assert_eq!(ask(&mut running.connect().await, b"x").await.unwrap(), "a");
    assert_eq!(*running.pods.retried.lock().unwrap(), 1);
    running.stop().await;
}

#[tokio::test]
async fn a_service_with_client_affinity_stays_with_one_pod_unless_the_user_says_otherwise() {
    let affine = || match endpoints(&["a", "b", "c"]) {
        Found::Now(resolution) => Found::Now(Resolution { affinity: true, ..resolution }),
        other => other,
    };
    let pods = [("a", Pod::Echo), ("b", Pod::Echo), ("c", Pod::Echo)];
    for (wish, expected) in [(None, Balance::Sticky), (Some(Balance::Balanced), Balance::Balanced)] {
        let mut running = start(Forward { balance: wish, ..forward(LocalPort::Any) }, &pods);
        running.found(affine());
        let view = running.until("active", is_active).await;
        assert_eq!(view.balance, expected);
        // An edit of the Service is heeded.
        running.found(endpoints(&["a", "b"]));
        let found = running.until("edited", |view| view.phase.all_endpoints().count() == 2).await;
        assert_eq!(found.balance, Balance::Balanced);
        running.stop().await;
    }
}

#[tokio::test]
async fn what_is_open_to_a_pod_that_is_gone_is_cut_and_counted() {
    let api = FakeApi::with(&[PODS]);
    let object = |uid: &str| json!({"metadata": {"name": format!("pod-{uid}"), "uid": uid}});
    api.put(PODS, object("a"));
    let pods = [("a", Pod::Echo), ("b", Pod::Echo)];
    let client = api.cluster().client.clone();
    let mut running = start_with(client, Forward { balance: Some(Balance::Sticky), ..forward(LocalPort::Any) }, &pods);
    running.found(endpoints(&["a", "b"]));
    let mut client = running.connect().await;
    assert_eq!(ask(&mut client, b"x").await.unwrap(), "a");
    // It takes nothing new, and what it has runs on while it is there.
    running.found(endpoints(&["b"]));
    running.until("one is left", |view| view.phase.all_endpoints().count() == 1).await;
    assert!(timeout(Duration::from_secs(4), client.read_u8()).await.is_err(), "its pod is there");
    // Another one of its name is not it.
    api.put(PODS, json!({"metadata": {"name": "pod-a", "uid": "another"}}));
    let ended = timeout(Duration::from_secs(10), client.read_u8()).await.unwrap();
    assert_eq!(ended.unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
    let view = running.until("counted", |view| view.counters.cut == 1).await;
    assert_eq!(view.counters.open, 0);
    assert!(running.events().contains(&(What::Cut, Some("pod-a".into()))));
    running.stop().await;
}

#[tokio::test]
async fn a_pod_that_ends_without_a_word_has_not_answered_unless_the_client_was_done() {
    let mut running = active(&[("a", Pod::EndsWithoutAWord)], Balance::Sticky).await;
    let mut answer = Vec::new();
    // As a container that is killed, whose system ends its connections for it.
    let mut client = running.connect().await;
    client.write_all(b"order").await.unwrap();
    assert_eq!(client.read_to_end(&mut answer).await.unwrap(), 0, "an end is passed on as it is");
    let view = running.until("counted", |view| view.counters.unanswered == 1).await;
    assert_eq!((view.counters.served, view.counters.cut), (0, 0));
    assert!(running.events().contains(&(What::DeliveredUnanswered, Some("pod-a".into()))));
    // A client that only had something to say.
    let mut client = running.connect().await;
    client.write_all(b"line of a log").await.unwrap();
    client.shutdown().await.unwrap();
    client.read_to_end(&mut answer).await.unwrap();
    let view = running.until("served", |view| view.counters.served == 1).await;
    assert_eq!(view.counters.unanswered, 1);
    running.stop().await;
}
