"""Measures of a configuration that a claim can be about, each with its unit."""

from typing import NamedTuple

import pandas as pd

from benchmark_lightning.report.evidence.evidence import Evidence
from benchmark_lightning.report.evidence.statistics import Estimate, difference, mean_of, median_of, ratio


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
    if measure == "fit_seconds":
        cost: Estimate | None = row["cost"]
        return cost
    is_share, column = MEASURES[measure].is_share, MEASURES[measure].column
    values = evidence.runs_of(row["configuration"])[column].dropna().tolist()
    if not values or (not is_share and min(values) <= 0):
        return None
    return mean_of(values) if is_share else median_of(values)


def compared(compare: str, left: Estimate, right: Estimate) -> Estimate | None:
    """The difference or the ratio of two estimates; None for the ratio of what is not above 0."""
    if compare == "ratio" and min(left.value, right.value) <= 0:
        return None
    return difference(left, right) if compare == "difference" else ratio(left, right)


def unit_of(measure: str, compare: str) -> str:
    """How the result of a comparison is printed."""
    unit = MEASURES[measure].unit
    if compare == "ratio":
        return "ratio"
    return "points" if compare == "difference" and unit == "accuracy" else unit
