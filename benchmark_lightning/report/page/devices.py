"""Tables of a report about time: seconds and speedups by device, compared with printed values."""

from typing import Any

from benchmark_lightning.report.evidence.evidence import Evidence
from benchmark_lightning.report.evidence.formatting import estimate
from benchmark_lightning.report.evidence.selection import matches
from benchmark_lightning.report.evidence.timings import Timing, work_title

_TABLE = ("dataset", "num_train", "batch_size", "precision", "variant")  # equal in one table


def hardware_tables(evidence: Evidence) -> list[dict[str, Any]]:
    """Of each data set, batch size and precision: seconds of each model by device, and the speedups."""
    groups: dict[tuple[Any, ...], list[Timing]] = {}
    for timing in evidence.timings:
        work = timing.work
        groups.setdefault(tuple(work[name] for name in _TABLE), []).append(timing)
    return [_hardware_table(evidence, key, members) for key, members in groups.items()]


def _hardware_table(evidence: Evidence, key: tuple[Any, ...], members: list[Timing]) -> dict[str, Any]:
    devices = sorted(
        {timing.device for timing in members},
        key=lambda name: next((t.accelerator, name) for t in members if t.device == name),
    )
    speedups = [
        speedup for speedup in evidence.speedups
        if tuple(speedup.work[name] for name in _TABLE) == key
    ]  # fmt: skip
    comparisons = list(dict.fromkeys((speedup.device, speedup.baseline) for speedup in speedups))
    works: dict[tuple[str, str], list[Timing]] = {}
    for timing in members:
        works.setdefault((timing.work["model"], timing.work["settings"]), []).append(timing)
    printed = [_printed_of(evidence, timings[0]) for timings in works.values()]
    sources = list(dict.fromkeys(source for values in printed for source in values))
    rows = []
    for ((model, settings), timings), values in zip(works.items(), printed, strict=True):
        seconds = {timing.device: timing.seconds for timing in timings}
        ratios = {
            (speedup.device, speedup.baseline): speedup.estimate for speedup in speedups
            if (speedup.work["model"], speedup.work["settings"]) == (model, settings)
        }  # fmt: skip
        rows.append({
            "model": model, "settings": settings, "seconds": [seconds.get(device) for device in devices],
            "speedups": [ratios.get(comparison) for comparison in comparisons],
            "printed": [values.get(source, "") for source in sources],
        })  # fmt: skip
    return {
        "title": work_title(members[0].work, "dataset", "batch_size", "precision", "variant"),
        "num_train": members[0].work["num_train"], "devices": devices, "comparisons": comparisons, "rows": rows,
        "sources": sources, "has_settings": any(row["settings"] for row in rows),
        "has_pairs": all(speedup.is_paired for speedup in speedups),
    }  # fmt: skip


def _printed_of(evidence: Evidence, timing: Timing) -> dict[str, str]:
    """The seconds and speedups that others have printed for this work, as text; source -> value."""
    units = {"fit_seconds": "{:,.0f} s, whole training", "speedup": "{:.1f}x"}
    return {
        str(reference["source"]): units[reference["measure"]].format(reference["value"])
        for reference in evidence.questions.references
        if reference["measure"] in units and matches(reference["where"], timing.config, timing.columns)
    }


def gpu_answers(evidence: Evidence) -> list[dict[str, Any]]:
    """Of each accelerator, kind of work and baseline: the speedup of each model."""
    groups: dict[tuple[str, str, str], list[str]] = {}
    for speedup in evidence.speedups:
        if speedup.is_on_gpu:
            what = work_title(speedup.work, "dataset", "batch_size", "precision", "variant")
            told = f"{work_title(speedup.work, 'model', 'settings')} {estimate(speedup.estimate)}"
            groups.setdefault((what, speedup.device, speedup.baseline), []).append(told)
    return [
        {"what": what, "device": device, "baseline": baseline, "models": models}
        for (what, device, baseline), models in groups.items()
    ]


def utilization_rows(timings: list[Timing]) -> list[dict[str, Any]]:
    """The lowest and the highest share of each device's peak."""
    rows = []
    for device in dict.fromkeys(timing.device for timing in timings):
        known = sorted(
            (t for t in timings if t.device == device and t.utilization is not None), key=lambda t: t.utilization or 0.0
        )
        if known:
            rows.append({"device": device, "lowest": known[0], "highest": known[-1], "num": len(known)})
    return rows
