# shellcheck shell=bash disable=SC2034,SC2119,SC2120
# What up.sh, down.sh and part.sh share: where the node is, and how its parts run. Sourced, never run.
# Sets `here` and `state`; expects the caller's optional STATE_DIR as the first argument.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../../scripts/lib.sh
. "$here/../../scripts/lib.sh"
case ${1:-} in
  --made-from) ;;
  -*) die "$(basename "$0") knows no option $1." "How it is called stands at its top: $0" ;;
esac
state=$(realpath -m -- "${1:-/tmp/portolan-cluster}")

# The node's addresses. Nothing else is ever sent to.
node=portolan-node node_ip=10.200.77.2 host_ip=10.200.77.1 pods=10.201.0.0/16 services=10.96.0.0/16

# There is one such node on a machine. This names its folder, whatever folder the next one is to have.
record=/run/portolan-cluster

# Folders that kubelet, containerd and CNI fill beside the one they are given. On the node each is a folder of $state.
private="/run/containerd /var/lib/cni /var/lib/kubelet /var/log/containers /var/log/pods"

# part NAME COMMAND...     keeps how a part of the node is started, and starts it
part() {
  local name=$1; shift
  cat > "$state/parts/$name" <<END
#!/bin/bash
# Whatever else the caller has open would stay open for as long as this runs.
for fd in /proc/\$\$/fd/*; do fd=\${fd##*/}; case \$fd in 0|1|2|255) ;; *) eval "exec \$fd>&-" ;; esac; done
exec nsenter --net=/run/netns/$node --mount=$state/node/mounts $(printf '%q ' "$@")
END
  chmod +x "$state/parts/$name"
  part_start "$name"
}

# part_start NAME          starts it, in a process session of its own: it outlives the script, and holds none of its files
part_start() {
  setsid "$state/parts/$1" >> "$state/log/$1.log" 2>&1 < /dev/null &
  echo $! > "$state/pid/$1"
}

# part_pid NAME            its process, if that runs: a number alone may be somebody else's by now
part_pid() {
  local pid; pid=$(cat "$state/pid/$1" 2>/dev/null) && [ -n "$pid" ] && node_pids | grep -x "$pid"
}

# node_pids [STATE_DIR]    every process of the node, and of its pods: those have a layer of an image of ours for a root
node_pids() {
  {
    ip netns pids $node
    grep -lF "upperdir=${1:-$state}/containerd/" /proc/[0-9]*/mountinfo | cut -d/ -f3
  } 2>/dev/null | sort -u || true # a process that ends meanwhile is no failure
}
