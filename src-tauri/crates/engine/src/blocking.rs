//! What may wait, on a thread where that holds nobody up: for another process, for a slow disk, for the whole system to be
//! read.

/// Does it, and hands on its panic.
pub(crate) async fn blocking<T: Send + 'static>(act: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(act).await {
        Ok(done) => done,
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}
