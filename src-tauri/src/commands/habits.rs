//! What the window may call for settings and notices. Each body is one delegating call.

use std::sync::Arc;

use portolan_engine::{engine::Engine, error::Problem, session::view::SessionId, settings::Change};
use tauri::State;

/// Changes a setting.
#[tauri::command]
pub(crate) async fn change_setting(engine: State<'_, Arc<Engine>>, change: Change) -> Result<(), Problem> {
    engine.change_setting(change).await
}

/// Has the desktop told nothing of a session, or of it again.
#[tauri::command]
pub(crate) async fn silence(engine: State<'_, Arc<Engine>>, id: SessionId, silent: bool) -> Result<(), Problem> {
    engine.silence(id, silent);
    Ok(())
}
