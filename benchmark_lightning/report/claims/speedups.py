"""Claims about how many times faster an accelerator is than the CPU."""

from collections.abc import Mapping
from typing import Any

from benchmark_lightning.report.claims.definition import Comparison
from benchmark_lightning.report.claims.verdicts import Finding
from benchmark_lightning.report.evidence.evidence import Evidence
from benchmark_lightning.report.evidence.selection import matches
from benchmark_lightning.report.evidence.statistics import difference, ratio
from benchmark_lightning.report.evidence.timings import Speedup, work_title


def speedup_findings(comparison: Comparison, evidence: Evidence) -> list[Finding]:
    """Of each kind of work on each accelerator the speedup, or how two of them compare that are the same but for the model."""
    measured = [speedup for speedup in evidence.speedups if speedup.is_on_gpu and _is_meant(comparison.where, speedup)]
    taken = [speedup for speedup in measured if _is_meant(comparison.take, speedup)]
    if comparison.against is None:
        return [
            Finding(
                f"{work_title(speedup.work)}: {comparison.what or 'speedup of'} {speedup.device} over {speedup.baseline}",
                speedup.estimate, comparison.holds,
            )
            for speedup in taken
        ]  # fmt: skip
    others = [
        speedup for speedup in measured
        if speedup not in taken and (not isinstance(comparison.against, Mapping) or _is_meant(comparison.against, speedup))
    ]  # fmt: skip
    between = ratio if comparison.compare == "ratio" else difference
    rest = ("dataset", "settings", "batch_size", "precision", "num_train", "variant")
    return [
        Finding(
            f"{work_title(left.work, *rest)}: {comparison.what or 'speedup compared'} ({left.work['model']} over {right.work['model']})",
            between(left.estimate, right.estimate, evidence.confidence), comparison.holds,
        )
        for left in taken for right in others if _same_but_model(left, right)
    ]  # fmt: skip


def _is_meant(selector: Mapping[str, Any], speedup: Speedup) -> bool:
    return matches(selector, speedup.config, speedup.columns)


def _same_but_model(left: Speedup, right: Speedup) -> bool:
    same = all(left.work[key] == right.work[key] for key in left.work if key != "model")
    return same and (left.device, left.baseline) == (right.device, right.baseline)
