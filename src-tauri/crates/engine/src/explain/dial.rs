//! One connection into a pod, over the wire that tunnels take, to see whether its port answers there.
//!
//! What is sent is what a probe sends ([`crate::probe`]): a plain `GET /`, or not one byte.

use std::time::Duration;

use portolan_wire::{Connector, Ending, Failure, FromPod, PodPort};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, join},
    time::{Instant, timeout},
};

use crate::probe::{self, Missed, QUIET, Said};

/// How the connection is tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// `GET /` for this host.
    Get { host: String },
    /// It is made, and nothing is sent.
    Connect,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Dialled {
    /// How long it took, in microseconds: to the head of the answer, to the open connection where nothing was asked, or to
    /// the end of all hope.
    pub(crate) took_us: u64,
    /// What was answered.
    pub(crate) said: Result<Said, Unanswered>,
}

/// Why nothing was answered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unanswered {
    /// The wire says why.
    #[error(transparent)]
    Failed(#[from] Failure),
    /// There was a connection, and nothing came of it that is an answer.
    #[error(transparent)]
    Missed(#[from] Missed),
}

/// Connects once, and asks. It ends within `limit`, and, where nothing is asked for, [`QUIET`] after that.
pub(crate) async fn dial(connector: &dyn Connector, to: &PodPort, how: &How, limit: Duration) -> Dialled {
    let began = Instant::now();
    let trying = async {
        let (mut from_pod, mut to_pod, ending) = match connector.connect(to, &[]).await {
            Ok(connection) => connection.into_parts(),
            Err(failure) => return (began.elapsed(), Err(failure.into())),
        };
        let (took, said) = match how {
            How::Connect => (began.elapsed(), stays(&mut from_pod).await),
            How::Get { host } => {
                let stream = join(&mut from_pod, &mut to_pod);
                probe::request(stream, host, (http::Method::GET, "/"), began).await
            }
        };
        match said {
            Ok(said) => {
                // Beginning to end it gives what carried it back, for the next; its end is waited for by nobody.
                let _ = timeout(Duration::ZERO, to_pod.shutdown()).await;
                (took, Ok(said))
            }
            Err(missed) => (took, Err(why(missed, ending).await)),
        }
    };
    let limit = if *how == How::Connect { limit + QUIET } else { limit };
    let (took, said) = timeout(limit, trying).await.unwrap_or_else(|_| (limit, Err(Missed::NoAnswer(limit).into())));
    Dialled { took_us: u64::try_from(took.as_micros()).unwrap_or(u64::MAX), said }
}

/// Whether it stays open though nothing is said.
async fn stays(from_pod: &mut FromPod) -> Result<Said, Missed> {
    match timeout(QUIET, from_pod.fill_buf()).await {
        Err(_) => Ok(Said::Accepted { first: Vec::new() }),
        Ok(Ok([])) => Err(Missed::Ended),
        Ok(Ok(said)) => Ok(Said::Accepted { first: said.to_vec() }),
        Ok(Err(error)) => Err(Missed::Other(error.to_string())),
    }
}

/// What the wire has to say of a connection that ended without an answer. It says so at once or not at all.
async fn why(missed: Missed, ending: Ending) -> Unanswered {
    match timeout(QUIET, ending).await {
        Ok(Err(failure)) => failure.into(),
        Ok(Ok(())) | Err(_) => missed.into(),
    }
}

#[cfg(test)]
mod tests;
