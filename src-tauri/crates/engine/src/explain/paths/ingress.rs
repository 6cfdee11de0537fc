//! The Ingress rules that lead to a Service.

use std::collections::BTreeSet;

use k8s_openapi::api::networking::v1::{Ingress, IngressBackend};
use kube::ResourceExt;

use super::{Drawn, Scene, facts_of::Sort};
use crate::explain::{
    ask::Ask,
    dial::How,
    port::Port,
    view::{AccessPath, Verdict},
};

/// One host and path of an Ingress that leads to the Service.
struct Rule<'a> {
    ingress: &'a Ingress,
    /// Empty for any.
    host: &'a str,
    path: &'a str,
    backend: &'a IngressBackend,
    /// Taken by what no rule takes.
    is_default: bool,
}

/// Every rule, of every Ingress, whose backend is this Service.
pub(super) fn rules(scene: &Scene) -> Vec<Drawn> {
    let ingresses = scene.facts.ingresses.iter().flatten();
    let leading = ingresses
        .flat_map(all_rules)
        .filter(|rule| rule.backend.service.as_ref().is_some_and(|service| service.name == scene.name()));
    leading.map(|rule| draw(scene, &rule)).collect()
}

fn all_rules(ingress: &Ingress) -> Vec<Rule<'_>> {
    let spec = ingress.spec.as_ref();
    let mut all = Vec::new();
    for rule in spec.into_iter().flat_map(|s| s.rules.iter().flatten()) {
        let host = rule.host.as_deref().unwrap_or_default();
        for path in rule.http.iter().flat_map(|http| &http.paths) {
            let (path, backend) = (path.path.as_deref().unwrap_or("/"), &path.backend);
            all.push(Rule { ingress, host, path, backend, is_default: false });
        }
    }
    let default = spec.and_then(|s| s.default_backend.as_ref());
    all.extend(default.map(|backend| Rule { ingress, host: "", path: "/", backend, is_default: true }));
    all
}

fn draw(scene: &Scene, rule: &Rule) -> Drawn {
    let given = given(rule.ingress);
    let is_tls = has_certificate(rule);
    let scheme = if is_tls { "https" } else { "http" };
    let shown = match (rule.host, given.as_deref()) {
        ("", None) => "ANY-HOST",
        ("", Some(address)) => address,
        (host, _) => host,
    };
    let url = format!("{scheme}://{shown}{}", rule.path);
    let sort = if is_tls { Sort::IngressTls } else { Sort::Ingress };
    let name = rule.ingress.name_any();
    let hop = match class(rule.ingress) {
        Some(class) => format!("ingress/{name} ({class})"),
        None => format!("ingress/{name}"),
    };
    let port = backend_port(scene, rule.backend);
    let end = match &port {
        Some(port) => vec![format!("svc/{}:{}", scene.name(), port.number), scene.behind.end(port)],
        None => vec![format!("svc/{} has no such port", scene.name())],
    };
    let mut way = vec![url.clone(), hop];
    way.extend(end);
    let path = AccessPath { port: port.as_ref().map(|port| port.number), way, ..sort.at(url) };
    let path = scene.behind.promised(path);
    let path = match rule.is_default {
        true => AccessPath { gives: format!("what no rule of ingress/{name} takes: {}", path.gives), ..path },
        false => path,
    };
    match ask(rule, given, is_tls) {
        Ok(ask) => Drawn { path, ask: Some(ask) },
        Err(why) => Drawn::unasked(AccessPath { verdict: Verdict::NotProbed { why: why.into() }, ..path }),
    }
}

/// What can be asked so that the answer is about this rule; else why nothing is.
fn ask(rule: &Rule, given: Option<String>, is_tls: bool) -> Result<Ask, &'static str> {
    let address = given.ok_or("its controller has given it no address")?;
    if rule.host.contains('*') {
        return Err("its host is a pattern");
    }
    if rule.path != "/" {
        return Err("only / is ever asked for, which may lead elsewhere");
    }
    // With a certificate there, what is plain is mostly sent away: that the port is open is what can be told.
    if is_tls {
        return Ok(Ask::Front { host: address, port: 443, how: How::Connect });
    }
    let host = if rule.host.is_empty() { address.clone() } else { rule.host.to_owned() };
    Ok(Ask::Front { host: address, port: 80, how: How::Get { host } })
}

/// The address in its status.
fn given(ingress: &Ingress) -> Option<String> {
    let balancer = ingress.status.as_ref()?.load_balancer.as_ref()?;
    balancer.ingress.iter().flatten().find_map(|one| one.ip.clone().or_else(|| one.hostname.clone()))
}

fn has_certificate(rule: &Rule) -> bool {
    let tls = rule.ingress.spec.iter().flat_map(|spec| spec.tls.iter().flatten());
    let hosts: BTreeSet<&str> = tls.flat_map(|tls| tls.hosts.iter().flatten()).map(String::as_str).collect();
    // `*.example.org` covers one label.
    let covered = rule.host.split_once('.').map(|(_, parent)| format!("*.{parent}"));
    !rule.host.is_empty()
        && (hosts.contains(rule.host) || covered.is_some_and(|covered| hosts.contains(covered.as_str())))
}

fn class(ingress: &Ingress) -> Option<String> {
    let named = ingress.spec.as_ref().and_then(|spec| spec.ingress_class_name.clone());
    named.or_else(|| ingress.annotations().get("kubernetes.io/ingress.class").cloned())
}

fn backend_port<'a>(scene: &'a Scene, backend: &IngressBackend) -> Option<&'a Port> {
    let wanted = backend.service.as_ref()?.port.as_ref()?;
    scene.ports.iter().find(|port| match (&wanted.name, wanted.number) {
        (Some(name), _) => port.name == *name,
        (None, Some(number)) => i32::from(port.number) == number,
        (None, None) => false,
    })
}
