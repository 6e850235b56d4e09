"""What may be compared for a claim: within one setting, of as many training images as there are, pair by pair."""

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from benchmark_lightning.report.configurations import study_split
from benchmark_lightning.report.evidence import Evidence
from benchmark_lightning.report.statistics import Estimate, difference, mean_of_alike, median_of, ratio
from benchmark_lightning.report.verdicts import Finding

STUDY_DATA = ("FashionMNIST", "MNIST")
ONE_RUN = "a network ran once, and other seeds may differ by more"
ONE_PART = "on a part of the training images, where the claim is about all"


def asked(
    evidence: Evidence,
    frame: pd.DataFrame,
    compare: Callable[[str, pd.DataFrame], list[Finding]],
    datasets: Sequence[str] = STUDY_DATA,
) -> list[Finding]:
    """The comparisons of each data set, within one setting at a time: the same machine, code, epochs, precision, split.

    Of all data sets and settings those count that have what it takes, with the largest part of the training images: a
    part never stands beside all of them, and alone decides nothing. Where the study's data sets have no record, those
    that have are asked.
    """
    done = study_split(frame[frame["n"] > 0])
    have = list(dict.fromkeys(done["dataset"]))
    answers = [
        (_share(group), compare(title, group))
        for dataset in [name for name in datasets if name in have] or have
        for title, group in evidence.panels(done[done["dataset"] == dataset])
    ]
    measured = [answer for answer in answers if any(finding.estimate is not None for finding in answer[1])]
    largest = max((share for share, _ in measured), default=None)
    return [
        finding._replace(caveat=finding.caveat or ("" if share == 1.0 else ONE_PART))
        for share, findings in measured or answers[:1]
        if largest is None or share == largest
        for finding in findings
    ]


def _share(group: pd.DataFrame) -> float:
    """Of the training images, how many were trained on."""
    fraction = group["train_fraction"].iloc[0]
    return 1.0 if pd.isna(fraction) else float(fraction)


def pairs(frame: pd.DataFrame, column: str, left: Any, right: Any) -> list[tuple[pd.Series, pd.Series]]:
    """Configurations that differ in one column alone."""
    same = [name for name in ("model", "batch_size", "optimizer", "lr", "dataset", "setting") if name != column]
    found = []
    for _, group in frame.groupby(same, dropna=False):
        lefts, rights = group[group[column] == left], group[group[column] == right]
        if len(lefts) and len(rights):
            found.append((lefts.iloc[0], rights.iloc[0]))
    return found


def one_run(rows: Sequence[pd.Series]) -> str:
    """Why nothing follows where a network ran once: test images know of no other seeds."""
    return ONE_RUN if any(row["kind"] == "resnet" and row["n"] < 2 for row in rows) else ""


def accuracy_lost(what: str, found: list[tuple[pd.Series, pd.Series]], region: tuple[float, float]) -> Finding:
    """How much more accurate the left sides of the pairs are: of one pair with its interval, of several the mean."""
    differences = [difference(left["accuracy"], right["accuracy"]) for left, right in found]
    estimate = mean_of_alike(differences) if len(differences) > 1 else next(iter(differences), None)
    return Finding(what, estimate, region, "points", one_run([row for pair in found for row in pair]))


def times_longer(found: list[tuple[pd.Series, pd.Series]]) -> Estimate | None:
    """The training times of the left sides over those of the right: of several pairs the median, with their spread."""
    timed = [(left["cost"], right["cost"]) for left, right in found if left["cost"] and right["cost"]]
    if len(timed) < 2:
        return next((ratio(left, right) for left, right in timed), None)
    median = median_of([left.value / right.value for left, right in timed])
    return median._replace(method=f"{len(timed)} pairs of configurations: their spread")
