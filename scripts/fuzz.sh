#!/usr/bin/env bash
# Build and run every fuzz target of the C++ core from its corpus in csrc/fuzz/corpus, two at a time.
# Usage: scripts/fuzz.sh [SECONDS_PER_TARGET] [TARGET...]     (default: 30 s for each of all)
# What is found is kept under build/fuzz/found; FOUND, a file of it, runs again with build/fuzz/csrc/fuzz/fuzz_TARGET FOUND.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-30}
[ "$#" -gt 0 ] && shift
[ "$#" -gt 0 ] || set -- $(ls csrc/fuzz/corpus)
if ! command -v clang++ >/dev/null; then
  echo "fuzz.sh needs clang++ with libFuzzer: apt-get install clang (and libclang-rt-dev where it is apart)" >&2
  exit 1
fi
cmake --preset fuzz >/dev/null
cmake --build --preset fuzz
mkdir -p build/fuzz/found build/fuzz/grown

run_target() {
  local target=$1 log=build/fuzz/found/$1.log
  mkdir -p "build/fuzz/grown/$target"
  if build/fuzz/csrc/fuzz/fuzz_"$target" -max_total_time="$seconds" -max_len=1000 -timeout=30 -print_final_stats=1 \
      -artifact_prefix="build/fuzz/found/$target-" "build/fuzz/grown/$target" "csrc/fuzz/corpus/$target" >"$log" 2>&1; then
    echo "$target: $(grep -o 'number_of_executed_units: .*' "$log" | tr -dc 0-9) executions in $seconds s, nothing found"
  else
    tail -40 "$log"
    echo "$target: FAILED"
    return 1
  fi
}
export -f run_target
export seconds
printf '%s\n' "$@" | xargs -P 2 -I{} bash -c 'run_target {}'
