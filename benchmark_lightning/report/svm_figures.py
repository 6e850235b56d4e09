"""Figures 5, 6 and 11: the kernels, the SVMs beside the networks, and how their costs grow with the training set."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from benchmark_lightning.report.configurations import best_position
from benchmark_lightning.report.evidence import Evidence
from benchmark_lightning.report.hyperparameter_figures import frontier_figure
from benchmark_lightning.report.statistics import Line, fit_line
from benchmark_lightning.report.style import Cues, error_ends, logarithmic, panel_grid


def largest(frame: pd.DataFrame) -> pd.DataFrame:
    """Of each data set, the configurations trained on the most images."""
    return frame[frame["num_train"] == frame.groupby("dataset")["num_train"].transform("max")]


def draw_kernels(evidence: Evidence) -> Figure | None:
    """Figure 5: accuracy and seconds of the kernels, by C."""
    frame = largest(evidence.svms)
    frame = frame[frame["n"] > 0]
    if frame.empty:
        return None
    panels = evidence.panels(frame)[:4]
    figure, axes = panel_grid(3 * len(panels), num_columns=3, height=2.9)
    kernels = Cues(sorted(frame["model"].unique()))
    for position, (title, group) in enumerate(panels):
        bars, points, seconds = axes[3 * position : 3 * position + 3]
        _kernel_accuracy(bars, points, group, kernels)
        _kernel_seconds(seconds, group, kernels)
        bars.set(title=f"{title}, {group['num_train'].iloc[0]:,} training images")
        points.set(title="magnified, 95 % intervals")
        seconds.set(title="seconds")
    handles = [
        Patch(facecolor=kernels[name][0], hatch=kernels[name][2], edgecolor="white", label=name)
        for name in kernels.names
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    return figure


def _kernel_accuracy(bars: Axes, points: Axes, group: pd.DataFrame, kernels: Cues) -> None:
    for kernel, where, width, row in _bars(group, kernels):
        colour, marker, hatch = kernels[kernel]
        ends = error_ends(row["value"], row["low"], row["high"])
        bars.bar(where, row["value"], width, color=colour, hatch=hatch, edgecolor="white")
        bars.errorbar(where, row["value"], ends, color="grey", linewidth=0.8)
        points.errorbar(where, row["value"], ends, color=colour, marker=marker, capsize=3)
    for ax in (bars, points):
        _name_strengths(ax, group)
    bars.set(ylim=(0, 1.05), ylabel="test accuracy, from 0")


def _kernel_seconds(ax: Axes, group: pd.DataFrame, kernels: Cues) -> None:
    for kernel, where, width, row in _bars(group, kernels):
        colour, _, hatch = kernels[kernel]
        fit, predict, cost = row["fit_seconds"], row["predict_seconds"], row["cost"]
        ax.bar(where, fit, width, color=colour, hatch=hatch, edgecolor="white")
        ax.bar(where, predict, width, fit, color=colour, alpha=0.45, hatch="---", edgecolor="white")
        if cost is not None:
            ax.errorbar(where, fit, error_ends(fit, cost.low, cost.high), color="grey", capsize=3)
    _name_strengths(ax, group)
    ax.set(ylabel="fit, and on top predict (pale), s")


def _bars(group: pd.DataFrame, kernels: Cues) -> Iterator[tuple[str, float, float, pd.Series]]:
    """Kernel, position, width and configuration of each bar: kernels side by side at each C, the best of several."""
    strengths = _strengths(group)
    width = 0.8 / len(kernels.names)
    for (kernel, strength), cell in group.groupby(["model", "C"]):
        where = strengths.index(strength) + (kernels.names.index(kernel) + 0.5) * width - 0.4
        yield kernel, where, width * 0.9, cell.iloc[best_position(cell)]


def _strengths(group: pd.DataFrame) -> list[float]:
    return sorted(group["C"].unique())


def _name_strengths(ax: Axes, group: pd.DataFrame) -> None:
    strengths = _strengths(group)
    ax.set_xticks(range(len(strengths)), [f"C {value:g}" for value in strengths])
    ax.set_xlim(-0.6, len(strengths) - 0.4)


def draw_svm_frontier(evidence: Evidence) -> Figure | None:
    """Figure 6: the SVMs beside the networks trained on as many images, seconds of training against accuracy."""
    panels = []
    for (dataset, num_train, split), group in evidence.configurations.groupby(["dataset", "num_train", "split"]):
        if "svm" in set(group[group["n"] > 0]["kind"]):
            panels.append((f"{dataset}, {num_train:,} training images, {split} split", group))
    with_both = [panel for panel in panels if panel[1]["kind"].nunique() > 1]
    return frontier_figure(evidence, with_both or panels[-1:])


def draw_svm_costs(evidence: Evidence) -> Figure | None:
    """Figure 11: seconds and accuracy of the kernels by training images, with the power law of each."""
    frame = evidence.svms
    if frame.empty or frame.groupby("dataset")["num_train"].nunique().max() < 3:
        return None
    panels = [(str(dataset), group) for dataset, group in frame.groupby("dataset") if group["num_train"].nunique() > 2]
    figure, axes = panel_grid(2 * len(panels))
    names = Cues([*sorted(frame["model"].unique()), "best network"])
    for (dataset, group), seconds, accuracies in zip(panels, axes[::2], axes[1::2], strict=True):
        networks = evidence.networks
        networks = networks[(networks["dataset"] == dataset) & (networks["n"] > 0)]
        for kernel, of_kernel in group.groupby("model"):
            rows = by_num_train(of_kernel)
            law = power_law(rows)
            exponent = "" if law is None else f": n^{law.slope:.2f} ({law.slope_low:.2f} to {law.slope_high:.2f})"
            _growth(seconds, accuracies, rows, names, str(kernel), f"{kernel}{exponent}")
        if len(networks):
            _growth(seconds, accuracies, by_num_train(networks), names, "best network", "best network")
        seconds.set(title=f"{dataset}: cost", ylabel="training, s")
        accuracies.set(title=f"{dataset}: accuracy", ylabel="test accuracy")
        for ax in (seconds, accuracies):
            ax.set(xlabel="training images")
            logarithmic(ax, "x")
            ax.legend()
        logarithmic(seconds, "y")
    return figure


def by_num_train(frame: pd.DataFrame) -> pd.DataFrame:
    """For each number of training images, the best configuration on the validation images."""
    done = frame[frame["n"] > 0]
    rows = [group.iloc[best_position(group)] for _, group in done.groupby("num_train")]
    return pd.DataFrame(rows)


def power_law(rows: pd.DataFrame) -> Line | None:
    """Seconds of training as a power of the number of images: a line between the logarithms."""
    if rows.empty or not (rows["fit_seconds"] > 0).all():
        return None
    return fit_line(
        np.log(rows["num_train"].astype(float)).tolist(), np.log(rows["fit_seconds"].astype(float)).tolist()
    )


def _growth(seconds: Axes, accuracies: Axes, rows: pd.DataFrame, names: Cues, name: str, label: str) -> None:
    colour, marker, _ = names[name]
    for _, row in rows.iterrows():
        cost = row["cost"]
        if cost is not None:
            seconds.errorbar(
                row["num_train"], cost.value, error_ends(cost.value, cost.low, cost.high), color=colour, capsize=2
            )
        ends = error_ends(row["value"], row["low"], row["high"])
        accuracies.errorbar(row["num_train"], row["value"], ends, color=colour, capsize=2)
    seconds.plot(rows["num_train"], rows["fit_seconds"], color=colour, marker=marker, label=label)
    accuracies.plot(rows["num_train"], rows["value"], color=colour, marker=marker, label=name)
