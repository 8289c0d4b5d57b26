"""Times `overtile polygonize` against GDAL's gdal_polygonize.py, and checks what both wrote.

    pip install geopandas numpy rasterio scipy        (gdal_polygonize.py is in Debian's gdal-bin and python3-gdal)
    python Tests/Benchmarks/polygons.py .build/release/overtile --size 20000 --noise 0.15

The mask has four classes and gaps: smooth noise of some 500 m, to which finer noise is added; --noise 0 makes smooth
shores, 0.15 rough ones, 1 speckle. Both programs run as whole processes; time is the processor's and the clock's, memory
the largest resident set. Areas are compared class by class, in pixels, and every geometry is tested for validity.
"""

import argparse
import os
import subprocess
import tempfile
import time

import geopandas
import numpy as np
import rasterio
from rasterio.transform import from_origin
from rasterio.windows import Window
from scipy.ndimage import gaussian_filter

CELL = 16  # pixels of the coarse noise
STRIP = 800  # rows made at a time


def field(rng, cells, smoothness):
    values = gaussian_filter(rng.standard_normal((cells, cells)).astype(np.float32), smoothness)
    return values / values.std()


def enlarge(coarse, top, height, width):
    """Rows of a coarse field, interpolated to pixels."""
    y, x = (np.arange(top, top + height) + 0.5) / CELL, (np.arange(width) + 0.5) / CELL
    row, column = y.astype(int), x.astype(int)
    down, right = (y - row)[:, None].astype(np.float32), (x - column)[None].astype(np.float32)
    lines = coarse[row] * (1 - down) + coarse[row + 1] * down
    return lines[:, column] * (1 - right) + lines[:, column + 1] * right


def write_mask(path, size, noise):
    """Returns the pixels of each class."""
    rng = np.random.default_rng(5)
    land, gaps = field(rng, size // CELL + 8, 3), field(rng, size // CELL + 8, 8)
    counts = np.zeros(256, np.int64)
    profile = dict(driver="GTiff", width=size, height=size, count=1, dtype="uint8", nodata=255, crs="EPSG:32633",
                   transform=from_origin(400000, 5400000, 10, 10), tiled=True, blockxsize=512, blockysize=512,
                   compress="deflate")
    with rasterio.open(path, "w", **profile) as mask:
        for top in range(0, size, STRIP):
            height = min(STRIP, size - top)
            fine = gaussian_filter(rng.standard_normal((height, size)).astype(np.float32), 2)
            values = enlarge(land, top, height, size) + noise * fine / fine.std()
            classes = np.digitize(values, [-0.8, 0.5, 1.5]).astype(np.uint8)
            classes[enlarge(gaps, top, height, size) > 1.8] = 255
            mask.write(classes, 1, window=Window(0, top, size, height))
            counts += np.bincount(classes.ravel(), minlength=256)
    return counts[:255]


def run(name, command):
    """One process: its seconds and its largest resident set."""
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    # The rusage of a child begins with the size of its parent, this script's: the system's own record does not.
    ended, memory = 0, 0
    while not ended:
        time.sleep(0.02)
        with open(f"/proc/{process.pid}/status") as status_file:
            lines = [line for line in status_file if line.startswith("VmHWM")]
        memory = int(lines[0].split()[1]) if lines else memory
        ended, status, usage = os.wait4(process.pid, os.WNOHANG)
    if status != 0:
        raise SystemExit(f"{name} failed: {' '.join(command)}")
    print(f"{name:32} {usage.ru_utime + usage.ru_stime:8.1f} s of processor {time.monotonic() - start:8.1f} s "
          f"{memory / 1024:8.0f} MiB", flush=True)


def compare(name, path, field_name, counts, exact):
    polygons = geopandas.read_file(path)
    areas = polygons.geometry.area.groupby(polygons[field_name]).sum() / 100
    expected = {value: count for value, count in enumerate(counts) if count}
    same = set(areas.index) == set(expected) and all(round(areas[value], 3) == expected[value] for value in expected)
    verdict = "areas as the mask's" if same else "areas differ" if exact else "areas differ, as simplified"
    print(f"{name:32} {len(polygons)} polygons, {int((~polygons.is_valid).sum())} invalid, {verdict}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("overtile")
    parser.add_argument("--size", type=int, default=20000)
    parser.add_argument("--noise", type=float, default=0.15)
    parser.add_argument("--without-gdal", action="store_true", help="it takes long")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        mask = f"{folder}/mask.tif"
        counts = write_mask(mask, options.size, options.noise)
        runs = {"overtile": [], "overtile, 8-connected": ["--connectedness", "8"], "overtile, simplified":
                ["--simplify", "1"]}
        for name, arguments in runs.items():
            path = f"{folder}/overtile.gpkg"
            run(name, [options.overtile, "polygonize", mask, "-o", path, "--overwrite", *arguments])
            compare(name, path, "class_id", counts, exact="--simplify" not in arguments)
        if not options.without_gdal:
            run("gdal_polygonize.py", ["gdal_polygonize.py", "-q", mask, f"{folder}/gdal.gpkg"])
            compare("gdal_polygonize.py", f"{folder}/gdal.gpkg", "DN", counts, exact=True)


if __name__ == "__main__":
    main()
