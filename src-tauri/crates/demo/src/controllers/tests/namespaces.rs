use k8s_openapi::api::{
    apps::v1::{Deployment, ReplicaSet},
    core::v1::{Namespace, ServiceAccount},
};

use super::*;
use crate::kind::KINDS;

#[tokio::test(start_paused = true)]
async fn a_namespace_has_an_account_and_is_emptied_before_it_goes() {
    let service =
        "---\napiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\nspec: {selector: {app: web}}\n";
    let demo = demo(&(deployment("web", 3, "test/200:8080", "") + service)).await;
    let store = demo.store();
    until_ready(store, 3).await;
    assert!(store.read::<ServiceAccount>("shop", "default").is_some());
    delete(store, kind_of::<Namespace>(), "", "shop", &Deletion::default()).unwrap();
    until(store, "its end", |store| store.read::<Namespace>("", "shop").is_none()).await;
    for kind in KINDS.iter().filter(|kind| kind.namespaced) {
        let left: Vec<_> = store.list(kind, Some("shop")).0.iter().map(|object| object.name.clone()).collect();
        assert_eq!(left, Vec::<String>::new(), "{}", kind.plural);
    }
    assert!(store.read::<Namespace>("", "default").is_some());
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(format!("{:?}", demo.network()).contains("containers: 0"));
}

#[tokio::test(start_paused = true)]
async fn what_a_deployment_owns_goes_with_it() {
    let demo = demo(&deployment("web", 2, "test/200:8080", "")).await;
    let store = demo.store();
    until_ready(store, 2).await;
    delete(store, kind_of::<Deployment>(), "shop", "web", &Deletion::default()).unwrap();
    until(store, "the end of its pods", |store| names(store).is_empty()).await;
    assert_eq!(store.all::<ReplicaSet>(Some("shop")).len(), 0);
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(names(store).is_empty());
}
