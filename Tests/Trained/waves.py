"""Trains the two small networks beside this file, whose norms remember the waves of TestData's SyntheticScene.

    python waves.py FOLDER_OF_NETWORKS

FOLDER_OF_NETWORKS holds networks.py with the paper's U-Net (batch norm behind ReLU), under its usual parameter names. One network
was given the waves divided by 255, the other the same less their mean and divided by their standard deviation.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch.nn import functional

sys.path.insert(0, sys.argv[1])
from networks import PaperUNet  # noqa: E402

SIDE, MARGIN, STEPS = 84, 20, 250
torch.set_num_threads(1)


def wave(band, x, y):
    value = 127 + 60 * np.sin(x * 0.11 + band) + 50 * np.cos(y * 0.17 - band * x * 0.01)
    return np.rint(value + 10 * np.sin(x * y * 0.9))


rows, columns = np.mgrid[0:400, 0:400].astype(np.float64)
image = np.stack([wave(band, columns, rows) for band in range(3)])
truth = (image[0] + image[1] > 254).astype(np.int64)


def train(name, mean, std, seed):
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    network = PaperUNet(3, 2, 3, 4, bn=True)
    pixels = ((image / 255 - mean) / std).astype(np.float32)
    optimiser = torch.optim.AdamW(network.parameters(), 3e-3, weight_decay=1e-4)
    for step in range(STEPS):
        for group in optimiser.param_groups:
            group["lr"] = 1.5e-3 * (1 + np.cos(np.pi * step / STEPS))
        inputs, truths = [], []
        for _ in range(4):
            row, column = random.integers(0, 400 - SIDE, 2)
            inputs.append(pixels[:, row : row + SIDE, column : column + SIDE])
            truths.append(truth[row + MARGIN : row + SIDE - MARGIN, column + MARGIN : column + SIDE - MARGIN])
        loss = functional.cross_entropy(
            network(torch.from_numpy(np.stack(inputs))), torch.from_numpy(np.stack(truths)))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    print(name, loss.item())
    save_file(network.state_dict(), Path(__file__).parent / f"{name}.safetensors")


mean, std = image.reshape(3, -1).mean(1) / 255, image.reshape(3, -1).std(1) / 255
train("waves", np.zeros((3, 1, 1)), np.ones((3, 1, 1)), 1)
train("waves-standardised", mean[:, None, None], std[:, None, None], 2)
