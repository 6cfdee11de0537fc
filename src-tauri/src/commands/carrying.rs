//! What the window may call to carry profiles and tunnels in and out. Each body is one delegating call.

use std::sync::Arc;

use portolan_engine::{
    copies::CopyAs,
    engine::Engine,
    error::Problem,
    kubectl::takeover::KubectlProcess,
    profiles::import::view::{ContextChoice, ImportChoices, ImportPlan, ImportSource, Imported},
    session::view::SessionId,
};
use tauri::State;

type Shared<'a> = State<'a, Arc<Engine>>;

/// What an import would do; nothing is kept.
#[tauri::command]
pub(crate) async fn plan_import(
    engine: Shared<'_>,
    source: ImportSource,
    contexts: Vec<ContextChoice>,
) -> Result<ImportPlan, Problem> {
    engine.plan_import(&source, &contexts).await
}

/// Imports, by what the user has decided; nothing is started.
#[tauri::command]
pub(crate) async fn import_profiles(
    engine: Shared<'_>,
    source: ImportSource,
    choices: ImportChoices,
) -> Result<Imported, Problem> {
    engine.import(&source, &choices).await
}

/// This user's `kubectl port-forward` processes.
#[tauri::command]
pub(crate) async fn kubectl_processes(engine: Shared<'_>) -> Result<Vec<KubectlProcess>, Problem> {
    engine.kubectl_processes().await
}

/// Ends one of them and starts a session on its local ports.
#[tauri::command]
pub(crate) async fn take_over(
    engine: Shared<'_>,
    process: KubectlProcess,
    loopback: bool,
) -> Result<SessionId, Problem> {
    engine.take_over(process, loopback).await
}

/// What can be copied of a session.
#[tauri::command]
pub(crate) async fn copies(engine: Shared<'_>, id: SessionId) -> Result<Vec<CopyAs>, Problem> {
    Ok(engine.copies(id))
}

/// Profiles as JSON for others; all where none is named.
#[tauri::command]
pub(crate) async fn export_profiles(engine: Shared<'_>, names: Vec<String>) -> Result<String, Problem> {
    engine.export_profiles(&names)
}

/// Leaves that in the user's downloads; in which file.
#[tauri::command]
pub(crate) async fn save_profiles(engine: Shared<'_>, names: Vec<String>) -> Result<String, Problem> {
    engine.save_profiles(&names)
}
