//! The comparison: a Service's tunnel, a direct pod's tunnel and the NodePort, side by side on one clock.
//!
//! The map:
//! - `Comparisons` has the one that is open, and is what the engine delegates to. `run` is its task: it owns the lanes,
//!   their sessions and their probes, and is the only writer of the [`view::ComparisonView`].
//! - `subject` is what is compared, `pods` who serves it, `nodes` where its NodePort is: what Kubernetes says, read purely.
//! - `lane` is one way; `ask` one probe of it, `outcome` what became of it, `score` and `ribbon` what became of all;
//!   `kept` is the connection that is kept open; `way` draws the hops.
//! - `account` has the words for what happens, `verdict` those for what a deletion cost, `report` for all of it;
//!   `saved` leaves that in a file.
//! - `experiment` deletes a pod and rolls a Deployment.
//!
//! It is honest about what it is: what Portolan held or dialled again is told apart, and a pod is named only where it is
//! known to have answered. It never sends anything but what [`crate::probe`] sends.

mod account;
mod ask;
mod experiment;
mod kept;
mod lane;
mod nodes;
mod outcome;
mod pods;
mod report;
mod ribbon;
mod run;
mod saved;
mod score;
mod subject;
mod verdict;
pub mod view;
mod way;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use k8s_openapi::api::core::v1::Service;
use kube::Api;
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{
    cluster::Cluster,
    clusters::{Clusters, start_session},
    context::ContextId,
    error::{Code, Error},
    feed::Feed,
    forward::{Forward, PortRef, Target, WorkloadKind},
    marks::Marks,
    probe::is_path,
    resolve,
    session::view::SessionId,
    sessions::Sessions,
};
use ribbon::Ribbon;
use run::{Opening, Run, Wish};
use subject::Subject;
use view::{ComparisonView, Method, Probe};

pub use account::{name, span};
pub use report::{json, markdown};
pub(crate) use saved::save;

/// What a comparison works with.
#[derive(Clone, Debug)]
pub(crate) struct Means {
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) clusters: Arc<Clusters>,
    pub(crate) feed: Arc<Feed>,
    pub(crate) marks: Arc<Marks>,
}

impl Means {
    fn start(&self, forward: Forward) -> SessionId {
        start_session(&self.sessions, &self.clusters, forward)
    }
}

/// The comparison that is open: one at a time, as there is one window.
#[derive(Debug)]
pub(crate) struct Comparisons {
    means: Means,
    open: Mutex<Option<Running>>,
    /// Held while one is opened or closed.
    changing: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Running {
    open: Arc<Open>,
    /// Ends the task when it is dropped.
    cancel: DropGuard,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Open {
    opening: Opening,
    wishes: mpsc::UnboundedSender<Wish>,
    view: watch::Receiver<ComparisonView>,
    ribbon: Arc<Ribbon>,
    /// The workload of the direct tunnel's pod, once it is known.
    workload: watch::Receiver<Option<Target>>,
}

impl Comparisons {
    pub(crate) fn new(means: Means) -> Self {
        Comparisons { means, open: Mutex::default(), changing: tokio::sync::Mutex::default() }
    }

    fn slot(&self) -> MutexGuard<'_, Option<Running>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn current(&self) -> Result<Arc<Open>, Error> {
        self.slot().as_ref().map(|running| running.open.clone()).ok_or(Error::NoComparison)
    }

    /// Opens one in place of the one that is open.
    ///
    /// # Errors
    /// When the Service or the port is not there, or may not be read. Then none is open.
    pub(crate) async fn open(
        &self,
        context: ContextId,
        namespace: String,
        service: String,
        port: PortRef,
    ) -> Result<(), Error> {
        let _changing = self.changing.lock().await;
        self.end().await;
        let cluster = self.means.clusters.follow(&context).await?;
        let now = cluster.borrow().clone();
        let object = service_named(&now, &namespace, &service).await?;
        let subject = Subject::of(&object, &service, &port)?;
        let opening = Opening { context, namespace, port, subject, cluster };
        let ribbon = Arc::<Ribbon>::default();
        let (wishes, wished) = mpsc::unbounded_channel();
        let cancel = CancellationToken::new();
        let (mut run, workload) = Run::begin(self.means.clone(), opening.clone(), ribbon.clone());
        let (view_in, view) = watch::channel(run.show());
        let task = tokio::spawn(run.run(view_in, wished, cancel.clone()));
        let open = Arc::new(Open { opening, wishes, view, ribbon, workload });
        *self.slot() = Some(Running { open, cancel: cancel.drop_guard(), task });
        Ok(())
    }

    /// Closes the one that is open, if there is one. When this returns nothing of it is left.
    pub(crate) async fn close(&self) {
        let _changing = self.changing.lock().await;
        self.end().await;
    }

    async fn end(&self) {
        let Some(Running { cancel, task, .. }) = self.slot().take() else { return };
        drop(cancel);
        if let Err(error) = task.await {
            tracing::error!(%error, "a comparison's task failed");
        }
    }

    fn wish(&self, wish: Wish) -> Result<(), Error> {
        // One that is being closed needs nothing any more.
        let _ = self.current()?.wishes.send(wish);
        Ok(())
    }

    /// What it shows, as it changes.
    pub(crate) fn watch(&self) -> Option<watch::Receiver<ComparisonView>> {
        self.slot().as_ref().map(|running| running.open.view.clone())
    }

    /// The probes after number `after`: those of the last two minutes.
    pub(crate) fn probes(&self, after: u64) -> Vec<Probe> {
        self.slot().as_ref().map(|running| running.open.ribbon.after(after)).unwrap_or_default()
    }

    /// Sends probes from now on.
    pub(crate) fn start(&self) -> Result<(), Error> {
        self.wish(Wish::Start)
    }

    /// Asks otherwise from now on.
    pub(crate) fn ask(&self, method: Method, path: String) -> Result<(), Error> {
        if !is_path(&path) {
            return Err(Error::BadPath { path });
        }
        self.wish(Wish::Ask(method, path))
    }

    /// A context was marked, or is not any more.
    pub(crate) fn marked(&self) {
        // Where none is open there is nothing to be shown otherwise.
        let _ = self.wish(Wish::Look);
    }

    /// Deletes one of the comparison's pods, this very one.
    ///
    /// # Errors
    /// On a protected context; when it is none of its pods, or gone; when the user may not.
    pub(crate) async fn delete_pod(&self, uid: &str) -> Result<(), Error> {
        let open = self.current()?;
        let Opening { context, namespace, cluster, .. } = &open.opening;
        if self.means.marks.is_protected(context) {
            return Err(Error::Protected { context: context.name.clone() });
        }
        let met = open.view.borrow().pods.iter().find(|met| met.uid == uid && met.exists).cloned();
        let met = met.ok_or_else(|| Error::NotCompared { pod: uid.to_owned() })?;
        let cluster = cluster.borrow().clone();
        let uid = uid.to_owned();
        // Before it happens: the watch may tell sooner than the answer comes.
        let _ = open.wishes.send(Wish::Deleting { uid: uid.clone() });
        let deleted = experiment::delete(&cluster, namespace, &met.name, &uid).await;
        let _ = open.wishes.send(match &deleted {
            Ok(()) => Wish::Deleted { uid, name: met.name },
            Err(error) => Wish::NotDeleted { uid, forbidden: error.code() == Code::Forbidden },
        });
        deleted
    }

    /// Rolls the Deployment of the direct tunnel's pod, on the demo cluster.
    ///
    /// # Errors
    /// Elsewhere; when there is no such Deployment.
    pub(crate) async fn roll(&self) -> Result<(), Error> {
        let open = self.current()?;
        let Opening { context, namespace, cluster, .. } = &open.opening;
        if !self.means.marks.is_demo(context) {
            return Err(Error::NotDemo);
        }
        let workload = open.workload.borrow().clone();
        let Some(Target::Workload { kind: WorkloadKind::Deployment, name }) = workload else {
            return Err(Error::NotDemo);
        };
        let cluster = cluster.borrow().clone();
        experiment::roll(&cluster, namespace, &name).await?;
        let _ = open.wishes.send(Wish::Rolled(format!("deploy/{name}")));
        Ok(())
    }

    /// What is to be reported: what it shows, and the probes that are kept.
    ///
    /// # Errors
    /// When none is open.
    pub(crate) fn report(&self) -> Result<(ComparisonView, Vec<Probe>), Error> {
        let open = self.current()?;
        let view = open.view.borrow().clone();
        Ok((view, open.ribbon.after(0)))
    }
}

/// # Errors
/// When it is not there, or may not be read.
async fn service_named(cluster: &Cluster, namespace: &str, name: &str) -> Result<Service, Error> {
    let services: Api<Service> = Api::namespaced(cluster.client.clone(), namespace);
    match services.get_opt(name).await {
        Ok(Some(service)) => Ok(service),
        Ok(None) => Err(resolve::why_missing(cluster, &Target::Service { name: name.to_owned() }, namespace).await),
        Err(source) => Err(cluster.failed(format!("get service {name} in {namespace}"), source)),
    }
}
