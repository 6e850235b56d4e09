"""Figures 7 to 10: what a device buys, whether arithmetic explains the time, and where the time goes."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmark_lightning.report.evidence.evidence import Evidence
from benchmark_lightning.report.evidence.timings import PARTS, PUBLISHED_OPTIMIZER, PUBLISHED_SPEEDUP, WORK, Timing
from benchmark_lightning.report.evidence.statistics import Line, fit_line
from benchmark_lightning.report.figures.style import HATCHES, PALETTE, Cues, error_ends, panel_grid, unlisted
from benchmark_lightning.report.evidence.formatting import count

MAX_PANELS = 6


def draw_speedups(evidence: Evidence) -> Figure | None:
    """Figure 7: how many times faster than its CPU a device trains each model, beside the published values."""
    measured = evidence.speedups
    if not measured:
        return None
    groups: dict[tuple[str, ...], list[int]] = {}
    for position, speedup in enumerate(measured):
        work = speedup.work
        what = f"{work['dataset']}, batch {count(work['batch_size'])}, {work['precision']}{work['variant']}"
        what += f", {count(work['num_train'])} training images"
        title = (what, speedup.device, speedup.baseline)
        groups.setdefault(title, []).append(position)
    panels = list(groups.items())[:MAX_PANELS]
    figure, axes = panel_grid(len(panels))
    optimizers = Cues(sorted({speedup.work["optimizer"] for speedup in measured}))
    for ((what, device, baseline), positions), ax in zip(panels, axes, strict=True):
        chosen = [measured[position] for position in positions]
        models = sorted({speedup.work["model"] for speedup in chosen})
        width = 0.8 / (len(optimizers.names) + 1)
        for speedup in chosen:
            colour, _, hatch = optimizers[speedup.work["optimizer"]]
            label = unlisted(speedup.work["optimizer"])
            where = (
                models.index(speedup.work["model"])
                + (optimizers.names.index(speedup.work["optimizer"]) + 0.5) * width
                - 0.4
            )
            value = speedup.estimate
            ends = error_ends(value.value, value.low, value.high)
            ax.bar(where, value.value, width * 0.9, color=colour, hatch=hatch, edgecolor="white", label=label)
            ax.errorbar(where, value.value, ends, color="grey", capsize=3, label=label)
        for position, model in enumerate(models):
            published = PUBLISHED_SPEEDUP.get(model)
            if published is not None:
                ax.plot(
                    position + 0.4 - width / 2,
                    published,
                    "D",
                    color="#d55e00",
                    markersize=6,
                    label=unlisted("published"),
                )
        ax.axhline(1, color="grey", linewidth=0.8, label=unlisted("as fast"))
        ax.set_ylim(0, 1.4 * max(speedup.estimate.value for speedup in chosen))
        ax.set_xticks(range(len(models)), models)
        ax.set_title(f"{what}\n{device}\nbeside {baseline}", fontsize=8.5)
        ax.set_ylabel("times as fast")
    handles = [
        *(
            axes[0].bar(0, 0, color=optimizers[name][0], hatch=optimizers[name][2], label=name)
            for name in optimizers.names
        ),
        *axes[0].plot([], [], "D", color="#d55e00", label=f"published: T4 beside Xeon, {PUBLISHED_OPTIMIZER}"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    return figure


def flops_lines(evidence: Evidence) -> list[tuple[str, list[Timing], Line | None]]:
    """For each data set, device, optimizer, precision and batch size: the models by arithmetic, and their line."""
    groups: dict[str, list[Timing]] = {}
    for timing in evidence.timings:
        if timing.macs is not None:
            work = timing.work
            name = (
                f"{work['dataset']}, {count(work['num_train'])} training images, {timing.device}, {work['optimizer']}, "
                f"{work['precision']}, batch {count(work['batch_size'])}{work['variant']}"
            )
            groups.setdefault(name, []).append(timing)
    result = []
    for name, members in groups.items():
        by_arithmetic = sorted(members, key=lambda timing: timing.macs or 0.0)
        line = fit_line(
            [gflops(timing) for timing in by_arithmetic], [timing.seconds.value for timing in by_arithmetic]
        )
        result.append((name, by_arithmetic, line))
    return result


def gflops(timing: Timing) -> float:
    """10^9 floating-point operations of one image forward: two for each of thop's multiply-accumulates."""
    return 2 * (timing.macs or 0.0) / 1e9


def draw_flops(evidence: Evidence) -> Figure | None:
    """Figure 8: GFLOPs of the model against seconds of an epoch on each device, with the linear fit."""
    lines = [item for item in flops_lines(evidence) if len(item[1]) > 1]
    if not lines:
        return None
    kinds = list(dict.fromkeys(item[1][0].accelerator for item in lines))
    figure, axes = panel_grid(len(kinds), height=4.2)
    for kind, ax in zip(kinds, axes, strict=True):
        chosen = [item for item in lines if item[1][0].accelerator == kind]
        cues = Cues([name for name, _, _ in chosen])
        for name, members, line in chosen:
            colour, marker, _ = cues[name]
            _flops_line(ax, members, line, colour, marker, name)
        for timing in chosen[0][1]:
            ax.annotate(
                timing.work["model"], (gflops(timing), 0), (-2, 3), xycoords=("data", "axes fraction"),
                textcoords="offset points", rotation=90, fontsize=7, ha="right", va="bottom",
            )  # fmt: skip
        ax.set(xlabel="GFLOPs of one image, forward (2 x thop's MACs)", ylabel="one epoch, s", title=kind)
        ax.set_xlim(0, 1.05 * max(gflops(timing) for _, members, _ in chosen for timing in members))
        ax.set_ylim(0, 1.4 * max(timing.seconds.value for _, members, _ in chosen for timing in members))
        ax.legend(fontsize=6.5, loc="upper left", bbox_to_anchor=(0, -0.16))
    return figure


def _flops_line(ax: Axes, members: list[Timing], line: Line | None, colour: str, marker: str, name: str) -> None:
    for timing in members:
        value = timing.seconds
        ax.errorbar(
            gflops(timing),
            value.value,
            error_ends(value.value, value.low, value.high),
            color=colour,
            marker=marker,
            capsize=3,
            label=unlisted(name),
        )
    label = f"{name}\n{len(members)} models: too few for a line" if line is None else name
    if line is not None:
        x = np.array([0.0, max(gflops(timing) for timing in members)])
        ax.plot(
            x,
            line.intercept + line.slope * x,
            color=colour,
            linewidth=0.9,
            linestyle="--",
            label=unlisted(name, "line"),
        )
        worst = members[line.worst].work["model"]
        label += f"\nR² {line.r_squared:.3f}, worst at {worst} ({line.worst_relative:+.0%})"
    ax.plot([], [], color=colour, marker=marker, label=label)


def draw_utilization(evidence: Evidence) -> Figure | None:
    """Figure 9: the share of the measured peak of matrix products that each training used."""
    chosen = [timing for timing in evidence.timings if timing.utilization is not None]
    if not chosen:
        return None
    kinds = list(dict.fromkeys(timing.device for timing in chosen))[:MAX_PANELS]
    figure, axes = panel_grid(len(kinds), height=3.0)
    models = Cues(sorted({timing.work["model"] for timing in chosen}))
    for device, ax in zip(kinds, axes, strict=True):
        of_device = [timing for timing in chosen if timing.device == device]
        for position, timing in enumerate(of_device):
            colour, _, hatch = models[timing.work["model"]]
            share, relative = timing.utilization or 0.0, timing.seconds
            label = unlisted(timing.work["model"])
            ax.barh(position, share, color=colour, hatch=hatch, edgecolor="white", label=label)
            if relative.low is not None and relative.high is not None:
                ends = [[share * (1 - relative.value / relative.high)], [share * (relative.value / relative.low - 1)]]
                ax.errorbar(share, position, xerr=ends, color="grey", capsize=3, label=label)
        _ticks(ax, of_device, device)
        ax.set(xlim=(0, 1), xlabel="share of the measured peak")
    return figure


def _ticks(ax: Axes, members: list[Timing], device: str) -> None:
    """Names the works by what tells them apart, and puts the rest into the title."""
    works = [
        {
            **timing.work,
            "batch_size": f"batch {count(timing.work['batch_size'])}",
            "num_train": f"{count(timing.work['num_train'])} images",
            "variant": timing.work["variant"].strip(", "),
        }
        for timing in members
    ]
    varying = [key for key in WORK if len({work[key] for work in works}) > 1] or ["model"]
    common = ", ".join(str(works[0][key]) for key in WORK if key not in varying and works[0][key])
    labels = [", ".join(str(work[key]) for key in varying) for work in works]
    ax.set_yticks(range(len(works)), labels, fontsize=7.5)
    ax.invert_yaxis()
    ax.set_title(f"{device}\n{common}", fontsize=8.5)


def draw_breakdown(evidence: Evidence) -> Figure | None:
    """Figure 10: where the time of a step goes, of a pass of its own that stops after each part."""
    chosen = [timing for timing in evidence.timings if timing.parts]
    if not chosen:
        return None
    devices = list(dict.fromkeys(timing.device for timing in chosen))[:MAX_PANELS]
    figure, axes = panel_grid(len(devices), height=3.2)
    for device, ax in zip(devices, axes, strict=True):
        of_device = [timing for timing in chosen if timing.device == device]
        for position, timing in enumerate(of_device):
            left = 0.0
            for number, part in enumerate(PARTS):
                milliseconds = timing.parts[part] * 1e3
                label = part if position == 0 else unlisted(part)
                ax.barh(
                    position,
                    milliseconds,
                    left=left,
                    color=PALETTE[number],
                    hatch=HATCHES[number],
                    edgecolor="white",
                    label=label,
                )
                left += milliseconds
            total = timing.step_seconds
            if total is not None:
                ends = error_ends(left, *(None if end is None else end * 1e3 for end in (total.low, total.high)))
                ax.errorbar(left, position, xerr=ends, color="grey", capsize=3, label=unlisted("step"))
        _ticks(ax, of_device, device)
        longest = max(sum(timing.parts.values()) for timing in of_device)
        highs = [timing.step_seconds.high or 0.0 for timing in of_device if timing.step_seconds is not None]
        ax.set(xlabel="one step, ms", xlim=(0, 1e3 * min(2 * longest, 1.05 * max(longest, *highs))))
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(PARTS))
    return figure
