"""Runs become configurations: one row for what differs in nothing but the seed, with estimates of accuracy and cost."""

from typing import Any

import pandas as pd

from benchmark_lightning.report.rounding import settled, settled_array
from benchmark_lightning.report.statistics import Estimate, accuracy, as_good_as_best, median_of
from benchmark_lightning.report.table import AXES

ALL_TRAINING_IMAGES = 49_000  # of MNIST and of FashionMNIST in the study's split
_SAME = (
    *AXES,
    "dataset",
    "setting",
    "kind",
    "num_train",
    "train_fraction",
    "num_test",
    "split",
    "split_hash",
    "condition",
    "accelerator",
    "machine",
    "device",
    "source_hash",
)
_MEDIANS = (
    "fit_seconds",
    "predict_seconds",
    "images_per_second",
    "peak_rss_mib",
    "macs",
    "params",
    "train_flops_per_image",
    "num_support_vectors",
)
_MADE = ("n", "num_failed", "why_failed", "accuracy", "cost", "value", "low", "high", "val_accuracy", "runs")
_COLUMNS = ["configuration", *_SAME, *_MEDIANS, *_MADE]


def configurations(table: pd.DataFrame) -> pd.DataFrame:
    """One row for each configuration that was to be trained to the end, also where every run of it failed.

    Columns beside the axes: ``accuracy`` and ``cost`` (``Estimate`` or None: test accuracy, and seconds of training),
    their ends as ``low`` and ``high``, ``value``, ``n``, ``val_accuracy`` (mean), ``num_failed``, ``why_failed`` and
    ``is_as_good_as_best`` and ``is_best`` among the configurations of the same data set, kind and setting.
    """
    whole = table[table["is_whole"] & (table["status"] != "skipped")]
    rows = [_row(runs) for _, runs in whole.groupby("configuration", sort=False)]
    frame = pd.DataFrame(rows, columns=_COLUMNS)
    frame = frame.sort_values(["dataset", "kind", "setting", *AXES], ignore_index=True, na_position="first")
    frame[["is_best", "is_as_good_as_best"]] = False
    for _, group in frame.groupby(["dataset", "kind", "setting"]):
        _mark_best(frame, group[group["n"] > 0])
    return frame


def _row(runs: pd.DataFrame) -> dict[str, Any]:
    first, done = runs.iloc[0], runs[(runs["status"] == "ok") & runs["test_accuracy"].notna()]
    failed = runs[runs["status"] != "ok"]
    tested: Estimate | None = None
    cost: Estimate | None = None
    if len(done):
        num_test = first["num_test"]
        tested = accuracy(done["test_accuracy"].tolist(), None if pd.isna(num_test) else int(num_test))
        seconds = done["fit_seconds"].dropna()
        seconds = seconds[seconds > 0]
        cost = median_of(seconds.tolist()) if len(seconds) else None
    return {
        "configuration": first["configuration"],
        **{name: first[name] for name in _SAME},
        **{name: done[name].median() for name in _MEDIANS},
        "n": len(done),
        "num_failed": len(failed),
        "why_failed": ", ".join(sorted(set(failed["status"]))),
        "accuracy": tested,
        "cost": cost,
        "value": tested.value if tested else None,
        "low": tested.low if tested else None,
        "high": tested.high if tested else None,
        "val_accuracy": settled(done["val_accuracy"].mean()),
        "runs": done["test_accuracy"].tolist(),
    }


def _mark_best(frame: pd.DataFrame, group: pd.DataFrame) -> None:
    """Marks the configuration with the highest mean validation accuracy, and those whose tests do not tell them apart."""
    if group.empty:
        return
    position = best_position(group)
    frame.loc[group.index[position], "is_best"] = True
    num_test = group["num_test"].fillna(1).astype(int).tolist()
    frame.loc[group.index, "is_as_good_as_best"] = as_good_as_best(group["runs"].tolist(), num_test, position)


def best_position(group: pd.DataFrame) -> int:
    """Where the row with the highest mean validation accuracy stands; the test images choose nothing."""
    chosen = group["val_accuracy"] if group["val_accuracy"].notna().any() else group["value"]
    return int(settled_array(chosen.fillna(-1.0)).argmax())


def best_of(frame: pd.DataFrame, **equal: Any) -> pd.Series | None:
    """The best configuration of those whose columns have the given values, or None."""
    for column, value in equal.items():
        frame = frame[frame[column] == value]
    frame = frame[frame["n"] > 0]
    return None if frame.empty else frame.iloc[best_position(frame)]


def study_split(frame: pd.DataFrame) -> pd.DataFrame:
    """Of each data set the configurations on the pooled split, which is the study's, where there are any."""
    is_pooled = frame["split"] == "pooled"
    has_pooled = frame["dataset"].isin(frame[is_pooled]["dataset"])
    return frame[is_pooled | ~has_pooled]


def name_of(row: pd.Series) -> str:
    """A configuration as a person says it: ``resnet18, adam, lr 0.001, batch 32``."""
    words = [str(row["model"])]
    if row["kind"] == "svm":
        words += [f"C {row['C']:g}"] if pd.notna(row["C"]) else []
    else:
        words += [str(row["optimizer"])] if row["optimizer"] else []
        words += [f"lr {row['lr']:g}"] if pd.notna(row["lr"]) else []
        words += [f"batch {row['batch_size']:g}"] if pd.notna(row["batch_size"]) else []
    return ", ".join(words)
