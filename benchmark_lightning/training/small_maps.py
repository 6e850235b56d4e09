"""Convolutions on small maps as matrix products: the same function with less work.

At 28x28 the last stages of a ResNet see maps of 7x7 to 1x1.

- A 1x1 convolution is a matrix product over pixels as it stands, and is slow where it is done as a convolution of few
  pixels.
- Most of a padded 3x3 convolution multiplies zeros there: on a 1x1 map eight of nine taps, on a 2x2 map five of nine.
  Without the padding a dense matrix from all inputs to all outputs is left. Its blocks are the taps, whole: copied tap
  by tap they are long rows, where PyTorch's own layout has the nine taps of a channel side by side, and the gradient
  is summed the same way back.
- Of stride 1 and in full precision, maps of 2x2 and 4x4 pixels take fewer products still: see ``winograd``.

Each product reads and writes pixel by pixel, all channels of one together, so that the outgoing maps are in the order
that PyTorch calls channels last.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional

from benchmark_lightning.training import winograd

# Of the incoming map, by the size of the kernel: above it the convolution is as fast, and for 3x3 the matrix larger.
MAX_PIXELS = {1: 49, 3: 4}
FULL_PRECISION = (torch.float32, torch.float64)


class SmallMapConv2d(nn.Conv2d):
    """A 1x1 or 3x3 convolution whose parameters are those of ``nn.Conv2d``; large maps go the usual way.

    ``on_cpu_alone`` sends small maps on other devices the usual way as well, and without ``takes_winograd`` those of
    2x2 and 4x4 pixels take as many products as the rest.
    """

    on_cpu_alone = False
    takes_winograd = True

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002  # the name is that of nn.Conv2d
        if input.dim() != 4:  # one image without a batch
            return super().forward(input)
        kernel, stride, size_in = self.kernel_size[0], self.stride[0], input.shape[2]
        is_square, is_here = input.shape[3] == size_in, not self.on_cpu_alone or input.device.type == "cpu"
        pixels = input.permute(0, 2, 3, 1)
        if is_square and is_here and self.takes_winograd and self._suits_winograd(input):
            output = winograd.convolve(pixels, self.weight)
            output = output if self.bias is None else output + self.bias
        elif not (is_square and is_here and size_in**2 <= MAX_PIXELS[kernel]):
            return super().forward(input)
        elif kernel == 1:
            pixels = pixels[:, ::stride, ::stride]
            output = functional.linear(pixels.flatten(0, 2), self.weight.flatten(1), self.bias)
            output = output.view(*pixels.shape[:3], self.out_channels)
        else:
            output = _convolve_without_padding(pixels, self.weight, self.bias, stride)
        return output.permute(0, 3, 1, 2)

    def _suits_winograd(self, input: Tensor) -> bool:  # noqa: A002
        is_known = input.shape[2] in winograd.ALONG_ONE_DIRECTION and self.kernel_size[0] == 3 and self.stride[0] == 1
        is_eager = not torch.compiler.is_compiling()  # the compiler cannot trace the cache of the matrices
        return is_eager and is_known and input.dtype in FULL_PRECISION and not _is_mixed(input.device.type)


def _is_mixed(device: str) -> bool:
    return torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device)


def _convolve_without_padding(pixels: Tensor, weight: Tensor, bias: Tensor | None, stride: int) -> Tensor:
    """The padded 3x3 convolution of ``(B, size_in, size_in, C_in)``: ``(B, size_out, size_out, C_out)``."""
    device, size_in = pixels.device.type, pixels.shape[1]
    is_mixed = _is_mixed(device)
    dtype = torch.get_autocast_dtype(device) if is_mixed and pixels.dtype != torch.float64 else pixels.dtype
    output: Tensor = _TapProduct.apply(pixels.flatten(1).to(dtype), weight, size_in, stride)
    size_out = _size_out(size_in, stride)
    output = output.view(-1, size_out, size_out, len(weight))
    return output if bias is None else output + bias.to(dtype)


class _TapProduct(torch.autograd.Function):
    """Pixels ``(B, size_in^2 * C_in)`` times the dense matrix of a weight: ``(B, size_out^2 * C_out)``.

    Its gradient has no gradient of its own.
    """

    @staticmethod
    def forward(ctx: Any, pixels: Tensor, weight: Tensor, size_in: int, stride: int) -> Tensor:
        matrix = dense_matrix(weight, size_in, stride, pixels.dtype)
        ctx.save_for_backward(pixels, weight, matrix)
        ctx.size_in, ctx.stride = size_in, stride
        return pixels @ matrix.T

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None, None, None]:
        pixels, weight, matrix = ctx.saved_tensors
        of_pixels = gradient @ matrix if ctx.needs_input_grad[0] else None
        of_weight = None
        if ctx.needs_input_grad[1]:
            of_weight = weight_gradient(gradient.T @ pixels, weight, ctx.size_in, ctx.stride)
        return of_pixels, of_weight, None, None


def dense_matrix(weight: Tensor, size_in: int, stride: int, dtype: torch.dtype) -> Tensor:
    """The matrix ``(size_out^2 * C_out, size_in^2 * C_in)`` that a padded 3x3 convolution is on so small a map.

    The input pixel ``i`` reaches the output pixel ``o`` through the tap ``i - stride * o + 1``, along each direction;
    for the sizes here that tap always exists.

    Args:
        weight: ``(C_out, C_in, 3, 3)``.
        size_in: height and width of the incoming map, 1 or 2.
        stride: 1 or 2.
        dtype: of the matrix.
    """
    channels_out, channels_in = weight.shape[:2]
    size_out = _size_out(size_in, stride)
    taps = _used_taps(weight, size_in, stride).permute(2, 3, 0, 1).contiguous().to(dtype)
    matrix = taps.new_empty(size_out, size_out, channels_out, size_in, size_in, channels_in)
    for down, right, of_output in _windows(taps, size_in, stride):
        matrix[down, right] = of_output.permute(2, 0, 1, 3)
    return matrix.view(size_out**2 * channels_out, size_in**2 * channels_in)


def weight_gradient(gradient: Tensor, weight: Tensor, size_in: int, stride: int) -> Tensor:
    """The gradient of ``weight`` from that of its ``dense_matrix``, summed over the pixels that share a tap."""
    channels_out, channels_in = weight.shape[:2]
    size_out = _size_out(size_in, stride)
    blocks = gradient.view(size_out, size_out, channels_out, size_in, size_in, channels_in)
    summed = torch.zeros_like(weight)
    used = _used_taps(summed, size_in, stride)
    taps = weight.new_zeros(*used.shape[2:], channels_out, channels_in)
    for down, right, of_output in _windows(taps, size_in, stride):
        of_output.add_(blocks[down, right].permute(1, 2, 0, 3))
    used.copy_(taps.permute(2, 3, 0, 1))
    return summed


def _size_out(size_in: int, stride: int) -> int:
    return (size_in - 1) // stride + 1


def _used_taps(weight: Tensor, size_in: int, stride: int) -> Tensor:
    """Those of ``(C_out, C_in, 3, 3)`` that meet a pixel of the map: a square of them."""
    first = 1 - stride * (_size_out(size_in, stride) - 1)
    return weight[:, :, first : 1 + size_in, first : 1 + size_in]


def _windows(taps: Tensor, size_in: int, stride: int) -> Iterator[tuple[int, int, Tensor]]:
    """Each output pixel, down and right, and the used taps ``(size_in, size_in, C_out, C_in)`` that lead to it."""
    last = _size_out(size_in, stride) - 1
    for down in range(last + 1):
        for right in range(last + 1):
            top, left = stride * (last - down), stride * (last - right)
            yield down, right, taps[top : top + size_in, left : left + size_in]


def use_small_maps(network: nn.Module, on_cpu_alone: bool = False, takes_winograd: bool = True) -> nn.Module:
    """Lets every plain 1x1 and 3x3 convolution of ``network`` do small maps as matrix products, and returns it."""
    for layer in network.modules():
        if type(layer) is nn.Conv2d and _is_suitable(layer):
            layer.__class__ = SmallMapConv2d  # the same parameters under the same names
            layer.on_cpu_alone = on_cpu_alone  # type: ignore[assignment]
            layer.takes_winograd = takes_winograd  # type: ignore[assignment]
    return network


def use_nominal_maps(network: nn.Module) -> nn.Module:
    """Makes every convolution of ``network`` an ``nn.Conv2d`` again, and returns it."""
    for layer in network.modules():
        if isinstance(layer, SmallMapConv2d):
            layer.__class__ = nn.Conv2d  # type: ignore[assignment]
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
        (layer.kernel_size, layer.padding) in (((1, 1), (0, 0)), ((3, 3), (1, 1)))
        and layer.dilation == (1, 1)
        and layer.groups == 1
        and layer.stride in ((1, 1), (2, 2))
        and layer.padding_mode == "zeros"
    )
