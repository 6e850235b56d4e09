"""The batches of CIFAR-10: Python pickles, read without running what a pickle may hold.

Source: https://www.cs.toronto.edu/~kriz/cifar.html (Krizhevsky, 2009).
"""

import hashlib
import io
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmark_lightning.errors import InputError

NUM_VALUES = 3 * 32 * 32


class _ArraysOnly(pickle.Unpickler):
    """Unpickles dictionaries, lists, numbers, texts and NumPy arrays, and refuses every other name."""

    ALLOWED = frozenset({("multiarray", "_reconstruct"), ("numpy", "ndarray"), ("numpy", "dtype")})

    def find_class(self, module: str, name: str) -> Any:
        # NumPy has moved this one function: its old place warns.
        place = "multiarray" if module in ("numpy.core.multiarray", "numpy._core.multiarray") else module
        if (place, name) not in self.ALLOWED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        if place == "multiarray":
            return super().find_class("numpy._core.multiarray", name)
        return super().find_class(module, name)


def read_batches(folder: Path, checksums: Mapping[str, str], dataset: str, num_classes: int) -> tuple[Tensor, Tensor]:
    """The images ``(N, 3, 32, 32)`` uint8 and labels ``(N,)`` int64 of the files in ``folder``, one after the other.

    Args:
        folder: ``cifar-10-batches-py``, as torchvision lays it out.
        checksums: the MD5 of each file, by its name, as torchvision knows it.
        dataset: for the sentences.
        num_classes: above every label.

    Raises:
        InputError: a file is not the original one, or does not hold what it should.
    """
    images, labels = [], []
    for name, checksum in checksums.items():
        pixels, classes = _read(folder / name, checksum, dataset, num_classes)
        images.append(pixels)
        labels.append(classes)
    return torch.cat(images), torch.cat(labels)


def _read(path: Path, checksum: str, dataset: str, num_classes: int) -> tuple[Tensor, Tensor]:
    way_out = f"delete it and run again to download {dataset}, or copy it anew"
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); check its permissions") from error
    if hashlib.md5(content, usedforsecurity=False).hexdigest() != checksum:
        raise InputError(
            f"{path} is not the original file of {dataset}: its MD5 differs (a flipped bit, or another data set); {way_out}"
        )
    try:
        batch = _ArraysOnly(io.BytesIO(content), encoding="latin1").load()
        pixels, labels = batch["data"], np.array(batch["labels"], dtype=np.int64)
    except Exception as error:  # a damaged pickle raises whatever its bytes happen to mean
        raise InputError(f"{path} is no batch of {dataset} ({' '.join(str(error).split())}); {way_out}") from error
    is_sound = isinstance(pixels, np.ndarray) and pixels.dtype == np.uint8 and pixels.shape == (len(labels), NUM_VALUES)
    if not is_sound or labels.ndim != 1 or not len(labels):
        raise InputError(f"{path} holds no rows of {NUM_VALUES:,} bytes with a label each; {way_out}")
    if not 0 <= labels.min() <= labels.max() < num_classes:
        raise InputError(
            f"{path} holds the labels {labels.min()} to {labels.max()}, but {dataset} has {num_classes} classes"
        )
    return torch.from_numpy(pixels).view(-1, 3, 32, 32), torch.from_numpy(labels)
