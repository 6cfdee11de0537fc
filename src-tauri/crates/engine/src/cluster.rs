//! One cluster, as one identity sees it: the client and the way into its pods.

use std::sync::Arc;

use k8s_openapi::{
    Metadata, NamespaceResourceScope,
    api::{
        authorization::v1::{ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec},
        core::v1::{Namespace, Pod},
    },
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use kube::{
    Api, Client, Resource, ResourceExt,
    api::{ListParams, PostParams},
};
use portolan_wire::{
    Connector,
    client::{Connections, Credentials, client},
    portforward::PortForward,
    upgrade::Wire,
};
use serde::de::DeserializeOwned;
use tokio::sync::Notify;

use crate::{
    context::ContextId,
    credentials::{Logins, cluster_login::ClusterLogin, login::Login, plugin::Plugin},
    error::Error,
    kubeconfig::Contexts,
    resolve::Rungs,
    row::Scope,
    watched::{Origin, Select, Watched, Watches},
};

/// Names shown when something is not found. A namespace can hold thousands; the message shows ten.
const NAMES: u32 = 100;

/// A context that was opened.
#[derive(Clone)]
pub struct Cluster {
    /// Which context it is.
    pub context: ContextId,
    /// The API server's URL, for messages.
    pub server: String,
    /// Talks to the API server.
    pub(crate) client: Client,
    /// Opens connections into pods.
    pub(crate) connector: Arc<dyn Connector>,
    /// Of what the kubeconfig said when it was opened.
    pub(crate) fingerprint: Option<u64>,
    /// Where endpoints may be read.
    pub(crate) rungs: Arc<Rungs>,
    /// What is watched of it.
    watches: Arc<Watches>,
    /// The client's, where it is one of ours.
    connections: Option<Connections>,
    /// The user's, where it has an exec plugin.
    login: Option<Arc<ClusterLogin>>,
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster").field("context", &self.context).field("server", &self.server).finish_non_exhaustive()
    }
}

impl Cluster {
    /// A cluster behind a client and a connector of the caller's.
    pub fn new(context: ContextId, server: String, client: Client, connector: Arc<dyn Connector>) -> Self {
        Cluster {
            context,
            server,
            client,
            connector,
            fingerprint: None,
            rungs: Arc::default(),
            watches: Arc::default(),
            connections: None,
            login: None,
        }
    }

    /// Builds the client of one context. Sends nothing yet, but waits for the user's exec plugin, if there is one. Whether
    /// that fails is told by the first request, and by each one until somebody signs in. Connections into pods take only
    /// the wire that is named, if any.
    ///
    /// # Errors
    /// When the kubeconfig's cluster or user cannot be used.
    pub async fn open(
        contexts: &Contexts,
        context: &ContextId,
        wire: Option<Wire>,
        logins: &Logins,
    ) -> Result<Self, Error> {
        let entry = contexts.find(Some(&context.name))?;
        let config = contexts.config(&context.name).await?;
        let server = entry.server;
        let plugin = Plugin::of(&context.source, &entry.user, &config.auth_info);
        let login = plugin.map(|plugin| ClusterLogin::new(logins.of(plugin), server.clone()));
        if let Some(login) = &login {
            // Requests give up sooner, which is of no use to somebody who has to type a password first.
            let _told_by_requests = login.login().credential(None).await;
        }
        let credentials = login.clone().map(|login| login as Arc<dyn Credentials>);
        let (client, connections) = client(config, &logins.proxies(), credentials).map_err(|source| Error::Api {
            operation: format!("sign in to context {}", context.name),
            server: server.clone(),
            source: Box::new(source),
        })?;
        let connector = PortForward::new(client.clone(), wire);
        let fingerprint = contexts.fingerprint(&context.name);
        let connections = Some(connections);
        let cluster = Cluster::new(context.clone(), server, client, connector);
        Ok(Cluster { fingerprint, connections, login, ..cluster })
    }

    /// The login of the user's exec plugin; `None` if there is none.
    pub fn login(&self) -> Option<&Arc<Login>> {
        self.login.as_deref().map(ClusterLogin::login)
    }

    /// The API of a kind in a scope.
    fn api<K>(&self, scope: &Scope) -> Api<K>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>,
    {
        match scope {
            Scope::All => Api::all(self.client.clone()),
            Scope::One { name } => Api::namespaced(self.client.clone(), name),
        }
    }

    /// Watches the objects of a kind in a scope, together with all others who ask the same. `reduce` keeps of each
    /// object what is needed; for one type it must be one and the same. `retry_now` skips the wait after a failure.
    pub(crate) fn watch<K, T>(
        &self,
        scope: &Scope,
        select: Select,
        retry_now: &Arc<Notify>,
        reduce: impl Fn(K) -> T + Send + Sync + 'static,
    ) -> Watched<T>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>
            + Metadata<Ty = ObjectMeta>
            + Clone
            + DeserializeOwned
            + std::fmt::Debug
            + Send
            + 'static,
        T: Send + Sync + 'static,
    {
        let what = match scope {
            Scope::All => format!("{} in all namespaces", K::plural(&())),
            Scope::One { name } => format!("{} in {name}", K::plural(&())),
        };
        let origin = Origin { api: self.api(scope), select, what, server: self.server.clone() };
        self.watches.join(origin, retry_now.clone(), reduce)
    }

    /// Watches all namespaces: their names.
    pub(crate) fn watch_namespaces(&self) -> Watched<String> {
        let api: Api<Namespace> = Api::all(self.client.clone());
        let origin = Origin { api, select: Select::All, what: "namespaces".into(), server: self.server.clone() };
        self.watches.join(origin, Arc::default(), |namespace| namespace.name_any())
    }

    /// After a wake from sleep or a change of network: makes anew at once what may have broken unseen, and has the rest prove
    /// itself. What is known stands meanwhile.
    pub(crate) fn renew(&self) {
        // First, so that what is begun anew does not take a connection that waited to be used again.
        if let Some(connections) = &self.connections {
            connections.renew();
        }
        self.connector.renew();
        self.watches.renew();
    }

    /// All namespaces, sorted.
    ///
    /// # Errors
    /// When they may not be listed, or the API server does not answer.
    pub async fn namespaces(&self) -> Result<Vec<String>, Error> {
        let api: Api<Namespace> = Api::all(self.client.clone());
        let found = api.list_metadata(&ListParams::default()).await;
        let found = found.map_err(|source| self.failed("list namespaces", source))?;
        let mut names: Vec<String> = found.items.iter().map(ResourceExt::name_any).collect();
        names.sort();
        Ok(names)
    }

    /// The names of all objects of a kind in a namespace, sorted; none where they may not be listed: it only helps a
    /// message along.
    pub(crate) async fn names<K>(&self, namespace: &str) -> Vec<String>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()> + Clone + DeserializeOwned + std::fmt::Debug,
    {
        let api: Api<K> = Api::namespaced(self.client.clone(), namespace);
        names_of(&api).await
    }

    /// What an object says of itself; `None` where it may not be read: it only helps along.
    pub(crate) fn metadata<K>(&self, namespace: &str, name: &str) -> impl Future<Output = Option<ObjectMeta>> + use<K>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()> + Clone + DeserializeOwned + std::fmt::Debug,
    {
        let api: Api<K> = Api::namespaced(self.client.clone(), namespace);
        let name = name.to_owned();
        async move { api.get_metadata_opt(&name).await.ok().flatten().map(|object| object.metadata) }
    }

    /// Whether this user may do that in a namespace, as the API server says; `None` where it does not say. `resource` is of
    /// the core group, and may be `pods/portforward`.
    pub(crate) async fn may(&self, verb: &str, resource: &str, namespace: &str) -> kube::Result<Option<bool>> {
        let (plural, sub) = resource.split_once('/').map_or((resource, None), |(plural, sub)| (plural, Some(sub)));
        let attributes = ResourceAttributes {
            namespace: Some(namespace.to_owned()),
            verb: Some(verb.to_owned()),
            resource: Some(plural.to_owned()),
            subresource: sub.map(ToOwned::to_owned),
            ..ResourceAttributes::default()
        };
        let spec = SelfSubjectAccessReviewSpec { resource_attributes: Some(attributes), ..Default::default() };
        let review = SelfSubjectAccessReview { spec, ..Default::default() };
        let reviews: Api<SelfSubjectAccessReview> = Api::all(self.client.clone());
        Ok(reviews.create(&PostParams::default(), &review).await?.status.map(|status| status.allowed))
    }

    /// A request to this API server that failed, and what was tried: `list pods in shop`.
    pub(crate) fn failed(&self, operation: impl Into<String>, source: kube::Error) -> Error {
        Error::Api { operation: operation.into(), server: self.server.clone(), source: Box::new(source) }
    }

    /// Whether the pod of this name is there, and is the one with this UID; `None` if that cannot be told now.
    pub(crate) async fn has_pod(&self, namespace: &str, name: &str, uid: &str) -> Option<bool> {
        let api: Api<Pod> = Api::namespaced(self.client.clone(), namespace);
        let found = api.get_metadata_opt(name).await.ok()?;
        Some(found.is_some_and(|pod| pod.metadata.uid.as_deref() == Some(uid)))
    }

    /// The namespaces, sorted, where `name` is not one of them; `None` where it is, or where that cannot be told.
    pub(crate) async fn namespaces_without(&self, name: &str) -> Option<Vec<String>> {
        let api: Api<Namespace> = Api::all(self.client.clone());
        match api.get_opt(name).await {
            Ok(None) => Some(names_of(&api).await),
            Ok(Some(_)) | Err(_) => None,
        }
    }
}

async fn names_of<K>(api: &Api<K>) -> Vec<String>
where
    K: Resource + Clone + DeserializeOwned + std::fmt::Debug,
{
    let Ok(found) = api.list_metadata(&ListParams::default().limit(NAMES)).await else { return Vec::new() };
    let mut names: Vec<String> = found.items.iter().map(ResourceExt::name_any).collect();
    names.sort();
    names
}
