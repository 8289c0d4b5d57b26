"""Writes the descriptions of networks beside this file: names, shapes and what PyTorch computes.

Networks of segmentation_models_pytorch and torchvision are made an eighth as wide as they are. Their weights and their
input are made of the names alone, so that Swift makes the same. Needs torch, torchvision and segmentation_models_pytorch.
"""
import math
import pathlib
import sys
import warnings

import numpy as np
import torch
import torchvision

warnings.filterwarnings("ignore")
import segmentation_models_pytorch as smp

HERE = pathlib.Path(__file__).parent


def narrow(net, by, head):
    """Divides the channels of all layers but the input's and the classes."""
    first = True
    for name, layer in net.named_modules():
        if isinstance(layer, (torch.nn.Conv2d, torch.nn.ConvTranspose2d)):
            transposed = isinstance(layer, torch.nn.ConvTranspose2d)
            inputs = layer.in_channels if first else max(1, layer.in_channels // by)
            outputs = layer.out_channels if name in head else max(1, layer.out_channels // by)
            if layer.groups == layer.in_channels and layer.groups > 1:
                layer.groups = inputs
            elif layer.groups > 1:
                layer.groups = inputs // (layer.in_channels // layer.groups)
            layer.in_channels, layer.out_channels, first = inputs, outputs, False
            shape = (inputs, outputs) if transposed else (outputs, inputs // layer.groups)
            layer.weight = torch.nn.Parameter(torch.empty(*shape, *layer.kernel_size))
            if layer.bias is not None:
                layer.bias = torch.nn.Parameter(torch.empty(outputs))
        elif isinstance(layer, torch.nn.BatchNorm2d):
            count = max(1, layer.num_features // by)
            layer.num_features = count
            layer.weight, layer.bias = (torch.nn.Parameter(torch.empty(count)) for _ in range(2))
            layer.running_mean, layer.running_var = torch.empty(count), torch.empty(count)
        elif isinstance(layer, torch.nn.GroupNorm):
            layer.num_channels //= by
            layer.weight, layer.bias = (torch.nn.Parameter(torch.empty(layer.num_channels)) for _ in range(2))


def uniform(name, count):
    """Numbers from 0 to 1: SplitMix64 behind the FNV-1a hash of a name."""
    seed = 0xCBF29CE484222325
    for byte in name.encode():
        seed = (seed ^ byte) * 0x100000001B3 % 2**64
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(11)).astype(np.float64) / 2**53


def fill(net):
    """Gives every tensor its numbers."""
    for name, tensor in net.state_dict().items():
        if name.endswith("num_batches_tracked"):
            continue
        u = uniform(name, tensor.numel())
        if tensor.dim() == 4:
            values = (2 * u - 1) * math.sqrt(6 / math.prod(tensor.shape[1:]))
        elif name.endswith("running_var"):
            values = 0.5 + u
        elif name.endswith("weight"):
            values = 0.7 + 0.6 * u
        else:
            values = 0.4 * u - 0.2
        tensor.copy_(torch.from_numpy(values.astype(np.float32)).reshape(tensor.shape))


def lines(net):
    """One line for each layer: its kind, its name, its weights' shape, and whether it has a bias."""
    for name, layer in net.named_modules():
        if isinstance(layer, (torch.nn.Conv2d, torch.nn.ConvTranspose2d)):
            bias = " bias %d" % layer.bias.numel() if layer.bias is not None else ""
            yield "conv %s %s%s" % (name, " ".join(map(str, layer.weight.shape)), bias)
        elif isinstance(layer, torch.nn.BatchNorm2d):
            yield "norm %s %d" % (name, layer.num_features)
        elif isinstance(layer, torch.nn.GroupNorm):
            yield "groupnorm %s %d" % (name, layer.num_channels)
        elif isinstance(layer, torch.nn.PReLU):
            yield "prelu %s %d" % (name, layer.num_parameters)


def write(name, family, net, bands, tile, assume=None):
    net = net.eval()
    with torch.no_grad():
        fill(net)
        picture = (2 * uniform("input", bands * tile * tile) - 1).astype(np.float32).reshape(1, bands, tile, tile)
        output = net.double()(torch.from_numpy(picture).double())
        output = output["out"] if isinstance(output, dict) else output
    # Every seventh pixel of every seventh row, of all classes.
    logits = output[0, :, 3::7, 3::7].flatten().tolist()
    text = ["family " + family, "tile %d" % tile, "bands %d" % bands]
    if assume:
        text.append("assume " + assume)
    text += lines(net)
    text += ["logits " + " ".join("%.7g" % value for value in logits)]
    (HERE / (name + ".txt")).write_text("\n".join(text) + "\n")
    print(name, "spread %.3g" % output.std(), len(net.state_dict()), "tensors")


def smp_case(name, architecture, encoder, bands=3, classes=2, tile=64, assume=None, by=8, **arguments):
    net = getattr(smp, architecture)(
        encoder, encoder_weights=None, in_channels=bands, classes=classes, **arguments)
    narrow(net, by, ["segmentation_head.0"])
    write(name, architecture + " of segmentation_models_pytorch", net, bands, tile, assume)


def torchvision_case(name, family, net, tile):
    narrow(net, 8, ["classifier.4", "aux_classifier.4"])
    write(name, family + " of torchvision", net, 3, tile)


if __name__ == "__main__":
    torch.manual_seed(0)
    smp_case("unet-resnet18", "Unet", "resnet18")
    smp_case("unet-resnet50-4-bands-bilinear", "Unet", "resnet50", bands=4, classes=1, assume="upsampling=bilinear",
             decoder_interpolation="bilinear")
    smp_case("unet-resnet34-scse-depth-3", "Unet", "resnet34", encoder_depth=3, decoder_channels=(128, 64, 32),
             decoder_attention_type="scse")
    smp_case("unet-se_resnet50", "Unet", "se_resnet50", decoder_use_norm=False)
    if "--first" in sys.argv:
        sys.exit()
    smp_case("unet-resnext50", "Unet", "resnext50_32x4d")
    smp_case("unet-se_resnext50", "Unet", "se_resnext50_32x4d")
    smp_case("unet-mobilenet_v2", "Unet", "mobilenet_v2")
    smp_case("unet-efficientnet-b0", "Unet", "efficientnet-b0")
    smp_case("unet-efficientnet-b2", "Unet", "efficientnet-b2")
    smp_case("unet-timm-efficientnet-b0", "Unet", "timm-efficientnet-b0")
    smp_case("unet-vgg11_bn", "Unet", "vgg11_bn")
    smp_case("unetplusplus-resnet18", "UnetPlusPlus", "resnet18", decoder_attention_type="scse")
    smp_case("unetplusplus-vgg11_bn", "UnetPlusPlus", "vgg11_bn")
    smp_case("linknet-mobilenet_v2", "Linknet", "mobilenet_v2", bands=6, classes=3)
    smp_case("fpn-resnet18", "FPN", "resnet18", decoder_segmentation_channels=512)
    smp_case("fpn-vgg13-concatenated", "FPN", "vgg13", decoder_segmentation_channels=256, decoder_merge_policy="cat")
    smp_case("deeplabv3plus-resnet34", "DeepLabV3Plus", "resnet34", tile=128)
    smp_case("deeplabv3plus-efficientnet-b0-stride-8", "DeepLabV3Plus", "efficientnet-b0",
             assume="output-stride=8,rates=2/4/6", encoder_output_stride=8, decoder_atrous_rates=(2, 4, 6))
    smp_case("deeplabv3plus-mobilenet_v2-dense", "DeepLabV3Plus", "mobilenet_v2", tile=128,
             decoder_aspp_separable=False)
    models = torchvision.models.segmentation
    arguments = dict(weights=None, weights_backbone=None, num_classes=4)
    torchvision_case("fcn-resnet50", "FCN", models.fcn_resnet50(aux_loss=True, **arguments), 64)
    torchvision_case("deeplabv3-resnet50", "DeepLabV3", models.deeplabv3_resnet50(**arguments), 128)
