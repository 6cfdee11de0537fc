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
