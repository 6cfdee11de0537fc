//! The window: a Tauri shell around [`portolan_engine`]. It starts the engine, hands the window's calls to it and ends
//! it with the window; what Portolan does is decided elsewhere.

// A console window beside ours is nothing a user of a desktop app expects.
#![cfg_attr(all(windows, not(debug_assertions)), windows_subsystem = "windows")]

mod closing;
mod commands;
mod demo;
mod desktop;
mod drawing;
mod login;
mod main_window;
mod notify;
mod tray;

use std::{
    io::{IsTerminal, stderr, stdin, stdout},
    sync::{Arc, Mutex, PoisonError},
};

use portolan_engine::{Wire, engine::Engine, kubeconfig::Source, open_files, storage};
use tauri::{
    AppHandle, RunEvent, Wry,
    async_runtime::{JoinHandle, spawn},
    plugin::TauriPlugin,
};
use tauri_plugin_window_state::StateFlags;
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

/// Keeps the window's place where the settings are. One that is on no screen any more is left to the desktop.
fn kept_place() -> TauriPlugin<Wry> {
    let builder = tauri_plugin_window_state::Builder::new()
        .with_state_flags(StateFlags::POSITION | StateFlags::SIZE | StateFlags::MAXIMIZED);
    let named = match storage::folder() {
        Ok(folder) => builder.with_filename(folder.join("window.json").to_string_lossy()),
        // The settings tell why. The plugin has a place of its own.
        Err(_) => builder,
    };
    named.build()
}

/// What goes on beside the window, until the app ends.
type Beside = Arc<Mutex<Vec<JoinHandle<()>>>>;

/// Starts it.
fn begin(app: &AppHandle, engine: &Arc<Engine>, demo: &Arc<DemoCluster>) -> Vec<JoinHandle<()>> {
    let own = engine.clone();
    let mut beside = vec![spawn(async move { match own.attend().await {} })];
    let own = engine.clone();
    beside.push(spawn(async move { match own.favourites().attend().await {} }));
    // Who starts the app from a terminal has the shell's environment already.
    if !(stdin().is_terminal() || stdout().is_terminal() || stderr().is_terminal()) {
        let own = engine.clone();
        beside.push(spawn(async move { own.ask_login_shell().await }));
    }
    beside.push(spawn(main_window::keep_theme(app.clone(), engine.clone())));
    beside.push(spawn(login::keep(app.clone(), engine.clone())));
    beside.push(spawn(tray::keep(app.clone(), engine.clone())));
    beside.push(spawn(notify::keep(engine.clone())));
    if std::env::args().any(|argument| argument == "--demo") {
        let (own, demo) = (engine.clone(), demo.clone());
        beside.push(spawn(async move {
            if let Err(problem) = demo.show(&own).await {
                tracing::error!("{problem}");
            }
        }));
    }
    beside
}

/// The window could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("Portolan cannot open its window: {0}. Is a display there? `portolan forward` works without one.")]
struct NoWindow(#[from] tauri::Error);

fn main() -> Result<(), NoWindow> {
    drawing::prepare();
    let filter = EnvFilter::try_from_env("PORTOLAN_LOG")
        .unwrap_or_else(|_| EnvFilter::new("portolan_engine=warn,portolan_wire=warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    open_files::raise_limit();
    let engine = Arc::new(Engine::new(Source::Default, wire()));
    engine.use_settings();
    let demo = Arc::new(DemoCluster::default());
    let beside = Beside::default();
    let (own, own_demo, own_beside) = (engine.clone(), demo.clone(), beside.clone());
    let builder = tauri::Builder::default()
        // First: a second start ends in it, before it has done anything.
        .plugin(tauri_plugin_single_instance::init(|app, _, _| main_window::show(app)))
        .plugin(kept_place())
        .plugin(tauri_plugin_clipboard_manager::init())
        .plugin(tauri_plugin_opener::init());
    #[cfg(not(target_os = "linux"))]
    let builder = builder.plugin(tauri_plugin_autostart::Builder::new().build());
    let app = builder
        .manage(engine.clone())
        .manage(demo.clone())
        .manage(main_window::Unattended::default())
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
            commands::carrying::plan_import,
            commands::carrying::import_profiles,
            commands::carrying::kubectl_processes,
            commands::carrying::take_over,
            commands::carrying::copies,
            commands::carrying::export_profiles,
            commands::carrying::save_profiles,
            commands::habits::change_setting,
            commands::habits::silence,
            commands::favourites::save_session,
            commands::favourites::save_open,
            commands::favourites::start_profiles,
            commands::favourites::stop_profiles,
            commands::favourites::remedy_profile,
            commands::favourites::keep_profile,
            commands::favourites::edit_profile,
            commands::favourites::duplicate_profile,
            commands::favourites::place_profile,
            commands::favourites::remove_profile,
            commands::favourites::undo_remove_profile,
            commands::favourites::reopen,
            commands::favourites::forget_left_open,
            commands::favourites::taken_ports,
            commands::favourites::start_again,
            commands::parse_port,
            commands::parse_target,
            commands::copy,
            commands::visit,
            commands::reload_kubeconfig,
            commands::demo,
            commands::watching::connections,
            commands::watching::save_events,
        ])
        .on_window_event({
            let engine = engine.clone();
            move |window, event| main_window::on_event(window, event, &engine)
        })
        .setup(move |app| {
            let begun = begin(app.handle(), &own, &own_demo);
            own_beside.lock().unwrap_or_else(PoisonError::into_inner).extend(begun);
            Ok(main_window::open(app, &own)?)
        })
        .build(tauri::generate_context!())?;
    app.run(move |#[cfg_attr(not(target_os = "macos"), allow(unused_variables))] app, event| match event {
        RunEvent::Exit => {
            for task in beside.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
                task.abort();
            }
            tauri::async_runtime::block_on(async {
                engine.shutdown().await;
                demo.end().await;
            });
        }
        // A click on the app's icon is how a Mac asks for a window that was closed.
        #[cfg(target_os = "macos")]
        RunEvent::Reopen { .. } => main_window::show(app),
        _ => {}
    });
    Ok(())
}
