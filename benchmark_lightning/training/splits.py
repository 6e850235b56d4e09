"""Which image is used for what: stratified splits into training, validation and test."""

import hashlib
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Indices = npt.NDArray[np.int64]

TEST_SHARE = 0.2
VALIDATION_SHARE = 0.1


class Split(NamedTuple):
    """Positions in the pool of images; the three parts are disjoint."""

    train: Indices
    val: Indices
    test: Indices

    def hash(self) -> str:
        """Twelve hexadecimal digits that differ when any image changes its part."""
        digest = hashlib.sha256()
        for part in self:
            digest.update(np.sort(part).astype("<i8").tobytes() + b"|")
        return digest.hexdigest()[:12]


def pooled_split(labels: Indices, seed: int) -> Split:
    """70-10-20 of all images together, each class in the same proportion everywhere."""
    num_test, num_val = round(TEST_SHARE * len(labels)), round(VALIDATION_SHARE * len(labels))
    rest, test = _stratified(np.arange(len(labels)), labels, num_test, seed)
    train, val = _stratified(rest, labels, num_val, seed)
    return Split(train, val, test)


def standard_split(labels: Indices, num_train: int, seed: int) -> Split:
    """The published test images stay the test set; a tenth of the published training images validates.

    Args:
        num_train: how many images at the start of the pool are the published training set.
    """
    train, val = _stratified(np.arange(num_train), labels, round(VALIDATION_SHARE * num_train), seed)
    return Split(train, val, np.arange(num_train, len(labels)))


def stratified_part(indices: Indices, labels: Indices, fraction: float, seed: int) -> Indices:
    """A stratified ``fraction`` in (0, 1] of ``indices``, at least one image a class."""
    if fraction == 1.0:
        return indices
    num_left_out = len(indices) - max(round(fraction * len(indices)), len(np.unique(labels[indices])))
    return _stratified(indices, labels, num_left_out, seed)[0]


def _stratified(indices: Indices, labels: Indices, num_second: int, seed: int) -> tuple[Indices, Indices]:
    """``indices`` in two disjoint stratified parts, the second of exactly ``num_second``; both sorted."""
    if num_second == 0:
        return indices, indices[:0]
    from sklearn.model_selection import train_test_split  # scikit-learn takes a second, and a parser splits nothing

    first, second = train_test_split(indices, test_size=num_second, stratify=labels[indices], random_state=seed)
    return np.sort(first), np.sort(second)
