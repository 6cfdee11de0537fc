//! What the detour through the API server costs: the tunnels and the proxy beside the node port, measured.

use std::{collections::BTreeSet, time::Duration};

use portolan_wire::Warmth;
use tokio::time::timeout;

use crate::{
    cluster::Cluster,
    explain::{
        answer::Answer,
        ask::Ask,
        dial::How,
        view::{AccessPath, PathKind, Verdict},
    },
};

/// So often each is asked, one after another: a median of five is not moved by the one that was slow.
const TIMES: usize = 5;

/// For all of it, or nothing is told: it is a figure beside the verdicts, and those wait.
const PATIENCE: Duration = Duration::from_secs(5);

/// Measures, for each port whose node port and detours answer HTTP, and adds what came of it to the detours' price. What was
/// measured is also told as the time that each takes: the first answers came while everything else was asked.
pub(super) async fn tell(cluster: &Cluster, asked: &mut [(&mut AccessPath, &Ask)]) {
    let measured = timeout(PATIENCE, measure(cluster, asked)).await.unwrap_or_default();
    for Measured { straight, detours } in measured {
        for (at, median) in detours {
            let path = &mut asked[at].0;
            path.price = format!("{}; {} against {} by the node port", path.price, millis(median), millis(straight.1));
            takes(path, median);
        }
        takes(asked[straight.0].0, straight.1);
    }
}

fn takes(path: &mut AccessPath, median: u64) {
    if let Verdict::Answers { took_us, .. } = &mut path.verdict {
        *took_us = median;
    }
}

/// Ways to one port, by their places, and their medians in microseconds.
struct Measured {
    straight: (usize, u64),
    detours: Vec<(usize, u64)>,
}

async fn measure(cluster: &Cluster, asked: &[(&mut AccessPath, &Ask)]) -> Vec<Measured> {
    let comparable = comparable(asked);
    if comparable.is_empty() {
        return Vec::new();
    }
    // As a tunnel that is open has it: what carries a connection is there before the connection.
    let _warm: Vec<Warmth> = asked
        .iter()
        .filter_map(|(_, ask)| match ask {
            Ask::Tunnel { to, how: How::Get { .. } } => Some(cluster.connector.warm(to)),
            _ => None,
        })
        .collect();
    let mut measured = Vec::new();
    for (straight, detours) in comparable {
        let mut times = vec![Vec::new(); detours.len() + 1];
        for _ in 0..TIMES {
            for (at, times) in detours.iter().chain([&straight]).zip(&mut times) {
                if let Answer { took_us, said: Ok(_) } = asked[*at].1.answer(cluster).await {
                    times.push(took_us);
                }
            }
        }
        let medians: Vec<Option<u64>> = times.into_iter().map(median).collect();
        let Some(Some(beside)) = medians.last().copied() else { continue };
        let detours = detours.into_iter().zip(medians).filter_map(|(at, median)| Some((at, median?)));
        measured.push(Measured { straight: (straight, beside), detours: detours.collect() });
    }
    measured
}

/// Which ways can be set against each other: of each port a node port that answers HTTP, and the detours that do.
fn comparable(asked: &[(&mut AccessPath, &Ask)]) -> Vec<(usize, Vec<usize>)> {
    let ports: BTreeSet<u16> = asked.iter().filter_map(|(path, _)| path.port).collect();
    let of_port = |port: u16| {
        let answers = move |(path, ask): &(&mut AccessPath, &Ask)| {
            path.port == Some(port) && is_http(ask) && matches!(path.verdict, Verdict::Answers { .. })
        };
        let straight = asked.iter().position(|way| answers(way) && way.0.kind == PathKind::NodePort)?;
        let is_detour = |kind| matches!(kind, PathKind::ServiceTunnel | PathKind::PodTunnel | PathKind::ApiProxy);
        let detours = (0..asked.len()).filter(|at| answers(&asked[*at]) && is_detour(asked[*at].0.kind));
        Some((straight, detours.collect()))
    };
    ports.into_iter().filter_map(of_port).collect()
}

/// Only whole answers can be compared: that a connection is there means something else on each way.
fn is_http(ask: &Ask) -> bool {
    match ask {
        Ask::Proxy { .. } => true,
        Ask::Tunnel { how, .. } | Ask::Socket { how, .. } => matches!(how, How::Get { .. }),
        Ask::Front { .. } => false,
    }
}

/// `None` unless all were answered.
fn median(mut times: Vec<u64>) -> Option<u64> {
    times.sort_unstable();
    (times.len() == TIMES).then(|| times[TIMES / 2])
}

fn millis(micros: u64) -> String {
    let tenths = (micros + 50) / 100;
    format!("{}.{} ms", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_need_all_five() {
        assert_eq!(median(vec![9, 1, 5, 3, 1000]), Some(5));
        assert_eq!(median(vec![9, 1, 5, 3]), None);
    }

    #[test]
    fn times_have_one_decimal() {
        for (micros, expected) in
            [(0, "0.0 ms"), (849, "0.8 ms"), (950, "1.0 ms"), (2_140, "2.1 ms"), (120_000, "120.0 ms")]
        {
            assert_eq!(millis(micros), expected);
        }
    }
}
