use std::sync::Arc;

use futures::future::BoxFuture;
use http::{Method, Request};
use kube::{
    Client, Config,
    config::{KubeConfigOptions, Kubeconfig},
};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::{
    Demo, Options,
    kind::Kind,
    network::{Inside, Program, Running},
    socket::Socket,
};

/// Answers every request with its own first line and headers.
#[derive(Debug)]
struct Mirror;

impl Program for Mirror {
    fn listens(&self, port: u16) -> bool {
        port == 8080
    }

    fn serve(&self, _port: u16, mut socket: Socket, _inside: Inside) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(socket.read_u8().await.unwrap());
            }
            let begin = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", head.len());
            socket.write_all(&[begin.as_bytes(), &head].concat()).await.unwrap();
            socket.shutdown().await.unwrap();
        })
    }
}

/// A pod that runs, and Services of all sorts.
async fn demo() -> (Demo, Running) {
    let demo = Demo::start(Options { manifests: Vec::new(), ..Options::default() }).await.unwrap();
    let store = demo.store();
    let add = |api_version, kind, object| {
        store.create(Kind::named(api_version, kind).unwrap(), "proxied", object).unwrap().uid.clone()
    };
    let uid = add(
        "v1",
        "Pod",
        json!({
            "metadata": {"name": "web"}, "status": {"phase": "Running", "podIP": "10.1.2.3"},
            "spec": {"containers": [{"name": "web", "ports": [{"containerPort": 8080}]}], "schedulerName": "nobody"},
        }),
    );
    for (name, port) in [("good", 8080), ("refused", 81)] {
        let ports = json!([{"name": "http", "port": 80, "targetPort": port}]);
        add("v1", "Service", json!({"metadata": {"name": name}, "spec": {"ports": ports}}));
        let labels = json!({"kubernetes.io/service-name": name});
        for (suffix, ready, uid) in [("a", true, uid.as_str()), ("b", false, "gone")] {
            let endpoint = json!({
                "addresses": ["10.1.2.3"], "conditions": {"ready": ready}, "targetRef": {"kind": "Pod", "uid": uid},
            });
            add(
                "discovery.k8s.io/v1",
                "EndpointSlice",
                json!({
                    "metadata": {"name": format!("{name}-{suffix}"), "labels": labels}, "addressType": "IPv4",
                    "endpoints": [endpoint], "ports": [{"name": "http", "port": port, "protocol": "TCP"}],
                }),
            );
        }
    }
    add("v1", "Service", json!({"metadata": {"name": "nosel"}, "spec": {"ports": [{"port": 80}]}}));
    let running = demo.network().start(&uid, "proxied", "web", "mirror:1", Arc::new(Mirror));
    (demo, running)
}

/// The answer's code, where it leads, and what it says.
async fn get(demo: &Demo, path: &str) -> (u16, String, String) {
    let config = Kubeconfig::from_yaml(&demo.server().kubeconfig_of("demo")).unwrap();
    let config = Config::from_custom_kubeconfig(config, &KubeConfigOptions::default()).await.unwrap();
    let request = Request::builder().method(Method::GET).uri(format!("/api/v1/namespaces/proxied/{path}"));
    let request = request.body(kube::client::Body::empty()).unwrap();
    // The client follows no redirect, and tries nothing again for long.
    let answer = Client::try_from(config).unwrap().send(request).await.unwrap();
    let location = answer.headers().get("location").map(|to| to.to_str().unwrap().to_owned()).unwrap_or_default();
    let code = answer.status().as_u16();
    (code, location, String::from_utf8(answer.into_body().collect_bytes().await.unwrap().to_vec()).unwrap())
}

#[tokio::test]
async fn requests_reach_the_pods_behind_a_service() {
    let (demo, _running) = demo().await;
    for way in ["services/good:http", "services/good:80", "services/http:good:http", "pods/web", "pods/web:8080"] {
        let (code, _, mirrored) = get(&demo, &format!("{way}/proxy/a/b?c=d")).await;
        assert_eq!((code, mirrored.lines().next()), (200, Some("GET /a/b?c=d HTTP/1.1")), "{way}");
        assert!(mirrored.contains("host: 10.1.2.3:8080"), "{mirrored}");
        assert!(!mirrored.contains("Bearer"), "{mirrored}");
    }
}

#[tokio::test]
async fn a_folder_is_named_as_one() {
    let (demo, _running) = demo().await;
    let (code, location, _) = get(&demo, "pods/web/proxy").await;
    assert_eq!((code, location.as_str()), (301, "/api/v1/namespaces/proxied/pods/web/proxy/"));
}

#[tokio::test]
async fn what_is_not_behind_it_is_told_in_kubernetes_words() {
    let (demo, _running) = demo().await;
    for (way, code, message) in [
        ("services/nope", 404, r#"services \"nope\" not found"#),
        ("services/nosel", 404, r#"services \"nosel\" not found"#),
        ("pods/nope", 404, r#"pods \"nope\" not found"#),
    ] {
        let (answered, _, status) = get(&demo, &format!("{way}/proxy/")).await;
        assert_eq!(answered, code, "{way}");
        assert!(status.contains(message), "{status}");
    }
    for (way, message) in [
        ("services/good", r#"no endpoints available for service "good""#),
        ("services/good:nope", r#"no endpoints available for service "good:nope""#),
        ("services/refused:http", "error trying to reach service: dial tcp 10.1.2.3:81: connect: connection refused"),
    ] {
        let refused = super::super::tests::raw(&demo, &format!("/api/v1/namespaces/proxied/{way}/proxy/")).await;
        assert_eq!(
            (refused.0, &refused.2["message"], &refused.2["reason"]),
            (503, &json!(message), &json!("ServiceUnavailable"))
        );
    }
}
