//! The programs that speak HTTP: the shop's front and its API, numbers to scrape, and two that ail.

use std::{
    convert::Infallible,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use bytes::Bytes;
use futures::{FutureExt, future::BoxFuture};
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::front;
use crate::{
    network::{Inside, Program},
    socket::Socket,
};

/// The front's slow path takes so long.
const SLOW_PAGE: Duration = Duration::from_secs(3);

/// The API's.
const SLOW_ANSWER: Duration = Duration::from_secs(2);

/// How many seconds a flaky pod stays up: long enough to be seen ready, short enough to be seen to fail.
const FLAKY: std::ops::RangeInclusive<u64> = 20..=40;

/// The programs.
#[derive(Clone, Copy, Debug)]
pub(super) enum Pages {
    /// A page that names its pod and its version.
    Web,
    /// The shop's products and orders, as JSON.
    Api,
    /// What Prometheus scrapes.
    Metrics,
    /// Says that it is not ready, for ever.
    NeverReady,
    /// Works, and fails after a while.
    Flaky,
}

impl Program for Pages {
    fn listens(&self, port: u16) -> bool {
        port == match self {
            Pages::Web | Pages::NeverReady | Pages::Flaky => 8080,
            Pages::Api => 3000,
            Pages::Metrics => 9100,
        }
    }

    fn serve(&self, _: u16, socket: Socket, inside: Inside) -> BoxFuture<'static, ()> {
        let pages = *self;
        let service = service_fn(move |request| {
            let inside = inside.clone();
            async move { Ok::<_, Infallible>(pages.answer(&request, &inside).await) }
        });
        async move {
            // A client that goes while it is served is nothing to tell.
            let _ = http1::Builder::new().half_close(true).serve_connection(TokioIo::new(socket), service).await;
        }
        .boxed()
    }

    fn run(&self, inside: Inside) -> Option<BoxFuture<'static, ()>> {
        let Pages::Flaky = self else { return None };
        let failing = async move {
            sleep(Duration::from_secs(fastrand::u64(FLAKY))).await;
            inside.exit(1);
            std::future::pending().await
        };
        Some(failing.boxed())
    }
}

type Answer = Response<Full<Bytes>>;

impl Pages {
    async fn answer<B>(self, request: &Request<B>, inside: &Inside) -> Answer {
        let mut answer = if matches!(*request.method(), Method::GET | Method::HEAD) {
            self.page(request.uri().path(), inside).await
        } else {
            let mut answer = text(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n");
            answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
            answer
        };
        // A pod's name is one of a host.
        if let Ok(pod) = HeaderValue::from_str(&inside.pod) {
            answer.headers_mut().insert("x-pod", pod);
        }
        answer
    }

    async fn page(self, path: &str, inside: &Inside) -> Answer {
        // Probes are not what its users ask.
        let answered = inside.state::<AtomicU64>();
        let answered = answered.fetch_add(u64::from(path != "/healthz"), Relaxed) + 1;
        match (self, path) {
            (Pages::NeverReady, _) => text(StatusCode::SERVICE_UNAVAILABLE, "not ready, and it never will be\n"),
            (_, "/healthz") => text(StatusCode::OK, "ok\n"),
            (Pages::Web, path) => web(path, inside, answered).await,
            (Pages::Api, path) => api(path, inside).await,
            (Pages::Metrics, "/metrics") => text(StatusCode::OK, &metrics(inside, answered)),
            (Pages::Metrics, "/") => text(StatusCode::OK, "see /metrics\n"),
            (Pages::Flaky, "/") => text(StatusCode::OK, &format!("{} is up, for now\n", inside.pod)),
            _ => text(StatusCode::NOT_FOUND, "there is no such page\n"),
        }
    }
}

async fn web(path: &str, inside: &Inside, answered: u64) -> Answer {
    match path {
        "/" => content(StatusCode::OK, "text/html; charset=utf-8", front::page(inside, answered)),
        "/slow" => {
            sleep(SLOW_PAGE).await;
            content(StatusCode::OK, "text/html; charset=utf-8", front::page(inside, answered))
        }
        "/api/pod" => json(
            StatusCode::OK,
            &json!({
                "pod": inside.pod, "namespace": inside.namespace, "version": inside.version(),
                "colour": front::colour(&inside.pod), "answered": answered,
                "uptimeSeconds": inside.began.elapsed().as_secs(),
            }),
        ),
        _ => text(StatusCode::NOT_FOUND, "there is no such page\n"),
    }
}

async fn api(path: &str, inside: &Inside) -> Answer {
    let products = || {
        let products = PRODUCTS.iter().zip(1..);
        products.map(|((name, cents), id)| json!({"id": id, "name": name, "cents": cents})).collect::<Vec<_>>()
    };
    let found = match path {
        "/" => Some(json!({
            "service": "shop api", "pod": inside.pod, "version": inside.version(),
            "paths": ["/products", "/products/1", "/orders", "/slow", "/healthz"],
        })),
        "/products" => Some(json!(products())),
        "/orders" => Some(json!([
            {"id": 1001, "product": 2, "count": 1, "state": "shipped"},
            {"id": 1002, "product": 4, "count": 3, "state": "packed"},
            {"id": 1003, "product": 1, "count": 1, "state": "new"},
        ])),
        "/slow" => {
            sleep(SLOW_ANSWER).await;
            Some(json!({"slow": true, "pod": inside.pod}))
        }
        path => {
            let id = path.strip_prefix("/products/").and_then(|id| id.parse::<usize>().ok());
            id.and_then(|id| products().get(id.checked_sub(1)?).cloned())
        }
    };
    match found {
        Some(value) => json(StatusCode::OK, &value),
        None => json(StatusCode::NOT_FOUND, &json!({"error": "not found", "path": path})),
    }
}

const PRODUCTS: [(&str, u32); 5] =
    [("Astrolabe", 18_900), ("Compass", 4_500), ("Dividers", 2_200), ("Lead line", 1_750), ("Sea chart", 3_990)];

fn metrics(inside: &Inside, answered: u64) -> String {
    // Names of objects and tags of images have no character that would have to be escaped.
    let labels = format!("{{namespace=\"{}\",pod=\"{}\"}}", inside.namespace, inside.pod);
    let uptime = inside.began.elapsed().as_secs();
    format!(
        "# HELP shop_scrapes_total How often this pod was asked.\n# TYPE shop_scrapes_total counter\n\
         shop_scrapes_total{labels} {answered}\n\
         # HELP shop_uptime_seconds For how long this pod has run.\n# TYPE shop_uptime_seconds gauge\n\
         shop_uptime_seconds{labels} {uptime}\n"
    )
}

fn json(code: StatusCode, value: &Value) -> Answer {
    content(code, "application/json", format!("{value:#}\n"))
}

fn text(code: StatusCode, text: &str) -> Answer {
    content(code, "text/plain; charset=utf-8", text.to_owned())
}

fn content(code: StatusCode, kind: &'static str, body: String) -> Answer {
    let mut answer = Response::new(Full::from(body));
    *answer.status_mut() = code;
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    // What one pod says is no other's.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}
