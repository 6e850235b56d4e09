"""Small data sets made on the spot, in the layouts that people have them in."""

import pickle
from pathlib import Path

import numpy as np
from PIL import Image

NOISE = np.random.default_rng(0)


def write_pictures(folder: Path, classes: dict[str, int], size: tuple[int, int] = (24, 18)) -> None:
    """PNG files of one colour a class, with noise: as many as ``classes`` says."""
    for number, (name, count) in enumerate(classes.items()):
        (folder / name).mkdir(parents=True)
        for position in range(count):
            pixels = NOISE.integers(0, 100, (size[1], size[0], 3), dtype=np.uint8)
            pixels[..., number % 3] += 120
            Image.fromarray(pixels).save(folder / name / f"{position:03}.png")


def write_stripes(path: Path, num_images: int = 90) -> None:
    """An .npz file of colour pictures ``(N, 40, 40, 3)`` and labels."""
    labels = np.arange(num_images) % 3
    row, column = np.mgrid[:40, :40]
    stripes = np.stack([row, column, row + column])[labels] % 8 < 4
    images = stripes[..., None] * NOISE.integers(100, 256, (num_images, 1, 1, 3))
    np.savez(path, images=images.astype(np.uint8), labels=labels)


def write_cifar10(root: Path) -> Path:
    """The folder ``cifar-10-batches-py`` with six batches of 20 images of noise."""
    folder = root / "cifar-10-batches-py"
    folder.mkdir()
    for name in (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"):
        batch = {
            "data": NOISE.integers(0, 256, (20, 3072), dtype=np.uint8),
            "labels": [label % 10 for label in range(20)],
        }
        (folder / name).write_bytes(pickle.dumps(batch, protocol=4))
    return folder
