//! A comparison as a report: Markdown to be pasted, JSON to be kept. Pure.

use std::time::Duration;

use serde_json::json;

use super::{
    account::{name, span},
    view::{AccountEntry, Asking, ComparisonView, Lane, Method, Probe, Score},
};

/// The comparison and the probes that are kept, as one JSON document.
pub fn json(view: &ComparisonView, probes: &[Probe]) -> String {
    let report = json!({"comparison": view, "probes": probes});
    format!("{report:#}\n")
}

/// The comparison as Markdown: what was compared, what came of it, what happened.
pub fn markdown(view: &ComparisonView) -> String {
    let port = if view.port.name.is_empty() { view.port.port.to_string() } else { view.port.name.clone() };
    let head = format!(
        "# svc/{}:{port}: the Service beside a pod\n\nContext {}, namespace {}. {}\n",
        view.service,
        view.context,
        view.namespace,
        asked(&view.asking)
    );
    let lanes: String = view.lanes.iter().map(|lane| row(lane, view)).collect();
    let table = format!(
        "| | Address | Answered | Helped by Portolan | Lost | p50 | p95 | Longest | Pods | Open connections cut |\n\
         |---|---|---|---|---|---|---|---|---|---|\n{lanes}"
    );
    let ways: String = view.lanes.iter().map(way).collect();
    let account: String = view.account.iter().map(|entry| line(entry, view.opened_at)).collect();
    format!(
        "{head}\n{table}\nA tunnel imitates its Service: Portolan chooses the pod, and bytes go by the API server and the \
         kubelet to localhost in that pod. “Helped” is what Portolan held, or dialled again.\n\n## The ways\n\n{ways}\n\
         ## What happened\n\n{account}"
    )
}

fn asked(asking: &Asking) -> String {
    let every = Duration::from_millis(asking.every_ms.into());
    let what = match asking.method {
        Method::Get => format!("GET {}", asking.path),
        Method::Head => format!("HEAD {}", asking.path),
        Method::Connect => "a connection, and nothing sent over it,".into(),
    };
    format!("Each lane is asked {what} every {} over a fresh connection.", span(every))
}

fn row(lane: &Lane, view: &ComparisonView) -> String {
    let Score { answered, helped, lost, .. } = lane.total;
    let took = |us: Option<u64>| us.map_or_else(|| "–".to_owned(), |us| span(Duration::from_micros(us)));
    let pods: Vec<String> = lane
        .by_pod
        .iter()
        .filter_map(|(place, count)| {
            let met = view.pods.get(usize::try_from(*place).ok()?)?;
            Some(format!("{} {count}", met.name))
        })
        .collect();
    let pods = if pods.is_empty() { "not known".to_owned() } else { pods.join(", ") };
    let address = if lane.address.is_empty() { "not open" } else { &lane.address };
    let [p50, p95, longest] = [lane.total.p50_us, lane.total.p95_us, lane.total.longest_us].map(took);
    format!(
        "| {} | {address} | {answered} | {helped} | {lost} | {p50} | {p95} | {longest} | {pods} | {} |\n",
        name(lane.kind),
        lane.cuts
    )
}

fn way(lane: &Lane) -> String {
    let hops: Vec<String> =
        lane.way.iter().map(|hop| if hop.down { format!("~~{}~~", hop.value) } else { hop.value.clone() }).collect();
    format!("- {}: {}\n", name(lane.kind), hops.join(" · "))
}

/// Times are told from the beginning: whoever reads it lives in another zone.
fn line(entry: &AccountEntry, opened_at: u64) -> String {
    let after = Duration::from_millis(entry.at.saturating_sub(opened_at));
    format!("- {:.1} s: {}\n", after.as_secs_f64(), entry.text)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::{
        compare::view::{
            ComparisonState, Experiment, Happened, Hop, HopKind, HttpBy, Kept, LaneKind, Outcome, Permission, PodMet,
        },
        context::ContextId,
        row::RowPort,
    };

    pub(in crate::compare) fn view() -> ComparisonView {
        let port = RowPort { name: "http".into(), port: 80, target: None, node_port: None, protocol: "TCP".into() };
        let hop = |value: &str, down| Hop { kind: HopKind::Local, value: value.into(), down };
        let total = Score {
            answered: 7,
            helped: 2,
            lost: 1,
            p50_us: Some(2_100),
            p95_us: Some(180_000),
            longest_us: Some(1_250_000),
        };
        let lane = Lane {
            kind: LaneKind::Service,
            session: None,
            address: "127.0.0.1:41780".into(),
            way: vec![hop("127.0.0.1:41780", false), hop("web-1:80", true)],
            phase: None,
            recent: total,
            total,
            by_pod: vec![(1, 9)],
            kept: Kept::None,
            cuts: 3,
        };
        let node_port = Lane {
            kind: LaneKind::NodePort,
            address: String::new(),
            total: Score::default(),
            by_pod: Vec::new(),
            way: Vec::new(),
            cuts: 0,
            ..lane.clone()
        };
        let met = |name: &str| PodMet { uid: name.into(), name: name.into(), exists: true };
        let entry = AccountEntry { at: 11_500, lane: None, what: Happened::Verdict, text: "web-1 was deleted.".into() };
        ComparisonView {
            context: ContextId { source: "default".into(), name: "staging".into() },
            namespace: "shop".into(),
            service: "web".into(),
            port,
            asking: Asking { method: Method::Get, path: "/".into(), every_ms: 500, http_by: Some(HttpBy::Name) },
            state: ComparisonState::Running,
            opened_at: 10_000,
            lanes: vec![lane, node_port],
            pods: vec![met("web-1"), met("web-2")],
            experiment: Experiment { delete: Permission::Yes, pod: Some(0), demo: false },
            account: vec![entry],
            probes: 10,
        }
    }

    #[test]
    fn the_markdown_has_the_numbers_the_ways_and_the_story() {
        let text = markdown(&view());
        let lines = [
            "# svc/web:http: the Service beside a pod",
            "Context staging, namespace shop. Each lane is asked GET / every 500 ms over a fresh connection.",
            "| Service | 127.0.0.1:41780 | 7 | 2 | 1 | 2.1 ms | 180 ms | 1.2 s | web-2 9 | 3 |",
            "| NodePort | not open | 0 | 0 | 0 | – | – | – | not known | 0 |",
            "- Service: 127.0.0.1:41780 · ~~web-1:80~~",
            "- 1.5 s: web-1 was deleted.",
        ];
        for line in lines {
            assert!(text.lines().any(|there| there == line), "“{line}” is missing:\n{text}");
        }
    }

    #[test]
    fn the_json_is_the_view_and_its_probes_whole() {
        let outcome = Outcome::Held { status: Some(200) };
        let probe = Probe { number: 3, lane: LaneKind::Service, at: 5, took_us: 7, pod: Some(1), outcome };
        let text = json(&view(), std::slice::from_ref(&probe));
        let read: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::from_value::<ComparisonView>(read["comparison"].clone()).unwrap(), view());
        assert_eq!(serde_json::from_value::<Vec<Probe>>(read["probes"].clone()).unwrap(), [probe]);
    }
}
