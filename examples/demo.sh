#!/bin/sh
# Segments NASA's Blue Marble, the whole world, into water and land with the bundled model, judges the result, and makes
# what is handed on: a cloud-optimised mask, polygons, statistics, a picture and a report.
#
#     sh examples/demo.sh
#
# Everything it makes lies in .build/demo. OVERTILE=/path/to/overtile uses that program instead of building one.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
out="$root/.build/demo"
mkdir -p "$out"

say() { printf '\n== %s\n' "$*"; }

say "Packages"
sh "$root/Tests/install-packages.sh"
echo "ready"

say "Blue Marble, the whole world, and the truth of water and land (30 MB)"
sh "$root/examples/blue-marble.sh" "$out"
scene="$out/blue-marble.tif"
echo "$scene: 5400 x 2700 pixels of 1/15 degree"

if [ -z "${OVERTILE:-}" ]; then
    say "Building overtile (the first time takes minutes)"
    swift build --package-path "$root" -c release --product overtile
    OVERTILE="$(swift build --package-path "$root" -c release --show-bin-path)/overtile"
fi

say "Segmenting the world"
mask="$out/world-water.tif"
"$OVERTILE" segment "$scene" --model "$root/examples/models/water.safetensors" \
    --output "$mask" --of COG --polygons "$out/world-water.gpkg" --stats "$out/world-water.json" \
    --report "$out/report.html" --overwrite
"$OVERTILE" preview "$scene" "$mask" --classes-only water --opacity 0.7 --title "The world's water" \
    --output "$out/world-water.png" --overwrite
echo "done"

say "Result: areas of the world, and the mask against the truth east of 60 E, where the model was not trained"
"$OVERTILE" check "$mask"
"$OVERTILE" stats "$mask"
gdal_translate -q -srcwin 3600 0 1800 2700 "$mask" "$out/east.tif"
"$OVERTILE" evaluate "$out/east.tif" "$out/blue-marble-truth.vrt" --map 0=water,1=land,2=water

say "To look at, in $out"
cat <<END
report.html        open it in a browser: the scene beside the mask, areas, where the time went
world-water.png    the mask over the scene, with its legend
world-water.gpkg   polygons of land and water with their areas; open it in QGIS over
world-water.tif    the mask, a cloud-optimised GeoTIFF with its legend, and that over
blue-marble.tif    the scene
world-water.json   the areas of land and water, for programs
END
