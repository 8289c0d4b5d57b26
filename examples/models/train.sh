#!/bin/sh
# Trains the bundled water/land model with `overtile train` alone, on the Blue Marble west of 60 E, and judges
# it east of there, where nothing was learned:
#
#     sh examples/models/train.sh FOLDER
#
# FOLDER gets the data (30 MB are fetched) and water.safetensors. OVERTILE=/path/to/overtile uses that program instead of
# building one. Needs GDAL's command-line tools.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
folder=$1
sh "$root/examples/blue-marble.sh" "$folder"

if [ -z "${OVERTILE:-}" ]; then
    swift build --package-path "$root" -c release --product overtile
    OVERTILE="$(swift build --package-path "$root" -c release --show-bin-path)/overtile"
fi

# The scene is cut before anything else happens: what lies beyond a cut is mirrored. The bands get names, by which segment
# will find them.
gdal_translate -q -of VRT -srcwin 0 0 3600 2700 "$folder/blue-marble.tif" "$folder/west.vrt"
for band in 1:red 2:green 3:blue; do
    sed -i "s|<VRTRasterBand\(.*\) band=\"${band%:*}\"\(.*\)>|&<Description>${band#*:}</Description>|" "$folder/west.vrt"
done

# Murky water is rare west of 60 E and fills whole shelf seas east of there: half of the crops get some, in colours from
# dark to bright, of which the brighter ones have less red.
"$OVERTILE" train "$folder/west.vrt" --truth "$folder/blue-marble-truth.vrt" --map 0=water,1=land,2=water \
    --colors land=c8b98c,water=2b7bba --output "$folder/water-float32.safetensors" --overwrite \
    --levels 4 --base 8 --no-batch-norm --initial he-normal \
    --crop 316 --batch 4 --draw borders --intensity 0.05 --plasma water=0.5 \
    --plasma-colors 11,20,9/23,20,9/23,20,22/11,20,22/70,128,108/115,128,108/115,128,140/70,128,140 \
    --rate 4e-3 --warm-up 350 --weight-decay 1e-3 --clip 1 --average 0.998 --steps 7000 --epochs 500 --patience 500 \
    --validation 0.03
"$OVERTILE" convert "$folder/water-float32.safetensors" --output "$folder/water.safetensors" --half --overwrite

"$OVERTILE" segment "$folder/blue-marble.tif" --model "$folder/water.safetensors" --output "$folder/world-water.tif" \
    --overwrite
gdal_translate -q -srcwin 3600 0 1800 2700 "$folder/world-water.tif" "$folder/east.tif"
"$OVERTILE" evaluate "$folder/east.tif" "$folder/blue-marble-truth.vrt" --map 0=water,1=land,2=water
