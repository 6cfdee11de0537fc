//! Everything that can go wrong, with a code to branch on and the words a user reads.
//!
//! An [`Error`] keeps its source and lives inside the engine; a [`Problem`] is what is left of it when it is shown:
//! plain data, without secrets.

use std::{fmt, io, path::PathBuf, sync::Arc};

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{
    credentials::failure::Failure,
    forward::{PortRef, Target},
    kubectl::takeover::Refused,
    local_port::Holder,
};

/// What kind of trouble it is. The UI and the command branch on this, never on text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Code {
    /// No kubeconfig file was found.
    NoKubeconfig,
    /// A kubeconfig file cannot be read or understood.
    BadKubeconfig,
    /// The kubeconfig has no context of that name.
    UnknownContext,
    /// The API server cannot be reached.
    Unreachable,
    /// The API server does not accept the credentials (any more).
    Login,
    /// The API server says that this user may not.
    Forbidden,
    /// The namespace does not exist.
    UnknownNamespace,
    /// The Service, workload or pod does not exist.
    TargetNotFound,
    /// The Service has no selector, so that no pod can be found for it.
    NoSelector,
    /// The Service is only a DNS alias.
    ExternalName,
    /// The Service or pod has no such port.
    PortNotFound,
    /// The port is not TCP, and port-forward carries TCP only.
    NotTcp,
    /// The target exists, but no pod of it is ready.
    NoReadyPod,
    /// The pod of a direct tunnel exists, but none of its containers runs.
    PodNotRunning,
    /// The pod of a direct tunnel is gone.
    PodGone,
    /// Another process, or another session, listens on the local port.
    PortTaken,
    /// The local address or port cannot be listened on for another reason.
    CannotListen,
    /// What was typed as a port is none.
    BadPort,
    /// What was typed as a target is none.
    BadTarget,
    /// Nothing in the pod listens on the port.
    Refused,
    /// The API server answered with an error of its own.
    Server,
    /// What the user keeps cannot be read or written.
    Storage,
    /// There is no profile of that name.
    ProfileNotFound,
    /// What a profile says cannot mean anything, or cannot be taken as it is.
    BadProfile,
    /// A setting cannot be what was asked for.
    BadSetting,
    /// The desktop refused something: the clipboard, the browser.
    Desktop,
    /// The demo cluster could not be started, or this is not the demo cluster.
    Demo,
    /// The user has marked the context as protected.
    Protected,
    /// No comparison is open.
    NoComparison,
    /// What was typed as a path is none.
    BadPath,
    /// A kubectl that runs could not be taken over.
    TakeOver,
}

/// An error as the user meets it: what happened and why, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Problem {
    /// What to branch on.
    pub code: Code,
    /// What happened, and why.
    pub message: String,
    /// What the user can do; empty where nothing needs doing.
    pub next: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if !self.next.is_empty() {
            write!(f, "\n{}", self.next)?;
        }
        Ok(())
    }
}

/// An operation of the engine that failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// See [`Code::NoKubeconfig`].
    #[error("no kubeconfig: looked for {}", list(.looked.iter().map(|p| p.display().to_string())))]
    NoKubeconfig {
        /// The files that were looked for.
        looked: Vec<PathBuf>,
    },
    /// A kubeconfig that is there and cannot be used.
    #[error("cannot use the kubeconfig {}: {reason}", .path.display())]
    BadKubeconfig {
        /// The file, or the first of the files that were merged.
        path: PathBuf,
        /// Why, without the file's contents.
        reason: String,
    },
    /// See [`Code::UnknownContext`].
    #[error("the kubeconfig has no context “{name}”; it has {}", list(.known))]
    UnknownContext {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// The kubeconfig names no current context, and none was asked for.
    #[error("the kubeconfig has no current context; it has {}", list(.known))]
    NoCurrentContext {
        /// What there is.
        known: Vec<String>,
    },
    /// An HTTP request to the API server that failed.
    #[error("{}", crate::api_error::describe(.operation, .server, .source))]
    Api {
        /// What was tried: `list pods in shop`.
        operation: String,
        /// The API server's address.
        server: String,
        /// What kube says of it.
        source: Box<kube::Error>,
    },
    /// One that several were told.
    #[error(transparent)]
    Shared(Arc<Error>),
    /// See [`Code::UnknownNamespace`].
    #[error("there is no namespace “{name}”{}", there_are(.known))]
    UnknownNamespace {
        /// What was asked for.
        name: String,
        /// The namespaces that there are, where they may be listed.
        known: Vec<String>,
    },
    /// See [`Code::TargetNotFound`].
    #[error("{target} does not exist in namespace “{namespace}”{}", there_are(.known))]
    TargetNotFound {
        /// What was asked for.
        target: Target,
        /// Where.
        namespace: String,
        /// Names of the same kind in the same namespace, where they may be listed.
        known: Vec<String>,
    },
    /// See [`Code::NoSelector`].
    #[error("{target} has no selector: it does not say which pods it stands for")]
    NoSelector {
        /// The Service or workload.
        target: Target,
    },
    /// See [`Code::ExternalName`].
    #[error("{target} is an ExternalName Service: a DNS alias for {host}, with no pod behind it")]
    ExternalName {
        /// The Service.
        target: Target,
        /// The name that it stands for.
        host: String,
    },
    /// See [`Code::PortNotFound`].
    #[error("{of} has no port {wanted}{}", it_has(.known))]
    PortNotFound {
        /// `svc/web` or `pod web-7d9`.
        of: String,
        /// What was asked for.
        wanted: PortRef,
        /// The ports that there are, as `http 8080`.
        known: Vec<String>,
    },
    /// See [`Code::NotTcp`].
    #[error("port {wanted} of {of} is {protocol}: Kubernetes' port-forward carries TCP only")]
    NotTcp {
        /// `svc/dns` or `pod dns-0`.
        of: String,
        /// What was asked for.
        wanted: PortRef,
        /// UDP or SCTP.
        protocol: String,
    },
    /// See [`Code::PortTaken`].
    #[error("port {port} on {address} is taken{}", held_by(.holder.as_ref()))]
    PortTaken {
        /// The address that was to be listened on.
        address: std::net::IpAddr,
        /// The port that was asked for.
        port: u16,
        /// Who has it, where the system tells.
        holder: Option<Holder>,
    },
    /// See [`Code::CannotListen`].
    #[error("cannot listen on {address}, port {port}: {source}")]
    CannotListen {
        /// The address that was to be listened on.
        address: std::net::IpAddr,
        /// The port that was asked for; 0 is any.
        port: u16,
        /// What the system says.
        source: io::Error,
    },
    /// See [`Code::BadPort`].
    #[error("“{text}” is not a port: {why}")]
    BadPort {
        /// What was typed.
        text: String,
        /// Why it does not do.
        why: String,
    },
    /// See [`Code::BadTarget`].
    #[error("“{text}” is not a target: {why}")]
    BadTarget {
        /// What was typed.
        text: String,
        /// Why it does not do.
        why: String,
    },
    /// See [`Code::Storage`]. There is no place for what the user keeps.
    #[error("this user has no home folder, so there is no place to keep anything")]
    NoHome,
    /// See [`Code::Storage`].
    #[error("cannot {operation} {}: {source}", .path.display())]
    File {
        /// What was tried: `read`, `write`.
        operation: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// See [`Code::Storage`].
    #[error("{} was written by a newer Portolan (version {version} of the format)", .path.display())]
    NewerFile {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: u64,
    },
    /// See [`Code::ProfileNotFound`].
    #[error("there is no profile “{name}”{}", there_are(.known))]
    ProfileNotFound {
        /// What was asked for.
        name: String,
        /// The names that there are.
        known: Vec<String>,
    },
    /// See [`Code::BadProfile`].
    #[error("profile “{name}”: {why}")]
    BadProfile {
        /// The profile.
        name: String,
        /// What is wrong with it.
        why: String,
    },
    /// See [`Code::BadSetting`].
    #[error("this cannot be a setting: {why}")]
    BadSetting {
        /// What is wrong with it.
        why: String,
    },
    /// See [`Code::BadProfile`].
    #[error("nothing to import: {why}")]
    BadImport {
        /// What is wrong with it.
        why: String,
    },
    /// See [`Code::Protected`].
    #[error("{context} is marked protected: nothing is deleted there")]
    Protected {
        /// The context.
        context: String,
    },
    /// See [`Code::NoComparison`].
    #[error("no comparison is open")]
    NoComparison,
    /// See [`Code::PodGone`]: one that was to be deleted.
    #[error("{pod} is not there any more, or is none of this comparison's pods")]
    NotCompared {
        /// Its name, or its UID where that is all that is known.
        pod: String,
    },
    /// See [`Code::Demo`].
    #[error("only a Deployment of the demo cluster is rolled from here")]
    NotDemo,
    /// See [`Code::BadPath`].
    #[error("“{path}” is not a path")]
    BadPath {
        /// What was typed.
        path: String,
    },
    /// See [`Code::TakeOver`].
    #[error(transparent)]
    TakeOver(#[from] Refused),
    /// No port was asked for.
    #[error("no port was given")]
    NoPort,
    /// One local port was asked for twice.
    #[error("local port {port} is asked for twice: by {first} and by {second}")]
    DuplicatePort {
        /// The local port.
        port: u16,
        /// The first remote port that wants it.
        first: PortRef,
        /// The second.
        second: PortRef,
    },
}

impl Error {
    /// What to branch on.
    pub fn code(&self) -> Code {
        match self {
            Error::NoKubeconfig { .. } => Code::NoKubeconfig,
            Error::BadKubeconfig { .. } => Code::BadKubeconfig,
            Error::UnknownContext { .. } | Error::NoCurrentContext { .. } => Code::UnknownContext,
            Error::Api { source, .. } => crate::api_error::code(source),
            Error::Shared(error) => error.code(),
            Error::UnknownNamespace { .. } => Code::UnknownNamespace,
            Error::TargetNotFound { .. } => Code::TargetNotFound,
            Error::NoSelector { .. } => Code::NoSelector,
            Error::ExternalName { .. } => Code::ExternalName,
            Error::PortNotFound { .. } => Code::PortNotFound,
            Error::NotTcp { .. } => Code::NotTcp,
            Error::PortTaken { .. } => Code::PortTaken,
            Error::CannotListen { .. } => Code::CannotListen,
            Error::BadPort { .. } | Error::NoPort | Error::DuplicatePort { .. } => Code::BadPort,
            Error::BadTarget { .. } => Code::BadTarget,
            Error::NoHome | Error::File { .. } | Error::NewerFile { .. } => Code::Storage,
            Error::ProfileNotFound { .. } => Code::ProfileNotFound,
            Error::BadProfile { .. } | Error::BadImport { .. } => Code::BadProfile,
            Error::BadSetting { .. } => Code::BadSetting,
            Error::Protected { .. } => Code::Protected,
            Error::NoComparison => Code::NoComparison,
            Error::NotCompared { .. } => Code::PodGone,
            Error::NotDemo => Code::Demo,
            Error::BadPath { .. } => Code::BadPath,
            Error::TakeOver(_) => Code::TakeOver,
        }
    }

    /// The HTTP status, where the API server has answered with an error.
    pub(crate) fn status(&self) -> Option<u16> {
        match self {
            Error::Api { source, .. } => match &**source {
                kube::Error::Api(status) => Some(status.code),
                _ => None,
            },
            Error::Shared(error) => error.status(),
            _ => None,
        }
    }

    /// What is wrong with the exec plugin, if that is why.
    pub(crate) fn plugin(&self) -> Option<&Failure> {
        match self {
            Error::Api { source, .. } => crate::api_error::plugin(source),
            Error::Shared(error) => error.plugin(),
            _ => None,
        }
    }

    /// What the user can do about it.
    fn next(&self) -> String {
        match self {
            Error::NoKubeconfig { .. } => {
                "Copy your cluster's kubeconfig to one of these, or name it: KUBECONFIG=FILE or --kubeconfig FILE.".into()
            }
            Error::BadKubeconfig { .. } => "Mend the file, or name another one: KUBECONFIG=FILE or --kubeconfig FILE.".into(),
            Error::UnknownContext { .. } | Error::NoCurrentContext { .. } => "Choose one of these with --context.".into(),
            Error::Api { source, .. } => crate::api_error::next(source),
            Error::Shared(error) => error.next(),
            Error::UnknownNamespace { .. } => "Choose a namespace that exists.".into(),
            Error::TargetNotFound { known, .. } if known.is_empty() => {
                "Check the name and the namespace.".into()
            }
            Error::TargetNotFound { .. } => "Choose one of these.".into(),
            Error::NoSelector { .. } => "Forward to the workload or to a pod instead: deploy/NAME or pod/NAME.".into(),
            Error::ExternalName { host, .. } => format!("Connect to {host} directly: there is nothing here to forward to."),
            Error::PortNotFound { .. } => "Choose one of these ports.".into(),
            Error::NotTcp { .. } => "Choose a TCP port.".into(),
            Error::PortTaken { holder, .. } => match holder {
                Some(Holder::OurSession) => "Choose another local port, or stop that session.".into(),
                Some(holder) => format!("Choose another local port, or end {holder}."),
                None => "Choose another local port.".into(),
            },
            Error::CannotListen { source, .. } => match source.kind() {
                io::ErrorKind::PermissionDenied => "Ports below 1024 belong to the system here: choose a higher one.".into(),
                io::ErrorKind::AddrNotAvailable => "This machine has no such address: choose one that it has.".into(),
                _ => "Choose another local address or port.".into(),
            },
            Error::BadPort { .. } | Error::NoPort => "Write [LOCAL:]REMOTE, each from 1 to 65535, REMOTE also as a port's name: 8080, 8080:80, :80, 8080:http.".into(),
            Error::DuplicatePort { .. } => "Give each its own local port: 8080:80 8081:81.".into(),
            Error::Protected { .. } => "Try it on the demo cluster, or take the mark away if it is safe there.".into(),
            Error::NoComparison => "Open one from a Service's row.".into(),
            Error::NotCompared { .. } => "Choose one that is there now.".into(),
            Error::NotDemo => "Roll it with kubectl: kubectl rollout restart deploy/NAME.".into(),
            Error::BadPath { .. } => "Write one that begins with a slash: /healthz.".into(),
            Error::TakeOver(refused) => refused.next(),
            Error::BadTarget { .. } => {
                "Write svc/NAME, deploy/NAME, sts/NAME, ds/NAME, rs/NAME, rc/NAME, job/NAME, pod/NAME or a pod's NAME.".into()
            }
            Error::NoHome => format!("Set HOME, or name a folder: {}=FOLDER.", crate::storage::FOLDER_VARIABLE),
            Error::File { source, .. } => match source.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "Make room on that disk. Nothing was changed.".into(),
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                    format!("Make the folder writable, or name another one: {}=FOLDER. Nothing was changed.", crate::storage::FOLDER_VARIABLE)
                }
                _ => "Nothing was changed. Look at the file and its folder.".into(),
            },
            Error::NewerFile { .. } => "Update Portolan, or use the file's earlier version, which lies beside it.".into(),
            Error::ProfileNotFound { .. } => "Choose one of these, or see them: portolan profiles list.".into(),
            Error::BadSetting { .. } => "Choose another value.".into(),
            Error::BadProfile { .. } => "Change the profile, or remove it.".into(),
            Error::BadImport { .. } => {
                "Give it profiles that Portolan exported, kubectl port-forward lines, or kftray's JSON.".into()
            }
        }
    }

    /// The error as plain data, for whoever shows it.
    pub fn problem(&self) -> Problem {
        Problem { code: self.code(), message: sentence(&self.to_string()), next: self.next() }
    }
}

/// The text as a sentence: its first letter in upper case, where that is a plain word and not a name such as `svc/web`,
/// and a full stop.
fn sentence(text: &str) -> String {
    let stop = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{}{stop}", capitalised(text))
}

fn capitalised(text: &str) -> String {
    let first_word = text.split(' ').next().unwrap_or_default();
    let mut chars = text.chars();
    match chars.next() {
        Some(first) if first_word.chars().all(char::is_alphabetic) => first.to_uppercase().chain(chars).collect(),
        _ => text.to_owned(),
    }
}

/// `a, b and c`; at most ten of them, since a namespace can hold thousands.
pub(crate) fn list<T: AsRef<str>>(items: impl IntoIterator<Item = T>) -> String {
    const SHOWN: usize = 10;
    let mut items: Vec<String> = items.into_iter().map(|i| i.as_ref().to_owned()).collect();
    if items.len() > SHOWN {
        let more = items.len() - SHOWN;
        items.truncate(SHOWN);
        items.push(format!("{more} more"));
    }
    match items.pop() {
        None => "none".into(),
        Some(last) if items.is_empty() => last,
        Some(last) => format!("{} and {last}", items.join(", ")),
    }
}

fn there_are(known: &[String]) -> String {
    match known {
        [] => String::new(),
        [one] => format!("; there is only {one}"),
        many => format!("; there are {}", list(many)),
    }
}

fn it_has(known: &[String]) -> String {
    match known {
        [] => String::new(),
        [one] => format!("; it has only {one}"),
        many => format!("; it has {}", list(many)),
    }
}

fn held_by(holder: Option<&Holder>) -> String {
    holder.map(|h| format!(": {h} listens there")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_read_as_prose_and_stay_short() {
        assert_eq!(list(["a"]), "a");
        assert_eq!(list(["a", "b", "c"]), "a, b and c");
        assert_eq!(list(Vec::<String>::new()), "none");
        let many: Vec<String> = (0..25).map(|n| n.to_string()).collect();
        assert!(list(many).ends_with("9 and 15 more"));
    }

    #[test]
    fn a_message_is_a_sentence_but_a_name_is_left_alone() {
        assert_eq!(sentence("there is no namespace"), "There is no namespace.");
        assert_eq!(sentence("svc/web has no port 81"), "svc/web has no port 81.");
        assert_eq!(sentence("it ended."), "It ended.");
    }
}
