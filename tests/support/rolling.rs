//! Fresh requests, by the clock, through every kind of tunnel that outlives pods, while the pods are rolled, deleted and
//! killed: none may fail but those that a killed container had received already, and none may be carried out twice.

use std::{collections::BTreeMap, fmt, time::Duration};

use futures::future::join_all;
use k8s_openapi::api::apps::v1::Deployment;
use kube::ResourceExt;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::watch,
    time::{Instant, sleep_until, timeout},
};

use crate::{
    Result, carries,
    cluster::Delete,
    load::{Load, Request},
    notes::Notes,
    process::Pressure,
    site::{Site, Tunnel},
    temporary::Temporary,
};

/// So many failures are told one by one.
const TOLD: usize = 12;

const PODS: usize = 3;

/// No request may wait longer.
const LONGEST: Duration = Duration::from_secs(3);

/// So long after the order a container may be killed: a kubelet has more to do.
const KILLING: Duration = Duration::from_secs(5);

/// In so many percent of the time something may have to wait for a processor before the machine is called slow: what it
/// delays, no tunnel can answer for.
const BUSY: u128 = 40;

/// So much longer a request may wait on a slow machine.
const SLOWER: u32 = 5;

/// Of 2,400 requests so many may have been in a container when it was killed.
const UNANSWERED: usize = 3;

/// The numbers of each tunnel's requests begin here, times its place.
const APART: u64 = 100_000;

/// What is done to the pods, in this order.
#[derive(Clone, Copy, Debug)]
enum Blow {
    /// All of them are replaced; so many may be missing meanwhile.
    Roll { max_unavailable: u32 },
    /// One is deleted.
    Delete(Delete),
    /// The process in one of them ends, with all that it was doing.
    Kill,
}

impl Blow {
    const ALL: [Blow; 6] = [
        Blow::Roll { max_unavailable: 0 },
        Blow::Roll { max_unavailable: 1 },
        Blow::Delete(Delete::Kindly),
        Blow::Delete(Delete::AtOnce),
        Blow::Kill,
        Blow::Kill,
    ];

    /// Whether what a pod is doing may be lost.
    fn kills(self) -> bool {
        matches!(self, Blow::Kill | Blow::Delete(Delete::AtOnce))
    }
}

/// Runs a request each `pace` through each tunnel for `length`, or as long as all blows take.
///
/// # Errors
/// All that a tunnel did wrong, in words; a line for each tunnel is printed either way.
pub async fn no_request_is_lost_while_pods_roll(site: &Site, pace: Duration, length: Duration) -> Result {
    let notes = Notes::start(site).await?;
    let own = Temporary::new("rolling");
    own.working_deployment(&site.cluster, PODS, &notes.address).await?;
    own.service(&site.cluster).await?;
    site.cluster.until_rolled(own.name()).await?;
    let targets = [format!("svc/{}", own.name()), format!("deploy/{}", own.name()), format!("-l {}", own.labels())];
    let mut tunnels = Vec::new();
    for target in &targets {
        let mut tunnel = site.open(target, &[":80"]).await?;
        tunnel.until_active().await?;
        tunnels.push(tunnel);
    }
    let (end, ended) = watch::channel(false);
    let pressure = Pressure::begin();
    let loads =
        join_all((0..).zip(&tunnels).map(|(n, tunnel)| Load::run(tunnel.port(), n * APART, pace, ended.clone())));
    let blows = async {
        let until = Instant::now() + length;
        let struck = strike_all(site, &own, &tunnels[1], length).await;
        sleep_until(until).await;
        end.send_replace(true);
        struck
    };
    let (loads, struck) = tokio::join!(loads, blows);
    let (struck, noted) = (struck?, notes.read().await?);
    let percent = pressure.percent();
    eprintln!("the machine: processors were waited for in {percent} % of the time");
    let slow = percent > BUSY;
    let mut wrong = Vec::new();
    for ((target, tunnel), load) in targets.iter().zip(&tunnels).zip(&loads) {
        let account = Account::of(load, &struck, &noted);
        let counters = tunnel.view().counters;
        for line in account.details(&struck, &noted) {
            eprintln!("{target}: {line}");
        }
        eprintln!(
            "{target}: {account}; the session counted {} tried again, {} cut, {} delivered and not answered, {} refused",
            counters.retried, counters.cut, counters.unanswered, counters.refused
        );
        wrong.extend(account.wrong(slow).into_iter().map(|what| format!("{target}: {what}")));
    }
    for tunnel in tunnels {
        tunnel.stop().await;
    }
    notes.stop().await;
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}

/// What was done, and when.
type Struck = Vec<(Blow, Instant)>;

async fn strike_all(site: &Site, own: &Temporary, sticky: &Tunnel<'_>, length: Duration) -> Result<Struck> {
    let (begun, apart) = (Instant::now(), length / 7);
    let mut struck = Vec::new();
    for (n, blow) in (1..).zip(Blow::ALL) {
        sleep_until(begun + apart * n).await;
        let at = Instant::now();
        struck.push((blow, at));
        strike(site, own, sticky, blow).await.map_err(|error| format!("{blow:?}: {error}"))?;
        eprintln!("{blow:?} took {:.1} s", at.elapsed().as_secs_f32());
    }
    Ok(struck)
}

/// Strikes, and returns when all is well again.
async fn strike(site: &Site, own: &Temporary, sticky: &Tunnel<'_>, blow: Blow) -> Result {
    let cluster = &site.cluster;
    match blow {
        Blow::Roll { max_unavailable } => {
            let strategy = json!({"rollingUpdate": {"maxUnavailable": max_unavailable, "maxSurge": 1}});
            let template = json!({"metadata": {"annotations": {"rolled": max_unavailable.to_string()}}});
            cluster.change(own.name(), json!({"spec": {"strategy": strategy, "template": template}})).await?;
        }
        // The one that most requests go to.
        Blow::Delete(how) => {
            let pod = carries::http_get(sticky.port()).await?;
            cluster.delete_pod(&pod, how).await?;
            cluster.until_gone(&pod).await?;
        }
        Blow::Kill => {
            let pod = carries::http_get(sticky.port()).await?;
            let restarts = restarts(site, &pod).await?;
            let mut killer = site.open(&format!("pod/{pod}"), &[":86"]).await?;
            killer.until_active().await?;
            let mut end = carries::connect(killer.port()).await?;
            // A connection that has said nothing is dialled again, and would kill a second time.
            end.write_all(b"!").await?;
            // It ends without an answer, one way or the other.
            let _ = timeout(KILLING, end.read(&mut [0])).await;
            crate::eventually("the container's restart is on record", KILLING * 4, async || {
                Ok((self::restarts(site, &pod).await? > restarts).then_some(()))
            })
            .await?;
            killer.stop().await;
        }
    }
    // A controller has to see first that there is something to do.
    cluster.until_ready(&own.labels(), PODS, &Default::default()).await?;
    let deployment = cluster.objects::<Deployment>().get(own.name()).await?.name_any();
    cluster.until_rolled(&deployment).await
}

async fn restarts(site: &Site, pod: &str) -> Result<i32> {
    let status = site.cluster.pods().get(pod).await?.status.unwrap_or_default();
    Ok(status.container_statuses.unwrap_or_default().iter().map(|container| container.restart_count).sum())
}

/// What became of the requests through one tunnel.
#[derive(Debug)]
struct Account<'a> {
    load: &'a Load,
    /// Failed, though no container was killed meanwhile.
    failed: Vec<(&'a Request, &'a String)>,
    /// Failed while a container was killed: it may have had them.
    unanswered: Vec<(&'a Request, &'a String)>,
    /// Carried out more than once.
    twice: Vec<u64>,
    /// Answered, and never carried out.
    not_noted: Vec<u64>,
}

impl<'a> Account<'a> {
    fn of(load: &'a Load, struck: &[(Blow, Instant)], noted: &BTreeMap<u64, u32>) -> Account<'a> {
        let killed =
            |request: &Request| struck.iter().any(|(blow, at)| blow.kills() && request.may_have_met(*at, KILLING));
        let (unanswered, failed) = load.failed().partition(|(request, _)| killed(request));
        let times = |request: &Request| noted.get(&request.number).copied().unwrap_or(0);
        let numbers = |wanted: &dyn Fn(&Request) -> bool| {
            load.requests.iter().filter(|request| wanted(request)).map(|request| request.number).collect()
        };
        Account {
            failed,
            unanswered,
            twice: numbers(&|request| times(request) > 1),
            not_noted: numbers(&|request| request.answer.is_ok() && times(request) == 0),
            load,
        }
    }

    /// The longest waits and all failures: when they began, after which blow.
    fn details(&self, struck: &[(Blow, Instant)], noted: &BTreeMap<u64, u32>) -> Vec<String> {
        let when = |request: &Request| {
            let last = struck.iter().rev().find(|(_, at)| *at <= request.began);
            last.map_or("before the first blow".to_owned(), |(blow, at)| {
                format!("{:.2} s after {blow:?}", (request.began - *at).as_secs_f32())
            })
        };
        let told = |request: &Request, what: &str| {
            let took = (request.ended - request.began).as_millis();
            // Whether a request that failed was carried out tells on which half of its way it was lost.
            let times = noted.get(&request.number).copied().unwrap_or(0);
            format!("number {} {}, {what} after {took} ms, carried out {times} times", request.number, when(request))
        };
        let slow = self.load.requests.iter().filter(|request| request.answer.is_ok());
        let slowest = slow.max_by_key(|request| request.ended - request.began);
        let slowest = slowest.map(|request| told(request, "the slowest, was answered"));
        let failed = self.failed.iter().chain(&self.unanswered).take(TOLD);
        slowest.into_iter().chain(failed.map(|(request, why)| told(request, &format!("failed ({why})")))).collect()
    }

    /// All that breaks the promise, on a slow machine or one that has time.
    fn wrong(&self, slow: bool) -> Vec<String> {
        let mut wrong = Vec::new();
        if let Some((request, why)) = self.failed.first() {
            wrong.push(format!(
                "{} requests failed; the first, number {}, as {why}",
                self.failed.len(),
                request.number
            ));
        }
        // On a slow machine more of them are on their way at a time: as many as come in the time that one takes.
        let on_their_way = self.load.times().median() / self.load.pace.as_millis().try_into().unwrap_or(1);
        let more = if slow { usize::try_from(on_their_way).unwrap_or(0) } else { 0 };
        let allowed = UNANSWERED * self.load.requests.len().div_ceil(2400) + 2 * more;
        if self.unanswered.len() > allowed {
            let (request, why) = self.unanswered[0];
            let many = self.unanswered.len();
            wrong.push(format!(
                "{many} requests were lost in killed containers; the first, {}, as {why}",
                request.number
            ));
        }
        for (numbers, what) in [(&self.twice, "carried out twice"), (&self.not_noted, "answered and not carried out")] {
            if let Some(first) = numbers.first() {
                wrong.push(format!("{} requests were {what}, number {first} first", numbers.len()));
            }
        }
        let longest = Duration::from_millis(u64::try_from(self.load.times().longest()).unwrap_or(0));
        if longest.saturating_sub(self.load.lateness) > LONGEST * if slow { SLOWER } else { 1 } {
            wrong.push(format!(
                "a request waited {longest:?}, and the machine was {:?} late at most",
                self.load.lateness
            ));
        }
        wrong
    }
}

impl fmt::Display for Account<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Account { load, failed, unanswered, twice, .. } = self;
        write!(
            f,
            "{} requests, {} failed, {} lost in killed containers, {} carried out twice; {} (the clock {} ms late)",
            load.requests.len(),
            failed.len(),
            unanswered.len(),
            twice.len(),
            load.times(),
            load.lateness.as_millis()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(number: u64, began: Instant, answered: bool) -> Request {
        let answer = if answered { Ok("web-1".into()) } else { Err("the connection ended".into()) };
        Request { number, began, ended: began + Duration::from_millis(10), answer }
    }

    fn wrong(requests: Vec<Request>, struck: &[(Blow, Instant)], noted: &[(u64, u32)]) -> Vec<String> {
        let load = Load { requests, pace: Duration::from_millis(25), lateness: Duration::ZERO };
        Account::of(&load, struck, &noted.iter().copied().collect()).wrong(false)
    }

    #[test]
    fn what_breaks_the_promise_is_found_and_what_does_not_is_let_be() {
        let at = Instant::now();
        let late = at + Duration::from_secs(60);
        let (roll, kill) = ((Blow::Roll { max_unavailable: 0 }, at), (Blow::Kill, at));
        assert!(wrong(vec![request(1, at, true)], &[roll], &[(1, 1)]).is_empty());
        assert!(wrong(vec![request(1, at, false)], &[kill], &[(1, 1)]).is_empty(), "the container may have had it");
        for (requests, struck, noted, what) in [
            (vec![request(1, at, false)], roll, vec![(1, 1)], "1 requests failed; the first, number 1"),
            (vec![request(1, late, false)], kill, vec![], "1 requests failed"),
            (vec![request(1, at, true)], kill, vec![(1, 2)], "carried out twice"),
            (vec![request(1, at, true)], kill, vec![], "answered and not carried out"),
            ((0..4).map(|n| request(n, at, false)).collect(), kill, vec![], "4 requests were lost in killed"),
        ] {
            let found = wrong(requests, &[struck], &noted);
            assert!(found.len() == 1 && found[0].contains(what), "{what}: {found:?}");
        }
        let slow = Request { ended: at + Duration::from_secs(4), ..request(1, at, true) };
        assert!(wrong(vec![slow], &[roll], &[(1, 1)])[0].contains("waited 4s"));
    }
}
