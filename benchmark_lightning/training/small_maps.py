"""3x3 convolutions on maps of 1x1 and 2x2, as matrix products that leave the padding out: the same function.

At 28x28 the last stages of a ResNet see such maps, and most of a padded 3x3 convolution there multiplies zeros: on a
1x1 map eight of nine taps, on a 2x2 map five of nine. What is left is a dense matrix from all inputs to all outputs.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

MAX_PIXELS = 4  # of the incoming map: above it the dense matrix is larger than the convolution


class SmallMapConv2d(nn.Conv2d):
    """A 3x3 convolution with padding 1 whose parameters are those of ``nn.Conv2d``; large maps go the usual way.

    ``on_cpu_alone`` sends small maps on other devices the usual way as well.
    """

    on_cpu_alone = False

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002  # the name is that of nn.Conv2d
        num_pixels = input.shape[2] * input.shape[3]
        is_elsewhere = self.on_cpu_alone and input.device.type != "cpu"
        if num_pixels > MAX_PIXELS or input.shape[2] != input.shape[3] or is_elsewhere:
            return super().forward(input)
        size_in = input.shape[2]
        size_out = (size_in - 1) // self.stride[0] + 1
        matrix = dense_matrix(self.weight, size_in, size_out, self.stride[0])
        bias = None if self.bias is None else self.bias.repeat_interleave(size_out**2)
        output = functional.linear(input.flatten(1), matrix, bias)
        return output.view(-1, self.out_channels, size_out, size_out)


def dense_matrix(weight: Tensor, size_in: int, size_out: int, stride: int) -> Tensor:
    """The matrix ``(C_out * size_out^2, C_in * size_in^2)`` that a padded 3x3 convolution is on so small a map.

    The input pixel ``i`` reaches the output pixel ``o`` through the tap ``i - stride * o + 1``, along each direction;
    for the sizes here that tap always exists.

    Args:
        weight: ``(C_out, C_in, 3, 3)``.
        size_in: height and width of the incoming map, 1 or 2.
        size_out: of the outgoing map.
        stride: 1 or 2.
    """
    channels_out, channels_in = weight.shape[:2]
    starts = [1 - stride * position for position in range(size_out)]
    taps = [
        weight[:, :, down : down + size_in, right : right + size_in].reshape(channels_out, channels_in * size_in**2)
        for down in starts
        for right in starts
    ]
    return torch.stack(taps, dim=1).flatten(0, 1)


def use_small_maps(network: nn.Module, on_cpu_alone: bool = False) -> nn.Module:
    """Lets every 3x3 convolution of ``network`` with padding 1 leave the padding of small maps out, and returns it."""
    for layer in network.modules():
        if type(layer) is nn.Conv2d and _is_suitable(layer):
            layer.__class__ = SmallMapConv2d  # the same parameters under the same names
            layer.on_cpu_alone = on_cpu_alone  # type: ignore[assignment]
    return network


def as_on(network: nn.Module, device_type: str) -> nn.Module:
    """Settles, for a network whose arithmetic is counted elsewhere, what it does on a device, and returns it."""
    for layer in network.modules():
        if isinstance(layer, SmallMapConv2d):
            if layer.on_cpu_alone and device_type != "cpu":
                layer.__class__ = nn.Conv2d  # type: ignore[assignment]
            else:
                layer.on_cpu_alone = False
    return network


def _is_suitable(layer: nn.Conv2d) -> bool:
    return (
        layer.kernel_size == (3, 3)
        and layer.padding == (1, 1)
        and layer.dilation == (1, 1)
        and layer.groups == 1
        and layer.stride in ((1, 1), (2, 2))
        and layer.padding_mode == "zeros"
    )
