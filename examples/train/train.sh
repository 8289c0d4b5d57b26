#!/bin/sh
# Trains a network from 22 polygons, segments the world with it, and judges the result: minutes on two cores.
#
#     sh examples/train/train.sh
#
# Everything it makes lies in .build/train. OVERTILE=/path/to/overtile uses that program instead of building one.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
out="$root/.build/train"
mkdir -p "$out"

say() { printf '\n== %s\n' "$*"; }

say "Packages, scene and program"
sh "$root/Tests/install-packages.sh" build scripts
sh "$root/examples/blue-marble.sh" "$out"
if [ -z "${OVERTILE:-}" ]; then
    swift build --package-path "$root" -c release --product overtile
    OVERTILE="$(swift build --package-path "$root" -c release --show-bin-path)/overtile"
fi
# What is judged later is cut off before anything is learned.
gdal_translate -q -srcwin 0 0 3600 2700 "$out/blue-marble.tif" "$out/west.tif"

say "Training west of 60 E, from the polygons of drawn.geojson"
"$OVERTILE" train "$out/west.tif" --truth "$root/examples/train/drawn.geojson" --class-field kind --base 8 --steps 600 \
    --draw classes --intensity 0.3 --average 0.99 --validation 0 --output "$out/drawn.safetensors" --overwrite

say "Segmenting the world"
"$OVERTILE" segment "$out/blue-marble.tif" --model "$out/drawn.safetensors" --output "$out/drawn.tif" --overwrite
"$OVERTILE" preview "$out/blue-marble.tif" "$out/drawn.tif" --classes-only water --opacity 0.7 \
    --output "$out/drawn.png" --overwrite

say "Against the truth east of 60 E"
gdal_translate -q -srcwin 3600 0 1800 2700 "$out/drawn.tif" "$out/east.tif"
"$OVERTILE" evaluate "$out/east.tif" "$out/blue-marble-truth.vrt" --map 0=water,1=land,2=water
echo
echo "Look at $out/drawn.png, or at drawn.tif in QGIS."
