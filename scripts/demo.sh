#!/usr/bin/env bash
# Install gxfast into a fresh virtual environment and run the demo.
# Usage: scripts/demo.sh [VENV] [DIR]     (defaults: .venv-demo, gxfast-demo, both in the current folder)
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
venv=${1:-.venv-demo}
demo=${2:-gxfast-demo}
say() { printf '== %s (%s s)\n' "$1" "$SECONDS" >&2; }
if [ -n "$(ls -A "$demo" 2>/dev/null)" ]; then
  echo "$0: $demo is not empty; name another folder: $0 $venv DIR" >&2
  exit 2
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
# Of what pip and the compiler say, that they are at work; all of it goes to the log.
watch() {
  local line
  while IFS= read -r line; do
    printf '%s\n' "$line" >>"$log"
    case $line in
      *"Running command Building wheel"*) say "3/4 compiling gxfast, minutes on a small machine" ;;
      *"["*[05]/*"] Building"*) printf '   compiled %s\n' "$(grep -o '\[[0-9]*/[0-9]*\]' <<<"$line")" >&2 ;;
      *"Installing collected packages"*gxfast*) printf '   installing\n' >&2 ;;
    esac
  done
}
say "1/4 making the environment $venv"
python3 -m venv "$venv"
say "2/4 fetching what gxfast is built with, and what it needs"
if ! "$venv/bin/pip" install -v "$root[cpu]" 2>&1 | watch; then
  tail -40 "$log" >&2
  exit 1
fi
say "4/4 running the demo into $demo"
"$venv/bin/gxfast" demo -o "$demo"
