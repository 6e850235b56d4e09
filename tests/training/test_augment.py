"""Augmentation must change images in the named way only, each on its own."""

import torch

from benchmark_lightning.training.augment import random_crop, random_flip

IMAGES = torch.arange(64 * 28 * 28, dtype=torch.int32).view(64, 1, 28, 28)


def test_flip_mirrors_about_half_of_the_images_and_leaves_the_rest():
    torch.manual_seed(0)
    flipped = random_flip(IMAGES)
    mirrored = [torch.equal(after, before.flip(-1)) for after, before in zip(flipped, IMAGES, strict=True)]
    untouched = [torch.equal(after, before) for after, before in zip(flipped, IMAGES, strict=True)]
    assert all(a != b for a, b in zip(mirrored, untouched, strict=True))
    assert 16 < sum(mirrored) < 48


def test_crop_shifts_each_image_by_at_most_the_padding_and_fills_with_zeros():
    torch.manual_seed(0)
    padding, shifts = 2, set()
    cropped = random_crop(IMAGES + 1, padding)
    assert cropped.shape == IMAGES.shape
    for after, before in zip(cropped[:, 0], IMAGES[:, 0] + 1, strict=True):
        padded = torch.nn.functional.pad(before, [padding] * 4)
        found = [
            (top, left)
            for top in range(2 * padding + 1)
            for left in range(2 * padding + 1)
            if torch.equal(after, padded[top : top + 28, left : left + 28])
        ]
        assert len(found) == 1
        shifts.add(found[0])
    assert len(shifts) > 10


def test_crop_keeps_the_bytes_of_uint8():
    images = torch.randint(0, 256, (4, 1, 28, 28), dtype=torch.uint8)
    assert random_crop(images, 3).dtype == torch.uint8


def test_the_channels_of_an_image_move_together():
    torch.manual_seed(0)
    colour = torch.cat([IMAGES + 1, 2 * (IMAGES + 1), 3 * (IMAGES + 1)], dim=1)
    moved = random_flip(random_crop(colour, 3))
    assert moved.shape == colour.shape
    assert torch.equal(moved[:, 1], 2 * moved[:, 0])
    assert torch.equal(moved[:, 2], 3 * moved[:, 0])
    assert not torch.equal(moved, colour)
