//! Faults, drawn at random from a seed, and when they were.

use std::{fmt, time::Duration};

use portolan_demo::Faults;
use portolan_tests::{
    Result, carries,
    cluster::{Cluster, Delete},
    site::Site,
};
use serde_json::json;
use tokio::{
    io::AsyncReadExt,
    time::{Instant, sleep, timeout},
};

/// After a fault so long until all must serve again.
pub(crate) const RECOVERY: Duration = Duration::from_secs(6);

/// How long the API server is away, and how long nothing is carried.
const AWAY: Duration = Duration::from_secs(5);

/// What may go wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fault {
    /// A pod is deleted.
    Delete(Delete),
    /// All pods of a Deployment are replaced.
    Roll,
    /// A container's process ends.
    Kill,
    /// The API server is away. Demo clusters only, as all that follow.
    Away,
    /// All upgrades are cut.
    Cut,
    /// Nothing is carried, nothing closed.
    Silent,
}

impl Fault {
    const EVERYWHERE: [Fault; 4] =
        [Fault::Delete(Delete::Kindly), Fault::Delete(Delete::AtOnce), Fault::Roll, Fault::Kill];
    const DEMO: [Fault; 3] = [Fault::Away, Fault::Cut, Fault::Silent];

    /// One of those that the cluster can be made to have.
    pub(crate) fn draw(random: &mut fastrand::Rng, demo: bool) -> Fault {
        let all = [&Fault::EVERYWHERE[..], if demo { &Fault::DEMO } else { &[] }].concat();
        all[random.usize(..all.len())]
    }

    /// Whether connections may fail through it. What is done in good order, no connection may notice.
    pub(crate) fn excuses(self) -> bool {
        !matches!(self, Fault::Roll | Fault::Delete(Delete::Kindly))
    }

    /// Brings it about in one Deployment, or in the cluster; returns when its cause is gone.
    pub(crate) async fn strike(self, site: &Site, deployment: &str, random: &mut fastrand::Rng) -> Result {
        let cluster = &site.cluster;
        match self {
            Fault::Delete(how) => {
                let pod = one_of(cluster, deployment, random).await?;
                cluster.delete_pod(&pod, how).await?;
                cluster.until_gone(&pod).await?;
                cluster.until_rolled(deployment).await
            }
            Fault::Roll => {
                let annotations = json!({"rolled": random.u64(..).to_string()});
                let template = json!({"metadata": {"annotations": annotations}});
                cluster.change(deployment, json!({"spec": {"template": template}})).await?;
                cluster.until_rolled(deployment).await
            }
            Fault::Kill => {
                let pod = one_of(cluster, deployment, random).await?;
                let mut killer = site.open(&format!("pod/{pod}"), &[":86"]).await?;
                killer.until_active().await?;
                let mut end = carries::connect(killer.port()).await?;
                // It ends without an answer, one way or the other.
                let _ = timeout(RECOVERY, end.read(&mut [0])).await;
                killer.stop().await;
                // A container that has ended before waits longer to be started again.
                cluster.until_rolled(deployment).await
            }
            Fault::Away => {
                site.as_demo()?;
                connect_anew(site).await
            }
            Fault::Silent => while_it_lasts(site.as_demo()?.faults(), |faults, on| faults.set(|f| f.silent = on)).await,
            Fault::Cut => {
                site.as_demo()?.faults().cut_upgrades();
                Ok(())
            }
        }
    }
}

/// Has all connections to a demo cluster be made anew: one that a silence has gone over takes a task more, for as long as it
/// lives.
pub(crate) async fn connect_anew(site: &Site) -> Result {
    match site.as_demo() {
        Ok(demo) => while_it_lasts(demo.faults(), |faults, on| faults.set(|f| f.away = on)).await,
        Err(_) => Ok(()),
    }
}

async fn while_it_lasts(faults: &Faults, set: fn(&Faults, bool)) -> Result {
    set(faults, true);
    sleep(AWAY).await;
    set(faults, false);
    Ok(())
}

async fn one_of(cluster: &Cluster, deployment: &str, random: &mut fastrand::Rng) -> Result<String> {
    let pods = cluster.ready_pods(&format!("app={deployment}")).await?;
    let names: Vec<String> = pods.into_iter().filter_map(|pod| pod.metadata.name).collect();
    if names.is_empty() {
        return Err(format!("{deployment} has no ready pod, with no fault on its way").into());
    }
    Ok(names[random.usize(..names.len())].clone())
}

/// A fault that was, and until when what it did may be felt.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Struck {
    pub(crate) fault: Fault,
    pub(crate) from: Instant,
    /// `None` while it lasts.
    pub(crate) to: Option<Instant>,
}

impl Struck {
    /// Whether what began and ended then may have felt it.
    pub(crate) fn may_be_felt(&self, began: Instant, ended: Instant) -> bool {
        self.from <= ended && self.to.is_none_or(|to| began <= to + RECOVERY)
    }
}

impl fmt::Display for Struck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.fault)?;
        self.to.map_or(Ok(()), |to| write!(f, ", for {:.1} s", (to - self.from).as_secs_f32()))
    }
}
