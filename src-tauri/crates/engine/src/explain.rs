//! What a Service is and why it does or does not work: its anatomy, its access paths and the doctor's findings.
//!
//! - [`view`] is what is told.
//! - `facts` is what is read, once, and what could not be.
//! - `anatomy` puts its lines beside those of what it leads to.
//! - `doctor` says what is wrong; `mark` are the rules that the list shares with him.
//! - `port` is one of its ports, and what it speaks.
//! - `ask` is a question to one way, and `answer` what comes of it; `dial` asks a pod, by the wire that tunnels take,
//!   `api_proxy` by the API server's proxy.
//! - [`paths`] are the ways to it, and whether they answer.
//! - `probing` hears for the doctor what the ways have answered, and asks the rest.

mod anatomy;
mod answer;
mod api_proxy;
mod ask;
mod dial;
mod doctor;
mod facts;
pub(crate) mod mark;
pub mod paths;
mod port;
mod probing;
pub mod view;

use k8s_openapi::{api::core::v1::Probe, apimachinery::pkg::util::intstr::IntOrString};

use crate::{cluster::Cluster, error::Problem, service};
use facts::Facts;
use view::{Explanation, ProbePorts};

/// Explains a Service, and asks the ports that may be asked, once each.
pub(crate) async fn explain(
    cluster: &Cluster,
    namespace: &str,
    name: &str,
    ports: ProbePorts,
) -> Result<Explanation, Problem> {
    let facts = Facts::read(cluster, namespace, name).await?;
    let mut paths = paths::of(&facts, &cluster.context);
    let probed = if ports == ProbePorts::None {
        Vec::new()
    } else {
        // First the ways, since their times are told.
        let answered = paths::probe(cluster, &facts, ports, &mut paths).await;
        probing::probe(cluster, &facts, ports, &answered).await
    };
    Ok(Explanation {
        context: cluster.context.clone(),
        namespace: namespace.to_owned(),
        service: name.to_owned(),
        service_type: facts.service().map(service::type_of).unwrap_or_default(),
        anatomy: anatomy::of(&facts, &probed),
        paths,
        findings: doctor::findings(&facts, &probed),
        unread: facts.unread,
    })
}

/// A readiness probe in a line: `GET / at port http, every 5 s`.
fn probe_line(probe: &Probe) -> String {
    let port = |port: &IntOrString| match port {
        IntOrString::Int(number) => number.to_string(),
        IntOrString::String(name) => name.clone(),
    };
    let what = if let Some(http) = &probe.http_get {
        let scheme = http.scheme.as_deref().filter(|scheme| *scheme != "HTTP").map(|scheme| format!("{scheme} "));
        let path = http.path.as_deref().unwrap_or("/");
        format!("{}GET {path} at port {}", scheme.unwrap_or_default(), port(&http.port))
    } else if let Some(tcp) = &probe.tcp_socket {
        format!("connect to port {}", port(&tcp.port))
    } else if let Some(grpc) = &probe.grpc {
        format!("gRPC health at port {}", grpc.port)
    } else if let Some(exec) = &probe.exec {
        // Its arguments may be secrets.
        format!("run {}", exec.command.iter().flatten().next().map(String::as_str).unwrap_or_default())
    } else {
        return "none".into();
    };
    format!("{what}, every {} s", probe.period_seconds.unwrap_or(10))
}
