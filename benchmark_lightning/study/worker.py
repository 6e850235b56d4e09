"""The work of a trial's own process, from its flags to its record."""

import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from benchmark_lightning.study.axes import Planned
from benchmark_lightning.study.trials.kinds import KINDS, Setting


def run_planned(
    planned: Planned,
    folder: str,
    on_progress: Callable[[dict[str, Any]], None],
    num_threads: int | None = None,
    breakdown: bool = False,
    keep_checkpoints: bool = False,
    peaks: dict[str, Any] | None = None,
) -> str:
    """Runs a trial in ``folder``, which is empty, and returns the status that its record says.

    Args:
        num_threads: cores for this trial when several run at a time.
        breakdown: whether to time the parts of a step afterwards.
        keep_checkpoints: whether to leave the best weights beside the record.
        peaks: what each accelerator of the machine can do, for the utilization.
    """
    if num_threads is not None:
        os.environ["OMP_NUM_THREADS"] = str(num_threads)
        torch.set_num_threads(num_threads)
    kind = KINDS[planned.kind]
    setting = Setting(
        planned.values, planned.repeat, on_progress, num_threads, breakdown, peaks, planned.look, planned.predicted_seconds
    )  # fmt: skip
    record, _ = kind.load().run([*planned.arguments, "--run.folder", folder, *kind.flags], setting)
    if not keep_checkpoints:
        shutil.rmtree(Path(folder) / "checkpoints", ignore_errors=True)
    return record.status


def estimate(kind: str, arguments: Sequence[str], on_progress: Callable[[dict[str, Any]], None]) -> float | None:
    """Seconds that a trial will take that no record speaks of."""
    return KINDS[kind].load().estimate(arguments)
