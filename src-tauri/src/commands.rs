//! What the window may call. Each body is one delegating call.

use std::sync::Arc;

use portolan_engine::{
    context::ContextId,
    engine::Engine,
    error::{Code, Problem},
    explain::view::Explanation,
    feed::Changes,
    forward::{Balance, Forward, PortMap},
    parse,
    row::View,
    session::{journal::SessionEvent, view::SessionId},
};
use tauri::{AppHandle, State};
use tauri_plugin_clipboard_manager::ClipboardExt;
use tauri_plugin_opener::OpenerExt;

use crate::demo::DemoCluster;

type Shared<'a> = State<'a, Arc<Engine>>;

/// What is newer than `after`; waits until there is something. 0 asks for everything.
#[tauri::command]
pub(crate) async fn changes(engine: Shared<'_>, after: u64) -> Result<Changes, Problem> {
    Ok(engine.feed().changes(after).await)
}

/// Chooses the list that the feed shows.
#[tauri::command]
pub(crate) async fn look(engine: Shared<'_>, view: Option<View>) -> Result<(), Problem> {
    engine.look(view).await;
    Ok(())
}

/// Starts a session.
#[tauri::command]
pub(crate) async fn start(engine: Shared<'_>, forward: Forward) -> Result<SessionId, Problem> {
    Ok(engine.start(forward))
}

/// Ends a session; its ports are free when the answer comes.
#[tauri::command]
pub(crate) async fn stop(engine: Shared<'_>, id: SessionId) -> Result<(), Problem> {
    engine.sessions().stop(id).await;
    Ok(())
}

/// Skips a session's wait before its next try.
#[tauri::command]
pub(crate) async fn retry(engine: Shared<'_>, id: SessionId) -> Result<(), Problem> {
    engine.sessions().retry(id);
    Ok(())
}

/// Spreads a session's new connections otherwise.
#[tauri::command]
pub(crate) async fn set_balance(engine: Shared<'_>, id: SessionId, balance: Balance) -> Result<(), Problem> {
    engine.sessions().set_balance(id, balance);
    Ok(())
}

/// Sends a session's new connections to the pod of this UID.
#[tauri::command]
pub(crate) async fn move_to(engine: Shared<'_>, id: SessionId, uid: String) -> Result<(), Problem> {
    engine.sessions().move_to(id, uid);
    Ok(())
}

/// What happened to a session after its event number `after`.
#[tauri::command]
pub(crate) async fn events(engine: Shared<'_>, id: SessionId, after: u64) -> Result<Vec<SessionEvent>, Problem> {
    Ok(engine.sessions().events(id, after))
}

/// Goes on with the workload that owns a direct tunnel's pod; the new session, where such a workload is known.
#[tauri::command]
pub(crate) async fn instead(engine: Shared<'_>, id: SessionId) -> Result<Option<SessionId>, Problem> {
    Ok(engine.instead(id).await)
}

/// Goes on with the next pod of a direct tunnel's name; the new session, unless there is none to go on from.
#[tauri::command]
pub(crate) async fn wait_for_name(engine: Shared<'_>, id: SessionId) -> Result<Option<SessionId>, Problem> {
    Ok(engine.wait_for_name(id).await)
}

/// Explains a Service; with `probe`, its ports are asked, too.
#[tauri::command]
pub(crate) async fn explain(
    engine: Shared<'_>,
    context: ContextId,
    namespace: String,
    service: String,
    probe: bool,
) -> Result<Explanation, Problem> {
    engine.explain(&context, &namespace, &service, probe).await
}

/// Has all sessions of a context try again with credentials of now.
#[tauri::command]
pub(crate) async fn sign_in(engine: Shared<'_>, context: ContextId) -> Result<(), Problem> {
    engine.sign_in(&context).await
}

/// Reads a port as it is typed in a list's row.
#[tauri::command]
pub(crate) async fn parse_port(text: String) -> Result<PortMap, Problem> {
    Ok(parse::port_in_window(&text)?)
}

/// Puts a text on the clipboard.
#[tauri::command]
pub(crate) async fn copy(app: AppHandle, text: String) -> Result<(), Problem> {
    app.clipboard().write_text(text).map_err(|error| desktop("copy to the clipboard", &error))
}

/// Opens one of a session's own addresses in the browser. Other addresses cannot be opened.
#[tauri::command]
pub(crate) async fn visit(app: AppHandle, engine: Shared<'_>, id: SessionId, slot: usize) -> Result<(), Problem> {
    match engine.sessions().address(id, slot) {
        Some(address) => {
            let url = format!("http://{address}/");
            app.opener().open_url(url, None::<&str>).map_err(|error| desktop("open the browser", &error))
        }
        None => Ok(()), // It has just been stopped.
    }
}

/// Reads the kubeconfig anew.
#[tauri::command]
pub(crate) async fn reload_kubeconfig(engine: Shared<'_>) -> Result<(), Problem> {
    engine.reload();
    Ok(())
}

/// Starts the demo cluster, unless it runs, and adds its context.
#[tauri::command]
pub(crate) async fn demo(engine: Shared<'_>, demo: State<'_, Arc<DemoCluster>>) -> Result<ContextId, Problem> {
    demo.open(&engine).await
}

fn desktop(what: &str, error: &dyn std::error::Error) -> Problem {
    Problem { code: Code::Desktop, message: format!("Could not {what}: {error}"), next: String::new() }
}
