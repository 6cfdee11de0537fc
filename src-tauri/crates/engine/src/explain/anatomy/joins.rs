//! What has to match what, for a connection to reach a pod; and where it does not.

use k8s_openapi::{
    api::core::v1::{Service, ServicePort},
    apimachinery::pkg::util::intstr::IntOrString,
};

use crate::{
    explain::{
        doctor::{listening, probed::Probed},
        facts::Facts,
        mark::{Mark, PodBrief, marks},
        view::{AnatomyObject, End, FindingCode, Join, JoinKind},
    },
    service,
};

const SELECTOR: &str = "A Service leads to every pod that has all labels of its selector; the template gives its labels to each pod that it makes.";
const NODE_PORT: &str = "Every node listens at the nodePort, and passes what comes there to the Service's port.";
const TARGET_PORT: &str =
    "Clients in the cluster use the Service's port; on the way to a pod it becomes the targetPort.";
const BY_NAME: &str = "A targetPort that is a name is looked up in each pod, so that pods may differ in the number.";
const BY_NUMBER: &str =
    "A targetPort that is a number is taken as it is: a program may listen there without its container declaring it.";
const HEADLESS: &str =
    "A headless Service is only a name for its pods: a client that asks for it connects to the pod's own port.";

/// The service is the first of the objects; these are the others, where they are shown.
#[derive(Debug, Default)]
pub(super) struct Places {
    pub(super) template: Option<usize>,
    pub(super) pod: Option<usize>,
}

pub(super) fn of(
    facts: &Facts,
    service: &Service,
    objects: &[AnatomyObject],
    places: &Places,
    probed: &[Probed],
) -> Vec<Join> {
    let mut joins = selector(facts, service, objects, places);
    for (place, port) in service::ports(service).iter().enumerate() {
        joins.extend(Ports { facts, service, objects, places, place, port }.joins(probed));
    }
    joins
}

fn end(object: usize, field: impl Into<String>) -> End {
    End { object: u32::try_from(object).unwrap_or(u32::MAX), field: field.into() }
}

/// Each pair of the selector, with the template's labels and the pod's.
fn selector(facts: &Facts, service: &Service, objects: &[AnatomyObject], places: &Places) -> Vec<Join> {
    let Some(labels) = service::selector(service) else { return Vec::new() };
    let join = |key: &str, to: Option<End>, broken| Join {
        kind: JoinKind::Selector,
        from: end(0, format!("spec.selector.{key}")),
        to,
        broken,
        lesson: SELECTOR.into(),
    };
    let others = [(places.template, "spec.template.metadata.labels"), (places.pod, "metadata.labels")];
    let others: Vec<(usize, &str)> = others.into_iter().filter_map(|(at, field)| Some((at?, field))).collect();
    let nobody = facts.serving().is_some_and(|pods| pods.is_empty()).then_some(FindingCode::SelectorMatchesNothing);
    let mut joins = Vec::new();
    for key in labels.keys() {
        if others.is_empty() && nobody.is_some() {
            joins.push(join(key, None, nobody));
        }
        for (at, field) in &others {
            let field = format!("{field}.{key}");
            let line = objects[*at].lines.iter().find(|line| line.field == field);
            let pair = objects[0].lines.iter().find(|line| line.field == format!("spec.selector.{key}"));
            // Both are written by the same rule.
            let holds = line.is_some() && line.map(|line| &line.text) == pair.map(|line| &line.text);
            let broken = (!holds).then_some(FindingCode::SelectorMatchesNothing);
            joins.push(join(key, line.map(|line| end(*at, &line.field)), broken));
        }
    }
    joins
}

/// One port of the Service.
struct Ports<'a> {
    facts: &'a Facts,
    service: &'a Service,
    objects: &'a [AnatomyObject],
    places: &'a Places,
    place: usize,
    port: &'a ServicePort,
}

impl Ports<'_> {
    fn joins(&self, probed: &[Probed]) -> Vec<Join> {
        let field = |name: &str| format!("spec.ports.{}.{name}", self.place);
        let inside = |kind, from: &str, to: &str, lesson: &str| Join {
            kind,
            from: end(0, field(from)),
            to: Some(end(0, field(to))),
            broken: None,
            lesson: lesson.into(),
        };
        let mut joins = Vec::new();
        if self.port.node_port.is_some() {
            joins.push(inside(JoinKind::NodePort, "nodePort", "port", NODE_PORT));
        }
        let headless = service::is_headless(self.service);
        if self.port.target_port.is_some() && !headless {
            joins.push(inside(JoinKind::TargetPort, "port", "targetPort", TARGET_PORT));
        }
        // Without pods there is nothing to lead to.
        if service::selector(self.service).is_none() || self.objects.len() < 2 {
            return joins;
        }
        let from = if headless || self.port.target_port.is_none() { "port" } else { "targetPort" };
        let lesson = match service::target_name(self.port) {
            _ if headless => HEADLESS,
            Some(_) => BY_NAME,
            None => BY_NUMBER,
        };
        let listening = probed.iter().find(|probed| i32::from(probed.port) == self.port.port).and_then(listening);
        joins.push(Join {
            kind: JoinKind::ContainerPort,
            from: end(0, field(from)),
            to: self.container_port(headless),
            broken: self.mark().or(listening),
            lesson: lesson.into(),
        });
        joins
    }

    /// What the doctor says of this port, from the objects alone.
    fn mark(&self) -> Option<FindingCode> {
        let briefs: Vec<PodBrief> = self.facts.serving()?.into_iter().filter_map(PodBrief::of).collect();
        let here = |mark: &Mark| matches!(mark, Mark::Unnamed { port } | Mark::Differs { port } if *port == self.place);
        marks(self.service, &briefs.iter().collect::<Vec<_>>()).iter().find(|mark| here(mark)).map(Mark::code)
    }

    /// The line of the container's port, where one declares it: in the template, else in the pod.
    fn container_port(&self, headless: bool) -> Option<End> {
        let wanted = match &self.port.target_port {
            Some(IntOrString::String(name)) if !headless => format!("name: {name}"),
            Some(IntOrString::Int(number)) if !headless => format!("containerPort: {number}"),
            _ => format!("containerPort: {}", self.port.port),
        };
        [self.places.template, self.places.pod].into_iter().flatten().find_map(|at| {
            let ports = self.objects[at].lines.iter().filter(|line| line.field.contains(".ports."));
            let mut found = ports.filter(|line| line.text.trim_start_matches("- ") == wanted);
            found.next().map(|line| end(at, &line.field))
        })
    }
}
