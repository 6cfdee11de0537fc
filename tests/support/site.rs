//! A cluster and an engine on it, in this process: what the scenarios run on.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use portolan_demo::{Demo, Options};
use portolan_engine::{
    context::ContextId,
    engine::Engine,
    forward::{Forward, Target},
    kubeconfig::Source,
    parse,
    phase::Phase,
    session::view::{SessionId, SessionView},
};
use tokio::{sync::watch, time::timeout};

use crate::{
    Result,
    cluster::{self, Cluster, NAMESPACE},
};

/// For whatever a session is waited for. A pod may have to start meanwhile.
const LIMIT: Duration = Duration::from_secs(60);

/// A cluster, and an engine that knows it.
#[derive(Debug)]
pub struct Site {
    /// The cluster, as its administrator.
    pub cluster: Cluster,
    /// The engine.
    pub engine: Engine,
    kubeconfig: PathBuf,
    demo: Option<Demo>,
}

impl Site {
    /// The cluster that `PORTOLAN_TEST_KUBECONFIG` names.
    ///
    /// # Errors
    /// When it names none.
    pub async fn real() -> Result<Site> {
        let kubeconfig = cluster::kubeconfig()?;
        Site::on(&kubeconfig, None).await
    }

    /// The cluster of a kubeconfig.
    ///
    /// # Errors
    /// When it cannot be used.
    pub async fn of(kubeconfig: &Path) -> Result<Site> {
        Site::on(kubeconfig, None).await
    }

    /// A demo cluster of its own, with the workloads that the real one has.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn demo() -> Result<Site> {
        Site::demo_with(Options { pace: 0.1, ..workloads()? }).await
    }

    /// A demo cluster of its own.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn demo_with(options: Options) -> Result<Site> {
        let demo = Demo::start(options).await?;
        let kubeconfig = demo.kubeconfig().to_owned();
        Site::on(&kubeconfig, Some(demo)).await
    }

    async fn on(kubeconfig: &Path, demo: Option<Demo>) -> Result<Site> {
        let cluster = Cluster::of(kubeconfig).await?;
        let engine = Engine::new(Source::File(kubeconfig.to_owned()), None);
        Ok(Site { cluster, engine, kubeconfig: kubeconfig.to_owned(), demo })
    }

    /// The same cluster, known to the engine by another kubeconfig.
    pub fn known_by(self, kubeconfig: &Path) -> Site {
        let engine = Engine::new(Source::File(kubeconfig.to_owned()), None);
        Site { engine, kubeconfig: kubeconfig.to_owned(), ..self }
    }

    /// The demo cluster that this is.
    ///
    /// # Errors
    /// When it is a real one.
    pub fn as_demo(&self) -> Result<&Demo> {
        self.demo.as_ref().ok_or_else(|| "this is no demo cluster".into())
    }

    /// The context that tunnels are in.
    ///
    /// # Errors
    /// When the kubeconfig has none.
    pub fn context(&self) -> Result<ContextId> {
        Ok(Source::File(self.kubeconfig.clone()).load()?.find(None)?.id)
    }

    /// The cluster's kubeconfig.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Begins a tunnel, as `portolan forward` does. `target` may be `-l LABELS`.
    ///
    /// # Errors
    /// When the arguments mean nothing.
    pub fn begin(&self, target: &str, ports: &[&str]) -> Result<Tunnel<'_>> {
        self.begin_holding(target, ports, Forward::DEFAULT_HOLD_SECONDS)
    }

    /// [`Self::begin`], where connections are held for so many seconds.
    ///
    /// # Errors
    /// As there.
    pub fn begin_holding(&self, target: &str, ports: &[&str], hold_seconds: u32) -> Result<Tunnel<'_>> {
        let context = self.context()?;
        let target = match target.strip_prefix("-l ") {
            Some(labels) => Target::Selector { labels: labels.into() },
            None => parse::target(target)?,
        };
        let id = self.engine.start(Forward {
            context,
            namespace: NAMESPACE.into(),
            target,
            ports: ports.iter().map(|port| parse::port(port)).collect::<Result<_, _>>()?,
            bind: Vec::new(),
            balance: None,
            hold_seconds,
            wait_for_name: false,
        });
        let views = self.engine.sessions().watch(id).ok_or("the session is not there")?;
        Ok(Tunnel { site: self, id, views, ports: Vec::new() })
    }

    /// Begins a tunnel and waits until it listens; not until it is active.
    ///
    /// # Errors
    /// When the arguments mean nothing, or it does not listen.
    pub async fn open(&self, target: &str, ports: &[&str]) -> Result<Tunnel<'_>> {
        let mut tunnel = self.begin(target, ports)?;
        tunnel.until_listening().await?;
        Ok(tunnel)
    }
}

/// A demo cluster like the tests' real one: one node, and `tests/cluster/manifests`.
///
/// # Errors
/// When the files cannot be read.
pub fn workloads() -> Result<Options> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cluster/manifests");
    let read = |name| std::fs::read_to_string(folder.join(name));
    let manifests = ["web.yaml", "broken.yaml", "rbac.yaml"].into_iter().map(read).collect::<Result<_, _>>()?;
    Ok(Options { manifests, nodes: 1, ..Options::default() })
}

/// A session, until it is stopped.
#[derive(Debug)]
pub struct Tunnel<'a> {
    site: &'a Site,
    id: SessionId,
    views: watch::Receiver<SessionView>,
    /// Its local ports, in the order in which they were asked for.
    pub ports: Vec<u16>,
}

impl Tunnel<'_> {
    /// The first of its local ports.
    pub fn port(&self) -> u16 {
        self.ports[0]
    }

    /// What it shows now.
    pub fn view(&self) -> SessionView {
        self.views.borrow().clone()
    }

    /// Waits until it shows what is looked for; returns that.
    ///
    /// # Errors
    /// When that does not come.
    pub async fn until<T>(&mut self, what: &str, look: impl Fn(&SessionView) -> Option<T>) -> Result<T> {
        let shown = timeout(LIMIT, async {
            loop {
                if let Some(found) = look(&self.views.borrow_and_update()) {
                    return Ok(found);
                }
                self.views.changed().await?;
            }
        });
        match shown.await {
            Ok(found) => found,
            Err(_) => Err(format!("waited in vain until {what}; it shows {:?}", self.view().phase).into()),
        }
    }

    /// Waits until it listens on all of its ports.
    ///
    /// # Errors
    /// When it does not.
    pub async fn until_listening(&mut self) -> Result {
        self.ports = self
            .until("it listens", |view| {
                let mut listeners: Vec<_> = view.listeners.iter().collect();
                listeners.sort_by_key(|listener| listener.slot);
                let all = listeners.len() == view.forward.ports.len();
                all.then(|| listeners.iter().map(|listener| listener.port).collect())
            })
            .await?;
        Ok(())
    }

    /// Waits until it is active.
    ///
    /// # Errors
    /// When it does not become so.
    pub async fn until_active(&mut self) -> Result {
        self.until("it is active", |view| matches!(view.phase, Phase::Active { .. }).then_some(())).await
    }

    /// [`Self::view`], for those who look on from elsewhere.
    pub fn views(&self) -> watch::Receiver<SessionView> {
        self.views.clone()
    }

    /// Ends it; its ports are free then.
    pub async fn stop(self) {
        self.site.engine.sessions().stop(self.id).await;
    }
}
