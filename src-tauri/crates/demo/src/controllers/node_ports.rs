//! Node ports: of the node whose address is this machine's, real listeners, for Services that have some.
//!
//! A connection goes to a ready endpoint, any of them, as kube-proxy sends it; where there is none it is reset.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::{core::v1::Service, discovery::v1::EndpointSlice};
use tokio::net::{TcpListener, TcpStream};

use crate::{
    Store,
    network::{At, Network, Task},
    socket::Socket,
    store::{Change, kind_of},
};

use super::reconcile::Name;

/// Where they listen: the first node's address.
const HOST: &str = "127.0.0.1";

/// A Service's port that shall be reached.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Wanted {
    namespace: String,
    service: String,
    /// The port's name, as slices repeat it.
    port: String,
    node_port: u16,
}

/// Follows Services for ever.
pub(super) async fn run(store: Store, network: Network) {
    let mut changes = store.changes(store.version());
    let mut concerned = everything(&store);
    let mut listening: BTreeMap<Wanted, Task> = BTreeMap::new();
    loop {
        for (namespace, name) in std::mem::take(&mut concerned) {
            let wanted = wanted(&store, &namespace, &name);
            listening.retain(|at, _| (&at.namespace, &at.service) != (&namespace, &name) || wanted.contains(at));
            for wanted in wanted {
                if !listening.contains_key(&wanted) {
                    listening.extend(listen(&store, &network, wanted).await);
                }
            }
        }
        match changes.next().await {
            Ok(told) => concerned.extend(told.iter().filter_map(service)),
            Err(_forgotten) => {
                changes = store.changes(store.version());
                let known = listening.keys().map(|at| (at.namespace.clone(), at.service.clone()));
                concerned = everything(&store).into_iter().chain(known).collect();
            }
        }
    }
}

fn service(change: &Change) -> Option<Name> {
    let object = &change.object;
    (object.kind == kind_of::<Service>()).then(|| (object.namespace.clone(), object.name.clone()))
}

fn everything(store: &Store) -> BTreeSet<Name> {
    let services = store.list(kind_of::<Service>(), None).0;
    services.iter().map(|service| (service.namespace.clone(), service.name.clone())).collect()
}

fn wanted(store: &Store, namespace: &str, name: &str) -> BTreeSet<Wanted> {
    let spec = store.read::<Service>(namespace, name).and_then(|service| service.spec).unwrap_or_default();
    if !matches!(spec.type_.as_deref(), Some("NodePort" | "LoadBalancer")) {
        return BTreeSet::new();
    }
    let ports = spec.ports.into_iter().flatten().filter(|port| port.protocol.as_deref().unwrap_or("TCP") == "TCP");
    let wanted = ports.filter_map(|port| {
        Some(Wanted {
            namespace: namespace.to_owned(),
            service: name.to_owned(),
            port: port.name.unwrap_or_default(),
            node_port: u16::try_from(port.node_port?).ok()?,
        })
    });
    wanted.collect()
}

/// Listens there; elsewhere, and says so in the Service, if this machine has another use for the port.
async fn listen(store: &Store, network: &Network, mut wanted: Wanted) -> Option<(Wanted, Task)> {
    let listener = match TcpListener::bind((HOST, wanted.node_port)).await {
        Ok(listener) => listener,
        Err(taken) => match free(store, &mut wanted).await {
            Ok(listener) => listener,
            Err(error) => {
                let Wanted { namespace, service, node_port, .. } = &wanted;
                tracing::warn!("nobody listens at node port {node_port} of {namespace}/{service}: {taken}; {error}");
                return None;
            }
        },
    };
    let task = tokio::spawn(accept(store.clone(), network.clone(), listener, wanted.clone()));
    Some((wanted, Task::new(task)))
}

async fn free(store: &Store, wanted: &mut Wanted) -> std::io::Result<TcpListener> {
    let listener = TcpListener::bind((HOST, 0)).await?;
    let (before, after) = (wanted.node_port, listener.local_addr()?.port());
    let edited = store.edit::<Service>(&wanted.namespace, &wanted.service, |service| {
        let ports = service.spec.iter_mut().flat_map(|spec| spec.ports.iter_mut().flatten());
        for port in ports.filter(|port| port.node_port == Some(before.into())) {
            port.node_port = Some(after.into());
        }
    });
    edited.map_err(std::io::Error::other)?;
    wanted.node_port = after;
    Ok(listener)
}

async fn accept(store: Store, network: Network, listener: TcpListener, wanted: Wanted) {
    // They end with the listener: dropping the set aborts them.
    let mut connections = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((client, _)) => drop(connections.spawn(carry(store.clone(), network.clone(), client, wanted.clone()))),
                // Out of file descriptors: some will be free again.
                Err(_) => tokio::time::sleep(std::time::Duration::from_millis(100)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn carry(store: Store, network: Network, mut client: TcpStream, wanted: Wanted) {
    let _ = client.set_nodelay(true);
    let carried = match endpoint(&store, &wanted) {
        Some((uid, port)) => match network.dial_at(&uid, port, At::Address).await {
            Ok(mut pod) => copy(&mut client, &mut pod).await,
            Err(_) => Err(std::io::ErrorKind::ConnectionReset.into()),
        },
        None => Err(std::io::ErrorKind::ConnectionReset.into()),
    };
    if carried.is_err() {
        let _ = client.set_zero_linger();
    }
}

async fn copy(client: &mut TcpStream, pod: &mut Socket) -> std::io::Result<()> {
    tokio::io::copy_bidirectional(client, pod).await.map(drop)
}

/// A ready endpoint of the Service: its pod's UID and port. Those that serve while they end, where none is ready.
fn endpoint(store: &Store, wanted: &Wanted) -> Option<(String, u16)> {
    let slices = store.list(kind_of::<EndpointSlice>(), Some(&wanted.namespace)).0;
    let of_service = |object: &&std::sync::Arc<crate::store::Object>| {
        object.labels.get("kubernetes.io/service-name") == Some(&wanted.service)
    };
    let (mut ready, mut serving) = (Vec::new(), Vec::new());
    for slice in slices.iter().filter(of_service).filter_map(|object| object.read::<EndpointSlice>()) {
        let mut ports = slice.ports.iter().flatten();
        let port = ports.find(|port| port.name.as_deref().unwrap_or_default() == wanted.port);
        let Some(port) = port.and_then(|port| u16::try_from(port.port?).ok()) else { continue };
        for endpoint in slice.endpoints {
            let Some(uid) = endpoint.target_ref.and_then(|target| target.uid) else { continue };
            let conditions = endpoint.conditions.unwrap_or_default();
            if conditions.ready != Some(false) {
                ready.push((uid, port));
            } else if conditions.serving == Some(true) {
                serving.push((uid, port));
            }
        }
    }
    let mut among = if ready.is_empty() { serving } else { ready };
    (!among.is_empty()).then(|| among.swap_remove(fastrand::usize(..among.len())))
}
