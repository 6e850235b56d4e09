"""Images kept on a device: a batch is gathered there as a whole, and normalised as a whole."""

from typing import NamedTuple

import torch
from torch import Tensor

from benchmark_lightning.errors import InputError


class Resident(NamedTuple):
    """Images and labels where they are kept, and the normalisation where they are used."""

    images: Tensor  # (N, C, H, H) uint8
    labels: Tensor  # (N,) int64
    scale: Tensor  # (1, C, 1, 1) float32
    shift: Tensor  # (1, C, 1, 1) float32

    def gather(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """The images and labels at ``positions``, ``(B,)`` int64, on the device that these are on."""
        there = positions.to(self.images.device)
        images, labels = self.images.index_select(0, there), self.labels.index_select(0, there)
        return images.to(positions.device), labels.to(positions.device)

    def normalise(self, images: Tensor) -> Tensor:
        """``(B, C, H, H)`` float32 with about mean 0 and deviation 1 in each channel, of uint8."""
        return images.to(torch.float32).mul_(self.scale).sub_(self.shift)


def keep_on(
    device: torch.device, images: Tensor, labels: Tensor, mean: tuple[float, ...], std: tuple[float, ...]
) -> Resident:
    """The images on ``device`` when at most half of its free memory holds them, else in the memory of the CPU.

    Raises:
        InputError: mean or deviation are not one number a channel.
    """
    for name, values in (("mean", mean), ("std", std)):
        if not isinstance(values, tuple) or len(values) != images.shape[1]:
            raise InputError(f"{name} of the data set is {values}; give a tuple of {images.shape[1]}, one a channel")
    scale = [1 / (255 * deviation) for deviation in std]
    shift = [middle / deviation for middle, deviation in zip(mean, std, strict=True)]
    is_too_large = device.type == "cuda" and images.nbytes > torch.cuda.mem_get_info(device)[0] / 2
    home = torch.device("cpu") if is_too_large else device
    factors = (torch.tensor(values, dtype=torch.float32, device=device).view(1, -1, 1, 1) for values in (scale, shift))
    return Resident(images.to(home), labels.to(home), *factors)
