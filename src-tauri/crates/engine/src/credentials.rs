//! Credentials that a program makes: the exec plugins of kubeconfigs, as client-go runs them, but once for all who need
//! the same.
//!
//! The map, from the kubeconfig to the request:
//! - [`plugin`] is what a user entry says of its plugin; `program` finds the program and runs it, with its limits, and
//!   `printed` reads the ExecCredential that it prints.
//! - [`login`] is a user entry's credential: one run of the plugin for everybody, and what came of it remembered.
//! - `cluster_login` is what one cluster's client asks for it before each request, and tells that it was refused.
//! - [`Logins`] are all of them, one a user entry, shared by contexts and sessions.
//! - [`failure`] says why there is none.
//!
//! A plugin runs when a request needs a credential and there is none, or it has expired, or the API server has refused
//! it; and when the user asks for it. Never by a timer, and after a failure only when the user asks: a plugin may open a
//! tab in a browser. What it prints is secret: it is in no error and no log.

pub(crate) mod cluster_login;
pub mod failure;
pub mod login;
pub mod plugin;
mod printed;
mod program;
#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use futures::FutureExt;
use portolan_wire::client::Environment;

use crate::environment::Variables;
use failure::{Failure, Why};
use login::{Login, Runs};
use plugin::Plugin;

/// The logins of an engine, by their plugins: an entry that was changed is another one.
#[derive(Debug, Default)]
pub struct Logins {
    known: Mutex<HashMap<Plugin, Arc<Login>>>,
    runs: Runs,
    variables: Variables,
}

impl Logins {
    /// None yet; plugins will be run in this environment.
    pub(crate) fn by(variables: Variables) -> Self {
        Logins { variables, ..Logins::default() }
    }

    /// What the environment says about proxies.
    pub(crate) fn proxies(&self) -> Environment {
        self.variables.proxies()
    }

    /// The login of a user entry.
    pub fn of(&self, plugin: Plugin) -> Arc<Login> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || {
            let made_by = made_by(plugin.clone(), self.variables.clone());
            Login::new(&plugin, self.runs.clone(), made_by, Box::new(SystemTime::now))
        };
        known.entry(plugin.clone()).or_insert_with(make).clone()
    }

    /// Stops the plugins that run. None runs after this.
    pub async fn end(&self) {
        self.runs.end().await;
    }
}

/// Runs a plugin and reads what it prints.
fn made_by(plugin: Plugin, variables: Variables) -> login::Make {
    let plugin = Arc::new(plugin);
    Box::new(move || {
        let (plugin, variables) = (plugin.clone(), variables.clone());
        async move {
            let made = match program::run(&plugin, &variables.all()).await {
                Ok(printed) => printed::read(&plugin.version, &printed),
                Err(Why::Missing { searched, hint, .. }) => Err(Why::Missing {
                    searched,
                    whose: variables.origin().filter(|_| !program::is_path(&plugin.command)),
                    hint,
                }),
                Err(why) => Err(why),
            };
            made.map_err(|why| Failure { plugin: plugin.command.clone(), why })
        }
        .boxed()
    })
}
