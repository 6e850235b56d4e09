"""The levers of speed for the trials of a sweep, measured before the first of them where they are not known."""

import contextlib
import math
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from benchmark_lightning.study.axes import Planned
from benchmark_lightning.training.choices import chosen_for, is_given, remember, work_name
from benchmark_lightning.training.classifier import Batch
from benchmark_lightning.training.cli import network_parser, quiet, runs_on_cpu, trainer_precision
from benchmark_lightning.training.contention import SHARING_VARIABLE, processor_use
from benchmark_lightning.training.data import ImageData
from benchmark_lightning.training.tuning import DEFAULT, MIN_STEPS, PRECISIONS, measure


def measure_levers(trials: Sequence[Planned], on_progress: Callable[[dict[str, Any]], None]) -> list[str]:
    """Measures each kind of work of the trials that is long enough for it and not known, and keeps what is best.

    Nothing is measured while others use the processor, and what fails here is left to the trial, which can tell of it.

    Returns:
        A line for a person about each kind of work for which other levers than the default were chosen.
    """
    quiet()
    unknown: dict[str, Planned] = {}
    for trial in trials:
        with contextlib.suppress(Exception):
            if trial.skip_reason is None and _is_worth_it(trial) and (work := _unknown_work(trial)) is not None:
                unknown.setdefault(work, trial)
    told = []
    for work, trial in unknown.items():
        if SHARING_VARIABLE in os.environ or processor_use().is_busy:
            break
        with contextlib.suppress(Exception):
            told += _measure(work, trial)
    return told


def num_steps(trainer: Mapping[str, Any], num_batches: int) -> float:
    """Steps of a training with so many batches in an epoch, by its limits; infinite where it has no end.

    >>> num_steps({"max_epochs": 5, "max_steps": -1, "limit_train_batches": 0.5}, num_batches=100)
    250
    """
    limit, max_epochs, max_steps = (trainer.get(name) for name in ("limit_train_batches", "max_epochs", "max_steps"))
    if limit is not None:
        num_batches = min(num_batches, limit) if isinstance(limit, int) else int(num_batches * limit)
    of_epochs = math.inf if max_epochs == -1 else num_batches * (max_epochs or 1000)  # Lightning's default
    return of_epochs if max_steps in (None, -1) else min(of_epochs, max_steps)


def _is_worth_it(trial: Planned) -> bool:
    trainer = trial.config["trainer"]
    num_batches = trial.data["num_train"] // trial.config["data"]["init_args"]["batch_size"]
    return runs_on_cpu(trainer["accelerator"]) and num_steps(trainer, num_batches) >= MIN_STEPS


def _unknown_work(trial: Planned) -> str | None:
    """The kind of work of a trial that leaves its levers to the package, where nothing is known of it."""
    model, data = trial.config["model"], trial.config["data"]["init_args"]
    channels, *_, size = trial.data["image_shape"]
    size = data.get("image_size") or size
    precision = trainer_precision(trial.config["trainer"]).effective
    if is_given(model) or model["compile"] != "none" or precision not in PRECISIONS:
        return None
    work = model, (channels, size, size), data["batch_size"], precision
    return work_name(*work) if chosen_for(*work).by == DEFAULT else None


def _measure(work: str, trial: Planned) -> list[str]:
    parser = network_parser()
    built = parser.build(parser.parse_args(list(trial.arguments)))
    chosen = measure(built.model, _first_batch(built.data), trainer_precision(trial.config["trainer"]).effective)
    if chosen is None:
        return []
    remember(work, chosen)
    best = chosen.name
    if best == DEFAULT:
        return []
    gain = chosen.images_per_second[best] / chosen.images_per_second[DEFAULT] - 1
    return [f"{work}: {best} trains {gain:.0%} faster here than the default, and is used from now on"]


def _first_batch(data: ImageData) -> Batch:
    data.setup("fit")
    positions = next(iter(data.train_dataloader()))
    images, labels = data.on_after_batch_transfer(positions.to(torch.device("cpu")), 0)
    return images, labels
