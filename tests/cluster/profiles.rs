//! Profiles: saved by one command, opened by another, and carried to another machine.

use std::fs;

use portolan_tests::{
    Result, carries,
    command::{Ended, Portolan},
};
use serde_json::Value;
use tokio::net::TcpListener;

async fn fine(portolan: &Portolan, args: &str) -> Result<Ended> {
    let ended = portolan.run(args).await?;
    if ended.code == Some(0) { Ok(ended) } else { Err(format!("{ended:?}").into()) }
}

#[tokio::test]
#[ignore = "needs a Kubernetes: see README, Tests"]
async fn what_is_saved_is_opened_by_its_name() -> Result {
    let folder = tempfile::tempdir()?;
    let portolan = Portolan::new()?.keeping_in(folder.path());
    let bare = portolan.clone().in_namespace(None);
    fine(&portolan, "profiles add dev svc/web :http --group shop").await?;
    fine(&portolan, "profiles add dev svc/web :echo").await?;
    fine(&portolan, "profiles add other deploy/web :80").await?;
    let listed: Value = serde_json::from_str(&fine(&bare, "profiles list --output json").await?.stdout)?;
    assert_eq!(listed[0]["name"], "dev");
    assert_eq!(listed[0]["forwards"].as_array().map(Vec::len), Some(2));

    let up = bare.until_listening("up dev other", 3).await?;
    let mut answered = 0;
    for port in &up.ports {
        // Those to a web server answer; the third echoes.
        if carries::http_get(*port).await.is_ok_and(|pod| pod.starts_with("web-")) {
            answered += 1;
        } else {
            carries::echo(*port, 1000).await?;
        }
    }
    assert_eq!(answered, 2);
    up.stop().await?;
    let listed: Value = serde_json::from_str(&fine(&bare, "profiles list --output json").await?.stdout)?;
    assert!(listed[0]["used_at"].as_u64() > Some(0), "{listed}");
    Ok(())
}

#[tokio::test]
#[ignore = "needs a Kubernetes: see README, Tests"]
async fn all_ports_of_a_profile_are_taken_or_none() -> Result {
    let folder = tempfile::tempdir()?;
    let portolan = Portolan::new()?.keeping_in(folder.path());
    let bare = portolan.clone().in_namespace(None);
    let (taken, free) = (TcpListener::bind("127.0.0.1:0").await?, TcpListener::bind("127.0.0.1:0").await?);
    let (taken_port, free_port) = (taken.local_addr()?.port(), free.local_addr()?.port());
    drop(free);
    fine(&portolan, &format!("profiles add dev svc/web {free_port}:http")).await?;
    fine(&portolan, &format!("profiles add dev svc/web {taken_port}:echo")).await?;
    let ended = bare.run("up dev").await?;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains(&format!("Port {taken_port} on 127.0.0.1 is taken")), "{ended:?}");
    assert_eq!(ended.stdout, "", "no tunnel was said to be open: {ended:?}");
    TcpListener::bind(("127.0.0.1", free_port)).await?;
    Ok(())
}

#[tokio::test]
#[ignore = "needs a Kubernetes: see README, Tests"]
async fn an_export_is_taken_in_elsewhere_and_a_dry_run_does_nothing() -> Result {
    let (here, there) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let portolan = Portolan::new()?.keeping_in(here.path());
    fine(&portolan, "profiles add dev svc/web 8080:http").await?;
    let one = portolan.in_namespace(None);
    let export = fine(&one, "profiles export").await?.stdout;
    let file = there.path().join("export.json");
    fs::write(&file, &export)?;
    let other = one.clone().keeping_in(there.path());
    let dry = fine(&other, &format!("profiles import --dry-run {}", file.display())).await?;
    assert!(dry.stdout.contains("would be added"), "{dry:?}");
    assert!(!there.path().join("profiles.json").exists());
    fine(&other, &format!("profiles import {}", file.display())).await?;
    assert_eq!(fine(&other, "profiles export").await?.stdout, export);
    let again = fine(&other, &format!("profiles import {}", file.display())).await?;
    assert!(again.stdout.contains("there already"), "{again:?}");
    Ok(())
}

#[tokio::test]
#[ignore = "needs a Kubernetes: see README, Tests"]
async fn what_cannot_be_done_is_said_and_nothing_is_lost() -> Result {
    let folder = tempfile::tempdir()?;
    let portolan = Portolan::new()?.in_namespace(None).keeping_in(folder.path());
    let empty = fine(&portolan, "profiles list").await?;
    assert!(empty.stderr.contains("profiles add NAME"), "{empty:?}");
    let none = portolan.run("up nothing").await?;
    assert!(none.code == Some(1) && none.stderr.contains("There is no profile “nothing”"), "{none:?}");
    fs::write(folder.path().join("profiles.json"), "{ damaged")?;
    let moved = fine(&portolan, "profiles list").await?;
    assert!(moved.stderr.contains("the file was moved to"), "{moved:?}");
    let kept =
        fs::read_dir(folder.path())?.filter_map(std::result::Result::ok).map(|entry| fs::read_to_string(entry.path()));
    assert!(kept.filter_map(std::result::Result::ok).any(|text| text == "{ damaged"));
    Ok(())
}
