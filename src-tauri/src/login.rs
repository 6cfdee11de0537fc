//! Starting at login, as the settings say.

use std::sync::Arc;

use portolan_engine::engine::Engine;
use tauri::AppHandle;
use tauri_plugin_autostart::{AutoLaunchManager, ManagerExt};

use crate::{commands, desktop};

/// Keeps the system's entry as the settings say, until it is dropped. At first it is only ever added: one that somebody else
/// has made is theirs, until the setting is turned off here.
pub(crate) async fn keep(app: AppHandle, engine: Arc<Engine>) {
    let mut settings = engine.settings();
    let mut before = settings.borrow_and_update().start_at_login;
    if before {
        put(&app, &engine, true);
    }
    while settings.changed().await.is_ok() {
        let wanted = settings.borrow_and_update().start_at_login;
        if wanted != before {
            put(&app, &engine, wanted);
            before = wanted;
        }
    }
}

fn put(app: &AppHandle, engine: &Engine, wanted: bool) {
    let manager = app.autolaunch();
    let manager: &AutoLaunchManager = &manager;
    let done = match (wanted, manager.is_enabled()) {
        (true, Ok(true)) | (false, Ok(false)) => Ok(()),
        (true, _) => manager.enable(),
        (false, _) => manager.disable(),
    };
    let what = if wanted { "start at login" } else { "take the start at login away" };
    let problem = done.err().map(|error| commands::desktop(what, &error));
    desktop::update(engine, |view| view.start_at_login = problem);
}
