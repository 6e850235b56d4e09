"""Seconds that trials to come will take, with a range that says how good such predictions were."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from benchmark_lightning.deciding.allotment import candidates
from benchmark_lightning.deciding.needs import Need
from benchmark_lightning.report.claims.verdicts import Claim
from benchmark_lightning.report.evidence.evidence import Evidence
from benchmark_lightning.report.evidence.predicted import predicted_pairs
from benchmark_lightning.study.axes import Planned
from benchmark_lightning.study.cells import Cell
from benchmark_lightning.study.display import duration
from benchmark_lightning.study.record import Record
from benchmark_lightning.study.running import Place

Wanted = tuple[Place, Planned]
FEW = 5  # records: from so many on, their spread is the range
UNKNOWN_FACTOR = 1.5  # a probe of some steps is off by up to so much where others use the processor now and then


class Cost(NamedTuple):
    """Seconds.

    Args:
        seconds: of the trials whose time is known.
        num_trials: all of them.
        num_unknown: those whose time is not known.
    """

    seconds: float
    num_trials: int
    num_unknown: int


def cost_of(trials: Iterable[Wanted], num_jobs: int) -> Cost:
    """The time of trials, each counted once."""
    known = {trial.key: place.known_seconds(trial) for place, trial in trials}
    seconds = [value for value in known.values() if value is not None]
    return Cost(sum(seconds) / num_jobs, len(known), len(known) - len(seconds))


def spread(records: Iterable[Record]) -> tuple[float, float]:
    """Factors between which the time of a trial lies, as a multiple of what was predicted: the middle 90 % of the records."""
    pairs = predicted_pairs(records)
    if len(pairs) < FEW:
        return 1 / UNKNOWN_FACTOR, UNKNOWN_FACTOR
    low, high = np.quantile([took / predicted for predicted, took in pairs], [0.05, 0.95])
    return float(low), float(high)


def told(cost: Cost, factors: tuple[float, float]) -> str:
    """A cost in words.

    >>> told(Cost(600.0, 12, 0), (0.5, 2.0)), told(Cost(0.0, 3, 3), (0.5, 2.0)), told(Cost(0.0, 0, 0), (0.5, 2.0))
    ('12 trials, about 10 min 00 s (5 min 00 s to 20 min 00 s)', '3 trials, time not known', 'nothing to run')
    """
    if not cost.num_trials:
        return "nothing to run"
    trials = "1 trial" if cost.num_trials == 1 else f"{cost.num_trials} trials"
    if cost.num_unknown == cost.num_trials:
        return f"{trials}, time not known"
    low, high = (duration(factor * cost.seconds) for factor in factors)
    unknown = f", and {cost.num_unknown} of unknown time" if cost.num_unknown else ""
    return f"{trials}, about {duration(cost.seconds)} ({low} to {high}){unknown}"


def trials_of_file(cells: Iterable[Cell]) -> list[Wanted]:
    """The trials of some cells that their sweep files ask for and that have no record yet."""
    return _missing((cell, trial) for cell in cells for trial in (*cell.planned, *cell.repeats))


def trials_until(need: Need, num_runs: int, records: Mapping[str, Record], is_seeded: bool) -> list[Wanted]:
    """The trials of a claim that have no record yet, up to so many runs of each cell.

    Args:
        need: of the claim.
        num_runs: of what depends on its seed.
        records: the best record of each trial, by its key.
        is_seeded: whether a classical method that has not run yet is taken to depend on its seed.
    """
    runs = (
        (cell, _run(cell, number, records, cell in need.timed, is_seeded))
        for cell in need.cells
        for number in range(num_runs)
    )
    return _missing((cell, trial) for cell, trial in runs if trial is not None)


def _missing(trials: Iterable[tuple[Cell, Planned]]) -> list[Wanted]:
    return [
        (cell.place, trial) for cell, trial in trials
        if trial.skip_reason is None and not cell.place.completed.is_done(trial.key)
    ]  # fmt: skip


def _run(cell: Cell, number: int, records: Mapping[str, Record], is_timed: bool, is_seeded: bool) -> Planned | None:
    if any(trial.key in records for trial in cell.planned):
        return cell.run(number, records, is_timed)
    if is_seeded or "estimator" not in cell.first.config:
        return cell.seeded(number)
    return cell.repeated(number) if is_timed or number == 0 else None


def seconds_to_settle(
    claim: Claim, need: Need, evidence: Evidence, cells: Mapping[str, Sequence[Cell]]
) -> float | None:
    """Seconds that the further seeds would take which are to settle an open claim; None where none do, or it is not known.

    Args:
        claim: as judged.
        need: of the same claim.
        evidence: that judged it.
        cells: of each configuration, by its id.
    """
    finding = claim.decisive
    if finding is None or finding.forecast is None or not math.isfinite(finding.forecast.num_seeds):
        return None
    rows = evidence.configurations.set_index("configuration")
    total = 0.0
    for side in finding.sides:
        for configuration, has in candidates(rows.loc[list(side)], need, evidence.confidence)["n"].items():
            for cell in cells.get(configuration, ()):
                seconds = cell.place.known_seconds(cell.first)
                if seconds is None:
                    return None
                total += seconds * max(finding.forecast.num_seeds - has, 0)
    return total
