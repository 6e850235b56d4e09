"""The arithmetic of a network, counted and not timed."""

import copy
import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from benchmark_lightning.training.small_maps import as_on, use_nominal_maps


def count_complexity(
    network: nn.Module,
    image_size: int = 28,
    device_type: str = "cpu",
    reasons: dict[str, str] | None = None,
    num_channels: int = 1,
) -> dict[str, Any]:
    """Parameters, and arithmetic for one image on such a device; ``network`` itself is left as it is.

    - ``params``: trainable parameters.
    - ``macs``: multiply-accumulates forward of the nominal network, counted by thop, which also counts batch
      normalisation and pooling.
    - ``forward_flops_per_image``, ``train_flops_per_image``: floating-point operations of the convolutions and matrix
      products as they are done, forward alone, and forward and backward, counted by PyTorch's FlopCounterMode. A
      multiply-accumulate is two of them.

    A network may be one that a counter cannot read; what it then lacks is None, and why goes into ``reasons`` under
    ``complexity.<name>``.
    """
    image_shape = (num_channels, image_size, image_size)
    counted: dict[str, Any] = {
        "params": sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)
    }
    counters: dict[tuple[str, ...], Callable[[], dict[str, int]]] = {
        ("macs",): lambda: _macs(network, image_shape),
        ("forward_flops_per_image", "train_flops_per_image"): lambda: _flops(
            as_on(copy.deepcopy(network), device_type), image_shape
        ),
    }
    for names, count in counters.items():
        try:
            counted |= count()
        except Exception as error:  # each counter fails in its own way, and takes nothing from the other
            counted |= dict.fromkeys(names)
            if reasons is not None:
                reasons |= {f"complexity.{name}": f"{type(error).__name__}: {error}" for name in names}
    return counted


def _macs(network: nn.Module, image_shape: tuple[int, int, int]) -> dict[str, int]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # thop imports distutils
        from thop import profile

    # thop adds buffers to what it counts, and looks for the very class nn.Conv2d.
    bare = use_nominal_maps(copy.deepcopy(network)).cpu().float().eval()
    macs, _ = profile(bare, inputs=(torch.zeros(1, *image_shape),), verbose=False)
    return {"macs": int(macs)}


def _flops(network: nn.Module, image_shape: tuple[int, int, int]) -> dict[str, int]:
    shapes = network.to("meta").float().train()
    images = torch.empty(2, *image_shape, device="meta")  # batch normalisation wants more than one
    with FlopCounterMode(display=False) as forward:
        logits = shapes(images)
    with FlopCounterMode(display=False) as backward:
        logits.sum().backward()
    forward_flops = forward.get_total_flops() // len(images)
    return {
        "forward_flops_per_image": forward_flops,
        "train_flops_per_image": forward_flops + backward.get_total_flops() // len(images),
    }
