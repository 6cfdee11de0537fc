//! Every kind of target carries what a tunnel has to carry.

use portolan_tests::{Result, carries, command::Portolan};

const MEBIBYTE: usize = 1 << 20;

/// `ports` are the HTTP port, the echo port and the port of the server that speaks first; `pods` is how the names of the
/// target's pods begin.
async fn everything(target: &str, ports: [&str; 3], pods: &str) -> Result {
    let forward = Portolan::new()?.forward(target, &ports, "").await?;
    let [http, echo, banner] = forward.ports[..] else { return Err("three ports".into()) };
    for pod in
        [carries::http_get(http).await?, carries::http_get_to_the_end(http).await?, carries::banner(banner).await?]
    {
        assert!(pod.starts_with(pods), "“{pod}” is no pod of {target}");
    }
    carries::echo(echo, 64 * MEBIBYTE).await?;
    carries::hundred(echo).await?;
    forward.stop().await
}

macro_rules! carries {
    ($($name:ident: $target:literal, $ports:expr, $pods:literal;)*) => {$(
        #[tokio::test]
        #[ignore = "needs a Kubernetes: see README, Tests"]
        async fn $name() -> Result {
            everything($target, $ports, $pods).await
        }
    )*};
}

carries! {
    a_service: "svc/web", [":8080", ":echo", ":banner"], "web-";
    a_deployment: "deploy/web", [":http", ":7", ":2525"], "web-";
    a_stateful_set: "statefulset/db", [":80", ":echo", ":banner"], "db-0";
    a_daemon_set: "ds/agent", [":http", ":7", ":2525"], "agent-";
    a_replica_set: "rs/rsweb", [":80", ":7", ":banner"], "rsweb-";
    a_replication_controller: "rc/legacy", [":80", ":echo", ":2525"], "legacy-";
    a_job: "jobs/task", [":http", ":echo", ":banner"], "task-";
    a_pod: "pod/solo", [":80", ":7", ":banner"], "solo";
    a_plain_name: "solo", [":http", ":echo", ":2525"], "solo";
    a_selector: "-l app=web", [":http", ":echo", ":2525"], "web-";
}

/// A headless Service is a name for its pods: its port is the pod's.
#[tokio::test]
#[ignore = "needs a Kubernetes: see README, Tests"]
async fn a_headless_service() -> Result {
    let forward = Portolan::new()?.forward("svc/db", &[":2525"], "").await?;
    assert_eq!(carries::banner(forward.port()).await?, "db-0");
    forward.stop().await
}

/// Each connection to a Service goes to any of its pods; with `--sticky`, all go to one.
#[tokio::test]
#[ignore = "needs a Kubernetes: see README, Tests"]
async fn a_service_spreads_unless_it_is_told_to_stick() -> Result {
    const REQUESTS: usize = 30;
    for (options, spreads) in [("", true), ("--sticky", false)] {
        let forward = Portolan::new()?.forward("svc/web", &[":http"], options).await?;
        let mut pods = Vec::new();
        for _ in 0..REQUESTS {
            pods.push(carries::http_get(forward.port()).await?);
        }
        pods.sort();
        pods.dedup();
        // Of three pods, all thirty go to one by chance once in 10^14.
        assert_eq!(pods.len() > 1, spreads, "{options} {pods:?}");
        forward.stop().await?;
    }
    Ok(())
}
