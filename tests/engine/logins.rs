//! Tunnels of a user whose token an exec plugin prints: a shell script that notes each of its runs.

use std::{fs, path::PathBuf};

use futures::future::{join_all, try_join_all};
use portolan_engine::{error::Code, phase::Phase, session::view::SessionView};
use portolan_tests::{
    Result, carries,
    site::{Site, Tunnel},
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpStream;

/// The plugin's own files.
struct Plugin {
    folder: TempDir,
}

impl Plugin {
    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// How often it has been run.
    fn runs(&self) -> Result<usize> {
        Ok(fs::read_to_string(self.file("runs"))?.lines().count())
    }

    /// From now on it fails, or no longer does.
    fn fails(&self, fails: bool) -> Result {
        match fails {
            true => fs::write(self.file("fails"), "")?,
            false => fs::remove_file(self.file("fails"))?,
        }
        Ok(())
    }
}

/// A demo cluster whose administrator signs in by a plugin. It prints the token that the cluster's own kubeconfig has,
/// which is a new one whenever the old one expires.
async fn site() -> Result<(Site, Plugin)> {
    let site = Site::demo().await?;
    let plugin = Plugin { folder: tempfile::tempdir()? };
    let script = r#"
        echo run >> "$FOLDER/runs"
        token=$(sed -n 's/.*"token": "\(.*\)".*/\1/p' "$DEMO")
        printf '{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "%s"}}' "$token"
        if [ -e "$FOLDER/fails" ]; then echo the session has expired >&2; exit 1; fi
    "#;
    let demo = site.as_demo()?.kubeconfig();
    let mut config: Value = serde_json::from_slice(&fs::read(demo)?)?;
    config["users"][0]["user"] = json!({ "exec": {
        "apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never",
        "command": "sh", "args": ["-c", script],
        "env": [{ "name": "FOLDER", "value": plugin.folder.path() }, { "name": "DEMO", "value": demo }],
    }});
    let path = plugin.file("config");
    fs::write(&path, config.to_string())?;
    Ok((site.known_by(&path), plugin))
}

/// Targets that share what is asked of the API server.
const SAME: [&str; 8] =
    ["svc/web", "deploy/web", "-l app=web", "svc/web", "deploy/web", "-l app=web", "svc/web", "deploy/web"];

/// Others, for which it has to be asked anew. What works for [`SAME`] is left alone by a login that has expired.
const OTHERS: [&str; 8] =
    ["statefulset/db", "ds/agent", "rs/rsweb", "rc/legacy", "jobs/task", "pod/solo", "statefulset/db", "ds/agent"];

/// Eight tunnels to what listens on port 7, all begun at once.
async fn eight<'a>(site: &'a Site, targets: [&str; 8]) -> Result<Vec<Tunnel<'a>>> {
    let begun = targets.map(|target| site.begin(target, &[":7"]));
    begun.into_iter().collect()
}

async fn active(tunnels: &mut [Tunnel<'_>]) -> Result {
    for tunnel in tunnels {
        tunnel.until_active().await?;
        tunnel.until_listening().await?;
    }
    Ok(())
}

/// An open connection through each, which has been used.
async fn open(tunnels: &[Tunnel<'_>]) -> Result<Vec<TcpStream>> {
    try_join_all(tunnels.iter().map(async |tunnel| {
        let mut stream = carries::connect(tunnel.port()).await?;
        carries::echo_over(&mut stream, 1, 1000).await?;
        Ok(stream)
    }))
    .await
}

async fn go_on(streams: &mut [TcpStream]) -> Result {
    for stream in streams {
        carries::echo_over(stream, 2, 1000).await?;
    }
    Ok(())
}

async fn stop(tunnels: Vec<Tunnel<'_>>) {
    join_all(tunnels.into_iter().map(Tunnel::stop)).await;
}

#[tokio::test]
async fn eight_tunnels_and_an_expired_token_run_the_plugin_once() -> Result {
    let (site, plugin) = site().await?;
    let mut tunnels = eight(&site, SAME).await?;
    active(&mut tunnels).await?;
    assert_eq!(plugin.runs()?, 1);
    let mut streams = open(&tunnels).await?;
    site.as_demo()?.server().expire_tokens()?;
    // Both need the API server: new tunnels, and more connections at a time than there are upgrades for.
    let mut others = eight(&site, OTHERS).await?;
    let (more, now) =
        tokio::join!(try_join_all(tunnels.iter().map(|tunnel| carries::many(tunnel.port(), 20))), active(&mut others));
    more?;
    now?;
    assert_eq!(plugin.runs()?, 2);
    go_on(&mut streams).await?;
    // Nobody was shown anything of it.
    assert!(tunnels.iter().all(|tunnel| matches!(tunnel.view().phase, Phase::Active { .. })));
    stop(tunnels).await;
    stop(others).await;
    Ok(())
}

/// The reason of a session that waits for a login and has asked for it again.
fn waits_for_login(view: &SessionView) -> Option<String> {
    match &view.phase {
        Phase::Waiting { reason, attempt: 3.., .. } if reason.code == Code::Login => Some(reason.to_string()),
        _ => None,
    }
}

#[tokio::test]
async fn a_plugin_that_fails_is_left_alone_until_somebody_signs_in_and_then_all_go_on() -> Result {
    let (site, plugin) = site().await?;
    let mut tunnels = eight(&site, SAME).await?;
    active(&mut tunnels).await?;
    let mut streams = open(&tunnels).await?;
    plugin.fails(true)?;
    site.as_demo()?.server().expire_tokens()?;
    let mut others = eight(&site, OTHERS).await?;
    for tunnel in &mut others {
        let reason = tunnel.until("it waits for a login", waits_for_login).await?;
        assert!(reason.contains("the plugin sh ended with exit status: 1: the session has expired"), "{reason}");
        assert!(!reason.contains(&site.as_demo()?.server().token()), "{reason}");
    }
    assert_eq!(plugin.runs()?, 2);
    assert!(site.engine.sign_in(&site.context()?).await.is_err());
    assert_eq!(plugin.runs()?, 3);
    plugin.fails(false)?;
    site.engine.sign_in(&site.context()?).await.map_err(|problem| problem.to_string())?;
    active(&mut others).await?;
    assert_eq!(plugin.runs()?, 4);
    for tunnel in &others {
        carries::echo(tunnel.port(), 1000).await?;
    }
    go_on(&mut streams).await?;
    stop(tunnels).await;
    stop(others).await;
    Ok(())
}
