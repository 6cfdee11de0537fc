//! One connection into a pod, over the wire that tunnels take, to see whether its port answers there.
//!
//! What is sent is what a probe sends ([`crate::probe`]): a plain `GET /`, or not one byte.

use std::time::Duration;

use portolan_wire::{Connector, Ending, FromPod, PodPort};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, join},
    time::{Instant, timeout},
};

use super::answer::{Answer, Unanswered};
use crate::probe::{self, Missed, QUIET, Said, micros};

/// What is refused behind a connection that stands is told within this, and a round trip to a far cluster.
const STANDS: Duration = Duration::from_secs(1);

/// How the connection is tried.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum How {
    /// `GET /` for this host.
    Get { host: String },
    /// It is made, and nothing is sent.
    Connect,
}

/// Connects once, and asks. It ends within `limit`, and, where nothing is asked for, [`STANDS`] after that.
pub(crate) async fn dial(connector: &dyn Connector, to: &PodPort, how: &How, limit: Duration) -> Answer {
    let began = Instant::now();
    let mut stands = false;
    let trying = async {
        let (mut from_pod, mut to_pod, ending) = match connector.connect(to, &[]).await {
            Ok(connection) => connection.into_parts(),
            Err(failure) => return (began.elapsed(), Err(failure.into())),
        };
        stands = true;
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
    let limit = if *how == How::Connect { limit + STANDS } else { limit };
    let (took, said) = match timeout(limit, trying).await {
        Ok(tried) => tried,
        Err(_) if stands => (limit, Err(Missed::NoAnswer(limit).into())),
        Err(_) => (limit, Err(Missed::NoConnection(limit).into())),
    };
    Answer { took_us: micros(took), said }
}

/// Whether it stays open though nothing is said.
async fn stays(from_pod: &mut FromPod) -> Result<Said, Missed> {
    match timeout(STANDS, from_pod.fill_buf()).await {
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
