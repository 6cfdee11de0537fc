use portolan_engine::{
    compare::view::{ComparisonState, Experiment, Happened, Hop, HttpBy, Permission, PodMet},
    context::ContextId,
    error::{Code, Problem},
    row::RowPort,
};

use super::*;

fn hop(kind: HopKind, value: &str, down: bool) -> Hop {
    Hop { kind, value: value.into(), down }
}

fn lane(kind: LaneKind, phase: Option<Phase>, (answered, helped, lost): (u64, u64, u64)) -> Lane {
    let total = Score { answered, helped, lost, p50_us: Some(2_100), p95_us: Some(9_000), longest_us: Some(180_000) };
    Lane {
        kind,
        session: None,
        address: "127.0.0.1:41780".into(),
        way: vec![
            hop(HopKind::Local, "127.0.0.1:41780", false),
            hop(HopKind::ApiServer, "https://a-very-long-name-of-a-cluster.example.org:6443", false),
            hop(HopKind::PodLocalhost, "web-c2f7q:80", false),
            hop(HopKind::PodLocalhost, "web-m8d1z:80", true),
        ],
        phase,
        recent: total,
        total,
        by_pod: vec![(0, answered), (1, helped)],
        kept: Kept::Open { since: 1, pod: Some(0) },
        cuts: 0,
    }
}

fn view() -> ComparisonView {
    let problem = Problem { code: Code::PodGone, message: "Gone.".into(), next: String::new() };
    let broken = Lane {
        address: String::new(),
        kept: Kept::Cut { at: 1, pod: Some(0) },
        ..lane(LaneKind::Pod, Some(Phase::Broken { reason: problem }), (41, 0, 41))
    };
    let node_port = Lane { by_pod: Vec::new(), kept: Kept::None, ..lane(LaneKind::NodePort, None, (80, 0, 0)) };
    ComparisonView {
        context: ContextId { source: "default".into(), name: "staging".into() },
        namespace: "shop".into(),
        service: "web".into(),
        port: RowPort { name: "http".into(), port: 8080, target: None, node_port: Some(30080), protocol: "TCP".into() },
        asking: Asking { method: Method::Get, path: "/".into(), every_ms: 500, http_by: Some(HttpBy::Name) },
        state: ComparisonState::Running,
        opened_at: 1_000,
        lanes: vec![
            lane(LaneKind::Service, Some(Phase::Active { endpoints: Vec::new() }), (80, 2, 0)),
            broken,
            node_port,
        ],
        pods: ["web-c2f7q", "web-m8d1z"]
            .map(|name| PodMet { uid: name.into(), name: name.into(), exists: true })
            .into(),
        experiment: Experiment { delete: Permission::Yes, pod: Some(1), demo: false },
        account: Vec::new(),
        probes: 0,
    }
}

fn probe(at: u64, pod: Option<u32>, outcome: Outcome) -> Probe {
    Probe { number: at, lane: LaneKind::Service, at, took_us: 1, pod, outcome }
}

fn text(line: &Line) -> String {
    line.0.iter().map(|piece| piece.text.as_str()).collect()
}

#[test]
fn lanes_are_under_each_other_and_no_line_is_wider_than_eighty() {
    let probes: Vec<Probe> = (0..200).map(|at| probe(at, Some(0), Outcome::Answered { status: None })).collect();
    let lines: Vec<String> =
        lanes(&view(), &probes, WIDTH).into_iter().map(|line| text(&line.clipped(WIDTH))).collect();
    let expected = [
        "svc/web:http  shop · staging · GET / every 500 ms",
        "Service     ● active        127.0.0.1:41780",
        "  127.0.0.1:41780 ▸ API server ▸ web-c2f7q:80, web-m8d1z:80 (down)",
        "  80 answered, 2 helped, 0 lost · p50 2.1 ms · p95 9.0 ms · max 180 ms",
        "  A web-c2f7q 80 · B web-m8d1z 2 · keeps a connection open",
        "Direct pod  ✕ broken        not open",
        "  A web-c2f7q 41 · B web-m8d1z 0 · its open connection was cut",
        "NodePort    ● answers       127.0.0.1:41780",
        "  its answers do not say which pod",
    ];
    for line in expected {
        assert!(lines.iter().any(|there| there == line), "“{line}” is missing:\n{}", lines.join("\n"));
    }
    assert!(lines.iter().all(|line| line.chars().count() <= WIDTH));
    assert!(lines.contains(&format!("  {}", "A".repeat(WIDTH - 2))), "the last probes are shown");
}

#[test]
fn a_ribbon_says_who_answered_and_what_was_helped_or_lost() {
    let answered = || Outcome::Answered { status: Some(200) };
    let probes = [
        probe(4, Some(1), Outcome::Held { status: None }),
        probe(1, Some(0), answered()),
        probe(2, Some(27), answered()),
        probe(3, None, Outcome::Lost { why: "x".into() }),
        probe(5, Some(0), Outcome::Again { status: None }),
        probe(6, None, answered()),
    ];
    let line = ribbon(&view().lanes[0], &probes, WIDTH);
    assert_eq!(text(&line), "  AB_ba?");
    assert_eq!(line.0[1].style, GOOD);
    assert_eq!(line.0[2].style, BAD);
    assert_eq!(text(&ribbon(&view().lanes[0], &probes, 5)), "  ba?", "the last that there is room for");
    assert_eq!(text(&ribbon(&view().lanes[1], &probes, WIDTH)), "  ");
}

#[test]
fn sentences_are_cut_between_words_and_colours_are_not_counted() {
    let entry = AccountEntry { at: 2_500, lane: None, what: Happened::Verdict, text: "one two three four".into() };
    let said = happened(&entry, 1_000);
    assert_eq!(said, "   1.5 s  one two three four");
    assert_eq!(wrapped(&said, AFTER_TIME, 18), ["   1.5 s  one two", "          three", "          four"]);
    assert_eq!(wrapped("one two three", 0, 7), ["one two", "three"]);
    assert_eq!(wrapped("incomprehensible", 0, 7), ["incomprehensible"]);
    let line = Line::default().and(GOOD, "12345").and(BAD, "67890");
    assert_eq!(text(&line.clone().clipped(10)), "1234567890");
    assert_eq!(text(&line.clone().clipped(8)), "1234567…");
    assert!(line.coloured().contains("\x1b[32m12345"), "{:?}", line.coloured());
}
