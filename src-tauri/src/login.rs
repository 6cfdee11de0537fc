//! Starting at login, as the settings say.

#[cfg(target_os = "linux")]
mod entry;
#[cfg(not(target_os = "linux"))]
mod plugin;

use std::sync::Arc;

use portolan_engine::{engine::Engine, error::Problem};
use tauri::AppHandle;

#[cfg(not(target_os = "linux"))]
use plugin as entry;

use crate::{commands, desktop};

/// Keeps the system's entry as the settings say, until it is dropped. At first it is only ever added: one that is there is
/// as somebody wants it, until the setting is changed here.
pub(crate) async fn keep(app: AppHandle, engine: Arc<Engine>) {
    let mut settings = engine.settings();
    let mut before = settings.borrow_and_update().start_at_login;
    if before {
        tell(&engine, true, entry::add_missing(&app));
    }
    while settings.changed().await.is_ok() {
        let wanted = settings.borrow_and_update().start_at_login;
        if wanted != before {
            let done = if wanted { entry::add(&app) } else { entry::remove(&app) };
            tell(&engine, wanted, done);
            before = wanted;
        }
    }
}

fn tell(engine: &Engine, wanted: bool, done: Result<(), entry::Error>) {
    let (what, next) = match wanted {
        true => ("arrange the start at login", "Mend that, then turn it off and on again."),
        false => ("take the start at login away", "Mend that, then turn it on and off again."),
    };
    let problem = done.err().map(|error| Problem { next: next.into(), ..commands::desktop(what, &error) });
    desktop::update(engine, |view| view.start_at_login = problem);
}
