//! The server as clients meet it, over TCP.

mod faults;
mod lists;
mod users;
mod watches;
mod writes;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use http::{Method, Request};
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::TokioIo;
use k8s_openapi::api::core::v1::Pod;
use kube::{
    Api, Client, Config,
    config::{KubeConfigOptions, Kubeconfig},
};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_rustls::{
    TlsConnector,
    rustls::{ClientConfig, RootCertStore, pki_types::ServerName},
};

use crate::{Demo, Options, kind::Kind};

/// An empty cluster with one namespace.
async fn demo() -> Demo {
    let demo = Demo::start(Options { manifests: Vec::new(), ..Options::default() }).await.unwrap();
    let namespaces = Kind::named("v1", "Namespace").unwrap();
    if demo.store().get(namespaces, "", "shop").is_none() {
        demo.store().create(namespaces, "", json!({"metadata": {"name": "shop"}})).unwrap();
    }
    demo
}

async fn client_of(demo: &Demo, user: &str) -> Client {
    let config = Kubeconfig::from_yaml(&demo.server().kubeconfig_of(user)).unwrap();
    let config = Config::from_custom_kubeconfig(config, &KubeConfigOptions::default()).await.unwrap();
    Client::try_from(config).unwrap()
}

async fn client(demo: &Demo) -> Client {
    client_of(demo, "demo").await
}

async fn pods(demo: &Demo) -> Api<Pod> {
    Api::namespaced(client(demo).await, "shop")
}

/// A pod that no controller looks at.
fn pod(name: &str, app: &str) -> Value {
    json!({
        "metadata": {"name": name, "labels": {"app": app}},
        "spec": {"containers": [{"name": "web", "image": "none:1"}], "schedulerName": "nobody"},
    })
}

fn add(demo: &Demo, name: &str, app: &str) {
    demo.store().create(Kind::named("v1", "Pod").unwrap(), "shop", pod(name, app)).unwrap();
}

/// What a request is answered, whatever it is: with any header, and no look at its code.
async fn ask(client: &Client, method: Method, path: &str, headers: &[(&str, &str)], body: Value) -> Value {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
    let answer = client.send(request.body(kube::client::Body::from(body)).unwrap()).await.unwrap();
    let bytes = answer.into_body().collect_bytes().await.unwrap();
    serde_json::from_slice(&bytes).unwrap_or_else(|_| json!(String::from_utf8_lossy(&bytes)))
}

async fn get(client: &Client, path: &str) -> Value {
    ask(client, Method::GET, path, &[], Value::Null).await
}

/// What is answered to a client that has no layers which try again.
pub(super) async fn raw(demo: &Demo, path: &str) -> (u16, http::HeaderMap, Value) {
    let config = Kubeconfig::from_yaml(&demo.server().kubeconfig_of("demo")).unwrap();
    let authority = config.clusters[0].cluster.as_ref().unwrap().certificate_authority_data.clone().unwrap();
    let pem = String::from_utf8(BASE64_STANDARD.decode(authority).unwrap()).unwrap();
    let der: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let mut roots = RootCertStore::empty();
    roots.add(BASE64_STANDARD.decode(der).unwrap().into()).unwrap();
    let provider = tokio_rustls::rustls::crypto::ring::default_provider();
    let tls = ClientConfig::builder_with_provider(provider.into()).with_safe_default_protocol_versions().unwrap();
    let tls = TlsConnector::from(std::sync::Arc::new(tls.with_root_certificates(roots).with_no_client_auth()));
    let stream = TcpStream::connect(demo.server().url().trim_start_matches("https://")).await.unwrap();
    let stream = tls.connect(ServerName::try_from("127.0.0.1").unwrap(), stream).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let token = format!("Bearer {}", demo.server().token());
    let request = Request::get(path).header("authorization", token).header("host", "demo");
    let answer = sender.send_request(request.body(Empty::<bytes::Bytes>::new()).unwrap()).await.unwrap();
    let (head, carried) = answer.into_parts();
    let body = carried.collect().await.unwrap().to_bytes();
    (head.status.as_u16(), head.headers, serde_json::from_slice(&body).unwrap())
}
