#!/usr/bin/env bash
# Writes the test pods' image as an archive that a container runtime can load; there is no image registry to pull it from.
# Usage: image.sh DIR      writes DIR/podserver.tar (docker.io/library/podserver:1), and DIR/pause.tar for our own cluster
#
# On a cluster of your own, load it before apply.sh:
#   kind load image-archive DIR/podserver.tar          sudo k3s ctr images import DIR/podserver.tar
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=../../scripts/lib.sh
. "$here/../../scripts/lib.sh"
[ $# = 1 ] || die "image.sh needs one argument: the folder to write the archives to."
need_packages gcc libc6-dev busybox-static
mkdir -p "$1"; out=$(cd "$1" && pwd)
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
case $(uname -m) in
  x86_64) arch=amd64 ;;
  aarch64) arch=arm64 ;;
  *) die "No name is known here for this machine's kind of processor ($(uname -m)) in an image." "Add it to image.sh." ;;
esac

# pack NAME IMAGE PROGRAM    makes an archive of one layer, $work/NAME's files
pack() {
  local name=$1 image=$2 program=$3 files=$work/$1 layer config
  mkdir -p "$files"/{etc,dev,proc,sys,tmp}
  tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C "$files" -cf "$work/layer.tar" .
  layer=$(sha256sum < "$work/layer.tar" | cut -d' ' -f1)
  printf '{"architecture":"%s","os":"linux","config":{"Entrypoint":["%s"],"Env":["PATH=/bin"]},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
    "$arch" "$program" "$layer" > "$work/config.json"
  config=$(sha256sum < "$work/config.json" | cut -d' ' -f1).json
  mv "$work/config.json" "$work/$config"
  printf '[{"Config":"%s","RepoTags":["%s"],"Layers":["layer.tar"]}]' "$config" "$image" > "$work/manifest.json"
  tar -C "$work" -cf "$out/$name.tar" manifest.json "$config" layer.tar
}

mkdir -p "$work"/{pause,podserver/bin}
echo '#include <unistd.h>
int main(void) { for (;;) pause(); }' | gcc -O2 -static -x c -o "$work/pause/pause" -
pack pause registry.k8s.io/pause:3.2 /pause

gcc -O2 -Wall -Wextra -static -pthread -o "$work/podserver/bin/podserver" "$here/podserver.c"
# A shell beside it lets a test give a container another command: one that exits, say.
cp "$(command -v busybox)" "$work/podserver/bin/busybox"
ln -s busybox "$work/podserver/bin/sh"
pack podserver docker.io/library/podserver:1 /bin/podserver
