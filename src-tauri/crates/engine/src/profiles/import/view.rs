//! An import as the window shows it, and what the user has decided.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{Fate, Found, Here, Item, services::Place};
use crate::{
    context::ContextId,
    error::Error,
    profiles::{Profile, Saved},
    row::Row,
};

/// Where profiles are read from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "from", rename_all = "snake_case")]
#[ts(export)]
pub enum ImportSource {
    /// What somebody wrote: an export, `kubectl port-forward` lines, kftray's JSON.
    Text {
        /// All of it.
        text: String,
    },
    /// A namespace's Services.
    Services {
        /// The cluster and the identity.
        context: ContextId,
        /// Its namespace.
        namespace: String,
        /// Whether each Service gets a profile of its own.
        each: bool,
    },
}

/// What an import would do. Nothing of it is done yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ImportPlan {
    /// Each profile that was found, in its order.
    pub items: Vec<ImportItem>,
    /// The context names that mean none here, or another cluster; each once.
    pub contexts: Vec<ContextQuestion>,
    /// What was there and is not taken, with the reason: `line 3: …`.
    pub left_out: Vec<String>,
}

/// One profile that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ImportItem {
    /// Its name.
    pub name: String,
    /// What it opens.
    pub forwards: Vec<ImportForward>,
    /// What comes of it.
    pub fate: ImportFate,
    /// The addresses of its that others can reach.
    pub reachable: Vec<String>,
}

/// One forward of a profile, in the words of the command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ImportForward {
    /// The context's name.
    pub context: String,
    /// The namespace.
    pub namespace: String,
    /// `svc/web`, `deploy/web`, `-l app=web`.
    pub target: String,
    /// `8080:80`, `:http`.
    pub ports: Vec<String>,
    /// The local addresses; none for loopback.
    pub address: Vec<String>,
}

/// What comes of a profile that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "fate", rename_all = "snake_case")]
#[ts(export)]
pub enum ImportFate {
    /// It is added.
    Added,
    /// The same is there already.
    Same,
    /// Another one of that name is there.
    Clashes {
        /// What that opens.
        mine: Vec<ImportForward>,
    },
}

/// A context name that is not simply the one of that name here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ContextQuestion {
    /// The name.
    pub name: String,
    /// The API server's URL where it comes from; empty where that is not known.
    pub server: String,
    /// Why it is asked about.
    pub why: Unmatched,
    /// The context on the same server, where there is one.
    pub suggested: Option<ContextId>,
    /// The one that is taken: as the user has chosen, else as suggested. `None`: the name stays as it is.
    pub chosen: Option<ContextId>,
}

/// Why a context name is asked about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "why", rename_all = "snake_case")]
#[ts(export)]
pub enum Unmatched {
    /// There is no context of that name.
    Missing,
    /// The one of that name is another cluster.
    OtherServer {
        /// The URL of its API server.
        here: String,
    },
}

/// Which context a name stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ContextChoice {
    /// The name.
    pub name: String,
    /// The context here; `None` to leave the name as it is.
    pub to: Option<ContextId>,
}

/// What the user has decided about a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ImportChoices {
    /// Which contexts are meant.
    pub contexts: Vec<ContextChoice>,
    /// What is done with each item of the plan, in its order.
    pub items: Vec<ImportChoice>,
}

/// What is done with one profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ImportChoice {
    /// Its name, as the plan has it.
    pub name: String,
    /// What is done with it.
    pub decision: Decision,
    /// Whether it listens on loopback only, where it would listen on addresses that others can reach.
    pub loopback: bool,
}

/// What is done with a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Decision {
    /// Nothing: what is there stays as it is.
    LeaveOut,
    /// It is added; if another one of its name is there, that stays.
    Add,
    /// It takes the place of the one of its name.
    TakeTheirs,
    /// It is added under a name that is free.
    KeepBoth,
}

/// What was done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Imported {
    /// The names of those that were added, as they are called here.
    pub added: Vec<String>,
    /// The names of those that took another's place.
    pub replaced: Vec<String>,
    /// The names of those that were to be added and were not, as another one of the name has come meanwhile.
    pub clashed: Vec<String>,
}

impl Found {
    /// What a source holds. `rows` are its Services, where it is a namespace.
    ///
    /// # Errors
    /// When it is a text in no known format.
    pub(crate) fn of(source: &ImportSource, rows: &[Row], here: &Here) -> Result<Found, Error> {
        match source {
            ImportSource::Text { text } => Found::read(text, here),
            ImportSource::Services { context, namespace, each } => {
                let server = here.contexts.iter().find(|entry| entry.id == *context).map(|entry| entry.server.as_str());
                let place = Place { context, server: server.unwrap_or_default(), namespace };
                Ok(Found::services(rows, &place, *each).checked())
            }
        }
    }

    /// What would come of it, as the window shows it.
    pub(crate) fn view(self, choices: &[ContextChoice], there: &[Profile], here: &Here) -> ImportPlan {
        let contexts = self.questions(here, choices);
        let plan = self.answered(&contexts, here).plan(there, here);
        let all: Vec<Profile> = plan.items.iter().map(|item| item.profile.clone()).collect();
        let items = plan.items.iter().enumerate().map(|(n, item)| shown(item, there.iter().chain(&all[..n])));
        ImportPlan { items: items.collect(), contexts, left_out: plan.left_out }
    }
}

fn shown<'a>(Item { profile, fate, .. }: &Item, mut before: impl Iterator<Item = &'a Profile>) -> ImportItem {
    let mut reachable: Vec<String> = Vec::new();
    for address in profile.forwards.iter().flat_map(|saved| &saved.address).filter(|address| !address.is_loopback()) {
        if !reachable.contains(&address.to_string()) {
            reachable.push(address.to_string());
        }
    }
    ImportItem {
        name: profile.name.clone(),
        forwards: profile.forwards.iter().map(forward).collect(),
        fate: match fate {
            Fate::Added => ImportFate::Added,
            Fate::Same => ImportFate::Same,
            Fate::Clashes => {
                let mine = before.find(|mine| mine.name == profile.name);
                let mine = mine.iter().flat_map(|mine| &mine.forwards).map(forward).collect();
                ImportFate::Clashes { mine }
            }
        },
        reachable,
    }
}

fn forward(saved: &Saved) -> ImportForward {
    ImportForward {
        context: saved.context.clone(),
        namespace: saved.namespace.clone(),
        target: saved.target.clone(),
        ports: saved.ports.clone(),
        address: saved.address.iter().map(ToString::to_string).collect(),
    }
}
