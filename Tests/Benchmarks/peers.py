"""Times Overtile against a Python script around ONNX Runtime, OpenVINO or PyTorch: the same scene, network and machine.

    pip install torch onnx onnxruntime openvino rasterio numpy
    python Tests/Benchmarks/peers.py .build/release/overtile --base 32 --size 2048 --net paper

Every program runs as a whole process, from file to file, on two threads, in turn; the figures are medians over the
rounds. For the paper's network (--net paper) the scripts cut its tiles of 572 pixels, mirrored at the border, and keep 384
of the 388 that come out. For the padded Pytorch-UNet (--net unet) they cut tiles of 512 that overlap by 64, as users do,
though the network's padding reaches further in: a few pixels there differ from Overtile's, which has no seams.
Torch's random weights do not make a sensible mask, but everybody must agree on it: the share of equal pixels is printed.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

# A peer's tile, its margin and the part that is kept. The paper's keeps 384 of 388: a multiple of the stride of 16, so
# that all tiles pool in step.
TILES = {"paper": (572, 92, 384), "unet": (512, 32, 448)}
THREADS = 2


def network(net, base):
    import torch
    torch.manual_seed(5)
    return {"paper": paper, "unet": pytorch_unet}[net](base).eval()


def paper(base, bands=3, classes=4, depth=5):
    """The paper's U-Net under the names that Overtile recognises."""
    import torch
    from torch import nn

    def block(i, o):
        return nn.Sequential(nn.Conv2d(i, o, 3), nn.ReLU(), nn.Conv2d(o, o, 3), nn.ReLU())

    class Down(nn.Module):
        def __init__(self, i, o):
            super().__init__()
            self.block = block(i, o)

    class Up(nn.Module):
        def __init__(self, i, o):
            super().__init__()
            self.up, self.conv_block = nn.ConvTranspose2d(i, o, 2, 2), Down(i, o)

    class UNet(nn.Module):
        def __init__(self):
            super().__init__()
            widths = [base << k for k in range(depth)]
            self.down_path = nn.ModuleList(Down(i, o) for i, o in zip([bands, *widths], widths))
            self.up_path = nn.ModuleList(Up(2 * w, w) for w in reversed(widths[:-1]))
            self.last = nn.Conv2d(base, classes, 1)

        def forward(self, x):
            skips = []
            for level, down in enumerate(self.down_path):
                x = down.block(x if level == 0 else nn.functional.max_pool2d(x, 2))
                skips.append(x)
            for up, skip in zip(self.up_path, reversed(skips[:-1])):
                x = up.up(x)
                top, left = (skip.shape[2] - x.shape[2]) // 2, (skip.shape[3] - x.shape[3]) // 2
                x = up.conv_block.block(torch.cat([x, skip[:, :, top:top + x.shape[2], left:left + x.shape[3]]], 1))
            return self.last(x)

    return UNet()


def pytorch_unet(base, bands=3, classes=4):
    """Pytorch-UNet with up-convolutions, under its own names."""
    import torch
    from torch import nn

    class Double(nn.Module):
        def __init__(self, i, o):
            super().__init__()
            layers = [[nn.Conv2d(a, o, 3, padding=1, bias=False), nn.BatchNorm2d(o), nn.ReLU()] for a in (i, o)]
            self.double_conv = nn.Sequential(*layers[0], *layers[1])
            for norm in (layers[0][1], layers[1][1]):
                nn.init.normal_(norm.running_mean, std=0.2)
                nn.init.uniform_(norm.running_var, 0.5, 1.5)

        def forward(self, x):
            return self.double_conv(x)

    class Down(nn.Module):
        def __init__(self, i, o):
            super().__init__()
            self.maxpool_conv = nn.Sequential(nn.MaxPool2d(2), Double(i, o))

    class Up(nn.Module):
        def __init__(self, i, o):
            super().__init__()
            self.up, self.conv = nn.ConvTranspose2d(i, o, 2, 2), Double(i, o)

    class Out(nn.Module):
        def __init__(self, i, o):
            super().__init__()
            self.conv = nn.Conv2d(i, o, 1)

    class UNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.inc, self.outc = Double(bands, base), Out(base, classes)
            for level in range(4):
                setattr(self, f"down{level + 1}", Down(base << level, base << level + 1))
                setattr(self, f"up{level + 1}", Up(base << 4 - level, base << 3 - level))

        def forward(self, x):
            maps = [self.inc(x)]
            for down in (self.down1, self.down2, self.down3, self.down4):
                maps.append(down.maxpool_conv(maps[-1]))
            x = maps.pop()
            for up in (self.up1, self.up2, self.up3, self.up4):
                x = up.conv(torch.cat([maps.pop(), up.up(x)], 1))
            return self.outc.conv(x)

    return UNet()


def prepare(folder, net, base, size):
    """Writes the checkpoint, the ONNX file and a noisy scene of waves."""
    import rasterio
    import torch
    from rasterio.transform import Affine

    model, tile = network(net, base), TILES[net][0]
    torch.save(model.state_dict(), f"{folder}/model.pth")
    torch.onnx.export(model, (torch.zeros(1, 3, tile, tile),), f"{folder}/model.onnx", input_names=["x"],
                      output_names=["y"], dynamo=False, opset_version=17)
    y, x = np.mgrid[0:size, 0:size]
    noise = np.random.default_rng(3).normal(size=(3, size, size)) * 12
    waves = [127 + 50 * np.sin(x * f) + 50 * np.cos(y * g) for f, g in ((0.01, 0.02), (0.03, 0.011), (0.005, 0.07))]
    with rasterio.open(f"{folder}/scene.tif", "w", driver="GTiff", width=size, height=size, count=3, dtype="uint8",
                       crs="EPSG:32633", transform=Affine(10, 0, 4e5, 0, -10, 5e6), tiled=True,
                       compress="deflate") as scene:
        scene.write(np.clip(np.stack(waves) + noise, 0, 255).astype(np.uint8))


def runner(kind, folder, net, base):
    if kind == "onnxruntime":
        import onnxruntime
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = THREADS
        session = onnxruntime.InferenceSession(f"{folder}/model.onnx", options)
        return lambda tile: session.run(None, {"x": tile})[0]
    if kind == "openvino":
        import openvino
        core = openvino.Core()
        hints = {"INFERENCE_NUM_THREADS": THREADS, "INFERENCE_PRECISION_HINT": "f32"}
        request = core.compile_model(core.read_model(f"{folder}/model.onnx"), "CPU", hints).create_infer_request()
        return lambda tile: request.infer({0: tile})[0]
    import torch
    torch.set_num_threads(THREADS)
    model = network(net, base)
    model.load_state_dict(torch.load(f"{folder}/model.pth"))
    model = model.to(memory_format=torch.channels_last)

    def infer(tile):
        with torch.inference_mode():
            return model(torch.from_numpy(tile).to(memory_format=torch.channels_last)).numpy()
    return infer


def segment(kind, folder, net, base):
    """The loop that one would write: read a window, mirror, infer, argmax, write."""
    import rasterio
    infer = runner(kind, folder, net, base)
    tile, margin, keep = TILES[net]
    with rasterio.open(f"{folder}/scene.tif") as scene:
        profile = {**scene.profile, "count": 1, "blockxsize": 256, "blockysize": 256}
        height, width = scene.height, scene.width
        with rasterio.open(f"{folder}/{kind}.tif", "w", **profile) as out:
            for y in range(-margin, height - margin, keep):
                for x in range(-margin, width - margin, keep):
                    top, left, bottom, right = max(0, y), max(0, x), min(height, y + tile), min(width, x + tile)
                    pixels = scene.read(window=((top, bottom), (left, right))).astype(np.float32) / 255
                    border = [(0, 0), (top - y, y + tile - bottom), (left - x, x + tile - right)]
                    scores = infer(np.pad(pixels, border, mode="reflect")[None])[0]
                    row, column = y + margin, x + margin
                    cut = (scores.shape[1] - keep) // 2 if scores.shape[1] == tile else 0
                    scores = scores[:, cut:cut + keep, cut:cut + keep][:, :height - row, :width - column]
                    mask = scores.argmax(0).astype(np.uint8)
                    out.write(mask, 1, window=((row, row + mask.shape[0]), (column, column + mask.shape[1])))


def timed(command):
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("overtile", help="the built program")
    parser.add_argument("--net", choices=list(TILES), default="paper")
    parser.add_argument("--base", type=int, default=32, help="width of the first level")
    parser.add_argument("--size", type=int, default=2048, help="pixels of the scene on a side")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", default="openvino,onnxruntime,torch")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        return segment(args.worker, args.folder, args.net, args.base)

    import rasterio
    with tempfile.TemporaryDirectory(prefix="overtile-peers-") as folder:
        prepare(folder, args.net, args.base, args.size)
        commands = {"overtile": [args.overtile, "segment", f"{folder}/scene.tif", "--model", f"{folder}/model.pth",
                                 "--output", f"{folder}/overtile.tif", "--overwrite", "--workers", str(THREADS)]}
        for peer in args.peers.split(","):
            commands[peer] = [sys.executable, __file__, args.overtile, "--worker", peer, "--folder", folder,
                              "--net", args.net, "--base", str(args.base)]
        times = {name: [] for name in commands}
        for _ in range(args.rounds):
            for name, command in commands.items():
                times[name].append(timed(command))
        masks = {name: rasterio.open(f"{folder}/{name}.tif").read(1) for name in commands}
    for name, seconds in times.items():
        median = statistics.median(seconds)
        same = (masks[name] == masks["overtile"]).mean()
        print(f"{name:12s} {median:8.2f} s {args.size ** 2 / median / 1e6:8.3f} Mpx/s   same mask {same:.6f}")
    for name in list(times)[1:]:
        ratios = [peer / own for peer, own in zip(times[name], times["overtile"])]
        print(f"overtile is {statistics.median(ratios):.2f} times as fast as {name}")


if __name__ == "__main__":
    main()
