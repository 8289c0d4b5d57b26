#!/bin/sh
# Builds examples/library, a package that depends on this one, and runs it on a small scene: the areas that it prints are
# those of the scene's pixels.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/overtile-library.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# A package of its own has a build of its own.
swift build --package-path "$root/examples/library" --scratch-path "$root/.build/library"
areas=$(swift build --package-path "$root/examples/library" --scratch-path "$root/.build/library" --show-bin-path)/areas

# 64 x 48 pixels of 10 m: 30.72 hectares.
gdal_create -q -of GTiff -ot Byte -outsize 64 48 -bands 3 -burn 10 -burn 40 -burn 90 -a_srs EPSG:32633 \
    -a_ullr 500000 5300000 500640 5299520 "$work/scene.tif"
"$areas" "$work/scene.tif" "$root/examples/models/water.safetensors" "$work/mask.tif" | tee "$work/output"
sum=$(sed -n 's/.*: \([0-9]*\) ha$/\1/p' "$work/output" | awk '{ sum += $1 } END { print sum }')
[ "$sum" -ge 30 ] && [ "$sum" -le 31 ] || { echo "library: the areas add up to $sum ha, not 31" >&2; exit 1; }
[ -f "$work/mask.tif" ] || { echo "library: there is no mask" >&2; exit 1; }
echo "library: the example builds and runs"
