"""How costs grow: seconds with the arithmetic of a network, and with the number of training images of a method."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from benchmark_lightning.report.evidence.configurations import best_position, main_split
from benchmark_lightning.report.evidence.estimate import Noise
from benchmark_lightning.report.evidence.statistics import Line, fit_line, log_centre
from benchmark_lightning.report.evidence.timings import Timing, work_title


class Growth(NamedTuple):
    """One classical method, the same but for the number of training images.

    Args:
        rows: one configuration a number of images, in their order.
        law: seconds of training as a power of that number; None where it cannot be fitted.
    """

    dataset: str
    name: str
    rows: pd.DataFrame
    law: Line | None


def growths(classical: pd.DataFrame) -> list[Growth]:
    """Every family that was fitted to at least three numbers of images; of several of its members the best one.

    Args:
        classical: configurations of classical methods.
    """
    done = main_split(classical[classical["n"] > 0])
    found = []
    for (dataset, _, _), group in done.groupby(["dataset", "family", "condition"]):
        grown = group[group.groupby("candidate")["num_train"].transform("nunique") > 2]
        if grown.empty:
            continue
        most = grown[grown["num_train"] == grown["num_train"].max()]
        best = most.iloc[best_position(most)]
        rows = grown[grown["candidate"] == best["candidate"]].sort_values("num_train")
        found.append(Growth(str(dataset), str(best["name"]), rows, _power_law(rows)))
    return found


def _power_law(rows: pd.DataFrame) -> Line | None:
    """The line between the logarithms."""
    if not (rows["fit_seconds"] > 0).all():
        return None
    return fit_line(
        np.log(rows["num_train"].astype(float)).tolist(), [log_centre(cost) for cost in rows["cost"]],
        [cost.noise for cost in rows["cost"]],
    )  # fmt: skip


def flops_lines(timings: Sequence[Timing]) -> list[tuple[str, list[Timing], Line | None]]:
    """For each data set, device, precision and so on: the models by their arithmetic, and the line through their times."""
    groups: dict[str, list[Timing]] = {}
    for timing in timings:
        if timing.macs is not None:
            title = work_title(timing.work, "dataset", "num_train")
            rest = work_title(timing.work, "settings", "precision", "batch_size", "variant")
            groups.setdefault(f"{title}, {timing.device}, {rest}", []).append(timing)
    result = []
    for name, members in groups.items():
        by_arithmetic = sorted(members, key=lambda timing: timing.macs or 0.0)
        line = fit_line(
            [gflops(timing) for timing in by_arithmetic], [math.exp(log_centre(timing.seconds)) for timing in by_arithmetic],
            [_noise_of_seconds(timing) for timing in by_arithmetic],
        )  # fmt: skip
        result.append((name, by_arithmetic, line))
    return result


def _noise_of_seconds(timing: Timing) -> Noise | None:
    """The noise of its seconds, which is known of their logarithm."""
    noise = timing.seconds.noise
    return None if noise is None else noise._replace(seeds=noise.seeds * timing.seconds.value**2, is_log=False)


def gflops(timing: Timing) -> float:
    """10^9 floating-point operations of one image forward: two for each of thop's multiply-accumulates."""
    return 2 * (timing.macs or 0.0) / 1e9
