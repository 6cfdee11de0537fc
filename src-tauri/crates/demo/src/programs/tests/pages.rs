//! The programs that speak HTTP.

use super::*;
use crate::programs::front::{colour, escaped};

/// The status, the head in lower case, and the body.
async fn get(pod: &Pod, port: u16, path: &str) -> (u16, String, String) {
    ask(pod, port, "GET", path).await
}

async fn ask(pod: &Pod, port: u16, method: &str, path: &str) -> (u16, String, String) {
    let asked = format!("{method} {path} HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n");
    let answer = pod.says(port, &asked).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head.to_lowercase(), body.to_owned())
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

#[tokio::test]
async fn the_front_names_its_pod_and_counts() {
    let pod = pod("portolan-demo/web:v2");
    let (status, head, page) = get(&pod, 8080, "/").await;
    assert_eq!(status, 200);
    assert!(head.contains("content-type: text/html") && head.contains("x-pod: web-1"), "{head}");
    for part in ["<h1>web-1</h1>", "version v2", "1 request<", "0 s<", "<dd>shop</dd>", "prefers-color-scheme: dark"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(page.contains(&colour("web-1")) && !page.contains("http:") && !page.contains("https:"), "{page}");
    assert_eq!(get(&pod, 8080, "/healthz").await.2, "ok\n");
    let (_, _, api) = get(&pod, 8080, "/api/pod").await;
    let api = json(&api);
    assert_eq!((&api["pod"], &api["version"], &api["answered"]), (&"web-1".into(), &"v2".into(), &2.into()));
    assert_eq!(get(&pod, 8080, "/no").await.0, 404);
    let (status, head, body) = ask(&pod, 8080, "HEAD", "/").await;
    assert!(status == 200 && head.contains("content-length: ") && body.is_empty(), "{head}");
    let (status, head, _) = ask(&pod, 8080, "POST", "/").await;
    assert!(status == 405 && head.contains("allow: get, head"), "{head}");
}

#[tokio::test]
async fn connections_are_kept() {
    let pod = pod("portolan-demo/web:1");
    let answers = pod.says(8080, &"GET /healthz HTTP/1.1\r\nHost: shop\r\n\r\n".repeat(3)).await;
    assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 3);
}

#[test]
fn what_others_write_is_text_on_the_page() {
    assert_eq!(escaped("<b a=\"1\" b='2'>&"), "&lt;b a=&quot;1&quot; b=&#39;2&#39;&gt;&amp;");
    assert_ne!(colour("web-7d9-abcde"), colour("web-7d9-abcdf"));
}

#[tokio::test]
async fn another_pod_counts_for_itself() {
    for _ in 0..2 {
        let (_, _, page) = get(&pod("portolan-demo/web:<b>"), 8080, "/").await;
        assert!(page.contains("1 request<") && page.contains("version &lt;b&gt;"), "{page}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_slow_ones_take_their_time() {
    for (image, port, seconds) in [("portolan-demo/web:1", 8080, 3), ("portolan-demo/api:1", 3000, 2)] {
        let begun = tokio::time::Instant::now();
        assert_eq!(get(&pod(image), port, "/slow").await.0, 200);
        assert_eq!(begun.elapsed().as_secs(), seconds);
    }
}

#[tokio::test]
async fn the_api() {
    let pod = pod("portolan-demo/api:1");
    let (status, head, body) = get(&pod, 3000, "/products").await;
    assert!(
        status == 200 && head.contains("content-type: application/json") && head.contains("x-pod: web-1"),
        "{head}"
    );
    assert_eq!(json(&body).as_array().unwrap().len(), 5);
    let (_, _, body) = get(&pod, 3000, "/products/2").await;
    assert_eq!(json(&body), serde_json::json!({"id": 2, "name": "Compass", "cents": 4500}));
    assert_eq!(json(&get(&pod, 3000, "/").await.2)["pod"], "web-1");
    assert!(json(&get(&pod, 3000, "/orders").await.2).is_array());
    for path in ["/products/0", "/products/6", "/products/x", "/else"] {
        let (status, _, body) = get(&pod, 3000, path).await;
        assert_eq!((status, &json(&body)["path"]), (404, &path.into()));
    }
}

#[tokio::test]
async fn numbers_and_those_that_ail() {
    let (status, _, body) = get(&pod("portolan-demo/metrics:1"), 9100, "/metrics").await;
    assert_eq!(status, 200);
    assert!(body.contains("\nshop_scrapes_total{namespace=\"shop\",pod=\"web-1\"} 1\n"), "{body}");
    assert_eq!(get(&pod("portolan-demo/never-ready:1"), 8080, "/").await.0, 503);
    assert_eq!(get(&pod("portolan-demo/flaky:1"), 8080, "/").await.0, 200);
}
