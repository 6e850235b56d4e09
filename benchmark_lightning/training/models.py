"""torchvision's classifiers for small images of any number of channels."""

import math
from typing import Any

import torch
from torch import nn
from torchvision import models

from benchmark_lightning.errors import InputError, nearest


def build_network(
    arch: str, num_classes: int, stem: str = "imagenet", image_size: int = 28, num_channels: int = 1
) -> nn.Module:
    """The network ``arch`` of torchvision, untrained, from ``(B, C, H, H)`` to logits ``(B, num_classes)``.

    Args:
        stem: ``imagenet`` keeps the first layers; ``small`` gives a ResNet a 3x3 first convolution of stride 1 and no
            max pooling, so that it sees 28x28 maps where it would see 7x7 ones.
        image_size: H, the height and width of the images.
        num_channels: C; the three that these networks are made for keep their first convolution.

    Raises:
        InputError: there is no such network, or it cannot take these images.
    """
    names = models.list_models(module=models)
    if arch not in names:
        raise InputError(f"model.arch is {arch!r}, which is no classifier of torchvision; {nearest(arch, names)}")
    settings: dict[str, Any] = {"num_classes": num_classes}
    if arch.startswith("vit_"):
        settings["image_size"] = image_size
    if arch in ("googlenet", "inception_v3"):
        settings |= {"aux_logits": False, "init_weights": True}
    try:
        network: nn.Module = models.get_model(arch, weights=None, **settings)
    except (RuntimeError, ValueError, AssertionError) as error:
        raise _unsuitable(arch, image_size, error) from error
    if num_channels != 3:
        _take_channels(network, num_channels)
    if stem == "small":
        if not isinstance(network, models.ResNet):
            raise InputError(f"model.stem small is for ResNets; {arch} takes model.stem imagenet")
        network.conv1 = nn.Conv2d(num_channels, network.conv1.out_channels, 3, stride=1, padding=1, bias=False)
        nn.init.kaiming_normal_(network.conv1.weight, mode="fan_out", nonlinearity="relu")
        network.maxpool = nn.Identity()
    _check_shapes(network, arch, num_classes, image_size, num_channels)
    return network


def _take_channels(network: nn.Module, num_channels: int) -> None:
    """Puts a convolution of so many input channels in the place of the first one, which takes three."""
    name, colour = next((name, layer) for name, layer in network.named_modules() if isinstance(layer, nn.Conv2d))
    other = nn.Conv2d(
        num_channels,
        colour.out_channels,
        colour.kernel_size,  # type: ignore[arg-type]  # torch declares a tuple of any length
        stride=colour.stride,  # type: ignore[arg-type]
        padding=colour.padding,  # type: ignore[arg-type]
        bias=colour.bias is not None,
    )
    with torch.no_grad():
        if num_channels == 1:
            # The sum over colours: a grey image then gives what the same image in three equal channels would.
            other.weight.copy_(colour.weight.sum(dim=1, keepdim=True))
        else:  # fresh weights, with which the outgoing values are spread as before
            other.weight.normal_(std=float(colour.weight.std()) * math.sqrt(3 / num_channels))
        if other.bias is not None and colour.bias is not None:
            other.bias.copy_(colour.bias)
    network.set_submodule(name, other)


def _check_shapes(network: nn.Module, arch: str, num_classes: int, image_size: int, num_channels: int) -> None:
    """Sends two images through the network in training mode, on the meta device: shapes alone, no arithmetic."""
    state = {name: tensor.to("meta") for name, tensor in (*network.named_parameters(), *network.named_buffers())}
    images = torch.empty(2, num_channels, image_size, image_size, device="meta")
    try:
        logits = torch.func.functional_call(network, state, images)
    except (RuntimeError, ValueError, AssertionError, IndexError) as error:
        raise _unsuitable(arch, image_size, error) from error
    assert logits.shape == (2, num_classes)


def _unsuitable(arch: str, image_size: int, error: Exception) -> InputError:
    reason = str(error).strip().splitlines()[0].rstrip(".")
    return InputError(
        f"model.arch {arch} cannot take images of {image_size}x{image_size} pixels ({reason}); "
        "give a larger data.image_size, such as 32, 64, 96 or 224, or a ResNet"
    )
