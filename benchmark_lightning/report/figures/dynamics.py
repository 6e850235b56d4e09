"""How the best network of each data set and setting learns."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmark_lightning.report.evidence.configurations import best_position
from benchmark_lightning.report.evidence.evidence import Evidence
from benchmark_lightning.report.evidence.statistics import mean_of
from benchmark_lightning.report.figures.style import (
    PALETTE,
    error_ends,
    note_left_out,
    panel_grid,
    stacked,
    unlisted,
    wrapped,
)

MAX_ROWS = 6


def draw_dynamics(evidence: Evidence) -> Figure | None:
    """Losses and accuracies by epoch of the best configuration of each panel, a line a run and their mean."""
    chosen = []
    networks = evidence.networks
    for title, group in evidence.panels(networks[networks["n"] > 0]):
        best = group.iloc[best_position(group)]
        runs = evidence.runs_of(best["configuration"])["run"]
        if len(evidence.curves) and evidence.curves["run"].isin(runs).any():
            chosen.append((title, best, evidence.curves[evidence.curves["run"].isin(runs)]))
    if not chosen:
        return None
    figure, axes = panel_grid(2 * len(chosen[:MAX_ROWS]))
    for (title, best, curves), losses, accuracies in zip(chosen, axes[::2], axes[1::2], strict=False):
        for name, colour, marker, ax in (
            ("train/loss", 0, "o", losses), ("val/loss", 1, "s", losses), ("val/accuracy", 2, "^", accuracies),
        ):  # fmt: skip
            if name in curves:
                _curve(ax, curves, name, colour, marker)
        test, epochs = best["accuracy"], curves["epoch"] + 1
        ends = error_ends(test.value, test.low, test.high)
        accuracies.errorbar(
            epochs.max() + 0.35, test.value, ends, marker="*", markersize=11, capsize=3, color=PALETTE[3], label="test/accuracy",
        )  # fmt: skip
        losses.set(ylabel="cross-entropy", title=stacked(title))
        accuracies.set(
            ylabel="accuracy", title=f"{wrapped(best['name'], 60)}\n{best['n']} run{'s' if best['n'] != 1 else ''}"
        )
        for ax in (losses, accuracies):
            ax.set(xlabel="epoch", xticks=_few(sorted(epochs.unique())))
            if ax.get_legend_handles_labels()[0]:
                ax.legend()
    note_left_out(figure, len(chosen) - len(chosen[:MAX_ROWS]), "settings")
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
