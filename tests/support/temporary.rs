//! Objects of a test's own in the cluster. They go when the test ends, however it ends.

use std::{
    path::{Path, PathBuf},
    process,
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

use k8s_openapi::api::{
    apps::v1::{Deployment, StatefulSet},
    core::v1::{Pod, Service},
};
use kube::{
    Resource, ResourceExt,
    api::{DeleteParams, ListParams, PostParams},
};
use serde_json::{Value, json};
use tokio::{runtime, time::timeout};

use crate::{Result, cluster::Cluster};

/// The label of every object here: what it belongs to.
const LABEL: &str = "temporary";

/// Objects that share one name, which is also the value of their pods' label `app`.
#[derive(Debug)]
pub struct Temporary {
    name: String,
    /// The kubeconfig of the cluster that has them; empty while none has.
    made_in: OnceLock<PathBuf>,
}

impl Temporary {
    /// A name that nobody else has; no object yet.
    pub fn new(what: &str) -> Temporary {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        Temporary {
            name: format!("temp-{what}-{}-{}", process::id(), NEXT.fetch_add(1, Relaxed)),
            made_in: OnceLock::new(),
        }
    }

    /// The name of all its objects.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The selector of its pods.
    pub fn labels(&self) -> String {
        format!("app={}", self.name)
    }

    /// Makes a Deployment with that many pods. They are not awaited.
    ///
    /// # Errors
    /// When the cluster does not take it.
    pub async fn deployment(&self, cluster: &Cluster, replicas: usize) -> Result {
        let mut template = self.template();
        // As good citizens do: what comes while a deletion is not yet known everywhere is answered. On a busy machine that
        // takes more than a second now and then.
        template["spec"]["terminationGracePeriodSeconds"] = json!(4);
        template["spec"]["containers"][0]["env"] = json!([{"name": "SERVE_ON", "value": "2000"}]);
        let spec = json!({"replicas": replicas, "selector": {"matchLabels": self.app()}, "template": template});
        self.create::<Deployment>(cluster, spec).await
    }

    /// Makes a Deployment whose pods serve on for a while when they are told to end, as good citizens do, and note what
    /// they carry out once at `notes_at`, a pod's address. They are not awaited.
    ///
    /// # Errors
    /// As [`Self::deployment`].
    pub async fn working_deployment(&self, cluster: &Cluster, replicas: usize, notes_at: &str) -> Result {
        let mut template = self.template();
        template["spec"]["terminationGracePeriodSeconds"] = json!(10);
        template["spec"]["containers"][0]["env"] =
            json!([{"name": "SERVE_ON", "value": "2000"}, {"name": "NOTES_AT", "value": notes_at}]);
        let spec = json!({"replicas": replicas, "selector": {"matchLabels": self.app()}, "template": template});
        self.create::<Deployment>(cluster, spec).await
    }

    /// Makes a StatefulSet of one pod, which is called [`Self::name`] and `-0`. It is not awaited.
    ///
    /// # Errors
    /// As [`Self::deployment`].
    pub async fn stateful_set(&self, cluster: &Cluster) -> Result {
        let spec = json!({
            "serviceName": self.name, "replicas": 1, "selector": {"matchLabels": self.app()}, "template": self.template(),
        });
        self.create::<StatefulSet>(cluster, spec).await
    }

    /// Makes a pod that no controller brings back. It is not awaited.
    ///
    /// # Errors
    /// As [`Self::deployment`].
    pub async fn pod(&self, cluster: &Cluster) -> Result {
        self.create::<Pod>(cluster, pod_spec()).await
    }

    /// Makes a Service for its pods, with the ports 80 and 7.
    ///
    /// # Errors
    /// As [`Self::deployment`].
    pub async fn service(&self, cluster: &Cluster) -> Result {
        let ports =
            json!([{"name": "http", "port": 80, "targetPort": "http"}, {"name": "echo", "port": 7, "targetPort": 7}]);
        self.create::<Service>(cluster, json!({"selector": self.app(), "ports": ports})).await
    }

    /// Makes a Deployment whose pods differ from the others': `change` is given their spec. They are not awaited.
    ///
    /// # Errors
    /// As [`Self::deployment`].
    pub async fn deployment_of(&self, cluster: &Cluster, replicas: usize, change: impl FnOnce(&mut Value)) -> Result {
        let mut template = self.template();
        change(&mut template["spec"]);
        let spec = json!({"replicas": replicas, "selector": {"matchLabels": self.app()}, "template": template});
        self.create::<Deployment>(cluster, spec).await
    }

    /// Makes a pod that no controller brings back, and that differs from the others: `change` is given its spec. It is
    /// not awaited.
    ///
    /// # Errors
    /// As [`Self::deployment`].
    pub async fn pod_of(&self, cluster: &Cluster, change: impl FnOnce(&mut Value)) -> Result {
        let mut spec = pod_spec();
        change(&mut spec);
        self.create::<Pod>(cluster, spec).await
    }

    /// Makes a Service of this spec.
    ///
    /// # Errors
    /// As [`Self::deployment`].
    pub async fn service_of(&self, cluster: &Cluster, spec: Value) -> Result {
        self.create::<Service>(cluster, spec).await
    }

    /// The label of its pods, as a selector has it.
    pub fn app(&self) -> Value {
        json!({"app": self.name})
    }

    fn template(&self) -> Value {
        json!({"metadata": {"labels": self.app()}, "spec": pod_spec()})
    }

    async fn create<K: Resource<DynamicType = ()>>(&self, cluster: &Cluster, spec: Value) -> Result {
        let metadata = json!({"name": self.name, "labels": {"app": self.name, LABEL: self.name}});
        let object =
            json!({"apiVersion": K::api_version(&()), "kind": K::kind(&()), "metadata": metadata, "spec": spec});
        self.made_in.get_or_init(|| cluster.kubeconfig().to_owned());
        cluster.objects::<K>().create(&PostParams::default(), &serde_json::from_value(object)?).await?;
        Ok(())
    }
}

impl Drop for Temporary {
    /// In a thread and a runtime of its own: a drop cannot wait in the test's.
    fn drop(&mut self) {
        const LIMIT: Duration = Duration::from_secs(20);
        let Some(kubeconfig) = self.made_in.take() else { return };
        let selector = format!("{LABEL}={}", self.name);
        let cleaner = thread::spawn(move || -> Result {
            let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async { timeout(LIMIT, delete_all(&kubeconfig, &selector)).await? })
        });
        match cleaner.join() {
            Ok(Ok(())) => {}
            Ok(Err(error)) => eprintln!("{} was not deleted from the cluster: {error}", self.name),
            Err(_) => eprintln!("{} was not deleted from the cluster", self.name),
        }
    }
}

async fn delete_all(kubeconfig: &Path, selector: &str) -> Result {
    let cluster = Cluster::of(kubeconfig).await?;
    // What owns pods comes first, or it would bring them back.
    let kinds = [
        cluster.objects::<Deployment>(),
        cluster.objects::<StatefulSet>(),
        cluster.objects::<Service>(),
        cluster.objects::<Pod>(),
    ];
    for objects in kinds {
        for object in objects.list(&ListParams::default().labels(selector)).await? {
            objects.delete(&object.name_any(), &DeleteParams::background()).await?;
        }
    }
    Ok(())
}

/// The same program as in `tests/cluster/manifests`, ready and gone quickly.
fn pod_spec() -> Value {
    json!({
        "automountServiceAccountToken": false,
        "terminationGracePeriodSeconds": 2,
        "containers": [{
            "name": "podserver",
            "image": "docker.io/library/podserver:1",
            "imagePullPolicy": "Never",
            "ports": [{"name": "http", "containerPort": 80}, {"name": "echo", "containerPort": 7}],
            "readinessProbe": {"httpGet": {"path": "/", "port": "http"}, "periodSeconds": 1},
        }],
    })
}
