//! What a kubeconfig says of a user's exec plugin.

#[cfg(test)]
mod tests;

use std::fmt;

use kube::config::{AuthInfo, ExecInteractiveMode};
use serde_json::{Value, json};

use super::failure::Why;

/// The versions of ExecCredential that can be used. (v1alpha1 is gone from kubectl, too.)
const VERSIONS: [&str; 2] = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"];

/// Words in the name of an option whose value is not shown.
const SECRET: [&str; 5] = ["secret", "token", "password", "passwd", "key"];

/// A user entry's exec plugin, and all that what it prints depends on. Two that are equal are one login.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Plugin {
    /// The source of the context, as in [`crate::context::ContextId`]: the same name elsewhere is somebody else.
    source: String,
    /// The name of the user entry.
    user: String,
    /// The `apiVersion` that it is to print.
    pub(super) version: String,
    /// A name to be looked for in PATH, or a path, which is absolute where the kubeconfig's is.
    pub(super) command: String,
    pub(super) args: Vec<String>,
    /// What is added to the environment.
    pub(super) env: Vec<(String, String)>,
    pub(super) install_hint: Option<String>,
    /// `interactiveMode: Always`.
    terminal: bool,
    /// The cluster as the plugin is told of it, in JSON, where it is to be.
    cluster: Option<String>,
}

impl Plugin {
    /// The plugin of a user entry; `None` if it has none, or something that goes before it. The cluster that it may be told
    /// of is in `auth` already, by kube.
    pub fn of(source: &str, user: &str, auth: &AuthInfo) -> Option<Self> {
        let exec = auth.exec.as_ref()?;
        let basic = auth.username.is_some() && auth.password.is_some();
        if basic || auth.token.is_some() || auth.token_file.is_some() || auth.auth_provider.is_some() {
            return None;
        }
        let env = exec.env.iter().flatten();
        let env = env.filter_map(|pair| Some((pair.get("name")?.clone(), pair.get("value")?.clone())));
        let cluster = exec.cluster.as_ref().filter(|_| exec.provide_cluster_info);
        Some(Plugin {
            source: source.to_owned(),
            user: user.to_owned(),
            version: exec.api_version.clone().unwrap_or_default(),
            command: exec.command.clone().unwrap_or_default(),
            args: exec.args.clone().unwrap_or_default(),
            env: env.collect(),
            install_hint: exec.install_hint.clone().filter(|hint| !hint.trim().is_empty()),
            terminal: exec.interactive_mode == Some(ExecInteractiveMode::Always),
            // Of text and JSON only: it can always be written.
            cluster: cluster.and_then(|cluster| serde_json::to_string(cluster).ok()),
        })
    }

    /// Whether it can be run at all.
    pub(super) fn check(&self) -> Result<(), Why> {
        if self.command.is_empty() {
            return Err(Why::NoCommand);
        }
        if !VERSIONS.contains(&self.version.as_str()) {
            return Err(Why::Version(self.version.clone()));
        }
        if self.terminal {
            return Err(Why::Terminal { line: shown(&self.command, &self.args) });
        }
        Ok(())
    }

    /// What it is told in `KUBERNETES_EXEC_INFO`. There is never a terminal.
    pub(super) fn exec_info(&self) -> String {
        let mut spec = json!({ "interactive": false });
        if let Some(cluster) = self.cluster.as_deref().and_then(|text| serde_json::from_str::<Value>(text).ok()) {
            spec["cluster"] = cluster;
        }
        json!({ "apiVersion": self.version, "kind": "ExecCredential", "spec": spec }).to_string()
    }
}

impl fmt::Debug for Plugin {
    /// Neither arguments nor environment: they may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plugin").field("user", &self.user).field("command", &self.command).finish_non_exhaustive()
    }
}

/// The line to type in a terminal. Arguments that look secret are left out: `--client-secret=…`.
fn shown(command: &str, args: &[String]) -> String {
    let mut line = command.to_owned();
    let mut secret_next = false;
    for arg in args {
        let (name, value) = arg.split_once('=').map_or((arg.as_str(), None), |(name, value)| (name, Some(value)));
        let secret = (name.starts_with('-') || value.is_some())
            && SECRET.iter().any(|word| name.to_ascii_lowercase().contains(word));
        let part = match (std::mem::replace(&mut secret_next, secret && value.is_none()), secret, value) {
            (true, false, _) => "…".into(),
            (_, true, Some(_)) => format!("{name}=…"),
            _ if arg.contains(char::is_whitespace) => format!("'{arg}'"),
            _ => arg.clone(),
        };
        line = format!("{line} {part}");
    }
    line
}
