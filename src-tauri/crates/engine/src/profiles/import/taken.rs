//! Doing what was planned, by what the user has decided.

use super::{
    Found, Here, free_name,
    view::{Decision, ImportChoice, ImportChoices, Imported},
};
use crate::{
    error::Error,
    profiles::{Profile, Profiles},
};

impl Profiles {
    /// Takes in what was found, as the user has decided: all of it in one step, or nothing.
    ///
    /// # Errors
    /// When the decisions are not about this, when what would come of them cannot mean anything, or when the file cannot
    /// be written.
    pub(crate) fn take_in(&self, found: Found, choices: &ImportChoices, here: &Here) -> Result<Imported, Error> {
        let questions = found.questions(here, &choices.contexts);
        let found = found.answered(&questions, here).profiles;
        let agree = found.len() == choices.items.len()
            && found.iter().zip(&choices.items).all(|(profile, choice)| profile.name == choice.name);
        if !agree {
            return Err(Error::BadImport { why: "it is not what it was when it was shown".into() });
        }
        self.document.change(|content| {
            let mut imported = Imported::default();
            for (profile, choice) in found.into_iter().zip(&choices.items) {
                take(&mut content.profiles, profile, choice, &mut imported)?;
            }
            Ok(imported)
        })
    }
}

fn take(all: &mut Vec<Profile>, profile: Profile, choice: &ImportChoice, done: &mut Imported) -> Result<(), Error> {
    let mut profile = if choice.loopback { on_loopback(profile) } else { profile };
    let mine = all.iter().position(|there| there.name == profile.name);
    let name = profile.name.clone();
    match (choice.decision, mine) {
        (Decision::LeaveOut, _) => return Ok(()),
        (Decision::Add, Some(_)) => {
            done.clashed.push(name);
            return Ok(());
        }
        (Decision::TakeTheirs, Some(at)) => {
            profile.check()?;
            all[at] = profile;
            done.replaced.push(name);
            return Ok(());
        }
        (Decision::KeepBoth, Some(_)) => profile.name = free_name(&name, all),
        (Decision::Add | Decision::TakeTheirs | Decision::KeepBoth, None) => {}
    }
    // On loopback two of its forwards may want the same port.
    profile.check()?;
    done.added.push(profile.name.clone());
    all.push(profile);
    Ok(())
}

/// Where only this machine can reach it.
fn on_loopback(mut profile: Profile) -> Profile {
    for saved in &mut profile.forwards {
        saved.address.retain(std::net::IpAddr::is_loopback);
    }
    profile
}
