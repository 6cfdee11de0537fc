//! Whether each way to a Service answers from this machine, on a cluster whose nodes it reaches.

use portolan_engine::explain::{
    paths,
    view::{AccessPath, PathKind, Verdict},
};
use portolan_tests::{Result, site::Site};

async fn ways(site: &Site, service: &str) -> Result<Vec<AccessPath>> {
    let cluster = site.engine.cluster(&site.context()?).await?;
    Ok(paths::now(&cluster, "shop", service).await.map_err(|problem| problem.message)?)
}

/// The first of a kind that leads to this port.
fn of(ways: &[AccessPath], kind: PathKind, port: u16) -> Result<&AccessPath> {
    let found = ways.iter().find(|way| way.kind == kind && way.port == Some(port));
    found.ok_or_else(|| format!("there is no {kind:?} to {port} in {ways:?}").into())
}

fn answers(way: &AccessPath) -> Option<&str> {
    match &way.verdict {
        Verdict::Answers { what, .. } => Some(what),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a Kubernetes: see README, Tests"]
async fn ways_out_of_the_cluster_answer_and_what_the_detour_costs_is_measured() -> Result {
    let ways = ways(&Site::real().await?, "web").await?;
    for kind in [PathKind::ServiceTunnel, PathKind::PodTunnel, PathKind::ApiProxy, PathKind::NodePort] {
        let way = of(&ways, kind, 8080)?;
        assert_eq!(answers(way), Some("200 OK"), "{way:?}");
        assert_eq!(way.price.contains(" ms against "), kind != PathKind::NodePort, "{way:?}");
        eprintln!("{kind:?}: {:?}, {}", way.verdict, way.price);
    }
    // Nothing is sent to what does not look like HTTP: a connection is an answer.
    for kind in [PathKind::ServiceTunnel, PathKind::PodTunnel, PathKind::NodePort] {
        let way = of(&ways, kind, 2525)?;
        assert_eq!(answers(way), Some("connected"), "{way:?}");
    }
    assert_eq!(of(&ways, PathKind::ClusterIp, 8080)?.verdict, Verdict::InClusterOnly);
    let proxy = &of(&ways, PathKind::ApiProxy, 2525)?.verdict;
    assert!(matches!(proxy, Verdict::NotProbed { why } if why.contains("does not look like HTTP")), "{proxy:?}");
    let node = of(&ways, PathKind::NodePort, 8080)?;
    assert!(node.address.ends_with(":30080") && node.way.len() == 3 && node.way[2].ends_with(":80 (of 3)"), "{node:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a Kubernetes: see README, Tests"]
async fn a_service_without_endpoints_says_on_each_way_why_it_does_not_answer() -> Result {
    let ways = ways(&Site::real().await?, "miss").await?;
    let verdict = |kind| of(&ways, kind, 80).map(|way| &way.verdict);
    let tunnel = verdict(PathKind::ServiceTunnel)?;
    assert_eq!(*tunnel, Verdict::NotProbed { why: "there is no ready pod".into() });
    let proxy = verdict(PathKind::ApiProxy)?;
    assert!(
        matches!(proxy, Verdict::Silent { why } if why.starts_with("503 Service Unavailable: no endpoints available")),
        "{proxy:?}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a Kubernetes: see README, Tests"]
async fn names_and_ports_that_are_not_tcp_are_told_and_not_asked() -> Result {
    let site = Site::real().await?;
    let db = ways(&site, "db").await?;
    let names: Vec<&str> =
        db.iter().filter(|way| way.kind == PathKind::HeadlessName).map(|way| way.address.as_str()).collect();
    assert_eq!(names, ["db.shop.svc.cluster.local", "db-0.db.shop.svc.cluster.local"]);
    assert_eq!(answers(of(&db, PathKind::PodTunnel, 2525)?), Some("connected"));
    let dns = ways(&site, "dns").await?;
    let tunnel = of(&dns, PathKind::ServiceTunnel, 53)?;
    assert!(
        !tunnel.configured && matches!(&tunnel.verdict, Verdict::NotProbed { why } if why.contains("TCP only")),
        "{tunnel:?}"
    );
    assert_eq!(answers(of(&dns, PathKind::ServiceTunnel, 54)?), Some("connected"));
    Ok(())
}
