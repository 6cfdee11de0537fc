//! Makes a permission of each command, so that the capability can name what the window may call, and nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    let commands = &[
        "changes",
        "look",
        "start",
        "stop",
        "retry",
        "set_balance",
        "move_to",
        "events",
        "instead",
        "wait_for_name",
        "sign_in",
        "explain",
        "compare",
        "start_comparison",
        "ask_comparison",
        "delete_compared_pod",
        "roll_compared",
        "close_comparison",
        "probes",
        "comparison_markdown",
        "save_comparison",
        "protect",
        "plan_import",
        "import_profiles",
        "kubectl_processes",
        "take_over",
        "copies",
        "export_profiles",
        "save_profiles",
        "change_setting",
        "silence",
        "save_session",
        "save_open",
        "start_profiles",
        "stop_profiles",
        "remedy_profile",
        "keep_profile",
        "edit_profile",
        "duplicate_profile",
        "place_profile",
        "remove_profile",
        "undo_remove_profile",
        "reopen",
        "forget_left_open",
        "taken_ports",
        "start_again",
        "parse_port",
        "parse_target",
        "copy",
        "visit",
        "reload_kubeconfig",
        "demo",
        "connections",
        "save_events",
    ];
    let manifest = tauri_build::AppManifest::new().commands(commands);
    match tauri_build::try_build(tauri_build::Attributes::new().app_manifest(manifest)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("cargo::error={error:#}");
            ExitCode::FAILURE
        }
    }
}
