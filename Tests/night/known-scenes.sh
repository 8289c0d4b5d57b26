#!/bin/sh
# What a pass of `overtile watch` costs over a folder whose scenes are all known: its time, and its memory, which must stay
# below 200 MiB.
#
#     OVERTILE=.build/release/overtile sh Tests/night/known-scenes.sh [SCENES]
#
# SCENES is 5000 by default; the full number is 100000. Needs python3.
set -eu

overtile=$(realpath "${OVERTILE:?set OVERTILE to the program}")
scenes=${1:-5000}
root=$(cd "$(dirname "$0")/../.." && pwd)
model="$root/examples/models/water.safetensors"
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
mkdir "$place/in" "$place/out"

python3 - "$place/in" "$scenes" <<'PYTHON'
import sys
for number in range(int(sys.argv[2])):
    open("%s/LC08_L2SP_%06d_20260101_02_T1_SR.tif" % (sys.argv[1], number), "w").close()
PYTHON
# All are seen, and none has settled.
"$overtile" watch "$place/in" --model "$model" --output "$place/out" --settle 1000000 --quiet
python3 - "$place" "$scenes" <<'PYTHON'
import json, sqlite3, sys
place, count = sys.argv[1], int(sys.argv[2])
ledger = sqlite3.connect(place + "/out/.overtile-ledger.sqlite")
seen = ledger.execute("SELECT count(*) FROM scene").fetchone()[0]
if seen != count: sys.exit("known-scenes: the ledger has %d scenes, not %d" % (seen, count))
shares = json.dumps([{"value": v, "name": n, "pixels": 30000000, "share": 0.5} for v, n in ((0, "land"), (1, "water"))])
outputs = json.dumps([{"kind": "mask", "path": place + "/out/LC08_L2SP_000000_20260101_02_T1_SR.tif", "checksum": "0" * 64,
                       "stamp": {"size": 1, "modified": 1}}])
identity = json.dumps({"files": [{"path": place + "/in/LC08_L2SP_000000_20260101_02_T1_SR.tif", "bytes": 1, "modified": 1}],
                       "width": 7731, "height": 7871, "bands": 7})
ledger.execute("""UPDATE scene SET state = 'done', attempts = 1, settings = ?, model = 'water.safetensors', started = 1.5e9,
    finished = 1.6e9, seconds = 60, pixels = 60000000, class_shares = ?, outputs = ?, identity = ?""",
    ("0" * 64, shares, outputs, identity))
ledger.commit()
PYTHON
python3 - "$overtile" "$place" "$model" "$scenes" <<'PYTHON'
import resource, subprocess, sys, time
overtile, place, model, scenes = sys.argv[1:]
start = time.monotonic()
run = subprocess.run([overtile, "watch", place + "/in", "--model", model, "--output", place + "/out"])
seconds = time.monotonic() - start
used = resource.getrusage(resource.RUSAGE_CHILDREN)
memory = used.ru_maxrss / 1024
print("known-scenes: a pass over %s known scenes took %.2f s (%.2f s of processor time) and %.0f MiB"
      % (scenes, seconds, used.ru_utime + used.ru_stime, memory))
if run.returncode != 0: sys.exit("known-scenes: it ended with %d" % run.returncode)
if memory >= 200: sys.exit("known-scenes: more than 200 MiB")
PYTHON
