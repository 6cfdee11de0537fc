//! What can be asked of a session while it runs.

use crate::forward::Balance;

/// A wish of the user's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Control {
    /// Skip the waits before what is tried again.
    Retry,
    /// Spread connections otherwise.
    Balance(Balance),
    /// Send new connections to this pod, by its UID.
    MoveTo(String),
}
