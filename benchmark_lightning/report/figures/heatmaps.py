"""Heatmaps of test accuracy or of any other metric over what varies."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from benchmark_lightning.errors import InputError, nearest
from benchmark_lightning.report.evidence.configurations import best_position
from benchmark_lightning.report.evidence.evidence import Evidence
from benchmark_lightning.report.evidence.settings import as_text, axis_label, is_given, is_number, phrase
from benchmark_lightning.report.evidence.statistics import Estimate, mean_of, median_of
from benchmark_lightning.report.figures.style import (
    PALETTE,
    Panels,
    most_telling,
    note_left_out,
    panel_grid,
    stacked,
    unlisted,
    wrapped,
)

MAX_PANELS = 16
NUM_ROW_AXES = 2
LESS_IS_BETTER = ("_seconds", "_mib", "_joules", "_loss", "_bytes")
IN_ZERO_TO_ONE = ("val_accuracy", "test_macro_f1", "utilization")
MODEL = "model"
INCHES = 0.95  # of a column whose cells have texts


class Metric(NamedTuple):
    """What the cells show.

    Args:
        label: what the values are.
        is_less_better: whether darker is lower.
    """

    label: str
    is_less_better: bool = False


def draw_heatmap(evidence: Evidence) -> Figure | None:
    """Test accuracy of the networks over what varies; None where nothing does."""
    return draw_metric(evidence) if len(evidence.networks) else None


def draw_metric(
    evidence: Evidence,
    metric: str = "test_accuracy",
    dataset: str | None = None,
    kind: str = "network",
    rows: Sequence[str] | None = None,
    column: str | None = None,
) -> Figure | None:
    """A heatmap of any column of the table, a panel for each setting, model and axis that is not chosen; darker is better.

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
    frame = evidence.configurations
    for name, wanted in (("kind", kind), ("dataset", dataset)):
        if wanted is not None:
            if wanted not in set(frame[name]):
                raise InputError(f"no trial has the {name} {wanted!r}; {nearest(wanted, sorted(set(frame[name])))}")
            frame = frame[frame[name] == wanted]
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
                sizes[key] = max(sizes.get(key, 0), len(_values(of_model[key])))
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


def _values(values: pd.Series) -> list[Any]:
    """The distinct values: None, flags and numbers by size, and then names by letter."""
    distinct = {as_text(value): value for value in map(_known, values)}
    return sorted(distinct.values(), key=lambda value: (
        value is not None, isinstance(value, str), 0 if value is None or isinstance(value, str) else value, str(value),
    ))  # fmt: skip


def _known(value: Any) -> Any:
    return value if is_given(value) else None


def _by_rest(evidence: Evidence, groups: Panels, inside: Sequence[str]) -> Panels:
    """A panel for each setting, model and value of the axes that make neither rows nor columns."""
    panels = []
    for title, group in groups:
        rest = [key for key in (MODEL, *evidence.varying(group)) if key not in inside]
        keys = [tuple(as_text(_known(row[key])) for key in rest) for _, row in group.iterrows()]
        for _, part in group.groupby(pd.Series(keys, index=group.index), sort=False):
            first = part.iloc[0]
            words = [first[key] if key == MODEL else phrase(key, first[key]) for key in rest if is_given(first[key])]
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
        is_as_good_as_best=False,
    )


def heatmap(panels: Panels, rows: list[str], column: str, metric: Metric) -> Figure | None:
    """A heatmap for each group, on one scale: darker is better; failed and missing cells are hatched.

    Where several configurations share a cell, it shows the one that is best on the validation images. The best value has
    a frame, and what cannot be told apart from the best configuration a dotted one.

    Args:
        panels: titles and configurations, with ``value``, ``low``, ``high`` and ``n``.
        rows: columns of the frame that make the rows.
        column: column of the frame that makes the columns.
        metric: what the values are.
    """
    shown = most_telling(panels, MAX_PANELS)
    if not shown or pd.concat([group["value"] for _, group in shown]).dropna().empty:
        return None
    values = pd.concat([group["value"] for _, group in shown]).dropna()
    grids = [_Grid(group, rows, column) for _, group in shown]
    num_rows, num_columns = (max(grid.values.shape[side] for grid in grids) for side in (0, 1))
    is_narrow = num_columns * INCHES > 9.5 - 2  # texts do not fit even where a panel has the page for itself
    across = 1 if 2 * (num_columns * INCHES + 1.4) > 10 else min(2, len(shown))
    width = min(9.5, max(across * (num_columns * INCHES + 1.4) + 1.3, 4.5))
    letters = int(10.5 * (width - 1.3) / across)  # of a line above a panel
    height = max((0.26 if is_narrow else 0.5) * num_rows + 1.1, 1.7)
    figure, axes = panel_grid(len(shown), num_columns=across, height=height, width=width)
    scale = float(values.min()), float(values.max())
    scale = scale if scale[0] < scale[1] else (scale[0], scale[0] + 1e-9)
    for (title, _), grid, ax in zip(shown, grids, axes, strict=True):
        _draw_grid(ax, grid, scale, metric.is_less_better, not is_narrow)
        name, _, rest = title.partition(" (")
        ax.set_title(stacked(f"{wrapped(name, letters)} ({rest}", letters))
    figure.colorbar(axes[0].collections[0], ax=axes, label=metric.label, shrink=0.8)
    note_left_out(figure, len(panels) - len(shown))
    return figure


class _Grid:
    """The cells of a panel: their values, texts and names."""

    def __init__(self, group: pd.DataFrame, rows: list[str], column: str) -> None:
        self.column = column
        self.columns = _values(group[column])
        orders = [{as_text(value): i for i, value in enumerate(_values(group[key]))} for key in rows]
        places = {tuple(as_text(_known(row[key])) for key in rows): row for _, row in group.iterrows()}
        names = sorted(places, key=lambda place: [order[text] for order, text in zip(orders, place, strict=True)])
        self.names = [
            ", ".join(_word(key, places[name][key]) for key in rows if is_given(places[name][key])) for name in names
        ]
        self.values = np.full((len(names), len(self.columns)), np.nan)
        self.texts = np.full(self.values.shape, "not run", dtype=object)
        self.as_good: list[tuple[int, int]] = []
        across = [as_text(value) for value in self.columns]
        cells: dict[tuple[int, int], list[int]] = {}
        for position, (_, row) in enumerate(group.iterrows()):
            name = tuple(as_text(_known(row[key])) for key in rows)
            cells.setdefault((names.index(name), across.index(as_text(_known(row[column])))), []).append(position)
        for where, positions in cells.items():
            cell = group.iloc[positions]
            self._fill(where, cell.iloc[best_position(cell)], len(cell))

    def _fill(self, where: tuple[int, int], row: pd.Series, num_shared: int) -> None:
        if not row["n"]:
            self.texts[where] = row["why_failed"].replace("_", " ").replace(", ", "\n") or "not measured"
            return
        self.values[where] = row["value"]
        self.texts[where] = _cell_text(row) + (f"\nbest of {num_shared}" if num_shared > 1 else "")
        if row["is_as_good_as_best"]:
            self.as_good.append(where)


def _draw_grid(ax: Axes, grid: _Grid, scale: tuple[float, float], is_less_better: bool, has_texts: bool) -> None:
    values, texts = grid.values, grid.texts
    best: Any = np.unravel_index((np.nanargmin if is_less_better else np.nanargmax)(values), values.shape)
    sns.heatmap(
        values, ax=ax, vmin=scale[0], vmax=scale[1], cmap="viridis" if is_less_better else "viridis_r", cbar=False,
        annot=texts if has_texts else None, fmt="", annot_kws={"fontsize": 7.5}, linewidths=0.5, xticklabels=False, yticklabels=False,
    )  # fmt: skip
    for i, j in np.argwhere(np.isnan(values)):
        ax.add_patch(
            Rectangle((j, i), 1, 1, hatch="////", fill=False, edgecolor="grey", linewidth=0, label=unlisted("no value"))
        )
        if has_texts:
            ax.text(j + 0.5, i + 0.5, texts[i, j], ha="center", va="center", fontsize=7)
    for i, j in dict.fromkeys([*grid.as_good, best]):
        line, label = ("-", "highest") if (i, j) == best else (":", "as good as the best")
        ax.add_patch(Rectangle(
            (j + 0.03, i + 0.03), 0.94, 0.94, fill=False, edgecolor=PALETTE[3], linewidth=2.0, linestyle=line, label=unlisted(label),
        ))  # fmt: skip
    ax.grid(visible=False)
    words = [_short(value) for value in grid.columns]
    is_long = max(map(len, words)) > 10 or not has_texts
    ax.set_xticks(np.arange(len(words)) + 0.5, words, rotation=90 if is_long else 0, fontsize=7 if is_long else None)
    ax.set_yticks(np.arange(len(grid.names)) + 0.5, [wrapped(name, 24) for name in grid.names])
    ax.set(xlabel=axis_label(grid.column), ylabel="")


def _short(value: Any) -> str:
    if isinstance(value, bool | None):
        return "none" if value is None else "on" if value else "off"
    return f"{value:g}" if isinstance(value, float | int) else wrapped(str(value), 24)


def _word(key: str, value: Any) -> str:
    return str(value) if key == MODEL else phrase(key, value)


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
