"""Figures 1 to 4: which model, which hyperparameters, and how the best one learns."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from benchmark_lightning.report.evidence.configurations import best_position, name_of
from benchmark_lightning.report.evidence.evidence import Evidence
from benchmark_lightning.report.evidence.statistics import frontier, frontier_frequencies, mean_of
from benchmark_lightning.report.figures.style import (
    PALETTE,
    Cues,
    error_ends,
    logarithmic,
    new_figure,
    panel_grid,
    stacked,
    unlisted,
)

MAX_PANELS = 8
SIZES = (36, 80, 140, 210)


def draw_accuracy_bars(evidence: Evidence) -> Figure | None:
    """Figure 1: accuracy of every configuration; bars from 0 above, the same values magnified below."""
    panels = [panel for panel in evidence.panels(evidence.networks) if panel[1]["n"].sum()][:MAX_PANELS]
    if not panels:
        return None
    num_columns = min(2, len(panels))
    num_rows = -(-len(panels) // num_columns)
    figure = new_figure(9.5, 4.6 * num_rows + 0.3)
    models = Cues(pd.concat([group["model"] for _, group in panels]))
    batches = Cues(sorted(pd.concat([group["batch_size"] for _, group in panels]).unique()))
    cells = figure.subfigures(num_rows, num_columns, squeeze=False).flat
    for (title, group), cell in zip(panels, cells, strict=False):
        bars, points = cell.subplots(2, 1, sharex=True, height_ratios=[1, 1.5])
        _accuracy_panel(bars, points, group, models, batches)
        cell.suptitle(stacked(title), fontsize=10)
    handles = [Patch(facecolor=models[name][0], label=name) for name in models.names]
    handles += [
        Patch(facecolor="none", edgecolor="grey", hatch=batches[size][2], label=f"batch {size:g}")
        for size in batches.names
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=min(len(handles), 8))
    return figure


def _accuracy_panel(bars: Axes, points: Axes, group: pd.DataFrame, models: Cues, batches: Cues) -> None:
    columns = list(dict.fromkeys(zip(group["optimizer"], group["lr"], strict=True)))
    inner = list(dict.fromkeys(sorted(zip(group["model"], group["batch_size"], strict=True))))
    width = 0.84 / len(inner)
    for row in group.itertuples():
        where = columns.index((row.optimizer, row.lr)) + (inner.index((row.model, row.batch_size)) + 0.5) * width - 0.42
        colour, marker, _ = models[row.model]
        name = unlisted(row.model, f"batch {row.batch_size:g}")
        if row.n == 0:
            points.text(
                where, 0.02, row.why_failed, rotation=90, fontsize=6, transform=points.get_xaxis_transform(), label=name
            )
            continue
        bars.bar(
            where,
            row.value,
            width * 0.9,
            color=colour,
            hatch=batches[row.batch_size][2],
            edgecolor="white",
            linewidth=0.4,
            label=name,
        )
        ends = error_ends(row.value, row.low, row.high)
        bars.errorbar(where, row.value, ends, color="grey", linewidth=0.8, label=name)
        points.errorbar(
            where, row.value, ends, color=colour, marker=marker, markersize=5, capsize=2, linewidth=1, label=name
        )
        if row.is_best:
            points.plot(where, row.value, "o", markersize=12, fillstyle="none", color="grey", label=unlisted("best"))
    bars.set(ylim=(0, 1.05), ylabel="from 0")
    points.set(ylabel="test accuracy, magnified", xticks=range(len(columns)))
    points.set_xticklabels([f"{optimizer}\nlr {rate:g}" for optimizer, rate in columns])
    points.set_xlim(-0.5, len(columns) - 0.5)


def draw_frontier(evidence: Evidence) -> Figure | None:
    """Figure 2: seconds of training against accuracy; what nothing else beats in both is joined by a line."""
    return frontier_figure(evidence, evidence.panels(evidence.networks))


def frontier_figure(evidence: Evidence, panels: list[tuple[str, pd.DataFrame]]) -> Figure | None:
    """One panel of cost against accuracy for each group of configurations."""
    panels = [(title, group[group["cost"].notna() & (group["n"] > 0)]) for title, group in panels]
    panels = [panel for panel in panels if len(panel[1])][:MAX_PANELS]
    if not panels:
        return None
    figure, axes = panel_grid(len(panels), height=3.7)
    names = Cues(sorted({_family(row) for _, group in panels for _, row in group.iterrows()}))
    for (title, group), ax in zip(panels, axes, strict=True):
        _frontier_panel(ax, group, names)
        ax.set(title=stacked(title), xlabel="training, s", ylabel="test accuracy")
        seconds = [cost.value for cost in group["cost"]]
        ax.set_xlim(min(seconds) / 1.3, max(seconds) * 1.3)
        logarithmic(ax, "x")
    handles = [
        Line2D([], [], color=names[name][0], marker=names[name][1], linestyle="", label=name) for name in names.names
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=min(len(handles), 4))
    return figure


def _family(row: pd.Series) -> str:
    return f"{row['model']}, {row['optimizer']}" if row["kind"] != "svm" else str(row["model"])


def _frontier_panel(ax: Axes, group: pd.DataFrame, names: Cues) -> None:
    params = sorted(group["params"].dropna().unique())
    for _, row in group.iterrows():
        colour, marker, _ = names[_family(row)]
        name = unlisted(_family(row))
        size = SIZES[min(params.index(row["params"]), len(SIZES) - 1)] if row["params"] in params else 60
        cost = row["cost"]
        ax.errorbar(
            cost.value, row["value"], error_ends(row["value"], row["low"], row["high"]),
            error_ends(cost.value, cost.low, cost.high), color=colour, linewidth=0.8, alpha=0.6, label=name,
        )  # fmt: skip
        ax.scatter(
            cost.value, row["value"], size, color=colour, marker=marker, edgecolor="white", linewidth=0.5, zorder=3, label=name,
        )  # fmt: skip
    costs, gains = group["cost"].tolist(), group["accuracy"].tolist()
    on = frontier([cost.value for cost in costs], [gain.value for gain in gains])
    often = frontier_frequencies(costs, gains)
    points = sorted((costs[i].value, gains[i].value, often[i]) for i in np.flatnonzero(on))
    ax.plot(
        [x for x, _, _ in points],
        [y for _, y, _ in points],
        drawstyle="steps-post",
        color="grey",
        linewidth=1,
        zorder=1,
        label=unlisted("frontier"),
    )
    for number, (x, y, share) in enumerate(points):
        ax.annotate(
            f"{share:.0%}", (x, y), (0, 8 + 9 * (number % 2)), textcoords="offset points", fontsize=7.5, ha="center",
            label=unlisted("how often on the frontier"),
        )  # fmt: skip
    ax.margins(y=0.15)  # room for the percentages


def draw_dynamics(evidence: Evidence) -> Figure | None:
    """Figure 4: losses and accuracies by epoch of the best model of each panel, a line a run and their mean."""
    chosen = []
    networks = evidence.networks
    for title, group in evidence.panels(networks[networks["n"] > 0]):
        best = group.iloc[best_position(group)]
        runs = evidence.runs_of(best["configuration"])["run"]
        if len(evidence.curves) and evidence.curves["run"].isin(runs).any():
            chosen.append((title, best, evidence.curves[evidence.curves["run"].isin(runs)]))
    if not chosen:
        return None
    figure, axes = panel_grid(2 * len(chosen[:MAX_PANELS]))
    for (title, best, curves), losses, accuracies in zip(chosen, axes[::2], axes[1::2], strict=False):
        for name, colour, marker, ax in (
            ("train/loss", 0, "o", losses), ("val/loss", 1, "s", losses), ("val/accuracy", 2, "^", accuracies),
        ):  # fmt: skip
            if name in curves:
                _curve(ax, curves, name, colour, marker)
        test, epochs = best["accuracy"], curves["epoch"] + 1
        ends = error_ends(test.value, test.low, test.high)
        accuracies.errorbar(
            epochs.max() + 0.35, test.value, ends, marker="*", markersize=11, capsize=3, color="#d55e00", label="test/accuracy",
        )  # fmt: skip
        losses.set(ylabel="cross-entropy", title=stacked(title))
        accuracies.set(ylabel="accuracy", title=f"{name_of(best)}\n{best['n']} run{'s' if best['n'] != 1 else ''}")
        for ax in (losses, accuracies):
            ax.set(xlabel="epoch", xticks=_few(sorted(epochs.unique())))
            ax.legend()
    return figure


def _few(epochs: list[int]) -> list[int]:
    step = -(-len(epochs) // 12)
    return epochs[::step]


def _curve(ax: Axes, curves: pd.DataFrame, name: str, colour: int, marker: str) -> None:
    for number, (_, run) in enumerate(curves.groupby("run"), 1):
        label = unlisted(name, f"run {number}")
        ax.plot(run["epoch"] + 1, run[name], color=PALETTE[colour], linewidth=0.7, alpha=0.5, label=label)
    by_epoch = [
        (epoch + 1, mean_of(group[name].dropna().tolist()))
        for epoch, group in curves.groupby("epoch")
        if group[name].notna().any()
    ]
    epochs = [epoch for epoch, _ in by_epoch]
    ax.plot(epochs, [mean.value for _, mean in by_epoch], color=PALETTE[colour], marker=marker, label=name)
    band = [(epoch, mean) for epoch, mean in by_epoch if mean.n > 2 and mean.low is not None]
    ax.fill_between(
        [epoch for epoch, _ in band], [mean.low or 0.0 for _, mean in band], [mean.high or 0.0 for _, mean in band],
        color=PALETTE[colour], alpha=0.15, linewidth=0, label=unlisted(name, "mean"),
    )  # fmt: skip
