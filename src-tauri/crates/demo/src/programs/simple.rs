//! Programs that need few words.

use std::{future::pending, time::Duration};

use futures::{FutureExt, future::BoxFuture};
use tokio::time::sleep;

use super::podserver::{banner, echo, http};
use crate::{
    network::{Inside, Program},
    socket::Socket,
};

/// So long a Job's pod works.
const WORK: Duration = Duration::from_secs(4);

/// The programs.
#[derive(Debug)]
pub(super) enum Simple {
    /// Works for a while, and is done.
    Job,
    /// Sends back what it gets, on 7, and says hello before on 2525.
    Echo,
    /// Says its name by HTTP.
    Idle,
}

impl Program for Simple {
    fn listens(&self, port: u16) -> bool {
        match self {
            Simple::Job => false,
            Simple::Echo => matches!(port, 7 | 2525),
            Simple::Idle => port == 80,
        }
    }

    fn serve(&self, port: u16, mut socket: Socket, inside: Inside) -> BoxFuture<'static, ()> {
        async move {
            // A client that goes while it is served is nothing to tell.
            let _ = match port {
                7 => echo(&mut socket).await,
                80 => http(&mut socket, &inside).await,
                _ => banner(&mut socket, &inside.pod).await,
            };
        }
        .boxed()
    }

    fn run(&self, inside: Inside) -> Option<BoxFuture<'static, ()>> {
        let Simple::Job = self else { return None };
        let work = async move {
            sleep(WORK).await;
            inside.exit(0);
            pending().await
        };
        Some(work.boxed())
    }
}
