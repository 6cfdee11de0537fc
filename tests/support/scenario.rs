//! What a tunnel must do on any Kubernetes: one source, run on the demo cluster (`tests/engine`) and on a real one
//! (`tests/cluster`). Where they differ, the demo cluster is wrong.

use std::collections::HashSet;

use futures::future::try_join_all;
use k8s_openapi::api::apps::v1::Deployment;
use kube::api::{Patch, PatchParams};
use portolan_engine::{error::Code, phase::Phase};
use serde_json::json;
use tokio::io::AsyncReadExt;

use crate::{
    Result, carries,
    cluster::{Cluster, Delete, uid},
    site::{Site, Tunnel},
    temporary::Temporary,
};

const MEBIBYTE: usize = 1 << 20;

/// A target, its HTTP, echo and speaks-first ports, and how the names of its pods begin.
pub type Carried = (&'static str, [&'static str; 3], &'static str);

/// Every kind of target: see `tests/cluster/manifests/web.yaml`.
pub const TARGETS: [Carried; 10] = [
    ("svc/web", [":8080", ":echo", ":banner"], "web-"),
    ("deploy/web", [":http", ":7", ":2525"], "web-"),
    ("statefulset/db", [":80", ":echo", ":banner"], "db-0"),
    ("ds/agent", [":http", ":7", ":2525"], "agent-"),
    ("rs/rsweb", [":80", ":7", ":banner"], "rsweb-"),
    ("rc/legacy", [":80", ":echo", ":2525"], "legacy-"),
    ("jobs/task", [":http", ":echo", ":banner"], "task-"),
    ("pod/solo", [":80", ":7", ":banner"], "solo"),
    ("-l app=web", [":http", ":echo", ":2525"], "web-"),
    ("svc/db", [":2525", ":2525", ":2525"], "db-0"),
];

/// Every kind of target carries requests, bulk both ways, a server that speaks first, and a hundred connections.
///
/// # Errors
/// At the first that does not.
pub async fn every_target_carries(site: &Site) -> Result {
    try_join_all(TARGETS.map(async |(target, ports, pods)| {
        carries_all(site, target, ports, pods).await.map_err(|error| format!("{target}: {error}"))
    }))
    .await?;
    Ok(())
}

async fn carries_all(site: &Site, target: &str, ports: [&str; 3], pods: &str) -> Result {
    // A headless Service has the one port.
    let distinct: Vec<&str> = if ports[0] == ports[2] { vec![ports[0]] } else { ports.to_vec() };
    let mut tunnel = site.open(target, &distinct).await?;
    tunnel.until_active().await?;
    let banner = tunnel.ports[tunnel.ports.len() - 1];
    let mut answered = vec![carries::banner(banner).await?];
    if let [http, echo, _] = tunnel.ports[..] {
        answered.push(carries::http_get(http).await?);
        answered.push(carries::http_get_to_the_end(http).await?);
        carries::echo(echo, MEBIBYTE).await?;
        carries::hundred(echo).await?;
    }
    for pod in answered {
        if !pod.starts_with(pods) {
            return Err(format!("“{pod}” answered, which is no pod of it").into());
        }
    }
    tunnel.stop().await;
    Ok(())
}

/// A tunnel to a Service, a workload or labels outlives each of its pods, whether they go kindly or at once.
///
/// # Errors
/// When a request fails, or the old pod answers on.
pub async fn survives_its_pods(site: &Site) -> Result {
    for (kind, replicas, how) in [
        ("svc", 2, Delete::Kindly),
        ("svc", 1, Delete::AtOnce),
        ("deploy", 2, Delete::AtOnce),
        ("-l", 1, Delete::Kindly),
    ] {
        let survived = survives(site, kind, replicas, how).await;
        survived.map_err(|error| format!("{kind} with {replicas}, {how:?}: {error}"))?;
    }
    Ok(())
}

async fn survives(site: &Site, kind: &str, replicas: usize, how: Delete) -> Result {
    let own = with_pods(&site.cluster, "scenario", replicas).await?;
    let mut tunnel = open(site, kind, &own).await?;
    tunnel.until_active().await?;
    let mut open = carries::connect(tunnel.ports[1]).await?;
    carries::echo_over(&mut open, 1, 1000).await?;
    let first = carries::http_get(tunnel.port()).await?;
    site.cluster.delete_pod(&first, how).await?;
    for _ in 0..10 {
        let answered = carries::http_get(tunnel.port()).await?;
        // Until the deletion is seen here, the pod may still answer; never after its end.
        if answered != first && !answered.starts_with(own.name()) {
            return Err(format!("“{answered}” is none of its pods").into());
        }
    }
    site.cluster.until_gone(&first).await?;
    let second = carries::http_get(tunnel.port()).await?;
    if second == first {
        return Err(format!("“{first}” answers though it is gone").into());
    }
    tunnel.stop().await;
    Ok(())
}

/// Requests through a whole rollout: none fails, and in the end only new pods answer.
///
/// # Errors
/// When one does.
pub async fn survives_a_rollout(site: &Site) -> Result {
    let own = with_pods(&site.cluster, "rollout", 2).await?;
    let mut tunnel = open(site, "svc", &own).await?;
    tunnel.until_active().await?;
    let before: HashSet<String> = site.cluster.ready_pods(&own.labels()).await?.iter().map(uid).collect();
    let again = json!({"spec": {"template": {"metadata": {"annotations": {"restarted": "1"}}}}});
    let patch = Patch::Strategic(again);
    site.cluster.objects::<Deployment>().patch(own.name(), &PatchParams::default(), &patch).await?;
    let (port, labels) = (tunnel.port(), own.labels());
    let rolled = site.cluster.until_ready(&labels, 2, &before);
    let asking = async {
        loop {
            carries::http_get(port).await?;
        }
    };
    let after = tokio::select! {
        after = rolled => after?,
        failed = asking => return failed,
    };
    let new: HashSet<String> = after.iter().filter_map(|pod| pod.metadata.name.clone()).collect();
    site.cluster.until_only(&labels, &new).await?;
    for _ in 0..10 {
        let answered = carries::http_get(port).await?;
        if !new.contains(&answered) {
            return Err(format!("“{answered}” answered after the rollout; its pods are {new:?}").into());
        }
    }
    tunnel.stop().await;
    Ok(())
}

/// A tunnel to one pod ends with that pod: it says so, its port is free, and what was open ends.
///
/// # Errors
/// When it goes on.
pub async fn a_direct_tunnel_ends_with_its_pod(site: &Site) -> Result {
    let own = Temporary::new("direct");
    own.pod(&site.cluster).await?;
    site.cluster.until_ready(&own.labels(), 1, &HashSet::new()).await?;
    let mut tunnel = site.open(&format!("pod/{}", own.name()), &[":80", ":7"]).await?;
    tunnel.until_active().await?;
    let mut open = carries::connect(tunnel.ports[1]).await?;
    carries::echo_over(&mut open, 1, 100).await?;
    site.cluster.delete_pod(own.name(), Delete::AtOnce).await?;
    let broken = |view: &portolan_engine::session::view::SessionView| match &view.phase {
        Phase::Broken { reason } => Some(reason.code),
        _ => None,
    };
    let code = tunnel.until("it is broken", broken).await?;
    if code != Code::PodGone {
        return Err(format!("it is broken for another reason: {code:?}").into());
    }
    let rest = open.read(&mut [0]).await;
    if matches!(rest, Ok(1..)) {
        return Err("what was open goes on".into());
    }
    // Whether the port is free cannot be tried: others run beside this, and may have it already.
    tunnel.until("it listens no more", |view| view.listeners.is_empty().then_some(())).await?;
    tunnel.stop().await;
    Ok(())
}

/// A container that ends by itself is restarted in its pod, and the tunnel serves on.
///
/// # Errors
/// When it does not.
pub async fn survives_a_restart_in_its_pod(site: &Site) -> Result {
    let own = with_pods(&site.cluster, "restart", 1).await?;
    let mut tunnel = site.open(&format!("deploy/{}", own.name()), &[":80", ":86"]).await?;
    tunnel.until_active().await?;
    let first = carries::http_get(tunnel.port()).await?;
    let mut ends = carries::connect(tunnel.ports[1]).await?;
    // It ends without an answer, one way or the other.
    let _ = ends.read(&mut [0]).await;
    let second = carries::http_get(tunnel.port()).await?;
    if second != first {
        return Err(format!("“{second}” answered and not “{first}”").into());
    }
    tunnel.stop().await;
    Ok(())
}

async fn with_pods(cluster: &Cluster, what: &str, replicas: usize) -> Result<Temporary> {
    let own = Temporary::new(what);
    own.deployment(cluster, replicas).await?;
    own.service(cluster).await?;
    cluster.until_ready(&own.labels(), replicas, &HashSet::new()).await?;
    Ok(own)
}

async fn open<'a>(site: &'a Site, kind: &str, own: &Temporary) -> Result<Tunnel<'a>> {
    let target = if kind == "-l" { format!("-l {}", own.labels()) } else { format!("{kind}/{}", own.name()) };
    site.open(&target, &[":80", ":7"]).await
}

/// The scenarios as tests, each on a site of its own: `scenarios!(Site::demo;)`, with attributes after the semicolon.
#[macro_export]
macro_rules! scenarios {
    ($site:path; $(#[$attribute:meta])*) => {
        $crate::scenarios!(@ $site; [$(#[$attribute])*] every_target_carries survives_its_pods survives_a_rollout
            a_direct_tunnel_ends_with_its_pod survives_a_restart_in_its_pod);
    };
    (@ $site:path; $attributes:tt $($name:ident)*) => {$(
        $crate::scenarios!(@@ $site; $attributes $name);
    )*};
    (@@ $site:path; [$($attribute:tt)*] $name:ident) => {
        $($attribute)*
        // Two threads: dropping what a test has made waits for the cluster, which may be in this process.
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() -> $crate::Result {
            $crate::scenario::$name(&$site().await?).await
        }
    };
}
