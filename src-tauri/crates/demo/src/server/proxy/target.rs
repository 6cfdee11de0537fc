//! Which pod and which port of it the proxy goes to.

use k8s_openapi::api::{
    core::v1::{Pod, Service},
    discovery::v1::{EndpointPort, EndpointSlice},
};

use crate::{
    Store,
    server::{answer::Asked, status::Status},
};

/// The label by which a Service's slices are found.
const SERVICE: &str = "kubernetes.io/service-name";

/// One port of one pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Behind {
    pub(super) uid: String,
    pub(super) ip: String,
    pub(super) port: u16,
}

impl Behind {
    pub(super) fn address(&self) -> String {
        if self.ip.contains(':') {
            format!("[{}]:{}", self.ip, self.port)
        } else {
            format!("{}:{}", self.ip, self.port)
        }
    }
}

/// What `[SCHEME:]NAME[:PORT]` names.
pub(super) fn find(store: &Store, asked: &Asked) -> Result<Behind, Status> {
    let said = asked.target.name.as_str();
    let parts: Vec<_> = said.split(':').collect();
    let (name, port) = match parts.as_slice() {
        [name] => (*name, ""),
        [name, port] => (*name, *port),
        ["http" | "https" | "", name, port] => (*name, *port),
        _ => return Err(Status::bad_request(format!("invalid {} request \"{said}\"", asked.kind.plural))),
    };
    let namespace = asked.namespace();
    let missing = || Status::not_found(asked.kind, name);
    match asked.kind.kind {
        "Pod" => pod(&store.read(namespace, name).ok_or_else(missing)?, port),
        _ => {
            let service: Service = store.read(namespace, name).ok_or_else(missing)?;
            let none = || Status::unavailable(format!("no endpoints available for service \"{said}\""));
            behind(store, namespace, &service, port, missing)?.ok_or_else(none)
        }
    }
}

/// A pod's port, or the first that it declares, or 80.
fn pod(pod: &Pod, port: &str) -> Result<Behind, Status> {
    let declared = || {
        let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
        containers.flat_map(|container| container.ports.iter().flatten()).next().map(|port| port.container_port)
    };
    let number = match port {
        "" => u16::try_from(declared().unwrap_or(80)).ok(),
        port => port.parse().ok(),
    };
    let port = number.ok_or_else(|| Status::bad_request(format!("invalid port \"{port}\"")))?;
    let ip = pod.status.as_ref().and_then(|status| status.pod_ip.clone()).unwrap_or_default();
    if ip.is_empty() {
        return Err(Status::failed("address not allowed: the pod has none yet"));
    }
    Ok(Behind { uid: pod.metadata.uid.clone().unwrap_or_default(), ip, port })
}

/// One of the ready endpoints of a Service's port, at random as the real server does.
fn behind(
    store: &Store,
    namespace: &str,
    service: &Service,
    port: &str,
    missing: impl Fn() -> Status,
) -> Result<Option<Behind>, Status> {
    let name = service.metadata.name.as_deref().unwrap_or_default();
    let slices: Vec<EndpointSlice> = store.all(Some(namespace));
    let own = slices.iter().filter(|slice| {
        let labels = slice.metadata.labels.as_ref();
        labels.and_then(|labels| labels.get(SERVICE)).is_some_and(|service| service == name)
    });
    let own: Vec<_> = own.collect();
    if own.is_empty() {
        // In the real server's words: what it looks for is the endpoints of that name.
        return Err(missing());
    }
    let wanted = name_of_port(service, port);
    let ready = own.iter().flat_map(|slice| {
        let number = slice.ports.iter().flatten().find(|port| serves(port, &wanted)).and_then(|port| port.port);
        let endpoints = slice.endpoints.iter();
        endpoints.filter_map(move |endpoint| {
            let ready = endpoint.conditions.as_ref().and_then(|conditions| conditions.ready).unwrap_or(true);
            let uid = endpoint.target_ref.as_ref()?.uid.clone()?;
            let port = number.and_then(|number| u16::try_from(number).ok())?;
            ready.then_some(Behind { uid, ip: endpoint.addresses.first()?.clone(), port })
        })
    });
    let ready: Vec<_> = ready.collect();
    Ok(fastrand::choice(ready))
}

/// A port is said by its name, or by its number in the Service; nothing is the port without a name.
fn name_of_port(service: &Service, said: &str) -> String {
    let ports = service.spec.iter().flat_map(|spec| spec.ports.iter().flatten());
    let number = said.parse().ok();
    let mut by_number = ports.filter(|port| number == Some(port.port));
    by_number.next().map_or_else(|| said.to_owned(), |port| port.name.clone().unwrap_or_default())
}

fn serves(port: &EndpointPort, wanted: &str) -> bool {
    port.name.as_deref().unwrap_or_default() == wanted
}
