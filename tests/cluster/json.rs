//! `forward --output json`: one object a line, for programs.

use std::{collections::HashSet, time::Duration};

use portolan_tests::{
    Result, carries,
    cluster::{Cluster, Delete, uid},
    command::{Portolan, Running},
    eventually,
    temporary::Temporary,
};
use serde_json::Value;

/// A pod may have to start meanwhile.
const LIMIT: Duration = Duration::from_secs(30);

/// Every line so far, each of which has to be an object.
fn events(stdout: &str) -> Result<Vec<Value>> {
    let parsed = stdout.lines().map(|line| {
        let value: Value = serde_json::from_str(line).map_err(|error| format!("{line:?} is not JSON: {error}"))?;
        if value.is_object() { Ok(value) } else { Err(format!("{line:?} is not an object").into()) }
    });
    parsed.collect()
}

fn states(events: &[Value]) -> Vec<&str> {
    events.iter().filter(|e| e["event"] == "phase").filter_map(|e| e["phase"]["state"].as_str()).collect()
}

/// All events so far, once they satisfy `done`.
async fn until(running: &Running, what: &str, done: impl Fn(&[Value]) -> bool) -> Result<Vec<Value>> {
    let told = eventually(what, LIMIT, async || {
        let events = events(&running.stdout())?;
        Ok(done(&events).then_some(events))
    });
    told.await.map_err(|error| format!("{error}: {}{}", running.stdout(), running.stderr()).into())
}

#[tokio::test]
#[ignore = "needs a Kubernetes: see README, Tests"]
async fn a_program_reads_where_it_listens_and_how_it_stands() -> Result {
    let cluster = Cluster::connect().await?;
    let own = Temporary::new("json");
    own.deployment(&cluster, 1).await?;
    own.service(&cluster).await?;
    let pods = cluster.until_ready(&own.labels(), 1, &HashSet::new()).await?;
    let (pod, first) = (pods[0].metadata.name.clone().unwrap_or_default(), uid(&pods[0]));

    let running = Portolan::new()?.start(&format!("forward svc/{} :http :7 --output json", own.name()))?;
    let told = until(&running, "it is active", |events| states(events).last() == Some(&"active")).await?;
    let listening: Vec<&Value> = told.iter().filter(|e| e["event"] == "listening").map(|e| &e["listener"]).collect();
    assert_eq!(listening.len(), 2, "{told:?}");
    assert_eq!((&listening[0]["remote"], &listening[1]["remote"]), (&"http".into(), &7.into()));
    let port = listening[0]["port"].as_u64().ok_or("the port is a number")?;
    assert_eq!(listening[0]["address"], format!("127.0.0.1:{port}"));
    assert_eq!(carries::http_get(u16::try_from(port)?).await?, pod);
    let endpoints = &told.iter().rfind(|e| e["event"] == "phase").ok_or("no phase")?["phase"]["endpoints"];
    assert_eq!(endpoints[0]["pod"], pod.as_str(), "{endpoints}");
    assert_eq!(endpoints[0]["uid"], first.as_str(), "{endpoints}");

    cluster.delete_pod(&pod, Delete::AtOnce).await?;
    let told = until(&running, "another pod serves", |events| {
        let last = events.iter().rfind(|e| e["event"] == "phase");
        last.is_some_and(|e| e["phase"]["state"] == "active" && e["phase"]["endpoints"][0]["uid"] != first.as_str())
    })
    .await?;
    assert!(states(&told).contains(&"waiting"), "nothing was ready for a while: {told:?}");
    let waiting = told.iter().find(|e| e["phase"]["state"] == "waiting").ok_or("no wait")?;
    assert_eq!(waiting["phase"]["reason"]["code"], "no_ready_pod");

    running.interrupt().await?;
    let ended = running.ended().await?;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    assert_eq!(states(&events(&ended.stdout)?).last(), Some(&"stopped"), "{ended:?}");
    Ok(())
}

#[tokio::test]
#[ignore = "needs a Kubernetes: see README, Tests"]
async fn what_happens_to_a_session_is_a_line_each_in_order() -> Result {
    let cluster = Cluster::connect().await?;
    let own = Temporary::new("events");
    own.service(&cluster).await?;
    let running = Portolan::new()?.start(&format!("forward svc/{} :http --output json", own.name()))?;
    let told = until(&running, "it listens", |events| events.iter().any(|e| e["event"] == "listening")).await?;
    let listener = &told.iter().find(|e| e["event"] == "listening").ok_or("no listener")?["listener"];
    let port = u16::try_from(listener["port"].as_u64().ok_or("the port is a number")?)?;
    let held = tokio::spawn(carries::http_get(port));
    own.deployment(&cluster, 1).await?;
    let pod = held.await??;

    // Each by itself: a held connection can be served a moment before the way to its pod has proven itself.
    let both = |events: &[Value]| ["held", "active"].iter().all(|name| events.iter().any(|e| e["event"] == *name));
    let told = until(&running, "the connection was held, and the tunnel is active", both).await?;
    let held = told.iter().find(|e| e["event"] == "held").ok_or("not held")?;
    assert_eq!(held["pod"], pod.as_str(), "{held}");
    assert!(held["took_ms"].as_u64() > Some(0) && held.get("code").is_none(), "{held}");
    // Numbers and times only grow, and nothing is told twice.
    let numbered: Vec<(u64, u64)> = told.iter().filter_map(|e| Some((e["n"].as_u64()?, e["at"].as_u64()?))).collect();
    assert!(numbered.is_sorted() && numbered.windows(2).all(|pair| pair[0].0 < pair[1].0), "{numbered:?}");
    let named = |name: &str| told.iter().find(|e| e["event"] == name).ok_or(format!("no {name}: {told:?}"));
    assert_eq!(named("waiting")?["code"], "no_ready_pod");
    assert_eq!(named("endpoint_added")?["pod"], pod.as_str());
    assert!(named("active")?["took_ms"].is_u64());
    running.interrupt().await?;
    assert_eq!(running.ended().await?.code, Some(0));
    Ok(())
}

#[tokio::test]
#[ignore = "needs a Kubernetes: see README, Tests"]
async fn what_cannot_go_on_is_an_event_too() -> Result {
    let portolan = Portolan::new()?;
    for (args, state, problem, code) in [
        ("forward svc/dns :53", "failed", "error", "not_tcp"),
        ("forward svc/nope :80", "waiting", "reason", "target_not_found"),
    ] {
        let ended = portolan.run(&format!("{args} --output json")).await?;
        assert_eq!(ended.code, Some(1), "{ended:?}");
        let told = events(&ended.stdout)?;
        let last = &told.last().ok_or("no event")?["phase"];
        assert_eq!((&last["state"], &last[problem]["code"]), (&state.into(), &code.into()), "{ended:?}");
        assert!(ended.stderr.starts_with("error: "), "and in words: {ended:?}");
    }
    Ok(())
}
