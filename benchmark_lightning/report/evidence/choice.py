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
    """Runs that tell how good the best of several is, none of which has chosen it.

    A seed that was lucky on the validation images is often lucky on the test images, so the runs that choose a configuration
    flatter it. One half of the seeds chooses for the other half, and that half for the first. Where both choose the same
    configuration, these are its runs. Where they do not, what the halves report may err together, and the mean of both is known no
    better than that of one half. (With all other seeds choosing for each one, the intervals would cover 82 to 89 %.)

    Args:
        several: of one data set, each with at least one run.

    Returns:
        Runs of what was chosen. With one seed alone, its only run: that has no interval.
    """
    best = several[best_position(several)]
    if len(several) == 1 or not any(runs.depends_on_seed for runs in several):
        return best
    seeds = sorted({seed for runs in several if runs.depends_on_seed for seed in runs.seeds}, key=str)
    halves = seeds[::2], seeds[1::2]
    chosen = [_choose(several, *halves), _choose(several, *halves[::-1])]
    if chosen[0] is not None and chosen[0] == chosen[1]:
        return several[chosen[0]]
    picked = [
        _with(several[place], reporting)
        for place, reporting in zip(chosen, halves[::-1], strict=True)
        if place is not None
    ]
    if not picked:
        return best.take([0])
    orders = {runs.order for runs in picked}
    paired = len(orders) == 1 and all(runs.correct is not None for runs in picked)
    return Runs(
        tuple(seed for runs in picked for seed in runs.seeds),
        np.concatenate([runs.accuracies for runs in picked]),
        np.concatenate([runs.validation for runs in picked]),
        picked[0].num_images,
        np.concatenate([runs.correct for runs in picked if runs.correct is not None]) if paired else None,
        orders.pop() if paired else "",
        True,
        float(len(picked)),
    )


def _choose(several: Sequence[Runs], choosing: Sequence[object], reporting: Sequence[object]) -> int | None:
    """Which configuration some seeds choose, of those that ran with some of the others as well; None where there is none."""
    known = [
        place for place, runs in enumerate(several)
        if not runs.depends_on_seed or all(set(half) & set(runs.seeds) for half in (choosing, reporting))
    ]  # fmt: skip
    if not known or not choosing or not reporting:
        return None
    return known[best_position([_with(several[place], choosing) for place in known])]


def _with(runs: Runs, seeds: Sequence[object]) -> Runs:
    """The runs with some seeds; what depends on none has the same run with each."""
    if not runs.depends_on_seed:
        return runs.take([0] * len(seeds))
    return runs.take([place for place, seed in enumerate(runs.seeds) if seed in seeds])


def could_be_best(several: Sequence[Runs], confidence: float = CONFIDENCE) -> NDArray[np.bool_]:
    """Mark the configurations that no other one is significantly better than.

    Every pair is compared at a level that keeps the chance of any false difference at 5 % (Bonferroni), so that the set
    holds the best with 95 %, and all of several equal ones. One that ran with a single seed differs significantly from none.

    Source: Hsu (1984), Constrained simultaneous confidence intervals for multiple comparisons with the best, Annals of
    Statistics 12; with all pairs in place of those with the best, since "worse than the best" is said of many at once.

    Args:
        several: of one data set; of many, only the ``NUM_RIVALS`` most accurate are compared with the others, which
            leaves the others in the set at worst.
        confidence: that the set holds the best.
    """
    could = np.ones(len(several), dtype=bool)
    if len(several) < 2:
        return could
    level = 1 - (1 - confidence) / math.comb(len(several), 2)
    means = np.array([runs.accuracies.mean() if runs.has_spread else -1.0 for runs in several])
    for rival in np.argsort(-means, kind="stable")[:NUM_RIVALS].tolist():
        for other in np.flatnonzero(means < means[rival]).tolist():
            lead = accuracy_difference(several[rival], several[other], level)
            could[other] &= lead.low is None or lead.low <= 0
    return could
