//! Whether each way to a Service answers from this machine. Each test has a demo cluster of its own: the node `harbour-1` is
//! this machine, and nothing answers at `harbour-2`.

use std::{collections::HashSet, fs};

use portolan_demo::{Dials, Options};
use portolan_engine::explain::{
    paths,
    view::{AccessPath, PathKind, Verdict},
};
use portolan_tests::{Result, site::Site};

async fn shop() -> Result<Site> {
    let site = Site::demo_with(Options { pace: 0.1, ..Options::default() }).await?;
    for (app, pods) in [("web", 3), ("orders-db", 2)] {
        site.cluster.until_ready(&format!("app={app}"), pods, &HashSet::new()).await?;
    }
    Ok(site)
}

async fn ways(site: &Site, service: &str) -> Result<Vec<AccessPath>> {
    let cluster = site.engine.cluster(&site.context()?).await?;
    Ok(paths::now(&cluster, "shop", service).await.map_err(|problem| problem.message)?)
}

/// The first of a kind, which is there.
fn of(ways: &[AccessPath], kind: PathKind) -> Result<&AccessPath> {
    let found = ways.iter().find(|way| way.kind == kind && way.configured);
    found.ok_or_else(|| format!("there is no {kind:?} in {ways:?}").into())
}

/// What it answered, or why it did not.
fn told(way: &AccessPath) -> String {
    match &way.verdict {
        Verdict::Answers { what, .. } => format!("answers {what}"),
        Verdict::Silent { why } => format!("silent: {why}"),
        Verdict::NotProbed { why } => format!("not asked: {why}"),
        Verdict::InClusterOnly => "in the cluster only".into(),
        Verdict::NotConfigured => "not there".into(),
    }
}

const BY_API: [PathKind; 3] = [PathKind::ServiceTunnel, PathKind::PodTunnel, PathKind::ApiProxy];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ways_that_lead_out_of_the_cluster_answer_and_the_others_are_not_asked() -> Result {
    let site = shop().await?;
    let ways = ways(&site, "web").await?;
    for kind in BY_API {
        let way = of(&ways, kind)?;
        let Verdict::Answers { took_us, what } = &way.verdict else { panic!("{way:?}") };
        assert!(what == "200 OK" && (1..2_000_000).contains(took_us), "{way:?}");
        // Both answer: what the detour costs was measured, and that is how long it takes.
        let median = format!("; {}.{} ms against ", (took_us + 50) / 1000, (took_us + 50) / 100 % 10);
        assert!(way.price.contains(&median), "{way:?}");
        assert!(way.price.contains(" ms against ") && way.price.ends_with(" by the node port"), "{}", way.price);
    }
    assert_eq!(told(of(&ways, PathKind::ClusterIp)?), "in the cluster only");
    let nodes: Vec<&AccessPath> = ways.iter().filter(|way| way.kind == PathKind::NodePort).collect();
    let at = |host: &str| {
        let found = nodes.iter().find(|way| way.address.starts_with(&format!("{host}:")));
        found.map(|way| told(way)).ok_or_else(|| format!("no {host} in {nodes:?}"))
    };
    assert_eq!(at("127.0.0.1")?, "answers 200 OK");
    // Elsewhere than on Linux this machine has no such address, and says so in other words.
    let second = at("127.0.0.2")?;
    assert!(
        if cfg!(target_os = "linux") { second == "silent: refused" } else { second.starts_with("silent") },
        "{second}"
    );
    assert!(at("harbour-1")?.contains("does not know the name harbour-1"), "{}", at("harbour-1")?);
    for way in ways.iter().filter(|way| !way.configured) {
        assert_eq!(told(way), "not there", "{way:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_http_is_connected_to_and_nothing_more() -> Result {
    let site = shop().await?;
    let ways = ways(&site, "orders-db").await?;
    assert_eq!(told(of(&ways, PathKind::ServiceTunnel)?), "answers connected");
    assert_eq!(told(of(&ways, PathKind::PodTunnel)?), "answers connected");
    assert_eq!(told(of(&ways, PathKind::ApiProxy)?), "not asked: port 5432 does not look like HTTP");
    let names: Vec<&str> =
        ways.iter().filter(|way| way.kind == PathKind::HeadlessName).map(|way| way.address.as_str()).collect();
    assert_eq!(names.len(), 3, "{names:?}");
    assert!(
        names.contains(&"orders-db.shop.svc.cluster.local")
            && names.contains(&"orders-db-1.orders-db.shop.svc.cluster.local"),
        "{names:?}"
    );
    assert_eq!(told(of(&ways, PathKind::HeadlessName)?), "in the cluster only");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn why_a_way_does_not_answer_is_told_as_it_was_met() -> Result {
    let site = shop().await?;
    let table = [
        (
            Dials::Refuse,
            [
                "silent: connection refused in the pod",
                "silent: connection refused in the pod",
                "silent: 503 Service Unavailable: ",
            ],
        ),
        (Dials::Stall, ["silent: no answer within 2 s"; 3]),
    ];
    for (dials, expected) in table {
        site.as_demo()?.faults().set(|faulty| faulty.dials = dials);
        let ways = ways(&site, "web").await?;
        for (kind, expected) in BY_API.into_iter().zip(expected) {
            let told = told(of(&ways, kind)?);
            assert!(told.starts_with(expected), "{dials:?}, {kind:?}: {told}");
        }
        let node = told(of(&ways, PathKind::NodePort)?);
        let expected =
            if dials == Dials::Stall { "silent: no answer within 2 s" } else { "silent: the connection was" };
        assert!(node.starts_with(expected), "{dials:?}: {node}");
        assert!(!of(&ways, PathKind::ApiProxy)?.price.contains("against"), "nothing was to be measured");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_ready_pod_the_proxy_says_why_and_a_tunnel_to_the_pod_may_answer() -> Result {
    let site = shop().await?;
    let ways = ways(&site, "search").await?;
    assert_eq!(told(of(&ways, PathKind::ServiceTunnel)?), "not asked: there is no ready pod");
    let proxy = told(of(&ways, PathKind::ApiProxy)?);
    assert!(proxy.starts_with("silent: 503 Service Unavailable: no endpoints available"), "{proxy}");
    // Its program runs: that is how to look at what ails it.
    let pod = told(of(&ways, PathKind::PodTunnel)?);
    assert!(pod.starts_with("answers "), "{pod}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_user_may_not_do_is_told_in_the_servers_words() -> Result {
    let site = Site::demo().await?;
    site.cluster.until_ready("app=web", 3, &HashSet::new()).await?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("viewer.kubeconfig");
    fs::write(&file, site.as_demo()?.server().kubeconfig_of("viewer"))?;
    let site = site.known_by(&file);
    let ways = ways(&site, "web").await?;
    assert_eq!(told(of(&ways, PathKind::ServiceTunnel)?), "answers 200 OK");
    let proxy = told(of(&ways, PathKind::ApiProxy)?);
    assert!(proxy.starts_with("silent: 403 Forbidden: ") && proxy.contains("services/proxy"), "{proxy}");
    // Nodes may not be read: the pods say where theirs are.
    let node = of(&ways, PathKind::NodePort)?;
    assert!(node.way[0].ends_with("(harbour-1, hostIP)"), "{node:?}");
    let ingress = ways.iter().find(|way| way.kind == PathKind::Ingress).ok_or("no row for Ingress")?;
    assert_eq!(told(ingress), "not asked: Ingresses could not be read");
    Ok(())
}
