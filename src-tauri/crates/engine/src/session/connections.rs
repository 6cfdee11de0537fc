//! The connections of one session that there are now: each with its client, its pod and its bytes.
//!
//! While nobody looks, a connection costs an entry in a map and two counters of its own. Whose client it is, is looked up
//! once, when somebody first looks: on Linux that reads all of /proc.

use std::{
    collections::{BTreeMap, HashMap},
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use listeners::{Protocol, SocketState};

use super::{
    now,
    tally::Tally,
    view::{ClientProcess, ConnectionView, OpenConnections},
};
use crate::phase::Endpoint;

/// So many are shown, the oldest: nobody reads more, and each look sends them all.
const SHOWN: usize = 200;

/// All of a session's.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    last: AtomicU64,
    all: Mutex<BTreeMap<u64, Arc<One>>>,
}

#[derive(Debug)]
struct One {
    slot: usize,
    client: SocketAddr,
    began_at: u64,
    /// Set while a pod has it; before, it is held.
    pod: Mutex<Option<Endpoint>>,
    up: AtomicU64,
    down: AtomicU64,
    /// Set by the first look.
    process: OnceLock<Option<ClientProcess>>,
}

/// One connection, listed while this lives.
#[derive(Debug)]
pub(crate) struct Listed<'a> {
    among: &'a Connections,
    number: u64,
    one: Arc<One>,
}

impl Connections {
    fn all(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<One>>> {
        // Every change is one insert or one removal: a panic elsewhere leaves it whole.
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lists a connection that was accepted from `client` on the port `slot`.
    pub(crate) fn enter(&self, slot: usize, client: SocketAddr) -> Listed<'_> {
        let number = self.last.fetch_add(1, Relaxed) + 1;
        let one = Arc::new(One {
            slot,
            client,
            began_at: now(),
            pod: Mutex::default(),
            up: AtomicU64::default(),
            down: AtomicU64::default(),
            process: OnceLock::new(),
        });
        self.all().insert(number, one.clone());
        Listed { among: self, number, one }
    }

    /// What there is now, oldest first.
    pub(crate) async fn shown(&self) -> OpenConnections {
        let (ones, left_out) = {
            let all = self.all();
            let ones: Vec<_> = all.iter().take(SHOWN).map(|(number, one)| (*number, one.clone())).collect();
            let left_out = all.len() - ones.len();
            (ones, left_out as u64)
        };
        if ones.iter().any(|(_, one)| one.process.get().is_none()) {
            let found = tokio::task::spawn_blocking(processes).await;
            let found = found.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
            for (_, one) in &ones {
                one.process.get_or_init(|| found.get(&canonical(one.client)).cloned());
            }
        }
        let connections = ones.iter().map(|(number, one)| one.view(*number)).collect();
        OpenConnections { connections, left_out }
    }
}

impl One {
    fn view(&self, number: u64) -> ConnectionView {
        let pod = self.pod.lock().unwrap_or_else(PoisonError::into_inner).clone();
        ConnectionView {
            number,
            slot: self.slot,
            client: canonical(self.client).to_string(),
            process: self.process.get().cloned().flatten(),
            port: pod.as_ref().map(|pod| pod.port),
            pod: pod.map(|pod| pod.pod),
            bytes_up: self.up.load(Relaxed),
            bytes_down: self.down.load(Relaxed),
            began_at: self.began_at,
        }
    }
}

impl Listed<'_> {
    /// Which pod has it now; `None` while it waits for one.
    pub(crate) fn is_with(&self, pod: Option<&Endpoint>) {
        *self.one.pod.lock().unwrap_or_else(PoisonError::into_inner) = pod.cloned();
    }
}

impl Drop for Listed<'_> {
    fn drop(&mut self) {
        self.among.all().remove(&self.number);
    }
}

/// Where a connection's bytes are counted: for its session, and for itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counts<'a> {
    pub(crate) tally: &'a Tally,
    pub(crate) listed: &'a Listed<'a>,
}

impl Counts<'_> {
    pub(crate) fn up(self, bytes: usize) {
        self.tally.up(bytes);
        self.listed.one.up.fetch_add(bytes as u64, Relaxed);
    }

    pub(crate) fn down(self, bytes: usize) {
        self.tally.down(bytes);
        self.listed.one.down.fetch_add(bytes as u64, Relaxed);
    }
}

/// Who has which end of which open connection, as far as the system tells: other users' only to root.
fn processes() -> HashMap<SocketAddr, ClientProcess> {
    let all = listeners::get_all().unwrap_or_else(|error| {
        tracing::debug!(%error, "the system does not say whose connections there are");
        Default::default()
    });
    let open = all.into_iter().filter(|one| one.protocol == Protocol::TCP && one.state != SocketState::Listen);
    open.map(|one| (canonical(one.socket), ClientProcess { name: one.process.name, pid: one.process.pid })).collect()
}

/// A program that speaks IPv6 and reaches 127.0.0.1 has `::ffff:127.0.0.1` for its own end.
fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    #[tokio::test]
    async fn one_is_listed_with_its_own_bytes_for_as_long_as_it_lives() {
        let (tally, connections) = (Tally::default(), Connections::default());
        let first = connections.enter(0, client(1));
        let second = connections.enter(1, client(2));
        let counts = Counts { tally: &tally, listed: &second };
        counts.up(3);
        counts.down(70_000);
        second.is_with(Some(&Endpoint { slot: 1, pod: "web-1".into(), uid: "a".into(), port: 80 }));
        let shown = connections.shown().await.connections;
        let told: Vec<_> =
            shown.iter().map(|one| (one.number, one.slot, one.pod.as_deref(), one.bytes_up, one.bytes_down)).collect();
        assert_eq!(told, [(1, 0, None, 0, 0), (2, 1, Some("web-1"), 3, 70_000)]);
        assert_eq!((tally.counters().bytes_up, tally.counters().bytes_down), (3, 70_000));
        second.is_with(None);
        drop(first);
        let shown = connections.shown().await.connections;
        assert_eq!(shown.iter().map(|one| (one.number, one.port)).collect::<Vec<_>>(), [(2, None)]);
    }

    #[tokio::test]
    async fn of_very_many_the_oldest_are_shown_and_the_rest_counted() {
        let connections = Connections::default();
        let _all: Vec<_> = (0..SHOWN as u16 + 3).map(|port| connections.enter(0, client(port))).collect();
        let shown = connections.shown().await;
        assert_eq!((shown.connections.len(), shown.left_out, shown.connections[0].number), (SHOWN, 3, 1));
    }

    #[tokio::test]
    async fn the_system_says_which_process_a_client_is() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let _client = tokio::net::TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (_accepted, from) = listener.accept().await.unwrap();
        let connections = Connections::default();
        let _listed = connections.enter(0, from);
        let shown = connections.shown().await.connections;
        let process = shown[0].process.as_ref();
        assert_eq!(process.map(|process| process.pid), Some(std::process::id()), "{shown:?}");
        assert_eq!(shown[0].client, from.to_string());
    }

    #[test]
    fn an_address_is_the_same_whichever_family_wrote_it() {
        let table =
            [("127.0.0.1:80", "127.0.0.1:80"), ("[::ffff:127.0.0.1]:80", "127.0.0.1:80"), ("[::1]:80", "[::1]:80")];
        for (written, same) in table {
            assert_eq!(canonical(written.parse().unwrap()).to_string(), same);
        }
    }
}
