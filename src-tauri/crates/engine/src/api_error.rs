//! What kube's errors mean, in codes and in words.

use std::error::Error as _;

use kube::client::AuthError;

use crate::error::Code;

/// What to branch on.
pub(crate) fn code(error: &kube::Error) -> Code {
    match error {
        kube::Error::Api(status) => match status.code {
            401 => Code::Login,
            403 => Code::Forbidden,
            _ => Code::Server,
        },
        other if auth(other).is_some() => Code::Login,
        kube::Error::SerdeError(_) | kube::Error::BuildRequest(_) | kube::Error::HttpError(_) => Code::Server,
        _ => Code::Unreachable,
    }
}

/// What happened, and why.
pub(crate) fn describe(operation: &str, server: &str, error: &kube::Error) -> String {
    match code(error) {
        Code::Forbidden => format!("you may not {operation}: {}", why(error)),
        Code::Login => format!("could not {operation}: {server} does not accept the credentials ({})", why(error)),
        Code::Unreachable => format!("could not {operation}: the API server {server} does not answer ({})", why(error)),
        _ => format!("could not {operation}: the API server {server} says: {}", why(error)),
    }
}

/// What the user can do.
pub(crate) fn next(error: &kube::Error) -> String {
    match code(error) {
        Code::Forbidden => "Ask whoever runs the cluster for a Role that allows it.",
        Code::Login => "Sign in again; `kubectl get pods` shows whether it worked.",
        Code::Unreachable => "Check the network, the VPN and the server's address in the kubeconfig.",
        _ => "",
    }
    .into()
}

/// What is wrong with the credentials, if that is what is wrong: found out when the client is built, or when it signs a
/// request.
fn auth(error: &kube::Error) -> Option<&AuthError> {
    match error {
        kube::Error::Auth(error) => Some(error),
        kube::Error::Service(error) => error.downcast_ref(),
        _ => None,
    }
}

/// In words, without what an exec plugin has printed: its standard output holds the token.
fn why_no_credentials(error: &AuthError) -> String {
    match error {
        AuthError::AuthExecRun { cmd, out } => {
            let said = String::from_utf8_lossy(&out.stderr);
            let said = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it said nothing about why");
            format!("the plugin {cmd} ended with {}: {said}", out.status)
        }
        AuthError::AuthExecParse(_) => "what the plugin printed is no ExecCredential".into(),
        other => other.to_string(),
    }
}

/// The innermost cause, which is where the operating system or the server speaks: `Connection refused (os error 111)`.
fn why(error: &kube::Error) -> String {
    if let kube::Error::Api(status) = error {
        return if status.message.is_empty() { format!("status {}", status.code) } else { status.message.clone() };
    }
    if let Some(error) = auth(error) {
        return why_no_credentials(error);
    }
    let mut innermost = error.source();
    while let Some(next) = innermost.and_then(std::error::Error::source) {
        innermost = Some(next);
    }
    innermost.map_or_else(|| error.to_string(), ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kube::core::Status;

    fn api(code: u16, message: &str) -> kube::Error {
        kube::Error::Api(Status { code, message: message.into(), ..Status::default() }.boxed())
    }

    #[test]
    fn statuses_have_codes_and_words() {
        assert_eq!(code(&api(401, "")), Code::Login);
        assert_eq!(code(&api(403, "")), Code::Forbidden);
        assert_eq!(code(&api(500, "")), Code::Server);
        let text = describe("list pods in shop", "https://x", &api(403, "pods is forbidden"));
        assert_eq!(text, "you may not list pods in shop: pods is forbidden");
        assert!(describe("list pods", "https://x", &api(503, "")).contains("status 503"));
    }

    #[cfg(unix)]
    #[test]
    fn what_a_plugin_printed_is_not_told() {
        use std::{os::unix::process::ExitStatusExt, process};

        let output = || process::Output {
            status: process::ExitStatus::from_raw(1 << 8),
            stdout: b"{\"token\": \"s3cr3t\"}".to_vec(),
            stderr: b"warming up\nthe session has expired\n".to_vec(),
        };
        let failed = || AuthError::AuthExecRun { cmd: "aws".into(), out: Box::new(output()) };
        for error in [kube::Error::Auth(failed()), kube::Error::Service(Box::new(failed()))] {
            assert_eq!(code(&error), Code::Login);
            let text = describe("sign in", "https://x", &error);
            assert!(text.contains("the plugin aws ended with exit status: 1: the session has expired"), "{text}");
            assert!(!text.contains("s3cr3t"), "{text}");
        }
    }

    #[test]
    fn an_unreachable_server_is_told_by_its_innermost_cause() {
        let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        let error = kube::Error::Service(Box::new(refused));
        assert_eq!(code(&error), Code::Unreachable);
        assert!(describe("list pods", "https://x", &error).contains("https://x does not answer (connection refused)"));
    }
}
