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
  chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
    --disable-component-update --disable-sync --user-data-dir="$work/profile" --hide-scrollbars \
    --window-size="$width,1500" --screenshot="$out/report-$width.png" "file://$work/demo/report.html#gene=DEMO0014" \
    2>/dev/null
  python3 -c 'import sys; from PIL import Image; file = sys.argv[1]; Image.open(file).convert("RGB").quantize(64).save(
file, optimize=True)' "$out/report-$width.png"  # a third of the bytes
done
ls -l "$out"
