#!/bin/sh
# Runs examples/qgis in a QGIS without a window, in a profile of its own: by qgis_process, and from Python as its
# window would.
#
#     sh Tests/qgis/run.sh [PATH/TO/overtile]
#
# Without an argument, it takes OVERTILE's or the release build's. Skipped, with a message, where QGIS is not installed.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
skip() { echo "qgis: skipped, as $*"; exit 0; }
# Debian's qgis_process hands on an option that it does not understand itself; the program proper is behind it.
qgis=$(command -v qgis_process.bin || command -v qgis_process) || skip "there is no qgis_process (install qgis)"
# QGIS's modules belong to the system's Python, which need not be the first on the PATH.
python=
for candidate in /usr/bin/python3 python3; do
    if PYTHONDONTWRITEBYTECODE=1 "$candidate" -c 'import qgis.core' 2>/dev/null; then python=$candidate; break; fi
done
[ -n "$python" ] || skip "no python3 has the module qgis (install python3-qgis)"
OVERTILE=$(realpath "${1:-${OVERTILE:-$root/.build/release/overtile}}")
[ -x "$OVERTILE" ] || { echo "qgis: there is no program $OVERTILE: build it, or name it" >&2; exit 1; }

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
export OVERTILE QT_QPA_PLATFORM=offscreen PYTHONDONTWRITEBYTECODE=1
export HOME="$place/home" QGIS_CUSTOM_CONFIG_PATH="$place/config" XDG_RUNTIME_DIR="$place/run"
scripts="$QGIS_CUSTOM_CONFIG_PATH/profiles/default/processing/scripts"
mkdir -p "$HOME" "$scripts" "$place/out"
mkdir -m 700 "$XDG_RUNTIME_DIR"
cp "$root/examples/qgis/overtile_segment.py" "$scripts/"
fail() { echo "qgis: $1" >&2; [ $# -lt 2 ] || cat "$2" >&2; exit 1; }

# The colours of sea, to the west, and of land; and the same, large enough to be stopped.
for side in 300 1500; do
    "$python" -c 'import sys; n = int(sys.argv[1]); sys.stdout.buffer.write(
        b"P6 %d %d 255\n" % (n, n) + (bytes([10, 20, 50]) * (n // 2) + bytes([190, 160, 110]) * (n // 2)) * n)' \
        "$side" > "$place/scene.ppm"
    gdal_translate -q -a_srs EPSG:4326 -a_ullr 10 58 18 50 "$place/scene.ppm" "$place/scene-$side.tif"
done
model="$root/examples/models/water.safetensors"

run() { "$qgis" "$@" > "$place/said" 2>&1; }
run plugins enable processing || fail "the plug-in Processing cannot be enabled:" "$place/said"
run help script:overtilesegment || fail "the script is not in the toolbox:" "$place/said"
for words in 'POLYGONS' 'Program' 'without seams'; do
    grep -q "$words" "$place/said" || fail "the help does not say \"$words\":" "$place/said"
done
run run script:overtilesegment -- SCENE="$place/scene-300.tif" MODEL="$model" CLASSES=land,water \
    MASK="$place/out/mask.tif" OPTIONS='--tile 108 --workers 1' || fail "the script failed:" "$place/said"
for words in '\.\.\.[1-9]0\.\.\.' '100' "MASK:.*$place/out/mask.tif"; do
    grep -q "$words" "$place/said" || fail "the script does not say \"$words\":" "$place/said"
done
value() { gdallocationinfo -valonly "$place/out/mask.tif" "$1" 150; }
[ "$(value 10) $(value 290)" = '1 0' ] || fail "the mask has $(value 10) at sea and $(value 290) on land, not 1 and 0"

# What is wrong is said in Overtile's own line.
if run run script:overtilesegment -- SCENE="$place/scene-300.tif" MODEL="$place/scene.ppm" \
    MASK="$place/out/none.tif"; then
    fail "a picture was taken for a model:" "$place/said"
fi
grep -q 'scene.ppm' "$place/said" || fail "the error does not name the model:" "$place/said"
[ ! -e "$place/out/none.tif" ] || fail "a run that failed left a mask"
echo "qgis: the script works in qgis_process"

"$python" "$root/Tests/qgis/check.py" "$place" "$model"
