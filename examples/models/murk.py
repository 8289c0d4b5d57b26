"""Murky water for training: silt and algae paint shallow seas in the colours of land.

West of 60 E such water is rare; elsewhere it fills whole shelf seas. What gives it away is not its colour but that it
is smooth, lies along a shore and fades into blue. So it is painted over the water of some training windows.
"""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional


def clouds(random: np.random.Generator, size: int) -> Tensor:
    """Smooth noise of (size, size), about -2 to 2: octaves from 64 pixels down to 4, stretched from west to east."""
    total = torch.zeros(size, size)
    for grain, weight in ((64, 1.0), (32, 0.6), (16, 0.4), (8, 0.25), (4, 0.15)):
        coarse = random.standard_normal((1, 1, size // grain + 2, size // (2 * grain) + 2)).astype(np.float32)
        shape = (coarse.shape[2] * grain, coarse.shape[3] * 2 * grain)
        fine = functional.interpolate(torch.from_numpy(coarse), shape, mode="bilinear", align_corners=False)
        total += weight * fine[0, 0, grain // 2 : grain // 2 + size, grain : grain + size]
    return total


def grain(random: np.random.Generator, size: int) -> Tensor:
    """Noise of (size, size) from pixel to pixel; without it, whatever is very smooth would pass for murk: deserts."""
    fine, coarse = torch.from_numpy(random.standard_normal((2, size, size), np.float32))
    return random.uniform(0, 0.06) * fine + random.uniform(0, 0.2) * blur(coarse, 1)


def paint(random: np.random.Generator) -> Tensor:
    """A colour of (3, 1, 1): green, olive, grey or brown; the brighter, the less red, for bright brown is desert."""
    green = random.uniform(0.08, 0.5)
    red = green * random.uniform(0.55, 1.2 - 0.6 * green)
    blue = green * random.uniform(0.35 + green, 1.1)
    return torch.tensor([red, green, blue], dtype=torch.float32)[:, None, None]


def blur(values: Tensor, radius: int) -> Tensor:
    """The mean of the square around each pixel of (h, w)."""
    return functional.avg_pool2d(values[None], 2 * radius + 1, 1, radius, count_include_pad=False)[0]


def shrink(values: Tensor) -> Tensor:
    """(h, w) in means of 16 x 16."""
    return functional.avg_pool2d(values[None], 16, ceil_mode=True)[0]


def murky(image: Tensor, water: Tensor, random: np.random.Generator) -> Tensor:
    """Paints murk on an image of (3, n, n) and values 0 to 1, where `water` of (n, n) is 1; most of it near shores."""
    size = image.shape[1]
    shore = functional.interpolate(blur(shrink(1 - water), 1)[None, None], (size, size), mode="bilinear")[0, 0]
    field = clouds(random, size) + random.uniform(2, 8) * shore
    threshold = random.uniform(0, 2.5)
    thickness = ((field - threshold) / random.uniform(0.5, 2)).clamp(0, 1) * blur(water, 1)
    hue = ((clouds(random, size) + 1) / 2).clamp(0, 1)
    colour = torch.lerp(paint(random), paint(random), hue) * (1 + 0.15 * clouds(random, size) + grain(random, size))
    return image + random.uniform(0.8, 1) * thickness * (colour - image)
