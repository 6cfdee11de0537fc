use std::{fs, os::unix::fs::PermissionsExt, process::Stdio};

use tokio::{net::TcpListener, process::Command};

use super::*;
use crate::{
    context::ContextId,
    error::Code,
    forward::{PortMap, PortRef, Target},
};

#[test]
fn only_kubectl_itself_forwards() {
    let found =
        |line: &str| forwarding(&line.split(' ').map(str::to_owned).collect::<Vec<_>>()).map(|words| words.join(" "));
    for (line, expected) in [
        ("kubectl port-forward svc/web 80", Some("svc/web 80")),
        ("/usr/bin/kubectl -n shop port-forward svc/web 80", Some("-n shop svc/web 80")),
        ("C:\\bin\\kubectl.exe port-forward svc/web 80", Some("svc/web 80")),
        ("/bin/sh /tmp/kubectl port-forward svc/web 80", Some("svc/web 80")),
        ("kubectl get pods", None),
        ("vim kubectl port-forward", None),
        ("grep kubectl port-forward", None),
        ("mykubectl port-forward svc/web 80", None),
        ("sh -c kubectl port-forward svc/web 80", None),
        ("kubectl", None),
    ] {
        assert_eq!(found(line).as_deref(), expected, "{line}");
    }
}

/// To no port of this machine.
fn forward() -> Forward {
    let map = PortMap { local: LocalPort::Any, remote: PortRef::Number(80) };
    Forward {
        context: ContextId { source: "x".into(), name: "x".into() },
        namespace: "shop".into(),
        target: Target::Service { name: "web".into() },
        ports: vec![map],
        bind: Vec::new(),
        balance: None,
        hold_seconds: 1,
        wait_for_name: false,
    }
}

/// A script named kubectl, which runs until it is ended, or longer.
fn kubectl(folder: &Path, script: &str) -> tokio::process::Child {
    let path = folder.join("kubectl");
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = Command::new("sh");
    command.arg(&path).args(["-n", "shop", "port-forward", "svc/web", "8080:80"]);
    command.stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap()
}

/// Waits until a child has said that it is ready.
async fn ready(child: &mut tokio::process::Child) {
    let mut said = [0; 1];
    let mut out = child.stdout.take().unwrap();
    tokio::io::AsyncReadExt::read_exact(&mut out, &mut said).await.unwrap();
}

#[tokio::test]
async fn one_that_runs_is_found_and_ended() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = kubectl(folder.path(), "printf x; while :; do sleep 0.05; done");
    ready(&mut child).await;
    let pid = child.id().unwrap();
    let found = running().unwrap().into_iter().find(|running| running.pid == pid).unwrap();
    assert_eq!(found.words, ["-n", "shop", "svc/web", "8080:80"]);
    assert_eq!(found.folder.as_deref(), std::env::current_dir().ok().as_deref());
    assert_eq!(find(pid, found.started_at).unwrap(), Some(found.clone()));
    assert_eq!(find(pid, found.started_at + 1).unwrap(), None, "another process of the same pid is another process");

    let gone = Running { started_at: found.started_at + 1, ..found.clone() };
    let error = end(&gone, &forward()).await.unwrap_err();
    assert!(error.to_string().contains("is not what it was"), "{error}");
    assert!(child.try_wait().unwrap().is_none(), "nothing was ended");
    end(&found, &forward()).await.unwrap();
    assert!(!child.wait().await.unwrap().success(), "by a signal");
    assert_eq!(find(pid, found.started_at).unwrap(), None);
}

#[tokio::test]
async fn one_that_does_not_end_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = kubectl(folder.path(), "trap '' TERM; printf x; while :; do sleep 0.05; done");
    ready(&mut child).await;
    let found = running().unwrap().into_iter().find(|running| Some(running.pid) == child.id()).unwrap();
    let error = end(&found, &forward()).await.unwrap_err();
    assert!(error.to_string().contains("still runs after 5 s"), "{error}");
    assert_eq!(error.code(), Code::TakeOver);
    child.kill().await.unwrap();
}

#[tokio::test]
async fn a_port_that_somebody_else_keeps_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let address = [IpAddr::from([127, 0, 0, 1])];
    let error = until_free(&address, &[port], Instant::now()).await.unwrap_err();
    assert!(error.to_string().contains(&format!("port {port} is still taken")), "{error}");
    // One that is let go meanwhile is waited for.
    let free = async { until_free(&address, &[port], Instant::now() + ENDS_WITHIN).await.unwrap() };
    tokio::join!(free, async {
        tokio::task::yield_now().await;
        drop(listener);
    });
}
