#!/usr/bin/env bash
# Brings the tests' workloads to a cluster and waits until they run. What is already there stays as it is.
# Usage: apply.sh [KUBECONFIG]      default: the usual one; needs an administrator's rights and kubectl
#
# On a cluster of your own, load the image first (see image.sh). To take it all away: kubectl delete namespace shop
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=../../scripts/lib.sh
. "$here/../../scripts/lib.sh"
[ $# = 0 ] || export KUBECONFIG=$1
kubectl=${KUBECTL:-kubectl}
command -v "$kubectl" >/dev/null || die "apply.sh needs kubectl, and there is none on the PATH." "Install it, or name it in KUBECTL."
shop() { "$kubectl" -n shop "$@"; }
ready() { # SECONDS PATH=VALUE OBJECT...
  local limit=$1 what=$2; shift 2
  shop wait --for="jsonpath={.status.$what" --timeout="${limit}s" "$@" >/dev/null || {
    shop get pods -o wide >&2; shop get events --sort-by=.lastTimestamp 2>/dev/null | tail -n 15 >&2
    die "The tests' workloads did not come up: waited $limit s for ${what/\}=/ to be } of $*." \
      "Pods and events are above. 'ErrImageNeverPull' means that the image was not loaded: see image.sh."
  }
}

# What is on its way out would be taken for there.
settle() { # OBJECT
  [ -z "$(shop get "$1" --ignore-not-found -o 'jsonpath={.metadata.deletionTimestamp}')" ] ||
    shop wait --for=delete "$1" --timeout=60s >/dev/null
}
settle namespace/shop
settle pod/solo
# A pod is refused until its namespace has its service account, which a controller adds a moment later.
"$kubectl" get namespace shop >/dev/null 2>&1 || "$kubectl" create --save-config namespace shop >&2
wait_until 30 "the service account of the namespace shop" shop get serviceaccount default ||
  die "The controller manager does not add service accounts, so no pod can start." "Look into its log."
"$kubectl" apply -f "$here/manifests" >/dev/null
ready 120 'readyReplicas}=3' deployment/web
ready 60 'readyReplicas}=1' statefulset/db replicationcontroller/legacy replicaset/rsweb
ready 60 'numberReady}=1' daemonset/agent
ready 60 'containerStatuses[0].ready}=true' pod/solo
ready 60 'active}=1' job/task
