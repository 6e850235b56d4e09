"""The kinds of trial by name, and what a kind has to say and to do. Imports no torch.

A new kind is a module with the functions of ``TrialModule`` and an entry in ``KINDS``.
"""

import dataclasses
import importlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol, cast

from benchmark_lightning.errors import InputError, nearest
from benchmark_lightning.study.record import Record


class Resolved(NamedTuple):
    """A combination of a sweep as it will run.

    Args:
        config: the ``identity`` of its configuration.
        data: what the record will say of the data.
        skip_reason: why it cannot run on this machine.
        note: what a person should know who sees it run.
    """

    config: dict[str, Any]
    data: dict[str, Any]
    skip_reason: str | None = None
    note: str | None = None


@dataclasses.dataclass(frozen=True)
class Setting:
    """Options of a trial that are not part of its configuration.

    Args:
        values: its place on the axes of its sweep.
        repeat: which of several runs of the same configuration it is.
        on_progress: told how far it is: ``epoch`` of ``max_epochs`` or ``phase``, and ``accuracy``.
        num_threads: cores for this trial when several run at a time.
        breakdown: whether to time the parts of a training step afterwards.
        peaks: what each accelerator of the machine can do, for the utilization.
        look: as ``Planned`` has it.
        predicted_seconds: as ``Planned`` has them.
    """

    values: dict[str, Any] = dataclasses.field(default_factory=dict)
    repeat: int = 0
    on_progress: Callable[[dict[str, Any]], None] | None = None
    num_threads: int | None = None
    breakdown: bool = False
    peaks: dict[str, Any] | None = None
    look: int | None = None
    predicted_seconds: float | None = None

    @property
    def told(self) -> dict[str, Any]:
        """The options that the record tells."""
        return {"values": self.values, "look": self.look, "predicted_seconds": self.predicted_seconds}


class TrialModule(Protocol):
    """The functions in the module of a kind; it may import what it likes, as only the processes of trials load it."""

    def resolver(self, axes: Mapping[str, Sequence[Any]]) -> Callable[[list[str]], Resolved]:
        """A function from the flags of one combination of ``axes`` to what it resolves to.

        Everything that a user can have done wrong is an ``InputError`` of that function.
        """

    def estimate(self, arguments: Sequence[str]) -> float | None:
        """Seconds that a trial will take, from a short measurement; None where they cannot be told."""

    def run(self, arguments: Sequence[str], setting: Setting) -> tuple[Record, Path]:
        """Runs a trial and writes its record, however it ends; returns the record and its folder."""


@dataclasses.dataclass(frozen=True)
class TrialKind:
    """A kind of trial, as a sweep needs it before it loads the kind's module.

    Args:
        name: As ``trial`` in a sweep file and ``kind`` in a record have it.
        module: With the functions of ``TrialModule``.
        needs_peaks: Whether the machine's peaks are measured before its trials.
        before: Function that gets the trials of a sweep before the first of them runs, and returns what to tell a person.
        flags: Of every trial in a sweep.
        cost_ignores: Keys of a configuration's sections that leave the time of a trial as it is.
    """

    name: str
    module: str
    needs_peaks: bool = False
    before: str | None = None
    flags: tuple[str, ...] = ()
    cost_ignores: frozenset[str] = frozenset()

    def load(self) -> TrialModule:
        """The module, imported."""
        return cast(TrialModule, importlib.import_module(self.module))


KINDS = {
    kind.name: kind
    for kind in (
        TrialKind(
            "network",
            "benchmark_lightning.study.trials.network",
            needs_peaks=True,
            before="benchmark_lightning.study.trials.network_levers:measure_levers",
            flags=("--run.save_last", "false"),  # a trial that is interrupted starts anew
            cost_ignores=frozenset({"lr", "momentum", "weight_decay", "label_smoothing", "split_seed", "fold"}),
        ),
        TrialKind(
            "classical",
            "benchmark_lightning.study.trials.classical",
            cost_ignores=frozenset({"split_seed", "fold", "random_state"}),
        ),
    )
}
# What the kinds were called before there were other networks and other classical methods.
RENAMED = {
    "resnet": "network",
    "svm": "classical, which starts from configs/estimator/svc.yaml and has axes such as estimator.kernel",
}


def check_kind(name: Any, where: str) -> None:
    """Raises ``InputError`` for what is no kind of trial.

    Args:
        where: the file that names it.
    """
    if name in RENAMED:
        raise InputError(f"trial is {name!r} in {where}; it is now called {RENAMED[name]}")
    if name not in KINDS:
        raise InputError(f"trial is {name!r} in {where}; {nearest(str(name), KINDS)}")
