//! What can be asked of a session while it runs.

use crate::forward::Balance;

/// A wish of the user's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Control {
    /// Spread connections otherwise.
    Balance(Balance),
    /// Send new connections to this pod, by its UID.
    MoveTo(String),
}
