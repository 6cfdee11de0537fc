//! The comparison on a demo cluster: what a deletion costs each way, and what is never done unasked.

use std::{collections::HashSet, time::Duration};

use portolan_engine::{
    compare::view::{
        ComparisonState, ComparisonView, Happened, Kept, Lane, LaneKind, Method, NotStarted, Outcome, Permission,
    },
    error::Code,
    forward::PortRef,
    phase::Phase,
};
use portolan_tests::{Result, cluster::NAMESPACE, eventually, site::Site, temporary::Temporary};
use tokio::{net::TcpStream, runtime::Handle, time::timeout};

const LIMIT: Duration = Duration::from_secs(60);

async fn compare(site: &Site, service: &str, port: &str) -> Result {
    let port = port.parse().map_or_else(|_| PortRef::Name(port.into()), PortRef::Number);
    let opened = site.engine.compare(site.context()?, NAMESPACE.into(), service.into(), port).await;
    opened.map_err(|problem| problem.to_string().into())
}

/// Waits until the comparison shows what is looked for; returns that.
async fn until<T>(site: &Site, what: &str, look: impl Fn(&ComparisonView) -> Option<T>) -> Result<T> {
    let mut views = site.engine.comparison().ok_or("no comparison is open")?;
    let shown = timeout(LIMIT, async {
        loop {
            if let Some(found) = look(&views.borrow_and_update()) {
                return Ok(found);
            }
            views.changed().await?;
        }
    });
    match shown.await {
        Ok(found) => found,
        Err(_) => Err(format!("waited in vain until {what}: {:#?}", views.borrow().clone()).into()),
    }
}

fn lane(view: &ComparisonView, kind: LaneKind) -> Result<&Lane> {
    Ok(view.lanes.iter().find(|lane| lane.kind == kind).ok_or("the lane is not there")?)
}

fn told(view: &ComparisonView, what: Happened) -> Vec<String> {
    view.account.iter().filter(|entry| entry.what == what).map(|entry| entry.text.clone()).collect()
}

/// All lanes have answered some probes and keep a connection open.
fn at_work(view: &ComparisonView) -> Option<ComparisonView> {
    let works = |lane: &Lane| lane.total.answered >= 4 && matches!(lane.kept, Kept::Open { .. });
    view.lanes.iter().all(works).then(|| view.clone())
}

/// Deletes the pod that the button names; its name.
async fn delete(site: &Site, view: &ComparisonView) -> Result<String> {
    let place = view.experiment.pod.ok_or("the button names no pod")?;
    let pod = &view.pods[place as usize];
    site.engine.delete_pod(&pod.uid).await.map_err(|problem| problem.to_string())?;
    Ok(pod.name.clone())
}

async fn verdict(site: &Site) -> Result<(ComparisonView, String)> {
    until(site, "a verdict is given", |view| Some((view.clone(), told(view, Happened::Verdict).pop()?))).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_pod_breaks_the_direct_tunnel_and_costs_the_service_nothing() -> Result {
    let site = Site::demo().await?;
    site.cluster.until_ready("app=web", 3, &HashSet::new()).await?;
    compare(&site, "web", "http").await?;
    let before = until(&site, "all lanes answer", at_work).await?;
    let kinds: Vec<LaneKind> = before.lanes.iter().map(|lane| lane.kind).collect();
    assert_eq!(kinds, [LaneKind::Service, LaneKind::Pod, LaneKind::NodePort]);
    assert_eq!(before.experiment.delete, Permission::Yes);
    let direct = lane(&before, LaneKind::Pod)?;
    assert_eq!(direct.by_pod.iter().map(|(pod, _)| Some(*pod)).collect::<Vec<_>>(), [before.experiment.pod]);
    // Its pods say who they are, so that who answered at the node port is known.
    let node_port = lane(&before, LaneKind::NodePort)?;
    assert_eq!(node_port.by_pod.iter().map(|(_, count)| count).sum::<u64>(), node_port.total.answered);

    let deleted = delete(&site, &before).await?;
    let (view, verdict) = verdict(&site).await?;
    let direct = lane(&view, LaneKind::Pod)?;
    assert!(matches!(direct.phase, Some(Phase::Broken { .. })), "{direct:?}");
    assert!(direct.total.lost > 0 && direct.address.is_empty(), "{direct:?}");
    let service = lane(&view, LaneKind::Service)?;
    assert_eq!(service.total.lost, 0, "{:#?}", view.account);
    assert!(verdict.starts_with(&format!("{deleted} was deleted. Direct pod: broken after ")), "{verdict}");
    // Whether its last probes before had met that pod is left to chance.
    let service = [" probes lost. Service: moved to ", " probes lost. Service: stayed with "];
    assert!(service.iter().any(|words| verdict.contains(words)) && verdict.contains(", 0 lost, "), "{verdict}");
    assert!(told(&view, Happened::PodDeleted)[0].starts_with(&format!("{deleted} is deleted from here.")));
    let cut = told(&view, Happened::Cut);
    assert!(
        cut.iter().any(|text| text.starts_with(&format!("Direct pod: the open connection to {deleted} was cut"))),
        "{cut:?}"
    );
    assert_eq!(direct.cuts, 1);
    let place = view.experiment.pod.ok_or("nothing is left to delete")?;
    assert!(view.pods[place as usize].exists && view.pods[place as usize].name != deleted);

    let probes = site.engine.probes(0);
    assert_eq!(probes.first().map(|probe| probe.number), Some(1));
    assert_eq!(site.engine.probes(5).first().map(|probe| probe.number), Some(6));
    let lost = probes.iter().filter(|probe| matches!(probe.outcome, Outcome::Lost { .. }));
    assert!(lost.clone().any(|probe| probe.lane == LaneKind::Pod));
    assert!(lost.into_iter().all(|probe| probe.lane != LaneKind::Service));
    let report = site.engine.comparison_markdown().map_err(|problem| problem.to_string())?;
    assert!(report.contains(&verdict), "{report}");
    site.engine.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_portolan_held_is_no_plain_success() -> Result {
    let site = Site::demo().await?;
    let own = Temporary::new("compare");
    own.deployment(&site.cluster, 1).await?;
    own.service(&site.cluster).await?;
    site.cluster.until_ready(&own.labels(), 1, &HashSet::new()).await?;
    compare(&site, own.name(), "80").await?;
    let before = until(&site, "both lanes answer", at_work).await?;
    assert_eq!(before.lanes.len(), 2, "there is no node port");
    site.cluster.scale(own.name(), 0).await?;
    let waits = |view: &ComparisonView| {
        let service = lane(view, LaneKind::Service).ok()?;
        matches!(service.phase, Some(Phase::Waiting { .. })).then_some(())
    };
    until(&site, "the Service has no pod", waits).await?;
    let gone = told(&site.engine.comparison().ok_or("closed")?.borrow(), Happened::PodDeleted);
    assert!(gone.len() == 1 && gone[0].contains("not from here"), "{gone:?}");
    // Held probes are under way when there is a pod again.
    let sent = site.engine.probes(0).len();
    eventually("the direct tunnel has lost two more", LIMIT, async || {
        Ok((site.engine.probes(0).len() >= sent + 2).then_some(()))
    })
    .await?;
    site.cluster.scale(own.name(), 1).await?;
    let helped = |view: &ComparisonView| {
        let service = lane(view, LaneKind::Service).ok()?;
        (service.total.helped > 0).then(|| service.clone())
    };
    let service = until(&site, "a held probe is answered", helped).await?;
    assert_eq!(service.total.lost, 0);
    let (_, verdict) = verdict(&site).await?;
    assert!(verdict.contains(" held by Portolan, longest wait "), "{verdict}");
    site.engine.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_asked_of_a_protected_cluster_or_a_port_that_is_not_http_without_the_users_word() -> Result {
    let site = Site::demo().await?;
    site.cluster.until_ready("app=web", 3, &HashSet::new()).await?;
    let context = site.context()?;
    site.engine.protect(&context, true).await.map_err(|problem| problem.to_string())?;
    for (port, because) in
        [("http", NotStarted::Protected), ("banner", NotStarted::Protected), ("banner", NotStarted::NotHttp)]
    {
        if because == NotStarted::NotHttp {
            site.engine.protect(&context, false).await.map_err(|problem| problem.to_string())?;
        }
        compare(&site, "web", port).await?;
        let active = |view: &ComparisonView| {
            let active = |lane: &Lane| lane.phase.as_ref().is_none_or(|phase| matches!(phase, Phase::Active { .. }));
            view.lanes.iter().all(active).then(|| view.clone())
        };
        let view = until(&site, "both tunnels are active", active).await?;
        assert_eq!(view.state, ComparisonState::NotStarted { because });
        // Longer than two probes of HTTP take: that none comes can only be waited for.
        tokio::time::sleep(Duration::from_millis(1_200)).await;
        assert_eq!(site.engine.probes(0), []);
        for lane in &view.lanes {
            let Some(id) = lane.session else { continue };
            let counters = site.engine.sessions().watch(id).ok_or("no session")?.borrow().counters;
            assert_eq!((counters.open, counters.served, counters.bytes_up), (0, 0, 0), "{lane:?}");
        }
        if because == NotStarted::Protected {
            assert_eq!(view.experiment.delete, Permission::Protected);
            let refused = site.engine.delete_pod(&view.pods[0].uid).await;
            assert_eq!(refused.map_err(|problem| problem.code), Err(Code::Protected));
        }
        site.engine.start_comparison().map_err(|problem| problem.to_string())?;
        let answered = |view: &ComparisonView| {
            let all = |lane: &Lane| lane.total.answered > 0;
            view.lanes.iter().all(all).then(|| view.clone())
        };
        let view = until(&site, "probes are answered", answered).await?;
        assert_eq!(view.asking.method, if port == "http" { Method::Get } else { Method::Connect });
        if port == "banner" {
            assert!(view.lanes.iter().all(|lane| lane.kept == Kept::None), "{:?}", view.lanes);
            let service = lane(&view, LaneKind::Service)?.session.ok_or("no session")?;
            let counters = site.engine.sessions().watch(service).ok_or("no session")?.borrow().counters;
            assert_eq!(counters.bytes_up, 0, "not one byte is sent");
        }
    }
    let others = site.engine.delete_pod("of somebody else").await;
    assert_eq!(others.map_err(|problem| problem.code), Err(Code::PodGone));
    let rolled = site.engine.roll().await;
    assert_eq!(rolled.map_err(|problem| problem.code), Err(Code::Demo), "it is not marked as the demo cluster");
    site.engine.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_leaves_nothing() -> Result {
    let site = Site::demo().await?;
    site.cluster.until_ready("app=web", 3, &HashSet::new()).await?;
    let mut alive = Vec::new();
    for round in 0..3 {
        compare(&site, "web", "http").await?;
        let view = until(&site, "all lanes answer", at_work).await?;
        site.engine.close_comparison().await;
        assert!(site.engine.comparison().is_none() && site.engine.probes(0).is_empty());
        assert_eq!(site.engine.start_comparison().map_err(|problem| problem.code), Err(Code::NoComparison));
        assert_eq!(site.engine.feed().keys("comparison"), [""; 0]);
        assert_eq!(site.engine.feed().keys("session/"), [""; 0]);
        for lane in view.lanes.iter().filter(|lane| lane.session.is_some()) {
            assert!(TcpStream::connect(&lane.address).await.is_err(), "{} is still open", lane.address);
        }
        // The first leaves connections to the API server for the next; those after it leave no more.
        let tasks = || Handle::current().metrics().num_alive_tasks();
        if round > 0 {
            eventually("its tasks have ended", LIMIT, async || Ok((tasks() <= alive[0] + 2).then_some(()))).await?;
        }
        // Those of the demo cluster end a moment later.
        tokio::time::sleep(Duration::from_secs(3)).await;
        alive.push(tasks());
    }
    site.engine.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deployment_of_the_demo_cluster_is_rolled_and_the_next_comparison_takes_the_place_of_the_first() -> Result {
    let site = Site::demo().await?;
    site.cluster.until_ready("app=web", 3, &HashSet::new()).await?;
    site.engine.mark_demo(&site.context()?);
    compare(&site, "web", "echo").await?;
    compare(&site, "web", "http").await?;
    let before = until(&site, "all lanes answer", at_work).await?;
    assert!(before.experiment.demo);
    assert_eq!(site.engine.feed().keys("session/").len(), 2, "those of the first are gone");
    site.engine.roll().await.map_err(|problem| problem.to_string())?;
    let (view, verdict) = verdict(&site).await?;
    assert_eq!(told(&view, Happened::Rolled), ["deploy/web is rolled: its pods are replaced one after another."]);
    assert!(verdict.contains(" were deleted. Direct pod: broken after "), "{verdict}");
    assert_eq!(lane(&view, LaneKind::Service)?.total.lost, 0, "{:#?}", view.account);
    for (service, port, code) in [
        ("nope", "http", Code::TargetNotFound),
        ("web", "99", Code::PortNotFound),
        ("ext", "80", Code::ExternalName),
        ("dns", "dns", Code::NotTcp),
    ] {
        let port = port.parse().map_or_else(|_| PortRef::Name(port.into()), PortRef::Number);
        let refused = site.engine.compare(site.context()?, NAMESPACE.into(), service.into(), port).await;
        assert_eq!(refused.map_err(|problem| problem.code), Err(code), "{service}");
        assert!(site.engine.comparison().is_none());
    }
    site.engine.shutdown().await;
    Ok(())
}
