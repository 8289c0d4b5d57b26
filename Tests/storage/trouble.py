"""A story of run.sh: the same outputs in object storage as in a folder, whatever the server does."""
import os
import re
import signal
import subprocess
import time

from store import environment, expect, fail, make_scene, model, outputs, overtile, place, run, server, store, trouble


def command(scene, folder, more=()):
    return [overtile, "segment", scene, "--model", model, "--resolution", "native", "--output", folder + "/mask.tif",
            "--probabilities", folder + "/more/p.tif", "--polygons", folder + "/mask.fgb", "--stats", folder + "/mask.csv",
            "--report", folder + "/report.html", "--stac", "--style", "--quiet", *more]


trouble("none")
scene = place + "/scene.tif"
make_scene(scene)
os.link(scene, store + "/bucket/scene.tif")
whole = place + "/whole"
os.makedirs(whole + "/more")
first = run(command(scene, whole))
if first.returncode != 0:
    fail("a local run: " + first.stderr)
expected = outputs(whole)
remote, objects = "/vsis3/bucket/%s", store + "/bucket/%s"
cache = place + "/cache/overtile/outputs"


def left():
    return os.listdir(cache) if os.path.isdir(cache) else []


def expect_whole(name, more="its outputs"):
    found = outputs(objects % name)
    if found != expected:
        names = sorted(each for each in set(found) | set(expected) if found.get(each) != expected.get(each))
        fail("%s: not %s: %s" % (name, more, names))
    if left():
        fail("%s: local copies are left: %s" % (name, left()))


# All is well; then the outputs are there, and are replaced only on request.
expect(run(command(scene, remote % "well")), 0, "", "well")
expect_whole("well")
expect(run(command(scene, remote % "well")), 73, "is there already", "again")
expect(run(command(scene, remote % "well", ["--overwrite"])), 0, "", "replaced")
expect_whole("well")

# The report links the outputs from where it lies.
with open(objects % "well/report.html") as page:
    links = re.findall('<a href="([^#"][^"]*)"', page.read())
if sorted(links)[:3] != ["./mask.csv", "./mask.fgb", "./mask.json"] or "./more/p.tif" not in links:
    fail("well: the report links %s" % links)

# A style comes with a mask, and stays where somebody has saved another; without one it is written anew.
styled = [overtile, "segment", scene, "--model", model, "--resolution", "native", "--quiet", "--overwrite", "--output",
          remote % "styled/mask.tif"]
style = objects % "styled/mask.qml"
for saved in [None, "<qgis/>", None]:
    if saved:
        with open(style, "w") as file:
            file.write(saved)
    elif os.path.exists(style):
        os.remove(style)
    expect(run(styled), 0, "", "styled")
    with open(style) as file:
        found = file.read()
    if found != saved if saved else "paletted" not in found:
        fail("styled: the style is %s" % found[:80])

# From object storage as well: the same pixels.
expect(run(command("/vsis3/bucket/scene.tif", remote % "both")), 0, "", "both")
with open(objects % "both/mask.csv") as one, open(whole + "/mask.csv") as other:
    if one.read() != other.read():
        fail("a scene in object storage has other statistics")

# A busy server is asked again.
trouble("busy 3")
expect(run(command("/vsis3/bucket/scene.tif", remote % "busy")), 0, "", "busy")
trouble("cut 2")
expect(run(command(scene, remote % "cut")), 0, "", "cut")
trouble("none")
expect_whole("cut")

# Credentials that let nobody write are found out before anything is computed.
trouble("denied 0")
early = run([each for each in command(scene, remote % "early", ["--verbose"]) if each != "--quiet"])
expect(early, 74, "cannot upload", "early")
if "computing" in early.stderr or left():
    fail("early: it was computed: %s, %s" % (early.stderr, left()))

# Credentials are gone meanwhile: nothing is there, all is kept, and the same command uploads it without computing anything.
trouble("denied 1")
expect(run(command(scene, remote % "denied")), 74, "the same command uploads them", "denied")
if outputs(objects % "denied"):
    fail("denied: something is there: %s" % sorted(outputs(objects % "denied")))
trouble("none")
again = run([each for each in command(scene, remote % "denied", ["--verbose"]) if each != "--quiet"])
expect(again, 0, "uploading", "denied, then not")
if "computing" in again.stderr:
    fail("denied, then not: it was computed again: " + again.stderr)
expect_whole("denied")

# Killed at each of some writes, which never arrive: the mask is the last that appears.
for number in (2, 4, 7, 10):
    name = "killed-%d" % number
    trouble("stall %d" % number)
    process = subprocess.Popen(command(scene, remote % name), env=environment, stderr=subprocess.DEVNULL)
    patience = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < patience:
        if len(outputs(objects % name)) >= number - 2 and os.path.exists(cache):
            time.sleep(0.3)
        time.sleep(0.1)
        if any("upload.json" in os.listdir(cache + "/" + each) for each in left()):
            time.sleep(0.5)
            break
    process.send_signal(signal.SIGKILL)
    process.wait()
    if os.path.exists(objects % name + "/mask.tif"):
        fail("%s: the mask is there before all others" % name)
    trouble("none")
    expect(run(command(scene, remote % name)), 0, "", name)
    expect_whole(name)

# What was complete for other options is not uploaded for these.
trouble("denied 1")
expect(run(command(scene, remote % "other", ["--classes", "ground,lake"])), 74, "the same command", "other options")
trouble("none")
expect(run(command(scene, remote % "other")), 0, "", "then these")
expect_whole("other")

# Mixed sides, and stores that are not there.
mixed = command(scene, remote % "mixed")
expect(run([each.replace("/vsis3/bucket/mixed/mask.csv", place + "/mask.csv") for each in mixed]), 64, "on one side", "mixed")
server.kill()
server.wait()
expect(run(command(scene, remote % "gone")), 74, "look at bucket, credentials and network", "gone")
print("storage: the same outputs in object storage, with a busy, refusing and stalling server, and after kills")
