//! Where everything takes place: the cluster, near and behind the relay; the pod; and the programs that forward to it.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use kube::{
    Client, Config, ResourceExt,
    config::{KubeConfigOptions, Kubeconfig},
};
use portolan_tests::{
    Result,
    cluster::{self, Cluster, NAMESPACE},
};

use crate::{
    args::Args,
    bare::{self, Bare},
    forwarder::{Forwarder, Program},
    hop,
    line::PORTS,
    measure::Way,
    relay,
};

/// What kubectl and Portolan forward to: a Service, as most people do. Its ports have the numbers of its pods'.
const TARGET: &str = "svc/web";

/// The pods behind it. The two ways that know only pods take the first.
const LABELS: &str = "app=web";

/// How far the far server is.
pub(crate) const ROUND_TRIP: Duration = Duration::from_millis(50);

/// The cluster and the programs.
#[derive(Debug)]
pub(crate) struct Site {
    near: Access,
    far: Access,
    /// The bare client, over one more local hop.
    hop: Bare,
    caches: PathBuf,
    kubectl: Program,
    kube_rs: Program,
    portolan: Program,
    /// The API server's version.
    pub(crate) kubernetes: String,
}

/// One way to the API server.
#[derive(Debug)]
struct Access {
    kubeconfig: PathBuf,
    bare: Bare,
}

impl Site {
    /// Looks at the tests' cluster and starts the relay. `folder` is for what lasts as long as the bench.
    ///
    /// # Errors
    /// When the cluster does not answer, or has no ready pod of ours.
    pub(crate) async fn find(args: &Args, folder: &Path) -> Result<Site> {
        let kubeconfig = cluster::kubeconfig()?;
        let file = Kubeconfig::read_from(&kubeconfig)?;
        let config = config(file.clone()).await?;
        let kubernetes = Client::try_from(config.clone())?.apiserver_version().await.map_err(|error| {
            format!("the API server {} does not answer: {error}. Start it: make cluster-up", config.cluster_url)
        })?;
        let pods = Cluster::connect().await?.ready_pods(LABELS).await?;
        let pod = pods.first().ok_or_else(|| {
            format!(
                "the namespace {NAMESPACE} has no ready pod with {LABELS}: bring it there with tests/cluster/apply.sh"
            )
        })?;
        let pod = pod.name_any();

        let far_kubeconfig = folder.join("far.kubeconfig");
        let far_file = behind_relay(file, &config)?;
        // YAML takes JSON as it is. The folder is readable to its owner only.
        fs::write(&far_kubeconfig, serde_json::to_vec(&far_file)?)?;
        let far_config = self::config(far_file).await?;

        let bare = Bare::new(&config, NAMESPACE, &pod)?;
        let hop = bare.through(hop::start)?;
        Ok(Site {
            near: Access { kubeconfig, bare },
            hop,
            far: Access { kubeconfig: far_kubeconfig, bare: Bare::new(&far_config, NAMESPACE, &pod)? },
            caches: folder.join("kubectl"),
            kubectl: Program { path: args.kubectl.clone(), args: forward("port-forward", "") },
            kube_rs: Program { path: args.kube_forward()?, args: kube_forward(&pod) },
            portolan: Program { path: args.portolan()?, args: forward("forward", &args.portolan_args) },
            kubernetes: kubernetes.git_version,
        })
    }

    /// Starts the way's forwarder; `None` where the bare client is all there is.
    ///
    /// # Errors
    /// When it does not listen.
    pub(crate) fn start(&self, way: Way, far: bool) -> Result<Option<Forwarder>> {
        let program = match way {
            Way::Kubectl => &self.kubectl,
            Way::KubeRs => &self.kube_rs,
            Way::Portolan => &self.portolan,
            Way::Bare | Way::Hop => return Ok(None),
        };
        program.start(&self.access(far).kubeconfig, &self.caches).map(Some)
    }

    /// The bare client, as a way takes it that has no forwarder.
    pub(crate) fn bare(&self, way: Way, far: bool) -> &Bare {
        if way == Way::Hop { &self.hop } else { &self.access(far).bare }
    }

    fn access(&self, far: bool) -> &Access {
        if far { &self.far } else { &self.near }
    }
}

/// The current context, without a proxy: the bare client knows none, and the cluster is near.
async fn config(file: Kubeconfig) -> Result<Config> {
    let mut config = Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await?;
    config.proxy_url = None;
    Ok(config)
}

/// The same kubeconfig, with the relay in place of the API server. The server's certificate has to be good for the relay's
/// address, as it is for that of every machine that runs a cluster of its own.
fn behind_relay(mut file: Kubeconfig, config: &Config) -> Result<Kubeconfig> {
    let url = &config.cluster_url;
    let host = url.host().ok_or("the kubeconfig's server has no host")?.trim_matches(['[', ']']);
    let relay = relay::start(bare::address(host, url.port_u16().unwrap_or(443))?, ROUND_TRIP)?;
    for cluster in file.clusters.iter_mut().filter_map(|named| named.cluster.as_mut()) {
        cluster.server = Some(format!("https://{relay}{}", url.path().trim_end_matches('/')));
    }
    Ok(file)
}

/// `TARGET :7 :19 :7777 -n NAMESPACE`, after the command's own word and before what else it is to be told.
fn forward(word: &str, more: &str) -> Vec<OsString> {
    let mut args = vec![word.to_owned(), TARGET.into(), "--namespace".into(), NAMESPACE.into()];
    args.extend(PORTS.map(|port| format!(":{port}")));
    args.extend(more.split_whitespace().map(str::to_owned));
    args.into_iter().map(OsString::from).collect()
}

fn kube_forward(pod: &str) -> Vec<OsString> {
    let mut args = vec![OsString::from(NAMESPACE), pod.into()];
    args.extend(PORTS.map(|port| port.to_string().into()));
    args
}
