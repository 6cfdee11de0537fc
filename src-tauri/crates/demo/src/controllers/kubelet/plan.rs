//! What a pod's life needs to know of its spec: a hundredth of it.

use std::{collections::HashMap, fmt, net::Ipv4Addr, sync::Arc, time::Duration};

use futures::future::{BoxFuture, FutureExt, join_all};
use k8s_openapi::api::core::v1::{EnvVar, ObjectReference, Pod, Probe};
use serde_json::Value;

use crate::{
    controllers::program_of,
    network::{Inside, Program},
    socket::Socket,
    store::Object,
};

use super::probe::{Ask, Probing};

/// Pods with this annotation, and `true`, do not end when they are told to, but are killed when their time is over.
const LINGER: &str = "portolan-demo/linger";

/// A pod as it is to be run.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) uid: String,
    pub(super) restart: Restart,
    pub(super) containers: Vec<Container>,
}

/// A container as it is to be run.
#[derive(Debug)]
pub(super) struct Container {
    pub(super) name: String,
    pub(super) image: String,
    /// What its spec says in so many words; what it takes from elsewhere is left out, but for its pod's address.
    environment: HashMap<String, String>,
    /// The variables that are its pod's address.
    addressed: Vec<String>,
    /// `None` if its image has none.
    pub(super) program: Option<Arc<dyn Program>>,
    /// `None` if it is ready as soon as it runs.
    pub(super) readiness: Option<Probing>,
}

impl Container {
    /// Its environment in a pod of that address.
    pub(super) fn environment(&self, address: Ipv4Addr) -> HashMap<String, String> {
        let addressed = self.addressed.iter().map(|name| (name.clone(), address.to_string()));
        self.environment.clone().into_iter().chain(addressed).collect()
    }
}

/// What becomes of a container that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Restart {
    Always,
    OnFailure,
    Never,
}

impl Plan {
    /// The plan of a pod; `None` if it is none.
    pub(super) fn of(object: &Object, value: &Value) -> Option<Plan> {
        let pod: Pod = object.read()?;
        let spec = pod.spec?;
        let containers = spec.containers.into_iter().map(|container| {
            let image = container.image.unwrap_or_default();
            let readiness = container.readiness_probe.as_ref();
            let port = |name: &str| {
                let ports = container.ports.iter().flatten();
                let mut named = ports.filter(|port| port.name.as_deref() == Some(name));
                named.next().and_then(|port| u16::try_from(port.container_port).ok())
            };
            let environment = container.env.into_iter().flatten();
            let is_address = |variable: &EnvVar| {
                let from = variable.value_from.as_ref().and_then(|from| from.field_ref.as_ref());
                from.is_some_and(|field| field.field_path == "status.podIP")
            };
            let (addressed, environment): (Vec<_>, Vec<_>) = environment.partition(is_address);
            let environment = environment.into_iter();
            Container {
                addressed: addressed.into_iter().map(|variable| variable.name).collect(),
                environment: environment.filter_map(|variable| Some((variable.name, variable.value?))).collect(),
                name: container.name,
                program: program_of(&image),
                readiness: readiness.map(|probe| probing(probe, port)),
                image,
            }
        });
        Some(Plan {
            namespace: object.namespace.clone(),
            name: object.name.clone(),
            uid: object.uid.clone(),
            restart: match value["spec"]["restartPolicy"].as_str() {
                Some("Never") => Restart::Never,
                Some("OnFailure") => Restart::OnFailure,
                _ => Restart::Always,
            },
            containers: containers.collect(),
        })
    }

    /// What all its containers run together, since they share a network; and the place of the one that is said to have
    /// ended when it ends. `None` if there is nothing to run.
    pub(super) fn program(&self) -> Option<(Arc<dyn Program>, usize)> {
        let mut programs: Vec<Arc<dyn Program>> = self.containers.iter().filter_map(|c| c.program.clone()).collect();
        let first = self.containers.iter().position(|container| container.program.is_some())?;
        if programs.len() == 1 {
            return Some((programs.remove(0), first));
        }
        Some((Arc::new(Together(programs)), first))
    }

    /// It, or one of its containers, as events name it.
    pub(super) fn reference(&self, container: Option<&Container>) -> ObjectReference {
        ObjectReference {
            api_version: Some("v1".into()),
            kind: Some("Pod".into()),
            namespace: Some(self.namespace.clone()),
            name: Some(self.name.clone()),
            uid: Some(self.uid.clone()),
            field_path: container.map(|container| format!("spec.containers{{{}}}", container.name)),
            resource_version: None,
        }
    }
}

/// Whether a pod lingers when it is told to end.
pub(super) fn lingers(pod: &Value) -> bool {
    pod["metadata"]["annotations"][LINGER] == "true"
}

fn probing(probe: &Probe, port: impl Fn(&str) -> Option<u16>) -> Probing {
    use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
    let number = |of: &IntOrString| match of {
        IntOrString::Int(number) => u16::try_from(*number).ok(),
        IntOrString::String(name) => port(name),
    };
    let ask = match (&probe.http_get, &probe.tcp_socket) {
        (Some(get), _) => Ask::Http { port: number(&get.port), path: get.path.clone().unwrap_or_else(|| "/".into()) },
        (None, Some(socket)) => Ask::Tcp { port: number(&socket.port) },
        // Programs here know neither commands nor gRPC.
        (None, None) => Ask::Nothing,
    };
    let seconds = |value: Option<i32>, default: u64| {
        Duration::from_secs(value.map_or(default, |value| u64::from(value.unsigned_abs())))
    };
    let times = |value: Option<i32>, default: u32| value.map_or(default, i32::unsigned_abs).max(1);
    Probing {
        ask,
        delay: seconds(probe.initial_delay_seconds, 0),
        period: seconds(probe.period_seconds, 10).max(Duration::from_secs(1)),
        timeout: seconds(probe.timeout_seconds, 1).max(Duration::from_secs(1)),
        successes: times(probe.success_threshold, 1),
        failures: times(probe.failure_threshold, 3),
    }
}

/// Several programs in one pod: the first that listens on a port has it.
struct Together(Vec<Arc<dyn Program>>);

impl fmt::Debug for Together {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.0).finish()
    }
}

impl Program for Together {
    fn listens(&self, port: u16) -> bool {
        self.0.iter().any(|program| program.listens(port))
    }

    fn serve(&self, port: u16, socket: Socket, inside: Inside) -> BoxFuture<'static, ()> {
        match self.0.iter().find(|program| program.listens(port)) {
            Some(program) => program.serve(port, socket, inside),
            None => Box::pin(std::future::ready(())),
        }
    }

    fn run(&self, inside: Inside) -> Option<BoxFuture<'static, ()>> {
        let all: Vec<_> = self.0.iter().filter_map(|program| program.run(inside.clone())).collect();
        (!all.is_empty()).then(|| Box::pin(join_all(all).map(drop)) as BoxFuture<'static, ()>)
    }

    fn serves_on(&self, inside: &Inside) -> Duration {
        self.0.iter().map(|program| program.serves_on(inside)).max().unwrap_or_default()
    }
}
