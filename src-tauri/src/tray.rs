//! The tray: sessions and profiles where the window is not, kept up to date from the engine's feed.
//!
//! `menu` says what stands in it, `host` whether there is one at all. Where it goes away, a window that waits in it is shown:
//! nothing else would bring it back. It waits in there again once the tray is back, unless somebody has turned to it meanwhile.

mod host;
mod menu;

use std::{
    convert::Infallible,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use portolan_engine::{engine::Engine, favourites::view::Run, feed::Part, session::view::SessionId};
use tauri::{
    AppHandle, Wry,
    menu::{IsMenuItem, Menu, MenuItem, PredefinedMenuItem},
    tray::TrayIconBuilder,
};
use tauri_plugin_clipboard_manager::ClipboardExt;
use tokio::sync::watch;

use crate::{desktop, main_window};
use menu::Entry;

const ID: &str = "portolan";

/// At most so often: a menu is for reading.
const PACE: Duration = Duration::from_secs(1);

const SHOW: &str = "show";
const QUIT: &str = "quit";
const SESSION: &str = "session/";
const PROFILE: &str = "profile/";

/// Keeps the tray until it is dropped.
pub(crate) async fn keep(app: AppHandle, engine: Arc<Engine>) {
    let (there, host) = watch::channel(false);
    tokio::select! {
        never = host::follow(&there) => match never {},
        never = follow(app, engine, host) => match never {},
    }
}

/// Keeps the item as the engine is. Once made it stays: the library lets none go, and shows it again in a tray that is back.
async fn follow(app: AppHandle, engine: Arc<Engine>, mut host: watch::Receiver<bool>) -> Infallible {
    let mut revisions = engine.feed().revision();
    let mut shown: Option<Vec<Entry>> = None;
    // A library that cannot be loaded now cannot be loaded later.
    let mut usable = true;
    loop {
        revisions.mark_unchanged();
        let there = *host.borrow_and_update();
        if there && usable {
            let entries = menu::entries(&engine.feed().sessions(), &engine.feed().profiles());
            if shown.as_ref() != Some(&entries) {
                usable = on_main_thread(&app, &engine, shown.is_some(), entries.clone()).await;
                shown = usable.then_some(entries);
            }
        }
        let (before, now) = (desktop::view(&engine).tray, there && shown.is_some());
        if !before && now {
            main_window::put_back(&app);
        }
        // In between: a window is never closed into a tray that is not there.
        desktop::update(&engine, |view| view.tray = now);
        if before && !now {
            main_window::bring_out(&app);
        }
        tokio::select! {
            // Both senders last longer than this.
            _ = host.changed() => {}
            _ = revisions.changed() => tokio::time::sleep(PACE).await,
        }
    }
}

/// Shows the entries; whether that can be done here.
async fn on_main_thread(app: &AppHandle, engine: &Arc<Engine>, there: bool, entries: Vec<Entry>) -> bool {
    let (done, is_done) = tokio::sync::oneshot::channel();
    let (own, engine) = (app.clone(), engine.clone());
    let act = move || {
        // On Linux the library is loaded when it is first used, and where there is none that is a panic.
        let put = catch_unwind(AssertUnwindSafe(|| put(&own, &engine, there, &entries)));
        let put = match put {
            Ok(Ok(())) => true,
            Ok(Err(error)) => {
                tracing::warn!(%error, "there is no tray");
                false
            }
            Err(_) => {
                tracing::warn!("there is no tray: libayatana-appindicator3 is not installed");
                false
            }
        };
        // Whoever asked has gone with the app.
        let _ = done.send(put);
    };
    app.run_on_main_thread(act).is_ok() && is_done.await.unwrap_or(false)
}

fn put(app: &AppHandle, engine: &Arc<Engine>, there: bool, entries: &[Entry]) -> tauri::Result<()> {
    let items = entries.iter().map(|entry| item(app, entry)).collect::<tauri::Result<Vec<_>>>()?;
    let items: Vec<&dyn IsMenuItem<Wry>> = items.iter().map(|item| &**item).collect();
    let menu = Menu::with_items(app, &items)?;
    if let (true, Some(tray)) = (there, app.tray_by_id(ID)) {
        return tray.set_menu(Some(menu));
    }
    let engine = engine.clone();
    let tray = TrayIconBuilder::with_id(ID)
        .tooltip("Portolan")
        .menu(&menu)
        .on_menu_event(move |app, event| clicked(app, &engine, event.id.as_ref()));
    let tray = match app.default_window_icon() {
        Some(icon) => tray.icon(icon.clone()),
        None => tray,
    };
    tray.build(app)?;
    Ok(())
}

fn item(app: &AppHandle, entry: &Entry) -> tauri::Result<Box<dyn IsMenuItem<Wry>>> {
    let text = |id: &str, text: &str, enabled| {
        // An ampersand would mark the letter after it.
        Ok(Box::new(MenuItem::with_id(app, id, text.replace('&', "&&"), enabled, None::<&str>)?) as Box<_>)
    };
    match entry {
        Entry::Show => text(SHOW, "Show Portolan", true),
        Entry::Quit => text(QUIT, "Quit", true),
        Entry::Line => Ok(Box::new(PredefinedMenuItem::separator(app)?)),
        Entry::Says(what) => text("", what, false),
        Entry::Session { id, text: what, address } => text(&format!("{SESSION}{}", id.0), what, address.is_some()),
        Entry::Profile { name, runs } => {
            text(&format!("{PROFILE}{name}"), &format!("{} {name}", if *runs { "Stop" } else { "Start" }), true)
        }
    }
}

fn clicked(app: &AppHandle, engine: &Arc<Engine>, id: &str) {
    if id == SHOW {
        main_window::show(app);
    } else if id == QUIT {
        app.exit(0);
    } else if let Some(id) = id.strip_prefix(SESSION).and_then(|id| id.parse().ok()) {
        copy(app, engine, SessionId(id));
    } else if let Some(name) = id.strip_prefix(PROFILE) {
        let (app, engine, name) = (app.clone(), engine.clone(), name.to_owned());
        tauri::async_runtime::spawn(async move { toggle(&app, &engine, name).await });
    }
}

/// Starts a profile, or stops what runs of it. For one that is blocked the window is shown: it says why, and what can be done.
async fn toggle(app: &AppHandle, engine: &Engine, name: String) {
    let run = || engine.feed().profiles().into_iter().find(|view| view.name == name).map(|view| view.run);
    if matches!(run(), Some(Run::Open { .. })) {
        engine.favourites().stop(std::slice::from_ref(&name)).await;
        return;
    }
    if let Err(problem) = engine.favourites().start(vec![name.clone()]).await {
        crate::notify::show_problem(engine, &name, &problem).await;
    }
    if matches!(run(), Some(Run::Blocked { .. })) {
        main_window::show(app);
    }
}

fn copy(app: &AppHandle, engine: &Engine, id: SessionId) {
    let Some(Part::Session(view)) = engine.feed().get(&format!("session/{}", id.0)) else { return };
    let Some(listener) = view.listeners.first() else { return };
    if let Err(error) = app.clipboard().write_text(listener.address.clone()) {
        tracing::warn!(%error, "the address cannot be copied");
    }
}
