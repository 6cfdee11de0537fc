//! Reading what others wrote, and saying what would come of it before anything is kept.
//!
//! - [`Found`] is what a text (an export, `kubectl port-forward` lines, kftray's JSON) or a namespace's Services hold.
//! - `contexts` asks which context of this machine is meant, where a name means none or another cluster.
//! - [`Plan`] says what would come of each profile beside those that there are.
//! - `taken` does it, by what the user has decided; [`view`] is all of it as the window shows it.
//!
//! Nothing that comes from elsewhere is started, or starts by itself.

mod contexts;
mod kftray;
mod kubectl;
mod services;
mod taken;
#[cfg(test)]
mod tests;
pub mod view;

use serde_json::Value;

use super::{Content, Profile};
use crate::{context::ContextId, error::Error, kubeconfig::ContextEntry, storage::Schema};

/// What was found, before anything is decided.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    profiles: Vec<Profile>,
    left_out: Vec<String>,
}

/// What an import would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Each profile that was found, in its order.
    pub items: Vec<Item>,
    /// What was there and is not taken, with the reason: `line 3: udp is not carried by port-forward`.
    pub left_out: Vec<String>,
}

/// One profile that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// It, as it would be kept.
    pub profile: Profile,
    /// What comes of it.
    pub fate: Fate,
    /// What the user has to know: `listens on 0.0.0.0, which others can reach`.
    pub warnings: Vec<String>,
}

/// What comes of a profile that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is added.
    Added,
    /// The same is there already.
    Same,
    /// Another one of that name is there, which stays.
    Clashes,
}

/// What this machine knows: needed to read what leaves things open.
#[derive(Clone, Debug, Default)]
pub struct Here {
    /// The contexts that there are, of all sources.
    pub contexts: Vec<ContextEntry>,
}

impl Here {
    /// The context that a name means: of the kubeconfig, not of a file beside it.
    fn named(&self, name: &str) -> Option<&ContextEntry> {
        self.kubeconfig().find(|entry| entry.id.name == name)
    }

    /// The current one.
    fn current(&self) -> Option<&ContextEntry> {
        self.kubeconfig().find(|entry| entry.current)
    }

    fn kubeconfig(&self) -> impl Iterator<Item = &ContextEntry> {
        self.contexts.iter().filter(|entry| entry.id.source == ContextId::DEFAULT_SOURCE)
    }
}

impl Found {
    /// Reads a text of any known format.
    ///
    /// # Errors
    /// When it is in none of them.
    pub fn read(text: &str, here: &Here) -> Result<Found, Error> {
        let bad = |why: String| Error::BadImport { why };
        let (found, left_out) = match serde_json::from_str::<Value>(text) {
            Ok(json) if json.get("profiles").is_some() => (ours(json).map_err(bad)?, Vec::new()),
            Ok(json @ (Value::Array(_) | Value::Object(_))) => kftray::read(json, here).map_err(bad)?,
            Ok(_) => return Err(bad("it is JSON, but neither profiles nor kftray's".into())),
            Err(error) if text.trim_start().starts_with(['{', '[']) => {
                return Err(bad(format!("it looks like JSON and is not: {error}")));
            }
            Err(_) => kubectl::read(text, here),
        };
        if found.is_empty() && left_out.is_empty() {
            return Err(bad("no profile and no kubectl port-forward line was found in it".into()));
        }
        // Nothing that comes from elsewhere starts by itself, or names this machine's files.
        let found = found.into_iter().map(Profile::for_others).collect();
        Ok(Found { profiles: found, left_out }.checked())
    }

    /// Without those that cannot mean anything.
    fn checked(mut self) -> Found {
        self.profiles.retain(|profile| match profile.check() {
            Ok(()) => true,
            Err(error) => {
                self.left_out.push(error.to_string());
                false
            }
        });
        self
    }

    /// What would come of it beside the profiles that there are.
    pub fn plan(self, there: &[Profile], here: &Here) -> Plan {
        let mut plan = Plan { items: Vec::new(), left_out: self.left_out };
        for profile in self.profiles {
            let known = there.iter().chain(plan.items.iter().map(|item| &item.profile));
            let fate = match known.filter(|known| known.name == profile.name).map(|known| same(known, &profile)).next()
            {
                None => Fate::Added,
                Some(true) => Fate::Same,
                Some(false) => Fate::Clashes,
            };
            let warnings = contexts::warnings(&profile, here);
            plan.items.push(Item { profile, fate, warnings });
        }
        plan
    }
}

impl Plan {
    /// Reads a text of any known format, beside the profiles that there are.
    ///
    /// # Errors
    /// When it is in none of them.
    pub fn read(text: &str, there: &[Profile], here: &Here) -> Result<Plan, Error> {
        Ok(Found::read(text, here)?.plan(there, here))
    }

    /// The profiles that are added.
    pub fn added(&self) -> impl Iterator<Item = &Profile> {
        self.items.iter().filter(|item| item.fate == Fate::Added).map(|item| &item.profile)
    }
}

/// Whether two lead to the same. Where one of them does not know the server, its context's name has to do.
fn same(one: &Profile, other: &Profile) -> bool {
    let (mut one, mut other) = (one.clone().for_others().forwards, other.clone().for_others().forwards);
    for (one, other) in one.iter_mut().zip(&mut other) {
        if one.server.is_empty() || other.server.is_empty() {
            one.server.clear();
            other.server.clear();
        }
    }
    one == other
}

/// What `portolan profiles export` wrote.
fn ours(mut json: Value) -> Result<Vec<Profile>, String> {
    match json["version"].as_u64() {
        Some(version) if version > Content::VERSION => {
            return Err(format!("a newer Portolan wrote it (version {version} of the format): update this one"));
        }
        Some(_) => {}
        None => return Err("it has no version".into()),
    }
    serde_json::from_value(json["profiles"].take()).map_err(|error| error.to_string())
}

/// A name that no profile of these has yet: the name itself, or with a number.
pub(super) fn free_name(name: &str, taken: &[Profile]) -> String {
    let is_taken = |name: &str| taken.iter().any(|profile| profile.name == name);
    let numbered = (2..).map(|n| format!("{name} {n}"));
    std::iter::once(name.to_owned()).chain(numbered).find(|name| !is_taken(name)).unwrap_or_default()
}
