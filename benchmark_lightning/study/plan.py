"""The combinations of a sweep become trials: all parsed, validated and keyed before the first one starts."""

import warnings
from collections.abc import Callable
from typing import Any

import torch

from benchmark_lightning.errors import InputError
from benchmark_lightning.study.axes import Planned, Sweep
from benchmark_lightning.study.environment import describe_environment
from benchmark_lightning.study.labels import folder_word
from benchmark_lightning.study.record import trial_key
from benchmark_lightning.study.trials.kinds import KINDS

_REPLICATES = {"seed_everything": "s", "data.fold": "f", "data.init_args.fold": "f"}


def plan_sweep(sweep: Sweep, on_progress: Callable[[dict[str, Any]], None]) -> list[Planned]:
    """All trials of a sweep in the order in which they run.

    Raises:
        InputError: a combination is not valid, or two of them are the same trial.
    """
    warnings.simplefilter("ignore")  # each trial says what there is to say
    resolve = KINDS[sweep.trial].load().resolver(sweep.axes)
    resolved = []
    for cell in sweep.cells():
        try:
            resolved.append((cell, resolve(sweep.arguments(cell))))
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


def _name(sweep: Sweep, cell: dict[str, Any], repeat: int, key: str) -> str:
    """A folder name that a person can read: ``FashionMNIST-resnet18-32-adam-0.001-s0-4f2a9c``."""
    words = []
    for axis, value in cell.items():
        if len(sweep.axes[axis]) > 1:
            words.append(f"{_REPLICATES[axis]}{value}" if axis in _REPLICATES else folder_word(value))
    if sweep.repeats > 1:
        words.append(f"r{repeat}")
    return "-".join([*words, key[:6]])


def _check_distinct(planned: list[Planned], sweep: Sweep) -> None:
    seen: dict[str, Planned] = {}
    for trial in planned:
        if trial.key in seen:
            raise InputError(
                f"{sweep.path} describes the same trial twice: {trial.values} and {seen[trial.key].values}; "
                "take one of the values away"
            )
        seen[trial.key] = trial
