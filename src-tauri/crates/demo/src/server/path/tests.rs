use super::*;

/// `group version namespace resource name sub rest`, `-` for nothing.
fn parsed(path: &str) -> String {
    let Some(target) = Target::parse(path) else { return "none".into() };
    let Target { group, version, namespace, resource, name, sub, rest } = &target;
    let or = |part: &str| if part.is_empty() { "-".to_owned() } else { part.to_owned() };
    [group, version, namespace, resource, name, sub, rest].map(|part| or(part)).join(" ")
}

#[test]
fn a_path_names_a_resource_or_none() {
    for (path, target) in [
        ("/version", "none"),
        ("/api/v1", "none"),
        ("/apis/apps/v1", "none"),
        ("/apis/apps/v1/", "none"),
        ("/api/v1/pods", "- v1 - pods - - -"),
        ("/api/v1/nodes/n", "- v1 - nodes n - -"),
        ("/api/v1/namespaces", "- v1 - namespaces - - -"),
        ("/api/v1/namespaces/shop", "- v1 shop namespaces shop - -"),
        ("/api/v1/namespaces/shop/status", "- v1 shop namespaces shop status -"),
        ("/api/v1/namespaces/shop/pods", "- v1 shop pods - - -"),
        ("/apis/apps/v1/namespaces/shop/deployments/web/scale", "apps v1 shop deployments web scale -"),
        ("/api/v1/namespaces/shop/services/http:web:80/proxy", "- v1 shop services http:web:80 proxy -"),
        ("/api/v1/namespaces/shop/services/web%3A80/proxy/", "- v1 shop services web:80 proxy /"),
        ("/api/v1/namespaces/shop/pods/a/proxy/b//c%20d/", "- v1 shop pods a proxy /b//c%20d/"),
    ] {
        assert_eq!(parsed(path), target, "{path}");
    }
}

#[test]
fn what_is_done_is_a_verb() {
    let verb = |method: Method, path: &str, query: &str| {
        let wish = Target::parse(path).unwrap().wish(&method, &Query::parse(query));
        format!("{} {}", wish.verb, wish.name)
    };
    let (all, one) = ("/api/v1/namespaces/shop/pods", "/api/v1/namespaces/shop/pods/a");
    for (method, path, query, said) in [
        (Method::GET, all, "", "list "),
        (Method::GET, all, "watch=true", "watch "),
        (Method::GET, all, "fieldSelector=metadata.name%3Db", "list b"),
        (Method::GET, one, "", "get a"),
        (Method::GET, one, "watch=1", "watch a"),
        (Method::POST, all, "", "create "),
        (Method::PUT, one, "", "update a"),
        (Method::PATCH, one, "", "patch a"),
        (Method::DELETE, one, "", "delete a"),
        (Method::DELETE, all, "", "deletecollection "),
        (Method::GET, "/api/v1/namespaces/shop/pods/a/portforward", "", "get a"),
        (Method::POST, "/api/v1/namespaces/shop/pods/a/portforward", "", "create a"),
    ] {
        assert_eq!(verb(method.clone(), path, query), said, "{method} {path}?{query}");
    }
}
