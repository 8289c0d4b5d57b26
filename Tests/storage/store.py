"""A store on loopback for the stories of run.sh, a scene to put into it, and what the stories expect."""
import os
import socket
import subprocess
import sys
import time
import urllib.request

overtile, place, model = sys.argv[1:]
with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]
store = place + "/store"
os.makedirs(store + "/bucket")
environment = dict(
    os.environ, AWS_S3_ENDPOINT="127.0.0.1:%d" % port, AWS_HTTPS="NO", AWS_VIRTUAL_HOSTING="FALSE",
    AWS_ACCESS_KEY_ID="somebody", AWS_SECRET_ACCESS_KEY="secret", AWS_DEFAULT_REGION="here", VSIS3_CHUNK_SIZE="5",
    XDG_CACHE_HOME=place + "/cache", GDAL_HTTP_RETRY_DELAY="0.1")
server = subprocess.Popen([sys.executable, os.path.dirname(os.path.abspath(__file__)) + "/server.py", str(port), store])


def fail(text):
    server.kill()
    sys.exit("storage: " + text)


def trouble(text):
    request = urllib.request.Request("http://127.0.0.1:%d/trouble" % port, data=text.encode(), method="PUT")
    for _ in range(100):
        try:
            return urllib.request.urlopen(request).read()
        except OSError:
            time.sleep(0.1)
    return fail("the server does not start")


def make_scene(path, width=1500, height=1300):
    rows = []
    for y in range(height):
        row = bytearray()
        for x in range(width):
            lake = (x // 140 + y // 170) % 3 == 0
            row += bytes((11 + (x * y) % 5, 29, 72)) if lake else bytes((96, 104 + (x + y) % 9, 58))
        rows.append(bytes(row))
    with open(path + ".ppm", "wb") as file:
        file.write(b"P6 %d %d 255\n" % (width, height) + b"".join(rows))
    subprocess.run(
        ["gdal_translate", "-q", "-co", "TILED=YES", "-a_srs", "EPSG:32633", "-a_ullr", "500000", "5000000",
         str(500000 + 10 * width), str(5000000 - 10 * height), path + ".ppm", path], check=True)
    os.remove(path + ".ppm")


def run(words, **more):
    return subprocess.run(words, env=dict(environment, **more), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def outputs(folder):
    """All objects or files below a folder; the report has its time in it, and items name the scene."""
    found = {}
    for above, _, names in os.walk(folder):
        for name in names:
            with open(os.path.join(above, name), "rb") as file:
                data = file.read()
            found[os.path.relpath(os.path.join(above, name), folder)] = b"" if name.startswith("report") else data
    return found


def expect(ended, status, words, name):
    if ended.returncode != status or words not in ended.stderr:
        fail("%s: %d: %s" % (name, ended.returncode, ended.stderr))
