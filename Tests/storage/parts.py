"""A story of run.sh: the parts of a scene on machines that share nothing but a bucket, and the merge on one more."""
import os
import signal
import subprocess
import time

from store import environment, expect, fail, make_scene, model, outputs, overtile, place, run, server, store, trouble

trouble("none")
bucket = store + "/bucket"

make_scene(bucket + "/scene.tif", 700, 1900)
options = ["--model", model, "--resolution", "native", "--tile", "316", "--quiet"]


def command(folder, more=()):
    return [overtile, "segment", "/vsis3/bucket/scene.tif", *options, "--output", "/vsis3/bucket/%s/mask.tif" % folder,
            "--probabilities", "/vsis3/bucket/%s/more/p.tif" % folder, "--polygons", "/vsis3/bucket/%s/mask.fgb" % folder,
            "--stats", "/vsis3/bucket/%s/mask.csv" % folder, *more]


def part(folder, number, count, machine, more=()):
    return run(command(folder, ["--part", "%d/%d" % (number, count), *more]), XDG_CACHE_HOME=place + "/" + machine)


def merge(folder, machine="merging", more=()):
    return run([overtile, "merge", "/vsis3/bucket/%s/mask.tif" % folder, *more], XDG_CACHE_HOME=place + "/" + machine)


def left():
    """What machines have in their caches."""
    return [
        os.path.join(above, name) for machine in os.listdir(place) if machine != "store"
        for above, _, names in os.walk(place + "/" + machine + "/overtile/outputs") for name in names]


expect(run(command("whole")), 0, "", "whole")
whole = outputs(bucket + "/whole")


def expect_whole(name):
    found = outputs(bucket + "/" + name)
    if found != whole:
        fail("%s: not the whole's outputs: %s" % (name, sorted(
            each for each in set(found) | set(whole) if found.get(each) != whole.get(each))))
    if left():
        fail("%s: left on machines: %s" % (name, left()))


# Three parts on three machines, and the merge on a fourth; one part is missing at first.
for number, machine in ((3, "one"), (1, "two")):
    expect(part("three", number, 3, machine), 0, "", "part %d" % number)
if left():
    fail("parts are left on machines: %s" % left())
expect(merge("three"), 66, "/vsis3/bucket/three/mask.tif: part 2 of 3 is missing", "a part is missing")
expect(part("three", 2, 3, "one"), 0, "", "part 2")
expect(part("three", 2, 3, "two"), 0, "", "part 2 again")
expect(merge("three"), 0, "", "merge")
expect_whole("three")
expect(merge("three"), 66, "has no parts", "merge again")

# A part that is stopped goes on elsewhere.
process = subprocess.Popen(
    command("stopped", ["--part", "1/2"]), env=dict(environment, XDG_CACHE_HOME=place + "/one"), stderr=subprocess.PIPE,
    text=True)
patience = time.monotonic() + 60
while process.poll() is None and time.monotonic() < patience:
    if any(name.endswith("/journal") and os.path.getsize(name) > 150 for name in left()):
        break
    time.sleep(0.01)
process.send_signal(signal.SIGTERM)
words = process.communicate()[1]
if process.returncode == 143 and "kept in /vsis3/bucket/stopped" not in words:
    fail("stopped: " + words)
if left():
    fail("stopped: left on the machine: %s" % left())
again = run(
    [each for each in command("stopped", ["--part", "1/2", "--verbose"]) if each != "--quiet"],
    XDG_CACHE_HOME=place + "/two")
expect(again, 0, "tiles from an earlier run", "going on elsewhere")
expect(part("stopped", 2, 2, "one"), 0, "", "the other part")

# The upload of what was merged fails, and the same command goes on with it; parts stay until then.
trouble("denied 3")
expect(merge("stopped"), 74, "the same command uploads them", "a merge that is refused")
trouble("none")
expect(merge("stopped"), 0, "", "the same merge")
expect_whole("stopped")

# Work in another folder; a part of another command; parts that are given up.
elsewhere = ["--work", "/vsis3/bucket/run7/"]
for number in (1, 2):
    expect(part("work", number, 2, "one", elsewhere), 0, "", "work elsewhere")
if outputs(bucket + "/work") or not outputs(bucket + "/run7"):
    fail("work elsewhere: %s, %s" % (sorted(outputs(bucket + "/work")), sorted(outputs(bucket + "/run7"))))
expect(merge("work"), 66, "has no parts", "merge without --work")
expect(part("work", 1, 2, "one", [*elsewhere, "--classes", "ground,lake"]), 0, "", "a part of another command")
expect(merge("work", more=elsewhere), 65, "does not go with", "a merge of two commands")
expect(part("work", 1, 2, "one", elsewhere), 0, "", "the right command")
expect(merge("work", more=elsewhere), 0, "", "merge with --work")
expect_whole("work")
expect(part("up", 1, 2, "one"), 0, "", "a part to give up")
expect(merge("up", more=["--discard"]), 0, "given up", "giving up")
if outputs(bucket + "/up"):
    fail("given up: %s" % sorted(outputs(bucket + "/up")))
expect(part("whole", 1, 2, "one"), 73, "is there already", "outputs that are there")
expect(run([overtile, "segment", bucket + "/scene.tif", *options, "--output", place + "/mask.tif", *elsewhere]), 64,
       "--work", "local outputs")
expect(run([each for each in command("up", elsewhere) if each != "--quiet"]), 64, "give --part too", "--work alone")
server.kill()
print("storage: parts on machines that share a bucket alone, stopped, refused and merged")
