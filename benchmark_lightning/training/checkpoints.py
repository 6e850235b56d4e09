"""Whether a checkpoint is of the network and the data at hand."""

import json
from collections.abc import Mapping
from typing import Any

from benchmark_lightning.errors import InputError
from benchmark_lightning.training.data import ImageData


def check_hyperparameters(ours: Mapping[str, Any], trained_with: Mapping[str, Any]) -> None:
    """Compares the hyperparameters that count; one that the checkpoint does not know came later, and had its default.

    Raises:
        InputError: which one differs, and the flag that sets it.
    """
    for key, value in ours.items():
        if trained_with.get(key, value) != value:
            raise InputError(_difference(key, value, trained_with))


def _difference(key: str, value: Any, trained_with: Mapping[str, Any]) -> str:
    if key in ("num_classes", "num_channels"):  # the data decide
        return f"{key} of the data is {value}, but the checkpoint was trained with {trained_with[key]}; give the data that it was trained on"
    if trained_with[key] is None:  # of arch and network, the other one was given
        key, value = ("network", None) if key == "arch" else ("arch", None)
    before = trained_with[key]
    name = f"data.{key}" if key == "image_size" else f"model.{key}"
    flag = f"'{json.dumps(before)}'" if isinstance(before, dict) else before
    return f"{name} is {value!r}, but the checkpoint was trained with {before!r}; give --{name} {flag}"


def check_data(data: ImageData, trained_on: Mapping[str, Any]) -> None:
    """Compares the data set, its split and the fold.

    Raises:
        InputError: they are not those that the checkpoint was trained on.
    """
    if trained_on["name"] != data.dataset:
        option = "--data" if type(data).__name__ == data.dataset else "--data.root with the folder"
        raise InputError(
            f"the checkpoint was trained on {trained_on['name']}, not on {data.dataset}; give {option} {trained_on['name']}"
        )
    is_used = not data.predict_files or data.is_normalised_by_its_images
    fold = trained_on.get("fold", 0)
    if is_used and fold != data.fold:
        raise InputError(
            f"the checkpoint was trained with data.fold {fold}, so its training images are among the test images of fold "
            f"{data.fold}; give --data.fold {fold}"
        )
    if is_used and trained_on["split_hash"] != data.split_hash:
        raise InputError(
            f"the checkpoint was trained on another split of {data.dataset}, so its training images may be among "
            "these test images; give the data.split and data.split_seed that it was trained with"
        )
