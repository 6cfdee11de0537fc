//! Objects as the lines of their YAML that matter.

use std::collections::BTreeMap;

use k8s_openapi::{
    api::core::v1::{Container, Pod, Service},
    apimachinery::pkg::util::intstr::IntOrString,
};
use kube::ResourceExt;

use super::super::{facts::Owner, probe_line, view::AnatomyLine};
use crate::{pod as pods, service as services};

/// Lines that are being written.
#[derive(Debug, Default)]
pub(super) struct Lines(Vec<AnatomyLine>);

impl Lines {
    pub(super) fn done(self) -> Vec<AnatomyLine> {
        self.0
    }

    fn push(&mut self, depth: u32, field: impl Into<String>, text: impl Into<String>) {
        self.0.push(AnatomyLine { field: field.into(), depth, text: text.into() });
    }

    /// `key: value`; nothing where there is no value.
    fn value(&mut self, depth: u32, field: &str, value: Option<impl AsRef<str>>) {
        let key = field.rsplit('.').next().unwrap_or_default();
        if let Some(value) = value {
            self.push(depth, field, format!("{key}: {}", scalar(value.as_ref())));
        }
    }

    /// The same, where what matters need not be quoted.
    fn said(&mut self, depth: u32, field: &str, key: &str, value: impl std::fmt::Display) {
        self.push(depth, field, format!("{key}: {value}"));
    }

    fn labels(&mut self, depth: u32, field: &str, labels: &BTreeMap<String, String>) {
        let key = field.rsplit('.').next().unwrap_or_default();
        if labels.is_empty() {
            return;
        }
        self.push(depth, field, format!("{key}:"));
        for (key, value) in labels {
            self.push(depth + 1, format!("{field}.{key}"), format!("{key}: {}", scalar(value)));
        }
    }

    /// One item of a list: the first of its lines has the dash.
    fn item(&mut self, depth: u32, lines: impl IntoIterator<Item = (String, String)>) {
        for (place, (field, text)) in lines.into_iter().enumerate() {
            match place {
                0 => self.push(depth, field, format!("- {text}")),
                _ => self.push(depth + 1, field, text),
            }
        }
    }
}

pub(super) fn service(service: &Service) -> Lines {
    let mut lines = Lines::default();
    let Some(spec) = &service.spec else { return lines };
    lines.value(0, "spec.type", spec.type_.as_ref());
    lines.value(0, "spec.externalName", spec.external_name.as_ref());
    lines.value(0, "spec.clusterIP", spec.cluster_ip.as_ref());
    lines.value(0, "spec.externalTrafficPolicy", spec.external_traffic_policy.as_ref());
    lines.value(0, "spec.sessionAffinity", spec.session_affinity.as_ref());
    if services::publishes_all(service) {
        lines.value(0, "spec.publishNotReadyAddresses", Some("true"));
    }
    lines.labels(0, "spec.selector", &spec.selector.clone().unwrap_or_default());
    let ports = services::ports(service);
    if !ports.is_empty() {
        lines.push(0, "spec.ports", "ports:");
    }
    for (place, port) in ports.iter().enumerate() {
        let field = |name: &str| format!("spec.ports.{place}.{name}");
        let target = port.target_port.as_ref().map(|target| match target {
            IntOrString::Int(number) => number.to_string(),
            IntOrString::String(name) => name.clone(),
        });
        let protocol = Some(services::protocol(port)).filter(|protocol| *protocol != "TCP");
        let said = [
            port.name.as_ref().map(|name| (field("name"), format!("name: {}", scalar(name)))),
            port.node_port.map(|number| (field("nodePort"), format!("nodePort: {number}"))),
            Some((field("port"), format!("port: {}", port.port))),
            target.map(|target| (field("targetPort"), format!("targetPort: {target}"))),
            protocol.map(|protocol| (field("protocol"), format!("protocol: {protocol}"))),
        ];
        lines.item(1, said.into_iter().flatten());
    }
    lines
}

pub(super) fn template(owner: &Owner) -> Lines {
    let mut lines = Lines::default();
    if let Some(wanted) = owner.wanted {
        lines.said(0, "spec.replicas", "replicas", wanted);
    }
    lines.push(0, "spec.template", "template:");
    lines.labels(1, "spec.template.metadata.labels", &owner.labels());
    let spec = owner.template.spec.as_ref();
    containers(&mut lines, 1, "spec.template.spec", spec.map(|spec| spec.containers.as_slice()).unwrap_or_default());
    lines
}

pub(super) fn pod(pod: &Pod, with_containers: bool) -> Lines {
    let mut lines = Lines::default();
    lines.value(0, "metadata.name", Some(pod.name_any()));
    lines.labels(0, "metadata.labels", pod.labels());
    let spec = pod.spec.as_ref();
    if with_containers {
        containers(&mut lines, 0, "spec", spec.map(|spec| spec.containers.as_slice()).unwrap_or_default());
    }
    lines.value(0, "spec.nodeName", spec.and_then(|spec| spec.node_name.as_ref()));
    lines.value(0, "status.podIP", pod.status.as_ref().and_then(|status| status.pod_ip.as_ref()));
    let ready = if pods::is_ready(pod) { "True" } else { "False" };
    lines.said(0, "status.conditions.Ready", "Ready", ready);
    if pods::is_terminating(pod) {
        lines.said(0, "metadata.deletionTimestamp", "deletionTimestamp", "set");
    }
    lines
}

fn containers(lines: &mut Lines, depth: u32, at: &str, containers: &[Container]) {
    if containers.is_empty() {
        return;
    }
    lines.push(depth, format!("{at}.containers"), "containers:");
    for (place, container) in containers.iter().enumerate() {
        let field = |name: &str| format!("{at}.containers.{place}.{name}");
        lines.item(depth + 1, [(field("name"), format!("name: {}", scalar(&container.name)))]);
        let ports = container.ports.as_deref().unwrap_or_default();
        if !ports.is_empty() {
            lines.push(depth + 2, field("ports"), "ports:");
        }
        for (of, port) in ports.iter().enumerate() {
            let field = |name: &str| field(&format!("ports.{of}.{name}"));
            let protocol = port.protocol.as_deref().filter(|protocol| *protocol != "TCP");
            let said = [
                port.name.as_ref().map(|name| (field("name"), format!("name: {}", scalar(name)))),
                Some((field("containerPort"), format!("containerPort: {}", port.container_port))),
                protocol.map(|protocol| (field("protocol"), format!("protocol: {protocol}"))),
            ];
            lines.item(depth + 3, said.into_iter().flatten());
        }
        if let Some(probe) = &container.readiness_probe {
            lines.said(depth + 2, &field("readinessProbe"), "readinessProbe", probe_line(probe));
        }
    }
}

/// A string as YAML has it: quoted where it would be taken for something else.
fn scalar(text: &str) -> String {
    const WORDS: [&str; 9] = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/');
    let other = text.parse::<f64>().is_ok() || WORDS.contains(&text.to_ascii_lowercase().as_str());
    if text.is_empty() || text.starts_with('-') || other || !text.chars().all(plain) {
        return format!("{text:?}");
    }
    text.to_owned()
}
