"""A person's own pictures: a folder of image files a class."""

from collections import Counter
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from benchmark_lightning.errors import InputError
from benchmark_lightning.training.data import ImageData
from benchmark_lightning.training.image_files import SUFFIXES, named, read_pictures
from benchmark_lightning.training.pool import Pool

TRAIN, VALIDATION, TEST = "train", "val", "test"
_OF_SPLITS = {"train", "training", "val", "valid", "validation", "test", "testing"}
LEFT_BY_SYSTEMS = {"Thumbs.db", "desktop.ini"}


class ImageFolder(ImageData):
    """Image files in a folder a class; the data set has the name of ``root``, the classes those of its folders, sorted.

    Folders in a class count to it; hidden files are passed over. Where ``root`` holds ``train`` and ``test`` (or ``val``)
    and the folders of the classes are in these, ``split: standard`` keeps the test images; of ``train``, ``val`` and
    ``test`` together, ``val`` counts to the training images. ``split: pooled`` takes all as one.

    Args:
        root: The folder whose folders are the classes.
        image_size: H; every picture is scaled when it is read, so that its shorter side is H, and the centre is kept.
        grayscale: Read the pictures as one grey channel, in place of red, green and blue.
    """

    def __init__(self, root: str | None = None, image_size: int = 64, grayscale: bool = False, **settings: Any) -> None:
        if root is None:
            raise InputError("data.root is not given; name the folder whose folders are the classes of your pictures")
        super().__init__(root=root, image_size=image_size, **settings)
        self.image_shape = (1 if grayscale else 3, image_size, image_size)

    @property
    def dataset(self) -> str:
        return self.root.resolve().name or "pictures"

    @cached_property
    def class_names(self) -> tuple[str, ...]:
        """The names of the classes' folders, which need no picture read."""
        return tuple(sorted({folder.name for part in self._parts() for folder in part}))

    def load(self) -> Pool:
        train, test = (self._files(part) for part in self._parts())
        self._check(train, test)
        files = train + test
        labels = torch.tensor([self.class_names.index(name) for name, _ in files])
        images = read_pictures([file for _, file in files], self.num_channels, self.image_shape[-1])
        return Pool(torch.from_numpy(images), labels, len(train) if test else None)

    def _parts(self) -> tuple[list[Path], list[Path]]:
        """The folders of the classes: for training, and those published for the test, if any."""
        if not self.root.is_dir():
            raise InputError(f"there is no folder {self.root}; give data.root the folder whose folders are the classes")
        folders = _folders(self.root)
        names = {folder.name for folder in folders}
        if TRAIN not in names or len(names) == 1 or not names <= {TRAIN, VALIDATION, TEST}:
            self._check_no_split(folders)
            return folders, []
        test = self.root / (TEST if TEST in names else VALIDATION)
        return [inner for folder in folders if folder != test for inner in _folders(folder)], _folders(test)

    def _check_no_split(self, folders: list[Path]) -> None:
        """Raises ``InputError`` where the folders look like a split, which would be learned in place of the classes."""
        alike = [folder for folder in folders if folder.name.casefold() in _OF_SPLITS and _folders(folder)]
        if len(alike) > 1:
            raise InputError(
                f"{self.root} holds {named([folder.name for folder in alike])}, which look like parts of a split; name them "
                f"{TRAIN}, {VALIDATION} and {TEST} and no others, or give data.root the folder of the classes"
            )

    def _files(self, folders: list[Path]) -> list[tuple[str, Path]]:
        """The files of the classes, each with the name of its class, in the order of their paths."""
        return [
            (folder.name, file)
            for folder in sorted(folders, key=lambda folder: folder.name)
            for file in sorted(folder.rglob("*"))
            if file.is_file()
            and not any(name.startswith(".") for name in file.relative_to(folder).parts)
            and file.name not in LEFT_BY_SYSTEMS
        ]

    def _check(self, train: list[tuple[str, Path]], test: list[tuple[str, Path]]) -> None:
        if len(self.class_names) < 2:
            found = f"one folder alone, {self.class_names[0]}" if self.class_names else "no folders"
            raise InputError(
                f"{self.root} holds {found}; give data.root a folder that holds at least two, one for each class"
            )
        odd = [file for _, file in train + test if file.suffix.lower() not in SUFFIXES]
        if odd:
            raise InputError(
                f"{len(odd):,} {'file is no picture' if len(odd) == 1 else 'files are no pictures'} ({', '.join(sorted(SUFFIXES))}): "
                f"{named(odd)}; delete or convert them"
            )
        counts = Counter(name for name, _ in train)
        empty = [name for name in self.class_names if not counts[name]]
        if empty:
            where = f"{self.root / TRAIN}" if test else f"{self.root}"
            raise InputError(
                f"no pictures of {'class' if len(empty) == 1 else 'classes'} {named(empty)} are in {where}; "
                "add some, or delete the folder"
            )


def _folders(parent: Path) -> list[Path]:
    return sorted(path for path in parent.iterdir() if path.is_dir() and not path.name.startswith((".", "__MACOSX")))
