"""All images of a data set as one tensor: what it must look like, and the mean and deviation of its channels."""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from benchmark_lightning.errors import InputError


class Pool(NamedTuple):
    """All images of a data set: the published training images first, then the test images.

    Shapes: N images of C channels and H x H pixels.
    """

    images: Tensor  # (N, C, H, H) uint8
    labels: Tensor  # (N,) whole numbers from 0; after ``check_pool`` int64
    num_train: int | None = None  # how many are published as training images; None where nothing is
    class_names: tuple[str, ...] | None = None  # in the order of the labels; None where the class declares them


def check_pool(
    pool: Pool, dataset: str, class_names: tuple[str, ...] | None, image_shape: tuple[int, int, int] | None
) -> Pool:
    """The pool as all else takes it: contiguous images, int64 labels, and a name for every class.

    Args:
        pool: as ``load`` gave it.
        dataset: its name, for the sentences.
        class_names: what the class declares; None leaves it to the pool, or else the classes are numbered.
        image_shape: C, H and W that the class declares; None takes what is there.

    Raises:
        InputError: what is wrong in it.
    """
    where = f"{dataset}.load()"
    if not isinstance(pool, Pool):
        raise InputError(f"{where} gives a {type(pool).__name__}; return Pool(images, labels)")
    images, labels, num_train = pool.images, pool.labels, pool.num_train
    for name, tensor in (("images", images), ("labels", labels)):
        if not isinstance(tensor, Tensor):
            raise InputError(f"{where} gives {name} as {type(tensor).__name__}; give a tensor, as by torch.from_numpy")
    _check_images(images, where, image_shape)
    if labels.dtype.is_floating_point or labels.dtype.is_complex or labels.dtype == torch.bool:
        raise InputError(f"{where} gives labels of {_plain(labels.dtype)}; give whole numbers, as by labels.long()")
    if labels.shape != images.shape[:1]:
        raise InputError(
            f"{where} gives {len(images):,} images but labels of shape {tuple(labels.shape)}; give one label an image"
        )
    if num_train is not None and not 0 < num_train < len(images):
        raise InputError(
            f"{where} gives num_train {num_train:,} for {len(images):,} images; give a number between, or None where "
            "nothing is published as a test set"
        )
    names = _names_of_classes(labels.long(), where, class_names or pool.class_names)
    return Pool(images.contiguous(), labels.long(), num_train, names)


def _check_images(images: Tensor, where: str, image_shape: tuple[int, int, int] | None) -> None:
    if images.dtype != torch.uint8:
        raise InputError(f"{where} gives images of {_plain(images.dtype)}; give uint8 from 0 to 255")
    if images.ndim != 4 or 0 in images.shape:
        raise InputError(
            f"{where} gives images of shape {tuple(images.shape)}; give (images, channels, height, width), "
            "1 channel for grey ones"
        )
    height, width = images.shape[2:]
    if height != width:
        raise InputError(f"{where} gives images of {height}x{width} pixels; crop or pad them there, to squares")
    if image_shape is not None and tuple(images.shape[1:]) != image_shape:
        raise InputError(f"{where} gives images of shape {tuple(images.shape[1:])}, but declares {image_shape}")


def _names_of_classes(labels: Tensor, where: str, names: tuple[str, ...] | None) -> tuple[str, ...]:
    """One name a class, known to have images."""
    lowest, highest = int(labels.min()), int(labels.max())
    if lowest < 0:
        raise InputError(f"{where} gives the label {lowest}; give whole numbers from 0")
    if names is not None and highest >= len(names):
        raise InputError(f"{where} gives the label {highest}, but names {len(names)} classes; they count from 0")
    if names is None and highest >= len(labels):
        raise InputError(f"{where} gives the label {highest} for {len(labels):,} images; number the classes from 0")
    names = names or tuple(str(label) for label in range(highest + 1))
    if len(names) < 2:
        raise InputError(f"{where} gives one class alone, {names[0]}; a classifier tells at least two apart")
    counts = torch.bincount(labels, minlength=len(names)).tolist()
    if 0 in counts:
        empty = counts.index(0)
        raise InputError(
            f"{where} gives no image of class {empty} ({names[empty]}); number the classes without gaps, or leave it out"
        )
    return names


def channel_statistics(images: Tensor, indices: Tensor) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel, of the images ``(N, C, H, W)`` uint8 at ``indices``, scaled to [0, 1].

    They are computed from whole numbers, and so are the same on every machine. A constant channel has the deviation 1,
    which leaves nothing of it but 0.

    >>> channel_statistics(torch.tensor([0, 255, 255, 0], dtype=torch.uint8).view(1, 1, 2, 2), torch.tensor([0]))
    ((0.5,), (0.5,))
    """
    counts = torch.zeros(images.shape[1], 256, dtype=torch.int64)
    for start in range(0, len(indices), 4096):  # a copy of all images would double their memory
        for channel, values in enumerate(images[indices[start : start + 4096]].unbind(1)):
            counts[channel] += torch.bincount(values.flatten(), minlength=256)
    means, deviations = [], []
    for of_channel in counts.tolist():
        num_pixels = sum(of_channel)
        total = sum(value * count for value, count in enumerate(of_channel))
        squares = sum(value * value * count for value, count in enumerate(of_channel))
        means.append(total / (255 * num_pixels))
        deviations.append(math.sqrt((num_pixels * squares - total * total) / (255 * num_pixels) ** 2) or 1.0)
    return tuple(means), tuple(deviations)


def _plain(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
