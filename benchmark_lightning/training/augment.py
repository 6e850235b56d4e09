"""Random changes of training images, a whole batch at a time on its device.

Shapes: B images of C channels and H x W pixels; every image is changed in its own way.
"""

import torch
from torch import Tensor
from torch.nn import functional


def random_flip(images: Tensor) -> Tensor:
    """``(B, C, H, W)``, each image mirrored left to right with probability 1/2."""
    mirrored = torch.rand(len(images), 1, 1, 1, device=images.device) < 0.5
    return torch.where(mirrored, images.flip(-1), images)


def random_crop(images: Tensor, padding: int) -> Tensor:
    """``(B, C, H, W)``, each image shifted by up to ``padding`` pixels down or up and left or right, zeros moving in."""
    num_images, num_channels, height, width = images.shape
    padded = functional.pad(images, [padding] * 4)
    top, left = torch.randint(2 * padding + 1, (2, num_images, 1), device=images.device)
    rows = top + torch.arange(height, device=images.device)  # (B, H)
    columns = left + torch.arange(width, device=images.device)  # (B, W)
    pixels = (rows[:, :, None] * padded.shape[-1] + columns[:, None, :]).flatten(1)  # (B, H * W), in a padded channel
    return padded.flatten(2).gather(2, pixels[:, None].expand(-1, num_channels, -1)).view_as(images)
