//! Profiles: saved, named sets of forwards. A favourite is one that is pinned.
//!
//! - `saved` is a profile as it stands in `profiles.json` and in an export, written to be read and edited by people, and
//!   turns it into forwards.
//! - [`Profiles`] is the file: listed, added to, changed, one process beside another. `edit` changes what is there.
//! - `import` reads what others wrote: an export, `kubectl port-forward` lines, kftray's JSON. It never starts anything.
//!
//! A profile holds no secret: a context by its name, and the server's address to notice when that name means another.

mod edit;
pub mod import;
mod saved;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use edit::Edit;
pub use saved::{Profile, Saved};

use crate::{
    error::Error,
    session::now,
    storage::{self, Document, Read, Schema},
};

/// The file's content.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Content {
    profiles: Vec<Profile>,
}

impl Schema for Content {
    const VERSION: u64 = 1;
}

/// The user's profiles, in their order.
#[derive(Debug)]
pub struct Profiles {
    document: Document<Content>,
}

/// What was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The profiles, in the user's order.
    pub profiles: Vec<Profile>,
    /// Where a damaged file was moved to, and what was wrong with it: the list began anew.
    pub moved_aside: Option<(PathBuf, String)>,
}

impl Profiles {
    /// Those in the configuration folder.
    ///
    /// # Errors
    /// When there is no such folder.
    pub fn open() -> Result<Self, Error> {
        Ok(Profiles::at(storage::folder()?.join("profiles.json")))
    }

    /// Those in a file.
    pub fn at(path: PathBuf) -> Self {
        Profiles { document: Document::at(path) }
    }

    /// All of them.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn list(&self) -> Result<Listed, Error> {
        let Read { value, moved_aside } = self.document.read()?;
        Ok(Listed { profiles: value.profiles, moved_aside })
    }

    /// Those of these names, in the order of the names; all where none is named.
    ///
    /// # Errors
    /// When one does not exist, or the file cannot be read.
    pub fn named(&self, names: &[String]) -> Result<Vec<Profile>, Error> {
        let all = self.list()?.profiles;
        if names.is_empty() {
            return Ok(all);
        }
        let one = |name: &String| all.iter().find(|p| p.name == *name).cloned().ok_or_else(|| not_found(name, &all));
        names.iter().map(one).collect()
    }

    /// Adds one at the end.
    ///
    /// # Errors
    /// When there is one of that name, when it cannot mean anything, or when the file cannot be written.
    pub fn add(&self, profile: Profile) -> Result<(), Error> {
        profile.check()?;
        self.document.change(|content| {
            if content.profiles.iter().any(|there| there.name == profile.name) {
                let why = "there is one of that name already".into();
                return Err(Error::BadProfile { name: profile.name.clone(), why });
            }
            content.profiles.push(profile);
            Ok(())
        })
    }

    /// Adds a forward to the profile of that name, which is made where there is none. `group` and `note` replace what it
    /// has, unless they are empty.
    ///
    /// # Errors
    /// When it cannot mean anything beside the others, or when the file cannot be written.
    pub fn put(&self, name: &str, saved: Saved, group: &str, note: &str) -> Result<(), Error> {
        self.document.change(|content| {
            let at = content.profiles.iter().position(|profile| profile.name == name).unwrap_or_else(|| {
                content.profiles.push(Profile { name: name.into(), ..Profile::default() });
                content.profiles.len() - 1
            });
            let profile = &mut content.profiles[at];
            profile.forwards.push(saved);
            for (own, new) in [(&mut profile.group, group), (&mut profile.note, note)] {
                if !new.is_empty() {
                    *own = new.into();
                }
            }
            profile.check()
        })
    }

    /// Removes one; it.
    ///
    /// # Errors
    /// When there is none of that name, or the file cannot be written.
    pub fn remove(&self, name: &str) -> Result<Profile, Error> {
        Ok(self.take_out(name)?.0)
    }

    /// Notes that these were used now: recently used ones come first where that is asked for.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn used(&self, names: &[String]) -> Result<(), Error> {
        let now = now();
        self.document.change(|content| {
            for profile in content.profiles.iter_mut().filter(|profile| names.contains(&profile.name)) {
                profile.used_at = now;
            }
            Ok(())
        })
    }

    /// Takes in what was planned, which may have become outdated: what clashes by now is left out and named.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn import(&self, plan: &import::Plan) -> Result<Vec<String>, Error> {
        self.document.change(|content| {
            let mut clashing = Vec::new();
            for profile in plan.added() {
                if content.profiles.iter().any(|there| there.name == profile.name) {
                    clashing.push(profile.name.clone());
                } else {
                    content.profiles.push(profile.clone());
                }
            }
            Ok(clashing)
        })
    }
}

/// These profiles as a file for others: without what only this machine knows.
///
/// # Errors
/// Of none that was read from a file: JSON has a text for all of it.
pub fn export(profiles: &[Profile]) -> Result<String, Error> {
    let profiles = profiles.iter().cloned().map(Profile::for_others).collect();
    storage::text(&Content { profiles }).map_err(|error| Error::BadImport { why: error.to_string() })
}

pub(crate) fn not_found(name: &str, there: &[Profile]) -> Error {
    Error::ProfileNotFound { name: name.into(), known: there.iter().map(|profile| profile.name.clone()).collect() }
}
