#!/usr/bin/env bash
# Takes down the cluster that up.sh started, and whatever a killed run of it left. Does nothing where there is none.
# Usage: down.sh [STATE_DIR]      as given to up.sh
set -euo pipefail
# shellcheck source=node.sh
. "$(dirname "$0")/node.sh"
[ "$(id -u)" = 0 ] || die "The test cluster runs as root, so taking it down needs root." "Run this again as root."

# clear_away STATE_DIR
clear_away() {
  # All at once and without a goodbye: nothing of it is kept, and nobody is left to restart what has ended.
  wait_until 20 "the test cluster's processes to end" end_all "$1" ||
    die "These processes of the test cluster would not end: $(node_pids "$1" | xargs)" "See what holds them: ps -fp PID"
  # The node's mounts went with its last process; its folder is the one mount that this machine itself sees.
  if mountpoint -q "$1/node"; then umount -l "$1/node"; fi
  if [ -e "$1/.portolan-cluster" ]; then rm -rf "$1"; fi
}
end_all() {
  local left; left=$(node_pids "$1")
  [ -z "$left" ] || { echo "$left" | xargs kill -9; return 1; }
}
running=$(cat $record 2>/dev/null) || running=
if [ -n "$running" ] && [ "$running" != "$state" ]; then
  say "Another test cluster, in $running, gives way: a machine has room for one."
  clear_away "$running"
fi
clear_away "$state"
rm -f $record
if [ -e /run/netns/$node ]; then ip netns del $node; fi
if ip link show portolan0 >/dev/null 2>&1; then ip link del portolan0; fi

# What is left of the pods' control groups is empty, or somebody else's and cannot be removed.
find /sys/fs/cgroup -depth -type d -path '*/kubepods*' -exec rmdir {} + 2>/dev/null || true
# Mount points that up.sh made on this machine, if nothing else uses them.
for folder in $private; do rmdir "$folder" 2>/dev/null || true; done
