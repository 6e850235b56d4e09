"""A heatmap for each of several groups of configurations, over given rows and columns."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from benchmark_lightning.report.evidence.configurations import best_of
from benchmark_lightning.report.evidence.settings import as_text, axis_label, is_given, phrase
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
MODEL = "model"
FEWEST = 0.1  # of the cells must have trials: random values have a grid of nothing
INCHES = 0.95  # of a column whose cells have texts


class Metric(NamedTuple):
    """The metric that the cells show.

    Args:
        label: what the values are.
        is_less_better: whether darker is lower.
    """

    label: str
    is_less_better: bool = False


def distinct(values: pd.Series) -> list[Any]:
    """The distinct values: None, flags and numbers by size, and then names by letter."""
    found = {as_text(value): value for value in map(known, values)}
    return sorted(found.values(), key=lambda value: (
        value is not None, isinstance(value, str), 0 if value is None or isinstance(value, str) else value, str(value),
    ))  # fmt: skip


def known(value: Any) -> Any:
    """A cell of a frame as a plain value; None where there is none."""
    plain = value.item() if isinstance(value, np.generic) else value
    return plain if is_given(plain) else None


def heatmap(panels: Panels, rows: list[str], column: str, metric: Metric) -> Figure | None:
    """A heatmap for each group, on one scale: darker is better; failed and missing cells are hatched.

    None where the grid is nearly empty, as that of random values is.

    Where several configurations share a cell, it shows the one that is best on the validation images. The best value has
    a frame, and what could be the best configuration a dotted one.

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
    if sum(grid.num_filled for grid in grids) < FEWEST * sum(grid.values.size for grid in grids):
        return None
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
        self.columns = distinct(group[column])
        orders = [{as_text(value): i for i, value in enumerate(distinct(group[key]))} for key in rows]
        places = {tuple(as_text(known(row[key])) for key in rows): row for _, row in group.iterrows()}
        names = sorted(places, key=lambda place: [order[text] for order, text in zip(orders, place, strict=True)])
        self.names = [
            ", ".join(_word(key, known(places[name][key])) for key in rows if is_given(places[name][key]))
            for name in names
        ]
        self.values = np.full((len(names), len(self.columns)), np.nan)
        self.texts = np.full(self.values.shape, "not run", dtype=object)
        self.as_good: list[tuple[int, int]] = []
        across = [as_text(value) for value in self.columns]
        cells: dict[tuple[int, int], list[int]] = {}
        for position, (_, row) in enumerate(group.iterrows()):
            name = tuple(as_text(known(row[key])) for key in rows)
            cells.setdefault((names.index(name), across.index(as_text(known(row[column])))), []).append(position)
        self.num_filled = len(cells)
        for where, positions in cells.items():
            cell = group.iloc[positions]
            best = best_of(cell)
            self._fill(where, cell.iloc[0] if best is None else best, len(cell))

    def _fill(self, where: tuple[int, int], row: pd.Series, num_shared: int) -> None:
        if not row["n"]:
            self.texts[where] = row["why_failed"].replace("_", " ").replace(", ", "\n") or "not measured"
            return
        self.values[where] = row["value"]
        self.texts[where] = _cell_text(row) + (f"\nbest of {num_shared}" if num_shared > 1 else "")
        if row["could_be_best"]:
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
        line, label = ("-", "highest") if (i, j) == best else (":", "could be the best")
        ax.add_patch(Rectangle(
            (j + 0.03, i + 0.03), 0.94, 0.94, fill=False, edgecolor=PALETTE[3], linewidth=2.0, linestyle=line, label=unlisted(label),
        ))  # fmt: skip
    ax.grid(visible=False)
    words = [_short(value) for value in grid.columns]
    is_long = max(map(len, words)) > 10 or not has_texts
    ax.set_xticks(np.arange(len(words)) + 0.5, words, rotation=90 if is_long else 0, fontsize=7 if is_long else None)
    if any(grid.names):
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
