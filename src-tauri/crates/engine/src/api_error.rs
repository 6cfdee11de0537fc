//! What kube's errors mean, in codes and in words.

use std::error::Error as _;

use kube::client::AuthError;
use portolan_wire::client::NoCredentials;

use crate::{credentials::failure::Failure, error::Code};

/// What to branch on.
pub(crate) fn code(error: &kube::Error) -> Code {
    match error {
        kube::Error::Api(status) => match status.code {
            401 => Code::Login,
            403 => Code::Forbidden,
            _ => Code::Server,
        },
        other if auth(other).is_some() || no_credentials(other).is_some() => Code::Login,
        kube::Error::SerdeError(_) | kube::Error::BuildRequest(_) | kube::Error::HttpError(_) => Code::Server,
        _ => Code::Unreachable,
    }
}

/// What happened, and why.
pub(crate) fn describe(operation: &str, server: &str, error: &kube::Error) -> String {
    match code(error) {
        Code::Forbidden => format!("you may not {operation}: {}", why(error)),
        Code::Login if no_credentials(error).is_some() => format!("could not {operation}: {}", why(error)),
        Code::Login => format!("could not {operation}: {server} does not accept the credentials ({})", why(error)),
        Code::Unreachable => format!("could not {operation}: the API server {server} does not answer ({})", why(error)),
        _ => format!("could not {operation}: the API server {server} says: {}", why(error)),
    }
}

/// What to do about credentials that the API server refuses.
pub(crate) const SIGN_IN: &str = "Sign in again; `kubectl get pods` shows whether it worked.";

/// What the user can do.
pub(crate) fn next(error: &kube::Error) -> String {
    if let Some(failure) = plugin(error) {
        return failure.next();
    }
    match code(error) {
        Code::Forbidden => "Ask whoever runs the cluster for a Role that allows it.",
        Code::Login => SIGN_IN,
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

/// Why a request was not sent for want of credentials.
fn no_credentials(error: &kube::Error) -> Option<&NoCredentials> {
    match error {
        kube::Error::Service(error) => error.downcast_ref(),
        _ => None,
    }
}

/// What is wrong with the exec plugin, if that is why.
pub(crate) fn plugin(error: &kube::Error) -> Option<&Failure> {
    no_credentials(error)?.0.downcast_ref()
}

/// The innermost cause, which is where the operating system or the server speaks: `Connection refused (os error 111)`.
pub(crate) fn why(error: &kube::Error) -> String {
    if let kube::Error::Api(status) = error {
        return if status.message.is_empty() { format!("status {}", status.code) } else { status.message.clone() };
    }
    if let Some(error) = auth(error) {
        return error.to_string();
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
    use crate::credentials::failure::Why;
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

    #[test]
    fn a_plugin_that_gives_no_credentials_is_told_in_its_own_words() {
        let failure = Failure {
            plugin: "aws".into(),
            why: Why::Missing { searched: "/bin:/sbin".into(), whose: None, hint: Some("brew install awscli".into()) },
        };
        let error = kube::Error::Service(Box::new(NoCredentials(failure.into())));
        assert_eq!(code(&error), Code::Login);
        let text = describe("list pods", "https://x", &error);
        assert_eq!(text, "could not list pods: the plugin aws is not installed: looked for it in /bin:/sbin");
        assert_eq!(next(&error), "brew install awscli");
    }

    #[test]
    fn credentials_that_kube_cannot_use_are_a_login_too() {
        let error = kube::Error::Auth(AuthError::AuthExec("no id-token".into()));
        assert_eq!(code(&error), Code::Login);
        assert!(describe("list pods", "https://x", &error).contains("no id-token"));
    }

    #[test]
    fn an_unreachable_server_is_told_by_its_innermost_cause() {
        let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        let error = kube::Error::Service(Box::new(refused));
        assert_eq!(code(&error), Code::Unreachable);
        assert!(describe("list pods", "https://x", &error).contains("https://x does not answer (connection refused)"));
    }
}
