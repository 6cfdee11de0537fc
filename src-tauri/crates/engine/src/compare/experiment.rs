//! What can be done to the pods of a comparison, asked of the API server.

use k8s_openapi::api::{apps::v1::Deployment, core::v1::Pod};
use kube::{
    Api,
    api::{DeleteParams, Preconditions},
};

use crate::{cluster::Cluster, error::Error};

/// Whether this user may delete pods in a namespace; `None` where the API server does not say.
pub(super) async fn may_delete(cluster: &Cluster, namespace: &str) -> Option<bool> {
    cluster.may("delete", "pods", namespace).await.unwrap_or_else(|error| {
        tracing::debug!(%error, "whether pods may be deleted is not known");
        None
    })
}

/// Deletes this very pod: another one of its name is left alone.
///
/// # Errors
/// When it is gone, or may not be deleted.
pub(super) async fn delete(cluster: &Cluster, namespace: &str, name: &str, uid: &str) -> Result<(), Error> {
    let pods: Api<Pod> = Api::namespaced(cluster.client.clone(), namespace);
    let only = Preconditions { uid: Some(uid.to_owned()), ..Preconditions::default() };
    match pods.delete(name, &DeleteParams::default().preconditions(only)).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if matches!(status.code, 404 | 409) => {
            Err(Error::NotCompared { pod: name.to_owned() })
        }
        Err(source) => Err(cluster.failed(format!("delete pod {name} in {namespace}"), source)),
    }
}

/// Rolls a Deployment, as `kubectl rollout restart` does.
///
/// # Errors
/// When there is none, or it may not be changed.
pub(super) async fn roll(cluster: &Cluster, namespace: &str, deployment: &str) -> Result<(), Error> {
    let deployments: Api<Deployment> = Api::namespaced(cluster.client.clone(), namespace);
    let rolled = deployments.restart(deployment).await;
    rolled.map(drop).map_err(|source| cluster.failed(format!("roll deploy/{deployment} in {namespace}"), source))
}
