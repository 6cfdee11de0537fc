//! Every finding, from the YAML of what makes it; and none where all is well or nothing is known.

mod reach;
mod stated;

use super::*;
use crate::explain::facts::sample::facts;

/// The front: a Service with two ports.
const WEB: &str = "
kind: Service
metadata: {name: web, namespace: shop}
spec:
  type: NodePort
  selector: {app: web}
  ports: [{name: http, port: 80, targetPort: http, nodePort: 30080}, {name: echo, port: 7, targetPort: 7}]
";

/// A ready pod of it.
const POD: &str = "
---
kind: Pod
metadata: {name: web-1, namespace: shop, uid: u1, labels: {app: web, version: '1'}}
spec:
  nodeName: node1
  containers: [{name: c, image: 'web:1', ports: [{name: http, containerPort: 8080}]}]
status:
  phase: Running
  conditions: [{type: Ready, status: 'True'}]
  containerStatuses: [{name: c, ready: true, restartCount: 0, image: '', imageID: '', state: {running: {}}}]
";

/// The one container of [`POD`] in another state.
fn ill(state: &str) -> String {
    let pod = POD.replace("status: 'True'", "status: 'False', message: 'containers with unready status: [c]'");
    pod.replace("ready: true, restartCount: 0, image: '', imageID: '', state: {running: {}}", state)
}

/// All that is told of these objects, without probes.
fn told(yaml: &str) -> Vec<Finding> {
    findings(&facts(yaml), &[])
}

/// All words of a finding, for a look at what is in them.
fn words(finding: &Finding) -> String {
    let evidence = finding.evidence.iter().map(|e| format!("{} {} = {}\n", e.object, e.field, e.value));
    let snippet = finding.snippet.iter().map(|snippet| format!("{}\n{}\n", snippet.title, snippet.text));
    format!("{}\n{}\n{}{}", finding.why, finding.next, evidence.collect::<String>(), snippet.collect::<String>())
}
