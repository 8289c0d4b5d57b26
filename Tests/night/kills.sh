#!/bin/sh
# Kills `overtile segment` and `overtile batch`, both with every output that there is, and now and then `overtile train`, at
# random moments, and gives the same command again: it must end well with the bytes of an undisturbed run, and leave
# nothing hidden.
#
#     OVERTILE=.build/release/overtile sh Tests/night/kills.sh [KILLS]
#
# KILLS is 20 by default; the full number is 1000. Needs python3 and gdal_translate.
set -eu

overtile=$(realpath "${OVERTILE:?set OVERTILE to the program}")
kills=${1:-20}
root=$(cd "$(dirname "$0")/../.." && pwd)
model="$root/examples/models/water.safetensors"
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT

# Bright land with dark lakes, three times, each of another size.
mkdir "$place/scenes"
python3 - "$place/scenes" <<'PYTHON'
import subprocess, sys
for number in range(3):
    width, height = 150 + 50 * number, 250 - 60 * number
    picture = bytearray()
    for y in range(height):
        for x in range(width):
            lake = (x - 70) ** 2 + (y - 60) ** 2 < 2000 + 500 * number or (x // 40 + y // 50) % 5 == 0
            picture += bytes((11, 29, 72)) if lake else bytes((96, 104, 58))
    path = "%s/scene-%d" % (sys.argv[1], number)
    with open(path + ".ppm", "wb") as file: file.write(b"P6 %d %d 255\n" % (width, height) + picture)
    corners = [str(value) for value in (500000, 5000000, 500000 + 10 * width, 5000000 - 10 * height)]
    subprocess.run(["gdal_translate", "-q", "-a_srs", "EPSG:32633", "-a_ullr"] + corners + [path + ".ppm", path + ".tif"],
                   check=True)
    if number == 0:
        truth = bytes(0 if picture[index] == 11 else 1 for index in range(0, len(picture), 3))
        with open(sys.argv[1] + "/../truth.pgm", "wb") as file: file.write(b"P5 %d %d 255\n" % (width, height) + truth)
        subprocess.run(["gdal_translate", "-q", "-a_srs", "EPSG:32633", "-a_ullr"] + corners
                       + [sys.argv[1] + "/../truth.pgm", sys.argv[1] + "/../truth.tif"], check=True)
    subprocess.run(["rm", "-f", path + ".ppm", path + ".ppm.aux.xml", path + ".tif.aux.xml"], check=True)
PYTHON
python3 - "$overtile" "$place" "$model" "$kills" <<'PYTHON'
import collections, os, random, shutil, signal, subprocess, sys, time
overtile, place, model, kills = sys.argv[1:]
dice = random.Random(17)

def fail(text): sys.exit("kills: " + text)

def command(kind, out, more):
    common = ["--model", model, "--resolution", "native", "--tile", "124", "--style", "--stac", "--quiet", *more]
    if kind == "segment":
        return [overtile, "segment", place + "/scenes/scene-0.tif", "--output", out + "/mask.tif", "--probabilities",
                out + "/p.tif", "--confidence", out + "/c.tif", "--polygons", out + "/polygons.shp", "--stats",
                out + "/stats.csv", "--report", out + "/report.html", *common]
    if kind == "train":
        return [overtile, "train", place + "/scenes/scene-0.tif", "--truth", place + "/truth.tif", "--output",
                out + "/model.safetensors", "--levels", "2", "--base", "4", "--batch", "2", "--crop", "44", "--epochs",
                "3", "--steps", "30", "--workers", "1", "--quiet", *more]
    return [overtile, "batch", place + "/scenes", "--output", out, "--probabilities", out + "/p", "--confidence",
            out + "/c", "--polygons", "fgb", "--stats", "json", "--report", out + "/report.json", *common]

def begin(out, kind):
    shutil.rmtree(out, ignore_errors=True)
    os.mkdir(out)
    if kind == "batch":
        for name in "pc": os.mkdir(out + "/" + name)

# The report has its time in it; the ledger, and the lock beside it, stay.
def look(out):
    files, hidden = {}, []
    for folder, folders, names in os.walk(out):
        for name in names:
            path = os.path.join(folder, name)
            short = os.path.relpath(path, out)
            if any(part.startswith(".") for part in short.split("/")):
                if short not in (".overtile-ledger.sqlite", ".overtile.lock"): hidden.append(short)
            else:
                files[short] = b"" if name.startswith("report.") else open(path, "rb").read()
        hidden += [name for name in folders if name.startswith(".")]
    return files, hidden

def run(words): return subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

expected, seconds = {}, {}
out = place + "/out"
for kind in ("segment", "batch", "train"):
    begin(out, kind)
    start = time.monotonic()
    whole = run(command(kind, out, []))
    seconds[kind] = time.monotonic() - start
    if whole.returncode != 0: fail("%s: %s" % (kind, whole.stderr))
    expected[kind], hidden = look(out)
    if hidden: fail("%s: left %s" % (kind, hidden))

done, kinds, ends = 0, collections.Counter(), collections.Counter()
while done < int(kills):
    kind = dice.choice(("segment", "segment", "segment", "batch", "batch", "train"))
    replaces = kind != "train" and dice.random() < 0.3
    begin(out, kind)
    more = ["--overwrite"] if replaces else []
    if replaces: run(command(kind, out, ["--classes", "ground,lake"]))
    process = subprocess.Popen(command(kind, out, more), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    # A third of them near the end, where the outputs get their names.
    share = dice.uniform(0.6, 1.05) if dice.random() < 0.33 else dice.uniform(0, 1)
    time.sleep(share * seconds[kind])
    process.send_signal(signal.SIGKILL)
    if process.wait() == 0:
        seconds[kind] *= 0.98
        continue
    seconds[kind] *= 1.005
    done += 1
    kinds[kind] += 1
    before, waiting = look(out)
    if kind == "segment" and before and not replaces and before != expected[kind] and not waiting:
        fail("kill %d: a part of the outputs, and nothing that tells of it: %s" % (done, sorted(before)))
    again = run(command(kind, out, more))
    found, hidden = look(out)
    isLate = again.returncode == 73 and before == expected[kind]
    if again.returncode != 0 and not isLate:
        fail("kill %d of %s, then %d: %s" % (done, kind, again.returncode, again.stderr))
    ends["named and over before the kill" if isLate else "finished by the next run"] += 1
    if hidden: fail("kill %d of %s: left %s" % (done, kind, hidden))
    if found != expected[kind]:
        names = [name for name in set(found) | set(expected[kind]) if found.get(name) != expected[kind].get(name)]
        fail("kill %d of %s: other outputs than those of an undisturbed run: %s" % (done, kind, sorted(names)))
print("kills: %s with all outputs: %s"
      % (", ".join("%d of %s" % (count, kind) for kind, count in sorted(kinds.items())),
         ", ".join("%d %s" % (count, what) for what, count in ends.items())))
PYTHON
