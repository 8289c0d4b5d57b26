"""A story of run.sh: batches, their ledger and watches, with long names of scenes and classes, and long reasons of failure.

A row of a table fits the terminal: its first column loses the beginning of a long name, its last one goes on in lines below,
and where that leaves them no room, other columns are not there."""
import os
import re

from wcwidth import wcswidth

from terminal import Terminal, make_scene, model, place, sizes, translate

folder = "in/a folder with a rather long name for all the scenes of the year"
name = "S2A_MSIL2A_20260704T103031_N0511_R108_T32TQM_20260704T152014_%s.tif"
small = make_scene("small.tif", 500, 400)
whole = make_scene(folder + "/" + name % "b", 1500, 1300)
for stem in ("d", "f-森林湖水地図写真"):
    translate(whole, "%s/%s/%s" % (place, folder, name % stem))
translate(small, "%s/%s/%s" % (place, folder, name % "e-one-band"), "-b", "1")
with open(whole, "rb") as file:
    data = file.read()
with open("%s/%s/%s" % (place, folder, name % "c-cut"), "wb") as file:
    file.write(data[:len(data) // 2])
with open("%s/%s/%s" % (place, folder, name % "a-text"), "w") as file:
    file.write("this is no raster\n")
os.mkdir(place + "/large")
translate(small, place + "/large/one.tif", "-outsize", "6000", "6000", "-co", "COMPRESS=LZW")
os.symlink("one.tif", place + "/large/other.tif")
classes = "coniferous and mixed forest on wet and on dry ground,lakes and rivers and reservoirs and ponds"
failed = {"a-text": "it is not a raster that GDAL can open: ", "c-cut": "it is incomplete: ",
          "e-one-band": "it has no band green, which the model takes"}


def expect_table(run, lines, scenes):
    """Each row has its scene's name once, cut at its beginning, and its result in a column of its own."""
    head = next(index for index, line in enumerate(lines) if line.startswith("SCENE "))
    place_of_result = lines[head].index("RESULT")
    rows, results = [], []
    for line in lines[head + 1:]:
        if line.startswith("…"):
            rows.append(line)
            results.append("")
        elif not line.startswith(" " * place_of_result):
            break
        # A wide letter takes two columns.
        begin = next((at for at in range(len(line)) if wcswidth(line[:at]) >= place_of_result), len(line))
        results[-1] += " " + line[begin:].strip()
    run.expect(len(rows) == scenes, "%d rows" % len(rows))
    run.expect(all(re.search(r"\.tif  +(done|failed) ", row) for row in rows), "rows without a name and a state")
    for row, result in zip(rows, results):
        run.expect("S2A_" not in result and "in/a folder" not in result, "names its scene twice: " + result)
        run.expect("done" not in row or "reservoirs and ponds" in result, "not all of its classes: " + result)
        for stem, reason in failed.items():
            run.expect(stem not in row or reason in " ".join(result.split()), "not all of its reason: " + result)


for number, size in enumerate(sizes):
    output = "out-%d" % number
    run = Terminal(size, "batch", folder, "--model", model, "--output", output, "--resolution", "native", "--tile", "300",
                   "--classes", classes)
    lines = run.end(1)
    run.expect_bars(2)
    first = next(line for lines in run.seen for line in lines if " of 6 scenes" in line)
    run.expect(first.endswith("] 0 %"), "the first bar says more than its share: " + first)
    run.expect(any(" of 6 scenes" in line and line.endswith(" left") for lines in run.seen for line in lines),
               "no bar with a time left")
    expect_table(run, lines, 6)
    run.expect_words("3 scenes done, 3 failed in", "overtile: error: 3 of 6 scenes failed")
    status = Terminal(size, "status", output)
    expect_table(status, status.end(), 6)

    # Ctrl-C between two tiles of a batch, by one worker, so that it takes a while.
    run = Terminal(size, "batch", "large", "--model", model, "--output", "stopped-%d" % number, "--resolution", "native",
                   "--tile", "300", "--workers", "1")
    run.wait_for(r" of 2 scenes.*\] [1-9].* left$")
    run.type(b"\x03")
    run.wait_for("^overtile: stopping after the tiles at hand; a second time")
    run.end(130)
    run.expect_bars(2)
    run.expect_words("stopped by Ctrl-C: run the same command again to go on")

    # A watch says what it waits for, and shows what has come.
    run = Terminal(size, "watch", folder, "--model", model, "--output", "watched-%d" % number, "--resolution", "native",
                   "--follow", "--settle", "0")
    run.wait_for("^watching " + folder[:20])
    # The first one and the last one, as they have come.
    run.wait_for(r"_b\.tif:")
    run.wait_for(r"with gdalinfo|gdalinfo$")
    run.type(b"\x03")
    run.end(0)
    run.expect_bars(1)
    run.expect_words("watching " + folder + " for scenes; masks go to watched-%d. Ctrl-C ends it" % number)
print("terminal: tables fit, with long names, reasons and classes, and a watch says what it watches")
