use std::{fs, path::Path};

use super::*;
use crate::{
    context::ContextView,
    forward::{Forward, LocalPort, PortMap, PortRef, Target},
    kubeconfig::Source,
    settings::Theme,
    vigil::Noticed,
};

const KUBECONFIG: &str = "
clusters: [{name: c, cluster: {server: 'http://one'}}]
contexts: [{name: prod, context: {cluster: c}}]
current-context: prod
";

/// An engine over one kubeconfig, with its settings in the same folder.
fn engine(folder: &Path) -> Engine {
    let path = folder.join("config");
    fs::write(&path, KUBECONFIG).unwrap();
    let engine = Engine::new(Source::File(path), None);
    engine.use_settings_at(Ok(folder.join("settings.json")));
    engine
}

fn context(engine: &Engine) -> ContextView {
    let part = engine.feed.keys("context/").into_iter().find_map(|key| engine.feed.get(&key));
    let Some(Part::Context(view)) = part else { panic!("there is no context") };
    view
}

#[tokio::test]
async fn a_protected_context_is_protected_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let first = engine(folder.path());
    let id = context(&first).id;
    first.protect(&id, true).await.unwrap();
    assert!(context(&first).protected);
    let second = engine(folder.path());
    assert!(context(&second).protected && second.marks.is_protected(&id), "the window and the engine's own refusals");
    assert_eq!(second.settings().borrow().protected[0].server, "http://one");
    second.protect(&id, false).await.unwrap();
    assert!(!context(&second).protected && !second.marks.is_protected(&id));
    // A kubeconfig that is read again brings no mark back, and takes none away.
    second.reload();
    assert!(!context(&second).protected);
}

#[tokio::test]
async fn settings_that_were_edited_by_hand_are_gone_by_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(folder.path());
    let id = context(&engine).id;
    let text = format!(
        r#"{{"version": 1, "theme": "dark", "protected": [{{"source": {:?}, "name": "prod"}}]}}"#,
        folder.path().join("config")
    );
    fs::write(folder.path().join("settings.json"), text).unwrap();
    engine.notice(Noticed { settings: true, ..Noticed::default() }).await;
    assert!(context(&engine).protected && engine.marks.is_protected(&id));
    assert_eq!(engine.settings().borrow().theme, Theme::Dark);
}

#[tokio::test]
async fn a_session_is_silenced_for_as_long_as_it_runs() {
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(folder.path());
    let start = || {
        engine.start(Forward {
            context: context(&engine).id,
            namespace: "shop".into(),
            target: Target::Pod { name: "db-0".into() },
            ports: vec![PortMap { local: LocalPort::Any, remote: PortRef::Number(80) }],
            bind: Vec::new(),
            balance: None,
            hold_seconds: 30,
            wait_for_name: false,
        })
    };
    let (one, two) = (start(), start());
    engine.silence(one, true);
    engine.silence(two, true);
    assert_eq!(engine.feed.get(SILENCED), Some(Part::Silenced(vec![one, two])));
    engine.silence(two, false);
    assert_eq!(engine.feed.get(SILENCED), Some(Part::Silenced(vec![one])));
    engine.sessions.stop(one).await;
    engine.silence(two, true);
    assert_eq!(engine.feed.get(SILENCED), Some(Part::Silenced(vec![two])), "what has ended is forgotten");
    engine.shutdown().await;
}
