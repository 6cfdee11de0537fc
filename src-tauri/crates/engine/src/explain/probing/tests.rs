//! What the doctor still asks, once the ways were asked.

use std::sync::{Arc, Mutex};

use futures::future::BoxFuture;
use portolan_wire::{Connection, Connector, Failure, Warmth};
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader, duplex, split};

use super::*;
use crate::{
    explain::{
        answer::{Answer, Unanswered},
        facts::sample,
        paths,
    },
    fake_api::{FakeApi, Verb, context},
};

/// Two pods that are ready; the second has been so for longer, and is what a tunnel chooses.
const WEB: &str = "
kind: Service
metadata: {name: web, namespace: shop}
spec: {clusterIP: 10.96.4.7, selector: {app: web}, ports: [{name: http, port: 8080, targetPort: http}]}
---
kind: Pod
metadata: {name: web-1, namespace: shop, uid: u1, labels: {app: web}}
spec: {containers: [{name: c, ports: [{name: http, containerPort: 80}]}]}
status: {conditions: [{type: Ready, status: 'True', lastTransitionTime: '2026-01-02T00:00:00Z'}]}
---
kind: Pod
metadata: {name: web-2, namespace: shop, uid: u2, labels: {app: web}}
spec: {containers: [{name: c, ports: [{name: http, containerPort: 8080}]}]}
status: {conditions: [{type: Ready, status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z'}]}
";

const PROXY: &str = "/api/v1/namespaces/shop/services/http:web:http/proxy/";

/// Pods that all answer, and who was dialled.
#[derive(Debug, Default)]
struct Pods(Mutex<Vec<String>>);

impl Connector for Pods {
    fn connect<'a>(&'a self, to: &'a PodPort, _first: &'a [u8]) -> BoxFuture<'a, Result<Connection, Failure>> {
        self.0.lock().unwrap().push(to.to_string());
        let (ours, mut theirs) = duplex(4096);
        tokio::spawn(async move {
            let mut request = [0; 16];
            let _ = theirs.read(&mut request).await;
            theirs.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.unwrap();
            let _ = theirs.read_to_end(&mut Vec::new()).await;
        });
        let (from_pod, to_pod) = split(ours);
        Box::pin(async { Ok(Connection::new(BufReader::new(from_pod), to_pod, async { Ok(()) })) })
    }

    fn warm(&self, _to: &PodPort) -> Warmth {
        unreachable!("nothing is measured where there is no node port")
    }

    fn retry_now(&self) {}

    fn renew(&self) {}
}

fn cluster(api: &FakeApi, pods: &Arc<Pods>) -> Cluster {
    Cluster::new(context(), "https://test".into(), api.cluster().client.clone(), pods.clone())
}

#[tokio::test]
async fn each_question_is_asked_once_whoever_has_it() {
    let (api, pods) = (FakeApi::with(&[]), Arc::<Pods>::default());
    let (facts, cluster) = (sample::facts(WEB), cluster(&api, &pods));
    let mut ways = paths::of(&facts, &cluster.context);
    let answered = paths::probe(&cluster, &facts, ProbePorts::All, &mut ways).await;
    assert_eq!(*pods.0.lock().unwrap(), ["web-2:8080"], "the tunnels to the Service and to its pod come to the same");
    let probed = probe(&cluster, &facts, ProbePorts::All, &answered).await;
    assert_eq!(*pods.0.lock().unwrap(), ["web-2:8080", "web-1:80"]);
    assert_eq!(api.asked(Verb::List, PROXY), 1);
    let answers = || Heard::Answers("200 OK".into());
    let tunnel = vec![("web-2".into(), 8080, answers()), ("web-1".into(), 80, answers())];
    // That server has no proxy, and says so.
    assert!(matches!(&probed[0].api_proxy, Some(Heard::Unasked(_))), "{probed:?}");
    assert_eq!((probed.len(), &probed[0].tunnel, probed[0].port), (1, &tunnel, 8080));
}

#[tokio::test]
async fn a_refusal_by_the_proxy_is_believed_only_the_second_time() {
    let (api, pods) = (FakeApi::with(&[]), Arc::<Pods>::default());
    let refused = Unanswered::ApiServer { code: 503, message: "connection refused".into() };
    let answered = Answered::from([(Ask::Proxy { path: PROXY.into() }, Answer { took_us: 1, said: Err(refused) })]);
    let probed = probe(&cluster(&api, &pods), &sample::facts(WEB), ProbePorts::All, &answered).await;
    assert_eq!(api.asked(Verb::List, PROXY), 1);
    assert!(matches!(&probed[0].api_proxy, Some(Heard::Unasked(_))), "{probed:?}");
}
