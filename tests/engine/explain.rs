//! What the doctor says of a demo cluster: of Services that do not work, of those that do, and where nothing can be read.

use std::{fs, time::Duration};

use futures::future::try_join_all;
use portolan_demo::Options;
use portolan_engine::explain::view::{Explanation, FindingCode, ProbePorts};
use portolan_tests::{
    Result,
    ailing::{AILING, Ailing},
    cluster::NAMESPACE,
    eventually,
    site::Site,
};
use serde_json::{Value, json};

/// Pods have to start, and some to fail.
const LIMIT: Duration = Duration::from_secs(60);

async fn explain(site: &Site, service: &str) -> Result<Explanation> {
    let told = site.engine.explain(&site.context()?, NAMESPACE, service, ProbePorts::All).await;
    told.map_err(|problem| problem.to_string().into())
}

fn codes(explanation: &Explanation) -> Vec<FindingCode> {
    explanation.findings.iter().map(|finding| finding.code).collect()
}

async fn is_found(site: &Site, ailing: &Ailing) -> Result {
    let own = ailing.make(&site.cluster).await?;
    let mut last = Vec::new();
    let what = format!("{:?} is told", ailing.code);
    let told = eventually(&what, LIMIT, async || {
        let explanation = explain(site, own.name()).await?;
        let told = ailing.is_told(&explanation);
        last = explanation.findings;
        Ok(told.then_some(()))
    });
    let told = told.await;
    told.map_err(|error| format!("{error}: {last:#?}").into())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_with_a_service_is_found() -> Result {
    let site = Site::demo().await?;
    try_join_all(AILING.iter().map(|ailing| is_found(&site, ailing))).await?;
    Ok(())
}

#[tokio::test]
async fn nothing_is_found_wrong_with_services_that_work() -> Result {
    let site = Site::demo().await?;
    for service in ["web", "db"] {
        eventually(&format!("svc/{service} is well"), LIMIT, async || {
            let explanation = explain(&site, service).await?;
            Ok((explanation.findings.is_empty() && explanation.unread.is_empty()).then_some(()))
        })
        .await?;
        let anatomy = explain(&site, service).await?.anatomy;
        assert_eq!(anatomy.objects.len(), 3, "the Service, the template and a pod: {anatomy:?}");
        assert!(anatomy.joins.iter().all(|join| join.broken.is_none()), "{anatomy:?}");
    }
    Ok(())
}

/// The shop that people try has one of everything.
#[tokio::test]
async fn the_shop_shows_every_finding_that_a_cluster_can_show() -> Result {
    let site = Site::demo_with(Options { pace: 0.1, ..Options::default() }).await?;
    for (service, code) in [
        ("checkout", FindingCode::SelectorMatchesNothing),
        ("search", FindingCode::NoPodReady),
        ("paused", FindingCode::ScaledToZero),
        ("reports", FindingCode::TargetPortUnnamed),
        ("backend", FindingCode::TargetPortDiffers),
        ("old-api", FindingCode::NothingListens),
        ("admin", FindingCode::LocalhostOnly),
        ("ledger", FindingCode::PodIpOnly),
        ("legacy", FindingCode::NoSelector),
        ("mail", FindingCode::ExternalName),
        ("dns", FindingCode::NotTcp),
    ] {
        let mut last = Vec::new();
        let what = format!("svc/{service}: {code:?}");
        let told = eventually(&what, LIMIT, async || {
            last = codes(&explain(&site, service).await?);
            Ok((last == [code]).then_some(()))
        });
        let told = told.await;
        told.map_err(|error| format!("{error}: {last:?}"))?;
    }
    for service in ["web", "api", "orders-db", "cache", "partner"] {
        assert_eq!(codes(&explain(&site, service).await?), [], "svc/{service}");
    }
    Ok(())
}

#[tokio::test]
async fn what_stands_before_the_service_is_found() -> Result {
    let site = Site::demo().await?;
    assert_eq!(codes(&explain(&site, "wbe").await?), [FindingCode::ServiceNotFound]);
    let faults = site.as_demo()?.faults();
    let verbs = ["create", "get"].map(|verb| (verb.to_owned(), "pods/portforward".to_owned()));
    faults.set(|faulty| faulty.forbidden = verbs.to_vec());
    // A healthy Service, which this user cannot forward to.
    eventually("the right that misses is told", LIMIT, async || {
        Ok((codes(&explain(&site, "web").await?) == [FindingCode::Forbidden]).then_some(()))
    })
    .await?;
    faults.set(|faulty| faulty.forbidden.clear());
    faults.set(|faulty| faulty.away = true);
    assert_eq!(codes(&explain(&site, "web").await?), [FindingCode::Unreachable]);
    faults.set(|faulty| faulty.away = false);
    site.as_demo()?.server().expire_tokens()?;
    assert_eq!(codes(&explain(&site, "web").await?), [FindingCode::Login]);
    Ok(())
}

#[tokio::test]
async fn what_may_not_be_read_is_named_and_nothing_is_concluded_from_it() -> Result {
    let site = Site::demo().await?;
    let rules = [("list", "pods"), ("list", "nodes"), ("get", "services/proxy")];
    let forbidden = rules.map(|(verb, resource)| (verb.to_owned(), resource.to_owned())).to_vec();
    site.as_demo()?.faults().set(|faulty| faulty.forbidden = forbidden);
    for service in ["web", "miss", "badport"] {
        let explanation = explain(&site, service).await?;
        assert_eq!(codes(&explanation), [], "svc/{service}: {:?}", explanation.findings);
        let unread: Vec<&str> = explanation.unread.iter().map(|unread| unread.what.as_str()).collect();
        assert_eq!(unread, ["nodes", "pods in shop"], "svc/{service}");
    }
    Ok(())
}

#[tokio::test]
async fn a_login_whose_program_is_missing_is_told_with_where_it_was_looked_for() -> Result {
    let site = Site::demo().await?;
    let mut config: Value = serde_json::from_slice(&fs::read(site.as_demo()?.kubeconfig())?)?;
    config["users"][0]["user"] = json!({ "exec": {
        "apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never", "command": "portolan-no-such-login",
    }});
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("config");
    fs::write(&path, config.to_string())?;
    let found = explain(&site.known_by(&path), "web").await?.findings;
    assert_eq!(found.iter().map(|finding| finding.code).collect::<Vec<_>>(), [FindingCode::PluginMissing]);
    let read: Vec<_> = found[0].evidence.iter().map(|read| (read.field.as_str(), read.value.as_str())).collect();
    assert_eq!(read[0], ("exec.command", "portolan-no-such-login"));
    assert!(read[1].0 == "PATH" && !read[1].1.is_empty(), "{read:?}");
    Ok(())
}
