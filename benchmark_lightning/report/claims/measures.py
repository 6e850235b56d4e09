"""Measures of a configuration that a claim can be about, each with its unit."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import pandas as pd

from benchmark_lightning.report.evidence.estimate import Estimate
from benchmark_lightning.report.evidence.evidence import Evidence
from benchmark_lightning.report.evidence.noise import accuracy_difference
from benchmark_lightning.report.evidence.runs import Runs, folds_of, runs_of
from benchmark_lightning.report.evidence.statistics import difference, mean_of, median_of, ratio_of_runs


class Measure(NamedTuple):
    """A measure.

    Args:
        column: of the table of trials.
        words: for a person.
        unit: see ``formatting.estimate``.
        is_share: whether it lies in [0, 1], so that several runs have a mean and not a median.
    """

    column: str
    words: str
    unit: str
    is_share: bool = False


MEASURES = {
    "test/accuracy": Measure("test_accuracy", "test accuracy", "accuracy", is_share=True),
    "test/macro_f1": Measure("test_macro_f1", "macro F1 on the test images", "accuracy", is_share=True),
    "val/accuracy": Measure("val_accuracy", "validation accuracy", "accuracy", is_share=True),
    "fit_seconds": Measure("fit_seconds", "seconds of training", "seconds"),
    "predict_seconds": Measure("predict_seconds", "seconds to predict the test images", "seconds"),
    "images_per_second": Measure("images_per_second", "images per second in training", "number"),
    "energy_joules": Measure("energy_joules", "energy of training, in joules", "number"),
    "peak_rss_mib": Measure("peak_rss_mib", "peak memory, in MiB", "number"),
    "peak_device_mib": Measure("peak_device_mib", "peak memory of the device, in MiB", "number"),
    "model_bytes": Measure("model_bytes", "bytes of the model", "number"),
    "params": Measure("params", "parameters", "number"),
    "speedup": Measure("images_per_second", "speedup over the CPU", "ratio"),
}
# A time, or what depends on the machine: compared on one machine, with one version of the code, alone.
TIMED = frozenset(["fit_seconds", "predict_seconds", "images_per_second", "energy_joules"])


def measured(evidence: Evidence, row: pd.Series, measure: str) -> Estimate | None:
    """The measure of a configuration, a row of ``Evidence.configurations``; None where it was not measured."""
    if measure == "test/accuracy":
        accuracy: Estimate | None = row["accuracy"]
        return accuracy
    values = list(run_values(evidence, row, measure).values())
    if not values:
        return None
    return (
        mean_of(values, evidence.confidence) if MEASURES[measure].is_share else median_of(values, evidence.confidence)
    )


def run_values(evidence: Evidence, row: pd.Series, measure: str) -> dict[Any, float]:
    """The measure of each run of a configuration, by seed, fold and repeat; empty where it is not positive, unless it is a share.

    Of a share, a repeat of a seed is no further run, and a method that depends on no seed has one.
    """
    is_share, column = MEASURES[measure].is_share, MEASURES[measure].column
    runs = evidence.runs_of(row["configuration"])
    runs = runs[runs[column].notna()]
    if is_share and not row["depends_on_seed"]:
        return {"all": float(runs[column].mean())} if len(runs) else {}
    if is_share:
        return {str(seed): float(mean) for seed, mean in runs.groupby("seed", dropna=False)[column].mean().items()}
    if (runs[column] <= 0).any():
        return {}
    names = runs["seed"].astype(str) + "/" + runs["fold"].astype(str) + "/" + runs["repeat"].astype(str)
    return dict(zip(names + "/" + runs["sweep"], runs[column].astype(float), strict=True))


def compared(evidence: Evidence, comparison: tuple[str, str], left: pd.Series, right: pd.Series) -> Estimate | None:
    """The difference or the ratio of a measure of two configurations; None where it was not measured.

    Accuracies are compared image by image, times by pairs of runs that ran one after the other; see ``noise`` and
    ``statistics``.

    Args:
        comparison: the measure, and ``difference`` or ``ratio``.
        left: a row of ``Evidence.configurations``.
        right: another one.
    """
    measure, compare = comparison
    if measure == "test/accuracy" and compare == "difference":
        ours, theirs = on_shared_folds(evidence, [left, right])
        return accuracy_difference(ours, theirs, evidence.confidence)
    values = [run_values(evidence, row, measure) for row in (left, right)]
    if not all(values) or (compare == "ratio" and min(*values[0].values(), *values[1].values()) <= 0):
        return None
    if compare == "ratio":
        return ratio_of_runs(values[0], values[1], evidence.confidence)
    means = [mean_of(list(of_side.values()), evidence.confidence) for of_side in values]
    return difference(means[0], means[1], evidence.confidence)


def why_undecided(measure: str, compare: str) -> str:
    """Why no verdict follows from a measure whose interval leaves out what other test images would do; empty for the others."""
    if not MEASURES[measure].is_share or (measure == "test/accuracy" and compare != "ratio"):
        return ""
    return (
        "its interval is over seeds alone and not over other images; test/accuracy, its value or difference, has both"
    )


def on_shared_folds(evidence: Evidence, rows: Sequence[pd.Series]) -> list[Runs]:
    """The runs of configurations on the test folds that all of them were tested on; on their own where they share none."""
    trials = [evidence.runs_of(row["configuration"]) for row in rows]
    folds = [folds_of(of_row[of_row["test_accuracy"].notna()]) for of_row in trials]
    if len(set(folds)) == 1 or not (shared := frozenset.intersection(*folds)):
        return [row["runs"] for row in rows]
    restricted = [runs_of(of_row, shared) for of_row in trials]
    return restricted if all(runs.n for runs in restricted) else [row["runs"] for row in rows]


def unit_of(measure: str, compare: str) -> str:
    """How the result of a comparison is printed."""
    unit = MEASURES[measure].unit
    if compare == "ratio":
        return "ratio"
    return "points" if compare == "difference" and unit == "accuracy" else unit
