//! Which contexts of this machine are meant.
//!
//! A name that comes from elsewhere is only a name: here it may mean nothing, or another cluster. Each is asked about
//! once; the server tells which one is meant, where it is known.

use super::{
    Found, Here,
    view::{ContextChoice, ContextQuestion, Unmatched},
};
use crate::{
    context::ContextId,
    kubeconfig::ContextEntry,
    profiles::{Profile, Saved},
};

impl Found {
    /// The names that mean no context here, or one of another server, each once. Where the user has not chosen, the
    /// context on the same server is.
    pub(super) fn questions(&self, here: &Here, choices: &[ContextChoice]) -> Vec<ContextQuestion> {
        let mut questions: Vec<ContextQuestion> = Vec::new();
        for saved in self.profiles.iter().flat_map(|profile| &profile.forwards) {
            let asked = questions.iter().any(|question| question.name == saved.context);
            let Some(why) = unmatched(saved, here).filter(|_| !asked) else { continue };
            let suggested = same_server(saved, here).map(|entry| entry.id.clone());
            let choice = choices.iter().find(|choice| choice.name == saved.context);
            questions.push(ContextQuestion {
                name: saved.context.clone(),
                server: saved.server.clone(),
                why,
                chosen: choice.map_or_else(|| suggested.clone(), |choice| choice.to.clone()),
                suggested,
            });
        }
        questions
    }

    /// With the contexts that the questions were answered with; each known context's server is noted.
    pub(super) fn answered(mut self, questions: &[ContextQuestion], here: &Here) -> Found {
        for saved in self.profiles.iter_mut().flat_map(|profile| &mut profile.forwards) {
            let question = questions.iter().find(|question| question.name == saved.context);
            let chosen = question.and_then(|question| question.chosen.as_ref());
            if let Some(entry) = chosen.and_then(|id| here.contexts.iter().find(|entry| entry.id == *id)) {
                let ContextId { source, name } = entry.id.clone();
                saved.context = name;
                saved.kubeconfig = if source == ContextId::DEFAULT_SOURCE { String::new() } else { source };
                saved.server.clone_from(&entry.server);
            } else if let Some(entry) =
                here.named(&saved.context).filter(|_| saved.server.is_empty() && saved.kubeconfig.is_empty())
            {
                saved.server.clone_from(&entry.server);
            }
        }
        self
    }
}

/// Why a forward's context is not simply the one of that name; `None` if it is, or names a file of its own.
fn unmatched(saved: &Saved, here: &Here) -> Option<Unmatched> {
    if !saved.kubeconfig.is_empty() {
        return None;
    }
    match here.named(&saved.context) {
        None => Some(Unmatched::Missing),
        Some(entry) if !saved.server.is_empty() && entry.server != saved.server => {
            Some(Unmatched::OtherServer { here: entry.server.clone() })
        }
        Some(_) => None,
    }
}

fn same_server<'a>(saved: &Saved, here: &'a Here) -> Option<&'a ContextEntry> {
    here.contexts.iter().find(|entry| !entry.server.is_empty() && entry.server == saved.server)
}

/// What the user has to know of a profile that comes from elsewhere.
pub(super) fn warnings(profile: &Profile, here: &Here) -> Vec<String> {
    let mut warnings = Vec::new();
    for saved in &profile.forwards {
        for address in saved.address.iter().filter(|address| !address.is_loopback()) {
            warnings.push(format!("{} listens on {address}, which others can reach", saved.target));
        }
        match unmatched(saved, here) {
            Some(Unmatched::Missing) => {
                let hint = same_server(saved, here).map(|entry| format!("; {} is the same server", entry.id));
                warnings.push(format!("there is no context {} here{}", saved.context, hint.unwrap_or_default()));
            }
            Some(Unmatched::OtherServer { here }) => {
                warnings.push(format!("context {} is {here} here, and was {}", saved.context, saved.server));
            }
            None => {}
        }
    }
    warnings.dedup();
    warnings
}
