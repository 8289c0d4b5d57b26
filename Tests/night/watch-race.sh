#!/bin/sh
# Ten passes of `overtile watch` started at the same moment, again and again, while scenes arrive in pieces of 64 KiB: each
# scene must be segmented once, never before it was complete, and no two passes may work at once.
#
#     OVERTILE=.build/release/overtile sh Tests/night/watch-race.sh [SCENES]
#
# SCENES is 9 by default; the full number is 50. Scenes arrive in three ways, in turn: in place, under another name and
# renamed, and in place with a marker. Needs python3 and gdal_translate.
set -eu

overtile=$(realpath "${OVERTILE:?set OVERTILE to the program}")
scenes=${1:-9}
root=$(cd "$(dirname "$0")/../.." && pwd)
model="$root/examples/models/water.safetensors"
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
mkdir "$place/whole" "$place/in" "$place/out" "$place/expected" "$place/said"
fail() { echo "watch-race: $*" >&2; exit 1; }

# Different scenes of some seven pieces each, and the masks that they must have.
python3 - "$place/whole" "$scenes" <<'PYTHON'
import subprocess, sys
folder, count = sys.argv[1], int(sys.argv[2])
width, height = 400, 360
water, land = bytes((11, 29, 72)), bytes((96, 104, 58))
for number in range(count):
    picture = bytearray()
    for y in range(height):
        edge = (number * 53 + y * (number % 5)) % width
        picture += water * edge + land * (width - edge)
    path = "%s/scene-%02d" % (folder, number)
    with open(path + ".ppm", "wb") as file:
        file.write(b"P6 %d %d 255\n" % (width, height) + picture)
    subprocess.run(["gdal_translate", "-q", "-a_srs", "EPSG:32633", "-a_ullr", "500000", "5003600", "504000", "5000000",
                    path + ".ppm", path + ".tif"], check=True)
    subprocess.run(["rm", "-f", path + ".ppm", path + ".tif.aux.xml"], check=True)
PYTHON
"$overtile" batch "$place/whole" --model "$model" --resolution native --output "$place/expected" --quiet > /dev/null

# Five uploads at a time, each with pauses of its own.
python3 - "$place/whole" "$place/in" <<'PYTHON' &
import os, random, sys, time
from concurrent.futures import ThreadPoolExecutor
source, target = sys.argv[1:]
def upload(job):
    number, name = job
    dice = random.Random(number)
    final = os.path.join(target, name)
    path = final + ".part" if number % 3 == 1 else final
    with open(os.path.join(source, name), "rb") as whole, open(path, "wb", buffering=0) as file:
        while piece := whole.read(1 << 16):
            file.write(piece)
            time.sleep(dice.uniform(0.02, 0.3))
    if number % 3 == 1: os.rename(path, final)
    if number % 3 == 2: open(final + ".done", "w").close()
with ThreadPoolExecutor(5) as pool:
    list(pool.map(upload, enumerate(sorted(os.listdir(source)))))
PYTHON
uploads=$!

round=0
worked=0
left=0
until [ "$(find "$place/out" -name 'scene-*.tif' | wc -l)" -eq "$scenes" ]; do
    round=$((round + 1))
    [ "$round" -le 400 ] || fail "only $(find "$place/out" -name 'scene-*.tif' | wc -l) of $scenes masks after $round rounds"
    passes=''
    for pass in 0 1 2 3 4 5 6 7 8 9; do
        "$overtile" watch "$place/in" --model "$model" --resolution native --output "$place/out" --settle 1 \
            --log-file "$place/log" --log-format json > /dev/null 2> "$place/said/$pass" &
        passes="$passes $!"
    done
    pass=0
    for process in $passes; do
        status=0
        wait "$process" || status=$?
        case $status in
            0) worked=$((worked + 1)) ;;
            75)
                left=$((left + 1))
                [ "$(wc -l < "$place/said/$pass")" -eq 1 ] || fail "a pass that left said: $(cat "$place/said/$pass")"
                ;;
            *) fail "a pass ended with $status: $(cat "$place/said/$pass")" ;;
        esac
        pass=$((pass + 1))
    done
    sleep 0.2
done
wait "$uploads"

for scene in "$place/whole"/*.tif; do
    name=$(basename "$scene")
    cmp "$place/expected/$name" "$place/out/$name" || fail "$name: the mask is not that of the complete scene"
done
python3 - "$place/log" "$scenes" <<'PYTHON' || fail "the log tells of another night, see above"
import collections, json, sys
done = collections.Counter()
for line in open(sys.argv[1]):
    entry = json.loads(line)
    if entry["message"] == "scene failed": sys.exit("failed: " + line)
    if entry["message"] == "scene done": done[entry["scene"]] += 1
twice = [scene for scene, count in done.items() if count != 1]
if twice or len(done) != int(sys.argv[2]): sys.exit("%d scenes done, more than once: %s" % (len(done), twice))
PYTHON
# Nothing that is under way stays behind.
rest=$(find "$place/out" -mindepth 1 ! -name 'scene-*.tif' ! -name 'scene-*.tif.aux.xml' ! -name 'scene-*.qml' \
    ! -name '.overtile-ledger.sqlite' ! -name '.overtile.lock')
[ -z "$rest" ] || fail "left behind: $rest"
echo "watch-race: $scenes scenes segmented once each, in $round rounds of 10 passes: $worked worked, $left left with 75"
