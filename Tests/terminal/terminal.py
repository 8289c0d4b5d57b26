"""A terminal for the stories of run.sh: a program runs on a pseudo-terminal, and pyte shows what a person sees of it."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time

import pyte
from wcwidth import wcswidth

overtile, place, model = sys.argv[1:4]
sizes = ((80, 24), (60, 20))
patience = 120
# What a program writes before it draws over what it has drawn.
clearing = b"\r\x1b[J"
bar = re.compile(r"\[#*\.*\]")
remains = re.compile(r"\[[#.]|[#.]\]|####|\.\.\.\.| left$")


class Screen(pyte.HistoryScreen):
    """A screen that knows what it had to tear. A word that is longer than a line, as a path may be, is no fault of the
    program's: a terminal gives it back in one piece. All else has to be broken at spaces, and before the line is full."""

    def __init__(self, columns, lines):
        self.torn, self.word, self.is_in_two, self.is_drawing = [], "", False, False
        super().__init__(columns, lines, history=5000, ratio=0.5)

    def draw(self, data):
        for character in data:
            if self.cursor.x >= self.columns:
                if character == " " or not self.word:
                    self.torn.append(self.row(self.cursor.y) + "|" + character)
                self.is_in_two = True
            if character == " ":
                self.end_word()
            else:
                self.word += character
            self.is_drawing = True
            super().draw(character)
            self.is_drawing = False

    def end_word(self):
        if self.is_in_two and self.word and wcswidth(self.word) + 2 <= self.columns:
            self.torn.append(self.word)
        self.word, self.is_in_two = "", False

    def carriage_return(self):
        if not self.is_drawing:
            self.end_word()
        super().carriage_return()

    def linefeed(self):
        if not self.is_drawing:
            self.end_word()
        super().linefeed()

    def row(self, y):
        return "".join(self.buffer[y][x].data for x in range(self.columns)).rstrip()

    def text(self):
        """All lines, those that have left the screen first, without the empty ones at the end."""
        gone = ["".join(row[x].data for x in range(self.columns)).rstrip() for row in self.history.top]
        found = gone + [self.row(y) for y in range(self.lines)]
        while found and not found[-1]:
            found.pop()
        return found

    def narrow(self, columns):
        """Makes the window narrower as most terminals do: what does not fit any more goes on in the next line, and the
        cursor stays with its letter. pyte alone cuts lines off, as xterm does."""
        rows, place = [], 0
        for y in range(self.lines):
            row = [self.buffer[y][x] for x in range(self.columns)]
            while row and row[-1].data == " ":
                row.pop()
            parts = [row[x:x + columns] for x in range(0, len(row), columns)] or [[]]
            if y == self.cursor.y:
                place = len(rows) + min(self.cursor.x // columns, len(parts) - 1)
            rows += parts
            if y >= self.cursor.y and not any(self.row(below) for below in range(y + 1, self.lines)):
                break
        x = self.cursor.x % columns
        super().resize(self.lines, columns)
        self.erase_in_display(2)
        for row in rows[:max(0, len(rows) - self.lines)]:
            self.history.top.append({x: row[x] if x < len(row) else self.default_char for x in range(columns)})
        place -= max(0, len(rows) - self.lines)
        for y, row in enumerate(rows[-self.lines:]):
            for at, cell in enumerate(row):
                self.buffer[y][at] = cell
        self.cursor_position(place + 1, x + 1)


class Terminal:
    """A program on a terminal of its own, which works in the place of the stories."""

    def __init__(self, size, *words):
        self.name = "%s at %d x %d" % ((" ".join(words[:3]),) + size)
        self.screen = Screen(*size)
        self.stream = pyte.ByteStream(self.screen)
        self.status = None
        # The lines before each time that the program cleared what it had drawn, and at each of its rests.
        self.seen = []
        self.process, self.master = pty.fork()
        if self.process == 0:
            os.chdir(place)
            self.tell_size(0, *size)
            # As a shell does that has a terminal; what runs in the background is deaf to Ctrl-C.
            for number in (signal.SIGINT, signal.SIGQUIT):
                signal.signal(number, signal.SIG_DFL)
            settings = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
            os.execve(overtile, [overtile] + list(words), dict(settings, TERM="xterm-256color"))

    @staticmethod
    def tell_size(descriptor, columns, lines):
        fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def read(self, seconds):
        """Shows what the program writes within a time; False once it has closed the terminal."""
        if not select.select([self.master], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self.master, 65536)
        except OSError:
            return False
        for index, part in enumerate(data.split(clearing)):
            self.stream.feed((clearing if index else b"") + part)
            self.seen.append(self.screen.text())
        return bool(data)

    def wait_for(self, pattern):
        """Reads until a line has a pattern, if only for a moment, and returns the match."""
        until = time.monotonic() + patience
        shown, is_open = [self.screen.text()], True
        while True:
            for line in (line for lines in shown for line in lines):
                match = re.search(pattern, line)
                if match:
                    return match
            if not is_open or time.monotonic() > until:
                return self.fail("never showed " + pattern)
            count = len(self.seen)
            is_open = self.read(0.2)
            shown = self.seen[count:]

    def end(self, status=0):
        """Reads until the program ends, and returns all lines."""
        until = time.monotonic() + patience
        while self.read(0.2):
            if time.monotonic() > until:
                self.fail("does not end")
        self.status = os.waitstatus_to_exitcode(os.waitpid(self.process, 0)[1])
        os.close(self.master)
        self.expect(self.status == status, "ended with %d" % self.status)
        self.expect(not self.screen.torn, "torn: %s" % self.screen.torn)
        return self.screen.text()

    def type(self, keys):
        os.write(self.master, keys)

    def resize(self, columns, lines, cuts):
        """Does what a window does whose size is changed; the kernel sends SIGWINCH. What the program has drawn for the old
        size is shown before the window is narrower."""
        if columns > self.screen.columns:
            self.screen.resize(lines, columns)
            self.tell_size(self.master, columns, lines)
            return
        self.tell_size(self.master, columns, lines)
        while select.select([self.master], [], [], 0)[0] and self.read(0):
            pass
        if cuts:
            self.screen.resize(lines, columns)
        else:
            self.screen.narrow(columns)

    def expect(self, is_so, text):
        if not is_so:
            self.fail(text)

    def expect_words(self, *words):
        """Looks for words in what is shown, however it is broken into lines."""
        shown = " ".join(" ".join(self.screen.text()).split())
        for each in words:
            self.expect(each in shown, "does not say '%s'" % each)

    def expect_bars(self, most):
        """Bars stand alone in their lines, no more of them than so many at a time, and nothing of them stays."""
        for lines in self.seen:
            found = [line for line in lines if bar.search(line)]
            self.expect(len(found) <= most, "%d bars at once: %s" % (len(found), found))
            for line in lines:
                is_bar = bar.search(line) and "overtile:" not in line
                self.expect(is_bar or not remains.search(line), "remains of a bar: " + line)
        for line in self.screen.text():
            self.expect(not remains.search(line), "a bar stayed: " + line)

    def fail(self, text):
        if self.status is None:
            os.kill(self.process, signal.SIGKILL)
            os.waitpid(self.process, 0)
        sys.exit("terminal: %s: %s\n%s" % (self.name, text, "\n".join("  |" + line for line in self.screen.text())))


def make_scene(name, width=1500, height=1300, water=None):
    """Makes a scene of land and lakes; of one of them alone, if water says so."""
    lake, land = bytes((11, 29, 72)), bytes((96, 104, 58))
    rows = []
    for y in range(height):
        if water is None:
            parts = b"".join((lake if (x + y // 170) % 3 == 0 else land) * 140 for x in range(width // 140 + 1))
        else:
            parts = (lake if water else land) * width
        rows.append(parts[:3 * width])
    path = os.path.join(place, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".ppm", "wb") as file:
        file.write(b"P6 %d %d 255\n" % (width, height) + b"".join(rows))
    translate(path + ".ppm", path, "-a_srs", "EPSG:32633", "-a_ullr", "500000", "5000000", str(500000 + 10 * width),
              str(5000000 - 10 * height))
    os.remove(path + ".ppm")
    return path


def translate(source, path, *options):
    subprocess.run(["gdal_translate", "-q", "-co", "TILED=YES", *options, source, path], check=True)
