"""Classical methods: accuracy and seconds of each, and how these grow with the training set."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from benchmark_lightning.report.evidence.configurations import best_position, main_split
from benchmark_lightning.report.evidence.evidence import Evidence
from benchmark_lightning.report.evidence.formatting import estimate
from benchmark_lightning.report.evidence.scaling import Growth, growths
from benchmark_lightning.report.evidence.settings import axis_label, is_given, is_number
from benchmark_lightning.report.figures.accuracy import (
    NARROW,
    accuracy_rows,
    accuracy_scale,
    best_first,
    legend_handles,
    of_runs,
    row_labels,
)
from benchmark_lightning.report.figures.style import (
    INK,
    WIDEST_LINE,
    Cues,
    error_ends,
    family_cues,
    label_rows,
    legend_below,
    logarithmic,
    most_telling,
    note_left_out,
    panel_grid,
    row_panel_height,
    stacked,
    unlisted,
    wrapped,
)

MAX_PANELS = 4
FIT, PREDICT = "fit", "predict the test images"


def draw_classical_accuracy(evidence: Evidence) -> Figure | None:
    """Accuracy and seconds of the methods trained on the most images of each data set.

    Where a number alone varies within the families, such as C of kernels, it is the x axis, and a family is a line. Else
    each configuration is a row.
    """
    frame = main_split(evidence.classical)
    frame = frame[(frame["n"] > 0) & (frame["num_train"] == frame.groupby("dataset")["num_train"].transform("max"))]
    found = evidence.panels(frame) if len(frame) else []
    panels = most_telling(found, MAX_PANELS)
    if not panels:
        return None
    shown = [best_first(group) for _, group in panels]
    along = [_number_that_varies(evidence, group) for _, group in panels]
    heights = [
        row_panel_height(row_labels(rows)) if key is None else 3.2 for rows, key in zip(shown, along, strict=True)
    ]
    figure, axes = panel_grid(2 * len(panels), height=[height for height in heights for _ in range(2)])
    cues = family_cues(evidence)
    for (title, group), rows, key, accuracies, seconds in zip(panels, shown, along, axes[::2], axes[1::2], strict=True):
        if key is None:
            accuracy_rows(accuracies, rows, cues, len(group) - len(rows))
            _seconds_rows(seconds, rows, cues)
        else:
            _curves(accuracies, seconds, group, key, cues)
        accuracies.set_title(f"{stacked(title, NARROW if key is None else WIDEST_LINE)}\n{of_runs(rows)}")
    of_rows = [rows for rows, key in zip(shown, along, strict=True) if key is None]
    of_curves = [rows["family"] for rows, key in zip(shown, along, strict=True) if key is not None]
    drawn = {name for names in of_curves for name in names}
    families = [
        Line2D([], [], color=cues[name][0], marker=cues[name][1], label=name) for name in cues.names if name in drawn
    ]
    times = [
        Line2D([], [], color="grey", marker="o", label=FIT),
        Line2D([], [], color="grey", marker="o", markerfacecolor="none", linestyle=":", label=PREDICT),
    ]
    legend_below(figure, [*families, *(legend_handles(of_rows) if of_rows else []), *times])
    note_left_out(figure, len(found) - len(panels))
    return figure


def _number_that_varies(evidence: Evidence, group: pd.DataFrame) -> str | None:
    """The only number in which the members of families differ, where all have it; None where there is no such one."""
    numbers = [
        key for key in evidence.varying(group) if any(is_number(value) for value in group[key] if is_given(value))
    ]
    if len(numbers) != 1 or not all(is_number(value) and is_given(value) for value in group[numbers[0]]):
        return None
    return numbers[0] if group.groupby("family")[numbers[0]].nunique().max() > 1 else None


def _curves(accuracies: Axes, seconds: Axes, group: pd.DataFrame, key: str, cues: Cues) -> None:
    for family, of_family in group.groupby("family"):
        members = of_family.sort_values(key)
        x = members[key].astype(float).tolist()
        colour, marker, _ = cues[family]
        for row in members.itertuples():
            at = float(members.at[row.Index, key])
            ends = error_ends(row.value, row.low, row.high)
            accuracies.errorbar(at, row.value, ends, color=colour, capsize=2, label=unlisted(row.name))
            if row.cost is not None:
                ends = error_ends(row.cost.value, row.cost.low, row.cost.high)
                seconds.errorbar(at, row.cost.value, ends, color=colour, capsize=2, label=unlisted(row.name, FIT))
            if row.is_best:
                accuracies.plot(at, row.value, "o", markersize=11, fillstyle="none", color=INK, label=unlisted("best"))
        accuracies.plot(x, members["value"], color=colour, marker=marker, label=unlisted(family))
        fit, predict = members["fit_seconds"].astype(float), members["predict_seconds"].astype(float)
        seconds.plot(x, fit.where(fit > 0), color=colour, marker=marker, label=unlisted(family, FIT))
        seconds.plot(
            x, predict.where(predict > 0), color=colour, marker=marker, markerfacecolor="none", linestyle=":",
            label=unlisted(family, PREDICT),
        )  # fmt: skip
    low, high = accuracy_scale(group)
    accuracies.set(ylim=(low, high), ylabel=f"test accuracy (scale from {low:.3g})", xlabel=axis_label(key))
    seconds.set(ylabel="seconds", xlabel=axis_label(key), title=f"{FIT}, and {PREDICT}")
    values = group[key].astype(float)
    for ax in (accuracies, seconds):
        if values.min() > 0 and values.max() / values.min() >= 10:
            logarithmic(ax, "x")
    _seconds_scale(seconds, group, "y")


def _seconds_rows(ax: Axes, shown: pd.DataFrame, cues: Cues) -> None:
    """Fit and predict of each configuration beside its accuracy."""
    for position, row in enumerate(shown.itertuples()):
        colour, marker, _ = cues[row.family]
        if row.cost is not None:
            ends = error_ends(row.cost.value, row.cost.low, row.cost.high)
            ax.errorbar(
                row.cost.value, position, xerr=ends, color=colour, marker=marker, markersize=5, capsize=2, label=unlisted(row.name, FIT),
            )  # fmt: skip
        if row.predict_seconds > 0:  # NaN is not
            ax.plot(
                row.predict_seconds, position, color=colour, marker=marker, markersize=5, markerfacecolor="none", linestyle="",
                label=unlisted(row.name, PREDICT),
            )  # fmt: skip
    label_rows(ax, row_labels(shown))
    ax.tick_params(axis="y", labelleft=False)
    ax.set(xlabel="seconds", title=f"{FIT}, and {PREDICT}")
    _seconds_scale(ax, shown, "x")


def _seconds_scale(ax: Axes, group: pd.DataFrame, which: str) -> None:
    known = pd.concat([group["fit_seconds"], group["predict_seconds"]]).astype(float)
    if (known > 0).any():  # others may have disturbed every one of them
        known = known[known > 0]
        (ax.set_xlim if which == "x" else ax.set_ylim)(float(known.min()) / 1.6, float(known.max()) * 1.6)
        logarithmic(ax, "x" if which == "x" else "y")
    else:
        ax.text(0.5, 0.5, "no undisturbed times", transform=ax.transAxes, ha="center", va="center")


def draw_classical_costs(evidence: Evidence) -> Figure | None:
    """Seconds and accuracy of the methods by training images, with the power law of each."""
    found = growths(evidence.classical)
    if not found:
        return None
    datasets = list(dict.fromkeys(growth.dataset for growth in found))
    shown = datasets[:MAX_PANELS]
    sizes = [len([growth for growth in found if growth.dataset == dataset]) for dataset in shown]
    heights = [3.4 + 0.17 * max(size - 3, 0) for size in sizes for _ in range(2)]
    figure, axes = panel_grid(2 * len(shown), height=heights)
    cues = family_cues(evidence)
    for dataset, seconds, accuracies in zip(shown, axes[::2], axes[1::2], strict=True):
        members = [growth for growth in found if growth.dataset == dataset]
        for growth in members:
            colour, marker, _ = cues[growth.rows["family"].iloc[0]]
            _growth(seconds, accuracies, growth.rows, (colour, marker), growth.name, _law(growth))
        fitted = pd.concat([growth.rows for growth in members])
        networks = main_split(evidence.networks[evidence.networks["n"] > 0])
        networks = networks[(networks["dataset"] == dataset) & networks["machine"].isin(fitted["machine"])]
        if len(networks):
            best = [group.iloc[best_position(group)] for _, group in networks.groupby("num_train")]
            _growth(seconds, accuracies, pd.DataFrame(best), (INK, "*"), "best network", "best network")
        seconds.set(title=f"{dataset}: cost", ylabel="training, s")
        accuracies.set(title=f"{dataset}: accuracy", ylabel="test accuracy")
        for ax in (seconds, accuracies):
            ax.set(xlabel="training images")
            logarithmic(ax, "x")
        if (fitted["fit_seconds"] > 0).any():
            logarithmic(seconds, "y")
        seconds.legend(loc="upper left", bbox_to_anchor=(0, -0.18), fontsize=7)
    note_left_out(figure, len(datasets) - len(shown), "data sets")
    return figure


def _law(growth: Growth) -> str:
    """The name of a method with the power law of its seconds."""
    law = growth.law
    exponent = "" if law is None else f": n^{estimate(law.slope, 'number')}"
    return f"{wrapped(growth.name, 60)}{exponent}"


def _growth(seconds: Axes, accuracies: Axes, rows: pd.DataFrame, cue: tuple[str, str], name: str, label: str) -> None:
    colour, marker = cue
    for _, row in rows.iterrows():
        cost = row["cost"]
        if cost is not None:
            ends = error_ends(cost.value, cost.low, cost.high)
            seconds.errorbar(row["num_train"], cost.value, ends, color=colour, capsize=2, label=unlisted(name))
        ends = error_ends(row["value"], row["low"], row["high"])
        accuracies.errorbar(row["num_train"], row["value"], ends, color=colour, capsize=2, label=unlisted(name))
    seconds.plot(rows["num_train"], rows["fit_seconds"], color=colour, marker=marker, label=label)
    accuracies.plot(rows["num_train"], rows["value"], color=colour, marker=marker, label=unlisted(name))
