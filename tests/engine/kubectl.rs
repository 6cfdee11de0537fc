//! kubectl on a demo cluster: it is to be tried with the tools that people have.
//!
//! `PORTOLAN_TEST_KUBECTL` names kubectls, with colons between.

use std::{env, path::Path, process::Stdio, time::Duration};

use portolan_demo::{Demo, Options};
use portolan_engine::{
    engine::Engine,
    feed::Part,
    kubeconfig::Source,
    row::{ListKind, ListStatus, Scope, View},
};
use portolan_tests::{Result, carries, eventually};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};

const LIMIT: Duration = Duration::from_secs(30);

type Output = Lines<BufReader<ChildStdout>>;

struct Kubectl<'a> {
    program: &'a str,
    kubeconfig: &'a Path,
    /// What it remembers of API servers. In the home folder it would find what another demo cluster had.
    cache: TempDir,
}

impl Kubectl<'_> {
    fn command(&self, args: &str) -> Command {
        let mut command = Command::new(self.program);
        command.arg("--cache-dir").arg(self.cache.path()).args(args.split(' ')).env("KUBECONFIG", self.kubeconfig);
        command.stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    async fn says(&self, args: &str) -> Result<String> {
        let ended = tokio::time::timeout(LIMIT, self.command(args).output());
        let ended = ended.await.map_err(|_| format!("kubectl {args} does not end"))??;
        let (said, complained) = (String::from_utf8(ended.stdout)?, String::from_utf8(ended.stderr)?);
        if ended.status.success() { Ok(said) } else { Err(format!("kubectl {args}: {said}{complained}").into()) }
    }

    /// Starts `kubectl port-forward`; with its output, without which it ends, and its local port.
    async fn forward(&self, args: &str) -> Result<((Child, Output), u16)> {
        let mut child = self.command(&format!("port-forward {args}")).stdout(Stdio::piped()).spawn()?;
        let mut lines = BufReader::new(child.stdout.take().ok_or("no standard output")?).lines();
        let line = tokio::time::timeout(LIMIT, lines.next_line()).await??.ok_or("kubectl port-forward ended")?;
        let port = line.strip_prefix("Forwarding from 127.0.0.1:").and_then(|rest| rest.split_once(' '));
        let port = port.and_then(|(port, _)| port.parse().ok()).ok_or_else(|| format!("“{line}” is no address"))?;
        Ok(((child, lines), port))
    }
}

async fn page(port: u16) -> Result<String> {
    let mut tunnel = carries::connect(port).await?;
    tunnel.write_all(b"GET /api/pod HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await?;
    let mut answer = String::new();
    tunnel.read_to_string(&mut answer).await?;
    if answer.starts_with("HTTP/1.1 200 OK") { Ok(answer) } else { Err(format!("no page: {answer:?}").into()) }
}

async fn works(kubectl: &Kubectl<'_>) -> Result {
    let ready = "wait --for=condition=Available deploy/web --timeout=30s";
    kubectl.says(ready).await?;
    for (args, part) in [
        ("get services", "web"),
        ("get all", "statefulset.apps/orders-db"),
        ("get nodes -o wide", "harbour-1"),
        ("get pods -l app=web -o name", "pod/web-"),
        ("get endpointslices -A", "shop"),
        ("describe svc web", "Endpoints:"),
        ("describe deploy web", "ScalingReplicaSet"),
        ("describe pod -l app=web", "Controlled By:  ReplicaSet/web-"),
        ("auth can-i delete pods", "yes"),
    ] {
        let said = kubectl.says(args).await?;
        if !said.contains(part) {
            return Err(format!("kubectl {args} says nothing of {part}: {said}").into());
        }
    }
    let (forward, port) = kubectl.forward("svc/web :80").await?;
    page(port).await?;
    drop(forward);

    let names = async || kubectl.says("get pods -l app=web -o name").await;
    let before = names().await?;
    let first = before.lines().next().ok_or("no pod of web")?;
    kubectl.says(&format!("delete {first}")).await?;
    eventually("the deleted pod is replaced", LIMIT, async || {
        let now = names().await?;
        Ok((now.lines().count() == 3 && !now.contains(first)).then_some(()))
    })
    .await?;
    let before = names().await?;
    kubectl.says("rollout restart deploy/web").await?;
    kubectl.says("rollout status deploy/web --timeout=30s").await?;
    // The last old ones may still be ending.
    eventually("only new pods are there", LIMIT, async || {
        let after = names().await?;
        Ok((after.lines().count() == 3 && !after.lines().any(|pod| before.contains(pod))).then_some(()))
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs kubectls: see README, Tests"]
async fn every_kubectl_lists_deletes_rolls_and_forwards() -> Result {
    let kubectls = env::var("PORTOLAN_TEST_KUBECTL").map_err(|_| "PORTOLAN_TEST_KUBECTL names no kubectl")?;
    for program in kubectls.split(':') {
        let demo = Demo::start(Options::default()).await?;
        let kubectl = Kubectl { program, kubeconfig: demo.kubeconfig(), cache: tempfile::tempdir()? };
        works(&kubectl).await.map_err(|error| format!("{program}: {error}"))?;
    }
    Ok(())
}

/// What the window would say of a list, once it knows.
async fn list_of(engine: &Engine, done: impl Fn(&ListStatus) -> bool) -> Result<ListStatus> {
    let mut revision = 0;
    let told = async {
        loop {
            let changes = engine.feed().changes(revision).await;
            revision = changes.revision;
            let lists = changes.changed.into_iter().filter_map(|changed| match changed.part {
                Part::List(list) => Some(list.status),
                _ => None,
            });
            if let Some(status) = lists.into_iter().find(|status| done(status)) {
                return status;
            }
        }
    };
    tokio::time::timeout(LIMIT, told).await.map_err(|_| "the list never becomes so".into())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs kubectls: see README, Tests"]
async fn every_kubectl_applies_the_role_to_ask_for() -> Result {
    let kubectls = env::var("PORTOLAN_TEST_KUBECTL").map_err(|_| "PORTOLAN_TEST_KUBECTL names no kubectl")?;
    for program in kubectls.split(':') {
        let demo = Demo::start(Options::default()).await?;
        let kubectl = Kubectl { program, kubeconfig: demo.kubeconfig(), cache: tempfile::tempdir()? };
        let folder = tempfile::tempdir()?;
        let (newcomer, file) = (folder.path().join("newcomer"), folder.path().join("role.yaml"));
        std::fs::write(&newcomer, demo.server().kubeconfig_of("newcomer"))?;
        let source = Source::File(newcomer);
        let context = source.load()?.find(None)?.id;
        let engine = Engine::new(source, None);
        for (namespace, kind) in [(Scope::One { name: "shop".into() }, "role"), (Scope::All, "clusterrole")] {
            let view = View { context: context.clone(), namespace, list: ListKind::Services };
            engine.look(Some(view.clone())).await;
            let refused = list_of(&engine, |status| matches!(status, ListStatus::Forbidden { .. })).await?;
            let ListStatus::Forbidden { role, .. } = refused else { return Err("it is not forbidden".into()) };
            std::fs::write(&file, &role.text)?;
            // The second time it is there already.
            for says in ["created", "unchanged"] {
                // The demo cluster has no schema to hold it against: the API server itself reads it.
                let said = kubectl.says(&format!("apply --validate=false -f {}", file.display())).await?;
                assert_eq!(said.matches(says).count(), 2, "{program}: {said}");
                assert!(said.contains(&format!("{kind}.rbac")), "{program}: {said}");
            }
            // What was refused is asked again when somebody comes back.
            engine.look(None).await;
            engine.look(Some(view)).await;
            list_of(&engine, |status| *status == ListStatus::Live)
                .await
                .map_err(|error| format!("{program}, {kind}: {error}"))?;
        }
    }
    Ok(())
}
