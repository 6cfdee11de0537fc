//! What runtimes and API servers say when a connection fails, and what that proves.
//!
//! The texts come from containerd (`failed to connect to localhost:81 inside namespace`), CRI-O and the kubelet; they
//! are not an API, so each is matched by the least that identifies it.

use std::fmt;

/// What is kept of what is said about a failed connection, in bytes; the rest is dropped. Runtimes write a line or two.
pub(crate) const LONGEST_TEXT: usize = 8 * 1024;

/// A connection into a pod that failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}: {text}")]
pub struct Failure {
    /// What it means.
    pub kind: Kind,
    /// What was said, by whoever said it.
    pub text: String,
}

/// What a failure means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Nothing listens on the port in the pod. The pod got none of the client's bytes.
    Refused,
    /// The pod is gone, or its network is. It got none of the client's bytes.
    PodGone,
    /// The runtime could not dial the pod for another reason. The pod got none of the client's bytes.
    NotDialled,
    /// The API server refused the credentials.
    Login,
    /// This user may not forward ports to this pod.
    Forbidden,
    /// The API server, or the kubelet behind it, could not be reached. Nothing was sent.
    Unreachable,
    /// The connection was there and broke. What was sent may have arrived.
    Broken,
}

impl Kind {
    /// Whether it proves that the pod received nothing of what the client sent, so that another pod may be tried.
    pub fn proves_nothing_sent(self) -> bool {
        self != Kind::Broken
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Refused => "connection refused in the pod",
            Kind::PodGone => "the pod is gone",
            Kind::NotDialled => "the pod could not be dialled",
            Kind::Login => "not logged in",
            Kind::Forbidden => "forbidden",
            Kind::Unreachable => "not reachable",
            Kind::Broken => "connection broken",
        })
    }
}

/// The texts, most telling first.
const TEXTS: &[(&str, Kind)] = &[
    // The pod's sandbox is gone: containerd, dockershim, CRI-O.
    ("failed to find sandbox", Kind::PodGone),
    ("network namespace for sandbox", Kind::PodGone),
    ("is not running", Kind::PodGone),
    ("could not find sandbox", Kind::PodGone),
    ("pod not found", Kind::PodGone),
    ("pod does not exist", Kind::PodGone),
    ("failed to open netns", Kind::PodGone),
    // The dial itself was refused.
    ("connection refused", Kind::Refused),
    // The dial failed for another reason: containerd names the place, socat its own exit.
    ("failed to connect to localhost", Kind::NotDialled),
    ("failed to dial", Kind::NotDialled),
    ("unable to do port forwarding", Kind::NotDialled),
];

impl Failure {
    /// What a text on a connection's error stream means.
    pub fn from_error_stream(text: &str) -> Failure {
        let lower = text.to_lowercase();
        let kind = TEXTS.iter().find(|(part, _)| lower.contains(part)).map_or(Kind::Broken, |(_, kind)| *kind);
        Failure { kind, text: text.trim().to_owned() }
    }

    /// What an HTTP status in place of an upgrade means.
    pub fn from_status(status: u16, text: impl Into<String>) -> Failure {
        let kind = match status {
            401 => Kind::Login,
            403 => Kind::Forbidden,
            404 => Kind::PodGone,
            // The API server answers 500 when it cannot reach the kubelet, and 429 or 503 when it is busy.
            _ => Kind::Unreachable,
        };
        Failure { kind, text: text.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runtimes_say() {
        let table = [
            // containerd 1.6
            (
                "an error occurred forwarding 0 -> 81: error forwarding port 81 to pod 1f0c, uid : failed to execute portforward in \
                 network namespace \"/var/run/netns/cni-1\": failed to connect to localhost:81 inside namespace \"1f0c\", IPv4: dial \
                 tcp4 127.0.0.1:81: connect: connection refused IPv6 dial tcp6 [::1]:81: connect: connection refused",
                Kind::Refused,
            ),
            ("failed to find sandbox \"1f0c\" in store: not found", Kind::PodGone),
            ("network namespace for sandbox \"1f0c\" is closed", Kind::PodGone),
            ("sandbox container \"1f0c\" is not running", Kind::PodGone),
            (
                "failed to connect to localhost:81 inside namespace \"1f0c\": dial tcp4 127.0.0.1:81: connect: connection timed out",
                Kind::NotDialled,
            ),
            // Said of a connection that was there.
            ("error forwarding port 80 to pod x: read tcp 127.0.0.1: connection reset by peer", Kind::Broken),
            ("", Kind::Broken),
        ];
        for (text, kind) in table {
            assert_eq!(Failure::from_error_stream(text).kind, kind, "{text}");
        }
    }

    #[test]
    fn only_a_broken_connection_may_have_delivered_something() {
        assert!(Kind::Refused.proves_nothing_sent());
        assert!(Kind::PodGone.proves_nothing_sent());
        assert!(!Kind::Broken.proves_nothing_sent());
    }

    #[test]
    fn statuses() {
        assert_eq!(Failure::from_status(403, "").kind, Kind::Forbidden);
        assert_eq!(Failure::from_status(404, "").kind, Kind::PodGone);
        assert_eq!(Failure::from_status(500, "").kind, Kind::Unreachable);
    }
}
