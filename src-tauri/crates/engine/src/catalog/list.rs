//! One list: the watches behind it, and the rows that come of them.

use std::{collections::HashMap, sync::Arc, time::Duration};

use k8s_openapi::api::core::v1::{Pod, Service};
use tokio::{sync::Notify, time::Instant};
use tokio_util::sync::CancellationToken;

use super::rows;
use crate::{
    cluster::Cluster,
    clusters::Clusters,
    context::{ContextView, Namespaces, Reach},
    engine::context_key,
    error::{Code, Error, Problem},
    explain::mark::PodBrief,
    feed::{Feed, Part},
    forward::WorkloadKind,
    role::{Right, refused_user, role},
    row::{ListKind, ListStatus, ListView, Row, Scope, View},
    watched::{Failing, Select, Watched, backoff},
    workload::{self, Workload},
};

/// Rows are made anew this often at most: the feed answers no faster.
const PACE: Duration = Duration::from_millis(200);

/// The API group and the plural of what Services and the list of pods are read off.
const PODS: (&str, &str) = ("", "pods");

/// Shows `view` in the feed until it is cancelled; then takes it out again.
pub(crate) async fn show(view: View, clusters: Arc<Clusters>, feed: Arc<Feed>, cancel: CancellationToken) {
    let list = List { view, feed };
    list.status(ListStatus::Loading);
    tokio::select! {
        biased;
        () = cancel.cancelled() => {}
        () = list.keep(&clusters) => {}
    }
    for key in list.feed.keys("row/") {
        list.feed.remove(&key);
    }
    list.feed.remove("list");
}

struct List {
    view: View,
    feed: Arc<Feed>,
}

impl List {
    async fn keep(&self, clusters: &Clusters) {
        self.context(|context| {
            if context.reach != Reach::Reachable {
                context.reach = Reach::Checking;
            }
        });
        let mut attempt = 0;
        let cluster = loop {
            match clusters.get(&self.view.context).await {
                Ok(cluster) => break cluster,
                Err(error) => {
                    attempt += 1;
                    self.unreachable(error.problem());
                    tokio::time::sleep(backoff(attempt)).await;
                }
            }
        };
        tokio::join!(self.namespaces(&cluster), self.rows(&cluster));
    }

    async fn namespaces(&self, cluster: &Cluster) {
        let mut watched = cluster.watch_namespaces();
        loop {
            let namespaces = match watched.next().await {
                Ok(()) => {
                    let mut names: Vec<String> = watched.objects().iter().map(|name| name.to_string()).collect();
                    names.sort();
                    Namespaces::Known { names }
                }
                Err(Failing { error, .. }) if error.code() == Code::Forbidden => {
                    let problem = error.problem();
                    let role = role(None, &right_to_list("", "namespaces"), refused_user([&problem]));
                    Namespaces::Forbidden { problem, role }
                }
                // The list says that the server is away; the names stay.
                Err(_) => continue,
            };
            self.context(|context| context.namespaces = namespaces);
        }
    }

    async fn rows(&self, cluster: &Cluster) {
        let mut sources = Sources::new(cluster, &self.view);
        let mut shown: HashMap<String, Row> = HashMap::new();
        let mut trouble: Option<Problem> = None;
        let mut due = Instant::now();
        let mut stale = false;
        loop {
            tokio::select! {
                changed = sources.next() => match changed {
                    Ok(()) => {
                        self.context(|context| context.reach = Reach::Reachable);
                        stale = true;
                        trouble = None;
                    }
                    Err(Failing { error, .. }) => {
                        let problem = error.problem();
                        if problem.code == Code::Forbidden {
                            self.context(|context| context.reach = Reach::Reachable);
                            // The rest can be shown all the same.
                            stale = true;
                        } else {
                            self.unreachable(problem.clone());
                            trouble = Some(problem);
                        }
                    }
                },
                () = tokio::time::sleep_until(due), if stale && trouble.is_none() => {
                    stale = false;
                    due = Instant::now() + PACE;
                    if let Some(rows) = sources.rows() {
                        self.publish(rows, &mut shown);
                        self.status(sources.refusal(&self.view.namespace).unwrap_or(ListStatus::Live));
                    }
                }
            }
        }
    }

    fn publish(&self, rows: Vec<Row>, shown: &mut HashMap<String, Row>) {
        let rows: HashMap<String, Row> = rows.into_iter().map(|row| (rows::key(&row), row)).collect();
        for gone in shown.keys().filter(|key| !rows.contains_key(*key)) {
            self.feed.remove(gone);
        }
        for (key, row) in &rows {
            if shown.get(key) != Some(row) {
                self.feed.set(key.clone(), Part::Row(row.clone()));
            }
        }
        *shown = rows;
    }

    fn unreachable(&self, problem: Problem) {
        self.context(|context| context.reach = Reach::Unreachable { problem: problem.clone() });
        self.status(ListStatus::Stale { problem });
    }

    fn status(&self, status: ListStatus) {
        self.feed.set("list", Part::List(ListView { view: self.view.clone(), status }));
    }

    fn context(&self, change: impl FnOnce(&mut ContextView)) {
        self.feed.update(&context_key(&self.view.context), |part| {
            if let Part::Context(context) = part {
                change(context);
            }
        });
    }
}

/// The watches behind one list.
struct Sources {
    kind: ListKind,
    services: Vec<Source<Service>>,
    briefs: Vec<Source<Option<PodBrief>>>,
    pods: Vec<Source<Row>>,
    workloads: Vec<Source<Workload>>,
}

/// What may not be read, by group and plural, and why.
type Refusal<'a> = ((&'static str, &'static str), &'a Problem);

/// One watch, what of, and whether it may be read.
struct Source<T> {
    watched: Watched<T>,
    /// The API group and the plural.
    of: (&'static str, &'static str),
    forbidden: Option<Problem>,
}

/// What listing takes, and following the list.
fn right_to_list(group: &'static str, resource: &'static str) -> [Right; 2] {
    ["list", "watch"].map(|verb| Right { verb, group, resource })
}

impl<T: Send + Sync + 'static> Source<T> {
    fn new(watched: Watched<T>, of: (&'static str, &'static str)) -> Self {
        Source { watched, of, forbidden: None }
    }

    /// What may not be read, and why.
    fn refusal(&self) -> Option<Refusal<'_>> {
        self.forbidden.as_ref().map(|problem| (self.of, problem))
    }

    async fn next(&mut self) -> Result<(), Failing> {
        let changed = self.watched.next().await;
        self.forbidden = match &changed {
            Err(Failing { error, .. }) if error.code() == Code::Forbidden => Some(error.problem()),
            _ => None,
        };
        changed
    }

    fn answered(&self) -> bool {
        self.watched.synced() || self.forbidden.is_some()
    }
}

impl Sources {
    fn new(cluster: &Cluster, view: &View) -> Self {
        let retry_now = Arc::new(Notify::new());
        let mut sources = Sources {
            kind: view.list,
            services: Vec::new(),
            briefs: Vec::new(),
            pods: Vec::new(),
            workloads: Vec::new(),
        };
        let scope = &view.namespace;
        match view.list {
            ListKind::Services => {
                let services = cluster.watch(scope, Select::All, &retry_now, |service: Service| service);
                sources.services.push(Source::new(services, ("", "services")));
                let briefs = cluster.watch(scope, Select::All, &retry_now, |pod: Pod| PodBrief::of(&pod));
                sources.briefs.push(Source::new(briefs, PODS));
            }
            ListKind::Workloads => {
                let watch = |kind| workload::watch(cluster, scope, kind, None, &retry_now);
                let source = |kind: WorkloadKind| Source::new(watch(kind), (kind.group(), kind.plural()));
                sources.workloads = WorkloadKind::ALL.into_iter().map(source).collect();
            }
            ListKind::Pods => {
                let pods = cluster.watch(scope, Select::All, &retry_now, |pod: Pod| rows::pod(&pod));
                sources.pods.push(Source::new(pods, PODS));
            }
        }
        sources
    }

    /// The next change of any of them. Cancel-safe.
    async fn next(&mut self) -> Result<(), Failing> {
        tokio::select! {
            changed = any(&mut self.services) => changed,
            changed = any(&mut self.briefs) => changed,
            changed = any(&mut self.pods) => changed,
            changed = any(&mut self.workloads) => changed,
        }
    }

    /// The rows, once every source was answered.
    fn rows(&self) -> Option<Vec<Row>> {
        match self.kind {
            ListKind::Services => {
                let services = self.services.iter().find(|s| s.answered())?;
                let briefs = self.briefs.iter().find(|s| s.answered())?;
                let found = briefs.watched.objects();
                let pods: Vec<&PodBrief> = found.iter().filter_map(|brief| brief.as_ref().as_ref()).collect();
                let pods = briefs.forbidden.is_none().then_some(pods.as_slice());
                Some(services.watched.objects().iter().map(|s| rows::service(s, pods)).collect())
            }
            ListKind::Workloads => {
                let all_answered = self.workloads.iter().all(Source::answered);
                all_answered.then(|| {
                    let workloads = self.workloads.iter().flat_map(|s| s.watched.objects());
                    workloads.filter_map(|w| rows::workload(&w)).collect()
                })
            }
            ListKind::Pods => {
                let pods = self.pods.iter().find(|s| s.answered())?;
                Some(pods.watched.objects().iter().map(|row| Row::clone(row)).collect())
            }
        }
    }

    /// The sources that may not be read.
    fn refusals(&self) -> impl Iterator<Item = Refusal<'_>> {
        (self.services.iter().filter_map(Source::refusal))
            .chain(self.briefs.iter().filter_map(Source::refusal))
            .chain(self.pods.iter().filter_map(Source::refusal))
            .chain(self.workloads.iter().filter_map(Source::refusal))
    }

    /// What a list says of which a part may not be read; `None` where all of it may.
    fn refusal(&self, scope: &Scope) -> Option<ListStatus> {
        let (_, problem) = self.refusals().next()?;
        let rights: Vec<Right> =
            self.refusals().flat_map(|((group, plural), _)| right_to_list(group, plural)).collect();
        let namespace = match scope {
            Scope::All => None,
            Scope::One { name } => Some(name.as_str()),
        };
        Some(ListStatus::Forbidden {
            problem: problem.clone(),
            resources: self.refusals().map(|((_, plural), _)| plural.to_owned()).collect(),
            role: role(namespace, &rights, refused_user(self.refusals().map(|(_, problem)| problem))),
        })
    }
}

/// The next change of any of several; waits for ever if there is none.
async fn any<T: Send + Sync + 'static>(sources: &mut [Source<T>]) -> Result<(), Failing> {
    if sources.is_empty() {
        return std::future::pending().await;
    }
    futures::future::select_all(sources.iter_mut().map(|s| Box::pin(s.next()))).await.0
}

/// A list as it is now.
#[derive(Debug)]
pub struct Listing {
    /// Sorted by namespace, kind and name.
    pub rows: Vec<Row>,
    /// Why the list is not whole, if it is not.
    pub forbidden: Option<Problem>,
}

/// Lists once, for the command.
///
/// # Errors
/// When the API server does not answer, or nothing of the list may be read.
pub async fn list_once(cluster: &Cluster, scope: &Scope, kind: ListKind) -> Result<Listing, Error> {
    let view = View { context: cluster.context.clone(), namespace: scope.clone(), list: kind };
    let mut sources = Sources::new(cluster, &view);
    loop {
        if let Err(Failing { error, .. }) = sources.next().await
            && (error.code() != Code::Forbidden || sources.nothing_readable())
        {
            return Err(error);
        }
        if let Some(mut rows) = sources.rows() {
            rows.sort_by_cached_key(|row| (row.namespace.clone(), row.target.to_string()));
            if let (true, Scope::One { name }) = (rows.is_empty(), scope)
                && let Some(known) = cluster.namespaces_without(name).await
            {
                return Err(Error::UnknownNamespace { name: name.clone(), known });
            }
            let forbidden = sources.refusals().next().map(|(_, problem)| problem.clone());
            return Ok(Listing { rows, forbidden });
        }
    }
}

impl Sources {
    fn nothing_readable(&self) -> bool {
        match self.kind {
            ListKind::Services => self.services.iter().all(|s| s.forbidden.is_some()),
            ListKind::Workloads => self.workloads.iter().all(|s| s.forbidden.is_some()),
            ListKind::Pods => self.pods.iter().all(|s| s.forbidden.is_some()),
        }
    }
}
