use std::{fs, net::TcpListener, path::Path, time::Duration};

use tokio::time::timeout;

use super::{
    taken::Remedy,
    view::{ProfileView, ProfilesView, Run},
};
use crate::{
    context::ContextId,
    engine::Engine,
    error::Code,
    feed::Part,
    forward::{Forward, LocalPort, PortMap, PortRef, Target},
    kubeconfig::Source,
    phase::Phase,
    profiles::{Edit, Profile, Profiles, Saved},
    session::view::{SessionId, SessionView},
};

/// An engine over a cluster that does not answer: its sessions wait, and have their local ports.
fn engine(folder: &Path) -> Engine {
    let path = folder.join("kubeconfig");
    let text = "clusters: [{name: c, cluster: {server: 'http://127.0.0.1:9'}}]\n\
                contexts: [{name: kind, context: {cluster: c}}]\ncurrent-context: kind\n";
    fs::write(&path, text).unwrap();
    Engine::new(Source::File(path), None).in_folder(Some(folder.to_owned()))
}

fn forward(folder: &Path, target: &str, local: LocalPort) -> Forward {
    Forward {
        context: ContextId { source: folder.join("kubeconfig").display().to_string(), name: "kind".into() },
        namespace: "shop".into(),
        target: Target::Service { name: target.into() },
        ports: vec![PortMap { local, remote: PortRef::Number(80) }],
        bind: Vec::new(),
        balance: None,
        hold_seconds: 30,
        wait_for_name: false,
    }
}

fn profile(folder: &Path, name: &str, ports: &[u16]) -> Profile {
    let saved =
        |port: &u16| Saved::of(&forward(folder, &format!("{name}-{port}"), LocalPort::Fixed { port: *port }), "");
    Profile { name: name.into(), forwards: ports.iter().map(saved).collect(), ..Profile::default() }
}

fn profiles(folder: &Path) -> Profiles {
    Profiles::at(folder.join("profiles.json"))
}

/// Ports that nobody has.
fn free<const N: usize>() -> [u16; N] {
    let held = [(); N].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    held.map(|listener| listener.local_addr().unwrap().port())
}

/// Does something while the engine attends to its profiles.
async fn attended<T>(engine: &Engine, act: impl Future<Output = T>) -> T {
    tokio::select! {
        biased;
        done = act => done,
        never = engine.favourites().attend() => match never {},
    }
}

/// Waits until what is looked for is there, while the engine attends to its profiles.
async fn until<T>(engine: &Engine, what: &str, look: impl Fn(&Engine) -> Option<T>) -> T {
    attended(engine, seen(engine, what, look)).await
}

async fn seen<T>(engine: &Engine, what: &str, look: impl Fn(&Engine) -> Option<T>) -> T {
    let seen = async {
        let mut revision = 0;
        loop {
            if let Some(found) = look(engine) {
                return found;
            }
            // What is written to a file is no news of the feed: it is looked at again after a while.
            let news = timeout(Duration::from_millis(100), engine.feed().changes(revision)).await;
            revision = news.map_or(revision, |changes| changes.revision);
        }
    };
    timeout(Duration::from_secs(20), seen).await.unwrap_or_else(|_| panic!("never {what}"))
}

fn shown(engine: &Engine, name: &str) -> Option<ProfileView> {
    match engine.feed().get(&format!("profile/{name}")) {
        Some(Part::Profile(view)) => Some(*view),
        _ => None,
    }
}

fn whole(engine: &Engine) -> ProfilesView {
    match engine.feed().get("profiles") {
        Some(Part::Profiles(view)) => view,
        _ => ProfilesView::default(),
    }
}

/// The sessions of a profile, once each has its ports.
fn listening(engine: &Engine, name: &str) -> Option<Vec<SessionView>> {
    let Run::Open { sessions, .. } = shown(engine, name)?.run else { return None };
    let views: Vec<_> = sessions.iter().map(|id| engine.sessions().watch(*id).unwrap().borrow().clone()).collect();
    views.iter().all(|view| !view.listeners.is_empty()).then_some(views)
}

async fn listens(engine: &Engine, id: SessionId) -> u16 {
    let mut view = engine.sessions().watch(id).unwrap();
    view.wait_for(|view| !view.listeners.is_empty()).await.unwrap().listeners[0].port
}

#[tokio::test]
async fn what_is_saved_is_there_after_a_restart_and_starts_on_its_port() {
    let folder = tempfile::tempdir().unwrap();
    let first = engine(folder.path());
    let id = first.start(forward(folder.path(), "web", LocalPort::Any));
    let port = listens(&first, id).await;
    assert_eq!(first.favourites().save(id, false).await.unwrap(), "web");
    assert_eq!(first.favourites().save(id, false).await.unwrap(), "web 2", "a name is one profile's own");
    let view = shown(&first, "web").unwrap();
    assert_eq!(view.run, Run::Open { sessions: vec![id], moved: false }, "the session is its own from now on");
    assert!(view.pinned);
    first.shutdown().await;

    let second = engine(folder.path());
    assert_eq!(
        until(&second, "is it found", |engine| shown(engine, "web")).await.run,
        Run::Idle,
        "nothing starts by itself"
    );
    second.favourites().start(vec!["web".into()]).await.unwrap();
    let sessions = until(&second, "does it listen", |engine| listening(engine, "web")).await;
    assert_eq!(sessions[0].listeners[0].port, port);
    // A second click starts nothing.
    second.favourites().start(vec!["web".into()]).await.unwrap();
    assert_eq!(second.sessions().all().len(), 1);
    second.favourites().stop(&["web".into()]).await;
    assert_eq!((shown(&second, "web").unwrap().run, second.sessions().all().len()), (Run::Idle, 0));
    TcpListener::bind(("127.0.0.1", port)).unwrap();
}

#[tokio::test]
async fn a_profile_starts_whole_or_not_at_all_and_keeps_another_port_only_when_told_to() {
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(folder.path());
    let [free_port] = free();
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let held = holder.local_addr().unwrap().port();
    let before = profile(folder.path(), "shop", &[free_port, held]);
    profiles(folder.path()).add(before.clone()).unwrap();
    until(&engine, "is it found", |engine| shown(engine, "shop")).await;
    engine.favourites().start(vec!["shop".into()]).await.unwrap();
    let Run::Blocked { taken } = shown(&engine, "shop").unwrap().run else { panic!("it is not blocked") };
    assert_eq!(engine.sessions().all(), [], "nothing of it was opened");
    assert_eq!((taken.len(), taken[0].forward, taken[0].port), (1, 1, held));
    assert!(taken[0].problem.message.contains(&held.to_string()), "{:?}", taken[0].problem);

    let another = taken[0].remedies.iter().find(|remedy| matches!(remedy, Remedy::Port { .. })).unwrap();
    engine.favourites().remedy("shop", 1, 0, another).await;
    let sessions = until(&engine, "does it listen", |engine| listening(engine, "shop")).await;
    let ports: Vec<u16> = sessions.iter().map(|session| session.listeners[0].port).collect();
    assert_eq!(*another, Remedy::Port { port: ports[1] });
    assert_eq!(ports[0], free_port);
    assert!(matches!(shown(&engine, "shop").unwrap().run, Run::Open { moved: true, .. }));
    let kept = profiles(folder.path()).named(&["shop".into()]).unwrap();
    assert_eq!(kept[0].forwards, before.forwards, "the user has not said so");
    engine.favourites().keep("shop".into()).await.unwrap();
    assert!(matches!(shown(&engine, "shop").unwrap().run, Run::Open { moved: false, .. }));
    let kept = profiles(folder.path()).named(&["shop".into()]).unwrap();
    assert_eq!(kept[0].forwards[1].ports, [format!("{}:80", ports[1])]);
    engine.shutdown().await;
}

#[tokio::test]
async fn our_own_session_that_has_the_port_can_be_stopped_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(folder.path());
    let [port] = free();
    profiles(folder.path()).add(profile(folder.path(), "db", &[port])).unwrap();
    until(&engine, "is it found", |engine| shown(engine, "db")).await;
    // It has claimed the port, also while it does not listen yet.
    let other = engine.start(forward(folder.path(), "other", LocalPort::Fixed { port }));
    engine.favourites().start(vec!["db".into()]).await.unwrap();
    let Run::Blocked { taken } = shown(&engine, "db").unwrap().run else { panic!("it is not blocked") };
    let stop = Remedy::Stop { session: other };
    assert!(taken[0].remedies.contains(&stop), "{taken:?}");
    engine.favourites().remedy("db", 0, 0, &stop).await;
    let sessions = until(&engine, "does it listen", |engine| listening(engine, "db")).await;
    assert_eq!(sessions[0].listeners[0].port, port);
    assert!(engine.sessions().watch(other).is_none());
    engine.shutdown().await;
}

#[tokio::test]
async fn a_card_whose_port_is_taken_starts_again_elsewhere_and_stays_its_profiles_own() {
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(folder.path());
    let [port] = free();
    profiles(folder.path()).add(profile(folder.path(), "db", &[port])).unwrap();
    until(&engine, "is it found", |engine| shown(engine, "db")).await;
    engine.favourites().start(vec!["db".into()]).await.unwrap();
    let running = until(&engine, "does it listen", |engine| listening(engine, "db")).await[0].id;
    assert_eq!(engine.favourites().taken(running).await, [], "its own port is no conflict");

    let late = engine.start(forward(folder.path(), "late", LocalPort::Fixed { port }));
    let mut view = engine.sessions().watch(late).unwrap();
    view.wait_for(|view| matches!(view.phase, Phase::Failed { .. })).await.unwrap();
    let taken = engine.favourites().taken(late).await;
    assert_eq!(taken[0].remedies.last(), Some(&Remedy::Stop { session: running }));
    let moved = engine.favourites().start_again(late, 0, Some(taken[0].remedies[0].clone())).await.unwrap();
    assert_eq!(Remedy::Port { port: listens(&engine, moved).await }, taken[0].remedies[0]);
    let again = engine.favourites().start_again(running, 0, None).await.unwrap();
    assert!(matches!(shown(&engine, "db").unwrap().run, Run::Open { sessions, .. } if sessions == [again]));
    engine.shutdown().await;
}

#[tokio::test]
async fn what_another_process_changes_is_shown_and_what_is_damaged_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(folder.path());
    until(&engine, "is it looked at", |engine| engine.feed().get("profiles")).await;
    profiles(folder.path()).add(profile(folder.path(), "web", &[8080])).unwrap();
    until(&engine, "is it picked up", |engine| shown(engine, "web")).await;
    profiles(folder.path()).remove("web").unwrap();
    until(&engine, "does it go", |engine| shown(engine, "web").is_none().then_some(())).await;
    fs::write(folder.path().join("profiles.json"), "{not json").unwrap();
    let problem = until(&engine, "is it told", |engine| whole(engine).problem).await;
    assert!(problem.message.contains("moved to") && problem.next.contains("Nothing of it is lost"), "{problem:?}");
}

#[tokio::test]
async fn what_was_open_is_offered_again_after_a_quit_and_after_a_crash_and_never_starts_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let first = engine(folder.path());
    let web = first.start(forward(folder.path(), "web", LocalPort::Any));
    let db = first.start(forward(folder.path(), "db", LocalPort::Any));
    let ports = [listens(&first, web).await, listens(&first, db).await];
    let note = folder.path().join("open.json");
    let both = |_: &Engine| {
        let text = fs::read_to_string(&note).unwrap_or_default();
        ports.iter().all(|port| text.contains(&format!("{port}:80"))).then_some(())
    };
    until(&first, "is it noted", both).await;
    // A quit, which ends every session.
    attended(&first, first.shutdown()).await;

    let second = engine(folder.path());
    let offered = |engine: &Engine| {
        let left = whole(engine).left_open;
        (!left.is_empty()).then(|| left.into_iter().map(|saved| saved.target).collect::<Vec<_>>())
    };
    assert_eq!(until(&second, "is it offered", offered).await, ["svc/web", "svc/db"]);
    assert_eq!(second.sessions().all(), []);
    // Something else is opened, and then it crashes: the offer stands.
    let api = second.start(forward(folder.path(), "api", LocalPort::Any));
    listens(&second, api).await;
    let noted = |_: &Engine| {
        let text = fs::read_to_string(&note).unwrap_or_default();
        (text.contains("svc/api") && text.contains("svc/web")).then_some(())
    };
    until(&second, "is it noted", noted).await;
    second.sessions().stop(api).await;

    let third = engine(folder.path());
    assert_eq!(until(&third, "is it offered", offered).await, ["svc/api", "svc/web", "svc/db"]);
    third.favourites().reopen().await;
    let sessions = third.sessions().all();
    assert_eq!(sessions.len(), 3);
    assert_eq!(listens(&third, sessions[1].id).await, ports[0], "on the port that it had");
    assert_eq!(whole(&third).left_open, []);
    third.shutdown().await;

    let fourth = engine(folder.path());
    let nothing = |_: &Engine| (!fs::read_to_string(&note).unwrap_or_default().contains("svc/")).then_some(());
    attended(&fourth, async {
        seen(&fourth, "is it offered", offered).await;
        fourth.favourites().forget_left_open();
        seen(&fourth, "is it forgotten", nothing).await;
    })
    .await;
}

#[tokio::test]
async fn a_profile_that_starts_with_the_app_does_and_others_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let [one, other] = free();
    let wanted = Profile { autostart: true, ..profile(folder.path(), "with the app", &[one]) };
    profiles(folder.path()).add(wanted).unwrap();
    profiles(folder.path()).add(profile(folder.path(), "by hand", &[other])).unwrap();
    let engine = engine(folder.path());
    until(&engine, "does it start", |engine| listening(engine, "with the app")).await;
    assert_eq!(shown(&engine, "by hand").unwrap().run, Run::Idle);
    engine.shutdown().await;
}

#[tokio::test]
async fn all_that_is_open_becomes_one_profile_which_runs_and_a_removed_one_comes_back_with_what_runs_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(folder.path());
    let ids: Vec<SessionId> =
        ["web", "db"].map(|name| engine.start(forward(folder.path(), name, LocalPort::Any))).into_iter().collect();
    for id in &ids {
        listens(&engine, *id).await;
    }
    assert_eq!(engine.favourites().save_open("Mine").await.unwrap(), "Mine");
    let before = shown(&engine, "Mine").unwrap();
    assert_eq!(before.run, Run::Open { sessions: ids.clone(), moved: false });
    engine.favourites().remove("Mine".into()).await.unwrap();
    assert_eq!((shown(&engine, "Mine"), whole(&engine).removed), (None, Some("Mine".into())));
    assert_eq!(engine.sessions().all().len(), 2, "they go on");
    engine.favourites().undo_remove().await.unwrap();
    assert_eq!((shown(&engine, "Mine"), whole(&engine).removed), (Some(before), None));
    // Renamed, it is still the one that runs.
    let edit = Edit::Name { to: "Ours".into() };
    assert_eq!(engine.favourites().edit("Mine".into(), edit).await.unwrap(), "Ours");
    assert_eq!(shown(&engine, "Ours").unwrap().run, Run::Open { sessions: ids, moved: false });
    engine.shutdown().await;
}

#[tokio::test]
async fn a_place_that_cannot_be_written_is_told_and_tunnels_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a file");
    fs::write(&file, "").unwrap();
    for (place, says) in [(None, "no home folder"), (Some(file.join("below")), "cannot")] {
        let engine = engine(folder.path()).in_folder(place);
        let id = engine.start(forward(folder.path(), "web", LocalPort::Any));
        listens(&engine, id).await;
        let problem = engine.favourites().save(id, false).await.unwrap_err();
        assert_eq!(problem.code, Code::Storage, "{problem}");
        assert!(problem.message.to_lowercase().contains(says), "{problem}");
        let told = until(&engine, "is it told", |engine| whole(engine).problem).await;
        assert_eq!(told.code, Code::Storage, "{told}");
        assert!(engine.sessions().address(id, 0).is_some(), "it still listens");
        engine.shutdown().await;
    }
}
