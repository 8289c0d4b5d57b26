"""Submits a divided run to a Slurm cluster, disturbs each of its parts, and compares the outputs: for run.sh."""
import os
import random
import re
import signal
import subprocess
import sys
import time

place, model, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
overtile = os.environ["OVERTILE"]
cluster = place + "/cluster"
dice = random.Random(20)
PARTS = 8


def fail(text):
    sys.exit("slurm: " + text)


def run(*words, **more):
    return subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)


def must(*words, **more):
    ended = run(*words, **more)
    if ended.returncode != 0:
        fail("%s: %d: %s" % (" ".join(words), ended.returncode, ended.stdout))
    return ended.stdout


def make_scene(path):
    """Bright land with dark lakes, large enough that each part is a second's work."""
    width, height = 2000, 3000
    rows = []
    for y in range(height):
        row = bytearray()
        for x in range(width):
            lake = (x // 140 + y // 170) % 3 == 0 or (x - 700) ** 2 + (y - 900) ** 2 < 90000
            row += bytes((11, 29, 72)) if lake else bytes((96, 104, 58))
        rows.append(bytes(row))
    with open(path + ".ppm", "wb") as file:
        file.write(b"P6 %d %d 255\n" % (width, height) + b"".join(rows))
    must("gdal_translate", "-q", "-a_srs", "EPSG:32633", "-a_ullr", "500000", "5000000", str(500000 + 10 * width),
         str(5000000 - 10 * height), path + ".ppm", path)
    for name in (path + ".ppm", path + ".ppm.aux.xml"):
        if os.path.exists(name):
            os.remove(name)


def options(folder):
    """The options of the run, whose outputs lie in a folder."""
    return ["--model", model, "--resolution", "native", "--tile", "124", "--quiet", "--stac", "--style",
            "--probabilities", folder + "/p.tif", "--confidence", folder + "/c.tif", "--polygons", folder + "/polygons.fgb",
            "--stats", folder + "/stats.csv", "--report", folder + "/report.html"]


def outputs(folder):
    """The bytes of all that is in a folder; the report has its time in it, and logs are the jobs' own."""
    found = {}
    for above, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(above, name)
            short = os.path.relpath(path, folder)
            # A ledger has times in it, and its lock stays.
            if not short.endswith(".log") and ".overtile-ledger" not in short and not short.endswith(".overtile.lock"):
                found[short] = b"" if short.endswith("report.html") else open(path, "rb").read()
    return found


def tasks(array):
    """The array's tasks that are not over: number, state, node."""
    lines = run("squeue", "-h", "-r", "-j", array, "-o", "%K %T %N").stdout.splitlines()
    words = [line.split() for line in lines]
    return {int(each[0]): (each[1], each[2] if len(each) > 2 else "") for each in words if each[0].isdigit()}


def programs():
    """The processes that compute a part: number of the part to number of the process."""
    found = {}
    for number in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/cmdline" % number, "rb") as file:
                words = file.read().split(b"\0")
            with open("/proc/%s/environ" % number, "rb") as file:
                variables = dict(each.split(b"=", 1) for each in file.read().split(b"\0") if b"=" in each)
        except (OSError, ValueError):
            continue
        task = variables.get(b"SLURM_ARRAY_TASK_ID")
        if task and words[0] == overtile.encode() and variables.get(b"SLURM_CONF", b"").decode().startswith(cluster):
            found[int(task)] = int(number)
    return found


def requeue(array, task, _):
    must("scontrol", "requeue", "%s_%d" % (array, task))


def kill(number):
    """Kills a process that may have ended by itself."""
    try:
        os.kill(number, signal.SIGKILL)
    except ProcessLookupError:
        pass


def kill_step(array, task, _):
    """Kills Slurm's own process of the part without warning, and Slurm is told to run the part again."""
    ended = run("scontrol", "show", "job", "%s_%d" % (array, task)).stdout
    job = re.search(r"JobId=(\d+)", ended).group(1)
    for line in run("pgrep", "-f", r"slurmstepd: \[%s\." % job).stdout.split():
        kill(int(line))
    # The part's own process may outlive it: the next attempt waits for that, or finds what it did.
    run("scontrol", "requeue", "%s_%d" % (array, task))


def kill_program(array, task, _):
    """Kills the program, as a kernel that is out of memory does. Slurm takes the task for failed, and does not repeat it."""
    number = programs().get(task)
    if number:
        kill(number)


def kill_daemon(array, task, node):
    """Kills the node's daemon with all its processes, as where the power fails, and starts it again."""
    with open("%s/slurmd-%s.pid" % (cluster, node)) as file:
        kill(int(file.read()))
    kill_program(array, task, node)
    must("slurmd", "-N", node, "-f", cluster + "/slurm.conf")


EVERYTHING = (requeue, kill_step, kill_program, kill_daemon)


def disturbed(number, parts, mask, log, words, is_made):
    """Runs the example once, disturbs each part, and gives the same command again until the outputs are there."""
    waiting = set(range(1, parts + 1))
    # Each kind once, before any comes again.
    kinds = dice.sample(EVERYTHING, len(EVERYTHING))
    told = {}
    for _ in range(12):
        said = must("sh", place + "/segment.sh", str(parts), mask, *words, cwd=place)
        array, merge = re.search(r"parts: job (\d+), merge: job (\d+)", said).groups()
        limit = time.monotonic() + 240
        while tasks(array) or run("squeue", "-h", "-j", merge).stdout.strip():
            if time.monotonic() > limit:
                fail("round %d: the jobs do not end: %s" % (number, run("squeue").stdout))
            # Slurm lets two minutes pass before it starts a requeued job again.
            for each, state in tasks(array).items():
                if state[0] == "PENDING":
                    run("scontrol", "update", "JobId=%s_%d" % (array, each), "StartTime=now")
            running = [each for each, state in tasks(array).items() if state[0] == "RUNNING" and each in waiting]
            if not running:
                time.sleep(0.05)
                continue
            task = dice.choice(running)
            time.sleep(dice.uniform(0, 1.2))
            state = tasks(array).get(task)
            if state is None or state[0] != "RUNNING":
                # It was faster.
                told[task] = "none"
                waiting.discard(task)
                continue
            what = kinds.pop() if kinds else dice.choice(EVERYTHING)
            what(array, task, state[1])
            told[task] = what.__name__
            waiting.discard(task)
        if is_made():
            return told
        # The merge has said what is missing.
        with open(log) as file:
            text = file.read()
        if "part" not in text:
            fail("round %d: the merge made no mask, and says: %s" % (number, text))
    fail("round %d: no mask after twelve submissions: %s" % (number, text))


make_scene(place + "/scene.tif")
whole = place + "/whole"
os.mkdir(whole)
must(overtile, "segment", place + "/scene.tif", "--output", whole + "/mask.tif", *options(whole))
expected = outputs(whole)
counts = {}
for number in range(1, rounds + 1):
    folder = place + "/round-%d" % number
    os.mkdir(folder)
    mask = folder + "/mask.tif"
    ended = disturbed(
        number, PARTS, mask, mask + ".merge.log", [place + "/scene.tif", *options(folder)], lambda: os.path.exists(mask))
    for what in ended.values():
        counts[what] = counts.get(what, 0) + 1
    found = outputs(folder)
    if found != expected:
        names = sorted(name for name in set(found) | set(expected) if found.get(name) != expected.get(name))
        fail("round %d: not the outputs of an undivided run: %s" % (number, names))
print("slurm: %d parts on two nodes, %d times: the bytes of an undivided run; %s"
      % (PARTS, rounds, ", ".join("%d %s" % (count, name) for name, count in sorted(counts.items()))))

# A batch, with the same script: small scenes, and the large one, which is cut among the parts.
scenes = place + "/scenes"
os.mkdir(scenes)
os.link(place + "/scene.tif", scenes + "/large.tif")
for name, size in (("a", 300), ("b", 500), ("c", 700)):
    must("gdal_translate", "-q", "-srcwin", "0", "0", str(size), str(size), place + "/scene.tif", scenes + "/" + name + ".tif")
kinds = ["--model", model, "--resolution", "native", "--tile", "124", "--quiet", "--stac", "--style", "--polygons", "fgb",
         "--stats", "csv"]
must(overtile, "batch", scenes, "--output", place + "/whole-masks/", *kinds)
masks = place + "/masks"
os.mkdir(masks)
ended = disturbed(
    0, 4, masks, masks + ".merge.log", [scenes, *kinds],
    lambda: os.path.exists(masks + "/.overtile-ledger.sqlite") and not os.path.exists(masks + "/.overtile-parts"))
if outputs(masks) != outputs(place + "/whole-masks"):
    fail("a batch: not the outputs of an undivided one: %s, %s" % (sorted(outputs(masks)), sorted(outputs(place + "/whole-masks"))))
print("slurm: a batch in 4 parts: the bytes of an undivided one; %s" % ", ".join(sorted(set(ended.values()))))
