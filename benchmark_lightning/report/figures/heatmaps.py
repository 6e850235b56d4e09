"""Heatmaps of test accuracy or of any other metric over what varies."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.figure import Figure

from benchmark_lightning.errors import InputError, nearest
from benchmark_lightning.report.evidence.estimate import Estimate
from benchmark_lightning.report.evidence.evidence import Evidence
from benchmark_lightning.report.evidence.settings import as_text, axis_label, is_given, is_number, phrase
from benchmark_lightning.report.evidence.statistics import mean_of, median_of
from benchmark_lightning.report.figures.grids import MODEL, Metric, distinct, heatmap, known
from benchmark_lightning.report.figures.style import Panels

NUM_ROW_AXES = 2
KINDS = ("network", "classical")
LESS_IS_BETTER = ("_seconds", "_mib", "_joules", "_loss", "_bytes")
IN_ZERO_TO_ONE = ("val_accuracy", "test_macro_f1", "utilization")


def draw_heatmap(evidence: Evidence) -> Figure | None:
    """Test accuracy of the networks over what varies; None where nothing does."""
    return draw_metric(evidence)


def draw_metric(
    evidence: Evidence,
    metric: str = "test_accuracy",
    dataset: str | None = None,
    kind: str = "network",
    rows: Sequence[str] | None = None,
    column: str | None = None,
) -> Figure | None:
    """A heatmap of any column of the table, a panel for each setting, model and axis that is not chosen.

    Darker is better. None where no trial of the kind has the metric, or nothing varies.

    Args:
        evidence: what was measured.
        metric: ``test_accuracy``, ``fit_seconds``, ``images_per_second``, ``peak_rss_mib``, ...
        dataset: only this one; None is all.
        kind: ``network`` or ``classical``.
        rows: axes that make the rows, such as ``["optimizer", "lr"]``, or ``["model"]``; None takes what varies.
        column: the axis that makes the columns; None takes the one with the most values.

    Raises:
        InputError: there is no such metric, data set, kind or axis.
    """
    if kind not in KINDS:
        raise InputError(f"there is no kind {kind!r} of trials; {nearest(kind, KINDS)}")
    frame = evidence.networks if kind == KINDS[0] else evidence.classical
    if dataset is not None:
        datasets = sorted(set(evidence.configurations["dataset"]))
        if dataset not in datasets:
            raise InputError(f"no trial has the data set {dataset!r}; {nearest(dataset, datasets)}")
        frame = frame[frame["dataset"] == dataset]
    axes = [MODEL, *evidence.axes]
    chosen_rows = None if rows is None else [_axis(name, axes) for name in ([rows] if isinstance(rows, str) else rows)]
    chosen_column = None if column is None else _axis(column, axes)
    if metric != "test_accuracy":
        numeric = list(evidence.table.select_dtypes("number").columns)
        if metric not in numeric:
            raise InputError(f"the records have no metric {metric!r}; {nearest(metric, numeric)}")
        frame = _with_metric(evidence, frame, metric)
    groups = [(title, group) for title, group in evidence.panels(frame) if group["value"].notna().any()]
    row_axes, column_axis = _layout(evidence, groups, chosen_rows, chosen_column)
    if column_axis is None:
        return None
    is_less_better = metric.endswith(LESS_IS_BETTER)
    label = metric.replace("_", " ") + (" (darker is less)" if is_less_better else "")
    panels = _by_rest(evidence, groups, [*row_axes, column_axis])
    return heatmap(panels, row_axes, column_axis, Metric(label, is_less_better))


def _axis(name: str, axes: Sequence[str]) -> str:
    """The key that is meant by a key or by its last part."""
    found = [key for key in axes if name in (key, key.rpartition(".")[2], axis_label(key))]
    if len(found) == 1 or name in axes:
        return name if name in axes else found[0]
    if found:
        raise InputError(f"{name} can be {' or '.join(found)}; give the whole key")
    raise InputError(f"there is no axis {name!r}; {nearest(name, [key.rpartition('.')[2] for key in axes])}")


def _layout(
    evidence: Evidence, groups: Panels, rows: list[str] | None, column: str | None
) -> tuple[list[str], str | None]:
    """The axes of the rows and the one of the columns: of what nobody chose, the axis with the most values makes columns."""
    sizes: dict[str, int] = {}
    for _, group in groups:
        for _, of_model in group.groupby(MODEL):
            for key in evidence.varying(of_model):
                sizes[key] = max(sizes.get(key, 0), len(distinct(of_model[key])))
    free = [key for key in evidence.axes if key in sizes and key not in (rows or ()) and key != column]
    if column is None:
        # Of axes with as many values a number makes the columns, and the last one.
        by_size = sorted(enumerate(free), key=lambda item: (sizes[item[1]], _is_numeric(groups, item[1]), item[0]))
        column = by_size[-1][1] if by_size else None
    if rows is None:
        rest = [key for key in free if key != column]
        most = sorted(rest, key=lambda key: -sizes[key])[:NUM_ROW_AXES]
        rows = [key for key in rest if key in most]
    elif column is None and rows:
        *rows, column = rows
    return rows, column


def _is_numeric(groups: Panels, key: str) -> bool:
    return all(is_number(value) for _, group in groups for value in group[key] if is_given(value))


def _by_rest(evidence: Evidence, groups: Panels, inside: Sequence[str]) -> Panels:
    """A panel for each setting, model and value of the axes that make neither rows nor columns."""
    panels = []
    for title, group in groups:
        rest = [key for key in (MODEL, *evidence.varying(group)) if key not in inside]
        keys = [tuple(as_text(known(row[key])) for key in rest) for _, row in group.iterrows()]
        for _, part in group.groupby(pd.Series(keys, index=group.index), sort=False):
            told = [(key, known(part[key].iloc[0])) for key in rest]
            words = [value if key == MODEL else phrase(key, value) for key, value in told if value is not None]
            named = ", ".join([title.partition(" (")[0], *words])
            panels.append((f"{named} ({title.partition(' (')[2]}", part))
    panels = [panel for panel in panels if panel[1]["n"].sum()]
    return [panel for panel in panels if len(panel[1]) > 1] or panels  # one configuration compares nothing


def _with_metric(evidence: Evidence, frame: pd.DataFrame, metric: str) -> pd.DataFrame:
    """The configurations with the mean or the median of another column as their value."""
    estimates = []
    for configuration in frame["configuration"]:
        values = evidence.runs_of(configuration)[metric].dropna().tolist()
        middle = mean_of if metric in IN_ZERO_TO_ONE or min(values, default=0) <= 0 else median_of
        estimates.append(middle(values) if values else Estimate(float("nan"), None, None, 0, "not measured"))
    return frame.assign(
        value=[estimate.value for estimate in estimates],
        low=[estimate.low for estimate in estimates],
        high=[estimate.high for estimate in estimates],
        n=[estimate.n for estimate in estimates],
        could_be_best=False,
    )
