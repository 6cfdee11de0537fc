use std::time::{Duration, UNIX_EPOCH};

use portolan_engine::{
    context::ContextId,
    forward::{Balance, Forward, PortRef, Target},
    phase::Endpoint,
    session::view::{Counters, ListenerView, SessionId, Unstable},
};

use super::*;

fn view(phase: Phase) -> SessionView {
    let forward = Forward {
        context: ContextId { source: "default".into(), name: "test".into() },
        namespace: "shop".into(),
        target: Target::Service { name: "web".into() },
        ports: Vec::new(),
        bind: Vec::new(),
        balance: None,
        hold_seconds: 30,
        wait_for_name: false,
    };
    let listener = ListenerView {
        slot: 0,
        address: "127.0.0.1:8080".into(),
        addresses: vec!["127.0.0.1:8080".into(), "[::1]:8080".into()],
        port: 8080,
        remote: PortRef::Name("http".into()),
        instead_of: None,
    };
    SessionView {
        id: SessionId(1),
        forward,
        balance: Balance::Balanced,
        phase,
        listeners: vec![listener],
        counters: Counters::default(),
        unstable: None,
        instead: None,
        terminating_at: None,
        events: 0,
        mark: None,
        started_at: 0,
    }
}

fn active(pod: &str) -> SessionView {
    let endpoint = Endpoint { slot: 0, pod: pod.into(), uid: format!("uid-{pod}"), port: 80 };
    view(Phase::Active { endpoints: vec![endpoint] })
}

fn problem(code: Code, message: &str) -> Problem {
    Problem { code, message: message.into(), next: String::new() }
}

fn no_pod() -> SessionView {
    let reason = problem(Code::NoReadyPod, "No pod.");
    view(Phase::Waiting { reason, needs_you: false, attempt: 0, retry_at: None })
}

fn unreachable(attempt: u32, retry_at: u64) -> SessionView {
    let reason = problem(Code::Unreachable, &format!("No answer, time {attempt}."));
    view(Phase::Waiting { reason, needs_you: false, attempt, retry_at: Some(retry_at) })
}

fn event(n: u64, event: What) -> SessionEvent {
    SessionEvent { n, at: 5, event, pod: None, took_ms: None, code: None, text: None }
}

/// Ten seconds after 1970.
fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(10)
}

/// What is said of this view, each line as `> answer` or `note`.
fn told(teller: &mut Teller, view: &SessionView, events: &[SessionEvent]) -> Vec<String> {
    assert_eq!(teller.tell(view, events, now()), None);
    let line = |said| match said {
        Said::Answer(text) => format!("> {text}"),
        Said::Note(text) => text,
    };
    teller.said().into_iter().map(line).collect()
}

fn nothing() -> Vec<String> {
    Vec::new()
}

#[test]
fn it_says_where_it_listens_as_kubectl_does_once() {
    let mut teller = Teller::new(Format::Text, false);
    assert_eq!(told(&mut teller, &view(Phase::Resolving), &[]), nothing());
    let lines = ["> Forwarding from 127.0.0.1:8080 -> 80", "> Forwarding from [::1]:8080 -> 80"];
    assert_eq!(told(&mut teller, &active("web-1"), &[]), lines);
    assert_eq!(told(&mut teller, &active("web-2"), &[]), nothing());
}

#[test]
fn a_cause_is_told_once_and_not_with_each_attempt() {
    let mut teller = Teller::new(Format::Text, true);
    told(&mut teller, &active("web-1"), &[]);
    let waits = "Waiting: No answer, time 1.\nTrying again in 3 s, and on until it works.";
    assert_eq!(told(&mut teller, &unreachable(1, 12_400), &[]), [waits]);
    assert_eq!(told(&mut teller, &unreachable(2, 15_000), &[]), nothing());
    assert_eq!(told(&mut teller, &view(Phase::Resolving), &[]), nothing());
    assert_eq!(told(&mut teller, &unreachable(1, 15_000), &[]), nothing(), "it was not active in between");
    assert_eq!(told(&mut teller, &no_pod(), &[]), ["Waiting: No pod.\nWatching: the tunnel opens by itself."]);
    assert_eq!(told(&mut teller, &active("web-2"), &[]), ["Active again: web-2"]);
    assert_eq!(told(&mut teller, &active("web-2"), &[]), nothing());
    let again = told(&mut teller, &unreachable(1, 9_000), &[]);
    assert_eq!(again, ["Waiting: No answer, time 1.\nTrying again now, and on until it works."]);
}

#[test]
fn what_comes_and_goes_is_told_as_one_state() {
    let mut teller = Teller::new(Format::Text, true);
    told(&mut teller, &active("web-1"), &[]);
    let shaky = |view: SessionView, changes| {
        let reason = problem(Code::NoReadyPod, "None is ready.");
        SessionView {
            unstable: Some(Unstable { changes, reason, restarts: 7, restarted_because: "OOMKilled".into() }),
            ..view
        }
    };
    let unstable = [concat!(
        "Unstable: it came and went 3 times in the last minute. Its containers were restarted 7 times, ",
        "last because of OOMKilled. None is ready."
    )];
    assert_eq!(told(&mut teller, &shaky(no_pod(), 3), &[]), unstable);
    assert_eq!(told(&mut teller, &shaky(active("web-1"), 4), &[]), nothing());
    assert_eq!(told(&mut teller, &shaky(no_pod(), 5), &[]), nothing());
    assert_eq!(told(&mut teller, &active("web-1"), &[]), ["Steady again: web-1"]);
    assert_eq!(told(&mut teller, &shaky(no_pod(), 3), &[]), unstable);
    assert_eq!(told(&mut teller, &no_pod(), &[]).len(), 1, "it waits, and steadily");
}

#[test]
fn of_the_events_those_are_told_that_a_user_would_want_to_know() {
    let mut teller = Teller::new(Format::Text, false);
    let pod = |what| SessionEvent { pod: Some("web-7d9".into()), ..event(1, what) };
    let unanswered = SessionEvent { text: Some("the connection broke".into()), ..pod(What::DeliveredUnanswered) };
    told(&mut teller, &active("web-1"), &[]);
    for quiet in [What::Held, What::Retried, What::Cut, What::EndpointAdded, What::Active, What::Listening] {
        assert_eq!(told(&mut teller, &active("web-1"), &[pod(quiet)]), nothing(), "{quiet:?}");
    }
    let moved = told(&mut teller, &active("web-1"), &[pod(What::Moved)]);
    assert_eq!(moved, ["New connections go to web-7d9 now."]);
    // Its mark says the same with less.
    let marked = SessionView { mark: Some("web-7d9 :80: the connection broke".into()), ..active("web-1") };
    let line = "Delivered to web-7d9 and not answered (the connection broke): it is not tried again, as it may have been done.";
    assert_eq!(told(&mut teller, &marked, &[unanswered]), [line]);
    assert_eq!(told(&mut teller, &marked, &[]), nothing());
    let refused = SessionView { mark: Some("web-7d9 refused :80".into()), ..active("web-1") };
    assert_eq!(told(&mut teller, &refused, &[]), ["A connection failed: web-7d9 refused :80"]);
}

#[test]
fn in_json_each_event_is_a_line_without_what_it_does_not_have() {
    let mut teller = Teller::new(Format::Json, false);
    let held = SessionEvent { pod: Some("web-7d9".into()), took_ms: Some(2100), ..event(2, What::Held) };
    let waited = SessionEvent { code: Some(Code::NoReadyPod), text: Some("No pod.".into()), ..event(3, What::Waiting) };
    let lines = told(&mut teller, &view(Phase::Resolving), &[event(1, What::Listening), held, waited]);
    let expected = [
        json!({"n": 2, "at": 5, "event": "held", "pod": "web-7d9", "took_ms": 2100}),
        json!({"n": 3, "at": 5, "event": "waiting", "code": "no_ready_pod", "text": "No pod."}),
        json!({"event": "phase", "phase": {"state": "resolving"}}),
    ];
    assert_eq!(lines, expected.map(|line| format!("> {line}")));
    assert_eq!(teller.last_event(), 3);
}

#[test]
fn in_json_no_event_is_named_as_another_line() {
    let mut teller = Teller::new(Format::Json, false);
    let marked = SessionView { mark: Some("web-1 refused :80".into()), ..active("web-1") };
    let lines = told(&mut teller, &marked, &[event(1, What::Listening)]);
    let names: Vec<Value> = lines
        .iter()
        .map(|line| serde_json::from_str::<Value>(line.trim_start_matches("> ")).unwrap()["event"].clone())
        .collect();
    assert_eq!(names, ["listening", "phase", "mark"], "the port is told of once, with its listener");
    for what in ["phase", "mark"] {
        assert!(serde_json::from_value::<What>(what.into()).is_err(), "{what} is an event, too");
    }
}

#[test]
fn what_cannot_go_on_ends_it_after_its_events() {
    let reason = problem(Code::PodGone, "It is gone.");
    let broken = view(Phase::Broken { reason: reason.clone() });
    let mut teller = Teller::new(Format::Json, false);
    assert_eq!(teller.tell(&broken, &[event(1, What::Broken)], now()), Some(reason.clone()));
    let said = teller.said();
    let phase = json!({"event": "phase", "phase": {"state": "broken", "reason": reason}});
    assert_eq!(said.last(), Some(&Said::Answer(phase.to_string())));
    assert_eq!(said.len(), 2);
    // Before it listens, and without --wait, so does what kubectl would not wait for.
    assert!(Teller::new(Format::Text, false).tell(&unreachable(1, 0), &[], now()).is_some());
    assert!(Teller::new(Format::Text, true).tell(&unreachable(1, 0), &[], now()).is_none());
    assert!(Teller::new(Format::Text, false).tell(&no_pod(), &[], now()).is_none());
}
