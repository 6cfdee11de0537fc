#!/usr/bin/env bash
# Installs Portolan's Debian package in a Debian 12 of its own, starts what is in it, and removes it again. Needs root.
# Usage: test-package.sh PACKAGE.deb
#
# The scratch system is a folder that goes with the script; only its packages come from elsewhere: from where this machine's
# own apt gets them. The screen is this machine's Xvfb.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

package=$(realpath "${1:?which package: $(basename "$0") PACKAGE.deb}")
[ "$(id -u)" = 0 ] || die "A scratch system needs root: it is entered by chroot." "Run it as root, or install the package on a machine of your own."
need_packages debootstrap xvfb x11-utils

work=$(mktemp -d)
root=$work/root
screen='' program=''

finish() {
  local pid
  for pid in $program $screen; do kill "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true; done
  for mount in proc sys dev/shm; do umount -l "$root/$mount" 2>/dev/null || true; done
  rm -rf --one-file-system "$work"
}
trap finish EXIT

inside() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }

# What is there, but for what every installation leaves: apt's lists and caches, logs, and what other packages' triggers write.
files() {
  (cd "$root" && find . -xdev \( -path ./proc -o -path ./sys -o -path ./dev -o -path ./tmp -o -path ./run -o -path ./root \
    -o -path ./var/lib -o -path ./var/cache -o -path ./var/log \) -prune -o -print | sort)
}

say "A Debian 12 to install it in …"
mirror=$(debian_mirror)
debootstrap --variant=minbase --include=ca-certificates bookworm "$root" "$mirror" > "$work/debootstrap.log" 2>&1 ||
  { tail -n 20 "$work/debootstrap.log" >&2; die "The scratch Debian could not be made (above)."; }
# As this machine's apt is told how to reach the mirror, so is that one's.
cp /etc/apt/apt.conf.d/* "$root/etc/apt/apt.conf.d/" 2>/dev/null || true
cp /etc/resolv.conf /etc/hosts "$root/etc/"
printf 'deb %s bookworm main\n' "$mirror" > "$root/etc/apt/sources.list"
mount -t proc proc "$root/proc"
mount --rbind --make-rslave /sys "$root/sys"
mkdir -p "$root/dev/shm"
mount -t tmpfs tmpfs "$root/dev/shm"

# What the package depends on is installed first, so that what it leaves behind is its own.
say "What it depends on …"
deps=$(dpkg-deb -f "$package" Depends | tr ',' '\n' | sed 's/^ *//; s/[ (|].*$//' | sed '/^$/d' | tr '\n' ' ')
say "  $deps"
inside apt-get update -qq > "$work/apt.log" 2>&1 || { tail -n 20 "$work/apt.log" >&2; die "apt-get update failed in the scratch system."; }
# shellcheck disable=SC2086 # a list
inside apt-get install -y --no-install-recommends $deps dbus dbus-bin >> "$work/apt.log" 2>&1 ||
  { tail -n 20 "$work/apt.log" >&2; die "What the package depends on is not in Debian 12 (above)."; }
files > "$work/before"

say "Install …"
cp "$package" "$root/tmp/portolan.deb"
inside apt-get install -y --no-install-recommends /tmp/portolan.deb >> "$work/apt.log" 2>&1 ||
  { tail -n 20 "$work/apt.log" >&2; die "The package does not install (above)."; }
files > "$work/with"
comm -13 "$work/before" "$work/with" | grep -v '/$' >&2

say "The command …"
inside portolan --version >&2
inside timeout 60 portolan get services --demo -n shop > "$work/services"
grep -q web "$work/services" || { cat "$work/services" >&2; die "The command does not list the demo cluster's Services."; }

say "The window …"
exec 8> "$work/display"
Xvfb -displayfd 8 -screen 0 1280x800x24 -nolisten tcp > "$work/xvfb.log" 2>&1 & screen=$!
wait_until 20 "a screen" test -s "$work/display"
display=:$(tr -d '\n' < "$work/display")
began=$(date +%s%N)
chroot "$root" env -i PATH=/usr/bin:/bin HOME=/root LANG=C.UTF-8 DISPLAY="$display" GDK_BACKEND=x11 NO_AT_BRIDGE=1 \
  dbus-run-session -- portolan-desktop --demo > "$work/window.log" 2>&1 & program=$!
shown() { xwininfo -display "$display" -root -tree | grep -q '"Portolan"'; }
wait_until 60 "the window" shown || { cat "$work/window.log" >&2; die "The installed window does not open."; }
say "  there after $((($(date +%s%N) - began) / 1000000)) ms"
kill "$program"; wait "$program" 2>/dev/null || true; program=''

say "Remove …"
inside apt-get purge -y portolan >> "$work/apt.log" 2>&1 || { tail -n 20 "$work/apt.log" >&2; die "The package does not go (above)."; }
files > "$work/after"
if ! diff "$work/before" "$work/after" >&2; then die "The package leaves something behind, or took something along (above)."; fi
say "Installed, started and removed cleanly."
