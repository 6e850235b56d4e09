"""Networks of one's own: any ``nn.Module`` by class path and arguments, from images to logits."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import UninitializedBuffer, UninitializedParameter

from benchmark_lightning.errors import InputError
from benchmark_lightning.training import class_paths

KEY = "model.network"
DEFAULT_ARCH = "resnet18"


def settle(arch: str | None, network: Any) -> tuple[str | None, dict[str, Any] | None]:
    """The one of ``model.arch`` and ``model.network`` that counts, the other as None.

    Raises:
        InputError: both are given, or the network is no class path with arguments.

    >>> settle(None, None)
    ('resnet18', None)
    """
    if network is None:
        return arch or DEFAULT_ARCH, None
    if arch is not None:
        raise InputError(
            f"model.arch {arch} and model.network are both given, but one network is trained; "
            "give --model.arch null, or leave model.network out"
        )
    return None, class_paths.normal(network, KEY)


def build_own_network(named: dict[str, Any], num_classes: int, image_size: int, num_channels: int) -> nn.Module:
    """The network ``{class_path, init_args}``, from ``(B, C, H, H)`` to logits ``(B, num_classes)``.

    It gets ``num_classes``, ``num_channels`` and ``image_size``, or what torchvision and timm call them, where it has
    such parameters and the arguments leave them out.

    Raises:
        InputError: it is not found, cannot be built, or does not take the images to such logits.
    """
    channels = dict.fromkeys(("num_channels", "in_channels", "in_chans"), num_channels)
    sizes = dict.fromkeys(("image_size", "img_size"), image_size)
    # timm.create_model names neither: it hands any keyword on.
    to_any = {"num_classes": num_classes, "in_chans": num_channels}
    network = class_paths.build(named, KEY, {"num_classes": num_classes, **channels, **sizes}, to_any)
    if not isinstance(network, nn.Module):
        raise InputError(
            f"{KEY} {named['class_path']} gives a {type(network).__name__}; "
            "it must be a torch.nn.Module, or a function that returns one"
        )
    images = torch.zeros(2, num_channels, image_size, image_size, device="meta")
    try:
        logits = _try(network, images)
    except Exception as error:  # whatever a user's code does
        raise InputError(
            f"{KEY} {named['class_path']} does not take images of {num_channels}x{image_size}x{image_size} "
            f"({class_paths.reason(error)}); give it init_args that fit them, or another data.image_size "
            "(parameters named num_classes, num_channels and image_size are filled in)"
        ) from error
    if not isinstance(logits, Tensor) or logits.shape != (2, num_classes) or not logits.is_floating_point():
        given = tuple(logits.shape) if isinstance(logits, Tensor) else f"a {type(logits).__name__}"
        raise InputError(
            f"{KEY} {named['class_path']} gives {given} for 2 images of {num_classes} classes; "
            f"its forward must return logits (2, {num_classes})"
        )
    return network


def _try(network: nn.Module, images: Tensor) -> Any:
    """The output for two images on the meta device, or computed where that knows too little of the network."""
    tensors = [*network.named_parameters(), *network.named_buffers()]
    if any(isinstance(tensor, UninitializedParameter | UninitializedBuffer) for _, tensor in tensors):
        return computed(network, images, is_training=False)  # which gives lazy layers their shapes
    try:
        return torch.func.functional_call(network, {name: tensor.to("meta") for name, tensor in tensors}, images)
    except Exception:  # its own tensors are elsewhere, or it looks at values
        return computed(network, images)


def computed(network: nn.Module, like: Tensor, is_training: bool = True, is_channels_last: bool = False) -> Any:
    """The output for random images of the shape of ``like`` on the CPU; in training it goes through backward as well.

    Modes, running means and the state of the random numbers are as before.
    """
    modes = {module: module.training for module in network.modules()}
    buffers = [(buffer, buffer.clone()) for buffer in network.buffers() if not isinstance(buffer, UninitializedBuffer)]
    try:
        with torch.random.fork_rng(devices=[]), torch.set_grad_enabled(is_training):
            torch.manual_seed(0)
            images = torch.rand(like.shape)
            if is_channels_last:
                images = images.to(memory_format=torch.channels_last)
            output = network.train(is_training)(images)
            if isinstance(output, Tensor) and output.requires_grad:
                parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
                torch.autograd.grad(output.sum(), parameters, allow_unused=True)
            return output
    finally:
        for module, mode in modes.items():
            module.training = mode
        with torch.no_grad():
            for buffer, before in buffers:
                buffer.copy_(before)
