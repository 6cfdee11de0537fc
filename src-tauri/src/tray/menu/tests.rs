use portolan_engine::error::{Code, Problem};
use serde_json::json;

use super::*;

/// A session as the engine shows it.
fn session(id: u64, context: &str, phase: serde_json::Value, address: Option<&str>) -> SessionView {
    let listeners = address.map(|address| {
        json!({ "slot": 0, "address": address, "addresses": [], "port": 8080, "remote": 80, "instead_of": null })
    });
    let value = json!({
        "id": id,
        "forward": {
            "context": { "source": "default", "name": context }, "namespace": "shop",
            "target": { "type": "service", "name": format!("web{id}") },
            "ports": [{ "local": { "type": "fixed", "port": 8080 }, "remote": 80 }], "bind": [], "hold_seconds": 30,
        },
        "balance": "balanced", "phase": phase, "listeners": listeners.into_iter().collect::<Vec<_>>(),
        "counters": serde_json::to_value(portolan_engine::session::view::Counters::default()).unwrap(),
        "unstable": null, "instead": null, "terminating_at": null, "events": 0, "mark": null, "started_at": 0,
    });
    serde_json::from_value(value).unwrap()
}

fn active(id: u64, context: &str) -> SessionView {
    session(id, context, json!({ "state": "active", "endpoints": [] }), Some("127.0.0.1:8080"))
}

fn problem() -> Problem {
    Problem { code: Code::Unreachable, message: "m".into(), next: String::new() }
}

fn profile(name: &str, pinned: bool, run: Run) -> ProfileView {
    let (group, note) = (String::new(), String::new());
    ProfileView {
        name: name.into(),
        place: 0,
        group,
        note,
        colour: None,
        pinned,
        autostart: false,
        used_at: 0,
        forwards: vec![],
        run,
    }
}

fn texts(entries: &[Entry]) -> Vec<String> {
    let text = |entry: &Entry| match entry {
        Entry::Show => "show".into(),
        Entry::Quit => "quit".into(),
        Entry::Line => "--".into(),
        Entry::Says(text) => format!("({text})"),
        Entry::Session { text, address, .. } => format!("{text}{}", if address.is_some() { " [copies]" } else { "" }),
        Entry::Profile { name, runs } => format!("{name}: {}", if *runs { "stop" } else { "start" }),
    };
    entries.iter().map(text).collect()
}

#[test]
fn the_menu_says_what_is_open_and_what_can_be() {
    let waits = json!({ "state": "waiting", "reason": problem(), "needs_you": false, "attempt": 1, "retry_at": 1 });
    let needs = json!({ "state": "waiting", "reason": problem(), "needs_you": true, "attempt": 0, "retry_at": null });
    let broken = json!({ "state": "broken", "reason": problem() });
    let table: [(Vec<SessionView>, Vec<ProfileView>, &[&str]); 4] = [
        (vec![], vec![], &["show", "--", "(No tunnels)", "--", "quit"]),
        (
            vec![active(1, "staging"), active(2, "prod"), active(3, "staging")],
            vec![],
            &[
                "show",
                "--",
                "prod · svc/web2 · 127.0.0.1:8080 · active [copies]",
                "staging · svc/web3 · 127.0.0.1:8080 · active [copies]",
                "staging · svc/web1 · 127.0.0.1:8080 · active [copies]",
                "--",
                "quit",
            ],
        ),
        (
            vec![
                session(1, "a", waits, Some("127.0.0.1:8080")),
                session(2, "b", needs, None),
                session(3, "c", broken, None),
            ],
            vec![],
            &[
                "show",
                "--",
                "a · svc/web1 · 127.0.0.1:8080 · waiting [copies]",
                "b · svc/web2 · needs you",
                "c · svc/web3 · broken",
                "--",
                "quit",
            ],
        ),
        (
            vec![active(1, "staging")],
            vec![
                profile("db", false, Run::Blocked { taken: vec![] }),
                profile("shop", false, Run::Open { sessions: vec![SessionId(1)], moved: false }),
                profile("first", true, Run::Idle),
            ],
            &[
                "show",
                "--",
                "staging · svc/web1 · 127.0.0.1:8080 · active [copies]",
                "--",
                "first: start",
                "db: start",
                "shop: stop",
                "--",
                "quit",
            ],
        ),
    ];
    for (sessions, profiles, expected) in table {
        assert_eq!(texts(&entries(&sessions, &profiles)), expected);
    }
}

#[test]
fn a_long_menu_sends_to_the_window() {
    let sessions: Vec<_> = (1..=17).map(|id| active(id, "staging")).collect();
    let said = texts(&entries(&sessions, &[]));
    assert_eq!(said.len(), 2 + SHOWN + 1 + 2);
    assert_eq!(said[2 + SHOWN], "(2 more in the window)");
}
