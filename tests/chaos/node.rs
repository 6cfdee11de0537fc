//! The parts of our own cluster's node (`tests/cluster/up.sh`), to be ended and started. Nothing else is touched.

use std::{
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::Stdio,
};

use kube::config::Kubeconfig;
use portolan_tests::{Result, cluster, site::Site};
use tempfile::NamedTempFile;
use tokio::process::Command;

/// The port whose packages can be made to vanish. It leads to the API server, and only these tests use it.
const PORT: &str = "16443";

/// Where `up.sh` has put its cluster.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    state: PathBuf,
}

impl Node {
    /// The node of the cluster that `PORTOLAN_TEST_KUBECONFIG` names; `None`, and a word of it, where that is not our own,
    /// or may not be touched.
    pub(crate) fn of_the_tests() -> Result<Option<Node>> {
        let kubeconfig = cluster::kubeconfig()?;
        let state = kubeconfig.parent().unwrap_or(Path::new("/")).to_owned();
        if !state.join(".portolan-cluster").exists() {
            eprintln!("left out: only a cluster that tests/cluster/up.sh started has parts that may be ended");
            return Ok(None);
        }
        if std::fs::metadata("/proc/self")?.uid() != 0 {
            eprintln!("left out: ending parts of the cluster takes root");
            return Ok(None);
        }
        Ok(Some(Node { state }))
    }

    /// Ends a part, as `kill -9` does.
    pub(crate) async fn stop(&self, part: &str) -> Result {
        self.script("part.sh", &["stop", part]).await
    }

    /// Starts a part that was ended.
    pub(crate) async fn start(&self, part: &str) -> Result {
        self.script("part.sh", &["start", part]).await
    }

    /// Opens a way to the API server that can be lost.
    pub(crate) async fn way(&self) -> Result<Way> {
        self.script("fault.sh", &["open", PORT]).await?;
        Ok(Way { node: self.clone() })
    }

    async fn script(&self, name: &str, args: &[&str]) -> Result {
        let ended = self.command(name, args).output().await?;
        if ended.status.success() {
            return Ok(());
        }
        Err(format!("{name} {args:?}: {}", String::from_utf8_lossy(&ended.stderr)).into())
    }

    fn command(&self, name: &str, args: &[&str]) -> Command {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("cluster").join(name);
        let mut command = Command::new(script);
        command.args(args).arg(&self.state).stdin(Stdio::null());
        command
    }
}

/// A way to the API server. It is closed when this is dropped.
#[derive(Debug)]
pub(crate) struct Way {
    node: Node,
}

impl Way {
    /// A site that takes this way.
    pub(crate) async fn site(&self) -> Result<(Site, NamedTempFile)> {
        let mut file = Kubeconfig::read_from(cluster::kubeconfig()?)?;
        for cluster in file.clusters.iter_mut().filter_map(|named| named.cluster.as_mut()) {
            let server = cluster.server.as_deref().unwrap_or_default();
            let (host, _) = server.rsplit_once(':').ok_or("the API server's URL names no port")?;
            cluster.server = Some(format!("{host}:{PORT}"));
        }
        let kubeconfig = cluster::write_kubeconfig(&file)?;
        Ok((Site::of(kubeconfig.path()).await?, kubeconfig))
    }

    /// What is sent from now on vanishes, either way.
    pub(crate) async fn drop_all(&self) -> Result {
        self.node.script("fault.sh", &["drop", PORT]).await
    }

    /// What is sent arrives again.
    pub(crate) async fn restore(&self) -> Result {
        self.node.script("fault.sh", &["restore", PORT]).await
    }
}

impl Drop for Way {
    fn drop(&mut self) {
        let closed = self.node.command("fault.sh", &["close", PORT]).into_std().status();
        if !closed.is_ok_and(|status| status.success()) {
            eprintln!("the node's port {PORT} was not closed: tests/cluster/fault.sh close {PORT}");
        }
    }
}

/// A part that is ended. It is started again when this is dropped, whatever happened meanwhile.
#[derive(Debug)]
pub(crate) struct Ended<'a> {
    node: &'a Node,
    part: &'static str,
}

impl<'a> Ended<'a> {
    /// Will start the part.
    pub(crate) fn guard(node: &'a Node, part: &'static str) -> Self {
        Ended { node, part }
    }
}

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        // One that runs is left alone.
        let started = self.node.command("part.sh", &["start", self.part]).into_std().status();
        if !started.is_ok_and(|status| status.success()) {
            eprintln!("{} was not started again: tests/cluster/part.sh start {}", self.part, self.part);
        }
    }
}
