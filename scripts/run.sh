#!/usr/bin/env bash
# Builds Portolan and opens its window; installs first what is missing. Without a display, builds and tries the command.
# Usage: run.sh
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$(dirname "$0")/.."
built=${CARGO_TARGET_DIR:-target}/release

if [ "$(uname)" = Linux ] && [ -z "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
  say "There is no display here (neither DISPLAY nor WAYLAND_DISPLAY is set), so no window can open: building the command instead."
  need_rust
  command -v cc >/dev/null || need_packages build-essential
  cargo build --release -p portolan-cli
  say "" "Your contexts, by $built/portolan get contexts:"
  # It says itself what is wrong, with no kubeconfig, say; that is no failure of this script.
  "$built/portolan" get contexts || true
  say "" "To open a tunnel:" "  $built/portolan forward svc/NAME LOCAL:REMOTE -n NAMESPACE"
  exit 0
fi

need_rust
need_node
if [ "$(uname)" = Linux ]; then
  # Elsewhere than on Debian, what matters is whether WebKit can be built against, by whatever name it was installed.
  if command -v apt-get >/dev/null || ! pkg-config --exists webkit2gtk-4.1 2>/dev/null; then
    # shellcheck disable=SC2086 # a list
    need_packages $window_packages
  fi
fi
say "Building the window."
need_ui_packages
npm --prefix ui run --silent build
say "Building the app. The first time, this takes some minutes."
cargo build --release -p portolan-desktop
exec "$built/portolan-desktop"
