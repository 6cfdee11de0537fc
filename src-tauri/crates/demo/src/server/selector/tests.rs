use serde_json::json;

use super::*;
use crate::{Store, clock::Clock};

fn pod() -> std::sync::Arc<Object> {
    let pod = json!({
        "metadata": {"name": "web-1", "labels": {"app": "web", "example.org/tier": "front"}},
        "spec": {"nodeName": "node-1"}, "status": {"phase": "Running"},
    });
    Store::new(Clock::start()).create(Kind::named("v1", "Pod").unwrap(), "shop", pod).unwrap()
}

#[tokio::test]
async fn labels_select_by_equality_and_by_sets() {
    let pod = pod();
    for (labels, matches) in [
        ("", true),
        ("app=web", true),
        ("app==web", true),
        ("app = web", true),
        ("app=api", false),
        ("app!=api", true),
        ("app!=web", false),
        ("other!=web", true),
        ("app in (api, web)", true),
        ("app in (api),example.org/tier", false),
        ("app notin (api,db),example.org/tier=front", true),
        ("other notin (a)", true),
        ("app", true),
        ("other", false),
        ("!other", true),
        ("!app", false),
        ("app=", false),
    ] {
        assert_eq!(Selector::parse(labels, "").unwrap().matches(&pod), matches, "{labels}");
    }
}

#[tokio::test]
async fn fields_select_by_what_the_kind_knows() {
    let pod = pod();
    for (fields, matches) in [
        ("metadata.name=web-1", true),
        ("metadata.name!=web-1", false),
        ("metadata.namespace=shop,spec.nodeName=node-1", true),
        ("status.phase!=Running", false),
        ("status.phase==Running", true),
        ("status.podIP=", true),
    ] {
        let selector = Selector::parse("", fields).unwrap();
        selector.check(pod.kind).unwrap();
        assert_eq!(selector.matches(&pod), matches, "{fields}");
    }
}

#[test]
fn what_is_no_selector_is_refused() {
    for labels in ["a===b", "a in b", "a b", "!", "=x"] {
        let refused = Selector::parse(labels, "").unwrap_err().to_string();
        assert!(refused.starts_with("unable to parse requirement: "), "{labels}: {refused}");
    }
    let refused = |kind: &str| {
        let selector = Selector::parse("", "spec.foo=b").unwrap();
        selector.check(Kind::named("v1", kind).unwrap()).unwrap_err().to_string()
    };
    assert_eq!(refused("Pod"), "field label not supported: spec.foo");
    assert_eq!(
        refused("Endpoints"),
        r#""spec.foo" is not a known field selector: only "metadata.name", "metadata.namespace""#
    );
}
