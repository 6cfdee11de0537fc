//! The whole engine behind one handle: what the window's commands and the command line delegate to.

mod carrying;
mod habits;

use std::{convert::Infallible, path::PathBuf, sync::Arc};

use portolan_wire::upgrade::Wire;
use tokio::sync::watch;

use crate::{
    catalog::Catalog,
    cluster::Cluster,
    clusters::{Clusters, start_session},
    compare::{
        self, Comparisons, Means,
        view::{ComparisonView, Method, Probe},
    },
    context::{ContextId, ContextView, Namespaces, Reach},
    downloads,
    error::{Error, Problem},
    explain::{
        self,
        view::{Explanation, ProbePorts},
    },
    favourites::Favourites,
    feed::{Feed, KubeconfigView, Part},
    forward::{Forward, PortRef},
    kubeconfig::{ContextEntry, Source, Sources},
    marks::Marks,
    row::View,
    session::view::SessionId,
    sessions::Sessions,
    settings::keeper::Keeper,
    vigil::{self, Noticed, Seen},
};

/// Contexts, lists and sessions, and the feed that shows them.
#[derive(Debug)]
pub struct Engine {
    sources: Sources,
    feed: Arc<Feed>,
    sessions: Arc<Sessions>,
    clusters: Arc<Clusters>,
    catalog: tokio::sync::Mutex<Catalog>,
    comparisons: Comparisons,
    marks: Arc<Marks>,
    settings: Arc<Keeper>,
    favourites: Favourites,
}

impl Engine {
    /// An engine over one source of contexts, whose connections into pods take only the wire that is named, if any.
    /// Contacts nobody yet.
    pub fn new(source: Source, wire: Option<Wire>) -> Self {
        let feed = Arc::new(Feed::default());
        let sources = Sources::new(source);
        let sessions = Arc::new(Sessions::new(feed.clone()));
        let clusters = Arc::new(Clusters::new(sources.clone(), wire));
        let marks = Arc::<Marks>::default();
        let means =
            Means { sessions: sessions.clone(), clusters: clusters.clone(), feed: feed.clone(), marks: marks.clone() };
        let favourites = Favourites::new(feed.clone(), sessions.clone(), clusters.clone(), marks.clone());
        let engine = Engine {
            favourites,
            sessions,
            clusters,
            catalog: tokio::sync::Mutex::new(Catalog::new(feed.clone())),
            comparisons: Comparisons::new(means),
            marks,
            settings: Arc::new(Keeper::new(feed.clone())),
            sources,
            feed,
        };
        engine.show_login_shell();
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

    /// The profiles, as the window has them.
    pub fn favourites(&self) -> &Favourites {
        &self.favourites
    }

    /// Keeps the user's files in another folder than the system's own; `None` is a user without a home.
    #[must_use]
    pub fn in_folder(self, folder: Option<PathBuf>) -> Self {
        Engine { favourites: self.favourites.in_folder(folder), ..self }
    }

    /// Reads the sources anew. Clients and sessions that there are go on.
    pub fn reload(&self) {
        let sources = self.sources.all();
        let paths = self.sources.paths().iter().map(|path| path.display().to_string()).collect();
        let loaded: Vec<_> = sources.iter().map(|source| self.sources.load(source)).collect();
        let problem = loaded.iter().find_map(|loaded| loaded.as_ref().err()).map(Error::problem);
        self.feed.set("kubeconfig", Part::Kubeconfig(KubeconfigView { paths, problem }));
        let entries: Vec<_> = loaded.into_iter().flatten().flat_map(|contexts| contexts.entries()).collect();
        for key in self.feed.keys("context/") {
            if !entries.iter().any(|entry| context_key(&entry.id) == key) {
                self.feed.remove(&key);
            }
        }
        for entry in entries {
            self.show(entry);
        }
    }

    /// Shows what the kubeconfig says of a context, beside what is known of it already.
    fn show(&self, entry: ContextEntry) {
        let key = context_key(&entry.id);
        let before = match self.feed.get(&key) {
            Some(Part::Context(view)) => Some((view.reach, view.namespaces)),
            _ => None,
        };
        let (reach, namespaces) = before.unwrap_or((Reach::NotChecked, Namespaces::Unknown));
        let ContextEntry { id, server, user, namespace, current } = entry;
        let protected = self.marks.is_protected(&id);
        let view = ContextView { id, server, user, namespace, current, reach, namespaces, protected };
        self.feed.set(key, Part::Context(view));
    }

    /// Adds a source of contexts beside those there are; its current context.
    ///
    /// # Errors
    /// When it cannot be used, or has no current context. Then it is not added.
    pub fn add(&self, source: Source) -> Result<ContextEntry, Error> {
        let current = self.sources.load(&source)?.find(None)?;
        self.sources.add(source);
        self.reload();
        Ok(current)
    }

    /// The client of a context.
    ///
    /// # Errors
    /// When the context does not exist or its credentials cannot be used.
    pub async fn cluster(&self, context: &ContextId) -> Result<Arc<Cluster>, Error> {
        self.clusters.get(context).await
    }

    /// Attends to what happens to this machine, until it is dropped: a sleep and another network make all connections prove
    /// themselves at once, and an edited kubeconfig is read, as the settings are.
    pub async fn attend(&self) -> Infallible {
        let mut before = None;
        loop {
            let (kubeconfigs, settings) = (self.sources.paths(), self.settings.path());
            // On a thread of its own: a file may lie in a folder of a server that does not answer.
            if let Ok(now) = tokio::task::spawn_blocking(|| Seen::now(kubeconfigs, settings)).await {
                let noticed = before.as_ref().map(|before| now.since(before)).unwrap_or_default();
                before = Some(now);
                self.notice(noticed).await;
            }
            tokio::time::sleep(vigil::TICK).await;
        }
    }

    async fn notice(&self, noticed: Noticed) {
        let why = match noticed {
            Noticed { slept: Some(slept), .. } => Some(format!("this machine has slept for {} s", slept.as_secs())),
            Noticed { network: true, .. } => Some("the network of this machine has changed".to_owned()),
            _ => None,
        };
        if let Some(why) = why {
            tracing::info!("{why}: connections have to prove themselves");
            self.clusters.renew();
            self.sessions.note_renewed(&why);
        }
        if noticed.settings {
            self.settings_edited().await;
        }
        if noticed.kubeconfig {
            self.reload();
            self.clusters.reopen().await;
        }
    }

    /// Has the exec plugin of a context's user make new credentials, if there is one; all sessions of the context that wait
    /// try again at once.
    ///
    /// # Errors
    /// When the context does not exist, or the plugin fails.
    pub async fn sign_in(&self, context: &ContextId) -> Result<(), Problem> {
        let cluster = self.cluster(context).await?;
        if let Some(login) = cluster.login() {
            login.sign_in().await.map_err(|failure| failure.problem())?;
        }
        // One that does not wait is not disturbed by it.
        for id in self.sessions.of(context) {
            self.sessions.retry(id);
        }
        Ok(())
    }

    /// Shows one list in the feed, and keeps it up to date until another one is asked for.
    pub async fn look(&self, view: Option<View>) {
        self.catalog.lock().await.look(view, &self.clusters).await;
    }

    /// Explains a Service: its anatomy, the ways to it and what is wrong with it. `ports` says which of its ports are asked
    /// whether they answer; on a protected context that is for the user to say. A Service that does not exist, and a cluster
    /// that cannot be asked, are findings.
    ///
    /// # Errors
    /// When the context or the namespace does not exist.
    pub async fn explain(
        &self,
        context: &ContextId,
        namespace: &str,
        service: &str,
        ports: ProbePorts,
    ) -> Result<Explanation, Problem> {
        let cluster = self.cluster(context).await?;
        explain::explain(&cluster, namespace, service, ports).await
    }

    /// Starts a session. What goes wrong is the session's phase.
    pub fn start(&self, forward: Forward) -> SessionId {
        start_session(&self.sessions, &self.clusters, forward)
    }

    /// Ends a direct tunnel and starts one to the workload that owns its pod, on the same local ports. `None` where no
    /// such workload is known.
    pub async fn instead(&self, id: SessionId) -> Option<SessionId> {
        let target = self.sessions.watch(id)?.borrow().instead.clone()?;
        let forward = Forward { target, ..self.sessions.heir(id)? };
        Some(self.favourites.replace(id, forward).await)
    }

    /// Ends a direct tunnel and starts one that goes on with the next pod of that name, on the same local ports. `None`
    /// if there is no such session.
    pub async fn wait_for_name(&self, id: SessionId) -> Option<SessionId> {
        let forward = Forward { wait_for_name: true, ..self.sessions.heir(id)? };
        Some(self.favourites.replace(id, forward).await)
    }

    /// Marks a context as the demo cluster's, where nobody is disturbed: Deployments can be rolled from here.
    pub fn mark_demo(&self, context: &ContextId) {
        self.marks.set_demo(context);
    }

    /// Opens the comparison of a Service's port, in place of the one that is open. It shows itself in the feed.
    ///
    /// # Errors
    /// When the Service or the port is not there, or may not be read.
    pub async fn compare(
        &self,
        context: ContextId,
        namespace: String,
        service: String,
        port: PortRef,
    ) -> Result<(), Problem> {
        Ok(self.comparisons.open(context, namespace, service, port).await?)
    }

    /// Sends probes from now on, where that waited for the user's word.
    ///
    /// # Errors
    /// When no comparison is open.
    pub fn start_comparison(&self) -> Result<(), Problem> {
        Ok(self.comparisons.start()?)
    }

    /// Has the comparison's probes ask otherwise.
    ///
    /// # Errors
    /// When the path is none, or no comparison is open.
    pub fn ask(&self, method: Method, path: String) -> Result<(), Problem> {
        Ok(self.comparisons.ask(method, path)?)
    }

    /// Deletes a pod of the comparison: the one of this UID, and no other of its name.
    ///
    /// # Errors
    /// On a protected context; when it is none of the comparison's pods, or gone; when the user may not.
    pub async fn delete_pod(&self, uid: &str) -> Result<(), Problem> {
        Ok(self.comparisons.delete_pod(uid).await?)
    }

    /// Rolls the Deployment behind the comparison, on the demo cluster.
    ///
    /// # Errors
    /// Elsewhere, and where there is no Deployment.
    pub async fn roll(&self) -> Result<(), Problem> {
        Ok(self.comparisons.roll().await?)
    }

    /// The comparison's probes after number `after`: those of the last two minutes, in the order in which they ended.
    pub fn probes(&self, after: u64) -> Vec<Probe> {
        self.comparisons.probes(after)
    }

    /// What the comparison shows, as it changes; `None` if none is open.
    pub fn comparison(&self) -> Option<watch::Receiver<ComparisonView>> {
        self.comparisons.watch()
    }

    /// The comparison as Markdown, to be pasted where people read it.
    ///
    /// # Errors
    /// When none is open.
    pub fn comparison_markdown(&self) -> Result<String, Problem> {
        Ok(compare::markdown(&self.comparisons.report()?.0))
    }

    /// The comparison and its probes as JSON.
    ///
    /// # Errors
    /// When none is open.
    pub fn comparison_json(&self) -> Result<String, Problem> {
        let (view, probes) = self.comparisons.report()?;
        Ok(compare::json(&view, &probes))
    }

    /// Leaves the comparison and the probes of its last two minutes as JSON in the user's downloads; in which file.
    ///
    /// # Errors
    /// When none is open, or the file cannot be written.
    pub fn save_comparison(&self) -> Result<String, Problem> {
        let (view, probes) = self.comparisons.report()?;
        Ok(compare::save(&downloads::folder()?, &view, &probes)?.display().to_string())
    }

    /// Closes the comparison. When this returns nothing of it is left: no probe, no tunnel, no port.
    pub async fn close_comparison(&self) {
        self.comparisons.close().await;
    }

    /// Ends everything: when this returns, no port is held and no connection is open.
    pub async fn shutdown(&self) {
        self.favourites.close();
        // It stops its own sessions.
        self.close_comparison().await;
        tokio::join!(self.look(None), self.sessions.stop_all(), self.clusters.end());
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

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;
    use crate::forward::{LocalPort, PortMap, PortRef, Target};

    fn kubeconfig(folder: &Path, name: &str) -> Source {
        let path = folder.join(name);
        let text = format!(
            "clusters: [{{name: c, cluster: {{server: 'http://{name}'}}}}]\n\
             contexts: [{{name: default, context: {{cluster: c}}}}]\ncurrent-context: default\n"
        );
        fs::write(&path, text).unwrap();
        Source::File(path)
    }

    fn servers(engine: &Engine) -> Vec<String> {
        let parts = engine.feed.keys("context/").into_iter().filter_map(|key| engine.feed.get(&key));
        let mut servers: Vec<String> = parts
            .filter_map(|part| match part {
                Part::Context(view) => Some(view.server),
                _ => None,
            })
            .collect();
        servers.sort();
        servers
    }

    #[tokio::test]
    async fn a_source_is_added_beside_one_that_names_its_contexts_alike() {
        let folder = tempfile::tempdir().unwrap();
        let engine = Engine::new(kubeconfig(folder.path(), "one"), None);
        let added = engine.add(kubeconfig(folder.path(), "two")).unwrap();
        assert_eq!(added.server, "http://two");
        engine.add(kubeconfig(folder.path(), "two")).unwrap();
        assert_eq!(servers(&engine), ["http://one", "http://two"]);
        assert_eq!(engine.cluster(&added.id).await.unwrap().server, "http://two");
    }

    #[tokio::test]
    async fn an_edited_context_gets_another_client_and_the_others_keep_theirs() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        let write = |one: &str| {
            let text = format!(
                "clusters: [{{name: c, cluster: {{server: 'http://{one}'}}}}, {{name: d, cluster: {{server: 'http://d'}}}}]\n\
                 contexts: [{{name: one, context: {{cluster: c}}}}, {{name: two, context: {{cluster: d}}}}]\n"
            );
            fs::write(&path, text).unwrap();
        };
        write("before");
        let engine = Engine::new(Source::File(path.clone()), None);
        let id = |name: &str| ContextId { source: path.to_string_lossy().into(), name: name.into() };
        let mut one = engine.clusters.follow(&id("one")).await.unwrap();
        let mut two = engine.clusters.follow(&id("two")).await.unwrap();
        let edited = Noticed { kubeconfig: true, ..Noticed::default() };
        engine.notice(edited).await;
        assert!(!one.has_changed().unwrap() && !two.has_changed().unwrap());
        write("after");
        engine.notice(edited).await;
        assert!(one.has_changed().unwrap() && !two.has_changed().unwrap());
        assert_eq!(one.borrow_and_update().server, "http://after");
        assert_eq!(servers(&engine), ["http://after", "http://d"]);
        // Half written, or without the context: who uses it goes on.
        for text in ["clusters: [{", "contexts: []\n"] {
            fs::write(&path, text).unwrap();
            engine.notice(edited).await;
            assert!(!one.has_changed().unwrap() && !two.has_changed().unwrap(), "{text}");
        }
        assert_eq!(two.borrow_and_update().server, "http://d");
    }

    #[tokio::test]
    async fn a_source_that_cannot_be_used_is_not_added() {
        let folder = tempfile::tempdir().unwrap();
        let engine = Engine::new(kubeconfig(folder.path(), "one"), None);
        let missing = Source::File(folder.path().join("missing"));
        assert!(matches!(engine.add(missing), Err(Error::NoKubeconfig { .. })));
        assert_eq!(engine.sources.all().len(), 1);
    }

    #[tokio::test]
    async fn a_source_without_files_hides_nothing_of_the_others() {
        let folder = tempfile::tempdir().unwrap();
        let engine = Engine::new(Source::File(folder.path().join("missing")), None);
        engine.add(kubeconfig(folder.path(), "two")).unwrap();
        assert_eq!(servers(&engine), ["http://two"]);
        let Some(Part::Kubeconfig(view)) = engine.feed.get("kubeconfig") else { panic!("nothing is said of files") };
        assert_eq!(view.problem.map(|problem| problem.code), Some(crate::error::Code::NoKubeconfig));
    }

    /// A tunnel to a pod behind an API server that is not there: it listens, and that is all it does.
    fn direct(engine: &Engine, source: Source, local: LocalPort) -> SessionId {
        engine.start(Forward {
            context: engine.add(source).unwrap().id,
            namespace: "shop".into(),
            target: Target::Pod { name: "db-0".into() },
            ports: vec![PortMap { local, remote: PortRef::Number(80) }],
            bind: Vec::new(),
            balance: None,
            hold_seconds: 30,
            wait_for_name: false,
        })
    }

    async fn port(engine: &Engine, id: SessionId) -> u16 {
        let mut views = engine.sessions().watch(id).unwrap();
        views.wait_for(|view| !view.listeners.is_empty()).await.unwrap().listeners[0].port
    }

    #[tokio::test]
    async fn a_tunnel_that_waits_for_the_name_takes_the_place_and_the_port_of_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        let engine = Engine::new(kubeconfig(folder.path(), "one"), None);
        let first = direct(&engine, kubeconfig(folder.path(), "one"), LocalPort::Any);
        let had = port(&engine, first).await;
        // What the session has handed on is known once the feed shows it.
        let shown = || matches!(engine.feed.get("session/1"), Some(Part::Session(view)) if !view.listeners.is_empty());
        let mut revision = 0;
        while !shown() {
            revision = engine.feed.changes(revision).await.revision;
        }
        assert_eq!(engine.instead(first).await, None, "no workload is known");
        assert!(engine.sessions().watch(first).is_some());
        let next = engine.wait_for_name(first).await.unwrap();
        assert!(engine.sessions().watch(first).is_none());
        assert!(engine.sessions().watch(next).unwrap().borrow().forward.wait_for_name);
        assert_eq!(port(&engine, next).await, had);
        assert_eq!(engine.wait_for_name(first).await, None);
        engine.shutdown().await;
    }

    #[tokio::test]
    async fn the_sessions_of_a_context_are_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let engine = Engine::new(kubeconfig(folder.path(), "one"), None);
        let of_one = direct(&engine, kubeconfig(folder.path(), "one"), LocalPort::Any);
        let of_two = direct(&engine, kubeconfig(folder.path(), "two"), LocalPort::Any);
        let context = |id| engine.sessions().watch(id).unwrap().borrow().forward.context.clone();
        assert_eq!(engine.sessions().of(&context(of_one)), [of_one]);
        assert_eq!(engine.sessions().of(&context(of_two)), [of_two]);
        engine.shutdown().await;
    }
}
