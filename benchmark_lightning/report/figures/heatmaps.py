"""Figure 3, and a heatmap of any other metric over any two or three axes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from benchmark_lightning.report.evidence.configurations import best_position
from benchmark_lightning.report.evidence.evidence import Evidence
from benchmark_lightning.report.evidence.statistics import Estimate, mean_of, median_of
from benchmark_lightning.report.figures.style import panel_grid, stacked, unlisted

MAX_PANELS = 16
LESS_IS_BETTER = ("_seconds", "_mib", "_joules", "_loss")
IN_ZERO_TO_ONE = ("val_accuracy", "test_macro_f1", "utilization")


def draw_heatmap(evidence: Evidence) -> Figure | None:
    """Figure 3: test accuracy over the hyperparameters."""
    panels = [
        (stacked(title.replace(" (", f", {model} (", 1)), of_model)
        for title, group in evidence.panels(evidence.networks)
        for model, of_model in group.groupby("model")
        if of_model["n"].sum()
    ]
    panels = [panel for panel in panels if len(panel[1]) > 1] or panels  # one configuration varies nothing
    return heatmap(panels[:MAX_PANELS], ["optimizer", "lr"], "batch_size", "test accuracy")


def draw_metric(
    evidence: Evidence,
    metric: str = "test_accuracy",
    dataset: str | None = None,
    kind: str = "resnet",
    rows: Sequence[str] = ("optimizer", "lr"),
    column: str = "batch_size",
) -> Figure | None:
    """A heatmap of any column of the table, a panel for each model and setting; darker is better.

    Args:
        evidence: what was measured.
        metric: ``test_accuracy``, ``fit_seconds``, ``images_per_second``, ``peak_rss_mib``, ...
        dataset: only this one; None is all.
        kind: ``resnet`` or ``svm``.
        rows: axes that make the rows, such as ``["optimizer", "lr"]`` or, of an SVM, ``["kernel"]``.
        column: the axis that makes the columns, such as ``batch_size`` or ``C``.
    """
    frame = evidence.configurations[evidence.configurations["kind"] == kind]
    if dataset is not None:
        frame = frame[frame["dataset"] == dataset]
    if metric != "test_accuracy":
        frame = _with_metric(evidence, frame, metric)
    by_model = "kernel" not in (*rows, column)
    panels = [
        (stacked(title.replace(" (", f", {model} (", 1) if by_model else title), of_model)
        for title, group in evidence.panels(frame)
        for model, of_model in (group.groupby("model") if by_model else [("", group)])
        if of_model["value"].notna().any()
    ]
    is_less_better = metric.endswith(LESS_IS_BETTER)
    label = metric.replace("_", " ") + (" (darker is less)" if is_less_better else "")
    return heatmap(panels[:MAX_PANELS], list(rows), column, label, is_less_better)


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
        is_as_good_as_best=False,
    )


def heatmap(
    panels: list[tuple[str, pd.DataFrame]], rows: list[str], column: str, label: str, is_less_better: bool = False
) -> Figure | None:
    """A heatmap for each group, on one scale: darker is better; failed and missing cells are hatched.

    Where several configurations share a cell, it shows the one that is best on the validation images. The best value has a frame, and what cannot be told apart from the best configuration a dotted one.

    Args:
        panels: titles and configurations, with ``value``, ``low``, ``high`` and ``n``.
        rows: columns of the frame that make the rows.
        column: column of the frame that makes the columns.
        label: what the values are.
        is_less_better: whether darker is lower.
    """
    if not panels:
        return None
    values = pd.concat([group["value"] for _, group in panels]).dropna()
    if values.empty:
        return None
    num_rows = max(len(group[rows].drop_duplicates()) for _, group in panels)
    num_columns = max(group[column].nunique() for _, group in panels)
    width = min(9.5, min(2, len(panels)) * (1.4 + 1.1 * num_columns) + 1.5)
    figure, axes = panel_grid(len(panels), height=max(0.5 * num_rows + 1.0, 2.2), width=max(width, 4.5))
    low, high = float(values.min()), float(values.max())
    for (title, group), ax in zip(panels, axes, strict=True):
        _heatmap_panel(ax, group, rows, column, (low, high if high > low else low + 1e-9), is_less_better)
        ax.set_title(title)
    figure.colorbar(axes[0].collections[0], ax=axes, label=label, shrink=0.8)
    return figure


def _heatmap_panel(
    ax: Axes, group: pd.DataFrame, rows: list[str], column: str, scale: tuple[float, float], is_less_better: bool
) -> None:
    names = _ordered(group[rows].apply(tuple, axis=1))
    columns = _ordered(group[column].dropna())
    values = np.full((len(names), len(columns)), np.nan)
    texts = np.full(values.shape, "not run", dtype=object)
    as_good = []
    for (name, value), cell in group.groupby([group[rows].apply(tuple, axis=1), column]):
        where, row = (names.index(name), columns.index(value)), cell.iloc[best_position(cell)]
        if not row["n"]:
            texts[where] = row["why_failed"].replace("_", " ").replace(", ", "\n") or "not measured"
            continue
        values[where] = row["value"]
        texts[where] = _cell_text(row) + (f"\nbest of {len(cell)}" if len(cell) > 1 else "")
        if row["is_as_good_as_best"]:
            as_good.append(where)
    best: Any = np.unravel_index((np.nanargmin if is_less_better else np.nanargmax)(values), values.shape)
    sns.heatmap(
        values, ax=ax, vmin=scale[0], vmax=scale[1], cmap="viridis" if is_less_better else "viridis_r", annot=texts, fmt="", cbar=False,
        annot_kws={"fontsize": 7.5}, linewidths=0.5, xticklabels=False, yticklabels=False,
    )  # fmt: skip
    for i, j in np.argwhere(np.isnan(values)):
        ax.add_patch(
            Rectangle((j, i), 1, 1, hatch="////", fill=False, edgecolor="grey", linewidth=0, label=unlisted("no value"))
        )
        ax.text(j + 0.5, i + 0.5, texts[i, j], ha="center", va="center", fontsize=7)
    for i, j in dict.fromkeys([*as_good, best]):
        dots, label = ("-", "highest") if (i, j) == best else (":", "as good as the best")
        ax.add_patch(Rectangle(
            (j + 0.03, i + 0.03), 0.94, 0.94, fill=False, edgecolor="#d55e00", linewidth=2.0, linestyle=dots, label=unlisted(label),
        ))  # fmt: skip
    ax.grid(visible=False)
    ax.set_xticks(
        np.arange(len(columns)) + 0.5,
        [f"{value:g}" if isinstance(value, float | int) else str(value) for value in columns],
    )
    ax.set_yticks(
        np.arange(len(names)) + 0.5,
        [" ".join(_word(name, value) for name, value in zip(rows, row, strict=True)) for row in names],
    )
    ax.set(xlabel=column.replace("_", " "), ylabel="")


def _ordered(values: pd.Series) -> list[Any]:
    """The distinct values, numbers by size and names by letter."""
    return sorted(
        set(values),
        key=lambda value: [(isinstance(part, str), part) for part in np.atleast_1d(np.array(value, dtype=object))],
    )


def _cell_text(row: pd.Series) -> str:
    """The value, half its interval and the runs, with three digits."""
    value, low, high = row["value"], row["low"], row["high"]
    places = (
        max(3 - int(np.floor(np.log10(abs(value)))) - 1, 0) + 1
        if 0 < abs(value) < 1
        else max(2 - int(np.log10(abs(value) or 1)), 0)
    )
    half = "" if pd.isna(low) or pd.isna(high) else f"±{(high - low) / 2:,.{places}f}, "
    return f"{value:,.{places}f}\n{half}n={row['n']}"


def _word(name: str, value: Any) -> str:
    return f"{name} {value:g}" if isinstance(value, float | int) else str(value)
