"""How much faster a device is, whether arithmetic explains the time, and where the time goes."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from benchmark_lightning.report.evidence.evidence import Evidence
from benchmark_lightning.report.evidence.scaling import flops_lines, gflops
from benchmark_lightning.report.evidence.selection import matches
from benchmark_lightning.report.evidence.statistics import Line
from benchmark_lightning.report.evidence.timings import PARTS, WORK, Speedup, Timing, work_title
from benchmark_lightning.report.figures.style import (
    HATCHES,
    INK,
    MARKERS,
    MAX_ROWS,
    PALETTE,
    Cues,
    error_ends,
    label_rows,
    legend_below,
    note_left_out,
    panel_grid,
    row_panel_height,
    stacked,
    unlisted,
    wrapped,
)

MAX_PANELS = 6
MAX_LINES = 8


def draw_speedups(evidence: Evidence) -> Figure | None:
    """How many times faster than its CPU a device trains each model, compared with printed values where there are any."""
    groups: dict[tuple[str, ...], list[Speedup]] = {}
    for speedup in evidence.speedups:
        what = work_title(speedup.work, "dataset", "batch_size", "precision", "num_train", "variant")
        groups.setdefault((what, speedup.device, speedup.baseline), []).append(speedup)
    if not groups:
        return None
    macs = {timing.work["model"]: timing.macs or 0.0 for timing in evidence.timings}
    panels = [
        (
            title,
            sorted(group, key=lambda speedup: (macs.get(speedup.work["model"], 0.0), speedup.work["model"]))[:MAX_ROWS],
        )
        for title, group in list(groups.items())[:MAX_PANELS]
    ]
    labels = [[wrapped(work_title(speedup.work, "model", "settings")) for speedup in group] for _, group in panels]
    figure, axes = panel_grid(len(panels), height=[row_panel_height(names) + 0.3 for names in labels])
    models = _model_cues(evidence)
    printed = [[_printed(evidence, speedup) for speedup in group] for _, group in panels]
    sources = Cues(source for of_panel in printed for values in of_panel for source in values)
    for ((what, device, baseline), group), names, others, ax in zip(panels, labels, printed, axes, strict=True):
        for position, (speedup, values) in enumerate(zip(group, others, strict=True)):
            colour, marker, _ = models[speedup.work["model"]]
            value, label = speedup.estimate, unlisted(work_title(speedup.work, "model", "settings"))
            ends = error_ends(value.value, value.low, value.high)
            ax.errorbar(value.value, position, xerr=ends, color=colour, marker=marker, capsize=3, label=label)
            for source, times in values.items():
                marker = _source_marker(sources, source)
                ax.plot(times, position, marker, color=INK, fillstyle="none", markersize=7, label=unlisted(source))
        ax.axvline(1, color="grey", linewidth=0.8, label=unlisted("as fast"))
        longest = max(
            times
            for speedup, values in zip(group, others, strict=True)
            for times in (speedup.estimate.value, *values.values())
        )
        highs = [speedup.estimate.high or 0.0 for speedup in group]
        ax.set_xlim(0, 1.1 * max(1.0, longest, min(2 * longest, *highs, max(highs))))
        label_rows(ax, names)
        ax.set_title(
            "\n".join([wrapped(what, 60), wrapped(device, 60), wrapped(f"compared with {baseline}", 60)]), fontsize=8.5
        )
        ax.set_xlabel("times as fast")
    legend_below(figure, [
        Line2D([], [], color=INK, marker=_source_marker(sources, name), fillstyle="none", linestyle="", label=name)
        for name in sources.names
    ])  # fmt: skip
    note_left_out(figure, len(groups) - len(panels))
    return figure


def _printed(evidence: Evidence, speedup: Speedup) -> dict[str, float]:
    """The speedups of this work that others have printed; source -> times."""
    return {
        str(reference["source"]): float(reference["value"])
        for reference in evidence.questions.references
        if speedup.is_on_gpu
        and reference["measure"] == "speedup"
        and matches(reference["where"], speedup.config, speedup.columns)
    }


def _source_marker(sources: Cues, name: str) -> str:
    return MARKERS[3:][sources.names.index(name) % len(MARKERS[3:])]


def _model_cues(evidence: Evidence) -> Cues:
    """A colour and a marker for each model that was timed, the same in all figures of hardware."""
    return Cues(sorted({timing.work["model"] for timing in evidence.timings}))


def draw_flops(evidence: Evidence) -> Figure | None:
    """GFLOPs of the model against seconds of an epoch on each kind of device, with the linear fit."""
    lines = [(members, line) for _, members, line in flops_lines(evidence.timings) if len(members) > 1]
    if not lines:
        return None
    kinds = list(dict.fromkeys(members[0].accelerator for members, _ in lines))[:MAX_PANELS]
    of_kind = [[item for item in lines if item[0][0].accelerator == kind] for kind in kinds]
    chosen = [sorted(items, key=lambda item: -len(item[0]))[:MAX_LINES] for items in of_kind]
    figure, axes = panel_grid(len(kinds), height=[3.4 + 0.36 * len(items) for items in chosen])
    width = 70 if len(kinds) > 1 else 140
    for kind, items, ax in zip(kinds, chosen, axes, strict=True):
        common, names = _told_apart(
            [{**members[0].work, "model": "", "device": members[0].device} for members, _ in items]
        )
        cues = Cues(range(len(items)))
        for number, (members, line) in enumerate(items):
            _flops_line(ax, members, line, cues[number][:2], wrapped(names[number] or kind, width))
        timings = [timing for members, _ in items for timing in members]
        widest, last = max(map(gflops, timings)), -1.0
        for timing in items[0][0]:
            if gflops(timing) - last < 0.015 * len(kinds) * widest:
                continue  # its name would lie on the one before
            last = gflops(timing)
            ax.annotate(
                timing.work["model"], (last, 0), (-2, 3), xycoords=("data", "axes fraction"), textcoords="offset points",
                rotation=90, fontsize=7, ha="right", va="bottom",
            )  # fmt: skip
        ax.set(
            xlabel="GFLOPs of one image, forward (2 x thop's MACs)",
            ylabel="one epoch, s",
            title=stacked(f"{kind} ({common})"),
        )
        ax.set_xlim(0, 1.05 * widest)
        ax.set_ylim(0, 1.4 * max(timing.seconds.value for timing in timings))
        ax.legend(fontsize=6.5, loc="upper left", bbox_to_anchor=(0, -0.16))
    note_left_out(figure, len(lines) - sum(map(len, chosen)), "lines")
    return figure


def _flops_line(ax: Axes, members: list[Timing], line: Line | None, cue: tuple[str, str], name: str) -> None:
    colour, marker = cue
    for timing in members:
        value = timing.seconds
        ax.errorbar(
            gflops(timing), value.value, error_ends(value.value, value.low, value.high), color=colour, marker=marker, capsize=3,
            label=unlisted(name, timing.work["model"]),
        )  # fmt: skip
    label = f"{name}\n{len(members)} models: too few sizes for a line" if line is None else name
    if line is not None:
        x = np.array([0.0, max(gflops(timing) for timing in members)])
        y = line.intercept + line.slope.value * x
        ax.plot(x, y, color=colour, linewidth=0.9, linestyle="--", label=unlisted(name, "line"))
        worst = members[line.worst].work["model"]
        label += f"\nR² {line.r_squared:.3f}, worst at {worst} ({line.worst_relative:+.0%})"
    ax.plot([], [], color=colour, marker=marker, label=label)


def _told_apart(works: Sequence[Mapping[str, Any]]) -> tuple[str, list[str]]:
    """The settings that kinds of work share, and those that tell each from the others."""
    keys = [key for key in works[0] if len({str(work[key]) for work in works}) > 1]

    def told(work: Mapping[str, Any], names: Sequence[str]) -> str:
        words = [work_title(work, name) if name in WORK else str(work[name]) for name in names]
        return ", ".join(filter(None, words))

    return told(works[0], [key for key in works[0] if key not in keys]), [told(work, keys) for work in works]


def _device_panels(timings: Sequence[Timing]) -> list[tuple[str, list[Timing], list[str], str]]:
    """Of each device its works, the labels of their rows, and the title."""
    panels = []
    for device in list(dict.fromkeys(timing.device for timing in timings))[:MAX_PANELS]:
        members = [timing for timing in timings if timing.device == device][:MAX_ROWS]
        common, labels = _told_apart([timing.work for timing in members])
        if len(members) == 1:
            common, labels = (
                work_title(members[0].work, *WORK[3:], "dataset"),
                [work_title(members[0].work, "model", "settings")],
            )
        panels.append(
            (device, members, [wrapped(label) for label in labels], f"{wrapped(device, 60)}\n{wrapped(common, 60)}")
        )
    return panels


def draw_utilization(evidence: Evidence) -> Figure | None:
    """The share of the measured peak of matrix products that each training used."""
    panels = _device_panels([timing for timing in evidence.timings if timing.utilization is not None])
    if not panels:
        return None
    figure, axes = panel_grid(len(panels), height=[row_panel_height(labels) + 0.2 for _, _, labels, _ in panels])
    models = _model_cues(evidence)
    for (_, members, labels, title), ax in zip(panels, axes, strict=True):
        for position, timing in enumerate(members):
            colour, _, hatch = models[timing.work["model"]]
            share, relative = timing.utilization or 0.0, timing.seconds
            label = unlisted(timing.work["model"])
            ax.barh(position, share, color=colour, hatch=hatch, edgecolor="white", label=label)
            if relative.low is not None and relative.high is not None:
                ends = [[share * (1 - relative.value / relative.high)], [share * (relative.value / relative.low - 1)]]
                ax.errorbar(share, position, xerr=ends, color="grey", capsize=3, label=label)
        label_rows(ax, labels)
        ax.set_title(title, fontsize=8.5)
        ax.set(xlim=(0, 1), xlabel="share of the measured peak")
    return figure


def draw_breakdown(evidence: Evidence) -> Figure | None:
    """Where the time of a step goes, of a pass of its own that stops after each part."""
    panels = _device_panels([timing for timing in evidence.timings if timing.parts])
    if not panels:
        return None
    figure, axes = panel_grid(len(panels), height=[row_panel_height(labels) + 0.3 for _, _, labels, _ in panels])
    for (_, members, labels, title), ax in zip(panels, axes, strict=True):
        for position, timing in enumerate(members):
            left = 0.0
            for number, part in enumerate(PARTS):
                milliseconds = timing.parts[part] * 1e3
                ax.barh(
                    position, milliseconds, left=left, color=PALETTE[number], hatch=HATCHES[number], edgecolor="white",
                    label=part if position == 0 else unlisted(part),
                )  # fmt: skip
                left += milliseconds
            total = timing.step_seconds
            if total is not None:
                ends = error_ends(left, *(None if end is None else end * 1e3 for end in (total.low, total.high)))
                ax.errorbar(left, position, xerr=ends, color="grey", capsize=3, label=unlisted("step"))
        label_rows(ax, labels)
        ax.set_title(title, fontsize=8.5)
        longest = max(sum(timing.parts.values()) for timing in members)
        highs = [timing.step_seconds.high or 0.0 for timing in members if timing.step_seconds is not None]
        ax.set(xlabel="one step, ms", xlim=(0, 1e3 * min(2 * longest, 1.05 * max(longest, *highs))))
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(PARTS))
    return figure
