#!/usr/bin/env bash
# Removes what was built in this checkout. Usage: clean.sh
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$(dirname "$0")/.."
rm -rf "${CARGO_TARGET_DIR:-target}" ui/dist ui/node_modules src-tauri/gen/schemas tests/desktop/output
if [ -d "$(cache_dir)" ]; then
  say "Left in place, shared by all checkouts: $(cache_dir) (the tests' Kubernetes and tools). To build those anew, remove it."
fi
