"""A story of run.sh: batches and watches that list buckets and write into them, on machines that keep nothing."""
import json
import os
import shutil
import subprocess
import time

from store import expect, fail, make_scene, model, outputs, overtile, place, run, server, store, trouble

trouble("none")
bucket = store + "/bucket"
os.makedirs(bucket + "/in/deep")
make_scene(bucket + "/in/a.tif", 300, 260)
for name in ("b.tif", "deep/c.tif"):
    shutil.copy(bucket + "/in/a.tif", bucket + "/in/" + name)
with open(bucket + "/in/notes.txt", "w") as file:
    file.write("no scene")
whole = place + "/whole"
os.makedirs(whole)
options = ["--model", model, "--resolution", "native", "--stats", "csv", "--polygons", "geojson", "--stac", "--style"]


def batch(inputs, folder, more=(), **environment):
    return run([overtile, "batch", *inputs, *options, "--output", folder, *more], **environment)


def report(ended):
    return [each["state"] for each in json.loads(ended)["scenes"]]


def masks(folder):
    """Outputs but for the ledger's copy; items name the scene's place."""
    return {
        name: data for name, data in outputs(folder).items()
        if not name.startswith(".overtile") and not name.endswith(".json")}


# A folder of a bucket, without the folders in it and with them; the same outputs as on a disk.
expect(batch([bucket + "/in", "--recursive"], whole), 0, "", "a local batch")
ended = batch(["/vsis3/bucket/in"], "/vsis3/bucket/flat")
expect(ended, 0, "", "flat")
if "2 scenes done" not in ended.stdout:
    fail("flat: " + ended.stdout)
ended = batch(["/vsis3/bucket/in/", "--recursive"], "/vsis3/bucket/out", ["--report", place + "/one.json"])
expect(ended, 0, "", "recursive")
if masks(bucket + "/out") != masks(whole) or "3 scenes done" not in ended.stdout:
    fail("a bucket's masks: %s, not %s" % (sorted(masks(bucket + "/out")), sorted(masks(whole))))
if ".overtile-ledger.sqlite" not in outputs(bucket + "/out"):
    fail("no copy of the ledger lies beside the masks: %s" % sorted(outputs(bucket + "/out")))

# An object whose name would be read as those of two is no scene.
shutil.copy(bucket + "/in/a.tif", bucket + "/in/x.tif,y.tif")
# Patterns, of which one fits nothing.
ended = batch(["/vsis3/bucket/in/[ab].tif"], "/vsis3/bucket/flat")
expect(ended, 0, "", "a pattern")
if "2 unchanged" not in ended.stdout:
    fail("a pattern: " + ended.stdout)
expect(batch(["/vsis3/bucket/in/*.jp2"], "/vsis3/bucket/flat"), 66, "no object fits", "a pattern of nothing")
expect(batch(["/vsis3/bucket/none/"], "/vsis3/bucket/flat"), 66, "nothing is there", "a folder of nothing")

# Another machine, which has no ledger, knows from the copy what was done, and runs what is new or was replaced.
time.sleep(1.1)
make_scene(bucket + "/in/b.tif", 300, 280)
shutil.copy(bucket + "/in/a.tif", bucket + "/in/d.tif")
elsewhere = {"XDG_CACHE_HOME": place + "/elsewhere"}
ended = batch(["/vsis3/bucket/in/", "--recursive"], "/vsis3/bucket/out", **elsewhere)
expect(ended, 0, "", "another machine")
if "2 scenes done, 2 unchanged" not in ended.stdout:
    fail("another machine: " + ended.stdout)
# The first machine learns it too, although it has a ledger of its own.
ended = batch(["/vsis3/bucket/in/", "--recursive"], "/vsis3/bucket/out")
expect(ended, 0, "", "the first machine again")
if "4 unchanged" not in ended.stdout:
    fail("the first machine again: " + ended.stdout + ended.stderr)
ended = run([overtile, "status", "/vsis3/bucket/out"], XDG_CACHE_HOME=place + "/third")
expect(ended, 0, "", "status")
if "4 scenes: 4 done" not in ended.stdout:
    fail("status: " + ended.stdout)

expect(run([overtile, "status", "/vsis3/bucket/nothing"]), 66, "there is no ledger in /vsis3/bucket/nothing", "no status")

# Outputs of somebody else's are left alone.
os.makedirs(bucket + "/taken")
with open(bucket + "/taken/a.tif", "w") as file:
    file.write("precious")
ended = batch(["/vsis3/bucket/in/a.tif", "/vsis3/bucket/in/b.tif"], "/vsis3/bucket/taken")
expect(ended, 1, "1 of 2 scenes failed", "taken")
with open(bucket + "/taken/a.tif") as file:
    if file.read() != "precious":
        fail("taken: somebody's object was replaced")

# Uploads are refused from the second scene on: the batch ends, and the next one uploads what is complete.
trouble("denied 8")
ended = batch(["/vsis3/bucket/in/"], "/vsis3/bucket/denied", ["--workers", "1"])
expect(ended, 74, "cannot upload", "denied")
trouble("none")
before = {name: os.stat(bucket + "/denied/" + name).st_mtime_ns for name in masks(bucket + "/denied")}
ended = batch(["/vsis3/bucket/in/"], "/vsis3/bucket/denied")
expect(ended, 0, "", "no more denied")
if len([each for each in masks(bucket + "/denied") if each.endswith(".tif")]) != 3:
    fail("no more denied: %s" % sorted(masks(bucket + "/denied")))

# Both sides are mixed, and parts.
expect(batch(["/vsis3/bucket/in"], "/vsis3/bucket/out", ["--probabilities", place]), 64, "on one side", "mixed")
expect(batch(["/vsis3/bucket/in"], "/vsis3/bucket/out", ["--part", "1/2"]), 64, "--part does not go", "parts")

# A mosaic that somebody puts into the bucket reaches for nothing.
with open(bucket + "/in/door.vrt", "w") as file:
    file.write('<VRTDataset rasterXSize="9" rasterYSize="9"><VRTRasterBand dataType="Byte" band="1"><SimpleSource>'
               '<SourceFilename>/etc/passwd</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>')
ended = batch(["/vsis3/bucket/in/"], "/vsis3/bucket/doors")
expect(ended, 1, "1 of 4 scenes failed", "a door")
if "is a mosaic in object storage" not in run([overtile, "status", "/vsis3/bucket/doors", "--json"]).stdout:
    fail("a door: " + ended.stdout)
os.remove(bucket + "/in/door.vrt")


# A watch of a bucket: objects count as complete at once, those that fail are moved aside, and nothing is run twice.
def watch(more=(), **environment):
    return run(
        [overtile, "watch", "/vsis3/bucket/in/", *options, "--output", "/vsis3/bucket/watched", *more], **environment)


with open(bucket + "/in/bad.tif", "w") as file:
    file.write("no raster")
ended = watch(["--max-attempts", "1"])
expect(ended, 1, "was moved to /vsis3/bucket/in/failed/bad.tif", "watch")
if not os.path.isfile(bucket + "/in/failed/bad.tif") or os.path.isfile(bucket + "/in/bad.tif"):
    fail("watch: the bad scene is not aside: %s" % sorted(outputs(bucket + "/in")))
with open(bucket + "/in/failed/bad.tif.txt") as file:
    if "bad.tif" not in file.read():
        fail("watch: nothing says why a scene was moved aside")
if sorted(each for each in masks(bucket + "/watched") if each.endswith(".tif")) != ["a.tif", "b.tif", "d.tif"]:
    fail("watch: %s" % sorted(masks(bucket + "/watched")))
# A second one of the name keeps the first, whatever else is called so, and outputs below the scenes are none.
for words in ("still no raster", "never one"):
    with open(bucket + "/in/bad.tif", "w") as file:
        file.write(words)
    expect(watch(["--max-attempts", "1"]), 1, "was moved to", "watch, another bad one")
if sorted(each for each in outputs(bucket + "/in/failed") if each.endswith(".tif")) != ["bad-2.tif", "bad-3.tif", "bad.tif"]:
    fail("watch: a scene was replaced that is aside: %s" % sorted(outputs(bucket + "/in/failed")))
inner = [overtile, "watch", "/vsis3/bucket/in/", *options, "--recursive", "--output", "/vsis3/bucket/in/out/"]
for _ in range(2):
    expect(run(inner), 0, "", "masks below the scenes")
if len([each for each in outputs(bucket + "/in/out") if each.endswith(".tif")]) != 4:
    fail("masks below the scenes: %s" % sorted(outputs(bucket + "/in/out")))
times = {name: os.stat(bucket + "/watched/" + name).st_mtime_ns for name in masks(bucket + "/watched")}
expect(watch(**elsewhere), 0, "", "watch on another machine")
if times != {name: os.stat(bucket + "/watched/" + name).st_mtime_ns for name in masks(bucket + "/watched")}:
    fail("watch on another machine: it has run scenes again")
server.kill()
server.wait()
expect(watch(), 74, "look at bucket, credentials and network", "watch without a server")
print("storage: batches and watches of buckets, on three machines")
