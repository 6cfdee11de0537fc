//! What the window may call about profiles. Each body is one delegating call.

use std::sync::Arc;

use portolan_engine::{
    engine::Engine,
    error::Problem,
    favourites::taken::{Remedy, Taken},
    profiles::Edit,
    session::view::SessionId,
};
use tauri::State;

type Shared<'a> = State<'a, Arc<Engine>>;

/// Saves a session as a favourite; its name. With `workload`, a tunnel to a pod as one to the pod's workload.
#[tauri::command]
pub(crate) async fn save_session(engine: Shared<'_>, id: SessionId, workload: bool) -> Result<String, Problem> {
    engine.favourites().save(id, workload).await
}

/// Saves all that is open as one favourite; its name.
#[tauri::command]
pub(crate) async fn save_open(engine: Shared<'_>, name: String) -> Result<String, Problem> {
    engine.favourites().save_open(&name).await
}

/// Starts what does not run of these profiles.
#[tauri::command]
pub(crate) async fn start_profiles(engine: Shared<'_>, names: Vec<String>) -> Result<(), Problem> {
    engine.favourites().start(names).await
}

/// Ends what runs of these profiles.
#[tauri::command]
pub(crate) async fn stop_profiles(engine: Shared<'_>, names: Vec<String>) -> Result<(), Problem> {
    engine.favourites().stop(&names).await;
    Ok(())
}

/// Starts a blocked profile with this done about one of its ports.
#[tauri::command]
pub(crate) async fn remedy_profile(
    engine: Shared<'_>,
    name: String,
    forward: usize,
    slot: usize,
    remedy: Remedy,
) -> Result<(), Problem> {
    engine.favourites().remedy(&name, forward, slot, &remedy).await;
    Ok(())
}

/// Gives a profile the local ports and addresses that its sessions have.
#[tauri::command]
pub(crate) async fn keep_profile(engine: Shared<'_>, name: String) -> Result<(), Problem> {
    engine.favourites().keep(name).await
}

/// Changes one field of a profile; its name from now on.
#[tauri::command]
pub(crate) async fn edit_profile(engine: Shared<'_>, name: String, edit: Edit) -> Result<String, Problem> {
    engine.favourites().edit(name, edit).await
}

/// Adds a copy after a profile; its name.
#[tauri::command]
pub(crate) async fn duplicate_profile(engine: Shared<'_>, name: String) -> Result<String, Problem> {
    engine.favourites().duplicate(name).await
}

/// Puts a profile before another one, or at the end.
#[tauri::command]
pub(crate) async fn place_profile(engine: Shared<'_>, name: String, before: Option<String>) -> Result<(), Problem> {
    engine.favourites().put_before(name, before).await
}

/// Removes a profile, which can be put back.
#[tauri::command]
pub(crate) async fn remove_profile(engine: Shared<'_>, name: String) -> Result<(), Problem> {
    engine.favourites().remove(name).await
}

/// Puts back the profile that was removed last.
#[tauri::command]
pub(crate) async fn undo_remove_profile(engine: Shared<'_>) -> Result<(), Problem> {
    engine.favourites().undo_remove().await
}

/// Opens again what was open when the app ended.
#[tauri::command]
pub(crate) async fn reopen(engine: Shared<'_>) -> Result<(), Problem> {
    engine.favourites().reopen().await;
    Ok(())
}

/// Takes back the offer to open it again.
#[tauri::command]
pub(crate) async fn forget_left_open(engine: Shared<'_>) -> Result<(), Problem> {
    engine.favourites().forget_left_open();
    Ok(())
}

/// Which ports of a session that is over are taken by somebody else, and what can be done about it.
#[tauri::command]
pub(crate) async fn taken_ports(engine: Shared<'_>, id: SessionId) -> Result<Vec<Taken>, Problem> {
    Ok(engine.favourites().taken(id).await)
}

/// Starts a session anew in its own place; the new one.
#[tauri::command]
pub(crate) async fn start_again(
    engine: Shared<'_>,
    id: SessionId,
    slot: usize,
    remedy: Option<Remedy>,
) -> Result<Option<SessionId>, Problem> {
    Ok(engine.favourites().start_again(id, slot, remedy).await)
}
