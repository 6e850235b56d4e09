"""The combinations of a sweep become trials: all parsed, validated and keyed before the first one starts."""

import json
import re
import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import lightning.pytorch as L
import torch
import yaml
from jsonargparse import Namespace

from benchmark_lightning.errors import InputError
from benchmark_lightning.study.axes import Planned, Scalar, Sweep, flag_value
from benchmark_lightning.study.environment import describe_environment
from benchmark_lightning.study.record import identity, trial_key
from benchmark_lightning.study.svm import resolve_svm, svm_parser
from benchmark_lightning.study.trial import check_is_trial
from benchmark_lightning.training.cli import network_parser, runs_on_cpu, trainer_precision
from benchmark_lightning.training.data import ImageData
from benchmark_lightning.training.parser import BenchmarkParser
from benchmark_lightning.training.precision import advice

GPU_ACCELERATORS = ("gpu", "cuda")


def plan_sweep(sweep: Sweep, on_progress: Callable[[dict[str, Any]], None]) -> list[Planned]:
    """All trials of a sweep in the order in which they run.

    Raises:
        InputError: a combination is not valid, or two of them are the same trial.
    """
    warnings.simplefilter("ignore")  # each trial says what there is to say
    precisions = sweep.axes.get("trainer.precision", [])
    resolver = _NetworkResolver(precisions) if sweep.trial == "resnet" else _SVMResolver()
    resolved = []
    for cell in sweep.cells():
        try:
            resolved.append((cell, resolver.resolve(sweep.arguments(cell))))
        except InputError as error:
            where = "" if str(sweep.path) in str(error) else f" (in {sweep.path})"
            raise InputError(f"{error}{where}") from error
    environment = describe_environment(torch.device("cpu"))
    planned = []
    for repeat in range(sweep.repeats):
        for cell, trial in resolved:
            key = trial_key(trial.config, trial.data["fingerprint"], repeat)
            planned.append(Planned(
                _name(sweep, cell, repeat, key), key, sweep.trial, tuple(sweep.arguments(cell)), cell, repeat,
                trial.config, trial.data, environment, trial.skip_reason, trial.note,
            ))  # fmt: skip
    _check_distinct(planned, sweep)
    return planned


def _name(sweep: Sweep, cell: dict[str, Scalar], repeat: int, key: str) -> str:
    """A folder name that a person can read: ``FashionMNIST-resnet18-32-adam-0.001-s0-4f2a9c``."""
    words = []
    for axis, value in cell.items():
        if len(sweep.axes[axis]) > 1:
            word = flag_value(value).rsplit(".", 1)[-1] if axis.endswith("class_path") else flag_value(value)
            words.append(f"s{word}" if axis == "seed_everything" else word)
    if sweep.repeats > 1:
        words.append(f"r{repeat}")
    return re.sub(r"[^\w.+-]", "_", "-".join([*words, key[:6]]))


def _check_distinct(planned: list[Planned], sweep: Sweep) -> None:
    seen: dict[str, Planned] = {}
    for trial in planned:
        if trial.key in seen:
            raise InputError(
                f"{sweep.path} describes the same trial twice: {trial.values} and {seen[trial.key].values}; "
                "take one of the values away"
            )
        seen[trial.key] = trial


class _Resolved(NamedTuple):
    """A combination as it will run.

    Args:
        config: the identity of its configuration.
        data: what the record will say of the data.
        skip_reason: why it cannot run on this machine.
        note: what a person should know who sees it run.
    """

    config: dict[str, Any]
    data: dict[str, Any]
    skip_reason: str | None = None
    note: str | None = None


class _NetworkResolver:
    """Parses networks' configurations, and builds each distinct data set, model and Trainer once to try them.

    Args:
        precisions: that the sweep compares; one that would run as another of them is skipped.
    """

    def __init__(self, precisions: Sequence[Scalar]) -> None:
        self._precisions = precisions
        self._parser: BenchmarkParser | None = None
        self._data: dict[str, dict[str, Any]] = {}
        self._trainers: set[str] = set()

    def resolve(self, arguments: list[str]) -> _Resolved:
        if self._parser is None:
            self._parser = network_parser()
        config = self._parser.parse_args(arguments)
        check_is_trial(config.trainer)
        plain = identity(yaml.safe_load(self._parser.dump(config, skip_none=False)))
        tried = json.dumps([config.data.as_dict(), config.model.as_dict()], default=str)
        if tried not in self._data:
            self._data[tried] = _describe(self._parser.build(config).data)
        skip_reason = self._try_trainer(config)
        precision, is_on_cpu = trainer_precision(config.trainer), runs_on_cpu(config.trainer.accelerator)
        is_float32_instead = precision.effective == "32-true" and precision.why is not None
        if skip_reason is None and is_float32_instead and "32-true" in self._precisions:
            skip_reason = f"{precision.why}; it would run as 32-true, which this sweep measures as well"
        note = advice(precision, is_on_cpu) if skip_reason is None else None
        return _Resolved(plain, self._data[tried], skip_reason, note)

    def _try_trainer(self, config: Namespace) -> str | None:
        """Why this machine cannot run it, if it cannot."""
        settings = config.trainer.as_dict()
        one = (1, "1", "auto") if torch.cuda.device_count() < 2 else (1, "1")
        if settings["devices"] not in one or settings["num_nodes"] != 1:
            raise InputError(
                f"trainer.devices is {settings['devices']}: a trial of a sweep trains on one device; give trainer.devices 1"
            )
        if settings["accelerator"] in GPU_ACCELERATORS and not torch.cuda.is_available():
            return "this machine has no GPU that torch can use"
        tried = json.dumps(settings, default=str)
        if tried not in self._trainers:
            silent = {"logger": False, "enable_progress_bar": False, "enable_checkpointing": False}
            try:
                L.Trainer(**{**settings, **silent, "precision": trainer_precision(settings).effective})
            except Exception as error:
                raise InputError(f"trainer: {' '.join(str(error).split())}") from error
            self._trainers.add(tried)
        return None


class _SVMResolver:
    """Parses SVMs' configurations and describes each distinct data set once."""

    def __init__(self) -> None:
        self._parser = svm_parser()
        self._data: dict[str, dict[str, Any]] = {}

    def resolve(self, arguments: list[str]) -> _Resolved:
        config, built = resolve_svm(self._parser, arguments)
        tried = json.dumps(config["data"])
        if tried not in self._data:
            self._data[tried] = _describe(built.data)
        return _Resolved(config, self._data[tried])


def _describe(data: ImageData) -> dict[str, Any]:
    data.setup("fit")
    return data.describe()
