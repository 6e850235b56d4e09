"""Figures 5, 6 and 11: the kernels, the SVMs beside the networks, and how their costs grow with the training set."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from benchmark_lightning.report.evidence.configurations import best_position, study_split
from benchmark_lightning.report.evidence.evidence import Evidence
from benchmark_lightning.report.figures.networks import frontier_figure
from benchmark_lightning.report.evidence.statistics import Line, fit_line
from benchmark_lightning.report.figures.style import Cues, error_ends, logarithmic, panel_grid, stacked, unlisted
from benchmark_lightning.report.evidence.formatting import training_images


def largest(frame: pd.DataFrame) -> pd.DataFrame:
    """Of each data set, the configurations of the study's split trained on the most images."""
    frame = study_split(frame)
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
        bars.set(title=stacked(title))
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
        bars.bar(where, row["value"], width, color=colour, hatch=hatch, edgecolor="white", label=unlisted(kernel))
        bars.errorbar(where, row["value"], ends, color="grey", linewidth=0.8, label=unlisted(kernel))
        points.errorbar(where, row["value"], ends, color=colour, marker=marker, capsize=3, label=unlisted(kernel))
    for ax in (bars, points):
        _name_strengths(ax, group)
    bars.set(ylim=(0, 1.05), ylabel="test accuracy, from 0")


def _kernel_seconds(ax: Axes, group: pd.DataFrame, kernels: Cues) -> None:
    for kernel, where, width, row in _bars(group, kernels):
        colour, _, hatch = kernels[kernel]
        fit, predict, cost = row["fit_seconds"], row["predict_seconds"], row["cost"]
        ax.bar(where, fit, width, color=colour, hatch=hatch, edgecolor="white", label=unlisted(kernel, "fit"))
        ax.bar(
            where, predict, width, fit, color=colour, alpha=0.45, hatch="---", edgecolor="white", label=unlisted(kernel, "predict"),
        )  # fmt: skip
        if cost is not None:
            ends = error_ends(fit, cost.low, cost.high)
            ax.errorbar(where, fit, ends, color="grey", capsize=3, label=unlisted(kernel, "fit"))
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
    alike = ["dataset", "num_train", "split", "machine", "source_hash"]  # seconds of two machines are not one axis
    several = evidence.configurations["machine"].nunique() > 1
    for (dataset, num_train, split, machine, _), group in evidence.configurations.groupby(alike, dropna=False):
        if "svm" in set(group[group["n"] > 0]["kind"]):
            size = training_images(num_train, group["train_fraction"].iloc[0])
            panels.append((f"{dataset} ({size}, {split} split{f', {machine}' if several else ''})", group))
    with_both = [panel for panel in panels if panel[1]["kind"].nunique() > 1]
    return frontier_figure(evidence, with_both or panels[-1:])


class Growth(NamedTuple):
    """One SVM, the same but for the number of training images.

    Args:
        rows: one configuration a number of images, in their order.
        law: seconds of training as a power of that number; None where it cannot be fitted.
    """

    dataset: str
    name: str
    rows: pd.DataFrame
    law: Line | None


def growths(evidence: Evidence) -> list[Growth]:
    """Every kernel that was fitted, under one condition, to at least three numbers of images; of several C the best one."""
    found = []
    svms = study_split(evidence.svms[evidence.svms["n"] > 0])
    for (dataset, kernel, _), group in svms.groupby(["dataset", "model", "condition"]):
        same = group.groupby(["C", "gamma", "degree"], dropna=False)
        grown = group[same["num_train"].transform("nunique") > 2]
        if grown.empty:
            continue
        most = grown[grown["num_train"] == grown["num_train"].max()]
        rows = same.get_group(tuple(most.iloc[best_position(most)][["C", "gamma", "degree"]])).sort_values("num_train")
        found.append(Growth(str(dataset), f"{kernel}, C {rows['C'].iloc[0]:g}", rows, _power_law(rows)))
    return found


def _power_law(rows: pd.DataFrame) -> Line | None:
    """The line between the logarithms."""
    if not (rows["fit_seconds"] > 0).all():
        return None
    return fit_line(
        np.log(rows["num_train"].astype(float)).tolist(), np.log(rows["fit_seconds"].astype(float)).tolist()
    )


def draw_svm_costs(evidence: Evidence) -> Figure | None:
    """Figure 11: seconds and accuracy of the kernels by training images, with the power law of each."""
    found = growths(evidence)
    if not found:
        return None
    datasets = list(dict.fromkeys(growth.dataset for growth in found))
    figure, axes = panel_grid(2 * len(datasets))
    names = Cues([*(growth.name for growth in found), "best network"])
    for dataset, seconds, accuracies in zip(datasets, axes[::2], axes[1::2], strict=True):
        for growth in (growth for growth in found if growth.dataset == dataset):
            law = growth.law
            exponent = "" if law is None else f": n^{law.slope:.2f} ({law.slope_low:.2f} to {law.slope_high:.2f})"
            _growth(seconds, accuracies, growth.rows, names, growth.name, f"{growth.name}{exponent}")
        networks = study_split(evidence.networks[evidence.networks["n"] > 0])
        fitted = pd.concat([growth.rows for growth in found if growth.dataset == dataset])
        networks = networks[(networks["dataset"] == dataset) & networks["machine"].isin(fitted["machine"])]
        if len(networks):
            best = [group.iloc[best_position(group)] for _, group in networks.groupby("num_train")]
            _growth(seconds, accuracies, pd.DataFrame(best), names, "best network", "best network")
        seconds.set(title=f"{dataset}: cost", ylabel="training, s")
        accuracies.set(title=f"{dataset}: accuracy", ylabel="test accuracy")
        for ax in (seconds, accuracies):
            ax.set(xlabel="training images")
            logarithmic(ax, "x")
            ax.legend()
        if (fitted["fit_seconds"] > 0).any():  # others may have disturbed every one of them
            logarithmic(seconds, "y")
    return figure


def _growth(seconds: Axes, accuracies: Axes, rows: pd.DataFrame, names: Cues, name: str, label: str) -> None:
    colour, marker, _ = names[name]
    for _, row in rows.iterrows():
        cost = row["cost"]
        if cost is not None:
            ends = error_ends(cost.value, cost.low, cost.high)
            seconds.errorbar(row["num_train"], cost.value, ends, color=colour, capsize=2, label=unlisted(name))
        ends = error_ends(row["value"], row["low"], row["high"])
        accuracies.errorbar(row["num_train"], row["value"], ends, color=colour, capsize=2, label=unlisted(name))
    seconds.plot(rows["num_train"], rows["fit_seconds"], color=colour, marker=marker, label=label)
    accuracies.plot(rows["num_train"], rows["value"], color=colour, marker=marker, label=name)
