"""Padded 3x3 convolutions of 2x2 and 4x4 maps with a third of the multiplications, and their gradients.

Along one direction an output pixel is ``y[i] = w[0] x[i-1] + w[1] x[i] + w[2] x[i+1]``, with zeros outside the map. Three
constant matrices give all of them with fewer products than pixels and taps: ``y = A ((G w) * (B x))``, where ``*`` is
element by element. A map of 2 pixels takes 3 products in place of 4, a map of 4 pixels 6 in place of 10, and along both
directions, with ``A``, ``G`` and ``B`` multiplied by themselves, 9 in place of 16 and 36 in place of 100. Summed over
the channels each product is one of matrices.

In float32 the rounding errors of 4x4 maps are about ten times those of the direct sum: at most 1e-5 of the outputs'
standard deviation. In bfloat16 they would be too large.

Sources: Karatsuba's products for 2 pixels; for 4 Winograd's F(4, 3) at the points 0, 1, -1, 2, -1/2 and infinity, see
Lavin and Gray (2016), Fast algorithms for convolutional neural networks, and Barabasz et al. (2020), Error analysis and
improving the accuracy of Winograd convolution for deep neural networks, for the choice of points.

Shapes: B images of n x n pixels, I channels in, O channels out, P products.
"""

from functools import cache
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


class Products(NamedTuple):
    """The matrices of all pixels of a map, along both directions."""

    of_outputs: Tensor  # A, (n^2, P)
    of_weights: Tensor  # G, (P, 9)
    of_inputs: Tensor  # B, (P, n^2)


ALONG_ONE_DIRECTION: dict[int, tuple[list[list[float]], list[list[float]], list[list[float]]]] = {
    2: (
        [[1, 1, 0], [1, 0, 1]],
        [[0, 1, 0], [0, -1, 1], [1, -1, 0]],
        [[1, 1], [0, 1], [1, 0]],
    ),
    4: (
        [[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -1 / 2, 0], [0, 1, 1, 4, 1 / 4, 0], [0, 1, -1, 8, -1 / 8, 1]],
        [[1, 0, 0], [-1 / 3, -1 / 3, -1 / 3], [1 / 3, -1 / 3, 1 / 3], [1 / 15, 2 / 15, 4 / 15],
         [-16 / 15, 8 / 15, -4 / 15], [0, 0, 1]],
        [[3 / 2, -2, -3 / 2, 1], [-1, -5 / 2, -1 / 2, 1], [1, 1 / 2, -5 / 2, 1], [-1 / 2, -1, 1 / 2, 1],
         [2, -1, -2, 1], [1, 3 / 2, -2, -3 / 2]],
    ),
}  # fmt: skip


@cache
@torch.inference_mode(False)  # what an evaluation makes first, a training uses after it
def products_of(size: int, dtype: torch.dtype, device: torch.device) -> Products:
    """The matrices for maps of ``size`` x ``size`` pixels, one of the keys of ``ALONG_ONE_DIRECTION``."""
    matrices = (torch.tensor(matrix, dtype=torch.float64) for matrix in ALONG_ONE_DIRECTION[size])
    return Products(*(torch.kron(matrix, matrix).to(device, dtype) for matrix in matrices))


def convolve(pixels: Tensor, weight: Tensor) -> Tensor:
    """The convolution of ``pixels`` ``(B, n, n, I)``, padded by one, with ``weight`` ``(O, I, 3, 3)``: ``(B, n, n, O)``."""
    size = pixels.shape[1]
    output: Tensor = _Winograd.apply(pixels.flatten(1, 2), weight, products_of(size, pixels.dtype, pixels.device))
    return output.view(-1, size, size, len(weight))


class _Winograd(torch.autograd.Function):
    """``(B, n^2, I)`` and ``(O, I, 3, 3)`` to ``(B, n^2, O)``. Its gradient has no gradient of its own.

    No value is moved on its own: the matrix products read and write in the orders that the next one takes.
    """

    @staticmethod
    def forward(ctx: Any, pixels: Tensor, weight: Tensor, matrices: Products) -> Tensor:
        inputs = _times(matrices.of_inputs, pixels)  # (B, P, I)
        weights = (matrices.of_weights @ weight.reshape(-1, 9).T).view(-1, *weight.shape[:2])  # (P, O, I)
        ctx.save_for_backward(inputs, weights)
        ctx.matrices = matrices
        outputs = torch.bmm(inputs.transpose(0, 1), weights.transpose(1, 2))  # (P, B, O)
        return _times(matrices.of_outputs, outputs.transpose(0, 1))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        inputs, weights = ctx.saved_tensors
        matrices: Products = ctx.matrices
        of_outputs = _times(matrices.of_outputs.T, gradient)  # (B, P, O)
        of_pixels = of_weight = None
        if ctx.needs_input_grad[0]:
            of_inputs = torch.bmm(of_outputs.transpose(0, 1), weights)  # (P, B, I)
            of_pixels = _times(matrices.of_inputs.T, of_inputs.transpose(0, 1))
        if ctx.needs_input_grad[1]:
            of_weights = torch.bmm(of_outputs.permute(1, 2, 0), inputs.transpose(0, 1))  # (P, O, I)
            of_weight = (of_weights.flatten(1).T @ matrices.of_weights).view(*weights.shape[1:], 3, 3)
        return of_pixels, of_weight, None


def _times(matrix: Tensor, pixels: Tensor) -> Tensor:
    """The same matrix times the pixels or products of every image."""
    return torch.bmm(matrix.expand(len(pixels), -1, -1), pixels)
