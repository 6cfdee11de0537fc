//! What the pods of a test carried out, and how often: each notes the number of a request in a pod that stays, before it
//! answers. So it is known of every request, whatever became of its pod.

use std::{
    collections::{BTreeMap, HashSet},
    time::Duration,
};

use tokio::{io::AsyncReadExt, time::timeout};

use crate::{
    Result, carries,
    cluster::Cluster,
    site::{Site, Tunnel},
    temporary::Temporary,
};

const LIMIT: Duration = Duration::from_secs(20);

/// The pod where they are noted.
#[derive(Debug)]
pub struct Notes<'a> {
    own: Temporary,
    tunnel: Tunnel<'a>,
    /// The pod's address: what pods note at.
    pub address: String,
}

impl<'a> Notes<'a> {
    /// Starts it.
    ///
    /// # Errors
    /// When the cluster has no room for it, or it cannot be reached.
    pub async fn start(site: &'a Site) -> Result<Self> {
        let own = Temporary::new("notes");
        own.pod(&site.cluster).await?;
        let address = address(&site.cluster, &own).await?;
        let mut tunnel = site.open(&format!("pod/{}", own.name()), &[":4712"]).await?;
        tunnel.until_active().await?;
        Ok(Notes { own, tunnel, address })
    }

    /// How often each number was noted so far.
    ///
    /// # Errors
    /// When the pod does not answer.
    pub async fn read(&self) -> Result<BTreeMap<u64, u32>> {
        let mut connection = carries::connect(self.tunnel.port()).await?;
        let mut lines = String::new();
        timeout(LIMIT, connection.read_to_string(&mut lines)).await??;
        lines
            .lines()
            .map(|line| {
                let (number, times) = line.split_once(' ').ok_or_else(|| format!("{line:?} is no note"))?;
                Ok((number.parse()?, times.parse()?))
            })
            .collect()
    }

    /// Ends it.
    pub async fn stop(self) {
        self.tunnel.stop().await;
        drop(self.own);
    }
}

async fn address(cluster: &Cluster, own: &Temporary) -> Result<String> {
    let pods = cluster.until_ready(&own.labels(), 1, &HashSet::new()).await?;
    let address = pods.into_iter().find_map(|pod| pod.status?.pod_ip);
    Ok(address.ok_or("a ready pod has no address")?)
}
