//! The pods' network: which containers run, and what listens in them.
//!
//! The kubelet ([`crate::controllers`]) starts and stops what runs in a pod; whoever wants to talk to it dials: a
//! port-forward, the API server's proxy, a node port, a probe. Connections are in memory; they know an end of stream and
//! a reset, as TCP's do.

use std::{
    any::Any,
    collections::HashMap,
    fmt,
    net::Ipv4Addr,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use futures::future::BoxFuture;
use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};
use tokio_util::task::AbortOnDropHandle;

use crate::{
    faults::{Dials, Faults},
    socket::Socket,
};

/// What a container runs.
pub trait Program: fmt::Debug + Send + Sync {
    /// Whether it listens on that port.
    fn listens(&self, port: u16) -> bool;

    /// Serves one connection. Dropping the socket ends the connection.
    fn serve(&self, port: u16, socket: Socket, inside: Inside) -> BoxFuture<'static, ()>;

    /// What it does by itself while its container runs. Most do nothing, and then take nothing.
    fn run(&self, _inside: Inside) -> Option<BoxFuture<'static, ()>> {
        None
    }

    /// How long it serves on when it is told to end. Most end at once.
    fn serves_on(&self, _inside: &Inside) -> Duration {
        Duration::ZERO
    }
}

/// What a container is given to run with.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// The pod's address; none where nobody dials it by that.
    pub address: Option<Ipv4Addr>,
    /// The environment, as its spec names it.
    pub environment: HashMap<String, String>,
}

/// The address at which a dial comes to a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// The pod's own localhost: there a port-forward ends.
    Localhost,
    /// The pod's address: there everybody else does.
    Address,
}

/// What a program knows of where it runs.
#[derive(Clone, Debug)]
pub struct Inside {
    /// The pod's namespace.
    pub namespace: String,
    /// The pod's name: its host name.
    pub pod: String,
    /// The image that it was started from, with its tag.
    pub image: String,
    /// How many connections the pod has open, this one included.
    pub open: Arc<AtomicUsize>,
    /// When the container began.
    pub began: Instant,
    surroundings: Arc<Surroundings>,
    /// Whose containers hold this.
    network: Weak<Mutex<HashMap<String, Container>>>,
    exit: mpsc::UnboundedSender<i32>,
    state: Arc<OnceLock<Arc<dyn Any + Send + Sync>>>,
}

impl Inside {
    /// Ends the container with that exit code.
    pub fn exit(&self, code: i32) {
        // Nobody listens any more where it has ended.
        let _ = self.exit.send(code);
    }

    /// A variable of the environment.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.surroundings.environment.get(name).map(String::as_str)
    }

    /// Whether it listens there: with an address in `LISTEN_ON`, only at that one.
    fn listens(&self, at: At) -> bool {
        let Some(said) = self.variable("LISTEN_ON") else { return true };
        let loopback = said.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
        loopback == (at == At::Localhost)
    }

    /// Connects to a port of the pod that has that address.
    ///
    /// # Errors
    /// When nothing listens there.
    pub fn dial(&self, address: Ipv4Addr, port: u16) -> Result<Socket, Unreached> {
        let containers = self.network.upgrade().ok_or(Unreached::NotRunning)?;
        let containers = containers.lock().unwrap_or_else(PoisonError::into_inner);
        let there = containers.values().find(|container| container.inside.surroundings.address == Some(address));
        there.ok_or(Unreached::NotRunning)?.reach(port, At::Address)
    }

    /// What the program remembers in this container: each of them has its own, made when it is first asked for.
    pub fn state<T: Any + Default + Send + Sync>(&self) -> Arc<T> {
        let state = self.state.get_or_init(|| Arc::new(T::default())).clone();
        // A program asks for one type only.
        state.downcast().unwrap_or_default()
    }
}

/// Why a dial reached nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreached {
    /// Nothing listens on that port.
    #[error("connection refused")]
    Refused,
    /// Nothing runs in that pod, or there is no such pod.
    #[error("the pod does not run")]
    NotRunning,
}

/// A container that runs. Dropping it ends it: its connections are reset.
#[derive(Debug)]
pub struct Running {
    network: Network,
    uid: String,
    exited: mpsc::UnboundedReceiver<i32>,
    alive: watch::Sender<()>,
    _by_itself: Option<Task>,
}

impl Running {
    /// Waits until the program ends by itself; with which exit code.
    pub async fn exited(&mut self) -> i32 {
        match self.exited.recv().await {
            Some(code) => code,
            // The network holds the sender while this lives.
            None => std::future::pending().await,
        }
    }

    /// How long the program serves on when it is told to end.
    pub fn serves_on(&self) -> Duration {
        let containers = self.network.containers();
        containers.get(&self.uid).map_or(Duration::ZERO, |there| there.program.serves_on(&there.inside))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // The pod's next container may be there already.
        let (mut containers, ended) = (self.network.containers(), self.alive.subscribe());
        if containers.get(&self.uid).is_some_and(|container| container.ended.same_channel(&ended)) {
            containers.remove(&self.uid);
        }
    }
}

/// A pod's sandbox, as whoever has reached the pod knows it: containers end and begin in it.
#[derive(Clone, Debug, Default)]
pub struct Sandbox(Arc<AtomicBool>);

impl Sandbox {
    /// Whether the pod is no more, and not just its container: see [`Network::end_pod`].
    pub fn is_gone(&self) -> bool {
        self.0.load(Relaxed)
    }
}

struct Container {
    program: Arc<dyn Program>,
    inside: Inside,
    ended: watch::Receiver<()>,
}

impl Container {
    fn reach(&self, port: u16, at: At) -> Result<Socket, Unreached> {
        if !self.program.listens(port) || !self.inside.listens(at) {
            return Err(Unreached::Refused);
        }
        let (ours, theirs) = Socket::pair();
        let resetter = theirs.resetter();
        let serving = Serving::begin(&self.inside);
        let (serve, mut ended) = (self.program.serve(port, theirs, self.inside.clone()), self.ended.clone());
        tokio::spawn(async move {
            let _serving = serving;
            tokio::select! {
                biased;
                // The container's end: its sender goes.
                _ = ended.changed() => resetter.reset(),
                () = serve => {}
            }
        });
        Ok(ours)
    }
}

/// The network. Its clones are the same.
#[derive(Clone)]
pub struct Network {
    containers: Arc<Mutex<HashMap<String, Container>>>,
    /// Those that somebody looks at.
    sandboxes: Arc<Mutex<HashMap<String, Weak<AtomicBool>>>>,
    faults: Faults,
}

impl Network {
    pub(crate) fn new(faults: Faults) -> Self {
        Network { containers: Arc::default(), sandboxes: Arc::default(), faults }
    }

    fn containers(&self) -> MutexGuard<'_, HashMap<String, Container>> {
        self.containers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts what runs in the pod of that UID.
    pub fn start(&self, uid: &str, namespace: &str, pod: &str, image: &str, program: Arc<dyn Program>) -> Running {
        self.start_in(Surroundings::default(), (uid, namespace, pod), image, program)
    }

    /// As [`Network::start`], with more to run with. A pod is named by its UID, its namespace and its name.
    pub fn start_in(
        &self,
        surroundings: Surroundings,
        (uid, namespace, pod): (&str, &str, &str),
        image: &str,
        program: Arc<dyn Program>,
    ) -> Running {
        let (exit, exited) = mpsc::unbounded_channel();
        let (alive, ended) = watch::channel(());
        let inside = Inside {
            namespace: namespace.into(),
            pod: pod.into(),
            image: image.into(),
            open: Arc::default(),
            began: Instant::now(),
            surroundings: Arc::new(surroundings),
            network: Arc::downgrade(&self.containers),
            exit,
            state: Arc::default(),
        };
        let by_itself = program.run(inside.clone()).map(|run| Task::new(tokio::spawn(run)));
        self.containers().insert(uid.into(), Container { program, inside, ended });
        Running { network: self.clone(), uid: uid.into(), exited, alive, _by_itself: by_itself }
    }

    /// The sandbox of the pod of that UID, which has one.
    pub fn sandbox(&self, uid: &str) -> Sandbox {
        let mut sandboxes = self.sandboxes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = sandboxes.get(uid).and_then(Weak::upgrade) {
            return Sandbox(known);
        }
        sandboxes.retain(|_, known| known.strong_count() > 0);
        let sandbox = Sandbox::default();
        sandboxes.insert(uid.into(), Arc::downgrade(&sandbox.0));
        sandbox
    }

    /// The pod of that UID has ended for good: its sandbox goes, and port-forwards that are open say so. Without this, a
    /// container that has ended is taken for one that comes again, and dials are refused.
    pub fn end_pod(&self, uid: &str) {
        let gone = self.sandboxes.lock().unwrap_or_else(PoisonError::into_inner).remove(uid);
        if let Some(sandbox) = gone.and_then(|sandbox| sandbox.upgrade()) {
            sandbox.store(true, Relaxed);
        }
    }

    /// Connects to a port of the pod of that UID, at its own localhost.
    ///
    /// # Errors
    /// When nothing listens there.
    pub async fn dial(&self, uid: &str, port: u16) -> Result<Socket, Unreached> {
        self.dial_at(uid, port, At::Localhost).await
    }

    /// Connects to a port of the pod of that UID.
    ///
    /// # Errors
    /// When nothing listens there.
    pub async fn dial_at(&self, uid: &str, port: u16, at: At) -> Result<Socket, Unreached> {
        match self.faults.now().dials {
            Dials::Reach => {}
            Dials::Refuse => return Err(Unreached::Refused),
            Dials::Stall => std::future::pending().await,
            Dials::Reset => {
                let (ours, theirs) = Socket::pair();
                theirs.reset();
                return Ok(ours);
            }
        }
        self.containers().get(uid).ok_or(Unreached::NotRunning)?.reach(port, at)
    }

    /// Connects to a port of the pod of that UID at its address, past all faults: how the kubelet probes.
    ///
    /// # Errors
    /// When nothing listens there.
    pub fn reach(&self, uid: &str, port: u16) -> Result<Socket, Unreached> {
        self.containers().get(uid).ok_or(Unreached::NotRunning)?.reach(port, At::Address)
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network").field("containers", &self.containers().len()).finish_non_exhaustive()
    }
}

/// Counts a connection while it is served.
struct Serving(Arc<AtomicUsize>);

impl Serving {
    fn begin(inside: &Inside) -> Self {
        inside.open.fetch_add(1, Relaxed);
        Serving(inside.open.clone())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

/// A task that ends with its owner.
pub(crate) type Task = AbortOnDropHandle<()>;

#[cfg(test)]
mod tests;
