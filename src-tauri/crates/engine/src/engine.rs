//! The whole engine behind one handle: what the window's commands and the command line delegate to.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use portolan_wire::upgrade::Wire;
use tokio::sync::OnceCell;

use crate::{
    catalog::Catalog,
    cluster::Cluster,
    context::{ContextId, ContextView, Namespaces, Reach},
    error::{Error, Problem},
    feed::{Feed, KubeconfigView, Part},
    forward::Forward,
    kubeconfig::{ContextEntry, Contexts, Source},
    row::View,
    session::view::SessionId,
    sessions::Sessions,
};

/// Contexts, lists and sessions, and the feed that shows them.
#[derive(Debug)]
pub struct Engine {
    source: Source,
    feed: Arc<Feed>,
    sessions: Sessions,
    clusters: Arc<Clusters>,
    catalog: tokio::sync::Mutex<Catalog>,
}

/// Clients, one a context, built when they are first needed and shared by all that use the context.
#[derive(Debug)]
pub(crate) struct Clusters {
    source: Source,
    wire: Option<Wire>,
    open: Mutex<HashMap<ContextId, Arc<OnceCell<Arc<Cluster>>>>>,
}

impl Engine {
    /// An engine over one source of contexts, whose connections into pods take only the wire that is named, if any.
    /// Contacts nobody yet.
    pub fn new(source: Source, wire: Option<Wire>) -> Self {
        let feed = Arc::new(Feed::default());
        let engine = Engine {
            sessions: Sessions::new(feed.clone()),
            clusters: Arc::new(Clusters { source: source.clone(), wire, open: Mutex::default() }),
            catalog: tokio::sync::Mutex::new(Catalog::new(feed.clone())),
            source,
            feed,
        };
        engine.reload();
        engine
    }

    /// What the window reads.
    pub fn feed(&self) -> &Feed {
        &self.feed
    }

    /// All sessions.
    pub fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    /// Reads the kubeconfig anew. Clients and sessions that there are go on.
    pub fn reload(&self) {
        let loaded = self.source.load();
        let problem = loaded.as_ref().err().map(Error::problem);
        let paths = self.source.paths().iter().map(|p: &PathBuf| p.display().to_string()).collect();
        self.feed.set("kubeconfig", Part::Kubeconfig(KubeconfigView { paths, problem }));
        let entries = loaded.map(|contexts| contexts.entries()).unwrap_or_default();
        for key in self.feed.keys("context/") {
            if !entries.iter().any(|entry| context_key(&entry.id) == key) {
                self.feed.remove(&key);
            }
        }
        for entry in entries {
            let key = context_key(&entry.id);
            let before = match self.feed.get(&key) {
                Some(Part::Context(view)) => Some((view.reach, view.namespaces)),
                _ => None,
            };
            let (reach, namespaces) = before.unwrap_or((Reach::NotChecked, Namespaces::Unknown));
            let ContextEntry { id, server, user, namespace, current } = entry;
            self.feed.set(key, Part::Context(ContextView { id, server, user, namespace, current, reach, namespaces }));
        }
    }

    /// The contexts of the source.
    ///
    /// # Errors
    /// When there is no kubeconfig, or it cannot be used.
    pub fn contexts(&self) -> Result<Contexts, Error> {
        self.source.load()
    }

    /// The client of a context.
    ///
    /// # Errors
    /// When the context does not exist or its credentials cannot be used.
    pub async fn cluster(&self, context: &ContextId) -> Result<Arc<Cluster>, Error> {
        self.clusters.get(context).await
    }

    /// Shows one list in the feed, and keeps it up to date until another one is asked for.
    pub async fn look(&self, view: Option<View>) {
        self.catalog.lock().await.look(view, &self.clusters).await;
    }

    /// Starts a session. What goes wrong is the session's phase.
    pub fn start(&self, forward: Forward) -> SessionId {
        let clusters = self.clusters.clone();
        let context = forward.context.clone();
        let cluster = async move { clusters.get(&context).await.map_err(|error| error.problem()) };
        self.sessions.start(forward, cluster)
    }

    /// Ends everything: when this returns, no port is held and no connection is open.
    pub async fn shutdown(&self) {
        tokio::join!(self.look(None), self.sessions.stop_all());
    }
}

impl Clusters {
    /// With one that is open already.
    #[cfg(test)]
    pub(crate) fn with(cluster: Arc<Cluster>) -> Self {
        let open = HashMap::from([(cluster.context.clone(), Arc::new(OnceCell::from(cluster)))]);
        Clusters { source: Source::Default, wire: None, open: Mutex::new(open) }
    }

    fn open(&self) -> MutexGuard<'_, HashMap<ContextId, Arc<OnceCell<Arc<Cluster>>>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) async fn get(&self, context: &ContextId) -> Result<Arc<Cluster>, Error> {
        let cell = self.open().entry(context.clone()).or_default().clone();
        // One at a time: whoever else needs the same context waits for this attempt, and for its exec plugin.
        let opened = cell.get_or_try_init(|| async {
            let contexts = self.source.load()?;
            Cluster::open(&contexts, context, self.wire).await.map(Arc::new)
        });
        opened.await.cloned()
    }
}

/// The feed's key of a context.
pub(crate) fn context_key(id: &ContextId) -> String {
    format!("context/{}/{}", id.source, id.name)
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        error.problem()
    }
}
