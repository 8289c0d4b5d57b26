"""Writes the descriptions of ten U-Nets in ten styles beside this file, as generate.py does for others.

Their batch norms remember what smooth random pictures give them, so that they tell how the network is wired.
"""
import pathlib

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from generate import HERE, fill, lines, uniform

FAMILY = "a U-Net wired by its shapes"


def pair(inputs, outputs, padding=1, bias=False, norm=True, activation=nn.ReLU):
    layers = []
    for source in (inputs, outputs):
        layers.append(nn.Conv2d(source, outputs, 3, padding=padding, bias=bias))
        if norm:
            layers.append(nn.BatchNorm2d(outputs))
        layers.append(activation())
    return nn.Sequential(*layers)


class Flat(nn.Module):
    """Names without dots, no norms, the skip last."""

    def __init__(self):
        super().__init__()
        widths = [4, 8, 12, 16]
        for level, (inputs, outputs) in enumerate(zip([3] + widths, widths), 1):
            setattr(self, f"e{level}1", nn.Conv2d(inputs, outputs, 3, padding=1))
            setattr(self, f"e{level}2", nn.Conv2d(outputs, outputs, 3, padding=1))
        for level in (1, 2, 3):
            below, width = widths[4 - level], widths[3 - level]
            setattr(self, f"upconv{level}", nn.ConvTranspose2d(below, width, 2, 2))
            setattr(self, f"d{level}1", nn.Conv2d(2 * width, width, 3, padding=1))
            setattr(self, f"d{level}2", nn.Conv2d(width, width, 3, padding=1))
        self.outconv = nn.Conv2d(4, 2, 1)

    def forward(self, x):
        skips = []
        for level in range(1, 5):
            if level > 1:
                skips.append(x)
                x = F.max_pool2d(x, 2)
            x = F.relu(getattr(self, f"e{level}2")(F.relu(getattr(self, f"e{level}1")(x))))
        for level in range(1, 4):
            x = torch.cat([getattr(self, f"upconv{level}")(x), skips.pop()], 1)
            x = F.relu(getattr(self, f"d{level}2")(F.relu(getattr(self, f"d{level}1")(x))))
        return self.outconv(x)


class Lists(nn.Module):
    """Module lists, that of the decoder registered first; the skip first."""

    def __init__(self, features=(4, 6, 8, 12)):
        super().__init__()
        self.ups, self.downs = nn.ModuleList(), nn.ModuleList()
        inputs = 3
        for width in features:
            self.downs.append(pair(inputs, width))
            inputs = width
        for width in reversed(features):
            self.ups.append(nn.ConvTranspose2d(2 * width if width == features[-1] else above, width, 2, 2))
            self.ups.append(pair(2 * width, width))
            above = width
        self.bottleneck = pair(features[-1], 2 * features[-1])
        self.final_conv = nn.Conv2d(features[0], 1, 1)

    def forward(self, x):
        skips = []
        for down in self.downs:
            x = down(x)
            skips.append(x)
            x = F.max_pool2d(x, 2)
        x = self.bottleneck(x)
        for index in range(0, len(self.ups), 2):
            x = self.ups[index + 1](torch.cat((skips.pop(), self.ups[index](x)), 1))
        return self.final_conv(x)


class Valid(nn.Module):
    """Convolutions without padding, up-convolutions in a list of their own, no norms, the skip last."""

    class Block(nn.Module):
        def __init__(self, inputs, outputs):
            super().__init__()
            self.conv1, self.conv2 = nn.Conv2d(inputs, outputs, 3), nn.Conv2d(outputs, outputs, 3)

        def forward(self, x):
            return F.relu(self.conv2(F.relu(self.conv1(x))))

    def __init__(self, widths=(4, 8, 16)):
        super().__init__()
        self.encoder, self.decoder = nn.Module(), nn.Module()
        self.encoder.blocks = nn.ModuleList(self.Block(a, b) for a, b in zip((3,) + widths, widths))
        ways = list(zip(widths[:0:-1], widths[-2::-1]))
        self.decoder.upconvs = nn.ModuleList(nn.ConvTranspose2d(a, b, 2, 2) for a, b in ways)
        self.decoder.blocks = nn.ModuleList(self.Block(2 * b, b) for _, b in ways)
        self.head = nn.Conv2d(widths[0], 3, 1)

    def forward(self, x):
        skips = []
        for block in self.encoder.blocks:
            x = block(x if not skips else F.max_pool2d(x, 2))
            skips.append(x)
        skips.pop()
        for up, block in zip(self.decoder.upconvs, self.decoder.blocks):
            x, skip = up(x), skips.pop()
            cut = (skip.shape[-1] - x.shape[-1]) // 2
            x = block(torch.cat([x, skip[:, :, cut:cut + x.shape[-2], cut:cut + x.shape[-1]]], 1))
        return self.head(x)


class Bilinear(nn.Module):
    """Upsampling without weights, the skip first."""

    def __init__(self, widths=(6, 8, 12, 16)):
        super().__init__()
        self.start = pair(4, widths[0])
        self.contract = nn.ModuleList(pair(a, b) for a, b in zip(widths, widths[1:]))
        self.expand = nn.ModuleList(pair(a + b, b) for a, b in zip(widths[:0:-1], widths[-2::-1]))
        self.classify = nn.Conv2d(widths[0], 2, 1)

    def forward(self, x):
        skips = [self.start(x)]
        for block in self.contract:
            skips.append(block(F.max_pool2d(skips[-1], 2)))
        x = skips.pop()
        for block in self.expand:
            x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True)
            x = block(torch.cat([skips.pop(), x], 1))
        return self.classify(x)


class Residual(nn.Module):
    """Residual blocks with a convolution and norm in the shortcut, the skip last."""

    class Block(nn.Module):
        def __init__(self, inputs, outputs):
            super().__init__()
            self.conv1, self.bn1 = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs)
            self.conv2, self.bn2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs)
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs))

        def forward(self, x):
            y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
            return F.relu(y + self.shortcut(x))

    def __init__(self, widths=(4, 8, 12, 16)):
        super().__init__()
        for level, (inputs, outputs) in enumerate(zip((3,) + widths, widths), 1):
            setattr(self, f"res{level}", self.Block(inputs, outputs))
        for level in range(len(widths) - 1, 0, -1):
            setattr(self, f"up{level}", nn.ConvTranspose2d(widths[level], widths[level - 1], 2, 2))
            setattr(self, f"dec{level}", self.Block(2 * widths[level - 1], widths[level - 1]))
        self.out, self.depth = nn.Conv2d(widths[0], 2, 1), len(widths)

    def forward(self, x):
        skips = []
        for level in range(1, self.depth + 1):
            x = getattr(self, f"res{level}")(x if level == 1 else F.max_pool2d(x, 2))
            skips.append(x)
        skips.pop()
        for level in range(self.depth - 1, 0, -1):
            x = getattr(self, f"dec{level}")(torch.cat([getattr(self, f"up{level}")(x), skips.pop()], 1))
        return self.out(x)


class NormLast(nn.Module):
    """Norms behind the ReLU, under names that do not show it; three levels, the skip first."""

    class Block(nn.Module):
        def __init__(self, inputs, outputs):
            super().__init__()
            self.conv_a, self.norm_a = nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs)
            self.conv_b, self.norm_b = nn.Conv2d(outputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs)

        def forward(self, x):
            return self.norm_b(F.relu(self.conv_b(self.norm_a(F.relu(self.conv_a(x))))))

    def __init__(self):
        super().__init__()
        self.left1, self.left2, self.base = self.Block(3, 6), self.Block(6, 10), self.Block(10, 14)
        self.grow2, self.right2 = nn.ConvTranspose2d(14, 10, 2, 2), self.Block(20, 10)
        self.grow1, self.right1 = nn.ConvTranspose2d(10, 6, 2, 2), self.Block(12, 6)
        self.last = nn.Conv2d(6, 2, 1)

    def forward(self, x):
        a = self.left1(x)
        b = self.left2(F.max_pool2d(a, 2))
        x = self.base(F.max_pool2d(b, 2))
        x = self.right2(torch.cat([b, self.grow2(x)], 1))
        return self.last(self.right1(torch.cat([a, self.grow1(x)], 1)))


class UpAndConvolve(nn.Module):
    """Nearest-neighbour upsampling with a convolution behind it, the skip first; the norms of five levels."""

    def __init__(self, widths=(4, 6, 8, 10, 12)):
        super().__init__()
        for level, (inputs, outputs) in enumerate(zip((3,) + widths, widths), 1):
            setattr(self, f"Conv{level}", nn.Module())
            getattr(self, f"Conv{level}").conv = pair(inputs, outputs, bias=True)
        for level in range(len(widths), 1, -1):
            below, width = widths[level - 1], widths[level - 2]
            setattr(self, f"Up{level}", nn.Module())
            getattr(self, f"Up{level}").up = nn.Sequential(
                nn.Upsample(scale_factor=2), nn.Conv2d(below, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU())
            setattr(self, f"Up_conv{level}", nn.Module())
            getattr(self, f"Up_conv{level}").conv = pair(2 * width, width, bias=True)
        self.Conv_1x1, self.depth = nn.Conv2d(widths[0], 1, 1), len(widths)

    def forward(self, x):
        skips = []
        for level in range(1, self.depth + 1):
            x = getattr(self, f"Conv{level}").conv(x if level == 1 else F.max_pool2d(x, 2))
            skips.append(x)
        skips.pop()
        for level in range(self.depth, 1, -1):
            x = torch.cat((skips.pop(), getattr(self, f"Up{level}").up(x)), 1)
            x = getattr(self, f"Up_conv{level}").conv(x)
        return self.Conv_1x1(x)


class Leaky(nn.Module):
    """Leaky ReLU and six levels, the skip last; up-convolutions registered before all other decoder layers."""

    def __init__(self, widths=(4, 4, 6, 6, 8, 8)):
        super().__init__()
        activation = lambda: nn.LeakyReLU(0.2)
        self.body = nn.Module()
        self.body.enc = nn.ModuleList(
            pair(a, b, activation=activation) for a, b in zip((5,) + widths, widths))
        ways = list(zip(widths[:0:-1], widths[-2::-1]))
        self.body.tconv = nn.ModuleList(nn.ConvTranspose2d(a, b, 2, 2) for a, b in ways)
        self.body.dec = nn.ModuleList(pair(2 * b, b, activation=activation) for _, b in ways)
        self.body.seg = nn.Conv2d(widths[0], 2, 1)

    def forward(self, x):
        skips = []
        for block in self.body.enc:
            x = block(x if not skips else F.max_pool2d(x, 2))
            skips.append(x)
        skips.pop()
        for up, block in zip(self.body.tconv, self.body.dec):
            x = block(torch.cat([up(x), skips.pop()], 1))
        return self.body.seg(x)


class LongNames(nn.Module):
    """Names that repeat the level, as in a widely used network for magnetic resonance images; the skip last."""

    def __init__(self, width=4):
        super().__init__()
        widths = [width << level for level in range(4)]
        for level, (inputs, outputs) in enumerate(zip([3] + widths, widths), 1):
            name = "bottleneck" if level == 4 else f"encoder{level}"
            setattr(self, name, self.block(inputs, outputs, "bottleneck" if level == 4 else f"enc{level}"))
        for level in (3, 2, 1):
            setattr(self, f"upconv{level}", nn.ConvTranspose2d(widths[level], widths[level - 1], 2, 2))
            setattr(self, f"decoder{level}", self.block(widths[level], widths[level - 1], f"dec{level}"))
        self.conv = nn.Conv2d(width, 1, 1)

    def block(self, inputs, outputs, name):
        block = nn.Sequential()
        for number, source in ((1, inputs), (2, outputs)):
            block.add_module(f"{name}conv{number}", nn.Conv2d(source, outputs, 3, padding=1, bias=False))
            block.add_module(f"{name}norm{number}", nn.BatchNorm2d(outputs))
            block.add_module(f"{name}relu{number}", nn.ReLU())
        return block

    def forward(self, x):
        a = self.encoder1(x)
        b = self.encoder2(F.max_pool2d(a, 2))
        c = self.encoder3(F.max_pool2d(b, 2))
        x = self.bottleneck(F.max_pool2d(c, 2))
        x = self.decoder3(torch.cat((self.upconv3(x), c), 1))
        x = self.decoder2(torch.cat((self.upconv2(x), b), 1))
        return self.conv(self.decoder1(torch.cat((self.upconv1(x), a), 1)))


class Before(nn.Module):
    """Norm and PReLU, average pooling, and layers registered from the top on both ways; the skip first."""

    def __init__(self, widths=(4, 6, 10)):
        super().__init__()
        activation = lambda: nn.PReLU()
        for level, (inputs, outputs) in enumerate(zip((3,) + widths, widths)):
            setattr(self, f"down_{level}", pair(inputs, outputs, activation=activation))
        for level in (0, 1):
            setattr(self, f"up_{level}", nn.ConvTranspose2d(widths[level + 1], widths[level], 2, 2))
            setattr(self, f"merge_{level}", pair(2 * widths[level], widths[level], activation=activation))
        self.predict = nn.Conv2d(widths[0], 4, 3, padding=1)

    def forward(self, x):
        a = self.down_0(x)
        b = self.down_1(F.avg_pool2d(a, 2))
        x = self.down_2(F.avg_pool2d(b, 2))
        x = self.merge_1(torch.cat([b, self.up_1(x)], 1))
        return self.predict(self.merge_0(torch.cat([a, self.up_0(x)], 1)))


def remember(net, bands):
    """Gives the norms what smooth pictures of the same statistics as the input give them."""
    norms = {name: layer for name, layer in net.named_modules() if isinstance(layer, nn.BatchNorm2d)}
    for layer in norms.values():
        layer.momentum = None
        layer.reset_running_stats()
    net.train()
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for _ in range(4):
            picture = F.interpolate(torch.randn(4, bands, 32, 32, generator=generator), scale_factor=4, mode="bicubic")
            net(picture + 0.2 * torch.randn(picture.shape, generator=generator))
    for name, layer in norms.items():
        mean, variance = layer.running_mean, layer.running_var
        for tensor in (mean, variance):
            tensor.copy_(torch.tensor([float("%.5g" % value) for value in tensor.tolist()]))
        yield "memory %s %s" % (name, " ".join("%.5g" % value for value in mean.tolist() + variance.tolist()))


def case(name, net, bands, tile, assume=None, told=None):
    """- assume: what the file cannot tell. - told: what evidence finds, or a choice where there is none."""
    with torch.no_grad():
        fill(net)
        for layer in net.modules():
            if isinstance(layer, nn.PReLU):
                layer.weight.mul_(0.25)
        memory = list(remember(net, bands))
        picture = (2 * uniform("input", bands * tile * tile) - 1).astype(np.float32).reshape(1, bands, tile, tile)
        output = net.eval().double()(torch.from_numpy(picture).double())
    logits = output[0, :, 3::7, 3::7].flatten().tolist()
    text = ["family " + FAMILY, "tile %d" % tile, "bands %d" % bands, "margin %d" % ((tile - output.shape[-1]) // 2)]
    if assume:
        text.append("assume " + assume)
    if told:
        text.append("told " + told)
    text += lines(net.float()) 
    text += memory
    text += ["logits " + " ".join("%.7g" % value for value in logits)]
    (HERE / (name + ".txt")).write_text("\n".join(text) + "\n")
    print(name, "spread %.3g" % output.std(), len(net.state_dict()), "tensors", tuple(output.shape))


if __name__ == "__main__":
    torch.manual_seed(0)
    case("own-flat", Flat(), 3, 64, assume="concat=skip-last")
    case("own-lists", Lists(), 3, 64, told="concat=skip-first")
    case("own-valid", Valid(), 3, 100, assume="concat=skip-last,padding=valid")
    case("own-bilinear", Bilinear(), 4, 64, told="concat=skip-first")
    case("own-residual", Residual(), 3, 64, told="concat=skip-last")
    case("own-norm-last", NormLast(), 3, 64, told="concat=skip-first,order=activation-first")
    case("own-up-and-convolve", UpAndConvolve(), 3, 64, assume="upsampling=nearest", told="concat=skip-first")
    case("own-leaky", Leaky(), 5, 64, told="activation=leaky0.2,concat=skip-last")
    case("own-long-names", LongNames(), 3, 64, told="concat=skip-last")
    case("own-before", Before(), 3, 64, assume="pooling=average", told="concat=skip-first")
