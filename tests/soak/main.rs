//! Many sessions, connections all the time, and faults at random: for as long as somebody wants to wait.
//!
//! `PORTOLAN_TEST_SOAK_SECONDS` is how long: half an hour if nothing else is said, 2 minutes in CI. `PORTOLAN_TEST_SOAK_SEED`
//! draws the same faults again; the seed is printed. With `PORTOLAN_TEST_KUBECONFIG` the soak on a real cluster may be run, too.

mod faults;
mod holds;
mod idle;

use std::{
    env,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use faults::{Fault, RECOVERY, Struck};
use futures::future::join_all;
use holds::Held;
use portolan_engine::phase::Phase;
use portolan_tests::{
    Result, carries,
    figures::{Times, seconds},
    site::{Site, Tunnel},
    temporary::Temporary,
};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, interval, sleep, sleep_until},
};

const SESSIONS: usize = 50;

/// Each with two pods, and a pod beside it that no fault hits but those of the whole cluster.
const DEPLOYMENTS: usize = 5;

/// Twenty connections a second through each kind of tunnel.
const PACE: Duration = Duration::from_micros(50_000 / KINDS as u64);

const KINDS: usize = 4;

/// From the end of one fault to the next, in milliseconds. What one does must be over when the next begins.
const QUIET: std::ops::Range<u64> = 8_000..15_000;

/// A session that is shown open answers within this.
const ANSWERS: Duration = Duration::from_secs(10);

/// How often it is looked at what is held, and whether all sessions answer.
const LOOK: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes long: see README, Tests"]
async fn fifty_sessions_outlast_all_faults_on_a_demo_cluster() -> Result {
    soak(&Site::demo().await?).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes long, and needs a Kubernetes: see README, Tests"]
async fn fifty_sessions_outlast_all_faults_on_a_real_cluster() -> Result {
    soak(&Site::real().await?).await
}

fn length() -> Duration {
    let in_ci = env::var_os("CI").is_some();
    seconds("PORTOLAN_TEST_SOAK_SECONDS", if in_ci { 120 } else { 1800 })
}

fn seed() -> u64 {
    let said = env::var("PORTOLAN_TEST_SOAK_SEED").ok().and_then(|said| said.parse().ok());
    said.unwrap_or_else(|| fastrand::u64(..))
}

/// All faults so far.
#[derive(Debug, Default)]
struct Record(Mutex<Vec<Struck>>);

impl Record {
    fn change<T>(&self, change: impl FnOnce(&mut Vec<Struck>) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether what began then and ends now is excused.
    fn excuses(&self, began: Instant) -> bool {
        let now = Instant::now();
        self.change(|all| all.iter().any(|struck| struck.fault.excuses() && struck.may_be_felt(began, now)))
    }

    /// Whether no fault may be felt now.
    fn is_quiet(&self) -> bool {
        let now = Instant::now();
        self.change(|all| !all.iter().any(|struck| struck.may_be_felt(now, now)))
    }

    /// The last fault, for messages.
    fn last(&self, at: Instant) -> String {
        let last = self.change(|all| all.iter().rev().find(|struck| struck.from <= at).copied());
        last.map_or("before any fault".into(), |struck| {
            format!("{:.1} s after {struck} began", (at - struck.from).as_secs_f32())
        })
    }
}

/// What the connections came to.
#[derive(Debug, Default)]
struct Account {
    served: usize,
    excused: usize,
    times: Times,
    wrong: Vec<String>,
}

async fn soak(site: &Site) -> Result {
    let (length, seed) = (length(), seed());
    eprintln!("PORTOLAN_TEST_SOAK_SEED={seed} PORTOLAN_TEST_SOAK_SECONDS={}", length.as_secs());
    let (deployments, pods) = workloads(site).await?;
    let mut tunnels = open_all(site, &deployments, &pods).await?;
    let before = holds::at_rest().await?;
    let record = Record::default();
    let (end, ended) = watch::channel(false);
    let striking = async {
        let struck = strike(site, &deployments, seed, length, &record).await;
        end.send_replace(true);
        struck
    };
    let (struck, account, looked) =
        tokio::join!(striking, connect(&tunnels, &record, ended.clone()), look(&tunnels, &record, ended));
    let (samples, mut wrong) = looked?;
    eprintln!(
        "{} connections served, {}; {} failed in faults, {} outside; {} faults",
        account.served,
        account.times,
        account.excused,
        account.wrong.len(),
        record.change(|all| all.len())
    );
    wrong.extend(account.wrong);
    wrong.extend(struck.err().map(|error| error.to_string()));
    wrong.extend(holds::grown(&samples, length));
    if let Some(before) = before {
        wrong.extend(left_over(site, &mut tunnels, before).await.unwrap_or_else(|error| vec![error.to_string()]));
    }
    for tunnel in tunnels {
        tunnel.stop().await;
    }
    if wrong.is_empty() {
        return Ok(());
    }
    let count = wrong.len();
    wrong.truncate(20);
    Err(format!("with the seed {seed}, {count} things were wrong, such as:\n{}", wrong.join("\n")).into())
}

/// What is held at the end, and was not before.
async fn left_over(site: &Site, tunnels: &mut [Tunnel<'_>], before: Held) -> Result<Vec<String>> {
    faults::connect_anew(site).await?;
    for tunnel in tunnels {
        tunnel.until_active().await?;
    }
    holds::left(before).await
}

async fn workloads(site: &Site) -> Result<(Vec<Temporary>, Vec<Temporary>)> {
    let (mut deployments, mut pods) = (Vec::new(), Vec::new());
    for _ in 0..DEPLOYMENTS {
        let (deployment, pod) = (Temporary::new("soak"), Temporary::new("soak-pod"));
        // Nothing is noted: no request asks for it.
        deployment.working_deployment(&site.cluster, 2, "127.0.0.1").await?;
        deployment.service(&site.cluster).await?;
        pod.pod(&site.cluster).await?;
        deployments.push(deployment);
        pods.push(pod);
    }
    for (deployment, pod) in deployments.iter().zip(&pods) {
        site.cluster.until_rolled(deployment.name()).await?;
        site.cluster.until_ready(&pod.labels(), 1, &Default::default()).await?;
    }
    Ok((deployments, pods))
}

async fn open_all<'a>(site: &'a Site, deployments: &[Temporary], pods: &[Temporary]) -> Result<Vec<Tunnel<'a>>> {
    let mut tunnels = Vec::new();
    for n in 0..SESSIONS {
        let place = n / KINDS % DEPLOYMENTS;
        let (deployment, pod) = (&deployments[place], &pods[place]);
        let target = match n % KINDS {
            0 => format!("svc/{}", deployment.name()),
            1 => format!("deploy/{}", deployment.name()),
            2 => format!("-l {}", deployment.labels()),
            _ => format!("pod/{}", pod.name()),
        };
        tunnels.push(site.open(&target, &[":80", ":7"]).await?);
    }
    for tunnel in &mut tunnels {
        tunnel.until_active().await?;
    }
    Ok(tunnels)
}

async fn strike(site: &Site, deployments: &[Temporary], seed: u64, length: Duration, record: &Record) -> Result {
    let mut random = fastrand::Rng::with_seed(seed);
    let end = Instant::now() + length;
    loop {
        let next = Instant::now() + Duration::from_millis(random.u64(QUIET));
        if next + RECOVERY >= end {
            sleep_until(end).await;
            return Ok(());
        }
        sleep_until(next).await;
        let fault = Fault::draw(&mut random, site.as_demo().is_ok());
        let hit = &deployments[random.usize(..deployments.len())];
        record.change(|all| all.push(Struck { fault, from: Instant::now(), to: None }));
        let struck = fault.strike(site, hit.name(), &mut random).await;
        let over = record.change(|all| {
            let last = all.last_mut()?;
            last.to = Some(Instant::now());
            Some(*last)
        });
        if let Some(over) = over {
            eprintln!("{over}");
        }
        struck.map_err(|error| format!("{fault:?}: {error}"))?;
    }
}

/// Connections by the clock, through one session after the other; every other one carries bytes both ways.
async fn connect(tunnels: &[Tunnel<'_>], record: &Record, mut end: watch::Receiver<bool>) -> Account {
    let mut clock = interval(PACE);
    let mut open = JoinSet::new();
    let mut account = Account::default();
    let mut turn = (0..tunnels.len()).cycle().zip(0_u64..);
    loop {
        tokio::select! {
            biased;
            _ = end.wait_for(|ended| *ended) => break,
            Some(done) = open.join_next() => account.add(done.ok(), tunnels, record),
            _ = clock.tick() => {
                let Some((session, number)) = turn.next() else { break };
                let [http, echo] = tunnels[session].ports[..] else { break };
                open.spawn(async move {
                    let began = Instant::now();
                    let done = if number / 2 % 2 == 0 {
                        carries::http_get_within(http, Duration::from_secs(40)).await.map(drop)
                    } else {
                        carries::echo(echo, 10_000).await
                    };
                    (session, began, done)
                });
            }
        }
    }
    while let Some(done) = open.join_next().await {
        account.add(done.ok(), tunnels, record);
    }
    account
}

impl Account {
    fn add(&mut self, done: Option<(usize, Instant, Result<(), String>)>, tunnels: &[Tunnel<'_>], record: &Record) {
        match done {
            Some((_, began, Ok(()))) => {
                self.served += 1;
                self.times.add(began.elapsed());
            }
            Some((_, began, Err(_))) if record.excuses(began) => self.excused += 1,
            Some((session, began, Err(why))) => {
                let target = tunnels[session].view().forward.target;
                self.wrong.push(format!("{target}: a connection failed, {}: {why}", record.last(began)));
            }
            None => self.wrong.push("a connection's task panicked".into()),
        }
    }
}

/// Looks at what is held, and whether each session that is shown open answers, whenever no fault may be felt.
async fn look(
    tunnels: &[Tunnel<'_>],
    record: &Record,
    mut end: watch::Receiver<bool>,
) -> Result<(Vec<Held>, Vec<String>)> {
    let (mut samples, mut wrong) = (Vec::new(), Vec::new());
    loop {
        tokio::select! {
            biased;
            _ = end.wait_for(|ended| *ended) => return Ok((samples, wrong)),
            () = sleep(LOOK) => {}
        }
        if !record.is_quiet() {
            continue;
        }
        samples.extend(Held::now()?);
        let began = Instant::now();
        let asked = join_all(tunnels.iter().map(async |tunnel| {
            let phase = tunnel.view().phase;
            let open = matches!(phase, Phase::Active { .. });
            if !open {
                return Some(format!("is {phase:?}, with no fault on its way"));
            }
            carries::http_get_within(tunnel.port(), ANSWERS).await.err()
        }));
        for (tunnel, why) in tunnels.iter().zip(asked.await) {
            let Some(why) = why.filter(|_| !record.excuses(began)) else { continue };
            let target = tunnel.view().forward.target;
            wrong.push(format!("{target}: shown open and does not answer, {}: {why}", record.last(began)));
        }
    }
}
