//! Reading what others wrote, and saying what would come of it before anything is kept.

mod kftray;
mod kubectl;
#[cfg(test)]
mod tests;

use serde_json::Value;

use super::{Content, Profile};
use crate::{error::Error, storage::Schema};

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
    /// The contexts that there are, with their servers.
    pub contexts: Vec<(String, String)>,
    /// The current one.
    pub current: Option<String>,
    /// Its namespace.
    pub namespace: String,
}

impl Plan {
    /// Reads a text of any known format, beside the profiles that there are.
    ///
    /// # Errors
    /// When it is in none of them.
    pub fn read(text: &str, there: &[Profile], here: &Here) -> Result<Plan, Error> {
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
        let mut plan = Plan { items: Vec::new(), left_out };
        for profile in found {
            plan.take(profile, there, here);
        }
        Ok(plan)
    }

    /// The profiles that are added.
    pub fn added(&self) -> impl Iterator<Item = &Profile> {
        self.items.iter().filter(|item| item.fate == Fate::Added).map(|item| &item.profile)
    }

    fn take(&mut self, profile: Profile, there: &[Profile], here: &Here) {
        // Nothing that comes from elsewhere starts by itself, or names this machine's files.
        let profile = profile.for_others();
        if let Err(error) = profile.check() {
            return self.left_out.push(error.to_string());
        }
        let known = there.iter().chain(self.items.iter().map(|item| &item.profile));
        let fate = match known.filter(|known| known.name == profile.name).map(|known| same(known, &profile)).next() {
            None => Fate::Added,
            Some(true) => Fate::Same,
            Some(false) => Fate::Clashes,
        };
        let warnings = warnings(&profile, here);
        self.items.push(Item { profile, fate, warnings });
    }
}

fn same(one: &Profile, other: &Profile) -> bool {
    one.clone().for_others().forwards == other.clone().for_others().forwards
}

/// What the user has to know of a profile that comes from elsewhere.
fn warnings(profile: &Profile, here: &Here) -> Vec<String> {
    let mut warnings = Vec::new();
    for saved in &profile.forwards {
        for address in saved.address.iter().filter(|address| !address.is_loopback()) {
            warnings.push(format!("{} listens on {address}, which others can reach", saved.target));
        }
        match here.contexts.iter().find(|(name, _)| *name == saved.context) {
            None => {
                let same = here.contexts.iter().find(|(_, server)| !server.is_empty() && *server == saved.server);
                let hint = same.map(|(name, _)| format!("; {name} is the same server")).unwrap_or_default();
                warnings.push(format!("there is no context {} here{hint}", saved.context));
            }
            Some((_, server)) if !saved.server.is_empty() && *server != saved.server => {
                warnings.push(format!("context {} is {server} here, and was {}", saved.context, saved.server));
            }
            Some(_) => {}
        }
    }
    warnings.dedup();
    warnings
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
