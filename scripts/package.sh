#!/usr/bin/env bash
# Builds Portolan's Debian package: the window and the command, in release.
# Usage: package.sh            prints the package's path
#
# It is `cargo tauri build`, in a tree where the command has been built for release; this script sees to what both take.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$(dirname "$0")/.."

need_rust
need_node
# shellcheck disable=SC2086 # a list
need_packages $window_packages
need_ui_packages
need_tool tauri-cli 2.12.4 cargo-tauri
npm --prefix ui run --silent build >&2
# The package holds both, and Cargo builds what they share once.
cargo build --locked --release -p portolan-cli -p portolan-desktop >&2
cargo tauri build --bundles deb -- --locked >&2

target=$(realpath "${CARGO_TARGET_DIR:-target}")/release/bundle/deb
package=$(ls -t "$target"/*.deb | head -n 1)
printf '%s\n' "$package"
