#!/usr/bin/env bash
# A way to the API server of the running test cluster that can be lost as behind a dead VPN: packets vanish, nothing is closed
# or refused. It is a port of its own on the node, so that nobody who uses the usual ones notices.
# Usage: fault.sh open|drop|restore|close PORT [STATE_DIR]
#   open: the node's PORT leads to the API server's; drop: what belongs to its connections vanishes, both ways; restore: it
#   is carried again; close: neither is left, and PORT is nobody's
set -euo pipefail
usage="Usage: fault.sh open|drop|restore|close PORT [STATE_DIR]"
[ $# -ge 2 ] || { echo "$usage" >&2; exit 2; }
action=$1 port=$2; shift 2
# shellcheck source=node.sh
. "$(dirname "$0")/node.sh"
[[ $port =~ ^[1-9][0-9]{3,4}$ ]] || die "'$port' is not a port that can be opened." "$usage"
[ -e "$state/.portolan-cluster" ] || die "There is no test cluster in $state." "Start one: tests/cluster/up.sh"
rules() { nsenter --net=/run/netns/$node iptables --wait "$@"; }
mark="portolan-fault-$port"
redirect=(PREROUTING -i eth0 -p tcp --dport "$port" -m comment --comment "$mark" -j REDIRECT --to-ports 6443)
# By the port that its client knows: behind the redirection the API server's others would look the same.
vanish=(-p tcp -m conntrack --ctorigdstport "$port" -m comment --comment "$mark" -j DROP)
carry() {
  while rules -D INPUT -i eth0 "${vanish[@]}" 2>/dev/null; do :; done
  while rules -D OUTPUT -o eth0 "${vanish[@]}" 2>/dev/null; do :; done
}
case $action in
  open) rules -t nat -C "${redirect[@]}" 2>/dev/null || rules -t nat -A "${redirect[@]}" ;;
  drop) rules -I INPUT -i eth0 "${vanish[@]}"; rules -I OUTPUT -o eth0 "${vanish[@]}" ;;
  restore) carry ;;
  close) carry; while rules -t nat -D "${redirect[@]}" 2>/dev/null; do :; done ;;
  *) die "'$action' is not a thing that fault.sh does." "$usage" ;;
esac
