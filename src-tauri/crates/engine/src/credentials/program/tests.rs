#![cfg(unix)]

use std::os::unix::fs::symlink;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{io::AsyncReadExt, net::unix::pipe};

use super::*;

/// What the shell of a test needs.
fn environment() -> Vec<(OsString, OsString)> {
    vec![("PATH".into(), "/usr/bin:/bin".into()), ("LEFT".into(), "as it is".into())]
}

fn plugin(command: &str, more: Value) -> Plugin {
    let mut exec = json!({ "apiVersion": "client.authentication.k8s.io/v1", "command": command });
    exec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Plugin::of("default", "me", &serde_json::from_value(json!({ "exec": exec })).unwrap()).unwrap()
}

fn script(text: &str) -> Plugin {
    plugin("sh", json!({ "args": ["-c", text], "env": [{ "name": "MORE", "value": "of mine" }] }))
}

async fn printed(plugin: &Plugin) -> String {
    String::from_utf8(run(plugin, &environment()).await.unwrap()).unwrap()
}

async fn fails(text: &str) -> Why {
    run(&script(text), &environment()).await.unwrap_err()
}

#[tokio::test]
async fn a_plugin_has_its_environment_and_no_terminal() {
    let said = printed(&script("cat; echo $LEFT, $MORE; echo $KUBERNETES_EXEC_INFO")).await;
    let info =
        r#"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","spec":{"interactive":false}}"#;
    assert_eq!(said, format!("as it is, of mine\n{info}\n"));
}

#[tokio::test]
async fn a_name_is_looked_for_in_path_and_a_path_is_taken_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    symlink("/bin/sh", folder.path().join("plugin")).unwrap();
    let path = folder.path().join("plugin").display().to_string();
    let args = json!({ "args": ["-c", "echo here"] });
    assert_eq!(printed(&plugin(&path, args.clone())).await, "here\n");
    let named = plugin("plugin", args);
    let within = |folders: &str| vec![("PATH".into(), folders.into())];
    let found = run(&named, &within(&format!("/nowhere:{}", folder.path().display()))).await;
    assert_eq!(found.unwrap(), b"here\n");
    // Where Portolan was started must not matter: the same folder, from there.
    let up = "../".repeat(std::env::current_dir().unwrap().components().count() - 1);
    let relative = format!("{up}{}", folder.path().strip_prefix("/").unwrap().display());
    assert!(Path::new(&relative).join("plugin").exists());
    assert!(matches!(run(&named, &within(&relative)).await, Err(Why::Missing { .. })));
}

#[tokio::test]
async fn a_missing_plugin_is_told_with_where_it_was_looked_for() {
    let missing = |searched: &str, hint: Option<&str>| Why::Missing {
        searched: searched.into(),
        whose: None,
        hint: hint.map(str::to_owned),
    };
    let hinted = plugin("no-such-plugin", json!({ "installHint": "get it" }));
    assert_eq!(run(&hinted, &environment()).await, Err(missing("/usr/bin:/bin", Some("get it"))));
    let absolute = plugin("/nowhere/plugin", json!({}));
    assert_eq!(run(&absolute, &environment()).await, Err(missing("/nowhere/plugin", None)));
    let found = run(&plugin("sh", json!({})), &[]).await;
    assert_eq!(found, Err(missing("an empty PATH", None)));
}

#[tokio::test]
async fn a_plugin_that_fails_is_told_with_its_last_line() {
    let text = r"echo s3cr3t; echo warming up >&2; printf '\033[31mthe session has expired\033[0m\n\n' >&2; exit 3";
    let why = fails(text).await;
    assert_eq!(why, Why::Ended { status: "exit status: 3".into(), said: Some("the session has expired".into()) });
    assert_eq!(why.to_string(), "ended with exit status: 3: the session has expired");
    assert_eq!(fails("exit 1").await.to_string(), "ended with exit status: 1");
}

#[tokio::test]
async fn what_says_much_is_read_to_its_end_and_what_prints_for_ever_is_stopped() {
    let much = "head -c 300000 /dev/zero | tr '\\0' x >&2; echo >&2; echo last >&2; exit 1";
    assert!(matches!(fails(much).await, Why::Ended { said: Some(said), .. } if said == "last"));
    assert_eq!(fails("yes").await, Why::TooMuch);
    assert_eq!(printed(&script("head -c 500000 /dev/zero")).await.len(), 500_000);
}

/// What it leaves behind may hold its output open.
#[tokio::test]
async fn a_plugin_that_has_ended_is_not_waited_for() {
    let leaves = script("sleep 8 & echo token");
    assert_eq!(timeout(Duration::from_secs(6), printed(&leaves)).await.unwrap(), "token\n");
}

/// A pipe that a plugin and its children hold open while they live, and their plugin: they say that they have started.
fn lives() -> (TempDir, pipe::Receiver, Plugin) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alive");
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    let alive = pipe::OpenOptions::new().open_receiver(&path).unwrap();
    let hangs = script(&format!(
        "exec 3>'{}'; echo s3cr3t; echo open the page >&2; sleep 500 & echo started >&3; wait",
        path.display()
    ));
    (folder, alive, hangs)
}

async fn have_started(alive: &mut pipe::Receiver) {
    let mut started = [0; 8];
    alive.readable().await.unwrap();
    alive.read_exact(&mut started).await.unwrap();
    assert_eq!(&started, b"started\n");
}

/// The pipe ends when the last one is gone.
async fn are_gone(mut alive: pipe::Receiver) {
    let read = timeout(Duration::from_secs(10), alive.read(&mut [0])).await;
    assert_eq!(read.unwrap().unwrap(), 0);
}

#[tokio::test]
async fn a_plugin_that_hangs_is_stopped_with_all_that_it_has_started() {
    let (_folder, mut alive, hangs) = lives();
    let running = tokio::spawn(async move { run(&hangs, &environment()).await });
    have_started(&mut alive).await;
    tokio::time::pause();
    let begun = tokio::time::Instant::now();
    let why = running.await.unwrap().unwrap_err();
    assert_eq!(why, Why::Slow { seconds: 60, said: Some("open the page".into()) });
    assert!(begun.elapsed() > Duration::from_secs(50));
    tokio::time::resume();
    are_gone(alive).await;
}

#[tokio::test]
async fn a_plugin_that_nobody_waits_for_is_stopped_with_all_that_it_has_started() {
    let (_folder, mut alive, hangs) = lives();
    let running = tokio::spawn(async move { run(&hangs, &environment()).await });
    have_started(&mut alive).await;
    running.abort();
    are_gone(alive).await;
}
