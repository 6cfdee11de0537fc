#!/usr/bin/env bash
# Builds Portolan and opens its window; installs first what is missing. Where there is no kubeconfig, the window opens on
# the demo cluster. Without a display, the demo cluster runs by itself, to be tried from another terminal.
# Usage: run.sh
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$(dirname "$0")/.."
built=${CARGO_TARGET_DIR:-target}/release

if [ "$(uname)" = Linux ] && [ -z "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
  say "There is no display here (neither DISPLAY nor WAYLAND_DISPLAY is set), so no window can open." \
    "Building the command instead, and running the demo cluster for it."
  need_rust
  command -v cc >/dev/null || need_packages build-essential
  cargo build --release -p portolan-cli
  say "" "With a cluster of your own: $built/portolan forward svc/NAME LOCAL:REMOTE -n NAMESPACE" ""
  exec "$built/portolan" demo
fi

# Whether any of the files is there that kubectl would read.
has_kubeconfig() {
  local file files
  IFS=: read -ra files <<< "${KUBECONFIG:-$HOME/.kube/config}"
  for file in "${files[@]}"; do [ ! -e "$file" ] || return 0; done
  return 1
}

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
has_kubeconfig || set -- --demo
exec "$built/portolan-desktop" "$@"
