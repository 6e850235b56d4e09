"""Test accuracy of every configuration: a row each, the best first."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from benchmark_lightning.report.evidence.evidence import Evidence
from benchmark_lightning.report.evidence.formatting import percent
from benchmark_lightning.report.figures.style import (
    INK,
    MAX_ROWS,
    Cues,
    error_ends,
    family_cues,
    label_rows,
    legend_below,
    most_telling,
    note_left_out,
    panel_grid,
    row_panel_height,
    settings_in,
    stacked,
    unlisted,
    wrapped,
)

MAX_PANELS = 8
NARROW = 40  # letters above a panel that shares its half of the page with the names of its rows
FAR = 3.0  # what lies so many times as far below the best as the middle does is drawn at the edge


def draw_accuracy(evidence: Evidence) -> Figure | None:
    """A panel for each data set and setting, a row for each configuration of a network."""
    found = [panel for panel in evidence.panels(evidence.networks) if panel[1]["n"].sum()]
    panels = most_telling(found, MAX_PANELS)
    if not panels:
        return None
    panels = sorted(panels, key=lambda panel: -len(panel[1]))  # those in a row are as high as the highest
    rows = [best_first(group) for _, group in panels]
    figure, axes = panel_grid(len(panels), height=[row_panel_height(row_labels(group)) for group in rows])
    cues = family_cues(evidence)
    for (title, group), shown, ax in zip(panels, rows, axes, strict=True):
        accuracy_rows(ax, shown, cues, len(group) - len(shown))
        ax.set_title(f"{stacked(title, NARROW)}\n{of_runs(shown)}")
    legend_below(figure, legend_handles(rows))
    note_left_out(figure, len(found) - len(panels))
    return figure


def best_first(group: pd.DataFrame) -> pd.DataFrame:
    """The configurations that a panel has room for, by accuracy; those that failed come last."""
    return group.sort_values("value", ascending=False, kind="stable").head(MAX_ROWS)


def row_labels(group: pd.DataFrame) -> list[str]:
    """The names of configurations as the labels of rows; of names that are too long what they do not share."""
    names = [str(name) for name in group["name"]]
    parts = [settings_in(name) for name in names]
    if any(wrapped(name).endswith(" ...") or wrapped(name).endswith("\n...") for name in names):
        shared = set.intersection(*map(set, parts))
        names = [", ".join(part for part in of_name if part not in shared) or ", ".join(of_name) for of_name in parts]
    return [wrapped(name) for name in names]


def accuracy_rows(ax: Axes, shown: pd.DataFrame, cues: Cues, num_left_out: int) -> None:
    """Draws a dot with its interval for each configuration, on a scale that shows the differences."""
    low, high = accuracy_scale(shown)
    runs = set(shown[shown["n"] > 0]["n"])
    for position, row in enumerate(shown.itertuples()):
        if not row.n:
            ax.text(0.02, position, row.why_failed, fontsize=7, va="center", transform=ax.get_yaxis_transform(), label=unlisted(row.name))  # fmt: skip
            continue
        colour, marker, _ = cues[row.family]
        face = colour if row.could_be_best else "none"
        if row.value < low:
            ax.plot(
                low + 0.02 * (high - low),
                position,
                "<",
                color=colour,
                markersize=6,
                label=unlisted(row.name, "below the scale"),
            )
        else:
            ax.errorbar(
                row.value, position, xerr=error_ends(row.value, row.low, row.high), color=colour, marker=marker,
                markersize=5, markerfacecolor=face, capsize=2, linewidth=1, label=unlisted(row.name),
            )  # fmt: skip
        if row.is_best:
            ax.plot(row.value, position, "o", markersize=11, fillstyle="none", color=INK, label=unlisted("best"))
        told = percent(row.value) + (f", n={row.n}" if len(runs) > 1 else "")
        ax.text(
            1.01,
            position,
            told,
            fontsize=6.5,
            va="center",
            transform=ax.get_yaxis_transform(),
            label=unlisted(row.name),
        )
    label_rows(ax, row_labels(shown))
    more = f"\n{num_left_out} less accurate left out" if num_left_out else ""
    ax.set(xlim=(low, high), xlabel=f"test accuracy (scale from {low:.3g}){more}")


def of_runs(shown: pd.DataFrame) -> str:
    """How many runs each mark is of."""
    numbers = sorted(set(shown[shown["n"] > 0]["n"]))
    if len(numbers) != 1:
        return f"means of {numbers[0]} to {numbers[-1]} runs"
    return "one run each" if numbers[0] == 1 else f"means of {numbers[0]} runs"


def accuracy_scale(group: pd.DataFrame) -> tuple[float, float]:
    """The ends of a scale on which the differences between the better half can be seen.

    What lies far below, and the ends of intervals far wider than most, are outside.
    """
    done = group[group["n"] > 0]
    values = done["value"].astype(float)
    lows, highs = (done[end].astype(float).fillna(values) for end in ("low", "high"))
    best, half = float(values.max()), float((highs - lows).median()) / 2
    span = max(FAR * (best - float(values.median())), 2 * half, 0.001)
    near = values >= best - span
    low, high = max(float(lows[near].min()), best - span - 2 * half), min(float(highs[near].max()), best + 2 * half)
    room = 0.06 * (high - low) or 0.001
    return round(low - room, 5), round(high + room, 5)


def legend_handles(groups: Sequence[pd.DataFrame]) -> list[Line2D]:
    """Legend of the marks of these panels."""
    done = pd.concat([group[group["n"] > 0] for group in groups])
    is_below = any((group["value"] < accuracy_scale(group)[0]).any() for group in groups)
    ring, others = {"markersize": 11, "fillstyle": "none", "color": INK}, {"markersize": 5, "color": "grey"}
    marks: list[tuple[str, bool, dict[str, Any]]] = [
        ("best by validation", True, ring | {"marker": "o"}),
        ("could be the best", True, others | {"marker": "o"}),
        ("significantly worse", not done["could_be_best"].all(), others | {"marker": "o", "fillstyle": "none"}),
        ("below the scale", is_below, others | {"marker": "<"}),
    ]
    return [Line2D([], [], linestyle="", label=label, **cue) for label, is_there, cue in marks if is_there]
