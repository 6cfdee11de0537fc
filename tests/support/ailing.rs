//! Services that do not work, each in its own way: what makes them, and what the doctor has to find. They are the same on a
//! demo cluster and on a real one.

use portolan_engine::explain::view::{Explanation, FindingCode, Severity};
use serde_json::{Value, json};

use crate::{Result, cluster::Cluster, temporary::Temporary};

/// Changes the spec of a pod.
type Change = fn(&mut Value);

/// A Service that does not work.
#[derive(Debug)]
pub struct Ailing {
    /// What is wrong with it.
    pub code: FindingCode,
    /// How bad that is.
    pub severity: Severity,
    /// What the evidence has to name: an object's kind, and a value that was read there.
    pub read: (&'static str, &'static str),
    /// How many pods its Deployment has, and what is changed in them; `None` for no Deployment.
    pods: Option<(usize, Change)>,
    /// What is changed in one more pod, if there is one.
    besides: Option<Change>,
    /// The Service's spec, with that selector.
    service: fn(Value) -> Value,
}

fn same(_: &mut Value) {}

fn no_image(spec: &mut Value) {
    spec["containers"][0]["image"] = json!("docker.io/library/nobody:1");
}

fn www(spec: &mut Value) {
    spec["containers"][0]["ports"] = json!([{"name": "www", "containerPort": 80}]);
    spec["containers"][0]["readinessProbe"] = Value::Null;
}

/// Ready as soon as it runs: the kubelet, too, comes by the pod's address.
fn localhost(spec: &mut Value) {
    spec["containers"][0]["env"] = json!([{"name": "LISTEN_ON", "value": "127.0.0.1"}]);
    spec["containers"][0]["readinessProbe"] = Value::Null;
}

fn address(spec: &mut Value) {
    let from = json!({"fieldRef": {"fieldPath": "status.podIP"}});
    spec["containers"][0]["env"] = json!([{"name": "LISTEN_ON", "valueFrom": from}]);
}

fn to(selector: Value, target: Value) -> Value {
    json!({"selector": selector, "ports": [{"name": "http", "port": 80, "targetPort": target}]})
}

fn http(selector: Value) -> Value {
    to(selector, json!("http"))
}

/// All that objects in a cluster can show. The API server's own troubles are not made of objects.
pub const AILING: [Ailing; 12] = [
    Ailing {
        code: FindingCode::SelectorMatchesNothing,
        severity: Severity::Error,
        read: ("pod/", "not set"),
        pods: Some((1, same)),
        besides: None,
        service: |mut selector| {
            selector["tier"] = json!("front");
            http(selector)
        },
    },
    Ailing {
        code: FindingCode::NoPodReady,
        severity: Severity::Error,
        read: ("pod/", "ErrImageNeverPull"),
        pods: Some((1, no_image)),
        besides: None,
        service: http,
    },
    Ailing {
        code: FindingCode::SomePodsNotReady,
        severity: Severity::Warning,
        read: ("pod/", "ErrImageNeverPull"),
        pods: Some((1, same)),
        besides: Some(no_image),
        service: http,
    },
    Ailing {
        code: FindingCode::ScaledToZero,
        severity: Severity::Error,
        read: ("deploy/", "0"),
        pods: Some((0, same)),
        besides: None,
        service: http,
    },
    Ailing {
        code: FindingCode::TargetPortUnnamed,
        severity: Severity::Error,
        read: ("pod/", "http 80 and echo 7"),
        pods: Some((1, same)),
        besides: None,
        service: |selector| to(selector, json!("nope")),
    },
    Ailing {
        code: FindingCode::TargetPortDiffers,
        severity: Severity::Warning,
        read: ("pod/", "www 80"),
        pods: Some((1, same)),
        besides: Some(www),
        service: http,
    },
    Ailing {
        code: FindingCode::NothingListens,
        severity: Severity::Error,
        read: ("pod/", "refused"),
        pods: Some((1, same)),
        besides: None,
        service: |selector| to(selector, json!(81)),
    },
    Ailing {
        code: FindingCode::LocalhostOnly,
        severity: Severity::Error,
        read: ("pod/", "200 OK"),
        pods: Some((1, localhost)),
        besides: None,
        service: http,
    },
    Ailing {
        code: FindingCode::PodIpOnly,
        severity: Severity::Warning,
        read: ("svc/", "200 OK"),
        pods: Some((1, address)),
        besides: None,
        service: http,
    },
    Ailing {
        code: FindingCode::NoSelector,
        severity: Severity::Error,
        read: ("svc/", "not set"),
        pods: None,
        besides: None,
        service: |_| json!({"ports": [{"port": 80}]}),
    },
    Ailing {
        code: FindingCode::ExternalName,
        severity: Severity::Note,
        read: ("svc/", "smtp.example.org"),
        pods: None,
        besides: None,
        service: |_| json!({"type": "ExternalName", "externalName": "smtp.example.org"}),
    },
    Ailing {
        code: FindingCode::NotTcp,
        severity: Severity::Warning,
        read: ("svc/", "UDP"),
        pods: Some((1, same)),
        besides: None,
        service: |selector| json!({"selector": selector, "ports": [{"port": 53, "protocol": "UDP"}]}),
    },
];

impl Ailing {
    /// Makes it. Its pods are not awaited.
    ///
    /// # Errors
    /// When the cluster does not take it.
    pub async fn make(&self, cluster: &Cluster) -> Result<Temporary> {
        let own = Temporary::new("ailing");
        if let Some((replicas, change)) = self.pods {
            own.deployment_of(cluster, replicas, change).await?;
        }
        if let Some(change) = self.besides {
            own.pod_of(cluster, change).await?;
        }
        own.service_of(cluster, (self.service)(own.app())).await?;
        Ok(own)
    }

    /// Whether this is all that is found, and is founded on what was to be read.
    pub fn is_told(&self, explanation: &Explanation) -> bool {
        let [found] = explanation.findings.as_slice() else { return false };
        let (object, value) = self.read;
        let read = found.evidence.iter().any(|e| e.object.starts_with(object) && e.value.contains(value));
        let worded = !found.why.is_empty() && !found.next.is_empty();
        (found.code, found.severity) == (self.code, self.severity) && read && worded && explanation.unread.is_empty()
    }
}
