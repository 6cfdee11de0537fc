//! What a Service is and why it does or does not work: its anatomy, its access paths and the doctor's findings.
//!
//! - [`view`] is what is told.
//! - `facts` is what is read, once, and what could not be.
//! - `doctor` says what is wrong; `mark` are the rules that the list shares with him.

#[allow(dead_code)]
mod doctor;
#[cfg_attr(not(test), expect(dead_code, reason = "the anatomy and the doctor read it"))]
#[cfg_attr(test, allow(dead_code, reason = "as above"))]
mod facts;
pub(crate) mod mark;
pub mod view;

use k8s_openapi::{api::core::v1::Probe, apimachinery::pkg::util::intstr::IntOrString};

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
