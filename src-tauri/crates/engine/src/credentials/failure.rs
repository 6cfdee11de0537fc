//! Why a plugin gave no credential, in words: what happened, why, and what to do. Nothing that it printed is in them, but
//! the last line of its error output, which is meant to be read.

use portolan_wire::client::Unusable;

use crate::error::{Code, Problem};

/// A plugin that gave no credential. It is remembered, and told to everybody who needs the credential.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the plugin {plugin} {why}")]
pub struct Failure {
    /// Its command, as the kubeconfig has it.
    pub plugin: String,
    /// What is wrong with it.
    pub why: Why,
}

/// What is wrong with a plugin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// The kubeconfig names no program.
    #[error("has no command in the kubeconfig")]
    NoCommand,
    /// The kubeconfig asks for a version that is not supported.
    #[error("is asked for {0:?} by the kubeconfig: client.authentication.k8s.io/v1 and v1beta1 can be used")]
    Version(String),
    /// `interactiveMode: Always`.
    #[error("asks its questions in a terminal, and there is none here (interactiveMode is Always)")]
    Terminal {
        /// The command with its arguments, without those that look secret.
        line: String,
    },
    /// There is no such program.
    #[error("is not installed: looked for it in {searched}{}", whose.as_ref().map(|whose| format!(" ({whose})")).unwrap_or_default())]
    Missing {
        /// The PATH, or the one file that it was to be.
        searched: String,
        /// Whose PATH that is, where that is not plain: the login shell's, or the desktop's and why.
        whose: Option<String>,
        /// What the kubeconfig says about installing it.
        hint: Option<String>,
    },
    /// The system does not run it.
    #[error("cannot be run: {0}")]
    NotRun(String),
    /// It has not ended in time.
    #[error("did not end within {seconds} s, and was stopped{}", after(.said.as_ref()))]
    Slow {
        /// The time that it had.
        seconds: u64,
        /// The last line of its error output.
        said: Option<String>,
    },
    /// It ended with an error.
    #[error("ended with {status}{}", after(.said.as_ref()))]
    Ended {
        /// `exit status: 1`.
        status: String,
        /// The last line of its error output.
        said: Option<String>,
    },
    /// It does not stop to print.
    #[error("printed more than any credential has")]
    TooMuch,
    /// It printed something else.
    #[error("printed no ExecCredential")]
    NoExecCredential,
    /// It printed an ExecCredential of another version.
    #[error("printed an ExecCredential of another version than {0}, which the kubeconfig asks for")]
    OtherVersion(String),
    /// It printed an ExecCredential without a status.
    #[error("printed an ExecCredential without a status")]
    NoStatus,
    /// It printed an empty status.
    #[error("printed neither a token nor a client certificate")]
    Nothing,
    /// It printed half of what a client certificate is.
    #[error("printed a client certificate without its key, or a key without its certificate")]
    Half,
    /// It printed an expiry that cannot be read.
    #[error("printed an expiry that is no time")]
    Expiry,
    /// It printed a credential that cannot be used.
    #[error("printed a credential that cannot be used: {0}")]
    Unusable(Unusable),
    /// It printed a credential that the API server does not accept.
    #[error("printed credentials that {server} does not accept")]
    Refused {
        /// The API server's URL.
        server: String,
    },
    /// It has not ended yet; it may wait for the user.
    #[error("has not signed in yet")]
    Running,
    /// Portolan ends.
    #[error("was stopped")]
    Stopped,
}

impl Failure {
    /// As the user meets it.
    pub fn problem(&self) -> Problem {
        Problem { code: Code::Login, message: self.to_string(), next: self.next() }
    }

    /// What the user can do about it.
    pub(crate) fn next(&self) -> String {
        match &self.why {
            Why::NoCommand => "Mend the user's exec entry in the kubeconfig.".into(),
            Why::Version(_) | Why::OtherVersion(_) => {
                "Set apiVersion in the user's exec entry to the version that the plugin prints.".into()
            }
            Why::Terminal { line } => format!(
                "Run `{line}` in a terminal. If the plugin can do without one, set its interactiveMode to IfAvailable."
            ),
            Why::Missing { hint: Some(hint), .. } => hint.clone(),
            Why::Missing { hint: None, .. } => "Install it, or add its folder to PATH.".into(),
            Why::Running => "If it has opened a page in the browser, go on there.".into(),
            Why::Stopped => String::new(),
            Why::Refused { .. } => {
                "Sign in again, perhaps as somebody else; `kubectl get pods` shows whether it works.".into()
            }
            _ => "Sign in again; `kubectl get pods` shows whether it works.".into(),
        }
    }
}

fn after(said: Option<&String>) -> String {
    said.map(|said| format!(": {said}")).unwrap_or_default()
}
