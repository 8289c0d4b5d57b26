#!/bin/sh
# Plays a slow upload and shows the mask appear: a watch stays beside a folder, a scene arrives in it in pieces of 64 KiB,
# and is segmented when all of it is there, not before.
#
#     sh examples/watch/play-upload.sh
#
# Everything it makes lies in .build/watch. OVERTILE=/path/to/overtile uses that program instead of building one.
# PAUSE (seconds between pieces, 0.1) and SETTLE (seconds, 2) can be set, too.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
sh "$root/Tests/install-packages.sh"
if [ -z "${OVERTILE:-}" ]; then
    echo "Building overtile (the first time takes minutes)"
    swift build --package-path "$root" -c release --product overtile
    OVERTILE="$(swift build --package-path "$root" -c release --show-bin-path)/overtile"
fi
place="$root/.build/watch"
rm -rf "$place"
mkdir -p "$place/scenes" "$place/masks"
say() { printf '%s  %s\n' "$(date +%T)" "$*"; }

# A round island in the sea, with a lake, as a picture of bands red, green and blue; georeferenced by GDAL.
python3 - "$place/island.ppm" <<'PYTHON'
import sys
side = 1024
water, land = bytes((11, 29, 72)), bytes((96, 104, 58))
rows = []
for y in range(side):
    row = bytearray()
    for x in range(side):
        away = ((x - 512) ** 2 + (y - 512) ** 2) ** 0.5
        lake = ((x - 600) ** 2 + (y - 430) ** 2) ** 0.5
        row += land if away < 380 and lake > 120 else water
    rows.append(bytes(row))
open(sys.argv[1], "wb").write(b"P6 %d %d 255\n" % (side, side) + b"".join(rows))
PYTHON
gdal_translate -q -a_srs EPSG:32633 -a_ullr 500000 5010240 510240 5000000 "$place/island.ppm" "$place/island.tif"

"$OVERTILE" watch "$place/scenes" --follow --settle "${SETTLE:-2}" --output "$place/masks" \
    --model "$root/examples/models/water.safetensors" --resolution native \
    --on-done 'echo "--on-done: $OVERTILE_MASK is there"' &
watch=$!
trap 'kill $watch 2>/dev/null || true' EXIT
say "a watch (process $watch) stays beside $place/scenes"

size=$(wc -c < "$place/island.tif")
pieces=$(( (size + 65535) / 65536 ))
mask="$place/masks/island.tif"
piece=0
while [ "$piece" -lt "$pieces" ]; do
    dd if="$place/island.tif" of="$place/scenes/island.tif" bs=65536 skip=$piece seek=$piece count=1 conv=notrunc status=none
    piece=$((piece + 1))
    if [ -e "$mask" ]; then say "the mask is there too early"; exit 1; fi
    if [ $((piece % 12)) -eq 0 ]; then say "$piece of $pieces pieces are there, and no mask"; fi
    sleep "${PAUSE:-0.1}"
done
say "all $pieces pieces are there"

waited=0
until [ -e "$mask" ]; do
    [ "$waited" -lt 600 ] || { say "no mask after a minute"; exit 1; }
    sleep 0.1
    waited=$((waited + 1))
done
say "the mask is there: $mask"
sleep 1
kill "$watch"
wait "$watch" || true
trap - EXIT
gdalinfo -hist "$mask" | sed -n 's/^  *\([0-9][0-9 ]*\)$/\1/p' | awk '{ print "pixels of land: " $1 ", of water: " $2 }'
"$OVERTILE" status "$place/masks"
