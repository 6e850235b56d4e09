"""The data sets: MNIST and its kin from IDX files, CIFAR-10, the digits of scikit-learn, and a person's own pictures."""

from pathlib import Path
from typing import Any, ClassVar

import torch
from lightning.pytorch.trainer.states import TrainerFn
from torch.nn import functional
from torchvision import datasets

from benchmark_lightning.errors import InputError
from benchmark_lightning.training.cifar import read_batches
from benchmark_lightning.training.data import ROOT_VARIABLE, ImageData
from benchmark_lightning.training.idx import FILE_NAMES, check_idx_files
from benchmark_lightning.training.image_folder import ImageFolder
from benchmark_lightning.training.pool import Pool

__all__ = ["CIFAR10", "KMNIST", "MNIST", "Digits", "FashionMNIST", "ImageFolder"]

SIZE_OF_MNIST = 28  # pixels in height and width; the digits of scikit-learn are enlarged to it
DIGITS = tuple("0123456789")


class _Downloaded(ImageData):
    """A data set that torchvision downloads."""

    source: ClassVar[type[datasets.VisionDataset]]
    file_names: ClassVar[tuple[str, ...]]
    subfolder: ClassVar[str]  # of the root, where torchvision keeps the files

    @property
    def folder(self) -> Path:
        return self.root / self.subfolder

    def prepare_data(self) -> None:
        """Downloads what is missing.

        Raises:
            InputError: the files are missing and cannot be downloaded.
        """
        if self.predict_files and self.trainer is not None and self.trainer.state.fn == TrainerFn.PREDICTING:
            return  # a user's own pictures need no data set
        if all((self.folder / name).is_file() for name in self.file_names):
            return
        way_out = (
            f"copy its files to {self.folder}, name another folder with --data.root or {ROOT_VARIABLE}, "
            "or use configs/data/digits.yaml, which needs no download"
        )
        if self.root_is_given and not self.root.is_dir():
            raise InputError(
                f"there is no data folder {self.root}; create it to download {self.dataset} into it, or {way_out}"
            )
        if not self.download:
            raise InputError(f"{self.dataset} is not in {self.folder} and data.download is false; {way_out}")
        try:
            for is_train in (True, False):
                self.source(str(self.root), train=is_train, download=True)
        except (OSError, RuntimeError) as error:
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise InputError(
                f"{self.dataset} is not in {self.folder} and its download failed ({reason}); {way_out}"
            ) from error


class _IDXData(_Downloaded):
    """A data set in four IDX files."""

    file_names = FILE_NAMES
    class_names = DIGITS
    image_shape = (1, SIZE_OF_MNIST, SIZE_OF_MNIST)
    are_drawings = True

    def __init__(self, image_size: int | None = SIZE_OF_MNIST, **settings: Any) -> None:
        super().__init__(image_size=image_size, **settings)

    def load(self) -> Pool:
        self.prepare_data()
        check_idx_files(self.folder, self.dataset, self.num_classes)
        train, test = (self.source(str(self.root), train=is_train) for is_train in (True, False))
        images = torch.cat([train.data, test.data]).unsqueeze(1)
        return Pool(images, torch.cat([train.targets, test.targets]), len(train.data))


class MNIST(_IDXData):
    """70,000 handwritten digits (LeCun, Cortes and Burges, 1998)."""

    source = datasets.MNIST
    subfolder = "MNIST/raw"
    mean, std = (0.1307,), (0.3081,)


class FashionMNIST(_IDXData):
    """70,000 articles of clothing (Xiao, Rasul and Vollgraf, 2017)."""

    source = datasets.FashionMNIST
    subfolder = "FashionMNIST/raw"
    mean, std = (0.2860,), (0.3530,)
    class_names = (
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    )  # fmt: skip


class KMNIST(_IDXData):
    """70,000 cursive Japanese characters (Clanuwat et al., 2018)."""

    source = datasets.KMNIST
    subfolder = "KMNIST/raw"
    mean, std = (0.1918,), (0.3483,)
    class_names = ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")


class CIFAR10(_Downloaded):
    """60,000 colour pictures of animals and vehicles (Krizhevsky, 2009)."""

    source = datasets.CIFAR10
    subfolder = datasets.CIFAR10.base_folder
    checksums: ClassVar[dict[str, str]] = dict(datasets.CIFAR10.train_list + datasets.CIFAR10.test_list)
    file_names = tuple(checksums)
    mean, std = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)
    class_names = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
    image_shape = (3, 32, 32)

    def load(self) -> Pool:
        self.prepare_data()
        images, labels = read_batches(self.folder, self.checksums, self.dataset, self.num_classes)
        num_test = len(datasets.CIFAR10.test_list)
        return Pool(images, labels, len(images) * (len(self.checksums) - num_test) // len(self.checksums))


class Digits(ImageData):
    """The 1,797 handwritten digits that scikit-learn brings along, enlarged from 8x8 to 28x28; needs no download."""

    mean, std = (0.3050,), (0.3247,)  # of all 1,797 images
    class_names = DIGITS
    image_shape = (1, SIZE_OF_MNIST, SIZE_OF_MNIST)
    are_drawings = True

    def __init__(self, image_size: int | None = SIZE_OF_MNIST, **settings: Any) -> None:
        super().__init__(image_size=image_size, **settings)

    def load(self) -> Pool:
        from sklearn.datasets import load_digits  # scikit-learn takes a second, and a parser loads nothing

        small, labels = load_digits(return_X_y=True)
        grey = torch.from_numpy(small).float().view(-1, 1, 8, 8) * (255 / 16)
        images = functional.interpolate(grey, size=SIZE_OF_MNIST, mode="bilinear").round().to(torch.uint8)
        return Pool(images, torch.from_numpy(labels))
