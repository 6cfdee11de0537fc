use std::time::Duration;

use futures::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;

use super::{
    connect::fakes::{NAME, api, fake, http_proxy, read_head, socks_proxy, tls_api},
    *,
};

fn config(server: &str) -> kube::Config {
    kube::Config::new(server.parse().unwrap())
}

/// Asks for `/version`.
async fn ask(config: kube::Config, environment: &Environment) -> kube::Result<String> {
    client(config, environment, None)?
        .0
        .request_text(Request::get("/version?pretty=true").body(Vec::new()).unwrap())
        .await
}

#[tokio::test]
async fn a_request_has_the_servers_url_the_credentials_and_the_headers() {
    let server = api().await;
    let mut config = config(&format!("{}/prefix", server.url("http")));
    config.auth_info.token = Some("t0ken".to_owned().into());
    config.auth_info.impersonate = Some("ops".into());
    config.headers = vec![("x-one".parse().unwrap(), "1".parse().unwrap())];
    config.default_namespace = "shop".into();
    let (client, _) = client(config, &Environment::default(), None).unwrap();
    assert_eq!(client.default_namespace(), "shop");
    let request = || Request::get("/version").body(Vec::new()).unwrap();
    assert_eq!(client.request_text(request()).await.unwrap(), "ok");
    let asked = server.notes.all().pop().unwrap();
    for part in ["GET /prefix/version HTTP/1.1", "authorization: Bearer t0ken", "impersonate-user: ops", "x-one: 1"] {
        assert!(asked.contains(part), "{part} in {asked}");
    }
}

#[tokio::test]
async fn tls_to_the_cluster_goes_through_either_proxy() {
    let (server, certificate) = tls_api().await;
    let (http, socks) = (http_proxy(server.address).await, socks_proxy(server.address).await);
    for url in [http.url("http"), socks.url("socks5")] {
        let mut config = config(&format!("https://{NAME}:6443"));
        config.root_cert = Some(vec![certificate.clone()]);
        config.proxy_url = Some(url.replace("//", "//me%40corp:p%3Ass@").parse().unwrap());
        assert_eq!(ask(config, &Environment::default()).await.unwrap(), "ok");
    }
    let asked = http.notes.all().pop().unwrap();
    assert!(asked.starts_with("CONNECT shop.test:6443 HTTP/1.1\r\n"), "{asked}");
    assert!(asked.contains("Proxy-Authorization: Basic bWVAY29ycDpwOnNz\r\n"), "{asked}");
    assert_eq!(socks.notes.all(), ["me@corp:p:ss", "name shop.test 6443"]);
    // The API server heard nothing of it.
    assert!(!server.notes.all().concat().to_lowercase().contains("proxy"));
}

#[tokio::test]
async fn the_clusters_address_decides_whether_the_environments_proxy_is_used() {
    let server = api().await;
    let proxy = http_proxy(server.address).await;
    let mut environment = Environment { http_proxy: proxy.url("http"), ..Environment::default() };
    assert_eq!(ask(config(&format!("http://{NAME}:8001")), &environment).await.unwrap(), "ok");
    assert_eq!(proxy.notes.all().len(), 1);
    // This machine is reached without.
    assert_eq!(ask(config(&server.url("http")), &environment).await.unwrap(), "ok");
    assert_eq!(proxy.notes.all().len(), 1);
    // Unless the kubeconfig says so, whatever the environment excludes.
    environment.no_proxy = "*".into();
    let mut named = config(&server.url("http"));
    named.proxy_url = Some(proxy.url("http").parse().unwrap());
    assert_eq!(ask(named, &environment).await.unwrap(), "ok");
    assert_eq!(proxy.notes.all().len(), 2);
}

#[tokio::test]
async fn a_proxy_that_cannot_be_used_is_not_gone_without() {
    let server = api().await;
    let mut config = config(&server.url("http"));
    config.proxy_url = Some("ftp://me:s3cr3t@127.0.0.1".parse().unwrap());
    let error = format!("{:?}", ask(config, &Environment::default()).await.unwrap_err());
    assert!(error.contains("kubeconfig") && error.contains("ftp") && !error.contains("s3cr3t"), "{error}");
    assert!(server.notes.all().is_empty());
}

#[tokio::test]
async fn the_name_in_the_certificate_can_be_another() {
    let (server, certificate) = tls_api().await;
    let mut config = config(&server.url("https"));
    config.root_cert = Some(vec![certificate]);
    config.tls_server_name = Some(NAME.into());
    assert_eq!(ask(config.clone(), &Environment::default()).await.unwrap(), "ok");
    config.tls_server_name = Some("other.test".into());
    assert!(ask(config.clone(), &Environment::default()).await.is_err());
    config.accept_invalid_certs = true;
    assert_eq!(ask(config, &Environment::default()).await.unwrap(), "ok");
}

#[cfg(unix)]
#[tokio::test]
async fn kube_runs_no_program() {
    let server = api().await;
    let folder = tempfile::tempdir().unwrap();
    let runs = folder.path().join("runs");
    let script = format!("echo run >> '{}'; echo '{{}}'", runs.display());
    let with = |auth: serde_json::Value| {
        let mut config = config(&server.url("http"));
        config.auth_info = serde_json::from_value(auth).unwrap();
        config
    };
    let exec = serde_json::json!({ "exec": {
        "apiVersion": "client.authentication.k8s.io/v1", "command": "sh", "args": ["-c", script], "interactiveMode": "Never",
    }});
    assert_eq!(ask(with(exec), &Environment::default()).await.unwrap(), "ok");
    assert!(!server.notes.all()[0].contains("authorization"));
    let path = folder.path().join("provider");
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let provider =
        serde_json::json!({ "auth-provider": { "name": "gcp", "config": { "cmd-path": path, "token-key": "t" } }});
    let error = ask(with(provider), &Environment::default()).await.unwrap_err();
    assert!(matches!(&error, kube::Error::Auth(AuthError::AuthExec(said)) if said.contains("gcp")), "{error:?}");
    assert!(!runs.exists(), "{:?}", std::fs::read_to_string(runs));
}

#[tokio::test]
async fn renewed_connections_are_taken_by_new_requests_and_leave_old_ones_alone() {
    let server = fake(|mut stream, notes| async move {
        notes.add("connected");
        while let Some(head) = read_head(&mut stream).await {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\no").await.unwrap();
            if head.contains("/watch") {
                notes.has(3).await;
            }
            stream.write_all(b"k").await.unwrap();
        }
    })
    .await;
    let (client, connections) = client(config(&server.url("http")), &Environment::default(), None).unwrap();
    let request = |path: &str| Request::get(path).body(Vec::new()).unwrap();
    let ask = || async { client.request_text(request("/version")).await.unwrap() };
    let watch = client.request_stream(request("/watch")).await.unwrap();
    assert_eq!((ask().await, ask().await), ("ok".into(), "ok".into()));
    assert_eq!(server.notes.all().len(), 2, "one for the watch, and one for those that come one after the other");
    connections.renew();
    assert_eq!((ask().await, ask().await), ("ok".into(), "ok".into()));
    assert_eq!(server.notes.all().len(), 3);
    let mut text = String::new();
    std::pin::pin!(watch).read_to_string(&mut text).await.unwrap();
    assert_eq!(text, "ok");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_gets_no_answer_ends() {
    let server = fake(|mut stream, notes| async move {
        while read_head(&mut stream).await.is_some() {
            notes.add("asked");
        }
    })
    .await;
    let asked = tokio::time::Instant::now();
    let environment = Environment::default();
    let asking = ask(config(&server.url("http")), &environment);
    let error = tokio::time::timeout(Duration::from_secs(3600), asking).await.unwrap().unwrap_err();
    assert!(format!("{error:?}").contains("no answer within 65 s"), "{error:?}");
    assert_eq!(asked.elapsed().as_secs(), 65);
    // Nor is it asked again unseen.
    assert_eq!(server.notes.all().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_response_may_be_quiet_for_hours() {
    const QUIET: Duration = Duration::from_secs(3 * 3600);
    let server = fake(|mut stream, _| async move {
        read_head(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n").await.unwrap();
        for byte in [b"o", b"k"] {
            tokio::time::sleep(QUIET).await;
            stream.write_all(byte).await.unwrap();
        }
    })
    .await;
    let (client, _) = client(config(&server.url("http")), &Environment::default(), None).unwrap();
    let asked = tokio::time::Instant::now();
    let stream = client.request_stream(Request::get("/watch").body(Vec::new()).unwrap()).await.unwrap();
    let mut text = String::new();
    std::pin::pin!(stream).read_to_string(&mut text).await.unwrap();
    assert_eq!(text, "ok");
    assert!(asked.elapsed() >= 2 * QUIET);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_tried_again_unseen() {
    let server = fake(|mut stream, notes| async move {
        while read_head(&mut stream).await.is_some() {
            notes.add("asked");
            let busy = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n";
            stream.write_all(busy).await.unwrap();
        }
    })
    .await;
    assert!(ask(config(&server.url("http")), &Environment::default()).await.is_err());
    assert_eq!(server.notes.all().len(), 1);
}

/// What a watch or a tunnel is: an upgraded stream, both ways.
#[tokio::test]
async fn an_upgrade_goes_through() {
    let server = fake(|mut stream, notes| async move {
        notes.add(read_head(&mut stream).await.unwrap());
        let switch = b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n";
        stream.write_all(switch).await.unwrap();
        let (mut from, mut to) = stream.split();
        let _ = tokio::io::copy(&mut from, &mut to).await;
    })
    .await;
    let (client, _) = client(config(&server.url("http")), &Environment::default(), None).unwrap();
    let request = Request::get("/echo").header("connection", "upgrade").header("upgrade", "echo");
    let response = client.send(request.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.status(), 101);
    let mut stream = hyper_util::rt::TokioIo::new(hyper::upgrade::on(response).await.unwrap());
    stream.write_all(b"hello").await.unwrap();
    let mut back = [0; 5];
    tokio::io::AsyncReadExt::read_exact(&mut stream, &mut back).await.unwrap();
    assert_eq!(&back, b"hello");
    // kube's own upgrade header comes untouched.
    assert!(server.notes.all()[0].contains("upgrade: echo"));
}
