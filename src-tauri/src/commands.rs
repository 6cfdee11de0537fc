//! What the window may call. Each body is one delegating call.

pub(crate) mod carrying;
pub(crate) mod favourites;
pub(crate) mod habits;
pub(crate) mod watching;

use std::sync::Arc;

use portolan_engine::{
    compare::view::{Method, Probe},
    context::ContextId,
    engine::Engine,
    error::{Code, Problem},
    explain::view::{Explanation, ProbePorts},
    feed::Changes,
    forward::{Balance, Forward, PortMap, PortRef, Target},
    parse,
    row::{ListKind, View},
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
    ports: ProbePorts,
) -> Result<Explanation, Problem> {
    engine.explain(&context, &namespace, &service, ports).await
}

/// Has all sessions of a context try again with credentials of now.
#[tauri::command]
pub(crate) async fn sign_in(engine: Shared<'_>, context: ContextId) -> Result<(), Problem> {
    engine.sign_in(&context).await
}

/// Opens the comparison of a Service's port, in place of the one that is open.
#[tauri::command]
pub(crate) async fn compare(
    engine: Shared<'_>,
    context: ContextId,
    namespace: String,
    service: String,
    port: PortRef,
) -> Result<(), Problem> {
    engine.compare(context, namespace, service, port).await
}

/// Sends the comparison's probes from now on.
#[tauri::command]
pub(crate) async fn start_comparison(engine: Shared<'_>) -> Result<(), Problem> {
    engine.start_comparison()
}

/// Has the comparison's probes ask otherwise.
#[tauri::command]
pub(crate) async fn ask_comparison(engine: Shared<'_>, method: Method, path: String) -> Result<(), Problem> {
    engine.ask(method, path)
}

/// Deletes the comparison's pod of this UID.
#[tauri::command]
pub(crate) async fn delete_compared_pod(engine: Shared<'_>, uid: String) -> Result<(), Problem> {
    engine.delete_pod(&uid).await
}

/// Rolls the Deployment behind the comparison, on the demo cluster.
#[tauri::command]
pub(crate) async fn roll_compared(engine: Shared<'_>) -> Result<(), Problem> {
    engine.roll().await
}

/// Closes the comparison; nothing of it is left when the answer comes.
#[tauri::command]
pub(crate) async fn close_comparison(engine: Shared<'_>) -> Result<(), Problem> {
    engine.close_comparison().await;
    Ok(())
}

/// The comparison's probes after number `after`.
#[tauri::command]
pub(crate) async fn probes(engine: Shared<'_>, after: u64) -> Result<Vec<Probe>, Problem> {
    Ok(engine.probes(after))
}

/// The comparison as Markdown.
#[tauri::command]
pub(crate) async fn comparison_markdown(engine: Shared<'_>) -> Result<String, Problem> {
    engine.comparison_markdown()
}

/// Leaves the comparison and its probes as JSON in the user's downloads; in which file.
#[tauri::command]
pub(crate) async fn save_comparison(engine: Shared<'_>) -> Result<String, Problem> {
    engine.save_comparison()
}

/// Marks a context as protected, or takes the mark away.
#[tauri::command]
pub(crate) async fn protect(engine: Shared<'_>, context: ContextId, protected: bool) -> Result<(), Problem> {
    engine.protect(&context, protected).await
}

/// Reads a port as it is typed in a list's row.
#[tauri::command]
pub(crate) async fn parse_port(text: String) -> Result<PortMap, Problem> {
    Ok(parse::port_in_window(&text)?)
}

/// Reads what is to be forwarded to, as it is typed beside a list.
#[tauri::command]
pub(crate) async fn parse_target(text: String, list: ListKind) -> Result<Target, Problem> {
    Ok(parse::target_in_window(&text, list)?)
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

pub(crate) fn desktop(what: &str, error: &dyn std::error::Error) -> Problem {
    Problem { code: Code::Desktop, message: format!("Could not {what}: {error}"), next: String::new() }
}
