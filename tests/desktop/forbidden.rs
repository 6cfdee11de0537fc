//! The window of somebody who may not list. On demo clusters, whose Roles say who may do what.

use std::path::PathBuf;

use fantoccini::key::Key;
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use portolan_demo::{Demo, NAMESPACE, Options, SHOP};
use portolan_tests::Result;
use tempfile::TempDir;

use crate::{
    page,
    window::{Window, eventually},
};

/// `namer` may get what he can name and forward to it, and list nothing; `newcomer` may do nothing at all.
const RIGHTS: &str = r#"
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: namer, namespace: shop}
rules:
- {apiGroups: [""], resources: [services, endpoints, pods], verbs: [get]}
- {apiGroups: [""], resources: [pods/portforward], verbs: [create, get]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: namer, namespace: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: namer}
subjects:
- {apiGroup: rbac.authorization.k8s.io, kind: User, name: namer}
"#;

/// A cluster, and the kubeconfig of one of its users.
struct Desk {
    demo: Demo,
    folder: TempDir,
}

impl Desk {
    async fn new() -> Result<Desk> {
        let options = Options { manifests: vec![SHOP.into(), RIGHTS.into()], ..Options::default() };
        Ok(Desk { demo: Demo::start(options).await?, folder: tempfile::tempdir()? })
    }

    fn kubeconfig(&self, user: &str) -> Result<PathBuf> {
        let path = self.folder.path().join(user);
        std::fs::write(&path, self.demo.server().kubeconfig_of(user))?;
        Ok(path)
    }

    /// The window of a user, in the context's own namespace.
    async fn window(&self, user: &str) -> Result<Window> {
        let window = Window::open(&self.kubeconfig(user)?).await?;
        window.click("context-demo").await?;
        says(&window, "You may not list services in shop.").await?;
        Ok(window)
    }
}

async fn says(window: &Window, words: &str) -> Result<()> {
    eventually(format!("“{words}”"), async || {
        Ok(window.text("list-forbidden").await?.contains(words).then_some(()))
    })
    .await
}

/// Types a name and a port, and presses Enter.
async fn open(window: &Window, name: &str, port: &str) -> Result<()> {
    let field = window.find("name-input").await?;
    field.clear().await?;
    field.send_keys(name).await?;
    window.enter("name-port-input", port).await
}

#[tokio::test]
#[ignore = "needs a display: see README, Tests"]
async fn what_may_be_forwarded_to_but_not_listed_is_opened_by_its_name() -> Result<()> {
    let desk = Desk::new().await?;
    let window = desk.window("namer").await?;
    window.click("type-name").await?;
    assert_eq!(window.focused().await?.as_deref(), Some("name-input"));
    let card = window.opens_a_card(open(&window, "web", "80")).await?;
    card.until("active").await?;
    assert!(card.text("session-way").await?.starts_with("svc/web:80 → "));
    let answer = page(card.port().await?).await?;
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.contains("web-"), "{answer}");
    window.photograph("forbidden-by-name").await?;
    // What is none is answered where it was typed, and what is not there on its card.
    open(&window, "cm/web", "80").await?;
    window.css("[data-testid=\"problem\"][data-code=\"bad_target\"]").await?;
    let missing = window.opens_a_card(open(&window, "nothing", "80")).await?;
    missing.until("waiting").await?;
    missing.stop().await?;
    card.stop().await?;

    // And so one pod.
    window.click("list-pods").await?;
    says(&window, "You may not list pods in shop.").await?;
    let ready = eventually("a pod of web", async || {
        let pods = desk.demo.store().all::<Pod>(Some(NAMESPACE)).into_iter();
        Ok(pods.map(|pod| pod.name_any()).find(|name| name.starts_with("web-")))
    })
    .await?;
    window.click("type-name").await?;
    let card = window.opens_a_card(open(&window, &ready, "8080")).await?;
    card.until("active").await?;
    let answer = page(card.port().await?).await?;
    assert!(answer.contains(&ready), "{answer}");
    window.close().await
}

#[tokio::test]
#[ignore = "needs a display: see README, Tests"]
async fn the_role_that_is_copied_is_the_one_that_is_missing() -> Result<()> {
    let desk = Desk::new().await?;
    let window = desk.window("newcomer").await?;
    window.photograph("forbidden").await?;
    let list = copied(&window, "list-forbidden").await?;
    assert!(list.contains("kind: Role\n") && list.contains("User, name: \"newcomer\""), "{list}");
    desk.demo.add(&list)?;
    // What was refused is looked at anew when somebody comes back to it.
    window.click("list-pods").await?;
    window.click("list-services").await?;
    window.find("row-web").await?;
    assert_eq!(window.count("[data-testid=\"list-forbidden\"]").await?, 0, "its pods may be listed, too");

    let namespaces = copied(&window, "namespaces-forbidden").await?;
    assert!(namespaces.contains("kind: ClusterRole\n") && namespaces.contains("[namespaces]"), "{namespaces}");
    desk.demo.add(&namespaces)?;
    window.click("list-workloads").await?;
    window.css("select[data-testid=\"namespace-select\"]").await?;
    window.choose_namespace("default").await?;
    says(&window, "You may not list 6 kinds of workloads in default.").await?;
    window.choose_namespace("*").await?;
    says(&window, "You may not list 6 kinds of workloads in all namespaces.").await?;
    window.click("summon-namespace").await?;
    assert_eq!(window.focused().await?.as_deref(), Some("namespace-select"));
    window.close().await
}

/// What a part of the window's Copy Role leaves on the clipboard, as somebody pastes it.
async fn copied(window: &Window, part: &str) -> Result<String> {
    window.css(&format!("[data-testid=\"{part}\"] [data-testid=\"copy\"]")).await?.click().await?;
    window.click("open-import").await?;
    let field = window.find("import-text").await?;
    field.clear().await?;
    field.click().await?;
    window.press(&format!("{}v", char::from(Key::Control))).await?;
    let text = eventually("the Role is on the clipboard", async || {
        Ok(field.prop("value").await?.filter(|text| text.contains("kind: ")))
    })
    .await?;
    window.click("list-services").await?;
    Ok(text)
}
