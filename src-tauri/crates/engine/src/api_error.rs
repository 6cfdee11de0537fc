//! What kube's errors mean, in codes and in words.

use std::error::Error as _;

use crate::error::Code;

/// What to branch on.
pub(crate) fn code(error: &kube::Error) -> Code {
    match error {
        kube::Error::Api(status) => match status.code {
            401 => Code::Login,
            403 => Code::Forbidden,
            _ => Code::Server,
        },
        kube::Error::Auth(_) => Code::Login,
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

/// The innermost cause, which is where the operating system or the server speaks: `Connection refused (os error 111)`.
fn why(error: &kube::Error) -> String {
    if let kube::Error::Api(status) = error {
        return if status.message.is_empty() { format!("status {}", status.code) } else { status.message.clone() };
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

    #[test]
    fn an_unreachable_server_is_told_by_its_innermost_cause() {
        let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        let error = kube::Error::Service(Box::new(refused));
        assert_eq!(code(&error), Code::Unreachable);
        assert!(describe("list pods", "https://x", &error).contains("https://x does not answer (connection refused)"));
    }
}
