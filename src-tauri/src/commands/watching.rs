//! What the window asks for while somebody looks at a session closely. Each body is one delegating call.

use std::sync::Arc;

use portolan_engine::{
    engine::Engine,
    error::Problem,
    session::view::{OpenConnections, SessionId},
};
use tauri::State;

/// The connections that a session has now.
#[tauri::command]
pub(crate) async fn connections(engine: State<'_, Arc<Engine>>, id: SessionId) -> Result<OpenConnections, Problem> {
    Ok(engine.sessions().connections(id).await)
}

/// Leaves a session's events as lines of JSON in the user's downloads; in which file, if there is such a session.
#[tauri::command]
pub(crate) async fn save_events(engine: State<'_, Arc<Engine>>, id: SessionId) -> Result<Option<String>, Problem> {
    engine.sessions().save_events(id)
}
