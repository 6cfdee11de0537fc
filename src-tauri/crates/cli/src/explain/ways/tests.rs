use anstream::adapter::strip_str;

use super::*;

fn path(kind: PathKind, address: &str, verdict: Verdict) -> AccessPath {
    AccessPath {
        kind,
        port: Some(80),
        address: address.into(),
        copy: address.into(),
        configured: verdict != Verdict::NotConfigured,
        way: vec![address.into(), "10.96.4.7:80".into(), "web-1:80 (of 3)".into()],
        verdict,
        protocols: "TCP".into(),
        balances: "each connection to a random ready pod".into(),
        survives_pod: "yes".into(),
        survives_node: "no".into(),
        lasts: "while the Service exists".into(),
        exposure: "whoever reaches a node".into(),
        used_for: "demos".into(),
        gives: "a port".into(),
        price: "every node exposed, high ports only (30000-32767), no failover from a dead node; the pod sees others"
            .into(),
    }
}

/// What a terminal has at least.
const PAGE: Page = Page { width: 80 };

fn shown(paths: &[AccessPath]) -> String {
    strip_str(&text(paths, PAGE)).to_string().trim_start().to_owned()
}

#[test]
fn a_way_is_a_row_with_its_verdict_its_address_and_its_way() {
    let answers = Verdict::Answers { took_us: 2_149, what: "200 OK".into() };
    let tunnel = AccessPath {
        copy: "portolan forward svc/web 8080:http".into(),
        ..path(PathKind::ServiceTunnel, "127.0.0.1:8080", answers)
    };
    let other = path(PathKind::ServiceTunnel, "127.0.0.1:5432", Verdict::InClusterOnly);
    let other = AccessPath { copy: "portolan forward svc/web 5432:db".into(), way: Vec::new(), ..other };
    let silent = path(PathKind::NodePort, "10.0.3.11:30080", Verdict::Silent { why: "refused".into() });
    let text = shown(&[tunnel, other, silent]);
    let expected = "\
Way                From here                 Address
tunnel to Service  ✓ 200 OK, 2.1 ms          127.0.0.1:8080
  127.0.0.1:8080 → 10.96.4.7:80 → web-1:80 (of 3)
  $ portolan forward svc/web 8080:http
tunnel to Service  · in the cluster only     127.0.0.1:5432
NodePort           ✗ refused                 10.0.3.11:30080
  10.0.3.11:30080 → 10.96.4.7:80 → web-1:80 (of 3)

What never changes of them
tunnel to Service
  protocols       TCP
";
    assert!(text.starts_with(expected), "{text}");
}

#[test]
fn what_is_longer_than_its_column_has_a_line_of_its_own_and_can_be_copied() {
    let url = "https://api.example:6443/api/v1/namespaces/shop/services/http:a-long-name-of-a-service:http/proxy/";
    let why = "503 Service Unavailable: no endpoints available for service \"http:a-long-name-of-a-service:http\"";
    let text = shown(&[path(PathKind::ApiProxy, url, Verdict::Silent { why: why.into() })]);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[1], "API-server proxy   ✗");
    assert_eq!(lines[2], format!("  {url}"), "it is not broken");
    assert_eq!(lines[3], "  503 Service Unavailable: no endpoints available for service");
    assert_eq!(lines[4], "  \"http:a-long-name-of-a-service:http\"");
    let long: Vec<&&str> =
        lines.iter().filter(|line| line.chars().count() > PAGE.width && !line.contains(url)).collect();
    assert!(long.is_empty(), "{long:?}");
}

#[test]
fn what_never_changes_is_told_once_for_all_that_share_it_with_what_was_measured() {
    let node = |address, measured: &str| {
        let plain = path(PathKind::NodePort, address, Verdict::NotProbed { why: "not asked yet".into() });
        AccessPath { price: format!("{}{measured}", plain.price), ..plain }
    };
    let other = AccessPath { balances: "among the pods of its node".into(), ..node("10.0.0.3:1", "") };
    let text = shown(&[node("10.0.0.1:1", ""), node("10.0.0.2:1", "; 2.1 ms against 0.8 ms"), other]);
    let below = text.split("What never changes of them").nth(1).unwrap();
    assert_eq!(below.matches("NodePort").count(), 2, "{text}");
    assert_eq!(below.matches("against").count(), 1, "{text}");
    let price = "  price           every node exposed, high ports only (30000-32767), no failover\n                  from a dead node;";
    assert!(below.contains(price), "{text}");
}

#[test]
fn what_is_not_there_is_told_with_what_it_would_give_and_cost_and_no_more() {
    let text =
        shown(&[AccessPath { way: Vec::new(), ..path(PathKind::Ingress, "http(s)://HOST/", Verdict::NotConfigured) }]);
    assert!(text.contains("\nIngress            - not there               http(s)://HOST/\n\n"), "{text}");
    assert!(
        text.contains("\nIngress, not there\n  for             demos\n  gives           a port\n  price "),
        "{text}"
    );
    assert!(!text.contains("protocols"), "{text}");
}

#[test]
fn the_marks_differ_without_their_colours() {
    let all = [
        Verdict::Answers { took_us: 1, what: "connected".into() },
        Verdict::Silent { why: "refused".into() },
        Verdict::InClusterOnly,
        Verdict::NotConfigured,
    ];
    let marks: std::collections::BTreeSet<&str> = all.iter().map(|one| verdict(one).0).collect();
    assert_eq!(marks.len(), all.len());
    assert_eq!(verdict(&Verdict::NotProbed { why: String::new() }).0, verdict(&Verdict::InClusterOnly).0);
    let coloured = text(&[path(PathKind::NodePort, "10.0.0.1:1", all[1].clone())], PAGE);
    assert!(coloured.contains("31m✗ refused\u{1b}[0m"), "{coloured:?}");
    assert!(!shown(&[path(PathKind::NodePort, "10.0.0.1:1", all[1].clone())]).contains('\u{1b}'));
    assert!(text(&[], PAGE).is_empty());
}
