"""A story of run.sh: near misses of the command line, and the help and facts that commands print."""
import re

from terminal import Terminal, make_scene, model, sizes

make_scene("scene.tif")
segment = ("segment", "scene.tif", "--model", model, "--output", "mask.tif")
# What somebody may type, and the advice that is right.
misses = [
    ([*segment, "--prob", "p.tif"], "Unknown option '--prob': did you mean --probabilities?"),
    (["segment", "scene.tif", "--outptu", "m.tif", "--model", model], "Unknown option '--outptu': did you mean --output?"),
    ([*segment, "--format", "COG"], "Unknown option '--format': it is --of here, as --of COG"),
    ([*segment, "--cog"], "Unknown option '--cog': it is --of COG here"),
    ([*segment, "--threads", "2"], "Unknown option '--threads': it is --workers here"),
    ([*segment, "--gpu"], "Unknown option '--gpu': there is none: Overtile runs on processors alone"),
    ([*segment, "--memory", "4"], "--memory 4 is 4 bytes, in which nothing runs: give its unit, such as 4G"),
    (["segmnt"], "there is no command 'segmnt': did you mean segment?"),
    (["help", "segmen"], "there is no command 'segmen': did you mean segment?"),
]
commands = ["batch", "bench", "check", "convert", "doctor", "evaluate", "inspect", "merge", "plan", "polygonize", "preview",
            "segment", "stats", "status", "train", "watch"]


def expect_columns(run, others="$"):
    """Each line begins an entry, or goes on below the value of the one above; or it is one of the others."""
    column = 0
    for line in run.screen.text():
        entry = re.match(r"[A-Z][A-Za-z]*( [a-z]+)*(  +|$)", line)
        if re.match(others, line):
            column = 0
        elif entry:
            column = max(column, entry.end()) if entry[2] else column
        else:
            # A path that is too long for its column has a line of its own.
            goes_on = column > 0 and re.match(" {%d}[^ ]" % column, line) or re.match("  /", line)
            run.expect(goes_on, "a line that has lost its column: " + line)


for size in sizes:
    for words, advice in misses:
        run = Terminal(size, *words)
        lines = run.end(64)
        run.expect_words("overtile: error: ", advice)
        run.expect(all(line.startswith("  ") for line in lines[1:]), "does not indent what goes on")

    listed = 0
    for command in commands:
        run = Terminal(size, command, "--help")
        run.end()
        lists, is_list = 0, False
        for line in run.screen.text():
            # The entries of a list, as long as they last.
            if re.match(r"(The keys of --json|States of a scene|Examples):$", line):
                lists += 1
                is_list = True
            elif is_list and line:
                run.expect(line.startswith("  "), "a list that has lost its column: " + line)
            else:
                is_list = False
        listed += lists

    run.expect(listed > 8, "only %d lists in all of the help" % listed)

    run = Terminal(size, "inspect", model)
    run.end()
    run.expect_words("the paper's U-Net: 4 levels, widths 8, 16, 32, 64, up-convolution, valid convolutions")
    expect_columns(run)
    run = Terminal(size, "inspect", model, "--scene", "scene.tif", "--resolution", "native")
    run.end()
    run = Terminal(size, "plan", "scene.tif", "--model", model, "--parts", "3", "--resolution", "native")
    run.end()
    run.expect_words("tiles, 1", "All parts at once take")
    expect_columns(run, r"PART +TILES +COST +TIME$|\d/3 +\d+ +[\d.]+ %  +\S|All parts|  .*merge\.$")
    run = Terminal(size, "plan", "scene.tif", "--model", model)
    run.end()
    expect_columns(run)

    run = Terminal(size, "doctor")
    lines = run.end()
    head = next(line for line in lines if line.startswith("LAYERS"))
    place_of_result = head.index("RESULT")
    rows = [line for line in lines if "right" in line and not line.startswith("All")]
    run.expect(len(rows) > 15, "%d rows" % len(rows))
    run.expect(all(line.index("right") == place_of_result for line in rows), "results are not in a column")
print("terminal: near misses get the right advice, and help and facts keep their columns")
