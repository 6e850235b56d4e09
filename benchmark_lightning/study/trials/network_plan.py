"""Trials of networks before they run: their configurations are parsed and tried, and a few steps tell how long they take."""

import json
import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import lightning.pytorch as L
import torch
import yaml
from jsonargparse import Namespace
from lightning.pytorch.callbacks import Callback

from benchmark_lightning.errors import InputError
from benchmark_lightning.study.own_code import own_identity
from benchmark_lightning.study.trials.kinds import Resolved
from benchmark_lightning.training.accelerators import has_device, synchronize
from benchmark_lightning.training.cli import network_parser, quiet, runs_on_cpu, trainer_precision
from benchmark_lightning.training.data import ImageData
from benchmark_lightning.training.precision import advice

NUM_STEPS = 4
EVALUATION_COST = 1 / 3  # of an image in training: the forward pass alone


def check_is_trial(trainer: Namespace) -> None:
    """Raises ``InputError`` for settings of the Trainer under which a record would not say what was trained."""
    if trainer.fast_dev_run:
        raise InputError("trainer.fast_dev_run is for fit; trials need a full run")
    if trainer.max_epochs == 0 or trainer.max_steps == 0 or trainer.limit_train_batches == 0:
        raise InputError("trainer.max_epochs, max_steps and limit_train_batches must not be 0: a trial trains")
    if trainer.val_check_interval not in (None, 1.0):
        raise InputError("trainer.val_check_interval is for fit; a trial validates at the end of an epoch")


def resolver(axes: Mapping[str, Sequence[Any]]) -> Callable[[list[str]], Resolved]:
    """See ``TrialModule``; a precision that would run as another one of ``axes`` is skipped."""
    return _Resolver(axes.get("trainer.precision", [])).resolve


class _Resolver:
    """Parses configurations, and builds each distinct data set, model and Trainer once to try them."""

    def __init__(self, precisions: Sequence[Any]) -> None:
        self._precisions = precisions
        self._parser = network_parser()
        self._data: dict[str, dict[str, Any]] = {}
        self._trainers: set[str] = set()

    def resolve(self, arguments: list[str]) -> Resolved:
        config = self._parser.parse_args(arguments)
        check_is_trial(config.trainer)
        plain = own_identity(yaml.safe_load(self._parser.dump(config, skip_none=False)))
        tried = json.dumps([config.data.as_dict(), config.model.as_dict()], default=str)
        if tried not in self._data:
            data: ImageData = self._parser.build(config).data
            data.setup("fit")
            self._data[tried] = data.describe()
        skip_reason = self._try_trainer(config)
        precision, is_on_cpu = trainer_precision(config.trainer), runs_on_cpu(config.trainer.accelerator)
        is_float32_instead = precision.effective == "32-true" and precision.why is not None
        if skip_reason is None and is_float32_instead and "32-true" in self._precisions:
            skip_reason = f"{precision.why}; it would run as 32-true, which this sweep measures as well"
        note = advice(precision, is_on_cpu) if skip_reason is None else None
        return Resolved(plain, self._data[tried], skip_reason, note)

    def _try_trainer(self, config: Namespace) -> str | None:
        """Why this machine cannot run it, if it cannot."""
        settings = config.trainer.as_dict()
        one = (1, "1", "auto") if torch.cuda.device_count() < 2 else (1, "1")
        if settings["devices"] not in one or settings["num_nodes"] != 1:
            raise InputError(
                f"trainer.devices is {settings['devices']}: a trial of a sweep trains on one device; give trainer.devices 1"
            )
        if not has_device(settings["accelerator"]):
            return f"this machine has no {'MPS' if settings['accelerator'] == 'mps' else 'GPU'} that torch can use"
        tried = json.dumps(settings, default=str)
        if tried not in self._trainers:
            silent = {"logger": False, "enable_progress_bar": False, "enable_checkpointing": False}
            try:
                L.Trainer(**{**settings, **silent, "precision": trainer_precision(settings).effective})
            except Exception as error:
                raise InputError(f"trainer: {' '.join(str(error).split())}") from error
            self._trainers.add(tried)
        return None


def estimate(arguments: Sequence[str]) -> float | None:
    """Seconds that a trial will take, from the median of a few steps."""
    quiet()
    parser = network_parser()
    config = parser.parse_args(list(arguments))
    built = parser.build(config)
    settings, timer = config.trainer.as_dict(), _StepTimer()
    settings |= {"logger": False, "enable_progress_bar": False, "enable_checkpointing": False}
    settings["precision"] = trainer_precision(settings).effective
    limits: dict[str, Any] = {
        "max_epochs": NUM_STEPS + 1,
        "max_steps": NUM_STEPS + 1,
        "min_epochs": None,
        "min_steps": None,
    }
    limits |= {"limit_train_batches": NUM_STEPS + 1, "limit_val_batches": 0, "callbacks": [timer]}
    L.Trainer(**{**settings, **limits}).fit(built.model, built.data)
    steps = (after - before for before, after in zip(timer.ends, timer.ends[1:], strict=False))
    seconds_an_image = statistics.median(steps) / built.data.batch_size
    return float(seconds_an_image * _num_images(built.data, settings))


def _num_images(data: ImageData, settings: dict[str, Any]) -> float:
    """Images in all epochs, those that are only evaluated counted by what they cost."""
    num_batches = _limited(len(data.parts.train) // data.batch_size, settings["limit_train_batches"])
    num_epochs = settings["max_epochs"] if (settings["max_epochs"] or 0) > 0 else 1
    num_steps = num_batches * num_epochs
    if settings["max_steps"] > 0:
        num_steps = min(num_steps, settings["max_steps"])
        num_epochs = math.ceil(num_steps / num_batches)
    num_val, num_test = (
        min(_limited(math.ceil(len(part) / data.eval_batch_size), limit) * data.eval_batch_size, len(part))
        for part, limit in (
            (data.parts.val, settings["limit_val_batches"]),
            (data.parts.test, settings["limit_test_batches"]),
        )
    )
    return num_steps * data.batch_size + (num_val * num_epochs + num_test) * EVALUATION_COST


def _limited(num_batches: int, limit: int | float | None) -> int:
    """Batches under a ``limit_*_batches`` of the Trainer: a number of them, or a share."""
    if limit is None:
        return num_batches
    return min(num_batches, limit) if isinstance(limit, int) else int(num_batches * limit)


class _StepTimer(Callback):
    """Notes when each step has ended."""

    def __init__(self) -> None:
        self.ends: list[float] = []

    def on_train_batch_end(self, trainer: L.Trainer, *what: Any) -> None:
        synchronize(trainer.strategy.root_device)
        self.ends.append(time.perf_counter())
