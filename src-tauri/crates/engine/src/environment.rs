//! The environment that exec plugins, kubeconfig and proxies go by.
//!
//! What is started from a terminal has the user's own. A desktop app has the desktop's, which lacks what the user's shell
//! sets: the PATH with the plugins, KUBECONFIG, HTTPS_PROXY, AWS_PROFILE. So the login shell is asked for all of it,
//! once, and whoever needs the environment meanwhile waits for the answer, `login_shell::LIMIT` at most.
//!
//! - `Variables` are what all who need the environment share; `adopted` is pure.
//! - `login_shell` runs the shell and reads what it tells.
//!
//! Of its values only the PATH is ever shown, and no other is logged: there are secrets among them.

mod login_shell;
#[cfg(test)]
mod tests;

use std::{
    env,
    ffi::{OsStr, OsString},
    path::Path,
    sync::Arc,
};

use portolan_wire::client::Environment;
use serde::{Deserialize, Serialize};
use tokio::{sync::watch, time::Instant};
use ts_rs::TS;

/// Names and values.
pub(crate) type Pairs = Vec<(OsString, OsString)>;

/// What a shell keeps for itself: where it is, and how deep.
const ITS_OWN: [&str; 4] = ["_", "OLDPWD", "PWD", "SHLVL"];

/// Portolan's own variables are for the process that was started with them.
const OURS: &str = "PORTOLAN_";

/// Where the environment comes from, as the window shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "state", rename_all = "snake_case")]
#[ts(export)]
pub enum LoginShell {
    /// It was not asked: Portolan has its environment from the terminal that it was started in.
    NotAsked {
        /// The PATH that is searched for plugins.
        path: String,
    },
    /// Its answer is awaited.
    Asked {
        /// The shell's path.
        shell: String,
    },
    /// It has told.
    Told {
        /// The shell's path.
        shell: String,
        /// The PATH that is searched for plugins.
        path: String,
        /// How long it took, in milliseconds.
        #[ts(type = "number")]
        took_ms: u64,
    },
    /// It has not, and the desktop's environment is used.
    Silent {
        /// The shell's path.
        shell: String,
        /// Why not.
        why: String,
        /// The PATH that is searched for plugins.
        path: String,
    },
}

/// The environment, as it is known. Its clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct Variables(Arc<watch::Sender<State>>);

struct State {
    pairs: Arc<Pairs>,
    login_shell: LoginShell,
}

impl std::fmt::Debug for State {
    /// Without values.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").field("login_shell", &self.login_shell).finish_non_exhaustive()
    }
}

impl Default for Variables {
    /// Those of the process.
    fn default() -> Self {
        Variables::of(env::vars_os().collect())
    }
}

impl Variables {
    fn of(pairs: Pairs) -> Self {
        let login_shell = LoginShell::NotAsked { path: path_of(&pairs) };
        Variables(Arc::new(watch::Sender::new(State { pairs: Arc::new(pairs), login_shell })))
    }

    /// One of them.
    pub(crate) fn get(&self, name: &str) -> Option<OsString> {
        value(&self.0.borrow().pairs, name)
    }

    /// All of them.
    pub(crate) fn all(&self) -> Arc<Pairs> {
        self.0.borrow().pairs.clone()
    }

    /// What they say about proxies.
    pub(crate) fn proxies(&self) -> Environment {
        Environment::of(|name| self.get(name)?.into_string().ok())
    }

    /// Where they come from.
    pub(crate) fn login_shell(&self) -> LoginShell {
        self.0.borrow().login_shell.clone()
    }

    /// Whose PATH it is, to be said where something is not in it; `None` where that is plain.
    pub(crate) fn origin(&self) -> Option<String> {
        match self.login_shell() {
            LoginShell::NotAsked { .. } | LoginShell::Asked { .. } => None,
            LoginShell::Told { shell, .. } => Some(format!("the PATH of your login shell, {shell}")),
            LoginShell::Silent { shell, why, .. } => {
                Some(format!("the desktop's PATH, since your login shell did not tell its own: {shell} {why}"))
            }
        }
    }

    /// Waits for the login shell, where it is being asked.
    pub(crate) async fn settled(&self) {
        let mut states = self.0.subscribe();
        // The sender is `self`'s: waiting for its values cannot fail.
        let _ = states.wait_for(|state| !matches!(state.login_shell, LoginShell::Asked { .. })).await;
    }

    /// Asks the user's login shell. From this call on, and not only once the future is polled, others wait for it.
    pub(crate) fn ask_login_shell(&self) -> impl Future<Output = ()> + use<> {
        let shell = value(&self.all(), "SHELL").filter(|shell| Path::new(shell).is_absolute());
        self.ask(shell.unwrap_or_else(|| "/bin/sh".into()))
    }

    fn ask(&self, shell: OsString) -> impl Future<Output = ()> + use<> {
        let shown = shell.to_string_lossy().into_owned();
        self.0.send_modify(|state| state.login_shell = LoginShell::Asked { shell: shown.clone() });
        let states = self.0.clone();
        async move {
            let own = states.borrow().pairs.clone();
            let begun = Instant::now();
            let told = login_shell::ask(&shell, &own).await;
            let took_ms = begun.elapsed().as_millis().try_into().unwrap_or(u64::MAX);
            states.send_modify(|state| match told {
                Ok(told) => {
                    let pairs = adopted(&own, told);
                    let path = path_of(&pairs);
                    tracing::info!(shell = shown, took_ms, "the environment is the login shell's");
                    *state =
                        State { pairs: Arc::new(pairs), login_shell: LoginShell::Told { shell: shown, path, took_ms } };
                }
                Err(why) => {
                    let why = why.to_string();
                    tracing::warn!(shell = shown, why, "the login shell told no environment");
                    state.login_shell = LoginShell::Silent { shell: shown, why, path: path_of(&own) };
                }
            });
        }
    }
}

/// The environment that a shell has told, without what is its own, and with what is ours. What it has unset is unset: it
/// was handed all that we have.
fn adopted(own: &Pairs, told: Pairs) -> Pairs {
    let stays = |name: &OsStr| ITS_OWN.iter().any(|one| name == *one) || name.to_string_lossy().starts_with(OURS);
    let kept = own.iter().filter(|(name, _)| stays(name)).cloned();
    told.into_iter().filter(|(name, _)| !stays(name)).chain(kept).collect()
}

fn value(pairs: &Pairs, name: &str) -> Option<OsString> {
    pairs.iter().find(|(one, _)| one == name).map(|(_, value)| value.clone())
}

fn path_of(pairs: &Pairs) -> String {
    value(pairs, "PATH").unwrap_or_default().to_string_lossy().into_owned()
}
