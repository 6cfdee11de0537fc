//! The queues that frames from a client pass, as Go's spdystream has them.
//!
//! Frames of a stream go to the worker of its id, PINGs to each worker in turn. A worker hands on one frame at a time,
//! and waits until the stream's user takes it: a pod that does not read holds up its worker, and PINGs there stay
//! unanswered; once that worker's queue is full, the client is not read at all.

use std::sync::Arc;

use bytes::Bytes;
use portolan_wire::spdy::headers::Headers;
use tokio::{sync::mpsc, task::JoinSet};

use super::session::Session;

/// What waits for a worker, in frames. Real queues hold 50; one more waits here in each stream's inbox.
const QUEUE: usize = 49;

/// One frame, to be handled in its turn.
#[derive(Debug)]
pub(super) enum Job {
    /// A stream begins, with this inbox for what comes on it.
    Open { id: u32, headers: Headers, inbox: mpsc::Receiver<Bytes> },
    /// Something comes on a stream.
    Data { id: u32, payload: Bytes, fin: bool },
    /// A stream is over.
    Reset { id: u32 },
    /// To be sent back.
    Ping(u32),
}

impl Job {
    fn stream(&self) -> Option<u32> {
        match self {
            Job::Open { id, .. } | Job::Data { id, .. } | Job::Reset { id } => Some(*id),
            Job::Ping(_) => None,
        }
    }
}

/// Where frames go.
pub(super) enum Workers {
    /// They are handled as they come: each stream holds up only itself, and whoever sends once its inbox is full.
    None(Arc<Session>),
    /// Each worker's queue, and whose turn the next PING is.
    Queues { queues: Vec<mpsc::Sender<Job>>, turn: usize, _workers: JoinSet<()> },
}

impl Workers {
    pub(super) fn start(session: &Arc<Session>, workers: Option<u32>) -> Self {
        let Some(workers) = workers.filter(|workers| *workers > 0) else { return Workers::None(session.clone()) };
        let (mut queues, mut tasks) = (Vec::new(), JoinSet::new());
        for _ in 0..workers {
            let (queue, mut jobs) = mpsc::channel(QUEUE);
            let session = session.clone();
            queues.push(queue);
            tasks.spawn(async move {
                while let Some(job) = jobs.recv().await {
                    session.handle(job).await;
                }
            });
        }
        Workers::Queues { queues, turn: 0, _workers: tasks }
    }

    /// Gives a frame to its worker, once there is room in the queue.
    pub(super) async fn give(&mut self, job: Job) {
        match self {
            Workers::None(session) => session.handle(job).await,
            Workers::Queues { queues, turn, .. } => {
                let worker = match job.stream() {
                    Some(id) => id as usize % queues.len(),
                    None => {
                        *turn += 1;
                        (*turn - 1) % queues.len()
                    }
                };
                // They work until this is dropped.
                let _ = queues[worker].send(job).await;
            }
        }
    }
}
