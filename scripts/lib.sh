# shellcheck shell=bash
# What the project's scripts share. Sourced, never run: . "$(dirname "$0")/lib.sh"

# say LINE...               plain lines on stderr, so that a script's stdout stays its result
say() { printf '%s\n' "$@" >&2; }

# die WHAT [MORE...]        one line each: what happened, why, what to do; ends the script
die() { printf '%s\n' "$@" >&2; exit 1; }

# wait_until SECONDS WHAT COMMAND...    runs the command until it succeeds; past the deadline says what was waited for
wait_until() {
  local limit=$1 what=$2 end=$((SECONDS + $1)); shift 2
  until "$@" >/dev/null 2>&1; do
    if [ $SECONDS -ge $end ]; then say "Waited $limit s in vain for: $what"; return 1; fi
    sleep 0.2
  done
}

# cache_dir                 where built things that outlive a checkout are kept
cache_dir() { printf '%s\n' "${XDG_CACHE_HOME:-${HOME:?}/.cache}/portolan"; }

# is_debian 12              whether this machine runs that release of Debian
is_debian() { (. /etc/os-release 2>/dev/null && [ "${ID:-}" = debian ] && [ "${VERSION_ID:-}" = "$1" ]); }

# need_packages PACKAGE...  installs those Debian or Ubuntu packages that are missing, and says which.
# The package lists are fetched only when something is missing, so that a second run costs nothing.
need_packages() {
  local package account missing=() root=() install=(apt-get install -y --no-install-recommends)
  if ! command -v apt-get >/dev/null; then
    die "Cannot install what is missing: this is neither Debian nor Ubuntu (no apt-get found)." \
      "Install what these Debian packages hold, by your system's own means: $*"
  fi
  for package in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  install+=("${missing[@]}")
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || die "These Debian packages are missing: ${missing[*]}" \
      "Installing needs root, and there is no sudo here. As root, run:" "  apt-get update && ${install[*]}"
    root=(sudo)
  fi
  say "Installing Debian packages${root[*]:+ (sudo may ask for your password)}: ${missing[*]}"
  # Not through a pipe, so that sudo can ask on the terminal; apt's own account goes to a file and is shown when it fails.
  account=$(mktemp)
  if ! { "${root[@]}" apt-get update -qq && "${root[@]}" env DEBIAN_FRONTEND=noninteractive "${install[@]}"; } >"$account" 2>&1; then
    tail -n 20 "$account" >&2; rm -f "$account"
    die "apt-get could not install them; its last words are above." "Try again by hand, as root:" "  apt-get update && ${install[*]}"
  fi
  rm -f "$account"
}

# debian_mirror             where this machine's own apt gets Debian from
# shellcheck disable=SC2016 # apt reads those names, not the shell
debian_mirror() {
  local mirror
  mirror=$(apt-get indextargets --format '$(REPO_URI) $(ORIGIN) $(RELEASE)' 'Created-By: Packages' 2>/dev/null |
    awk '$2 == "Debian" && $3 !~ /-/ {print $1; exit}')
  # Before the first `apt-get update` apt does not know whose a repository is; its address tells.
  [ -n "$mirror" ] || mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null | grep -m1 -E '/debian/?$')
  [ -n "$mirror" ] || die "Cannot tell where this machine gets Debian's packages from: apt names no Debian repository." \
    "Add one to /etc/apt/sources.list.d and run this again."
  printf '%s\n' "$mirror"
}

# at_least HAVE WANT        compares two version numbers
at_least() { [ "$(printf '%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

# need_rust                 Cargo, of the version that rust-toolchain.toml names or newer. Run from the repository's root
need_rust() {
  local want have
  want=$(sed -n 's/^channel = "\(.*\)"/\1/p' rust-toolchain.toml)
  # rustup puts Cargo where only a login shell looks.
  command -v cargo >/dev/null || PATH=$PATH:$HOME/.cargo/bin
  command -v cargo >/dev/null || die "Rust is missing: Portolan needs Cargo $want or newer, and there is none on the PATH." \
    "Install rustup, from rustup.rs; it then brings the right version by itself. Debian's own Rust is too old."
  # With rustup, this is also what downloads the pinned version, if need be.
  have=$(cargo --version | awk '{print $2}') || die "Cargo does not run (see above)." "Repair it with: rustup toolchain install $want"
  at_least "$have" "$want" || die "Rust is too old: this is Cargo $have, and Portolan needs $want or newer." \
    "With rustup: rustup toolchain install $want    Without: install rustup, from rustup.rs. Debian's own Rust is too old."
}

# need_node                 Node, of the version that ui/package.json asks for or newer. Run from the repository's root
need_node() {
  local want have
  want=$(sed -n 's/.*"node": *">=\([0-9.]*\)".*/\1/p' ui/package.json)
  command -v node >/dev/null || die "Node is missing: the window is built with Node $want or newer, and there is none on the PATH." \
    "Install the LTS version from nodejs.org. Debian 12's own package is Node 18, which is too old."
  have=$(node --version | tr -d v)
  at_least "$have" "$want" || die "Node is too old: this is $have, and the window is built with $want or newer." \
    "Install the LTS version from nodejs.org, and see that it comes first on the PATH. Debian 12's own package is Node 18."
  command -v npm >/dev/null || die "npm is missing, though Node is there: it builds the window." \
    "Install the LTS version from nodejs.org, which brings it."
}

# need_ui_packages          the window's npm packages, installed anew only when the lock file changed
need_ui_packages() {
  cmp -s ui/package-lock.json ui/node_modules/.installed-lock && return
  npm --prefix ui ci --no-audit --no-fund
  cp ui/package-lock.json ui/node_modules/.installed-lock
}

# need_tool NAME VERSION [PROGRAM]    a crate's program in exactly that version, on the PATH. It is kept in the cache folder, so
# neither does it change what the user has installed, nor does a second checkout build it again.
need_tool() {
  local root; root=$(cache_dir)/tools/$1-$2
  if [ ! -x "$root/bin/${3:-$1}" ]; then
    say "Installing $1 $2 from crates.io, once."
    cargo install --quiet --locked --root "$root" "$1@$2"
  fi
  PATH=$root/bin:$PATH
}

# may_have_cluster          whether there is a Kubernetes to test on, or one can be started here
may_have_cluster() { [ -n "${PORTOLAN_TEST_KUBECONFIG:-}" ] || { [ "$(id -u)" = 0 ] && is_debian 12; }; }

# need_cluster              that Kubernetes, with the tests' workloads on it. Run from the repository's root. Sets
#   kubeconfigs             its kubeconfigs: one that was named, or both of our own
#   started_cluster         the folder of a cluster that was started just now, for tests/cluster/down.sh at the end
# One of our own that other sources made, or that does not answer, is not used but replaced.
# shellcheck disable=SC2034 # what it sets is its caller's
need_cluster() {
  local state=/tmp/portolan-cluster
  if [ -n "${PORTOLAN_TEST_KUBECONFIG:-}" ]; then
    tests/cluster/apply.sh "$PORTOLAN_TEST_KUBECONFIG"
    kubeconfigs=("$PORTOLAN_TEST_KUBECONFIG")
    return
  fi
  if [ "${CI:-}" != true ] && [ "$(cat $state/made-from 2>/dev/null)" = "$(tests/cluster/up.sh --made-from)" ] &&
    timeout 10 $state/kubectl --kubeconfig $state/admin.kubeconfig get --raw /readyz >/dev/null 2>&1; then
    say "using the cluster that runs, and leaving it running"
    KUBECTL=$state/kubectl tests/cluster/apply.sh $state/admin.kubeconfig
  else
    started_cluster=$state
    tests/cluster/up.sh $state >/dev/null
  fi
  kubeconfigs=("$state/admin.kubeconfig" "$state/front.kubeconfig")
}

# What the window is built from and runs with, as Debian's and Ubuntu's packages. GTK and D-Bus come with WebKit; the tray
# looks for its library only when it runs; a system without a font shows boxes.
# shellcheck disable=SC2034
window_packages="build-essential pkg-config libwebkit2gtk-4.1-dev libayatana-appindicator3-1 fonts-dejavu-core xdg-utils"
