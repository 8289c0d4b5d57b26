#!/bin/sh
# Programs that get in each other's way, and clocks that are set back, again and again:
#
# - two runs of `segment` on one output: one makes it, and the other says 75, or 73 when it comes too late;
# - `watch` and `batch` into one folder: one works, the other says 75, and each scene is done once;
# - `status` while a batch writes its ledger: always an answer, and never a hold-up of the batch;
# - passes of `watch` between which the clock is set back by an hour, and forth again: each scene is done once.
#
#     OVERTILE=.build/release/overtile sh Tests/night/races.sh [ROUNDS]
#
# ROUNDS is 3 by default; the full number is 100. Needs python3, gdal_translate and faketime.
set -eu

overtile=$(realpath "${OVERTILE:?set OVERTILE to the program}")
rounds=${1:-3}
root=$(cd "$(dirname "$0")/../.." && pwd)
model="$root/examples/models/water.safetensors"
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT

python3 - "$overtile" "$place" "$model" "$rounds" <<'PYTHON'
import collections, json, os, shutil, subprocess, sys, time
overtile, place, model, rounds = sys.argv[1:]
count = collections.Counter()

def fail(text): sys.exit("races: " + text)

def scene(name, number):
    width, height = 170 + 10 * number, 150
    picture = b"".join(bytes((11, 29, 72) if (x - 60) ** 2 + (y - 40 - 5 * number) ** 2 < 1500 else (96, 104, 58))
                       for y in range(height) for x in range(width))
    source = place + "/picture.ppm"
    with open(source, "wb") as file: file.write(b"P6 %d %d 255\n" % (width, height) + picture)
    subprocess.run(["gdal_translate", "-q", "-a_srs", "EPSG:32633", "-a_ullr", "500000", "5001500",
                    str(500000 + 10 * width), "5000000", source, name], check=True)
    if os.path.exists(name + ".aux.xml"): os.remove(name + ".aux.xml")

def begin(*names):
    for name in names:
        shutil.rmtree(place + "/" + name, ignore_errors=True)
        os.mkdir(place + "/" + name)

common = ["--model", model, "--resolution", "native", "--tile", "124", "--quiet"]
def start(*words, fake=None):
    words = ["faketime", "-f", fake, overtile, *words] if fake else [overtile, *words]
    environment = dict(os.environ, NO_FAKE_STAT="1")
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
def end(process):
    output, errors = process.communicate()
    return process.returncode, output, errors

def entries(folder):
    status, output, errors = end(start("status", folder, "--json"))
    if status != 0: fail("status ended with %d: %s" % (status, errors))
    return json.loads(output)

def hidden(folder):
    return [name for name in os.listdir(folder)
            if name.startswith(".") and name not in (".overtile-ledger.sqlite", ".overtile.lock")]

def masks(folder): return {name: open(folder + "/" + name, "rb").read()
                           for name in sorted(os.listdir(folder)) if name.endswith(".tif") and name[0] != "."}

begin("in")
for number in range(4): scene("%s/in/scene-%d.tif" % (place, number), number)
begin("whole")
status, _, errors = end(start("batch", place + "/in", "--output", place + "/whole", *common))
if status: fail(errors)
whole = masks(place + "/whole")

for round in range(int(rounds)):
    # Two runs on one output.
    begin("out")
    words = ["segment", place + "/in/scene-0.tif", "--output", place + "/out/scene-0.tif", *common]
    ends = [end(process) for process in [start(*words) for _ in range(3)]]
    codes = sorted(code for code, _, _ in ends)
    if codes[0] != 0 or any(code not in (0, 73, 75) for code in codes) or codes.count(0) != 1: fail("segments: %s" % ends)
    if masks(place + "/out") != {"scene-0.tif": whole["scene-0.tif"]} or hidden(place + "/out"): fail("segments: other bytes")
    count["segments turned away"] += 2

    # A watcher and batches on one folder.
    begin("out")
    batch = ["batch", place + "/in", "--output", place + "/out", *common]
    watch = ["watch", place + "/in", "--output", place + "/out", "--settle", "0", *common]
    ends = [end(process) for process in [start(*words) for words in (watch, batch, watch, batch)]]
    if any(code not in (0, 75) for code, _, _ in ends) or all(code for code, _, _ in ends): fail("watch and batch: %s" % ends)
    count["watches and batches turned away"] += sum(code == 75 for code, _, _ in ends)
    found = entries(place + "/out")
    if any(entry["state"] != "done" or entry["attempts"] != 1 for entry in found) or len(found) != 4: fail("%s" % found)
    if masks(place + "/out") != whole or hidden(place + "/out"): fail("watch and batch: other bytes")

    # Looks at the ledger while a batch writes it.
    begin("out")
    process = start(*batch)
    while process.poll() is None:
        code, _, errors = end(start("status", place + "/out", "--json"))
        # At first there is no ledger.
        if code not in (0, 66): fail("status ended with %d: %s" % (code, errors))
        count["looks during a batch"] += 1
    code, _, errors = end(process)
    if code or masks(place + "/out") != whole: fail("a batch that was looked at: %d, %s" % (code, errors))

    # The clock goes back by an hour, and forth again. A scene arrives each time, and one of them is bad.
    begin("out", "arriving")
    watch = ["watch", place + "/arriving", "--output", place + "/out", "--settle", "1", *common]
    with open(place + "/arriving/bad.tif", "wb") as file: file.write(b"II*\0not a raster")
    for number, fake in enumerate([None, "-1h", "-1h", None]):
        name = "scene-%d.tif" % number
        shutil.copyfile(place + "/in/" + name, place + "/arriving/" + name)
        for attempt in range(20):
            code, _, errors = end(start(*watch, fake=fake))
            if code not in (0, 1): fail("a pass at %s ended with %d: %s" % (fake, code, errors))
            if os.path.exists(place + "/out/" + name): break
            time.sleep(0.5)
        else: fail("at %s, %s was never done: %s" % (fake, name, errors))
    found = [entry for entry in entries(place + "/out") if not entry["scene"].endswith("bad.tif")]
    if any(entry["state"] != "done" or entry["attempts"] != 1 for entry in found) or len(found) != 4: fail("%s" % found)
    if masks(place + "/out") != whole: fail("clocks: other bytes")
    count["passes with the clock set back"] += 1
print("races: %s rounds held: %s" % (rounds, ", ".join("%d %s" % (number, what) for what, number in count.items())))
PYTHON
