"""Writes the small ONNX networks of tokens/, and prints what ONNX Runtime computes with them: TokenNetworksTests has both.

    python tokens.py
"""
import os
import numpy, onnx, onnxruntime, torch
from torch import nn
from torch.nn import functional

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tokens")


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads, self.qkv, self.out = heads, nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x, bias=None):
        batch, count, width = x.shape
        q, k, v = self.qkv(x).reshape(batch, count, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        scores = q @ k.transpose(-2, -1) * (width // self.heads) ** -0.5
        if bias is not None:
            scores = scores + bias
        return self.out((scores.softmax(-1) @ v).transpose(1, 2).reshape(batch, count, width))


class Windows(nn.Module):
    """Attention in shifted windows (Swin): a roll, windows, a bias for each pair of pixels and a mask, and back."""

    def __init__(self):
        super().__init__()
        self.stem, self.norm, self.attention = nn.Conv2d(3, 8, 2, 2), nn.LayerNorm(8), Attention(8, 2)
        self.bias = nn.Parameter(torch.randn(2, 16, 16))
        self.mask = nn.Parameter(torch.randn(4, 1, 16, 16))
        self.reduce = nn.Linear(32, 12)
        self.head = nn.Conv2d(20, 2, 1)

    def forward(self, x):
        x = self.stem(x).permute(0, 2, 3, 1)
        y = torch.roll(self.norm(x), (-2, -2), (1, 2))
        y = y.view(1, 2, 4, 2, 4, 8).permute(0, 1, 3, 2, 4, 5).reshape(4, 16, 8)
        y = self.attention(y, self.bias + self.mask)
        y = y.view(1, 2, 2, 4, 4, 8).permute(0, 1, 3, 2, 4, 5).reshape(1, 8, 8, 8)
        x = x + torch.roll(y, (2, 2), (1, 2))
        merged = torch.cat([x[:, 0::2, 0::2], x[:, 1::2, 0::2], x[:, 0::2, 1::2], x[:, 1::2, 1::2]], -1)
        merged = functional.interpolate(self.reduce(merged).permute(0, 3, 1, 2), scale_factor=4)
        x = functional.interpolate(x.permute(0, 3, 1, 2), scale_factor=2)
        return self.head(torch.cat([x, merged], 1))


class ClassToken(nn.Module):
    """A vision transformer with a class token, which each pixel is given at the end (DPT)."""

    def __init__(self):
        super().__init__()
        self.stem, self.token = nn.Conv2d(3, 8, 4, 4), nn.Parameter(torch.randn(1, 1, 8))
        self.places = nn.Parameter(torch.randn(1, 17, 8))
        self.norm, self.attention, self.read = nn.LayerNorm(8), Attention(8, 2), nn.Linear(16, 8)
        self.up = nn.ConvTranspose2d(8, 2, 4, 4)

    def forward(self, x):
        x = self.stem(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(1, -1, -1), x], 1) + self.places
        x = x + self.attention(self.norm(x))
        pixels = x[:, 1:]
        x = functional.gelu(self.read(torch.cat([pixels, x[:, :1].expand_as(pixels)], -1)))
        return self.up(x.transpose(1, 2).reshape(1, 8, 4, 4))


class Positions(nn.Module):
    """A softmax over all pairs of pixels, and pixels that become channels (MAnet)."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 32, 4, 4)
        self.top, self.center, self.bottom = nn.Conv2d(32, 6, 1), nn.Conv2d(32, 6, 1), nn.Conv2d(32, 32, 3, padding=1)
        self.up = nn.ConvTranspose2d(32, 2, 4, 4)

    def forward(self, x):
        x = self.stem(x)
        top, center = self.top(x).flatten(2), self.center(x).flatten(2).transpose(1, 2)
        bottom = self.bottom(x).flatten(2).transpose(1, 2)
        shares = torch.matmul(center, top)
        shares = functional.softmax(shares.view(1, -1), dim=1).view(1, 16, 16)
        return self.up(x + torch.matmul(shares, bottom).reshape(1, 32, 4, 4))


class Context(nn.Module):
    """A mean of all pixels, weighted by a softmax over them (GCNet), and a constant for the place of each pixel (CoordConv)."""

    def __init__(self):
        super().__init__()
        self.stem, self.key = nn.Conv2d(5, 8, 3, padding=1), nn.Conv2d(8, 1, 1)
        line = torch.linspace(-1, 1, 16)
        self.register_buffer("places", torch.stack(torch.meshgrid(line, line, indexing="ij"))[None])
        self.head = nn.Conv2d(8, 2, 1)

    def forward(self, x):
        x = functional.relu(self.stem(torch.cat([x, self.places], 1)))
        shares = functional.softmax(self.key(x).view(1, 1, 256), dim=2).unsqueeze(-1)
        context = torch.matmul(x.view(1, 8, 256).unsqueeze(1), shares).view(1, 8, 1, 1)
        return self.head(x + context)


class NoFeatures(nn.Module):
    """An encoder without features at one level (smp's MiT and ConvNeXt), and patches that are taken apart (a decoder of
    one layer)."""

    def __init__(self):
        super().__init__()
        self.stem, self.norm, self.line = nn.Conv2d(3, 8, 4, 4), nn.LayerNorm(8), nn.Linear(8, 4 * 4 * 2)

    def forward(self, x):
        x = self.stem(x)
        x = torch.cat([x, torch.zeros(1, 0, x.shape[2], x.shape[3])], 1)
        x = self.line(self.norm(x.permute(0, 2, 3, 1)))
        return x.reshape(1, 4, 4, 4, 4, 2).permute(0, 5, 1, 3, 2, 4).reshape(1, 2, 16, 16)


class Response(nn.Module):
    """Channels weighted by their lengths over all pixels (ConvNeXtV2's response normalisation), and lengths of pixels."""

    def __init__(self):
        super().__init__()
        self.stem, self.head = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(9, 2, 1)
        self.gain, self.bias = nn.Parameter(torch.randn(8)), nn.Parameter(torch.randn(8))

    def forward(self, x):
        x = functional.gelu(self.stem(x)).permute(0, 2, 3, 1)
        length = x.norm(p=2, dim=(1, 2), keepdim=True)
        share = length / (length.mean(-1, keepdim=True) + 1e-6)
        x = (x + torch.addcmul(self.bias.view(1, 1, 1, -1), self.gain.view(1, 1, 1, -1), x * share)).permute(0, 3, 1, 2)
        return self.head(torch.cat([x, x.norm(p=1, dim=1, keepdim=True)], 1))


class Selection(nn.Module):
    """Bands in another order, channels added in front and behind (a shortcut without parameters), and adaptive pooling to sides
    that do not divide the map's (PSPNet), which the newer exporter writes as picked pixels and masks."""

    def __init__(self):
        super().__init__()
        self.stem, self.body = nn.Conv2d(3, 6, 2, 2), nn.Conv2d(10, 10, 3, padding=1)
        self.pool, self.bin, self.head = nn.AdaptiveAvgPool2d((3, 6)), nn.Conv2d(10, 4, 1), nn.Conv2d(14, 2, 1)

    def forward(self, x):
        x = self.stem(x[:, [2, 0, 1]])
        x = functional.pad(x, (0, 0, 0, 0, 1, 3), value=0.5)
        x = x + functional.relu(self.body(x))
        y = functional.interpolate(functional.relu(self.bin(self.pool(x))), size=(8, 8), mode="bilinear")
        return functional.interpolate(self.head(torch.cat([x, y], 1)), scale_factor=2)


class LinearAttention(nn.Module):
    """Attention without a softmax, whose divisor is a channel of ones beside the values (EfficientViT)."""

    def __init__(self):
        super().__init__()
        self.stem, self.out, self.head = nn.Conv2d(3, 24, 4, 4), nn.Conv2d(8, 8, 1), nn.ConvTranspose2d(8, 2, 4, 4)

    def forward(self, x):
        x = self.stem(x)
        q, k, v = x.reshape(1, 2, 12, 16).transpose(-1, -2).chunk(3, dim=-1)
        q, k, v = functional.relu(q), functional.relu(k), functional.pad(v, (0, 1), value=1.0)
        y = q @ (k.transpose(-1, -2) @ v)
        y = y[..., :-1] / (y[..., -1:] + 1e-5)
        return self.head(self.out(y.transpose(-1, -2).reshape(1, 8, 4, 4)))


class SelectiveKernel(nn.Module):
    """Two windows' maps, stacked and weighted by a softmax over the two for each channel (SKNet)."""

    def __init__(self):
        super().__init__()
        self.near, self.far = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(3, 8, 3, padding=2, dilation=2)
        self.squeeze, self.select, self.head = nn.Conv2d(8, 4, 1), nn.Conv2d(4, 16, 1), nn.Conv2d(8, 2, 1)

    def forward(self, x):
        x = torch.stack([functional.relu(self.near(x)), functional.relu(self.far(x))], 1)
        shares = self.select(functional.relu(self.squeeze(x.sum(1).mean((2, 3), keepdim=True))))
        return self.head((x * functional.softmax(shares.view(1, 2, 8, 1, 1), dim=1)).sum(1))


class RelativePositions(nn.Module):
    """A bias for each pair of pixels, which a small network computes from their distance: constants alone (MaxViT)."""

    def __init__(self):
        super().__init__()
        self.stem, self.attention, self.head = nn.Conv2d(3, 8, 4, 4), Attention(8, 2), nn.ConvTranspose2d(8, 2, 4, 4)
        line = torch.arange(4) - 3 / 2
        self.register_buffer("places", torch.stack(torch.meshgrid(line, line, indexing="ij"), -1).reshape(1, 16, 2))
        self.first, self.second = nn.Linear(2, 6), nn.Linear(6, 2)

    def forward(self, x):
        x = self.stem(x).flatten(2).transpose(1, 2)
        table = self.second(functional.relu(self.first(self.places))).transpose(1, 2)
        x = x + self.attention(x, (table[:, :, :, None] - table[:, :, None, :]))
        return self.head(x.transpose(1, 2).reshape(1, 8, 4, 4))


def small(path):
    """Removes what an exporter notes about its work."""
    model = onnx.load(path)
    for part in list(model.graph.node) + list(model.graph.value_info) + list(model.graph.input) + list(model.graph.output):
        part.doc_string = ""
        del part.metadata_props[:]
    del model.graph.value_info[:], model.graph.metadata_props[:], model.metadata_props[:]
    onnx.save(model, path)


def main():
    os.makedirs(FOLDER, exist_ok=True)
    places = numpy.arange(768)
    x = ((places // 256 * 31 + places // 16 % 16 * 7 + places % 16 * 13) % 23 / 5.75 - 2).astype("f4").reshape(1, 3, 16, 16)
    networks = [
        (Windows(), 17), (ClassToken(), 14), (Positions(), 12), (Context(), 11), (NoFeatures(), 18), (Response(), 18),
        (Selection(), 20), (LinearAttention(), 17), (SelectiveKernel(), 17), (RelativePositions(), 17),
    ]
    for net, opset in networks:
        torch.manual_seed(7)
        with torch.no_grad():
            for parameter in net.parameters():
                parameter.copy_(torch.randn(parameter.shape).round(decimals=2) * (0.5 if parameter.dim() > 1 else 1))
        name = type(net).__name__
        path = os.path.join(FOLDER, f"{name}.onnx")
        torch.onnx.export(
            net.eval(), (torch.from_numpy(x),), path, opset_version=opset, dynamo=opset >= 20, input_names=["x"],
            output_names=["y"], **({"external_data": False, "verbose": False} if opset >= 20 else {}))
        small(path)
        y = onnxruntime.InferenceSession(path).run(None, {"x": x})[0][0]
        with torch.no_grad():
            assert numpy.abs(net(torch.from_numpy(x))[0].numpy() - y).max() < 1e-4
        numbers = [y[0, 0, 0], y[0, 7, 9], y[1, 15, 15], y[1, 3, 12], numpy.abs(y).mean()]
        print(name, os.path.getsize(path), "[" + ", ".join("%.7g" % number for number in numbers) + "]")


if __name__ == "__main__":
    main()
