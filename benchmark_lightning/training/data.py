"""Grey images resident in memory, split and handed out: a batch is a tensor of indices.

No image is opened, decoded or converted one at a time. The DataLoader hands out positions; whole batches are
gathered, normalised and augmented on the device that trains.

Shapes: N images in the pool, B images in a batch.
"""

import hashlib
import math
import os
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple

import lightning.pytorch as L
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

from benchmark_lightning.errors import InputError
from benchmark_lightning.training.augment import random_crop, random_flip
from benchmark_lightning.training.image_files import find_image_files, read_image_files
from benchmark_lightning.training.splits import Split, pooled_split, standard_split, stratified_part

ROOT_VARIABLE = "BENCHMARK_LIGHTNING_DATA"
LARGEST_SEED = 2**32 - 1  # that NumPy takes
STORED_SIZE = 28  # pixels in height and width
DIGITS = tuple("0123456789")


class Pool(NamedTuple):
    """All images of a data set: the published training images first, then the test images."""

    images: Tensor  # (N, 1, 28, 28) uint8
    labels: Tensor  # (N,) int64
    num_train: int | None  # how many are published as training images; None where nothing is


class ImageData(L.LightningDataModule):
    """Grey 28x28 images in a stratified split; batches are ``(B, 1, H, H)`` float32 and ``(B,)`` int64.

    Args:
        root: Folder that holds ``<data set>/raw/*-ubyte``, as torchvision lays it out; by default the environment
            variable BENCHMARK_LIGHTNING_DATA, or else ``data``.
        batch_size: Images a training step on each device; the rest of an epoch that fills no batch is left out.
        eval_batch_size: The most images a validation, test or prediction step on each device.
        split: ``pooled`` is 70-10-20 of all images; ``standard`` keeps the published test set and validates on a
            tenth of the published training set.
        split_seed: Seed of the split, apart from the seed of the training.
        train_fraction: Stratified part of the training set to train on, above 0 and at most 1.
        image_size: H; other than 28, the images are enlarged or reduced on the device, for networks that need it.
        random_flip: Mirror each training image left to right with probability 1/2.
        random_crop: Shift each training image by up to so many pixels in each direction.
        download: Fetch the files when they are missing.
        predict_images: Image files, or folders of them, that ``predict`` classifies in place of the test set.

    Raises:
        InputError: a value is out of its range.
    """

    num_classes: ClassVar[int] = 10
    class_names: ClassVar[tuple[str, ...]] = DIGITS
    # Mean and standard deviation of the published training images, scaled to [0, 1].
    mean: ClassVar[float]
    std: ClassVar[float]

    def __init__(
        self,
        root: str | None = None,
        batch_size: int = 64,
        eval_batch_size: int = 256,
        split: Literal["pooled", "standard"] = "pooled",
        split_seed: int = 0,
        train_fraction: float = 1.0,
        image_size: int = STORED_SIZE,
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
            if value < smallest:
                raise InputError(f"data.{key} is {value}; give a whole number of at least {smallest}")
        if split_seed > LARGEST_SEED:
            raise InputError(f"data.split_seed is {split_seed}; give at most {LARGEST_SEED}")
        if not 0 < train_fraction <= 1:
            raise InputError(f"data.train_fraction is {train_fraction}; give a number above 0 and at most 1")
        if random_crop > 14:
            raise InputError(f"data.random_crop is {random_crop}; give at most 14 pixels, half of an image")
        self.root_is_given = root is not None or bool(os.environ.get(ROOT_VARIABLE))
        self.root = Path(root or os.environ.get(ROOT_VARIABLE) or "data")
        self.batch_size = batch_size
        self.eval_batch_size = eval_batch_size
        self.split_kind = split
        self.split_seed = split_seed
        self.train_fraction = train_fraction
        self.image_size = image_size
        self.random_flip = random_flip
        self.random_crop = random_crop
        self.download = download
        paths = [predict_images] if isinstance(predict_images, str) else predict_images
        self.predict_files = find_image_files(paths) if paths else []
        self._resident: dict[torch.device, tuple[Tensor, Tensor]] = {}

    @property
    def dataset(self) -> str:
        """The name of the data set."""
        return type(self).__name__

    def load(self) -> Pool:
        """Reads all images; a data set is a subclass that defines this."""
        raise InputError("data.class_path ImageData is no data set; give MNIST, FashionMNIST, KMNIST or Digits")

    @cached_property
    def pool(self) -> Pool:
        return self.load()

    @cached_property
    def fingerprint(self) -> str:
        """Twelve hexadecimal digits that differ when any pixel or label differs."""
        digest = hashlib.sha256(self.pool.images.numpy().data)
        digest.update(self.pool.labels.numpy().astype("<i8").data)
        return digest.hexdigest()[:12]

    @cached_property
    def partition(self) -> Split:
        """The split of the whole pool, before ``train_fraction``."""
        labels = self.pool.labels.numpy()
        if self.split_kind == "pooled":
            return pooled_split(labels, self.split_seed)
        if self.pool.num_train is None:
            raise InputError(f"{self.dataset} has no published test set; give data.split pooled")
        return standard_split(labels, self.pool.num_train, self.split_seed)

    @cached_property
    def parts(self) -> Split:
        """The split that is used: ``partition`` with ``train_fraction`` of its training images.

        Raises:
            InputError: fewer training images than one batch.
        """
        train, val, test = self.partition
        train = stratified_part(train, self.pool.labels.numpy(), self.train_fraction, self.split_seed)
        return Split(train, val, test)

    def describe(self) -> dict[str, Any]:
        """What a record or a checkpoint says of the data."""
        return {
            "name": self.dataset,
            "split": self.split_kind,
            "split_seed": self.split_seed,
            "split_hash": self.partition.hash(),
            "fingerprint": self.fingerprint,
            "train_fraction": self.train_fraction,
            "num_train": len(self.parts.train),
            "num_val": len(self.parts.val),
            "num_test": len(self.parts.test),
            "num_classes": self.num_classes,
        }

    def arrays(self, part: Literal["train", "val", "test"]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
        """One part for a classical model: ``(n, 784)`` float32 in [0, 1] and ``(n,)`` int64."""
        indices = torch.from_numpy(getattr(self.parts, part))
        images = self.pool.images[indices].flatten(1)
        return images.numpy().astype(np.float32) / np.float32(255), self.pool.labels[indices].numpy()

    def setup(self, stage: str) -> None:
        if stage == "predict" and self.predict_files:
            return
        num_train, num_batch = len(self.parts.train), self.batch_size * self._world_size
        if stage == "fit" and num_batch > num_train:
            devices = f" on each of {self._world_size} devices" if self._world_size > 1 else ""
            raise InputError(
                f"data.batch_size is {self.batch_size}{devices}, but {self.dataset} has {num_train:,} training images; "
                f"give at most {num_train // self._world_size:,}"
            )

    def train_dataloader(self) -> DataLoader[Tensor]:
        indices = torch.from_numpy(self.parts.train)
        return DataLoader(
            _WholeBatches(indices), batch_size=self.batch_size, shuffle=True, drop_last=True, collate_fn=_as_it_is
        )

    def val_dataloader(self) -> DataLoader[Tensor]:
        return self._eval_dataloader(torch.from_numpy(self.parts.val))

    def test_dataloader(self) -> DataLoader[Tensor]:
        return self._eval_dataloader(torch.from_numpy(self.parts.test))

    def predict_dataloader(self) -> DataLoader[Tensor]:
        if self.predict_files:
            return self._eval_dataloader(torch.arange(len(self.predict_files)))
        return self.test_dataloader()

    def _eval_dataloader(self, indices: Tensor) -> DataLoader[Tensor]:
        """The batches are the items, cut so that every device gets equally many: no image is evaluated twice."""
        num_batches = math.ceil(len(indices) / (self.eval_batch_size * self._world_size)) * self._world_size
        batches: Any = indices.tensor_split(num_batches)
        return DataLoader(batches, batch_size=None)

    @property
    def _world_size(self) -> int:
        return self.trainer.world_size if self.trainer is not None else 1

    def on_after_batch_transfer(self, batch: Tensor, dataloader_idx: int) -> tuple[Tensor, Tensor]:
        """Gathers, augments and normalises the images at the positions ``batch``, ``(B,)`` int64, on their device."""
        images, labels = self._resident_on(batch.device)
        positions = batch.to(images.device)
        inputs = images.index_select(0, positions).to(batch.device)
        targets = labels.index_select(0, positions).to(batch.device)
        if self.trainer is not None and self.trainer.training:
            inputs = random_crop(inputs, self.random_crop) if self.random_crop else inputs
            inputs = random_flip(inputs) if self.random_flip else inputs
        inputs = inputs.to(torch.float32).mul_(1 / (255 * self.std)).sub_(self.mean / self.std)
        if self.image_size != STORED_SIZE:
            inputs = functional.interpolate(inputs, size=self.image_size, mode="bilinear", antialias=True)
        if self.trainer is not None:
            inputs = self.trainer.precision_plugin.convert_input(inputs)  # for a network of half or double numbers
        return inputs, targets

    def _resident_on(self, device: torch.device) -> tuple[Tensor, Tensor]:
        """The images and labels, kept on ``device`` when at most half of its free memory holds them."""
        if device not in self._resident:
            images, labels = self._images_in_use()
            if device.type == "cuda" and images.nbytes > torch.cuda.mem_get_info(device)[0] / 2:
                device_of_images = torch.device("cpu")
            else:
                device_of_images = device
            self._resident[device] = images.to(device_of_images), labels.to(device_of_images)
        return self._resident[device]

    def _images_in_use(self) -> tuple[Tensor, Tensor]:
        if self.predict_files and self.trainer is not None and self.trainer.predicting:
            images = torch.from_numpy(read_image_files(self.predict_files)).unsqueeze(1)
            return images, torch.full((len(images),), -1)
        return self.pool.images, self.pool.labels

    def teardown(self, stage: str) -> None:
        self._resident.clear()


class _WholeBatches(Dataset[Tensor]):
    """Hands out a batch of positions in one indexing operation."""

    def __init__(self, indices: Tensor) -> None:
        self.indices = indices

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, position: int) -> Tensor:
        return self.indices[position]

    def __getitems__(self, positions: list[int]) -> Tensor:
        return self.indices[torch.tensor(positions)]


def _as_it_is(batch: Any) -> Any:
    return batch
