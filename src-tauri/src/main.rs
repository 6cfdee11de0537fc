//! The window: a Tauri shell around [`portolan_engine`]. It starts the engine, hands the window's calls to it and ends
//! it with the window; what Portolan does is decided elsewhere.

// A console window beside ours is nothing a user of a desktop app expects.
#![cfg_attr(all(windows, not(debug_assertions)), windows_subsystem = "windows")]

mod commands;
mod commands_profiles;
mod demo;

use std::sync::Arc;

use portolan_engine::{Wire, engine::Engine, kubeconfig::Source, open_files};
use tauri::RunEvent;
use tracing_subscriber::EnvFilter;

use demo::DemoCluster;

/// What `PORTOLAN_WIRE` asks for: the same as the command's `--wire`.
fn wire() -> Option<Wire> {
    let asked = std::env::var("PORTOLAN_WIRE").ok()?;
    match asked.parse() {
        Ok(wire) => Some(wire),
        Err(error) => {
            tracing::error!("PORTOLAN_WIRE is passed over: {error}");
            None
        }
    }
}

/// The window could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("Portolan cannot open its window: {0}. Is a display there? `portolan forward` works without one.")]
struct NoWindow(#[from] tauri::Error);

fn main() -> Result<(), NoWindow> {
    let filter = EnvFilter::try_from_env("PORTOLAN_LOG")
        .unwrap_or_else(|_| EnvFilter::new("portolan_engine=warn,portolan_wire=warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    open_files::raise_limit();
    let engine = Arc::new(Engine::new(Source::Default, wire()));
    let attended = engine.clone();
    let attending = tauri::async_runtime::spawn(async move { attended.attend().await });
    let kept = engine.clone();
    let keeping = tauri::async_runtime::spawn(async move { kept.favourites().attend().await });
    let demo = Arc::new(DemoCluster::default());
    if std::env::args().any(|argument| argument == "--demo")
        && let Err(problem) = tauri::async_runtime::block_on(demo.show(&engine))
    {
        tracing::error!("{problem}");
    }
    let app = tauri::Builder::default()
        .plugin(tauri_plugin_clipboard_manager::init())
        .plugin(tauri_plugin_opener::init())
        .manage(engine.clone())
        .manage(demo.clone())
        .invoke_handler(tauri::generate_handler![
            commands::changes,
            commands::look,
            commands::start,
            commands::stop,
            commands::retry,
            commands::set_balance,
            commands::move_to,
            commands::events,
            commands::instead,
            commands::wait_for_name,
            commands::sign_in,
            commands::explain,
            commands::compare,
            commands::start_comparison,
            commands::ask_comparison,
            commands::delete_compared_pod,
            commands::roll_compared,
            commands::close_comparison,
            commands::probes,
            commands::comparison_markdown,
            commands::save_comparison,
            commands::protect,
            commands_profiles::save_session,
            commands_profiles::save_open,
            commands_profiles::start_profiles,
            commands_profiles::stop_profiles,
            commands_profiles::remedy_profile,
            commands_profiles::keep_profile,
            commands_profiles::edit_profile,
            commands_profiles::duplicate_profile,
            commands_profiles::place_profile,
            commands_profiles::remove_profile,
            commands_profiles::undo_remove_profile,
            commands_profiles::reopen,
            commands_profiles::forget_left_open,
            commands_profiles::taken_ports,
            commands_profiles::start_again,
            commands::parse_port,
            commands::copy,
            commands::visit,
            commands::reload_kubeconfig,
            commands::demo,
        ])
        .build(tauri::generate_context!())?;
    app.run(move |_, event| {
        if matches!(event, RunEvent::Exit) {
            attending.abort();
            keeping.abort();
            tauri::async_runtime::block_on(async {
                engine.shutdown().await;
                demo.end().await;
            });
        }
    });
    Ok(())
}
