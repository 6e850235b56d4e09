"""Runs become configurations: one row for what differs in nothing but the seed, with estimates of accuracy and cost."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from benchmark_lightning.report.evidence.choice import best_position as best_of_runs
from benchmark_lightning.report.evidence.choice import could_be_best
from benchmark_lightning.report.evidence.estimate import CONFIDENCE, Estimate
from benchmark_lightning.report.evidence.noise import mean_accuracy
from benchmark_lightning.report.evidence.rounding import settled
from benchmark_lightning.report.evidence.runs import runs_of
from benchmark_lightning.report.evidence.settings import MODEL_KEYS, is_given, is_number, phrase, varies
from benchmark_lightning.report.evidence.statistics import median_of

_SAME = (
    "kind", "model", "dataset", "setting", "condition", "candidate", "num_train", "train_fraction", "num_test", "split",
    "split_hash", "accelerator", "machine", "device", "engine", "source_hash", "max_epochs", "fingerprint", "depends_on_seed",
)  # fmt: skip
_MEDIANS = (
    "fit_seconds",
    "predict_seconds",
    "images_per_second",
    "peak_rss_mib",
    "macs",
    "params",
    "train_flops_per_image",
    "num_support_vectors",
    "model_bytes",
)
_MADE = (
    "name",
    "family",
    "n",
    "num_failed",
    "why_failed",
    "accuracy",
    "cost",
    "value",
    "low",
    "high",
    "val_accuracy",
    "seed_sd",
    "runs",
    "seconds",
)


def configurations(
    table: pd.DataFrame, axes: Sequence[str], confidence: float = CONFIDENCE, of_ranking: float = CONFIDENCE
) -> pd.DataFrame:
    """One row for each configuration that was to be trained to the end, also where every run of it failed.

    Columns besides the axes: ``name`` for a person, with what varies, and ``family``, the same without the numbers;
    ``accuracy`` and ``cost`` (``Estimate`` or None: test accuracy, and seconds of training), their ends as ``low`` and
    ``high``, ``value``, ``n`` (seeds), ``val_accuracy`` (mean), ``seed_sd`` (of the test accuracies over seeds; nan for one seed), ``runs``
    (``Runs`` or None), ``seconds`` (of training, of each run), ``num_failed``, ``why_failed``, and ``is_best`` and ``could_be_best`` among the configurations of the
    same data set, kind and setting: the latter are those that no other one is significantly better than, at
    the confidence ``of_ranking``.
    """
    whole = table[table["is_whole"] & (table["status"] != "skipped")]
    same = [*axes, *_SAME]
    rows = [_row(runs, same, confidence) for _, runs in whole.groupby("configuration", sort=False)]
    frame = pd.DataFrame(rows, columns=["configuration", *same, *_MEDIANS, *_MADE])
    by = ["dataset", "kind", "setting", "model", *(axis for axis in axes if axis not in MODEL_KEYS)]
    frame = frame.sort_values(by, ignore_index=True, na_position="first", key=_sortable)
    names = _names(frame, axes)
    frame["name"], frame["family"] = ([names[position][part] for position in frame.index] for part in (0, 1))
    frame[["is_best", "could_be_best"]] = False
    for _, group in frame.groupby(["dataset", "kind", "setting"]):
        _mark_best(frame, group[group["n"] > 0], of_ranking)
    return frame


def with_confidence(frame: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """The same configurations with intervals of another confidence; what could be the best stays."""
    accuracies = [None if runs is None else mean_accuracy(runs, confidence) for runs in frame["runs"]]
    costs = [median_of(list(seconds), confidence) if seconds else None for seconds in frame["seconds"]]
    return frame.assign(
        accuracy=pd.Series(accuracies, frame.index, object), cost=pd.Series(costs, frame.index, object),
        low=[getattr(one, "low", None) for one in accuracies], high=[getattr(one, "high", None) for one in accuracies],
    ).astype({"low": float, "high": float})  # fmt: skip


def _sortable(values: pd.Series) -> pd.Series:
    """Numbers as they are; a column of several types as text."""
    is_mixed = values.dtype == object and values.dropna().map(type).nunique() > 1
    return values.map(lambda value: "" if value is None else str(value)) if is_mixed else values


def varying_axes(frame: pd.DataFrame, axes: Sequence[str]) -> list[str]:
    """The axes in which these configurations differ, but for those that name the model."""
    return [axis for axis in axes if axis not in MODEL_KEYS and varies(list(frame["model"]), list(frame[axis]))]


def _names(frame: pd.DataFrame, axes: Sequence[str]) -> dict[Any, tuple[str, str]]:
    """Name and family of each configuration: its model and what varies among its kind.

    A name is such as ``resnet18, adam, lr 0.001, batch 32``.
    """
    names = {}
    for _, of_kind in frame.groupby("kind"):
        varying = varying_axes(of_kind, axes)
        for position, model, *values in of_kind[["model", *varying]].itertuples():
            told = [(key, value) for key, value in zip(varying, values, strict=True) if is_given(value)]
            words = [phrase(key, value) for key, value in told]
            named = [word for word, (_, value) in zip(words, told, strict=True) if not is_number(value)]
            names[position] = ", ".join([model, *words]), ", ".join([model, *named])
    return names


def _row(runs: pd.DataFrame, same: Sequence[str], confidence: float) -> dict[str, Any]:
    first, done = runs.iloc[0], runs[(runs["status"] == "ok") & runs["test_accuracy"].notna()]
    failed = runs[runs["status"] != "ok"]
    of_seeds = runs_of(done) if len(done) else None
    if of_seeds is not None and not of_seeds.n:  # no seed was tested on all folds
        of_seeds = runs_of(done, [int(done["fold"].mode().iloc[0])])
    tested: Estimate | None = None
    seconds: list[float] = []
    if of_seeds is not None:
        tested = mean_accuracy(of_seeds, confidence)
        seconds = [second for second in done["fit_seconds"].dropna() if second > 0]
    cost = median_of(seconds, confidence) if seconds else None
    return {
        "configuration": first["configuration"],
        **{name: first[name] for name in same},
        **{name: done[name].median() for name in _MEDIANS},
        "n": 0 if of_seeds is None else of_seeds.n,
        "num_failed": len(failed),
        "why_failed": ", ".join(sorted(set(failed["status"]))),
        "accuracy": tested,
        "cost": cost,
        "value": tested.value if tested else None,
        "low": tested.low if tested else None,
        "high": tested.high if tested else None,
        "val_accuracy": settled(done["val_accuracy"].mean()),
        "seed_sd": np.nan if of_seeds is None or of_seeds.n < 2 else settled(np.std(of_seeds.accuracies, ddof=1)),
        "runs": of_seeds,
        "seconds": tuple(seconds),
    }


def _mark_best(frame: pd.DataFrame, group: pd.DataFrame, confidence: float) -> None:
    """Marks the configuration with the highest mean validation accuracy, and those that could be the best."""
    if group.empty:
        return
    frame.loc[group.index[best_position(group)], "is_best"] = True
    frame.loc[group.index, "could_be_best"] = could_be_best(group["runs"].tolist(), confidence)


def best_position(group: pd.DataFrame) -> int:
    """Where the row with the highest mean validation accuracy stands; the test images choose nothing."""
    return best_of_runs(group["runs"].tolist())


def best_of(frame: pd.DataFrame, **equal: Any) -> pd.Series | None:
    """The best configuration of those whose columns have the given values, or None."""
    for column, value in equal.items():
        frame = frame[frame[column] == value]
    frame = frame[frame["n"] > 0]
    return None if frame.empty else frame.iloc[best_position(frame)]


def main_split(frame: pd.DataFrame) -> pd.DataFrame:
    """Of each data set the configurations on one split: the pooled one where there is one, or that of the most of them."""
    sizes = frame.groupby(["dataset", "split_hash"], dropna=False)["configuration"].transform("size")
    ranks = (
        sizes
        + (frame["split"] == "pooled") * (len(frame) + 1)
        + frame["split_hash"].rank(method="dense").fillna(0) / 1e6
    )
    return frame[ranks == ranks.groupby(frame["dataset"]).transform("max")]
