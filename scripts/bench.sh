#!/usr/bin/env bash
# Measures `portolan forward` against `kubectl port-forward`, kube's own forwarder and the bare wire, on a real Kubernetes;
# prints a table and writes all figures as JSON. Some fifteen minutes; the machine should have nothing else to do.
# Usage: bench.sh [JSON] [OPTION...]      default target/bench.json; or make bench ARGS="[JSON] [OPTION...]"
#   --quick                               one small round, to see whether everything works
#   --rounds N                            default 5
#   --only MEASURE,...  --ways WAY,...    some of it; --help lists what there is
#   --markdown docs/performance.md        put the table there as well
#   --portolan FILE  --portolan-args ARGS    another command, or one with other options
#
# The cluster is that of PORTOLAN_TEST_KUBECONFIG (with the kubectl on the PATH), else our own (tests/cluster/up.sh): one that
# runs is used and left running, one that is started here is taken down.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$(dirname "$0")/.."
built=${CARGO_TARGET_DIR:-target}
started_cluster='' kubeconfigs=() bench=''

finish() {
  # It kills what it has started, and only then ends.
  if [ -n "$bench" ] && kill "$bench" 2>/dev/null; then wait "$bench" || true; fi
  if [ -n "$started_cluster" ]; then tests/cluster/down.sh "$started_cluster" || true; fi
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

command="make bench${*:+ ARGS=\"$*\"}"
json=$built/bench.json
case ${1:-} in
  '' | -*) ;;
  *) json=$1; shift ;;
esac

need_rust
say "Building the command and the bench, as released."
cargo build --release -p portolan-cli -p portolan-tests --bins --examples
case " $* " in *" --help "*) exec "$built/release/examples/bench" --help ;; esac
may_have_cluster || die "There is no Kubernetes to measure on: our own takes root on Debian 12." \
  "Set PORTOLAN_TEST_KUBECONFIG to the kubeconfig of any cluster that has the tests' image: tests/cluster/image.sh says how."
need_cluster
kubectl=kubectl
if [ -z "${PORTOLAN_TEST_KUBECONFIG:-}" ]; then kubectl=$(dirname "${kubeconfigs[0]}")/kubectl; fi
mkdir -p "$(dirname "$json")"
# In the background, and waited for, so that a signal to this script is heard at once and passed on.
PORTOLAN_TEST_KUBECONFIG=${kubeconfigs[0]} "$built/release/examples/bench" \
  --kubectl "$kubectl" --json "$json" --command "$command" "$@" & bench=$!
wait "$bench"
bench=''
say "All figures are in $json."
