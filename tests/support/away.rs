//! All pods away for a while, and back: connections made meanwhile are held, and answered as soon as there is a pod.

use std::{io, time::Duration};

use futures::{
    StreamExt, TryStreamExt,
    future::{try_join, try_join_all},
};
use k8s_openapi::api::core::v1::Endpoints;
use kube::{
    Api, ResourceExt,
    runtime::{WatchStreamExt, watcher},
};
use portolan_engine::{phase::Phase, session::view::SessionView};
use tokio::{
    io::AsyncReadExt,
    net::TcpStream,
    time::{Instant, interval, sleep_until, timeout},
};

use crate::{
    Result, carries,
    cluster::NAMESPACE,
    figures::Times,
    site::{Site, Tunnel},
    temporary::Temporary,
};

/// Longer than connections are held.
const REQUEST: Duration = Duration::from_secs(40);

/// What is refused at once is refused within this.
const AT_ONCE: Duration = Duration::from_secs(1);

/// From the moment that an endpoint exists, so long until a connection is answered by it.
const NOTICE: i64 = 100;

/// Connections made while all pods are away are held and answered; without a hold they are refused at once.
///
/// # Errors
/// When one is not.
pub async fn connections_are_held_while_all_pods_are_away(site: &Site, away: Duration) -> Result {
    let own = Temporary::new("away");
    own.deployment(&site.cluster, 2).await?;
    own.service(&site.cluster).await?;
    site.cluster.until_rolled(own.name()).await?;
    let targets = [format!("svc/{}", own.name()), format!("deploy/{}", own.name()), format!("-l {}", own.labels())];
    let (mut holding, mut refusing) = (Vec::new(), Vec::new());
    for target in &targets {
        holding.push(site.open(target, &[":80"]).await?);
        let mut tunnel = site.begin_holding(target, &[":80"], 0)?;
        tunnel.until_listening().await?;
        refusing.push(tunnel);
    }
    for tunnel in holding.iter_mut().chain(&mut refusing) {
        tunnel.until_active().await?;
        carries::http_get(tunnel.port()).await?;
    }
    site.cluster.scale(own.name(), 0).await?;
    site.cluster.until_only(&own.labels(), &Default::default()).await?;
    for tunnel in holding.iter_mut().chain(&mut refusing) {
        tunnel.until("it waits", waits).await?;
    }
    let back = Instant::now() + away;
    let returning = async {
        sleep_until(back).await;
        site.cluster.scale(own.name(), 2).await
    };
    let held = try_join_all(targets.iter().zip(&holding).map(async |(target, tunnel)| {
        let times = hold(tunnel, back).await.map_err(|error| format!("{target}: {error}"))?;
        eprintln!("{target}: {} connections were held and answered, {times}", times.count());
        crate::Result::Ok(())
    }));
    let refused = try_join_all(targets.iter().zip(&refusing).map(async |(target, tunnel)| {
        refused(tunnel.port()).await.map_err(|error| format!("{target} --hold 0s: {error}").into())
    }));
    let (_, _) = try_join(returning, try_join(held, refused)).await?;
    for tunnel in holding.into_iter().chain(refusing) {
        tunnel.stop().await;
    }
    Ok(())
}

fn waits(view: &SessionView) -> Option<()> {
    matches!(view.phase, Phase::Waiting { .. }).then_some(())
}

/// Makes a connection twice a second until the pods come back; how long they were held.
async fn hold(tunnel: &Tunnel<'_>, back: Instant) -> Result<Times> {
    let port = tunnel.port();
    let mut clock = interval(Duration::from_millis(500));
    let mut asked = Vec::new();
    while clock.tick().await < back {
        asked.push(tokio::spawn(async move {
            let began = Instant::now();
            carries::http_get_within(port, REQUEST).await.map(|_| began.elapsed())
        }));
    }
    let mut times = Times::default();
    for answered in asked {
        times.add(answered.await??);
    }
    Ok(times)
}

async fn refused(port: u16) -> Result {
    for _ in 0..5 {
        // It may be reset before it is here: then, too, it is refused, as long as somebody listens.
        let mut connection = match TcpStream::connect(("127.0.0.1", port)).await {
            Ok(connection) => connection,
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => continue,
            Err(error) => return Err(error.into()),
        };
        let read = timeout(AT_ONCE, connection.read(&mut [0])).await.map_err(|_| "a connection is held")?;
        if read.is_ok() {
            return Err(format!("expected a reset, got {read:?}").into());
        }
    }
    Ok(())
}

/// How soon a held connection is answered once there is an endpoint, `runs` times for each kind of target.
///
/// # Errors
/// When half of them are answered later than 100 ms after the endpoint was seen by a watch beside.
pub async fn a_new_endpoint_is_used_within_100_ms(site: &Site, runs: u32) -> Result {
    let own = Temporary::new("notice");
    own.deployment(&site.cluster, 0).await?;
    own.service(&site.cluster).await?;
    let targets = [format!("svc/{}", own.name()), format!("deploy/{}", own.name()), format!("-l {}", own.labels())];
    let mut tunnels = Vec::new();
    for target in &targets {
        tunnels.push(site.open(target, &[":80"]).await?);
    }
    let mut of_pod = vec![Times::default(); targets.len()];
    let mut of_endpoints = of_pod.clone();
    for _ in 0..runs {
        for tunnel in &mut tunnels {
            tunnel.until("it waits", waits).await?;
        }
        let seen = Seen::follow(site, &own).await?;
        let held: Vec<_> = tunnels.iter().map(|tunnel| tokio::spawn(answered(tunnel.port()))).collect();
        site.cluster.scale(own.name(), 1).await?;
        let seen = seen.both().await?;
        for ((held, of_pod), of_endpoints) in held.into_iter().zip(&mut of_pod).zip(&mut of_endpoints) {
            let answered = held.await??;
            of_pod.add_millis(after(seen.pod, answered));
            of_endpoints.add_millis(after(seen.endpoints, answered));
        }
        site.cluster.scale(own.name(), 0).await?;
        site.cluster.until_only(&own.labels(), &Default::default()).await?;
    }
    let mut late = Vec::new();
    for ((target, of_pod), of_endpoints) in targets.iter().zip(of_pod).zip(of_endpoints) {
        eprintln!(
            "{target}: answered after its pod was seen ready: {of_pod}; after the Endpoints were: {of_endpoints}"
        );
        // A Service has an endpoint when its Endpoints say so; for the others the pod is the endpoint.
        let from = if target.starts_with("svc/") { &of_endpoints } else { &of_pod };
        if from.median() > NOTICE {
            late.push(format!("{target}: half of the connections were answered {} ms late or more", from.median()));
        }
    }
    for tunnel in tunnels {
        tunnel.stop().await;
    }
    if late.is_empty() { Ok(()) } else { Err(late.join("\n").into()) }
}

async fn answered(port: u16) -> Result<Instant, String> {
    carries::http_get_within(port, REQUEST).await.map(|_| Instant::now())
}

/// Milliseconds from one to the other; negative if they are the other way round.
fn after(first: Instant, second: Instant) -> i64 {
    let millis = |time: Duration| i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
    millis(second.saturating_duration_since(first)) - millis(first.saturating_duration_since(second))
}

/// Watches of the test's own: what there is to know, and when.
struct Watching {
    pod: tokio::task::JoinHandle<Result<Instant>>,
    endpoints: tokio::task::JoinHandle<Result<Instant>>,
}

struct Seen {
    pod: Instant,
    endpoints: Instant,
}

impl Seen {
    async fn follow(site: &Site, own: &Temporary) -> Result<Watching> {
        let labels = watcher::Config::default().labels(&own.labels());
        let pods = watcher(site.cluster.pods(), labels).default_backoff().applied_objects().boxed();
        let name = watcher::Config::default().fields(&format!("metadata.name={}", own.name()));
        let all: Api<Endpoints> = Api::namespaced(site.cluster.client(), NAMESPACE);
        let endpoints = watcher(all, name).default_backoff().applied_objects().boxed();
        let named = own.name().to_owned();
        Ok(Watching {
            pod: tokio::spawn(first(pods, crate::cluster::is_ready)),
            endpoints: tokio::spawn(first(endpoints, move |endpoints: &Endpoints| {
                let subsets = endpoints.subsets.iter().flatten();
                endpoints.name_any() == named && subsets.flat_map(|subset| &subset.addresses).flatten().next().is_some()
            })),
        })
    }
}

impl Watching {
    async fn both(self) -> Result<Seen> {
        let (pod, endpoints) = (timeout(REQUEST, self.pod), timeout(REQUEST, self.endpoints));
        let (pod, endpoints) = tokio::join!(pod, endpoints);
        Ok(Seen { pod: pod???, endpoints: endpoints??? })
    }
}

/// When the first object came that is looked for.
async fn first<K>(
    mut objects: impl StreamExt<Item = Result<K, watcher::Error>> + Unpin,
    wanted: impl Fn(&K) -> bool,
) -> Result<Instant> {
    while let Some(object) = objects.try_next().await? {
        if wanted(&object) {
            return Ok(Instant::now());
        }
    }
    Err("a watch ended".into())
}
