//! A tunnel outlives its pods: through the same local port, which never closes.

use std::{collections::HashSet, io, time::Duration};

use portolan_tests::{
    Result, carries,
    cluster::{Cluster, Delete, uid},
    command::Portolan,
    eventually,
    temporary::Temporary,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{oneshot, watch},
    task::JoinHandle,
    time::{Instant, interval},
};

/// The time that a tunnel has to find another pod.
const LIMIT: Duration = Duration::from_secs(5);

/// How often the listener has to be found open.
const TRIES: u32 = 100;

/// Connects to a port again and again, until it is stopped.
struct Watcher {
    tries: watch::Sender<u32>,
    stop: oneshot::Sender<()>,
    watching: JoinHandle<Result<(), String>>,
}

impl Watcher {
    fn on(port: u16) -> Watcher {
        let (stop, mut stopped) = oneshot::channel();
        let tries = watch::Sender::new(0);
        let count = tries.clone();
        let watching = tokio::spawn(async move {
            // Each try dials a pod, too: more of them would be a load test.
            let mut pace = interval(Duration::from_millis(20));
            loop {
                tokio::select! {
                    _ = &mut stopped => return Ok(()),
                    _ = pace.tick() => {}
                }
                match TcpStream::connect(("127.0.0.1", port)).await {
                    Ok(_) => count.send_modify(|tries| *tries += 1),
                    Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                        return Err(format!("the listener was closed: refused after {} tries", *count.borrow()));
                    }
                    Err(error) => return Err(error.to_string()),
                }
            }
        });
        Watcher { tries, stop, watching }
    }

    fn tries(&self) -> u32 {
        *self.tries.borrow()
    }

    /// Fails if it once could not connect.
    async fn stop(self) -> Result {
        // It is gone already if it found the port closed, and then says so.
        let _ = self.stop.send(());
        Ok(self.watching.await??)
    }
}

/// Deletes the pod that a target leads to, one of `replicas`, and asks again at once.
async fn survives(kind: &str, replicas: usize, how: Delete) -> Result {
    let cluster = Cluster::connect().await?;
    let own = Temporary::new(kind);
    own.deployment(&cluster, replicas).await?;
    own.service(&cluster).await?;
    cluster.until_ready(&own.labels(), replicas, &HashSet::new()).await?;
    let target = match kind {
        "selector" => format!("-l {}", own.labels()),
        kind => format!("{kind}/{}", own.name()),
    };
    let mut forward = Portolan::new()?.forward(&target, &[":80"], "").await?;
    let port = forward.port();
    let watcher = Watcher::on(port);

    let first = carries::http_get(port).await?;
    let before: HashSet<String> = cluster.ready_pods(&own.labels()).await?.iter().map(uid).collect();
    cluster.delete_pod(&first, how).await?;
    let deleted = Instant::now();
    let answering = tokio::spawn(async move { (carries::http_get(port).await, Instant::now()) });
    // The request to an only pod is held until there is another one, which takes Kubernetes' time and not the tunnel's.
    let possible = if replicas > 1 {
        deleted
    } else {
        cluster.until_ready(&own.labels(), 1, &before).await?;
        Instant::now()
    };
    let (answer, at) = answering.await?;
    answer.map_err(|error| format!("{target}: the next request failed: {error}"))?;
    let took = at.saturating_duration_since(possible);
    assert!(took < LIMIT, "{target}: the next request took {took:?}");
    let second = eventually("another pod answers", LIMIT, async || {
        let pod = carries::http_get(port).await?;
        Ok((pod != first).then_some(pod))
    })
    .await?;
    assert!(second.starts_with(own.name()), "“{second}” is no pod of {target}");
    while watcher.tries() < TRIES && !watcher.watching.is_finished() {
        assert_ne!(carries::http_get(port).await?, first);
    }
    watcher.stop().await?;
    assert!(!forward.running.has_ended()?, "{target}: the command ended");
    forward.stop().await
}

macro_rules! survives {
    ($($name:ident: $kind:literal, $replicas:literal, $how:ident;)*) => {$(
        #[tokio::test]
        #[ignore = "needs a Kubernetes: see README, Tests"]
        async fn $name() -> Result {
            survives($kind, $replicas, Delete::$how).await
        }
    )*};
}

survives! {
    a_service_survives_one_of_its_pods: "svc", 2, Kindly;
    a_service_survives_its_only_pod: "svc", 1, AtOnce;
    a_deployment_survives_one_of_its_pods: "deploy", 2, AtOnce;
    a_deployment_survives_its_only_pod: "deploy", 1, Kindly;
    a_selector_survives_one_of_its_pods: "selector", 2, AtOnce;
    a_selector_survives_its_only_pod: "selector", 1, Kindly;
}

#[tokio::test]
async fn the_watcher_sees_a_listener_that_closes_for_a_moment() -> Result {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let mut watcher = Watcher::on(address.port());
    listener.accept().await?;
    drop(listener);
    (&mut watcher.watching).await?.expect_err("the port is closed");
    let listener = TcpListener::bind(address).await?;
    let watcher = Watcher::on(address.port());
    for _ in 0..3 {
        listener.accept().await?;
    }
    assert!(watcher.tries() >= 2, "the third may not have been counted yet");
    watcher.stop().await
}
