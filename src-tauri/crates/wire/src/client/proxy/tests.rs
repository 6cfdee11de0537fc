use super::*;

const ONE: &str = "https://one.corp:6443";

fn environment(https: &str, http: &str, no: &str) -> Environment {
    Environment { https_proxy: https.into(), http_proxy: http.into(), no_proxy: no.into() }
}

fn chosen(kubeconfig: Option<&str>, server: &str, environment: &Environment) -> Option<(Kind, String)> {
    let kubeconfig = kubeconfig.map(|url| url.parse().unwrap());
    let proxy = choose(kubeconfig.as_ref(), &server.parse().unwrap(), environment).unwrap()?;
    Some((proxy.kind, proxy.address().to_owned()))
}

#[test]
fn the_kubeconfig_goes_before_the_environment_and_the_cluster_decides() {
    let both = environment("http://tls:3128", "http://clear:3128", "two.corp,10.0.0.0/8,three.corp:6443");
    let none = Environment::default();
    let everything = environment("http://tls:3128", "", "*");
    let table = [
        // kubeconfig, server, environment, proxy
        (None, ONE, &none, None),
        (None, ONE, &both, Some("tls:3128")),
        (None, "http://one.corp:8080", &both, Some("clear:3128")),
        (None, "https://two.corp:6443", &both, None),
        (None, "https://a.two.corp", &both, None),
        (None, "https://10.20.30.40:6443", &both, None),
        (None, "https://three.corp:6443", &both, None),
        (None, "https://three.corp", &both, Some("tls:3128")),
        (None, "https://127.0.0.1:6443", &both, None),
        (None, "https://[::1]:6443", &both, None),
        (None, "https://localhost:6443", &both, None),
        (None, ONE, &everything, None),
        // Unconditionally: for what NO_PROXY covers, and for this machine.
        (Some("http://mine:1"), ONE, &both, Some("mine:1")),
        (Some("http://mine:1"), "https://two.corp:6443", &both, Some("mine:1")),
        (Some("http://mine:1"), ONE, &everything, Some("mine:1")),
        (Some("http://mine:1"), "https://127.0.0.1:6443", &none, Some("mine:1")),
    ];
    for (kubeconfig, server, environment, proxy) in table {
        let got = chosen(kubeconfig, server, environment).map(|(_, address)| address);
        assert_eq!(got.as_deref(), proxy, "{kubeconfig:?} {server} {environment:?}");
    }
}

#[test]
fn what_covers_the_proxy_itself_changes_nothing() {
    let environment = environment("http://10.9.9.9:3128", "", "10.9.9.9");
    assert!(chosen(None, ONE, &environment).is_some());
    assert!(chosen(Some("http://10.9.9.9:3128"), ONE, &environment).is_some());
}

#[test]
fn a_url_says_how_the_proxy_is_talked_to() {
    let table = [
        ("http://p", Kind::Http, "p:80"),
        ("p:3128", Kind::Http, "p:3128"),
        ("p", Kind::Http, "p:80"),
        ("https://p", Kind::Https, "p:443"),
        ("HTTP://p:3128/", Kind::Http, "p:3128"),
        ("socks5://p", Kind::Socks, "p:1080"),
        ("socks5h://me@p:9050", Kind::Socks, "p:9050"),
        ("http://[::1]:3128", Kind::Http, "[::1]:3128"),
    ];
    for (url, kind, address) in table {
        assert_eq!(chosen(None, ONE, &environment(url, "", "")), Some((kind, address.to_owned())), "{url}");
    }
}

#[test]
fn credentials_are_percent_decoded_and_not_told() {
    let parsed = |url: &str| parse(url, "the test").unwrap();
    let http = parsed("http://me%40corp:p%3Ass%25@p:1");
    // me@corp:p:ss%
    assert_eq!(http.login.basic_auth().unwrap(), "Basic bWVAY29ycDpwOnNzJQ==");
    assert_eq!(parsed("socks5://me%40corp:p%3Ass@p").login.raw_auth(), Some(("me@corp", "p:ss")));
    assert_eq!(parsed("http://p:1").login.basic_auth(), None);
    let secret = environment("http://me:s3cr3t@p:1", "", "");
    assert!(!format!("{http:?} {secret:?} {}", http.uri).contains("s3cr3t"));
}

#[test]
fn a_proxy_that_cannot_be_used_is_an_error_that_keeps_its_secret() {
    for (url, says) in [
        ("ftp://me:s3cr3t@p", "HTTPS_PROXY is of kind ftp"),
        ("socks4://me:s3cr3t@p", "HTTPS_PROXY is of kind socks4"),
        ("http://me:s3cr3t@", "HTTPS_PROXY cannot be read"),
        ("http:// s3cr3t", "HTTPS_PROXY cannot be read"),
    ] {
        let error = choose(None, &ONE.parse().unwrap(), &environment(url, "", "")).unwrap_err().to_string();
        assert!(error.contains(says) && !error.contains("s3cr3t"), "{url}: {error}");
    }
    // One that does not apply is nobody's trouble.
    assert!(chosen(None, "https://127.0.0.1", &environment("ftp://p", "", "")).is_none());
}
