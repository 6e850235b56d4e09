"""The data sets: MNIST and its kin from IDX files, and the digits that scikit-learn brings along."""

from pathlib import Path
from typing import ClassVar

import torch
from lightning.pytorch.trainer.states import TrainerFn
from torch.nn import functional
from torchvision import datasets

from benchmark_lightning.errors import InputError
from benchmark_lightning.training.data import ROOT_VARIABLE, STORED_SIZE, ImageData, Pool
from benchmark_lightning.training.idx import FILE_NAMES, check_idx_files


class _IDXData(ImageData):
    """A data set that torchvision downloads and reads from four IDX files."""

    source: ClassVar[type[datasets.MNIST]]

    @property
    def folder(self) -> Path:
        return self.root / self.dataset / "raw"

    def prepare_data(self) -> None:
        """Downloads what is missing.

        Raises:
            InputError: the files are neither here nor to be had.
        """
        if self.predict_files and self.trainer is not None and self.trainer.state.fn == TrainerFn.PREDICTING:
            return  # a user's own pictures need no data set
        if all((self.folder / name).is_file() for name in FILE_NAMES):
            return
        way_out = (
            f"copy its four IDX files to {self.folder}, name another folder with --data.root or {ROOT_VARIABLE}, "
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

    def load(self) -> Pool:
        self.prepare_data()
        check_idx_files(self.folder, self.dataset, self.num_classes)
        train, test = (self.source(str(self.root), train=is_train) for is_train in (True, False))
        images = torch.cat([train.data, test.data]).unsqueeze(1)
        return Pool(images, torch.cat([train.targets, test.targets]), len(train.data))


class MNIST(_IDXData):
    """70,000 handwritten digits (LeCun, Cortes and Burges, 1998)."""

    source = datasets.MNIST
    mean, std = 0.1307, 0.3081


class FashionMNIST(_IDXData):
    """70,000 articles of clothing (Xiao, Rasul and Vollgraf, 2017)."""

    source = datasets.FashionMNIST
    mean, std = 0.2860, 0.3530
    class_names = (
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    )  # fmt: skip


class KMNIST(_IDXData):
    """70,000 cursive Japanese characters (Clanuwat et al., 2018)."""

    source = datasets.KMNIST
    mean, std = 0.1918, 0.3483
    class_names = ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")


class Digits(ImageData):
    """The 1,797 handwritten digits that scikit-learn brings along, enlarged from 8x8 to 28x28; needs no download."""

    mean, std = 0.3050, 0.3247  # of all 1,797 images

    def load(self) -> Pool:
        from sklearn.datasets import load_digits  # scikit-learn takes a second, and a parser loads nothing

        small, labels = load_digits(return_X_y=True)
        grey = torch.from_numpy(small).float().view(-1, 1, 8, 8) * (255 / 16)
        images = functional.interpolate(grey, size=STORED_SIZE, mode="bilinear").round().to(torch.uint8)
        return Pool(images, torch.from_numpy(labels).long(), num_train=None)
