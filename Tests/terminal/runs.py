"""A story of run.sh: bars, Ctrl-C and windows whose size changes, while scenes are segmented."""
import os
import re

from terminal import Terminal, bar, make_scene, model, place, sizes, translate

long_name = "S2A_MSIL2A_20260704T103031_N0511_R108_T32TQM_20260704T152014"
small = make_scene("small.tif")
# Of a size that takes a while, for a person and for Ctrl-C.
translate(small, place + "/" + long_name + ".tif", "-outsize", "8000", "8000", "-co", "COMPRESS=LZW")
wide_name = "上海市と大阪府の衛星写真の分類のための森林湖水地図"
os.symlink(long_name + ".tif", place + "/" + wide_name + ".tif")
make_scene("lake.tif", water=True)


def segment(size, scene, mask, *more):
    # By one worker, so that a busy machine has time for the terminal too.
    options = ("--model", model, "--output", mask, "--resolution", "native", "--tile", "300", "--workers", "1")
    return Terminal(size, "segment", scene, *options, *more)


def bars(terminal):
    return [line for lines in terminal.seen for line in lines if bar.search(line)]


def begins_without_speed(terminal, share):
    """The first bar tells no speed and no time left, because no tile of the run is done."""
    first = bars(terminal)[0]
    terminal.expect(re.search(r"\] %s %%$" % share, first), "the first bar says more than its share: " + first)
    later = [line for line in bars(terminal) if "Mpx/s" in line]
    whole = r"\] (100 %  [\d.]+ Mpx/s|\d+ %  [\d.]+ Mpx/s  [\d:.]+( m?s)? left)$"
    terminal.expect(all(re.search(whole, line) for line in later), "a bar without all of it: %s" % later)
    return later


for number, size in enumerate(sizes):
    # To the end: the bar goes, and one line stays.
    run = segment(size, "small.tif", "small-%d.tif" % number)
    lines = run.end()
    run.expect_bars(1)
    begins_without_speed(run, 0)
    run.expect(len(lines) == 1 and "1500 x 1300 pixels in" in lines[0], "more or less than one line")

    # A warning that is longer than a line, where the bar stood.
    run = segment(size, "lake.tif", "lake-%d.tif" % number)
    run.end()
    run.expect_bars(1)
    run.expect_words("the mask has a single class, 1 (water), wherever there is data: if more was expected")

    # Ctrl-C is heard at once; what is kept is said, with its place, and the same command goes on there.
    mask = "stopped-%d.tif" % number
    for name in (long_name + ".tif", wide_name + ".tif"):
        run = segment(size, name, mask)
        run.wait_for(r"\] ([89]|\d\d) %.* left$")
        run.type(b"\x03")
        run.wait_for("^overtile: stopping after the tiles at hand; a second time")
        run.end(130)
        run.expect_bars(1)
        later = begins_without_speed(run, 0)
        run.expect(later, "no bar with a speed")
        text = " ".join(" ".join(run.screen.text()).split())
        kept = re.search(r"stopped by Ctrl-C: (\d+) % is kept in (\S+), \d+ .iB; run the same command again to go on", text)
        run.expect(kept, "does not say what is kept")
        run.expect(os.path.isdir(os.path.join(place, kept[2])), "keeps nothing in " + kept[2])
        again = segment(size, name, mask)
        share = again.wait_for(r"^going on where an earlier run was stopped, at (\d+) %")[1]
        again.expect(share == kept[1], "goes on at %s, and kept %s" % (share, kept[1]))
        again.wait_for(bar.pattern)
        again.type(b"\x03")
        again.end(130)
        again.expect_bars(1)
        begins_without_speed(again, share)
        for left in os.listdir(os.path.join(place, kept[2])):
            os.remove(os.path.join(place, kept[2], left))

    # A window that is made narrower, and wider again, in a terminal that breaks lines anew and in one that cuts them off.
    for cuts in (False, True):
        run = segment(size, long_name + ".tif", mask, "--overwrite")
        run.wait_for(r"\] [1-9]\d* %.* left$")
        for columns in (size[0] - 25, size[0] + 20):
            run.resize(columns, size[1], cuts)
            # What was drawn for the other width is no fault.
            count = len(run.seen)
            while len(run.seen) < count + 3:
                run.expect(run.read(5), "ends early")
            del run.seen[:count + 1]
            run.screen.torn.clear()
        run.type(b"\x03")
        run.wait_for("^overtile: stopping after the tiles at hand")
        run.end(130)
        run.expect_bars(1)
print("terminal: bars go, Ctrl-C says what is kept, and no size of a window leaves remains")
