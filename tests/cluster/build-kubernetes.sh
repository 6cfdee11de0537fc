#!/usr/bin/env bash
# Builds a real Kubernetes, v1.20.2, from Debian 12's source package, once: about 4 minutes on 2 cores, then 400 MB in the
# cache. Debian is the one source of a whole Kubernetes that needs neither Docker nor a download page.
# Usage: build-kubernetes.sh      prints, on its last line, the folder with kube-apiserver, kubelet and the others
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=../../scripts/lib.sh
. "$here/../../scripts/lib.sh"
version=1.20.2
parts=(kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy)
out=$(cache_dir)/kubernetes-v$version

# The folder gets its name only when it is complete, so its being there is the mark.
if [ -d "$out" ]; then echo "$out"; exit 0; fi
is_debian 12 || die "Kubernetes v$version is built from a source package that only Debian 12 has; this is another system." \
  "Set PORTOLAN_TEST_KUBECONFIG to the kubeconfig of any cluster (kind, k3s) to test on that one instead."
need_packages golang-1.19-go rsync make gcc libc6-dev util-linux

# One build at a time: whoever comes second waits, and finds it done.
mkdir -p "$(dirname "$out")"
exec 9> "$out.lock"
flock 9
if [ -d "$out" ]; then echo "$out"; exit 0; fi
say "Building Kubernetes v$version from Debian's source package, once; about 4 minutes on 2 cores."
work=$out.building
rm -rf "$work"; trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{lists/partial,cache/archives/partial,src,bin}

# A source package needs a deb-src line. It gets an apt configuration of its own; this system's is not touched.
mirror=$(debian_mirror)
echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror bookworm main" > "$work/sources.list"
own_apt=(-qq -o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=/dev/null -o "Dir::State::lists=$work/lists"
  -o "Dir::Cache=$work/cache" -o APT::Sandbox::User=root)
apt-get "${own_apt[@]}" update >&2
(cd "$work" && apt-get "${own_apt[@]}" source --download-only kubernetes >&2)
source=("$work"/kubernetes_*"$version.orig.tar.gz") # Debian's name for it is 1.20.5+really1.20.2
[ -f "${source[0]}" ] || die "Debian's source package is no longer Kubernetes $version: $(cd "$work" && echo kubernetes_*.orig.tar.*)" \
  "Name the version that it is now in build-kubernetes.sh, with that version's commit."
tar xzf "${source[0]}" -C "$work/src" --strip-components=1

# A tarball has no git history for Kubernetes' build to read its version from, so it is told.
log=$work.log
if ! env -C "$work/src" PATH="/usr/lib/go-1.19/bin:$PATH" GOPATH="$work/gopath" GOCACHE="$work/gocache" GOFLAGS=-modcacherw \
  CGO_ENABLED=0 make WHAT="${parts[*]/#/cmd/}" GOLDFLAGS="-s -w" KUBE_GIT_VERSION=v$version KUBE_GIT_MAJOR=1 \
  KUBE_GIT_MINOR=20 KUBE_GIT_TREE_STATE=archive KUBE_GIT_COMMIT=faecb196815e248d3ecfb03c680a4507229c2a56 > "$log" 2>&1; then
  tail -n 20 "$log" >&2
  die "Building Kubernetes failed; the end of its log is above, the whole of it in $log." \
    "It needs about 5 GB of disk and 3 GB of memory. Run build-kubernetes.sh again: it starts afresh."
fi
for part in "${parts[@]}"; do mv "$work/src/_output/bin/$part" "$work/bin/"; done
mv -T "$work/bin" "$out"
rm -f "$log"
echo "$out"
