//! The tests' Kubernetes, as its administrator sees it.

use std::{
    collections::HashSet,
    fmt,
    io::Write,
    path::{Path, PathBuf},
    time::Duration,
};

use k8s_openapi::api::{apps::v1::Deployment, core::v1::Pod};
use kube::{
    Api, Client, Resource, ResourceExt,
    api::{ApiResource, DeleteParams, DynamicObject, ListParams, Patch, PatchParams},
    config::{KubeConfigOptions, Kubeconfig},
};
use serde_json::{Value, json};
use tempfile::NamedTempFile;

use crate::{Result, eventually};

/// Where the tests' workloads are: see `tests/cluster/manifests`.
pub const NAMESPACE: &str = "shop";

/// A pod starts in about 2 s. On a machine with other work it takes longer, and waiting is not failing. The kubelet tears a
/// pod's network down twice at once now and then, one of the two fails, and it tries again when its next round comes, which
/// is after 60 to 90 s.
const PATIENCE: Duration = Duration::from_secs(180);

/// The kubeconfig of the cluster to test on.
///
/// # Errors
/// When none is named.
pub fn kubeconfig() -> Result<PathBuf> {
    let path = std::env::var_os("PORTOLAN_TEST_KUBECONFIG");
    Ok(PathBuf::from(path.ok_or("PORTOLAN_TEST_KUBECONFIG names no cluster: see README, Tests")?))
}

/// The kubeconfig of somebody who may forward in [`NAMESPACE`] and nothing else; `None`, and a word of it, where the
/// cluster has none.
pub fn viewer_kubeconfig() -> Option<PathBuf> {
    let path = std::env::var_os("PORTOLAN_TEST_VIEWER_KUBECONFIG").map(PathBuf::from);
    if path.is_none() {
        eprintln!("left out: PORTOLAN_TEST_VIEWER_KUBECONFIG names no kubeconfig of a user with few rights");
    }
    path
}

/// The tests' kubeconfig with the user of the one that an environment variable names; `None`, and a word of it, where it
/// names none. On our own cluster, `creator` and `getter` are such users (see `tests/cluster/manifests/rbac.yaml`).
///
/// # Errors
/// When either cannot be read.
pub fn kubeconfig_as(variable: &str) -> Result<Option<NamedTempFile>> {
    let Some(path) = std::env::var_os(variable) else {
        eprintln!("left out: {variable} names no kubeconfig of a user with few rights");
        return Ok(None);
    };
    let (mut file, user) = (Kubeconfig::read_from(kubeconfig()?)?, Kubeconfig::read_from(PathBuf::from(path))?);
    let name = user.auth_infos.first().map(|user| user.name.clone());
    for context in file.contexts.iter_mut().filter_map(|named| named.context.as_mut()) {
        context.user.clone_from(&name);
    }
    file.auth_infos = user.auth_infos;
    write_kubeconfig(&file).map(Some)
}

/// A kubeconfig as a file that goes when it is dropped.
///
/// # Errors
/// When it cannot be written.
pub fn write_kubeconfig(kubeconfig: &Kubeconfig) -> Result<NamedTempFile> {
    let mut file = NamedTempFile::new()?;
    // JSON is YAML, too.
    file.write_all(&serde_json::to_vec(kubeconfig)?)?;
    Ok(file)
}

/// The cluster, as its administrator.
#[derive(Clone)]
pub struct Cluster {
    client: Client,
    kubeconfig: PathBuf,
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster").field("kubeconfig", &self.kubeconfig).finish_non_exhaustive()
    }
}

impl Cluster {
    /// Opens the current context of the tests' kubeconfig.
    ///
    /// # Errors
    /// When it names no cluster.
    pub async fn connect() -> Result<Cluster> {
        Cluster::of(&kubeconfig()?).await
    }

    /// Opens the current context of a kubeconfig.
    ///
    /// # Errors
    /// When it cannot be used.
    pub async fn of(kubeconfig: &Path) -> Result<Cluster> {
        let file = Kubeconfig::read_from(kubeconfig)?;
        let config = kube::Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await?;
        Ok(Cluster { client: Client::try_from(config)?, kubeconfig: kubeconfig.to_owned() })
    }

    /// The kubeconfig that it was opened with.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Talks to its API server.
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// The objects of a kind in [`NAMESPACE`].
    pub fn objects<K: Resource<DynamicType = ()>>(&self) -> Api<DynamicObject> {
        Api::namespaced_with(self.client.clone(), NAMESPACE, &ApiResource::erase::<K>(&()))
    }

    /// The pods of [`NAMESPACE`].
    pub fn pods(&self) -> Api<Pod> {
        Api::namespaced(self.client.clone(), NAMESPACE)
    }

    /// The pods with these labels that are ready and stay.
    ///
    /// # Errors
    /// When the cluster does not answer.
    pub async fn ready_pods(&self, labels: &str) -> Result<Vec<Pod>> {
        let pods = self.pods().list(&ListParams::default().labels(labels)).await?;
        Ok(pods.items.into_iter().filter(is_ready).collect())
    }

    /// Waits until there are `count` ready pods with these labels, none of them of these UIDs.
    ///
    /// # Errors
    /// When they do not come.
    pub async fn until_ready(&self, labels: &str, count: usize, but: &HashSet<String>) -> Result<Vec<Pod>> {
        eventually(&format!("{count} pods with {labels} are ready"), PATIENCE, async || {
            let pods = self.ready_pods(labels).await?;
            let others: Vec<Pod> = pods.into_iter().filter(|pod| !but.contains(&uid(pod))).collect();
            Ok((others.len() >= count).then_some(others))
        })
        .await
    }

    /// Waits until there is no pod of that name, or another one.
    ///
    /// # Errors
    /// When it stays.
    pub async fn until_gone(&self, name: &str) -> Result {
        eventually(&format!("{name} is gone"), PATIENCE, async || {
            Ok(self.pods().get_opt(name).await?.is_none().then_some(()))
        })
        .await
    }

    /// Waits until the pods with these labels, ready or not, are these and no others.
    ///
    /// # Errors
    /// When others stay.
    pub async fn until_only(&self, labels: &str, names: &HashSet<String>) -> Result {
        let mut there = HashSet::new();
        eventually(&format!("only {names:?} are there"), PATIENCE, async || {
            let pods = self.pods().list(&ListParams::default().labels(labels)).await?;
            there = pods.items.iter().map(ResourceExt::name_any).collect();
            Ok((there == *names).then_some(()))
        })
        .await
        .map_err(|error| format!("{error}: there are {there:?}").into())
    }

    /// Asks a Deployment for so many pods. They are not awaited.
    ///
    /// # Errors
    /// When there is no such Deployment.
    pub async fn scale(&self, name: &str, replicas: usize) -> Result {
        self.change(name, json!({"spec": {"replicas": replicas}})).await
    }

    /// Changes a Deployment by what is to be merged with it.
    ///
    /// # Errors
    /// When there is no such Deployment.
    pub async fn change(&self, name: &str, merged: Value) -> Result {
        self.objects::<Deployment>().patch(name, &PatchParams::default(), &Patch::Merge(merged)).await?;
        Ok(())
    }

    /// Waits until all pods of a Deployment are as it wants them now, ready, and no others are there.
    ///
    /// # Errors
    /// When that does not come.
    pub async fn until_rolled(&self, name: &str) -> Result {
        let all: Api<Deployment> = Api::namespaced(self.client.clone(), NAMESPACE);
        eventually(&format!("deploy/{name} is rolled out"), PATIENCE, async || {
            let deployment = all.get(name).await?;
            let wanted = deployment.spec.and_then(|spec| spec.replicas);
            let Some(status) = deployment.status else { return Ok(None) };
            let seen = status.observed_generation >= deployment.metadata.generation;
            let there = [status.replicas, status.updated_replicas, status.available_replicas];
            let settled = wanted == Some(0) || there == [wanted; 3];
            Ok((seen && settled).then_some(()))
        })
        .await
    }

    /// Deletes a pod, at once or with its own grace. Returns when the deletion is on record.
    ///
    /// # Errors
    /// When there is no such pod.
    pub async fn delete_pod(&self, name: &str, how: Delete) -> Result {
        let params = match how {
            Delete::Kindly => DeleteParams::default(),
            Delete::AtOnce => DeleteParams::default().grace_period(0),
        };
        self.pods().delete(name, &params).await?;
        Ok(())
    }
}

/// How a pod is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delete {
    /// It is told, and listed as terminating until it has ended.
    Kindly,
    /// Its object goes before its containers do.
    AtOnce,
}

/// Whether the pod is ready, and not on its way out.
pub(crate) fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_deref()).unwrap_or_default();
    pod.metadata.deletion_timestamp.is_none() && conditions.iter().any(|c| c.type_ == "Ready" && c.status == "True")
}

/// The pod's UID.
pub fn uid(pod: &Pod) -> String {
    pod.uid().unwrap_or_default()
}
