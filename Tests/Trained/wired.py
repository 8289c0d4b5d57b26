"""Trains the small networks under names of their own beside this file, whose norms remember the waves of TestData's
SyntheticScene, divided by 255.

    python wired.py

They are saved by torch.save, which keeps the order of layers. Of one, only the decoder has norms, so that its file does
not tell which half of a concatenation is the skip: it is the last. The other halves maps by averages and doubles them by
nearest neighbours, where most take the largest and interpolate. The third is as the first, and was not trained at all.
"""

from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

SIDE, STEPS = 64, 300
torch.set_num_threads(1)


def wave(band, x, y):
    value = 127 + 60 * np.sin(x * 0.11 + band) + 50 * np.cos(y * 0.17 - band * x * 0.01)
    return np.rint(value + 10 * np.sin(x * y * 0.9))


rows, columns = np.mgrid[0:400, 0:400].astype(np.float64)
image = np.stack([wave(band, columns, rows) for band in range(3)])
truth = (image[0] + image[1] > 254).astype(np.int64)


def pair(inputs, outputs, hasNorms=True):
    layers = []
    for source in (inputs, outputs):
        layers.append(nn.Conv2d(source, outputs, 3, padding=1))
        if hasNorms:
            layers.append(nn.BatchNorm2d(outputs))
        layers.append(nn.ReLU())
    return nn.Sequential(*layers)


class Bare(nn.Module):
    def __init__(self, widths=(8, 12, 16)):
        super().__init__()
        self.first, self.second, self.third = (pair(a, b, False) for a, b in zip((3,) + widths, widths))
        self.rise2, self.join2 = nn.ConvTranspose2d(16, 12, 2, 2), pair(24, 12)
        self.rise1, self.join1 = nn.ConvTranspose2d(12, 8, 2, 2), pair(16, 8)
        self.answer = nn.Conv2d(8, 2, 1)

    def forward(self, x):
        a = self.first(x)
        b = self.second(F.max_pool2d(a, 2))
        x = self.join2(torch.cat([self.rise2(self.third(F.max_pool2d(b, 2))), b], 1))
        return self.answer(self.join1(torch.cat([self.rise1(x), a], 1)))


class Nearest(nn.Module):
    def __init__(self, widths=(8, 12, 16)):
        super().__init__()
        self.sinking = nn.ModuleList(pair(a, b) for a, b in zip((3,) + widths, widths))
        self.rising = nn.ModuleList([pair(28, 12), pair(20, 8)])
        self.answer = nn.Conv2d(8, 2, 1)

    def forward(self, x):
        a = self.sinking[0](x)
        b = self.sinking[1](F.avg_pool2d(a, 2))
        x = self.sinking[2](F.avg_pool2d(b, 2))
        x = self.rising[0](torch.cat([b, F.interpolate(x, scale_factor=2)], 1))
        return self.answer(self.rising[1](torch.cat([a, F.interpolate(x, scale_factor=2)], 1)))


def save(name, network):
    torch.save(network.state_dict(), Path(__file__).parent / f"{name}.pth")


def train(name, network, seed):
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    optimiser = torch.optim.AdamW(network.parameters(), 3e-3, weight_decay=1e-4)
    for step in range(STEPS):
        for group in optimiser.param_groups:
            group["lr"] = 1.5e-3 * (1 + np.cos(np.pi * step / STEPS))
        inputs, truths = [], []
        for _ in range(4):
            row, column = random.integers(0, 400 - SIDE, 2)
            inputs.append((image[:, row : row + SIDE, column : column + SIDE] / 255).astype(np.float32))
            truths.append(truth[row : row + SIDE, column : column + SIDE])
        loss = F.cross_entropy(network(torch.from_numpy(np.stack(inputs))), torch.from_numpy(np.stack(truths)))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    print(name, loss.item())
    save(name, network)


torch.manual_seed(3)
train("waves-bare", Bare(), 3)
torch.manual_seed(4)
train("waves-nearest", Nearest(), 4)
save("waves-untrained", Bare())
