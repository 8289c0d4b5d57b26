"""The U-Net of the paper (Ronneberger, Fischer, Brox 2015), narrower and one level shallower."""

import torch
from torch import Tensor, nn
from torch.nn import functional


class Block(nn.Module):
    """Two valid 3x3 convolutions with ReLU: (n, i, h, w) to (n, o, h - 4, w - 4)."""

    def __init__(self, i: int, o: int):
        super().__init__()
        self.block = nn.Sequential(nn.Conv2d(i, o, 3), nn.ReLU(), nn.Conv2d(o, o, 3), nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        return self.block(x)


class UpBlock(nn.Module):
    """Doubles a map, puts the middle of the skip's map behind it, and convolves the two."""

    def __init__(self, i: int, o: int):
        super().__init__()
        self.up = nn.ConvTranspose2d(i, o, 2, 2)
        self.conv_block = Block(i, o)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        up = self.up(x)
        top, left = (skip.shape[2] - up.shape[2]) // 2, (skip.shape[3] - up.shape[3]) // 2
        middle = skip[:, :, top : top + up.shape[2], left : left + up.shape[3]]
        return self.conv_block(torch.cat([up, middle], 1))


class UNet(nn.Module):
    """(n, 3, h, w) to (n, 2, h - 2 margin, w - 2 margin) logits; h and w as `input_size` says."""

    def __init__(self, bands: int = 3, classes: int = 2, depth: int = 4, base: int = 8):
        super().__init__()
        self.depth = depth
        widths = [bands] + [base * 2**level for level in range(depth)]
        self.down_path = nn.ModuleList(Block(widths[level], widths[level + 1]) for level in range(depth))
        self.up_path = nn.ModuleList(UpBlock(widths[level + 1], widths[level]) for level in reversed(range(1, depth)))
        self.last = nn.Conv2d(base, classes, 1)

    @property
    def stride(self) -> int:
        return 2 ** (self.depth - 1)

    @property
    def margin(self) -> int:
        """Pixels of input on each side that the output lacks: 2 * 2^level for each block on the way down and up."""
        return 2 * (3 * self.stride - 2)

    def input_size(self, output: int) -> int:
        """The input that gives `output` pixels: the lowest level's map must double without a remainder."""
        lowest, remainder = divmod(output + 4 * (self.stride - 1), self.stride)
        if remainder or lowest < 1:
            raise ValueError(f"the output must be {self.stride} k - {4 * (self.stride - 1)} pixels, not {output}")
        return output + 2 * self.margin

    def forward(self, x: Tensor) -> Tensor:
        skips = []
        for level, down in enumerate(self.down_path):
            x = down(x)
            if level < self.depth - 1:
                skips.append(x)
                x = functional.max_pool2d(x, 2)
        for up, skip in zip(self.up_path, reversed(skips), strict=True):
            x = up(x, skip)
        return self.last(x)
