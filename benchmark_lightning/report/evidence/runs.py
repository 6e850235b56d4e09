"""The runs of a configuration: one a seed, with its accuracies and which test images it had right.

Shapes: n seeds, m test images.
"""

import dataclasses
from collections.abc import Collection
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark_lightning.report.evidence.rounding import settled_array

Floats = NDArray[np.float64]


@dataclasses.dataclass(frozen=True, eq=False)
class Runs:
    """One run for each seed of a configuration; a method that depends on none has one.

    Args:
        seeds: n of them.
        accuracies: (n,) on the test images.
        validation: (n,) on the validation images; nan where it is not known.
        num_images: m, over all folds; None where it is not known.
        correct: (n, m) which test images were right; None where a record does not say.
        order: names the images and their order: runs of one order can be compared image by image.
        depends_on_seed: whether another seed would give another accuracy.
        dependence: how many times the variance over independent seeds that of their mean may be.
    """

    seeds: tuple[Any, ...]
    accuracies: Floats
    validation: Floats
    num_images: int | None
    correct: NDArray[np.bool_] | None
    order: str
    depends_on_seed: bool
    dependence: float = 1.0

    @property
    def n(self) -> int:
        """Seeds."""
        return len(self.accuracies)

    @property
    def has_spread(self) -> bool:
        """Whether its error over seeds can be told: it has several, or depends on none."""
        return self.n > 1 or (self.n == 1 and not self.depends_on_seed)

    @cached_property
    def correctness(self) -> Floats:
        """(m,) the share of the seeds that have each image right; only where ``correct`` is known."""
        assert self.correct is not None
        share: Floats = self.correct.mean(axis=0, dtype=np.float64)
        return share

    @cached_property
    def interaction(self) -> float:
        """Variance of one seed's accuracy that comes from images which only some seeds have right; 0 where it is not known."""
        if self.correct is None or self.n < 2:
            return 0.0
        within = self.correctness * (1 - self.correctness) * self.n / (self.n - 1)
        return float(within.mean()) / len(within)

    def take(self, positions: list[int]) -> "Runs":
        """Some of the runs."""
        return dataclasses.replace(
            self, seeds=tuple(self.seeds[position] for position in positions), accuracies=self.accuracies[positions],
            validation=self.validation[positions], correct=None if self.correct is None else self.correct[positions],
        )  # fmt: skip


def folds_of(trials: pd.DataFrame) -> frozenset[int]:
    """The test folds that some trials were tested on."""
    return frozenset(int(fold) for fold in trials["fold"])


def runs_of(trials: pd.DataFrame, folds: Collection[int] | None = None) -> Runs:
    """The runs of one configuration.

    A repeat of a seed is no further run. A seed counts where it was tested on all folds; its accuracy is that of all their images.

    Args:
        trials: rows of the table that went well, of one configuration.
        folds: of the test sets; None is all that the trials have.
    """
    wanted = sorted(folds_of(trials) if folds is None else folds)
    by_place: dict[tuple[Any, int], Any] = {}
    depends_on_seed = bool(trials["depends_on_seed"].iloc[0])
    columns = ["seed", "fold", "repeat", "test_accuracy", "val_accuracy", "num_test", "outcomes"]
    for row in trials[columns].sort_values("repeat", kind="stable").itertuples(index=False):
        if pd.notna(row.test_accuracy):
            seed = row.seed if depends_on_seed else None
            by_place.setdefault((None if pd.isna(seed) else seed, int(row.fold)), row)
    seeds = sorted({seed for seed, _ in by_place}, key=lambda seed: (seed is not None, seed))
    whole = [seed for seed in seeds if all((seed, fold) in by_place for fold in wanted)]
    rows = [[by_place[seed, fold] for fold in wanted] for seed in whole]
    sizes = [[row.num_test for row in of_seed] for of_seed in rows]
    has_sizes = all(pd.notna(size) and size == of_seed[0] for of_seed in zip(*sizes, strict=True) for size in of_seed)
    weights = np.array(sizes[0], dtype=float) if rows and has_sizes else np.ones(len(wanted))
    correct, order = _outcomes(rows)
    return Runs(
        tuple(whole),
        _means([[row.test_accuracy for row in of_seed] for of_seed in rows], weights),
        _means([[row.val_accuracy for row in of_seed] for of_seed in rows], np.ones(len(wanted))),
        int(weights.sum()) if rows and has_sizes else None,
        correct, order, depends_on_seed,
    )  # fmt: skip


def _means(values: list[list[float]], weights: Floats) -> Floats:
    """(n,) the weighted means over folds."""
    if not values:
        return np.empty(0)
    return settled_array(np.asarray(values, dtype=float) @ weights / weights.sum())


def _outcomes(rows: list[list[Any]]) -> tuple[NDArray[np.bool_] | None, str]:
    """(n, m) which images were right, over all folds, and the name of their order."""
    kept = [[row.outcomes for row in of_seed] for of_seed in rows]
    if not kept or any(one is None for of_seed in kept for one in of_seed):
        return None, ""
    orders = {"|".join(one.order_hash for one in of_seed) for of_seed in kept}
    if len(orders) > 1:
        return None, ""
    return np.array([np.concatenate([one.correct for one in of_seed]) for of_seed in kept]), orders.pop()
