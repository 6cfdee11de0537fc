#!/usr/bin/env bash
# Ends, starts, stalls or resumes one part of the running test cluster, to see what its absence does.
# Usage: part.sh stop|start|stall|resume NAME [STATE_DIR]
#   NAME: etcd, apiserver, front, controllers, scheduler, containerd, kubelet, proxy
#   stall: the process keeps its connections and answers nothing, as a machine does behind a dead network
set -euo pipefail
usage="Usage: part.sh stop|start|stall|resume NAME [STATE_DIR]"
[ $# -ge 2 ] || { echo "$usage" >&2; exit 2; }
action=$1 name=$2; shift 2
# shellcheck source=node.sh
. "$(dirname "$0")/node.sh"
[ -x "$state/parts/$name" ] || die "The cluster in $state has no part called '$name'." \
  "It has: $(cd "$state/parts" 2>/dev/null && echo *)" "No cluster there? Start one: tests/cluster/up.sh"
pid=$(part_pid "$name") || pid=
gone() { ! part_pid "$name"; }
case $action in
  start) [ -n "$pid" ] || part_start "$name" ;;
  stop) [ -z "$pid" ] || { kill -9 "$pid"; wait_until 10 "$name to end" gone; } ;;
  stall | resume)
    [ -n "$pid" ] || die "$name does not run, so there is nothing to $action." "Start it: part.sh start $name"
    if [ "$action" = stall ]; then kill -STOP "$pid"; else kill -CONT "$pid"; fi ;;
  *) die "'$action' is not a thing that part.sh does." "$usage" ;;
esac
