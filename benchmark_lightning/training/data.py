"""Images resident in memory, split and handed out: a batch is a tensor of indices.

No image is opened, decoded or converted one at a time. The DataLoader hands out positions; whole batches are
gathered, normalised and augmented on the device that trains.

Shapes: N images in the pool, B images in a batch, C channels, H pixels in height and width.
"""

import hashlib
import os
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal

import lightning.pytorch as L
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader

from benchmark_lightning.errors import InputError
from benchmark_lightning.training.augment import random_crop, random_flip
from benchmark_lightning.training.image_files import find_image_files, read_drawings, read_pictures
from benchmark_lightning.training.loaders import evaluation_loader, training_loader
from benchmark_lightning.training.pool import Pool, channel_statistics, check_pool
from benchmark_lightning.training.resident import Resident, keep_on
from benchmark_lightning.training.splits import Split, check_fold, split_images, stratified_part

__all__ = ["LARGEST_SEED", "ROOT_VARIABLE", "ImageData", "Pool"]

ROOT_VARIABLE = "BENCHMARK_LIGHTNING_DATA"
LARGEST_SEED = 2**32 - 1  # that NumPy takes


class ImageData(L.LightningDataModule):
    """Square images in a stratified split; batches are ``(B, C, H, H)`` float32 and ``(B,)`` int64.

    A data set is a subclass with a method ``load``. What it declares of ``class_names``, ``image_shape``, ``mean`` and
    ``std`` is known before an image is read; all else is found in the images.

    Args:
        root: Folder that holds ``<data set>/raw/*-ubyte``, as torchvision lays it out; by default the environment
            variable BENCHMARK_LIGHTNING_DATA, or else ``data``.
        batch_size: Images a training step on each device; the rest of an epoch that fills no batch is left out.
        eval_batch_size: The most images a validation, test or prediction step on each device.
        split: ``pooled`` is 70-10-20 of all images; ``standard`` keeps the published test set and validates on a
            tenth of the published training set.
        split_seed: Seed of the split, apart from the seed of the training.
        fold: Which of the five test sets of the pooled split, 0 to 4; they are disjoint and hold every image once.
        train_fraction: Stratified part of the training set to train on, above 0 and at most 1.
        image_size: H; other than stored, the images are enlarged or reduced on the device, for networks that need it.
            null is the size that they are stored in.
        random_flip: Mirror each training image left to right with probability 1/2.
        random_crop: Shift each training image by up to so many pixels in each direction.
        download: Fetch the files when they are missing.
        predict_images: Image files, or folders of them, that ``predict`` classifies in place of the test set.

    Raises:
        InputError: a value is out of its range.
    """

    # Whether images are light strokes on a dark ground, which a user's own pictures for ``predict`` are brought to.
    are_drawings: ClassVar[bool] = False

    def __init__(
        self,
        root: str | None = None,
        batch_size: int = 64,
        eval_batch_size: int = 256,
        split: Literal["pooled", "standard"] = "pooled",
        split_seed: int = 0,
        fold: int = 0,
        train_fraction: float = 1.0,
        image_size: int | None = None,
        random_flip: bool = False,
        random_crop: int = 0,
        download: bool = True,
        predict_images: list[str] | str | None = None,
    ) -> None:
        super().__init__()
        for key, value, smallest in (
            ("batch_size", batch_size, 1),
            ("eval_batch_size", eval_batch_size, 1),
            ("split_seed", split_seed, 0),
            ("image_size", image_size, 8),
            ("random_crop", random_crop, 0),
        ):
            if value is not None and value < smallest:
                raise InputError(f"data.{key} is {value}; give a whole number of at least {smallest}")
        if split_seed > LARGEST_SEED:
            raise InputError(f"data.split_seed is {split_seed}; give at most {LARGEST_SEED}")
        check_fold(fold, split)
        if not 0 < train_fraction <= 1:
            raise InputError(f"data.train_fraction is {train_fraction}; give a number above 0 and at most 1")
        self.root_is_given = root is not None or bool(os.environ.get(ROOT_VARIABLE))
        self.root = Path(root or os.environ.get(ROOT_VARIABLE) or "data")
        self.batch_size = batch_size
        self.eval_batch_size = eval_batch_size
        self.split_kind = split
        self.split_seed = split_seed
        self.fold = fold
        self.train_fraction = train_fraction
        self._image_size = image_size
        self.random_flip = random_flip
        self.random_crop = random_crop
        self.download = download
        paths = [predict_images] if isinstance(predict_images, str) else predict_images
        self.predict_files = find_image_files(paths) if paths else []
        self._is_loading = False
        self._resident: dict[torch.device, Resident] = {}

    @property
    def dataset(self) -> str:
        """The name of the data set."""
        return type(self).__name__

    def load(self) -> Pool:
        """Reads all images; a data set is a subclass that defines this."""
        raise InputError(f"data.class_path {self.dataset} is no data set: it has no method load; see docs/extending.md")

    @cached_property
    def pool(self) -> Pool:
        if self._is_loading:
            raise InputError(
                f"{self.dataset}.load() asks for what is found in its own images; declare class_names and image_shape there"
            )
        self._is_loading = True
        try:
            loaded = self.load()
        finally:
            self._is_loading = False
        return check_pool(loaded, self.dataset, self._declared("class_names"), self._declared("image_shape"))

    def _declared(self, name: str) -> Any:
        """The value that the class declares; None where it is to be found in the images."""
        value = vars(self).get(name, getattr(type(self), name))
        return None if isinstance(value, cached_property) else value

    @cached_property
    def class_names(self) -> tuple[str, ...]:
        """In the order of the labels."""
        names = self.pool.class_names
        assert names is not None  # check_pool has numbered them
        return names

    @cached_property
    def image_shape(self) -> tuple[int, int, int]:
        """C, H and H of the images as they are stored."""
        channels, height, width = self.pool.images.shape[1:]
        return channels, height, width

    @property
    def num_classes(self) -> int:
        return len(self.class_names)

    @property
    def num_channels(self) -> int:
        return self.image_shape[0]

    @property
    def image_size(self) -> int:
        """H of the images that a network receives."""
        return self._image_size or self.image_shape[-1]

    @cached_property
    def mean(self) -> tuple[float, ...]:
        """Of each channel, scaled to [0, 1], over all training images of the split, before ``train_fraction``."""
        return self._statistics[0]

    @cached_property
    def std(self) -> tuple[float, ...]:
        """The standard deviation of the same pixels as ``mean``."""
        return self._statistics[1]

    @property
    def is_normalised_by_its_images(self) -> bool:
        """Whether the class declares no mean, so that even other pictures are classified with these images at hand."""
        return isinstance(type(self).mean, cached_property)

    @cached_property
    def _statistics(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        return channel_statistics(self.pool.images, torch.from_numpy(self.partition.train))

    @cached_property
    def fingerprint(self) -> str:
        """Twelve hexadecimal digits that differ when any pixel or label differs."""
        digest = hashlib.sha256(self.pool.images.numpy().data)
        digest.update(self.pool.labels.numpy().astype("<i8").data)
        return digest.hexdigest()[:12]

    @cached_property
    def partition(self) -> Split:
        """The split of the whole pool, before ``train_fraction``."""
        return self._split(self.fold)

    @cached_property
    def split_hash(self) -> str:
        """Names the partition into folds: the hash of the split of fold 0."""
        return (self._split(0) if self.fold else self.partition).hash()

    def _split(self, fold: int) -> Split:
        labels, num_train = self.pool.labels.numpy(), self.pool.num_train
        return split_images(labels, num_train, self.split_kind, self.split_seed, fold, self.class_names, self.dataset)

    @cached_property
    def parts(self) -> Split:
        """The split that is used: ``partition`` with ``train_fraction`` of its training images."""
        labels, whole = self.pool.labels.numpy(), self.partition
        return whole._replace(train=stratified_part(whole.train, labels, self.train_fraction, self.split_seed))

    def describe(self) -> dict[str, Any]:
        """The part of a record or a checkpoint about the data."""
        return {
            "name": self.dataset,
            "split": self.split_kind,
            "split_seed": self.split_seed,
            "fold": self.fold,
            "split_hash": self.split_hash,
            "fingerprint": self.fingerprint,
            "train_fraction": self.train_fraction,
            "num_train": len(self.parts.train),
            "num_val": len(self.parts.val),
            "num_test": len(self.parts.test),
            "num_classes": self.num_classes,
            "image_shape": list(self.image_shape),
            "mean": list(self.mean),
            "std": list(self.std),
        }

    def arrays(self, part: Literal["train", "val", "test"]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
        """One part for a classical model: ``(n, C * H * H)`` float32 in [0, 1], as stored, and ``(n,)`` int64."""
        indices = torch.from_numpy(getattr(self.parts, part))
        images = self.pool.images[indices].flatten(1)
        return images.numpy().astype(np.float32) / np.float32(255), self.pool.labels[indices].numpy()

    def setup(self, stage: str) -> None:
        if stage == "predict" and self.predict_files:
            return
        if self.random_crop > self.image_shape[-1] // 2:
            raise InputError(
                f"data.random_crop is {self.random_crop}; give at most {self.image_shape[-1] // 2} pixels, half of an image"
            )
        num_train, num_batch = len(self.parts.train), self.batch_size * self._world_size
        if stage == "fit" and num_batch > num_train:
            devices = f" on each of {self._world_size} devices" if self._world_size > 1 else ""
            raise InputError(
                f"data.batch_size is {self.batch_size}{devices}, but {self.dataset} has {num_train:,} training images; "
                f"give at most {num_train // self._world_size:,}"
            )

    def train_dataloader(self) -> DataLoader[Tensor]:
        return training_loader(torch.from_numpy(self.parts.train), self.batch_size)

    def val_dataloader(self) -> DataLoader[Tensor]:
        return self._evaluation_loader(self.parts.val)

    def test_dataloader(self) -> DataLoader[Tensor]:
        return self._evaluation_loader(self.parts.test)

    def predict_dataloader(self) -> DataLoader[Tensor]:
        return self._evaluation_loader(np.arange(len(self.predict_files)) if self.predict_files else self.parts.test)

    def _evaluation_loader(self, indices: npt.NDArray[np.int64]) -> DataLoader[Tensor]:
        return evaluation_loader(torch.from_numpy(indices), self.eval_batch_size, self._world_size)

    @property
    def _world_size(self) -> int:
        return self.trainer.world_size if self.trainer is not None else 1

    def on_after_batch_transfer(self, batch: Tensor, dataloader_idx: int) -> tuple[Tensor, Tensor]:
        """Gathers, augments and normalises the images at the positions ``batch``, ``(B,)`` int64, on their device."""
        resident = self._resident_on(batch.device)
        inputs, targets = resident.gather(batch)
        if self.trainer is not None and self.trainer.training:
            inputs = random_crop(inputs, self.random_crop) if self.random_crop else inputs
            inputs = random_flip(inputs) if self.random_flip else inputs
        inputs = resident.normalise(inputs)
        if self.image_size != inputs.shape[-1]:
            inputs = functional.interpolate(inputs, size=self.image_size, mode="bilinear", antialias=True)
        if self.trainer is not None:
            inputs = self.trainer.precision_plugin.convert_input(inputs)  # for a network of half or double numbers
        return inputs, targets

    def _resident_on(self, device: torch.device) -> Resident:
        if device not in self._resident:
            self._resident[device] = keep_on(device, *self._images_in_use(), self.mean, self.std)
        return self._resident[device]

    def _images_in_use(self) -> tuple[Tensor, Tensor]:
        if self.predict_files and self.trainer is not None and self.trainer.predicting:
            read = read_drawings if self.are_drawings else read_pictures
            images = torch.from_numpy(read(self.predict_files, self.num_channels, self.image_shape[-1]))
            return images, torch.full((len(images),), -1)
        return self.pool.images, self.pool.labels

    def teardown(self, stage: str) -> None:
        self._resident.clear()
