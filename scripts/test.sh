#!/usr/bin/env bash
# Installs what is missing and runs every check and test of the project; stops at the first that fails.
# Usage: test.sh
#
# The tests of the command are run on a demo cluster first. The last ones need a Kubernetes:
#   PORTOLAN_TEST_KUBECONFIG set    that cluster is used; the tests' workloads are put into its namespace shop. Since
#                                   Kubernetes 1.31 it has all wires: PORTOLAN_TEST_WIRES=spdy,tunnel,websocket
#   root on Debian 12               our own is started (tests/cluster/up.sh) and taken down at the end; one that
#                                   `make cluster-up` started is used as it is and left running
#   neither                         they are left out, and the end says so; with CI=true that is a failure
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$(dirname "$0")/.."
work=$(mktemp -d)
title='' began=0 started_cluster='' demo=''

finish() {
  local status=$?
  if [ -n "$demo" ]; then kill "$demo" 2>/dev/null || true; fi
  if [ -n "$started_cluster" ]; then tests/cluster/down.sh "$started_cluster" || true; fi
  rm -rf "$work"
  if [ $status != 0 ] && [ -n "$title" ]; then say "" "make test failed at: $title"; fi
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# step TITLE      a headline, and how long the step before took
step() {
  if [ -n "$title" ]; then say "   ($((SECONDS - began)) s)"; fi
  title=$1 began=$SECONDS
  say "" "== $title"
}

# ------------------------------------------------------------------ what it takes
step "what it takes"
need_rust
need_node
if ! { cargo fmt --version && cargo clippy --version; } >/dev/null; then
  die "rustfmt or Clippy is missing (see above)." "With rustup: rustup component add rustfmt clippy"
fi
window=no
if [ "$(uname)" = Linux ]; then
  # xauth: xvfb-run calls it, though the package only recommends it.
  # shellcheck disable=SC2086 # a list
  need_packages $window_packages webkit2gtk-driver xvfb xauth dbus-x11 dbus-daemon procps
  need_tool tauri-driver 2.1.0
  window=yes
fi
need_tool cargo-deny 0.20.2

# ------------------------------------------------------------------ the window's side
# First, since the app takes the built window into its binary, and so will not compile without.
step "npm packages"
need_ui_packages
step "svelte-check"
npm --prefix ui run --silent check
step "ESLint"
npm --prefix ui run --silent lint
step "Vitest"
npm --prefix ui run --silent test
step "the window's build"
npm --prefix ui run --silent build
step "npm audit"
npm --prefix ui audit --json > "$work/audit.json" 2> "$work/audit.log" || true
case $(node -p 'const a = JSON.parse(require("fs").readFileSync(process.argv[1])); a.metadata?.vulnerabilities?.total ?? "none"' \
  "$work/audit.json" 2>/dev/null || echo none) in
  0) say "no known vulnerability" ;;
  none) say "skipped: the npm registry that is set here answers no audits" ;;
  *) npm --prefix ui audit || true
     die "npm audit found vulnerabilities (above)." "Update what it names, in ui/package.json or by 'npm audit fix' in ui/." ;;
esac

# ------------------------------------------------------------------ Rust
# Every build below is of the whole workspace with all its targets: Cargo picks features by what it builds, and another
# choice would compile half of the dependencies again.
step "rustfmt"
cargo fmt --all --check
step "Clippy"
cargo clippy --locked --workspace --all-targets -- -D warnings
step "rustdoc"
RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps
step "build"
cargo build --workspace --all-targets
step "Rust tests"
mkdir -p ui/src/generated
cp -R ui/src/generated "$work/generated"
cargo test --workspace
step "generated types"
diff -r "$work/generated" ui/src/generated || die "The TypeScript types were not those of the Rust code (above: < old, > new)." \
  "The tests have just written the new ones to ui/src/generated: commit them."
step "dependencies of the engine and the command"
trees=$(cargo tree --locked -p portolan-engine -p portolan-cli -e normal --target all --prefix none)
if grep -E '^(tauri|wry|tao|muda|gtk|gdk|webkit2gtk|javascriptcore|webview2)' <<< "$trees" | sort -u; then
  die "The engine or the command depends on what only the window may (above)." \
    "To see through what: cargo tree -p portolan-engine -p portolan-cli -e normal --target all -i NAME"
fi
step "licences and sources"
cargo deny check --hide-inclusion-graph licenses bans sources
step "advisories"
if timeout 120 cargo deny fetch db > "$work/advisories.log" 2>&1; then
  cargo deny check --disable-fetch advisories
else
  say "skipped: the advisory database cannot be fetched from here"
fi

# ------------------------------------------------------------------ the demo cluster
target=$(realpath "${CARGO_TARGET_DIR:-target}")/debug
export PORTOLAN_TEST_CLI=$target/portolan PORTOLAN_TEST_APP=$target/portolan-desktop

step "the engine on demo clusters, again and again"
# One of them waits in silence for most of a minute, which is enough once: above.
for _ in 1 2 3 4 5; do cargo test --quiet --workspace --test engine -- --skip nothing_is_carried; done

step "fifty sessions and faults at random"
PORTOLAN_TEST_SOAK_SECONDS=120 cargo test --workspace --test soak outlast_all_faults_on_a_demo_cluster -- --ignored --nocapture

step "cluster tests, demo"
# It ends when its input does.
mkfifo "$work/input"
"$target/examples/demo-cluster" "$work/demo" < "$work/input" > "$work/said" & demo=$!
exec 9> "$work/input"
wait_until 60 "the demo cluster's pods" grep -q ready "$work/said" || die "The demo cluster did not come up (see above)."
on_demo() {
  PORTOLAN_TEST_KUBECONFIG=$work/demo/admin.kubeconfig PORTOLAN_TEST_VIEWER_KUBECONFIG=$work/demo/viewer.kubeconfig \
    PORTOLAN_TEST_CREATOR_KUBECONFIG=$work/demo/creator.kubeconfig PORTOLAN_TEST_GETTER_KUBECONFIG=$work/demo/getter.kubeconfig \
    PORTOLAN_TEST_LEAST_KUBECONFIG=$work/demo/least.kubeconfig \
    PORTOLAN_TEST_WIRES=spdy,tunnel,websocket "$@"
}
# Those that go by the clock are run alone, on the real cluster below.
on_demo cargo test --workspace --test cluster -- --ignored --test-threads=2 --skip promise
exec 9>&-
wait "$demo"
demo=''

# ------------------------------------------------------------------ a real Kubernetes
kubeconfigs=() left_out=()
if may_have_cluster; then
  step "the cluster"
  need_cluster
  if [ -z "${PORTOLAN_TEST_KUBECONFIG:-}" ]; then
    made=$(dirname "${kubeconfigs[0]}")
    export PORTOLAN_TEST_VIEWER_KUBECONFIG=$made/viewer.kubeconfig
    export PORTOLAN_TEST_CREATOR_KUBECONFIG=$made/creator.kubeconfig PORTOLAN_TEST_GETTER_KUBECONFIG=$made/getter.kubeconfig
    export PORTOLAN_TEST_LEAST_KUBECONFIG=$made/least.kubeconfig
  fi
else
  left_out+=("the cluster and desktop tests, which need a Kubernetes: run this as root on Debian 12, or set PORTOLAN_TEST_KUBECONFIG to a cluster's kubeconfig")
fi

if [ ${#kubeconfigs[@]} != 0 ]; then
  step "kubectl on the demo cluster"
  # Debian's newest, where our own cluster runs, and the one that is installed here.
  kubectls=()
  if [ -z "${PORTOLAN_TEST_KUBECONFIG:-}" ]; then kubectls+=("$made/kubectl"); fi
  if command -v kubectl >/dev/null; then kubectls+=(kubectl); fi
  PORTOLAN_TEST_KUBECTL=$(IFS=:; printf '%s' "${kubectls[*]}") cargo test --workspace --test engine kubectl -- --ignored
fi
for kubeconfig in ${kubeconfigs[@]+"${kubeconfigs[@]}"}; do
  step "cluster tests, $(basename "$kubeconfig")"
  # Of our own cluster it is known which wires it has. Of another, the tests take those that all have, unless it is said.
  if [ -z "${PORTOLAN_TEST_KUBECONFIG:-}" ]; then
    case $kubeconfig in
      */front.kubeconfig) export PORTOLAN_TEST_WIRES=spdy,tunnel,websocket ;;
      *) export PORTOLAN_TEST_WIRES=spdy,websocket ;;
    esac
  fi
  PORTOLAN_TEST_KUBECONFIG=$kubeconfig cargo test --workspace --test cluster -- --ignored --test-threads=2 --skip promise
done

if [ ${#kubeconfigs[@]} != 0 ]; then
  step "pods that roll, and pods that are away"
  PORTOLAN_TEST_KUBECONFIG=${kubeconfigs[0]} PORTOLAN_TEST_ROLL_SECONDS=20 PORTOLAN_TEST_AWAY_SECONDS=6 \
    cargo test --workspace --test cluster promise -- --ignored --test-threads=1 --nocapture
fi

if [ ${#kubeconfigs[@]} != 0 ] && [ $window = yes ]; then
  step "desktop test"
  # A screen and a session bus of its own, on which nothing of the user's appears. The screen does not begin anew whenever
  # nobody uses it: who came at that moment would find none.
  env -u WAYLAND_DISPLAY GDK_BACKEND=x11 NO_AT_BRIDGE=1 PORTOLAN_TEST_KUBECONFIG="${kubeconfigs[0]}" \
    dbus-run-session -- xvfb-run -a -s "-screen 0 1440x900x24 -noreset" \
    cargo test --workspace --test desktop -- --ignored --test-threads=1
elif [ $window = no ]; then
  left_out+=("the desktop test, which needs Linux: WebDriver drives the window there only")
fi

step "the end"
title=''
if [ ${#left_out[@]} != 0 ]; then
  say "Passed, but for what was left out:"
  say "${left_out[@]/#/  - }"
  if [ "${CI:-}" = true ]; then die "" "CI=true, and there leaving something out is a failure."; fi
else
  say "Everything passed, in $SECONDS s."
fi
