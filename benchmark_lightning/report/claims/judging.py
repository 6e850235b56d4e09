"""Claims are judged: each comparison finds its estimates among the records, and the verdict follows."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import pandas as pd

from benchmark_lightning.errors import InputError
from benchmark_lightning.report.claims.definition import REST, Comparison, Definition, read_claims
from benchmark_lightning.report.claims.measures import MEASURES, TIMED, compared, measured, unit_of
from benchmark_lightning.report.claims.speedups import speedup_findings
from benchmark_lightning.report.claims.verdicts import Claim, Finding, Remark
from benchmark_lightning.report.evidence.configurations import best_of
from benchmark_lightning.report.evidence.evidence import Evidence
from benchmark_lightning.report.evidence.formatting import escape, training_images
from benchmark_lightning.report.evidence.questions import find_function
from benchmark_lightning.report.evidence.selection import COLUMNS, matches
from benchmark_lightning.report.evidence.settings import MODEL_KEYS, phrase
from benchmark_lightning.report.evidence.statistics import Estimate, mean_of_alike, median_of

Kind = TypeVar("Kind", Finding, Remark)
ONE_RUN = "one of them ran once, and other seeds may differ by more"
ONE_PART = "on a part of the training images, where the claim is about all"
_DATA = ("dataset", "num_train", "split_hash", "fingerprint")  # equal in what two kinds of method share
_PLACE = ("machine", "source_hash")  # equal where times are compared


def check_claims(evidence: Evidence) -> list[Claim]:
    """The claims of the study with what the records say of them."""
    return [_judge(number, claim, evidence) for number, claim in enumerate(read_claims(evidence.questions), 1)]


def _judge(number: int, claim: Definition, evidence: Evidence) -> Claim:
    findings = [finding for comparison in claim.comparisons for finding in find(comparison, evidence)]
    remarks = () if claim.explain is None else tuple(_called(claim.explain, evidence, Remark))
    return Claim(
        number, claim.name, claim.says, claim.section, claim.published, claim.criterion or _criterion(claim), findings,
        _remedy(claim.needs), remarks,
    )  # fmt: skip


def _criterion(claim: Definition) -> str:
    """The regions of a claim in words."""
    words = {"value": "the", "difference": "the difference in", "ratio": "the ratio of"}
    return " and ".join(
        f"{words[part.compare]} {MEASURES[part.measure].words} {_lies(*part.holds)}"
        for part in claim.comparisons if part.python is None
    ) or "its function says so"  # fmt: skip


def _lies(low: float, high: float) -> str:
    """A region in words.

    >>> _lies(2.0, math.inf), _lies(0.0, 1.0)
    ('is at least 2', 'lies between 0 and 1')
    """
    if math.isinf(high):
        return f"is at least {low:g}"
    return f"is at most {high:g}" if math.isinf(low) else f"lies between {low:g} and {high:g}"


def _remedy(needs: str) -> str:
    """The commands that measure what a claim needs, as Markdown; words after a semicolon stay as they are."""
    sweeps, _, rest = needs.partition(";")
    commands = ", ".join(f"`benchmark-lightning sweep {name.replace('`', '')}`" for name in sweeps.split())
    return f"{commands}{escape(rest)}"


def find(comparison: Comparison, evidence: Evidence) -> list[Finding]:
    """The findings of one comparison: one for each data set and setting that has what it takes.

    The other side is of the same setting, or of another kind of method: these have no setting in common, and are
    compared where they learn from the same training images and, in time, on the same machine.
    """
    if comparison.python is not None:
        return _called(comparison.python, evidence, Finding)
    if comparison.measure == "speedup":
        return speedup_findings(comparison, evidence)
    frame = evidence.configurations
    frame = select(evidence, frame[frame["n"] > 0], comparison.where)
    taken = select(evidence, frame, comparison.take)
    return asked(evidence, taken, _Comparer(comparison, evidence, frame), comparison.within, comparison.any_part)


def _called(name: str, evidence: Evidence, kind: type[Kind]) -> list[Kind]:
    """The results of a function that the study names.

    Raises:
        InputError: it fails, or returns something else.
    """
    result = find_function(name, evidence.questions)(evidence)
    if not isinstance(result, list | tuple) or not all(isinstance(item, kind) for item in result):
        raise InputError(f"{name} in {evidence.questions.path} returns {result!r}; return a list of {kind.__name__}")
    return list(result)


def select(evidence: Evidence, frame: pd.DataFrame, selector: Mapping[str, Any]) -> pd.DataFrame:
    """The configurations that have all the values; see ``selection.matches``."""
    rows = frame[["configuration", *COLUMNS]].to_dict("records")
    is_meant = [matches(selector, evidence.configs[row["configuration"]], row) for row in rows]
    return frame[pd.Series(is_meant, index=frame.index, dtype=bool)]


def asked(
    evidence: Evidence,
    frame: pd.DataFrame,
    compare: Callable[[str, pd.DataFrame], list[Finding]],
    within: Sequence[str] = (),
    any_part: bool = False,
) -> list[Finding]:
    """The findings of each data set and setting that has what it takes.

    Those with the largest part of the training images count: a part is never compared with all of them, and alone
    decides nothing.

    Args:
        evidence: what was measured.
        frame: the configurations that may be compared.
        compare: title and group -> findings.
        within: columns that are equal in a group, besides those of the data; () is the setting.
        any_part: whether a part of the training images may decide.
    """
    answers = [(_share(group), compare(title, group)) for title, group in _groups(evidence, frame, within)]
    useful = [answer for answer in answers if any(finding.estimate is not None for finding in answer[1])]
    largest = max((share for share, _ in useful), default=None)
    return [
        finding._replace(caveat=finding.caveat or ("" if share == 1.0 or any_part else ONE_PART))
        for share, findings in useful or sorted(answers, key=lambda answer: answer[0])[-1:]
        if largest is None or share == largest
        for finding in findings
    ]


def _groups(evidence: Evidence, frame: pd.DataFrame, within: Sequence[str]) -> list[tuple[str, pd.DataFrame]]:
    if not within:
        return evidence.panels(frame)
    return [
        (f"{group['dataset'].iloc[0]} ({training_images(*group[['num_train', 'train_fraction']].iloc[0])})", group)
        for _, group in frame.groupby(list(dict.fromkeys((*_DATA, *within))), dropna=False)
    ]


def _share(group: pd.DataFrame) -> float:
    """Of the training images, how many were trained on."""
    fraction = group["train_fraction"].iloc[0]
    return 1.0 if pd.isna(fraction) else float(fraction)


def one_run(rows: Sequence[pd.Series]) -> str:
    """Why nothing follows where one ran once whose outcome depends on its seed: test images know of no other seeds."""
    return ONE_RUN if any(row["depends_on_seed"] and row["n"] < 2 for row in rows) else ""


class _Comparer:
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
            estimate = measured(self._evidence, best, comparison.measure)
            return [self._finding(f"{title}: {self._words()} {best['name']}", estimate, [best])]
        others = self._comparable(taken)
        if comparison.against != REST:
            assert isinstance(comparison.against, Mapping)
            others = select(self._evidence, others, comparison.against)
        return self._alike(title, taken, others) if comparison.pair == "alike" else self._best(title, taken, others)

    def _comparable(self, taken: pd.DataFrame) -> pd.DataFrame:
        """All that ``taken`` may be compared with, without itself."""
        first, rest = taken.iloc[0], self._frame.drop(taken.index)
        if self._comparison.within:
            return rest[_equal_in(rest, first, (*_DATA, *self._comparison.within))]
        place = _PLACE if self._comparison.measure in TIMED else ()
        is_other_kind = (rest["kind"] != first["kind"]) & _equal_in(rest, first, (*_DATA, *place))
        return rest[(rest["setting"] == first["setting"]) & (rest["kind"] == first["kind"]) | is_other_kind]

    def _best(self, title: str, taken: pd.DataFrame, others: pd.DataFrame) -> list[Finding]:
        ours, rival = best_of(taken), best_of(others)
        what = f"{title}: {self._words()}"
        if ours is None or rival is None:
            return [self._finding(what, None, [])]
        joint = "minus" if self._comparison.compare == "difference" else "over"
        estimate = self._compared(ours, rival)
        return [self._finding(f"{what} ({ours['name']} {joint} {rival['name']})", estimate, [ours, rival])]

    def _alike(self, title: str, taken: pd.DataFrame, others: pd.DataFrame) -> list[Finding]:
        pairs = self._pairs(taken, others)
        found = [(left, right, self._compared(left, right)) for left, right in pairs]
        estimates = [estimate for _, _, estimate in found if estimate is not None]
        estimate = next(iter(estimates), None)
        if len(estimates) > 1 and self._comparison.compare == "difference":
            unit = unit_of(self._comparison.measure, self._comparison.compare)
            estimate = mean_of_alike(estimates, 100 if unit == "points" else 1)
        elif len(estimates) > 1:
            estimate = median_of([one.value for one in estimates])
            estimate = estimate._replace(method=f"{len(estimates)} pairs of configurations: their spread")
        rows = [row for left, right, _ in found for row in (left, right)]
        return [self._finding(f"{title}: {self._words()}{self._sides()}", estimate, rows)]

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
        estimates = [measured(self._evidence, row, self._comparison.measure) for row in (left, right)]
        ours, theirs = estimates
        return None if ours is None or theirs is None else compared(self._comparison.compare, ours, theirs)

    def _words(self) -> str:
        comparison = self._comparison
        if comparison.what:
            return comparison.what
        words = MEASURES[comparison.measure].words
        return f"{words} of" if comparison.compare == "value" else f"{comparison.compare} in {words}"

    def _finding(self, what: str, estimate: Estimate | None, rows: Sequence[pd.Series]) -> Finding:
        comparison = self._comparison
        unit = unit_of(comparison.measure, comparison.compare)
        return Finding(what, estimate, comparison.holds, unit, one_run(rows))


def _equal_in(frame: pd.DataFrame, row: pd.Series, columns: Sequence[str]) -> pd.Series:
    """Which configurations have the values of ``row`` in some columns."""
    return pd.Series(
        (frame[list(columns)].astype(str) == row[list(columns)].astype(str)).all(axis=1), index=frame.index
    )
