"""The best of several configurations: which it is, how good it is without flattery, and which others could be it."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmark_lightning.report.evidence.estimate import CONFIDENCE
from benchmark_lightning.report.evidence.noise import accuracy_difference
from benchmark_lightning.report.evidence.rounding import settled_array
from benchmark_lightning.report.evidence.runs import Runs

NUM_RIVALS = 10


def best_position(several: Sequence[Runs]) -> int:
    """Which of them has the highest mean validation accuracy; the test images choose nothing where there is another way."""
    scores = np.array([_score(runs, runs.validation) for runs in several])
    if np.isnan(scores).all():
        scores = np.array([_score(runs, runs.accuracies) for runs in several])
    return int(settled_array(np.nan_to_num(scores, nan=-1.0)).argmax())


def _score(runs: Runs, values: NDArray[np.float64]) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else np.nan


def best_runs(several: Sequence[Runs]) -> Runs:
    """Runs that tell how good the best of several is, each chosen without being looked at.

    A seed that was lucky on the validation images is often lucky on the test images, so the runs that choose a configuration
    flatter it. For each seed the choice is made by the other seeds, and the run with that seed counts. Where all
    seeds choose the same configuration, these are its runs.

    Args:
        several: of one data set, each with at least one run.

    Returns:
        Runs of what was chosen. With one seed alone, its only run: that has no interval.
    """
    best = several[best_position(several)]
    if len(several) == 1 or not any(runs.depends_on_seed for runs in several):
        return best
    seeds = sorted({seed for runs in several for seed in runs.seeds if runs.depends_on_seed}, key=str)
    picked = [run for run in (_pick(several, seed) for seed in seeds) if run is not None]
    if not picked:
        return best.take([0]) if best.depends_on_seed else best
    orders = {run.order for run in picked}
    paired = len(orders) == 1 and all(run.correct is not None for run in picked)
    return Runs(
        tuple(seeds[: len(picked)]),
        np.concatenate([run.accuracies for run in picked]),
        np.concatenate([run.validation for run in picked]),
        picked[0].num_images,
        np.concatenate([run.correct for run in picked if run.correct is not None]) if paired else None,
        orders.pop() if paired else "",
        True,
    )


def _pick(several: Sequence[Runs], seed: object) -> Runs | None:
    """The run with a seed of what the other seeds choose; None where they choose nothing, or what has no run with it."""
    others = [
        runs.take([place for place, one in enumerate(runs.seeds) if one != seed]) if runs.depends_on_seed else runs
        for runs in several
    ]
    known = [place for place, runs in enumerate(others) if runs.n]
    if not known:
        return None
    chosen = several[known[best_position([others[place] for place in known])]]
    if not chosen.depends_on_seed:
        return chosen
    return chosen.take([chosen.seeds.index(seed)]) if seed in chosen.seeds else None


def could_be_best(several: Sequence[Runs], confidence: float = CONFIDENCE) -> NDArray[np.bool_]:
    """Mark the configurations that no other one is told to be better than.

    Every pair is compared at a level that keeps the chance of any false difference at 5 % (Bonferroni), so that the set
    holds the best with 95 %, and all of several equal ones. One that ran with a single seed is told from none.

    Source: Hsu (1984), Constrained simultaneous confidence intervals for multiple comparisons with the best, Annals of
    Statistics 12; with all pairs in place of those with the best, since "worse than the best" is said of many at once.

    Args:
        several: of one data set; of many, only the ``NUM_RIVALS`` most accurate are told to be better than others, which
            leaves the others in the set at worst.
        confidence: that the set holds the best.
    """
    could = np.ones(len(several), dtype=bool)
    if len(several) < 2:
        return could
    level = 1 - (1 - confidence) / math.comb(len(several), 2)
    means = np.array([runs.accuracies.mean() if runs.has_spread else -1.0 for runs in several])
    for rival in np.argsort(-means, kind="stable")[:NUM_RIVALS]:
        for other in np.flatnonzero(means < means[rival]):
            lead = accuracy_difference(several[rival], several[other], level)
            could[other] &= lead.low is None or lead.low <= 0
    return could
