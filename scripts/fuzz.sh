#!/usr/bin/env bash
# Fuzzes what reads bytes from the network (src-tauri/crates/wire/fuzz), one target after the other.
# Usage: fuzz.sh [MINUTES [TARGET...]]     minutes for each target, 2 if not given; all targets, if none is named
#
# The kept seeds are where it begins. What it adds goes to the cache folder, where the next run goes on; so does an input
# that makes a target fail, whose path is the last thing said. Add such an input to fuzz/seeds/TARGET once it is mended:
# `cargo test` replays all seeds.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$(dirname "$0")/.."
minutes=${1:-2}
[[ $minutes =~ ^[0-9]+$ ]] || die "“$minutes” is no number of minutes." "Usage: fuzz.sh [MINUTES [TARGET...]]"
shift || true
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(frame headers client server)

need_rust
need_tool cargo-fuzz 0.13.2
# The coverage that steers the fuzzer is an unstable option of the compiler's, which the pinned, stable one has as well. The
# address sanitizer would need a nightly one's standard library for nothing: the wire forbids unsafe code.
export RUSTC_BOOTSTRAP=1
fuzz=src-tauri/crates/wire/fuzz
work=$(cache_dir)/fuzz
for target in "${targets[@]}"; do
  [ -d "$fuzz/seeds/$target" ] || die "There is no fuzz target “$target”." "There are: $(ls $fuzz/seeds | tr '\n' ' ')"
  mkdir -p "$work/corpus/$target" "$work/artifacts/$target"
  cp "$fuzz/seeds/$target"/* "$work/corpus/$target/"
  say "" "== $target, for $minutes min"
  # rss_limit_mb: the targets hold little, so that more is a finding. timeout: in seconds, for one input.
  cargo fuzz run --fuzz-dir $fuzz --sanitizer none "$target" "$work/corpus/$target" -- \
    -max_total_time=$((minutes * 60)) -max_len=8192 -rss_limit_mb=1024 -timeout=10 -print_final_stats=1 \
    -artifact_prefix="$work/artifacts/$target/"
done
say "" "Nothing was found. What was learned is in $work."
