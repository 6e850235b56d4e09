"""The two sides of a comparison are found among the configurations and compared."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from benchmark_lightning.report.claims.definition import REST, Comparison
from benchmark_lightning.report.claims.measures import (
    MEASURES,
    TIMED,
    compared,
    measured,
    on_shared_folds,
    unit_of,
    why_undecided,
)
from benchmark_lightning.report.claims.verdicts import Finding
from benchmark_lightning.report.evidence.choice import best_runs
from benchmark_lightning.report.evidence.configurations import best_of, best_position
from benchmark_lightning.report.evidence.estimate import Estimate, Noise, half_width
from benchmark_lightning.report.evidence.evidence import Evidence
from benchmark_lightning.report.evidence.noise import Weighted, accuracy_difference, contrast, mean_accuracy
from benchmark_lightning.report.evidence.selection import COLUMNS, matches
from benchmark_lightning.report.evidence.settings import MODEL_KEYS, phrase
from benchmark_lightning.report.evidence.statistics import log_centre

ACCURACY = "test/accuracy"
DATA = ("dataset", "num_train", "split_hash", "fingerprint")  # equal in what two kinds of method share
PLACE = ("machine", "source_hash")  # equal where times are compared


def select(evidence: Evidence, frame: pd.DataFrame, selector: Mapping[str, Any]) -> pd.DataFrame:
    """The configurations that have all the values; see ``selection.matches``."""
    rows = frame[["configuration", *COLUMNS]].to_dict("records")
    is_meant = [matches(selector, evidence.configs[row["configuration"]], row) for row in rows]
    return frame[pd.Series(is_meant, index=frame.index, dtype=bool)]


class Comparer:
    """Compares a group of what is taken with the other side of a comparison.

    Args:
        comparison: what is compared.
        evidence: what was measured.
        frame: the configurations among which the other side is.
    """

    def __init__(self, comparison: Comparison, evidence: Evidence, frame: pd.DataFrame) -> None:
        self._comparison, self._evidence, self._frame = comparison, evidence, frame

    def __call__(self, title: str, taken: pd.DataFrame) -> list[Finding]:
        comparison = self._comparison
        if comparison.against is None:
            best = best_of(taken)
            assert best is not None
            return [self._finding(f"{title}: {self._words()} {best['name']}", self._value(best, taken), taken)]
        others = self._comparable(taken)
        if comparison.against != REST:
            assert isinstance(comparison.against, Mapping)
            others = select(self._evidence, others, comparison.against)
        return self._alike(title, taken, others) if comparison.pair == "alike" else self._best(title, taken, others)

    def _value(self, best: pd.Series, taken: pd.DataFrame) -> Estimate | None:
        """The measure of the best; its accuracy by runs that did not choose it."""
        if self._comparison.measure != ACCURACY:
            return measured(self._evidence, best, self._comparison.measure)
        return mean_accuracy(best_runs(taken["runs"].tolist()), self._evidence.confidence)

    def _comparable(self, taken: pd.DataFrame) -> pd.DataFrame:
        """All that ``taken`` may be compared with, without itself."""
        first, rest = taken.iloc[0], self._frame.drop(taken.index)
        place = PLACE if self._comparison.measure in TIMED else ()
        if self._comparison.within:
            return rest[_equal_in(rest, first, (*DATA, *self._comparison.within, *place))]
        is_other_kind = (rest["kind"] != first["kind"]) & _equal_in(rest, first, (*DATA, *place))
        return rest[(rest["setting"] == first["setting"]) & (rest["kind"] == first["kind"]) | is_other_kind]

    def _best(self, title: str, taken: pd.DataFrame, others: pd.DataFrame) -> list[Finding]:
        ours, rival = best_of(taken), best_of(others)
        what = f"{title}: {self._words()}"
        if ours is None or rival is None:
            return [self._finding(what, None)]
        joint = "minus" if self._comparison.compare == "difference" else "over"
        if self._is_accuracy:
            estimate: Estimate | None = lead_of_best(self._evidence, taken, others)
        else:
            estimate = self._compared(ours, rival)
        return [self._finding(f"{what} ({ours['name']} {joint} {rival['name']})", estimate, taken, others)]

    @property
    def _is_accuracy(self) -> bool:
        return self._comparison.measure == ACCURACY and self._comparison.compare == "difference"

    def _alike(self, title: str, taken: pd.DataFrame, others: pd.DataFrame) -> list[Finding]:
        pairs = self._pairs(taken, others)
        what = f"{title}: {self._words()}{self._sides()}"
        sides = [pd.DataFrame([pair[side] for pair in pairs]) for side in (0, 1)]
        return [self._finding(what, self._mean(pairs), *sides)] if pairs else [self._finding(what, None)]

    def _mean(self, pairs: Sequence[tuple[pd.Series, pd.Series]]) -> Estimate | None:
        """The mean over the pairs."""
        if len(pairs) == 1:
            return self._compared(*pairs[0])
        if self._is_accuracy:
            weights: Counter[str] = Counter()
            for left, right in pairs:  # one configuration may be in several pairs
                weights[left["configuration"]] += 1
                weights[right["configuration"]] -= 1
            rows = {row["configuration"]: row for pair in pairs for row in pair}
            runs = on_shared_folds(self._evidence, list(rows.values()))
            parts = [Weighted(weights[name] / len(pairs), of_one) for name, of_one in zip(rows, runs, strict=True)]
            estimate = contrast(parts, self._evidence.confidence)
            return estimate._replace(method=f"{len(pairs)} pairs of configurations; {estimate.method}")
        found = [one for one in (self._compared(*pair) for pair in pairs) if one is not None]
        if not found:
            return None
        mean = _mean_of_pairs(found, self._comparison.compare == "ratio", self._evidence.confidence)
        names = [row["configuration"] for pair in pairs for row in pair]
        if len(set(names)) < len(names):  # then the pairs do not err independently
            return mean._replace(
                low=None, high=None, noise=None, method="a configuration is in several pairs: no interval"
            )
        return mean

    def _sides(self) -> str:
        """Words for the two sides of pairs, where the claim has none of its own."""
        comparison = self._comparison
        if comparison.what or not isinstance(comparison.against, Mapping):
            return ""
        left, right = (
            ", ".join(phrase(key, value) for key, value in side.items())
            for side in (comparison.take, comparison.against)
        )
        return f" ({left} {'minus' if comparison.compare == 'difference' else 'over'} {right})"

    def _pairs(self, taken: pd.DataFrame, others: pd.DataFrame) -> list[tuple[pd.Series, pd.Series]]:
        """Configurations that are equal in all axes but those that tell the two sides apart."""
        against = self._comparison.against
        told = {*self._comparison.take, *(against if isinstance(against, Mapping) else ())}
        if told & {"model", "model.arch", "model.network", "estimator"}:
            told |= set(MODEL_KEYS)
        same = ["dataset", "setting", *(axis for axis in self._evidence.axes if axis not in told)]
        by_place: dict[tuple[str, ...], list[pd.Series]] = {}
        for _, row in others.iterrows():
            by_place.setdefault(tuple(map(str, row[same])), []).append(row)
        return [(row, other) for _, row in taken.iterrows() for other in by_place.get(tuple(map(str, row[same])), [])]

    def _compared(self, left: pd.Series, right: pd.Series) -> Estimate | None:
        return compared(self._evidence, (self._comparison.measure, self._comparison.compare), left, right)

    def _words(self) -> str:
        comparison = self._comparison
        if comparison.what:
            return comparison.what
        words = MEASURES[comparison.measure].words
        return f"{words} of" if comparison.compare == "value" else f"{comparison.compare} in {words}"

    def _finding(self, what: str, estimate: Estimate | None, *sides: pd.DataFrame) -> Finding:
        comparison = self._comparison
        configurations = tuple(tuple(dict.fromkeys(side["configuration"])) for side in sides)
        unit = unit_of(comparison.measure, comparison.compare)
        caveat = why_undecided(comparison.measure, comparison.compare)
        return Finding(what, estimate, comparison.holds, unit, caveat, configurations)


def lead_of_best(evidence: Evidence, taken: pd.DataFrame, others: pd.DataFrame) -> Estimate:
    """The accuracy of the best of some configurations minus that of the best of others, on the test folds that they share.

    Where no seed plays a part, the folds of those that were not chosen do not matter.
    """
    sides = (taken, others)
    if not (taken["depends_on_seed"].any() or others["depends_on_seed"].any()):
        sides = tuple(side.iloc[[best_position(side)]] for side in sides)
    runs = on_shared_folds(evidence, [row for side in sides for _, row in side.iterrows()])
    ours, theirs = best_runs(runs[: len(sides[0])]), best_runs(runs[len(sides[0]) :])
    return accuracy_difference(ours, theirs, evidence.confidence)


def _mean_of_pairs(estimates: Sequence[Estimate], is_ratio: bool, confidence: float) -> Estimate:
    """The mean of comparisons, of ratios the geometric one.

    Its interval is that of the runs; where a pair has one run alone it has none, as pairs that differ are no replicates.
    """
    values = [estimate.value for estimate in estimates]
    noises = [estimate.noise for estimate in estimates if estimate.noise is not None]
    n = min(estimate.n for estimate in estimates)
    if len(noises) < len(estimates):
        value = float(np.exp(np.mean(np.log(values)))) if is_ratio else float(np.mean(values))
        return Estimate(
            value, None, None, n, f"{len(values)} pairs of configurations, one of a single run: no interval"
        )
    shares = np.array([noise.seeds for noise in noises]) / len(noises) ** 2
    known = float((shares**2 / np.array([noise.df for noise in noises])).sum())
    total = float(shares.sum())
    num_seeds = float(np.mean([noise.num_seeds for noise in noises]))
    noise = Noise(total, total**2 / known if known > 0 else np.inf, num_seeds=num_seeds, is_log=is_ratio)
    middle = float(np.mean([log_centre(one) for one in estimates] if is_ratio else values))
    ends = (middle - half_width(noise, confidence), middle, middle + half_width(noise, confidence))
    low, value, high = np.exp(ends).tolist() if is_ratio else ends
    return Estimate(value, low, high, n, f"{len(values)} pairs of configurations, {n} runs each", noise=noise)


def _equal_in(frame: pd.DataFrame, row: pd.Series, columns: Sequence[str]) -> pd.Series:
    """Which configurations have the values of ``row`` in some columns."""
    return pd.Series(
        (frame[list(columns)].astype(str) == row[list(columns)].astype(str)).all(axis=1), index=frame.index
    )
