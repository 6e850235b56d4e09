"""Seconds of training against accuracy, and what nothing else beats in both."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from benchmark_lightning.report.evidence.evidence import Evidence
from benchmark_lightning.report.evidence.formatting import training_images
from benchmark_lightning.report.evidence.statistics import frontier, frontier_frequencies
from benchmark_lightning.report.figures.accuracy import accuracy_scale
from benchmark_lightning.report.figures.style import (
    Cues,
    Panels,
    error_ends,
    family_cues,
    legend_below,
    logarithmic,
    most_telling,
    note_left_out,
    panel_grid,
    stacked,
    unlisted,
)

MAX_PANELS = 8
SIZES = (36, 80, 140, 210)


def draw_frontier(evidence: Evidence) -> Figure | None:
    """The networks, a panel for each data set and setting."""
    panels = evidence.panels(evidence.networks)
    return _frontiers(evidence, [panel for panel in panels if len(panel[1]) > 1] or panels)


def draw_classical_frontier(evidence: Evidence) -> Figure | None:
    """Classical methods and the networks that were trained on as many images."""
    alike = ["dataset", "num_train", "split", "machine", "source_hash"]  # seconds of two machines are not one axis
    frame = evidence.configurations
    several = frame["machine"].nunique() > 1
    panels, most = [], frame[frame["kind"] == "classical"].groupby("dataset")["num_train"].max()
    for (dataset, num_train, split, machine, _), group in frame.groupby(alike, dropna=False):
        if (group[group["n"] > 0]["kind"] == "classical").any():
            size = training_images(num_train, group["train_fraction"].iloc[0])
            title = f"{dataset} ({size}, {split} split{f', {machine}' if several else ''})"
            panels.append((title, group, num_train == most[dataset]))
    with_both = [(title, group) for title, group, _ in panels if group[group["n"] > 0]["kind"].nunique() > 1]
    return _frontiers(evidence, with_both or [(title, group) for title, group, is_largest in panels if is_largest])


def _frontiers(evidence: Evidence, panels: Panels) -> Figure | None:
    """One panel of cost against accuracy for each group of configurations."""
    timed = [(title, group[group["cost"].notna() & (group["n"] > 0)]) for title, group in panels]
    timed = [panel for panel in timed if len(panel[1])]
    shown = most_telling(timed, MAX_PANELS)
    if not shown:
        return None
    figure, axes = panel_grid(len(shown), height=3.7)
    cues = family_cues(evidence)
    for (title, group), ax in zip(shown, axes, strict=True):
        _frontier_panel(ax, group, cues)
        ax.set(title=stacked(title), xlabel="training, s", ylabel="test accuracy")
        seconds = [cost.value for cost in group["cost"]]
        ax.set_xlim(min(seconds) / 1.3, max(seconds) * 1.3)
        logarithmic(ax, "x")
    drawn = set(pd.concat([group["family"] for _, group in shown]))
    legend_below(figure, [
        Line2D([], [], color=cues[name][0], marker=cues[name][1], linestyle="", label=name)
        for name in cues.names if name in drawn
    ])  # fmt: skip
    note_left_out(figure, len(timed) - len(shown))
    return figure


def _frontier_panel(ax: Axes, group: pd.DataFrame, cues: Cues) -> None:
    params = sorted(group["params"].dropna().unique())
    low, high = accuracy_scale(group)
    for row in group.itertuples():
        colour, marker, _ = cues[row.family]
        size = SIZES[min(params.index(row.params), len(SIZES) - 1)] if row.params in params else 60
        cost = row.cost
        if row.value < low:
            label = unlisted(row.name, "below the scale")
            ax.plot(cost.value, low + 0.02 * (high - low), "v", color=colour, markersize=6, label=label)
            continue
        ax.errorbar(
            cost.value, row.value, error_ends(row.value, row.low, row.high), error_ends(cost.value, cost.low, cost.high),
            color=colour, linewidth=0.8, alpha=0.6, label=unlisted(row.name),
        )  # fmt: skip
        ax.scatter(
            cost.value, row.value, size, color=colour, marker=marker, edgecolor="white", linewidth=0.5, zorder=3,
            label=unlisted(row.name),
        )  # fmt: skip
    costs, gains = group["cost"].tolist(), group["accuracy"].tolist()
    on = frontier([cost.value for cost in costs], [gain.value for gain in gains])
    often = frontier_frequencies(costs, gains)
    points = sorted((costs[i].value, gains[i].value, np.nan if often is None else often[i]) for i in np.flatnonzero(on))
    ax.plot(
        [x for x, _, _ in points], [y for _, y, _ in points], drawstyle="steps-post", color="grey", linewidth=1, zorder=1,
        label=unlisted("frontier"),
    )  # fmt: skip
    across = np.log(max(cost.value for cost in costs) / min(cost.value for cost in costs)) or 1.0
    shown = [point for point in points if point[1] >= low and often is not None]
    for x, y, share in _apart(shown, across, high - low):
        ax.annotate(
            f"{share:.0%}", (x, y), (-5, 5), textcoords="offset points", fontsize=7.5, ha="right",
            label=unlisted("how often on the frontier"),
        )  # fmt: skip
    ax.set_ylim(low, high + 0.06 * (high - low))  # room for the percentages


def _apart(points: list[tuple[float, float, float]], across: float, up: float) -> list[tuple[float, float, float]]:
    """The points of a frontier that can have a number each; of two that lie on each other, the one that stays on it more often."""
    kept: list[tuple[float, float, float]] = []
    for x, y, share in points:
        is_close = kept and np.log(x / kept[-1][0]) < 0.08 * across and y - kept[-1][1] < 0.05 * up
        if not is_close:
            kept.append((x, y, share))
        elif share > kept[-1][2]:
            kept[-1] = (x, y, share)
    return kept
