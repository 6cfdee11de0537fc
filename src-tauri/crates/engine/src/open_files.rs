//! How many files, and so connections, this process may have open.

/// Raises the limit as far as the system lets this user. Many systems begin with 1,024 for the sake of old programs, and a
/// forwarded connection takes one for itself and, at most, one for its upgrade.
pub fn raise_limit() {
    match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(limit) => tracing::debug!(limit, "open files"),
        // What there is may well do. Where it does not, the listener says so.
        Err(error) => tracing::warn!(%error, "the limit of open files cannot be raised"),
    }
}
