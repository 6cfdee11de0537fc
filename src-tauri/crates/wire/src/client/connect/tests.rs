use http::Uri;
use hyper_rustls::MaybeHttpsStream;
use socket2::SockRef;

use super::{
    fakes::{Fake, NAME, api, fake, http_proxy, https_proxy, socks_proxy, tls_api},
    *,
};
use crate::client::proxy::{Environment, choose};

/// The proxy as the kubeconfig would name it.
fn named(url: &str) -> Option<Proxy> {
    let server = Uri::from_static("https://shop.test:6443");
    choose(Some(&url.parse().unwrap()), &server, &Environment::default()).unwrap()
}

/// Why a connection to `server` fails.
async fn failure(config: &kube::Config, proxy: Option<Proxy>) -> String {
    let connector = Connector::new(config, proxy, &Arc::default()).unwrap();
    innermost(&*connector.oneshot(config.cluster_url.clone()).await.err().unwrap())
}

fn trusting(server: &str, certificate: Vec<u8>) -> kube::Config {
    let mut config = kube::Config::new(server.parse().unwrap());
    config.root_cert = Some(vec![certificate]);
    config
}

#[tokio::test]
async fn every_socket_has_its_options() {
    let server = api().await;
    let proxy = http_proxy(server.address).await;
    for proxy in [None, named(&proxy.url("http"))] {
        let transport = Dialer::new(proxy).unwrap().dial(server.url("http").parse().unwrap()).await.unwrap();
        let MaybeHttpsStream::Http(tcp) = transport else { panic!("not in clear") };
        let socket = SockRef::from(tcp.inner());
        assert!(socket.tcp_nodelay().unwrap());
        assert!(socket.keepalive().unwrap());
        #[cfg(target_os = "linux")]
        {
            assert_eq!(socket.tcp_keepalive_time().unwrap(), KEEPALIVE_IDLE);
            assert_eq!(socket.tcp_keepalive_interval().unwrap(), KEEPALIVE_INTERVAL);
            assert_eq!(socket.tcp_keepalive_retries().unwrap(), KEEPALIVE_PROBES);
            assert_eq!(socket.tcp_user_timeout().unwrap(), None);
        }
    }
}

/// Accepts, and says nothing.
async fn silent() -> Fake {
    fake(|stream, _| async move {
        let _open = stream;
        std::future::pending::<()>().await;
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn tcp_proxy_and_tls_share_one_deadline() {
    let server = silent().await;
    let proxies = [None, named(&server.url("http")), named(&server.url("socks5")), named(&server.url("https"))];
    for proxy in proxies {
        let through = proxy.as_ref().map(|_| format!(" through the proxy {}", server.address));
        let config = kube::Config::new(server.url("https").parse().unwrap());
        let asked = tokio::time::Instant::now();
        let says = tokio::time::timeout(Duration::from_secs(3600), failure(&config, proxy)).await.unwrap();
        assert_eq!(says, format!("no connection within 4 s{}", through.unwrap_or_default()));
        assert_eq!(asked.elapsed().as_secs(), 4);
    }
}

/// A TCP connect that stays open is the other half of it: the system drops SYNs once the backlog is full.
#[cfg(target_os = "linux")]
#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_accept_is_given_up_in_the_same_words() {
    let listener = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    listener.bind(&std::net::SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    listener.listen(1).unwrap();
    let address = listener.local_addr().unwrap().as_socket().unwrap();
    let mut queued = Vec::new();
    while let Ok(stream) = std::net::TcpStream::connect_timeout(&address, Duration::from_millis(200)) {
        queued.push(stream);
    }
    let config = kube::Config::new(format!("http://{address}").parse().unwrap());
    let says = tokio::time::timeout(Duration::from_secs(3600), failure(&config, None)).await.unwrap();
    assert_eq!(says, "no connection within 4 s");
}

#[tokio::test]
async fn what_fails_at_a_proxy_names_the_proxy() {
    let refusing = fake(|mut stream, _| async move {
        use tokio::io::AsyncWriteExt;
        fakes::read_head(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n").await;
    })
    .await;
    let config = kube::Config::new("https://shop.test:6443".parse().unwrap());
    let says = failure(&config, named(&refusing.url("http"))).await;
    let address = refusing.address;
    assert_eq!(
        says,
        format!("the proxy {address} does not connect to shop.test:6443: tunnel error: proxy authorization required")
    );

    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for scheme in ["http", "https", "socks5"] {
        let says = failure(&config, named(&format!("{scheme}://me:s3cr3t@{gone}"))).await;
        assert!(says.starts_with(&format!("the proxy {gone} cannot be reached: ")), "{says}");
        assert!(says.to_lowercase().contains("refused") && !says.contains("s3cr3t"), "{says}");
    }
}

#[tokio::test]
async fn without_a_proxy_the_system_speaks_for_itself() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let config = kube::Config::new(format!("https://{gone}").parse().unwrap());
    let says = failure(&config, None).await;
    assert!(says.to_lowercase().contains("refused") && !says.contains("proxy"), "{says}");

    let (server, _) = tls_api().await;
    let (_, other) = fakes::tls();
    let says = failure(&trusting(&server.url("https"), other), None).await;
    assert!(says.contains("certificate"), "{says}");
}

#[tokio::test]
async fn a_proxy_with_tls_is_not_trusted_for_the_clusters_sake() {
    let (server, _) = tls_api().await;
    let (proxy, certificate) = https_proxy(server.address).await;
    // The cluster's CA has signed for the proxy; and the cluster goes unverified. Neither says anything of a proxy.
    let mut config = trusting(&format!("https://{NAME}:6443"), certificate);
    config.accept_invalid_certs = true;
    let url = proxy.url("https").replace("//", "//me:s3cr3t@");
    let says = failure(&config, named(&url)).await;
    assert!(says.starts_with(&format!("the proxy {} cannot be reached: ", proxy.address)), "{says}");
    assert!(says.contains("certificate"), "{says}");
    // It was talked to in TLS, and told nothing.
    let told = proxy.notes.some().await;
    assert!(matches!(&told[..], [alert] if !alert.contains("CONNECT")), "{told:?}");
}

#[test]
fn a_certificate_is_for_the_urls_name_or_address() {
    for (url, name) in [
        ("https://shop.test:6443", "shop.test"),
        ("https://127.0.0.7", "127.0.0.7"),
        ("https://[fd00::7]:6443", "fd00::7"),
    ] {
        assert_eq!(named_by(&url.parse().unwrap()).unwrap().to_str(), name);
    }
    let mut config = kube::Config::new("https://shop.test".parse().unwrap());
    config.tls_server_name = Some("no name".into());
    let refused = Connector::new(&config, None, &Arc::default()).err();
    assert!(matches!(refused, Some(kube::Error::RustlsTls(RustlsTlsError::InvalidServerName(_)))), "{refused:?}");
}

#[tokio::test]
async fn a_url_that_is_neither_http_nor_https_is_refused() {
    let config = kube::Config::new("ftp://shop.test".parse().unwrap());
    assert_eq!(failure(&config, None).await, "unsupported scheme ftp");
}

/// The host and port that a proxy is asked for, by the server's URL.
#[tokio::test]
async fn a_proxy_is_given_the_servers_name_and_port() {
    let server = api().await;
    let (http, socks) = (http_proxy(server.address).await, socks_proxy(server.address).await);
    for (url, connect, name) in [
        ("https://shop.test", "CONNECT shop.test:443 ", "name shop.test 443"),
        ("http://shop.test", "CONNECT shop.test:80 ", "name shop.test 80"),
        ("http://shop.test:8001", "CONNECT shop.test:8001 ", "name shop.test 8001"),
        ("http://127.0.0.7:8001", "CONNECT 127.0.0.7:8001 ", "127.0.0.7 8001"),
    ] {
        for proxy in [http.url("http"), socks.url("socks5"), socks.url("socks5h")] {
            Dialer::new(named(&proxy)).unwrap().dial(url.parse().unwrap()).await.unwrap();
        }
        let asked = http.notes.all().pop().unwrap();
        assert!(asked.starts_with(connect), "{asked}");
        assert_eq!(socks.notes.all()[socks.notes.all().len() - 2..], [name, name]);
    }
}
