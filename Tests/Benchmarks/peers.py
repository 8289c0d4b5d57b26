"""Times Overtile against a Python script around ONNX Runtime, OpenVINO or PyTorch: the same scene, network and machine.

    pip install torch onnx onnxruntime openvino rasterio numpy
    python Tests/Benchmarks/peers.py .build/release/overtile --base 32 --size 2048

Every program runs as a whole process, from file to file, on two threads, in turn; the figures are medians over the
rounds. The scripts cut the paper's tiles of 572 pixels, mirrored at the border, and keep 384 of the 388 that come out.
Torch's random weights do not make a sensible mask, but everybody must agree on it: the share of equal pixels is printed.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

TILE, MARGIN = 572, 92
KEEP = 384  # of 388: a multiple of the stride of 16, so that all tiles pool in step
THREADS = 2


def network(base, bands=3, classes=4, depth=5):
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

    torch.manual_seed(5)
    return UNet().eval()


def prepare(folder, base, size):
    """Writes the checkpoint, the ONNX file and a noisy scene of waves."""
    import rasterio
    import torch
    from rasterio.transform import Affine

    net = network(base)
    torch.save(net.state_dict(), f"{folder}/model.pth")
    torch.onnx.export(net, (torch.zeros(1, 3, TILE, TILE),), f"{folder}/model.onnx", input_names=["x"],
                      output_names=["y"], dynamo=False, opset_version=17)
    y, x = np.mgrid[0:size, 0:size]
    noise = np.random.default_rng(3).normal(size=(3, size, size)) * 12
    waves = [127 + 50 * np.sin(x * f) + 50 * np.cos(y * g) for f, g in ((0.01, 0.02), (0.03, 0.011), (0.005, 0.07))]
    with rasterio.open(f"{folder}/scene.tif", "w", driver="GTiff", width=size, height=size, count=3, dtype="uint8",
                       crs="EPSG:32633", transform=Affine(10, 0, 4e5, 0, -10, 5e6), tiled=True,
                       compress="deflate") as scene:
        scene.write(np.clip(np.stack(waves) + noise, 0, 255).astype(np.uint8))


def runner(kind, folder, base):
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
    net = network(base)
    net.load_state_dict(torch.load(f"{folder}/model.pth"))
    net = net.to(memory_format=torch.channels_last)

    def infer(tile):
        with torch.inference_mode():
            return net(torch.from_numpy(tile).to(memory_format=torch.channels_last)).numpy()
    return infer


def segment(kind, folder, base):
    """The loop that one would write: read a window, mirror, infer, argmax, write."""
    import rasterio
    infer = runner(kind, folder, base)
    with rasterio.open(f"{folder}/scene.tif") as scene:
        profile = {**scene.profile, "count": 1, "blockxsize": 256, "blockysize": 256}
        height, width = scene.height, scene.width
        with rasterio.open(f"{folder}/{kind}.tif", "w", **profile) as out:
            for y in range(-MARGIN, height - MARGIN, KEEP):
                for x in range(-MARGIN, width - MARGIN, KEEP):
                    top, left, bottom, right = max(0, y), max(0, x), min(height, y + TILE), min(width, x + TILE)
                    pixels = scene.read(window=((top, bottom), (left, right))).astype(np.float32) / 255
                    border = [(0, 0), (top - y, y + TILE - bottom), (left - x, x + TILE - right)]
                    scores = infer(np.pad(pixels, border, mode="reflect")[None])[0]
                    mask = scores.argmax(0).astype(np.uint8)[:height - y - MARGIN, :width - x - MARGIN]
                    row, column = y + MARGIN, x + MARGIN
                    out.write(mask, 1, window=((row, row + mask.shape[0]), (column, column + mask.shape[1])))


def timed(command):
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("overtile", help="the built program")
    parser.add_argument("--base", type=int, default=32, help="width of the first level")
    parser.add_argument("--size", type=int, default=2048, help="pixels of the scene on a side")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", default="openvino,onnxruntime,torch")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        return segment(args.worker, args.folder, args.base)

    import rasterio
    with tempfile.TemporaryDirectory(prefix="overtile-peers-") as folder:
        prepare(folder, args.base, args.size)
        commands = {"overtile": [args.overtile, "segment", f"{folder}/scene.tif", "--model", f"{folder}/model.pth",
                                 "--output", f"{folder}/overtile.tif", "--overwrite", "--workers", str(THREADS)]}
        for peer in args.peers.split(","):
            commands[peer] = [sys.executable, __file__, args.overtile, "--worker", peer, "--folder", folder,
                              "--base", str(args.base)]
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
