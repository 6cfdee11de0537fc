use std::collections::BTreeMap;

use k8s_openapi::api::{
    core::v1::{Endpoints, Service},
    discovery::v1::EndpointSlice,
};

use super::*;

fn service(name: &str, spec: &str) -> String {
    format!("---\napiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: shop}}\nspec: {{{spec}}}\n")
}

fn slices(store: &Store, service: &str) -> Vec<EndpointSlice> {
    let all: Vec<EndpointSlice> = store.all(Some("shop"));
    let of = |slice: &EndpointSlice| slice.metadata.labels.as_ref().unwrap()["kubernetes.io/service-name"] == service;
    all.into_iter().filter(of).collect()
}

/// The pods that a Service's slices say are ready.
fn behind(store: &Store, service: &str) -> Vec<String> {
    let endpoints = slices(store, service).into_iter().flat_map(|slice| slice.endpoints);
    let ready = endpoints.filter(|endpoint| endpoint.conditions.as_ref().unwrap().ready == Some(true));
    let mut names: Vec<String> = ready.map(|endpoint| endpoint.target_ref.unwrap().name.unwrap()).collect();
    names.sort();
    names
}

async fn still() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

#[tokio::test(start_paused = true)]
async fn endpoints_follow_readiness_and_deletion() {
    let web = deployment("web", 2, "test/200:8080", "").replace("periodSeconds: 1", "initialDelaySeconds: 3");
    let demo = demo(&(web + &service("web", "selector: {app: web}, ports: [{port: 80, targetPort: http}]"))).await;
    let store = demo.store();
    until(store, "two that are not ready yet", |store| {
        assert_eq!(behind(store, "web").len(), 0);
        slices(store, "web").iter().any(|slice| slice.endpoints.len() == 2)
    })
    .await;
    until_ready(store, 2).await;
    still().await;
    assert_eq!(behind(store, "web"), names(store));
    let slice = slices(store, "web").remove(0);
    assert_eq!(slice.ports.unwrap()[0].port, Some(8080));
    let gone = names(store).remove(0);
    delete_pod(store, &gone);
    // Not a moment later: time stands still.
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    let endpoints = slices(store, "web").remove(0).endpoints;
    let of_gone = endpoints.iter().find(|it| it.target_ref.as_ref().unwrap().name.as_deref() == Some(&gone)).unwrap();
    let conditions = of_gone.conditions.as_ref().unwrap();
    assert_eq!((conditions.ready, conditions.serving, conditions.terminating), (Some(false), Some(true), Some(true)));
    let listed = store.read::<Endpoints>("shop", "web").unwrap().subsets.unwrap();
    assert_eq!(listed.iter().flat_map(|subset| subset.addresses.iter().flatten()).count(), 1);
    until_ready(store, 2).await;
    still().await;
    assert_eq!(behind(store, "web"), names(store).into_iter().filter(|name| *name != gone).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn what_is_never_ready_is_listed_as_such_unless_it_is_asked_for() {
    let web = deployment("web", 1, "test/503:8080", "");
    let plain = service("plain", "selector: {app: web}, ports: [{port: 80}]");
    let publish = service(
        "publish",
        "selector: {app: web}, clusterIP: None, publishNotReadyAddresses: true, ports: [{port: 80}]",
    );
    let demo = demo(&[web, plain, publish].concat()).await;
    let store = demo.store();
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!(behind(store, "plain").len(), 0);
    let listed = store.read::<Endpoints>("shop", "plain").unwrap().subsets.unwrap();
    assert_eq!((listed[0].addresses.is_none(), listed[0].not_ready_addresses.as_ref().unwrap().len()), (true, 1));
    assert_eq!(behind(store, "publish"), names(store));
    assert!(
        slices(store, "publish")[0].metadata.labels.as_ref().unwrap().contains_key("service.kubernetes.io/headless")
    );
}

#[tokio::test(start_paused = true)]
async fn services_that_cannot_work_say_it_as_kubernetes_does() {
    let services = [
        service("miss", "selector: {app: wbe}, ports: [{port: 80}]"),
        service("badport", "selector: {app: web}, ports: [{port: 80, targetPort: nope}]"),
        service("nosel", "ports: [{port: 80}]"),
        service("ext", "type: ExternalName, externalName: smtp.example.org"),
    ];
    let demo = demo(&(deployment("web", 1, "test/200:8080", "") + &services.concat())).await;
    let store = demo.store();
    until_ready(store, 1).await;
    still().await;
    let shape = |name: &str| {
        let slices = slices(store, name);
        slices.iter().map(|slice| (slice.ports.iter().flatten().count(), slice.endpoints.len())).collect::<Vec<_>>()
    };
    assert_eq!(shape("miss"), [(0, 0)]);
    assert_eq!(shape("badport"), [(0, 1)]);
    assert_eq!((shape("nosel"), shape("ext")), (vec![], vec![]));
    assert_eq!(store.read::<Endpoints>("shop", "badport").unwrap().subsets, None);
    assert!(store.read::<Endpoints>("shop", "nosel").is_none());
}

#[tokio::test(start_paused = true)]
async fn pods_that_mean_other_numbers_by_a_name_are_in_other_slices() {
    let pod = |name: &str, port: u16| {
        format!(
            "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: shop, labels: {{app: web}}}}\nspec:\n  \
             containers: [{{name: main, image: 'test/200:{port}', ports: [{{name: http, containerPort: {port}}}]}}]\n"
        )
    };
    let service = service("web", "selector: {app: web}, ports: [{name: http, port: 80, targetPort: http}]");
    let demo = demo(&[pod("a", 8080), pod("b", 9090), pod("c", 8080), service].concat()).await;
    let store = demo.store();
    until_ready(store, 3).await;
    still().await;
    let by_port: BTreeMap<_, _> = slices(store, "web")
        .into_iter()
        .map(|slice| (slice.ports.unwrap()[0].port.unwrap(), slice.endpoints.len()))
        .collect();
    assert_eq!(by_port, BTreeMap::from([(8080, 2), (9090, 1)]));
}

#[tokio::test(start_paused = true)]
async fn many_pods_are_in_slices_of_a_hundred_and_stay_in_theirs() {
    let web = deployment("web", 250, "test/200:8080", "")
        .replace("readinessProbe: {httpGet: {path: /, port: http}", "readinessProbe: {exec: {command: [ok]}");
    let demo = demo(&(web + &service("web", "selector: {app: web}, ports: [{port: 80, targetPort: 8080}]"))).await;
    let store = demo.store();
    // Not change by change: reading 250 pods for each takes longer than all else.
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(ready(store), 250);
    let mut sizes: Vec<_> = slices(store, "web").iter().map(|slice| slice.endpoints.len()).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [50, 100, 100]);
    assert_eq!(behind(store, "web"), names(store));
    let before = slices(store, "web");
    delete_pod(store, &names(store)[0]);
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!((names(store).len(), ready(store)), (250, 250));
    let changed = slices(store, "web").iter().zip(&before).filter(|(now, then)| now != then).count();
    assert!(changed <= 2, "{changed} slices changed");
    assert_eq!(behind(store, "web"), names(store));
}

#[tokio::test(start_paused = true)]
async fn what_is_written_for_a_service_goes_with_it_and_follows_its_selector() {
    let services = service("web", "selector: {app: web}, ports: [{port: 80}]");
    let demo = demo(&(deployment("web", 1, "test/200:8080", "") + &services)).await;
    let store = demo.store();
    until_ready(store, 1).await;
    still().await;
    assert_eq!(behind(store, "web").len(), 1);
    let other = |web: &mut serde_json::Value| {
        web["spec"]["selector"]["app"] = json!("other");
        Ok(())
    };
    store.modify(kind_of::<Service>(), "shop", "web", other).unwrap();
    still().await;
    assert_eq!(behind(store, "web").len(), 0);
    delete(store, kind_of::<Service>(), "shop", "web", &Deletion::default()).unwrap();
    still().await;
    assert_eq!(slices(store, "web"), []);
    assert!(store.read::<Endpoints>("shop", "web").is_none());
}

/// On real time, since the connections are.
#[tokio::test]
async fn a_node_port_reaches_a_ready_pod_and_is_moved_where_it_is_taken() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let taken = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = taken.local_addr().unwrap().port();
    let spec = |app: &str| {
        format!(
            "type: NodePort, selector: {{app: {app}}}, ports: [{{name: http, port: 80, targetPort: http, nodePort: PORT}}]"
        )
    };
    let web = service("web", &spec("web")).replace("PORT", &port.to_string());
    let empty = service("empty", &spec("nobody")).replace("PORT", &port.to_string());
    let manifest = [deployment("web", 1, "test/200:8080", ""), web, empty].concat();
    let options = Options { manifests: vec![manifest], pace: 0.0, ..Options::default() };
    let demo = Demo::start(options).await.unwrap();
    let store = demo.store();
    let moved = |store: &Store, name: &str| {
        let spec = store.read::<Service>("shop", name).unwrap().spec.unwrap();
        u16::try_from(spec.ports.unwrap()[0].node_port.unwrap()).unwrap()
    };
    until(store, "both moved", |store| moved(store, "web") != port && moved(store, "empty") != port).await;
    until(store, "a ready endpoint", |store| behind(store, "web").len() == 1).await;
    let ask = async |port: u16| {
        let mut client = tokio::net::TcpStream::connect(("127.0.0.1", port)).await?;
        client.write_all(b"GET / HTTP/1.1\r\n\r\n").await?;
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.map(|_| answer)
    };
    assert!(ask(moved(store, "web")).await.unwrap().starts_with("HTTP/1.1 200"));
    let reset = ask(moved(store, "empty")).await.unwrap_err();
    assert_eq!(reset.kind(), std::io::ErrorKind::ConnectionReset);
}
