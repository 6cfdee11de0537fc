//! The entry where it is not a file of the desktop's: what macOS and Windows have for it, by Tauri's plugin.

use tauri::AppHandle;
use tauri_plugin_autostart::ManagerExt;

pub(super) use tauri_plugin_autostart::Error;

/// Makes it, and makes it anew where there is one: it names the program that runs now.
pub(super) fn add(app: &AppHandle) -> Result<(), Error> {
    app.autolaunch().enable()
}

/// Makes it where there is none.
pub(super) fn add_missing(app: &AppHandle) -> Result<(), Error> {
    if app.autolaunch().is_enabled()? { Ok(()) } else { add(app) }
}

/// Takes it away.
pub(super) fn remove(app: &AppHandle) -> Result<(), Error> {
    app.autolaunch().disable()
}
