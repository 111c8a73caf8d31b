#!/usr/bin/env bash
# Make the pictures of docs/gallery.md again: figures of the demonstration, and its report in a browser (chromium).
set -euo pipefail
cd "$(dirname "$0")/.."
out=docs/images
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
gxfast demo -q -o "$work/demo"
mkdir -p "$out"
for name in across_genes r_histogram against_baseline support distances explained person.DEMO0016 person.DEMO0014 \
  effects.DEMO0014 locus.DEMO0016 surroundings.DEMO0014; do
  cp "$work/demo/figures/demo-promoter.$name.png" "$out/$name.png"
done
for width in 1280 800 420; do
  chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --window-size="$width,1500" \
    --screenshot="$out/report-$width.png" "file://$work/demo/report.html" 2>/dev/null
done
ls -l "$out"
