"""Looks at reports in headless Chromium, as wide as a phone and as a desk, in light and in dark.

    python3 Tests/browser/check.py report.html... [--screenshots FOLDER]

A page is shown unchanged in a frame of each width; a script around it looks in. What it demands is in INSPECTION: that
nothing is wider than the page, that every picture is decoded and has an alternative text, that sliders move the border and
can be reached by keyboard, that all text stands out from its ground (WCAG 2.2, 1.4.3), and that nothing is loaded from
elsewhere. Prints a line for each page, width and theme, and what is wrong; ends with 1 where anything is.
"""

import argparse
import http.server
import json
import pathlib
import queue
import shutil
import subprocess
import sys
import tempfile
import threading

WIDTHS = {"phone": (360, 780), "desk": (1280, 900)}
THEMES = {"light": 1, "dark": 0}
PATIENCE = 300  # seconds, on a machine that has other things to do

INSPECTION = """
const inspect = async (view) => {
  const doc = view.document, problems = [];
  const say = (what) => { if (problems.length < 20) problems.push(what); };
  const name = (e) => e.tagName.toLowerCase() + (e.className ? "." + e.className : "") + " " +
    JSON.stringify((e.textContent || "").trim().slice(0, 40));
  for (const details of doc.querySelectorAll("details")) details.open = true;

  const pictures = [...doc.images];
  for (const image of pictures) {
    image.loading = "eager";
    try { await image.decode(); } catch { say("picture not decoded: " + image.alt); }
    if (!image.naturalWidth) say("picture without pixels: " + image.alt);
    if (!image.alt) say("picture without alternative text");
  }

  const width = doc.documentElement.clientWidth;
  if (doc.documentElement.scrollWidth > width)
    say("page is " + doc.documentElement.scrollWidth + " wide, its window " + width);
  for (const element of doc.body.querySelectorAll("*")) {
    // What is cut off at a stage's border, or scrolls within a region that can be reached by keyboard.
    if (element.closest(".stage") || element.parentElement.closest(".scroll[tabindex='0']")) continue;
    const box = element.getBoundingClientRect();
    if (box.width && (box.right > width + 0.5 || box.left < -0.5)) say("sticks out: " + name(element));
  }

  const sliders = [...doc.querySelectorAll(".compare")];
  for (const figure of sliders) {
    const wipe = figure.querySelector(".wipe"), over = figure.querySelector(".over");
    if (!wipe.getAttribute("aria-valuetext")) say("the script did not run");
    if (!wipe.labels.length && !wipe.getAttribute("aria-label")) say("slider without a name");
    wipe.focus({preventScroll: true});
    if (doc.activeElement !== wipe) say("slider without keyboard");
    for (const value of ["20", "80"]) {
      wipe.value = value;
      wipe.dispatchEvent(new view.Event("input", {bubbles: true}));
      const clip = view.getComputedStyle(over).clipPath;
      if (!clip.includes(value + "%")) say("slider at " + value + " gives " + clip);
      const stage = figure.querySelector(".stage").getBoundingClientRect();
      const border = figure.querySelector(".border").getBoundingClientRect();
      const off = (border.left + border.right) / 2 - stage.left - stage.width * value / 100;
      if (Math.abs(off) > 1) say("border " + off + " pixels from where the mask begins");
    }
    wipe.value = "50";
    wipe.dispatchEvent(new view.Event("input", {bubbles: true}));
    const [a, b] = [...figure.querySelectorAll("img")].map((image) => image.getBoundingClientRect());
    if (a.width !== b.width || a.height !== b.height || a.left !== b.left) say("scene and mask do not lie together");
    if (Math.abs(a.width / a.height / (over.naturalWidth / over.naturalHeight) - 1) > 0.02) say("picture is distorted");
  }
  doc.activeElement.blur();
  view.scrollTo(0, 0);

  const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = (color) => {
    const [r, g, b] = numbers(color).map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const color = view.getComputedStyle(e).backgroundColor;
      if ((numbers(color)[3] ?? 1) === 1) return color;
    }
    return "rgb(255, 255, 255)";
  };
  const texts = doc.createTreeWalker(doc.body, view.NodeFilter.SHOW_TEXT);
  let count = 0;
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !element.getClientRects().length) continue;
    const pair = [light(view.getComputedStyle(element).color), light(ground(element))].sort((a, b) => b - a);
    const ratio = (pair[0] + 0.05) / (pair[1] + 0.05);
    if (ratio < 4.5) say("contrast " + ratio.toFixed(2) + ": " + name(element));
    count += 1;
  }

  if (doc.querySelectorAll("h1").length !== 1) say("not one h1");
  if (!doc.documentElement.lang || !doc.title) say("no language or no title");
  for (const entry of view.performance.getEntriesByType("resource"))
    if (!entry.name.startsWith("data:")) say("loads " + entry.name);
  return {problems, pictures: pictures.length, sliders: sliders.length, texts: count,
          height: doc.documentElement.scrollHeight};
};
"""

HARNESS = """<!DOCTYPE html><meta charset="utf-8"><style>body {{ margin: 0 }} iframe {{ border: 0; display: block }}</style>
<body><script>{inspection}
const look = async (frame) => {{
  const element = document.body.appendChild(document.createElement("iframe"));
  [element.width, element.height, element.src] = [frame.width, frame.height, frame.report];
  await new Promise((resolve) => element.addEventListener("load", resolve));
  try {{ return await inspect(element.contentWindow); }} catch (error) {{ return {{problems: [String(error)]}}; }}
}};
(async () => {{
  const results = [];
  for (const frame of {frames}) results.push(await look(frame));
  if ("{listener}") fetch("{listener}", {{method: "POST", mode: "no-cors", body: JSON.stringify(results)}});
}})();
</script>"""


class Listener(http.server.BaseHTTPRequestHandler):
    """Takes what the script found."""

    def do_POST(self):
        self.server.results.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def command(chromium, folder, theme, page, *more):
    """Chromium without a window; it may look from one local file into another here, and here alone."""
    return [
        chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
        "--allow-file-access-from-files", "--disable-web-security", f"--user-data-dir={folder / 'profile'}",
        f"--blink-settings=preferredColorScheme={THEMES[theme]}", *more, page.as_uri(),
    ]


def frame(report, width, height=None):
    size = WIDTHS[width]
    return {"report": report.as_uri(), "width": size[0], "height": height or size[1]}


def look(chromium, frames, theme, folder):
    """What INSPECTION found in each frame, its problems among it."""
    with http.server.HTTPServer(("127.0.0.1", 0), Listener) as server:
        server.results = queue.Queue()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page = folder / f"{theme}.html"
        listener = f"http://127.0.0.1:{server.server_port}/"
        page.write_text(HARNESS.format(inspection=INSPECTION, frames=json.dumps(frames), listener=listener))
        browser = subprocess.Popen(
            command(chromium, folder, theme, page, "--remote-debugging-port=0"), stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        try:
            return server.results.get(timeout=PATIENCE)
        except queue.Empty:
            return [{"problems": [f"nothing was heard of the page for {PATIENCE} seconds"]} for _ in frames]
        finally:
            browser.terminate()
            browser.wait()
            server.shutdown()


def take(chromium, report, width, theme, folder, picture, height):
    """A picture of the whole page, all of it opened."""
    page = folder / f"{theme}-picture.html"
    frames = [frame(report, width, height)]
    page.write_text(HARNESS.format(inspection=INSPECTION, frames=json.dumps(frames), listener=""))
    more = [f"--screenshot={picture}", f"--window-size={WIDTHS[width][0]},{height}", "--virtual-time-budget=60000"]
    subprocess.run(command(chromium, folder, theme, page, *more), capture_output=True, check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("reports", type=pathlib.Path, nargs="+")
    parser.add_argument("--screenshots", type=pathlib.Path, help="folder that takes a picture of each width and theme")
    arguments = parser.parse_args()
    chromium = shutil.which("chromium")
    if not chromium:
        sys.exit("there is no chromium: apt-get install chromium")
    if arguments.screenshots:
        arguments.screenshots.mkdir(parents=True, exist_ok=True)
    looks = [(report.resolve(), width) for report in arguments.reports for width in WIDTHS]
    failed = False
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = pathlib.Path(name)
        for theme in THEMES:
            results = look(chromium, [frame(*seen) for seen in looks], theme, folder)
            for (report, width), result in zip(looks, results):
                problems = result.pop("problems")
                print(f"{report.name} {width} {theme}: {'bad' if problems else 'good'} {result}")
                for problem in problems:
                    print(f"  {problem}")
                failed = failed or bool(problems)
                if arguments.screenshots and "height" in result:
                    picture = arguments.screenshots.resolve() / f"{report.stem}-{width}-{theme}.png"
                    take(chromium, report, width, theme, folder, picture, min(result["height"], 6000))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
