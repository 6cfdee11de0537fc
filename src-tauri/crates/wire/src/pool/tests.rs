//! The pool with a dialler whose upgrades are clients of servers in memory. The clock is the tests'.

mod keeping;
mod proving;
mod sharing;
mod taking;

use std::{
    collections::VecDeque,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
};

use futures::FutureExt;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, duplex},
    time::{sleep, timeout},
};

use super::*;

/// What the next dials do; those that it says nothing of succeed at once.
enum Next {
    After(Duration),
    Fails,
    MayNot,
}

/// Dials servers in memory.
struct Servers {
    dials: AtomicUsize,
    /// The servers' ends, in the order in which they were dialled.
    servers: Mutex<Vec<Mux>>,
    next: Mutex<VecDeque<Next>>,
    hopeless: AtomicBool,
    /// What a transport holds.
    size: usize,
    /// Whether the servers never say anything.
    mute: bool,
    /// What keeps those open.
    silent: Mutex<Vec<tokio::io::DuplexStream>>,
}

impl Servers {
    fn new() -> Arc<Self> {
        Arc::new(Servers {
            dials: AtomicUsize::new(0),
            servers: Mutex::default(),
            next: Mutex::default(),
            hopeless: AtomicBool::new(false),
            size: 16 * 1024,
            mute: false,
            silent: Mutex::default(),
        })
    }

    fn mute() -> Arc<Self> {
        let mut servers = Servers::new();
        Arc::get_mut(&mut servers).unwrap().mute = true;
        servers
    }

    fn pool(self: &Arc<Self>) -> Pool {
        Pool::new(self.clone())
    }

    fn plan(&self, next: Next) {
        self.next.lock().unwrap().push_back(next);
    }

    fn dials(&self) -> usize {
        self.dials.load(Relaxed)
    }

    fn server(&self, at: usize) -> Mux {
        self.servers.lock().unwrap()[at].clone()
    }

    /// How many transports are open, as the servers see it.
    fn open(&self) -> usize {
        self.servers.lock().unwrap().iter().filter(|server| !server.is_done_for()).count()
    }

    /// Ends one from the server's side.
    fn end(&self, at: usize) {
        let (near, _) = duplex(1);
        self.servers.lock().unwrap()[at] = Mux::server(near);
    }
}

impl Dial for Servers {
    fn dial<'a>(&'a self, _: &'a PodPort, changed: Arc<Notify>) -> BoxFuture<'a, Result<Mux, Refusal>> {
        async move {
            self.dials.fetch_add(1, Relaxed);
            let next = self.next.lock().unwrap().pop_front();
            match next {
                Some(Next::After(pause)) => sleep(pause).await,
                Some(Next::Fails) => {
                    let text = "no upgrade today".into();
                    return Err(Refusal::Any(Failure { kind: Kind::Unreachable, text }));
                }
                Some(Next::MayNot) => {
                    return Err(Refusal::Any(Failure { kind: Kind::Login, text: "who are you?".into() }));
                }
                None => {}
            }
            let (near, far) = duplex(self.size);
            if self.mute {
                self.silent.lock().unwrap().push(far);
            } else {
                self.servers.lock().unwrap().push(Mux::server(far));
            }
            Ok(Mux::client(near, changed))
        }
        .boxed()
    }

    fn is_hopeful(&self, _: &PodPort) -> bool {
        !self.hopeless.load(Relaxed)
    }
}

fn pod(name: &str) -> PodPort {
    PodPort { namespace: "shop".into(), pod: name.into(), uid: format!("uid of {name}"), port: 80 }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Everything that can run has run.
async fn quiet() {
    sleep(Duration::from_millis(1)).await;
}
