//! A relay between the command and its API server, which can cut connections as a network does.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use kube::{
    Config,
    config::{KubeConfigOptions, Kubeconfig},
};
use tempfile::NamedTempFile;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::Notify,
    task::JoinHandle,
};

use crate::{Result, cluster};

/// Passes connections on to the tests' API server. It knows nothing of what they carry, but how much. Dropping it cuts them.
#[derive(Debug)]
pub struct Relay {
    port: u16,
    passing: Arc<Mutex<Vec<Arc<Passing>>>>,
    accepting: JoinHandle<()>,
}

/// One connection.
#[derive(Debug, Default)]
struct Passing {
    bytes: AtomicU64,
    cut: Notify,
}

/// How much each connection had carried at some time.
#[derive(Debug)]
pub struct Carried(Vec<u64>);

impl Relay {
    /// To the API server of the tests' kubeconfig.
    ///
    /// # Errors
    /// When that cannot be read.
    pub async fn start() -> Result<Relay> {
        let file = Kubeconfig::read_from(cluster::kubeconfig()?)?;
        let server = Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await?.cluster_url;
        let host = server.host().ok_or("the API server's URL names no host")?.to_owned();
        let server = (host, server.port_u16().unwrap_or(443));
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let passing: Arc<Mutex<Vec<Arc<Passing>>>> = Arc::default();
        let all = passing.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let one = Arc::new(Passing::default());
                all.lock().unwrap_or_else(PoisonError::into_inner).push(one.clone());
                tokio::spawn(pass(client, server.clone(), one));
            }
        });
        Ok(Relay { port, passing, accepting })
    }

    /// The tests' kubeconfig, but for the way to the server. The server's certificate has to be good for 127.0.0.1.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn kubeconfig(&self) -> Result<NamedTempFile> {
        let mut file = Kubeconfig::read_from(cluster::kubeconfig()?)?;
        for cluster in file.clusters.iter_mut().filter_map(|named| named.cluster.as_mut()) {
            cluster.server = Some(format!("https://127.0.0.1:{}", self.port));
        }
        cluster::write_kubeconfig(&file)
    }

    /// How much each connection has carried so far.
    pub fn carried(&self) -> Carried {
        Carried(self.all().iter().map(|passing| passing.bytes.load(Relaxed)).collect())
    }

    /// Cuts the connection that has carried most since then. Returns how much that was.
    pub fn cut_busiest(&self, since: &Carried) -> u64 {
        let all = self.all();
        let carried = all.iter().zip(since.0.iter().copied().chain(std::iter::repeat(0)));
        let busiest = carried.map(|(passing, before)| (passing.bytes.load(Relaxed) - before, passing));
        let Some((bytes, passing)) = busiest.max_by_key(|(bytes, _)| *bytes) else { return 0 };
        passing.cut.notify_one();
        bytes
    }

    /// Cuts all connections that there are; new ones are passed on.
    pub fn cut_all(&self) {
        self.all().iter().for_each(|passing| passing.cut.notify_one());
    }

    fn all(&self) -> Vec<Arc<Passing>> {
        self.passing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut_all();
    }
}

async fn pass(client: TcpStream, server: (String, u16), passing: Arc<Passing>) {
    let Ok(server) = TcpStream::connect(server).await else { return };
    for side in [&client, &server] {
        // A failure costs time, or makes the cut an end of the stream.
        let _ = side.set_nodelay(true);
        let _ = side.set_zero_linger();
    }
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::select! {
        () = passing.cut.notified() => {}
        () = pump(from_client, to_server, &passing.bytes) => {}
        () = pump(from_server, to_client, &passing.bytes) => {}
    }
}

async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, carried: &AtomicU64) {
    let mut piece = vec![0; 1 << 16];
    while let Ok(size @ 1..) = from.read(&mut piece).await {
        if to.write_all(&piece[..size]).await.is_err() {
            return;
        }
        carried.fetch_add(size as u64, Relaxed);
    }
}
