"""Which image is used for what: stratified splits into training, validation and test."""

import hashlib
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from benchmark_lightning.errors import InputError

Indices = npt.NDArray[np.int64]

TEST_SHARE = 0.2
VALIDATION_SHARE = 0.1
NUM_FOLDS = 5  # test sets of a fifth each, of which all images are one
LEAST_IMAGES = 3  # of a class: with fewer, it may be missing where a model learns
LEAST_IMAGES_IN_FOLDS = 6  # of a class: with fewer, it may be missing in a test set


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


def check_fold(fold: int, kind: str) -> None:
    """Raises ``InputError`` for what is no test fold of a split of this kind."""
    if not 0 <= fold < NUM_FOLDS:
        raise InputError(f"data.fold is {fold}; give a whole number from 0 to {NUM_FOLDS - 1}")
    if fold and kind != "pooled":
        raise InputError(f"data.fold {fold} is for data.split pooled, but data.split is {kind}; give one of the two")


def split_images(
    labels: Indices, num_train: int | None, kind: str, seed: int, fold: int, class_names: tuple[str, ...], dataset: str
) -> Split:
    """The split of a whole data set.

    Args:
        labels: of all images.
        num_train: how many images at their start are the published training set; None where nothing is published.
        kind: ``pooled`` or ``standard``.
        seed: of the split.
        fold: which of the test sets of the pooled split.
        class_names: in the order of the labels.
        dataset: its name, for the sentences.

    Raises:
        InputError: the images cannot be split so.
    """
    if kind == "pooled":
        check_classes(labels, class_names, dataset)
        if fold:
            _check_folds(labels, class_names, dataset, fold)
        return pooled_split(labels, seed, fold)
    if num_train is None:
        raise InputError(f"{dataset} has no published test set; give data.split pooled")
    check_classes(labels[:num_train], class_names, f"the training set of {dataset}")
    return standard_split(labels, num_train, seed)


def check_classes(labels: Indices, class_names: tuple[str, ...], where: str) -> None:
    """Raises ``InputError`` unless the images of every class can be spread over the parts of a split.

    Args:
        labels: of the images to split.
        class_names: in the order of the labels.
        where: what holds the images, for the sentence.
    """
    counts = np.bincount(labels, minlength=len(class_names))
    rarest = int(counts.argmin())
    if counts[rarest] < LEAST_IMAGES:
        raise InputError(
            f"class {class_names[rarest]} has {counts[rarest]} images in {where}; a stratified split needs at least "
            f"{LEAST_IMAGES} of each class, so add some or leave the class out"
        )
    num_needed = round(len(class_names) / VALIDATION_SHARE)
    if len(labels) < num_needed:
        raise InputError(
            f"{where} has {len(labels)} images of {len(class_names)} classes; a stratified split needs at least "
            f"{num_needed}, ten times as many as classes"
        )


def _check_folds(labels: Indices, class_names: tuple[str, ...], where: str, fold: int) -> None:
    """Raises ``InputError`` unless each test set can hold every class, and each validation set an image a class."""
    counts = np.bincount(labels, minlength=len(class_names))
    # More than for fold 0, as the other validation sets may have one image fewer.
    rarest, num_needed = int(counts.argmin()), round((len(class_names) + 0.6) / VALIDATION_SHARE)
    if counts[rarest] < LEAST_IMAGES_IN_FOLDS or len(labels) < num_needed:
        raise InputError(
            f"data.fold is {fold}, but {where} has {len(labels):,} images, {counts[rarest]} of class {class_names[rarest]}; "
            f"{NUM_FOLDS} test sets need at least {num_needed:,}, and {LEAST_IMAGES_IN_FOLDS} of each class, so give data.fold 0"
        )


def pooled_split(labels: Indices, seed: int, fold: int = 0) -> Split:
    """70-10-20 of all images together, each class in the same proportion everywhere.

    The test sets of the folds are disjoint and hold every image once. All folds train on equally many images, so where the
    images are no multiple of five, a test set may hold one more and the validation set one fewer.
    """
    everything = np.arange(len(labels))
    num_test, num_val = round(TEST_SHARE * len(labels)), round(VALIDATION_SHARE * len(labels))
    rest, test = _stratified(everything, labels, num_test, seed)
    num_train = len(rest) - num_val
    if fold:
        test = _other_tests(rest, labels, seed)[fold - 1]
        rest = np.setdiff1d(everything, test)
    train, val = _stratified(rest, labels, len(rest) - num_train, seed)
    return Split(train, val, test)


def _other_tests(rest: Indices, labels: Indices, seed: int) -> list[Indices]:
    """The images that fold 0 does not test, in as many stratified test sets as there are other folds; each is sorted."""
    from sklearn.model_selection import StratifiedKFold  # takes a second, and a parser splits nothing

    folds = StratifiedKFold(NUM_FOLDS - 1, shuffle=True, random_state=seed).split(rest, labels[rest])
    return [rest[positions] for _, positions in folds]


def standard_split(labels: Indices, num_train: int, seed: int) -> Split:
    """The published test images stay the test set; a tenth of the published training images validates.

    Args:
        num_train: how many images at the start of the pool are the published training set.
    """
    train, val = _stratified(np.arange(num_train), labels, round(VALIDATION_SHARE * num_train), seed)
    return Split(train, val, np.arange(num_train, len(labels)))


def stratified_part(indices: Indices, labels: Indices, fraction: float, seed: int) -> Indices:
    """A stratified ``fraction`` in (0, 1] of ``indices``, at least one image a class.

    Raises:
        InputError: so few images are left out, or a class is so small, that no stratified part is possible.
    """
    if fraction == 1.0:
        return indices
    classes, counts = np.unique(labels[indices], return_counts=True)
    num_left_out = len(indices) - max(round(fraction * len(indices)), len(classes))
    if num_left_out == 0:
        return indices
    if num_left_out < len(classes) or counts.min() < 2:
        raise InputError(
            f"data.train_fraction {fraction} leaves {num_left_out} of {len(indices):,} training images out, and the "
            f"smallest of {len(classes)} classes has {counts.min()}: it cannot be stratified; give 1.0, or a smaller number "
            "and at least two training images of each class"
        )
    return _stratified(indices, labels, num_left_out, seed)[0]


def _stratified(indices: Indices, labels: Indices, num_second: int, seed: int) -> tuple[Indices, Indices]:
    """``indices`` in two disjoint stratified parts, the second of exactly ``num_second``; both sorted."""
    if num_second == 0:
        return indices, indices[:0]
    from sklearn.model_selection import train_test_split  # takes a second, and a parser splits nothing

    first, second = train_test_split(indices, test_size=num_second, stratify=labels[indices], random_state=seed)
    return np.sort(first), np.sort(second)
