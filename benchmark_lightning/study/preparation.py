"""Measurements of the machine before the trials of a sweep, each in a process of its own. Imports no torch."""

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

from benchmark_lightning.study.axes import Planned
from benchmark_lightning.study.executors import run_job
from benchmark_lightning.study.trials.kinds import TrialKind


def prepare(
    kind: TrialKind, trials: Sequence[Planned], num_jobs: int, tell: Callable[[str], None]
) -> dict[str, dict[str, float]]:
    """The peaks of the machine, where the trials need them; and what else the kind measures before, for its trials to find.

    Args:
        num_jobs: trials at a time; of several, no time counts, so that nothing is measured but the peaks.
        tell: gets each line for a person.
    """
    if kind.before is not None and num_jobs == 1:
        with contextlib.suppress(RuntimeError):  # it may have run out of memory, as the trial will, which has a record
            for sentence in run_job(kind.before, {"trials": list(trials)}):
                tell(sentence)
    peaks: dict[str, Any] = run_job("benchmark_lightning.study.machine:measure_peaks", {}) if kind.needs_peaks else {}
    return peaks
