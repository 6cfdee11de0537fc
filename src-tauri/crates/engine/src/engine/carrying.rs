//! What comes in from elsewhere and what is carried out: imports, tunnels of a kubectl that runs, exports.

use super::Engine;
use crate::{
    blocking::blocking,
    catalog::list_once,
    copies::{self, CopyAs},
    downloads,
    error::{Error, Problem},
    kubectl::{
        self, Contexts,
        takeover::{KubectlProcess, Offer, Refused},
    },
    profiles::{
        self, Profiles,
        import::{
            Found, Here,
            view::{ContextChoice, ImportChoices, ImportPlan, ImportSource, Imported},
        },
    },
    row::{ListKind, Row, Scope},
    session::view::SessionId,
};

impl Engine {
    /// What an import would do; `contexts` are the answers that the user has given to its questions. Nothing is kept.
    ///
    /// # Errors
    /// When nothing of it can be understood, a cluster cannot be asked, or the profiles cannot be read.
    pub async fn plan_import(&self, source: &ImportSource, contexts: &[ContextChoice]) -> Result<ImportPlan, Problem> {
        let there = Profiles::open()?.list()?.profiles;
        let (found, here) = self.found(source).await?;
        Ok(found.view(contexts, &there, &here))
    }

    /// Imports, by what the user has decided. Nothing is started.
    ///
    /// # Errors
    /// As [`Engine::plan_import`]; when the decisions are not about what there is now, or the profiles cannot be written.
    pub async fn import(&self, source: &ImportSource, choices: &ImportChoices) -> Result<Imported, Problem> {
        let (found, here) = self.found(source).await?;
        let imported = Profiles::open()?.take_in(found, choices, &here)?;
        // Shown at once, and not at the next look at the file.
        self.favourites.reload().await;
        Ok(imported)
    }

    async fn found(&self, source: &ImportSource) -> Result<(Found, Here), Problem> {
        // One that cannot be read is told where the contexts are listed.
        let loaded = self.sources.all();
        let contexts =
            loaded.iter().filter_map(|source| self.sources.load(source).ok()).flat_map(|contexts| contexts.entries());
        let here = Here { contexts: contexts.collect() };
        let rows = self.services_of(source).await?;
        Ok((Found::of(source, &rows, &here)?, here))
    }

    /// The Services of a namespace, where that is the source.
    async fn services_of(&self, source: &ImportSource) -> Result<Vec<Row>, Problem> {
        let ImportSource::Services { context, namespace, .. } = source else { return Ok(Vec::new()) };
        let cluster = self.cluster(context).await?;
        let scope = Scope::One { name: namespace.clone() };
        Ok(list_once(&cluster, &scope, ListKind::Services).await?.rows)
    }

    /// This user's `kubectl port-forward` processes, by their pids.
    ///
    /// # Errors
    /// When this system tells nothing of its processes.
    pub async fn kubectl_processes(&self) -> Result<Vec<KubectlProcess>, Problem> {
        let sources = self.sources.clone();
        let found = blocking(move || {
            let contexts = Contexts { sources: &sources };
            Ok::<_, Refused>(kubectl::running()?.iter().map(|running| contexts.offer(running)).collect())
        });
        Ok(found.await.map_err(Error::from)?)
    }

    /// Ends a `kubectl port-forward` and starts a session on the same local ports; `loopback`: where only this machine can
    /// reach them. `shown` is what the user has agreed to: a process that is anything else by now is left alone.
    ///
    /// # Errors
    /// When there is nothing that could take its place, it does not end, or its ports are not free. Then no session is
    /// started.
    pub async fn take_over(&self, shown: KubectlProcess, loopback: bool) -> Result<SessionId, Problem> {
        let pid = shown.pid;
        let Offer::TakeOver { mut forward, .. } = shown.offer.clone() else {
            let why = "there is nothing here that could take its place".into();
            return Err(Error::from(Refused::NoOffer { pid, why }).into());
        };
        let sources = self.sources.clone();
        let same = move || {
            let running = kubectl::find(pid, shown.started_at)?;
            let contexts = Contexts { sources: &sources };
            Ok::<_, Refused>(running.filter(|running| contexts.offer(running) == shown))
        };
        let running = blocking(same).await.and_then(|found| found.ok_or(Refused::Changed { pid }));
        let running = running.map_err(Error::from)?;
        if loopback {
            forward.bind.retain(std::net::IpAddr::is_loopback);
        }
        kubectl::end(&running, &forward).await?;
        Ok(self.start(forward))
    }

    /// A session in the words of others: what its card can copy. Empty if there is no such session.
    pub fn copies(&self, id: SessionId) -> Vec<CopyAs> {
        self.sessions.watch(id).map(|view| copies::of(&view.borrow())).unwrap_or_default()
    }

    /// Profiles as JSON for others; all where none is named.
    ///
    /// # Errors
    /// When one does not exist, or the profiles cannot be read.
    pub fn export_profiles(&self, names: &[String]) -> Result<String, Problem> {
        Ok(profiles::export(&Profiles::open()?.named(names)?)?)
    }

    /// Leaves that in the user's downloads; in which file.
    ///
    /// # Errors
    /// As [`Engine::export_profiles`], and when the file cannot be written.
    pub fn save_profiles(&self, names: &[String]) -> Result<String, Problem> {
        let text = self.export_profiles(names)?;
        Ok(downloads::leave(&downloads::folder()?, "portolan-profiles", "json", &text)?.display().to_string())
    }
}
