"""Seeds for the next look: more for the configurations of open comparisons, and most for the noisier side.

At a look at n seeds, each of two sides gets n of them. The noisier one gets more: what it would have of 2 n seeds that are shared
in proportion to the standard deviations (Neyman 1934). The last look is the most that a side gets. A side with many candidates is
compared by its best: one that is significantly worse gets no more.
"""

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from benchmark_lightning.deciding.needs import Need
from benchmark_lightning.report.claims.judging import ONE_OF_MANY
from benchmark_lightning.report.claims.verdicts import Claim, Finding
from benchmark_lightning.report.evidence.choice import could_be_best
from benchmark_lightning.report.evidence.evidence import Evidence
from benchmark_lightning.study.cells import Cell

SMALLEST_CHANCE = 0.05  # to be decided by the last look
LEAST_SHARE = 1 / 3  # of the other side's deviation: that of three seeds is hardly known better


def open_findings(claim: Claim) -> list[Finding]:
    """The comparisons of an open claim that further runs can decide; none of a claim that is decided or cannot be measured."""
    if claim.verdict != "undecided":
        return []
    correctable = ONE_OF_MANY.partition("{")[0]
    return [
        finding for finding in claim.findings
        if finding.verdict == "undecided" and (not finding.caveat or finding.caveat.startswith(correctable))
    ]  # fmt: skip


def is_within_reach(claim: Claim, most: int) -> bool:
    """Whether an open comparison has a fair chance to be decided with ``most`` seeds a side."""
    forecasts = [finding.forecast for finding in open_findings(claim)]
    return any(forecast is None or forecast.chance_at(most) >= SMALLEST_CHANCE for forecast in forecasts)


def allotment(
    claim: Claim, need: Need, evidence: Evidence, cells: Mapping[str, Sequence[Cell]], looks: tuple[int, int]
) -> dict[Cell, int]:
    """How many runs each cell of an open claim should have, those that it has included.

    Args:
        claim: as judged now.
        need: of the same claim.
        evidence: that judged it, with the confidence of a look.
        cells: of each configuration, by its id.
        looks: seeds a side at the coming look, and at the last one.
    """
    result: dict[Cell, int] = {}
    rows = evidence.configurations.set_index("configuration")
    for finding in open_findings(claim):
        sides = [candidates(rows.loc[list(side)], need, evidence.confidence) for side in finding.sides if side]
        if not sides:
            _raise(result, need.cells, looks[0])
        is_of_time = _is_of_time(finding, need)
        for side, num in zip(sides, _numbers(sides, looks, is_of_time), strict=True):
            for configuration, is_seeded in side["depends_on_seed"].items():
                _raise(result, cells.get(configuration, ()), num if is_seeded or is_of_time else 1)
    return result


def _raise(allotted: dict[Cell, int], cells: Sequence[Cell], num: int) -> None:
    for cell in cells:
        allotted[cell] = max(num, allotted.get(cell, 0))


def candidates(side: pd.DataFrame, need: Need, confidence: float) -> pd.DataFrame:
    """The configurations of a side that decide the comparison: all of pairs, and of others those that could be the best."""
    side = side[side["n"] > 0]
    return side if need.is_of_pairs or len(side) < 2 else side[could_be_best(side["runs"].tolist(), confidence)]


def _is_of_time(finding: Finding, need: Need) -> bool:
    return bool(need.timed) and (finding.forecast is None or finding.forecast.noise.num_images is None)


def _numbers(sides: Sequence[pd.DataFrame], looks: tuple[int, int], is_of_time: bool) -> list[int]:
    """Runs for the candidates of each side."""
    look, most = looks
    if len(sides) != 2 or is_of_time:
        return [look] * len(sides)
    has = [0 if side.empty else int(side["n"].min()) for side in sides]
    left, right = share(look, most, (_deviation(sides[0]), _deviation(sides[1])), (has[0], has[1]))
    return [left, right]


def _deviation(side: pd.DataFrame) -> float:
    """Of the seeds of a side; 0 where none of its candidates depends on a seed, nan where it is not known."""
    seeded = side[side["depends_on_seed"].astype(bool)]
    return 0.0 if seeded.empty else float(seeded["seed_sd"].mean())


def share(look: int, most: int, deviations: tuple[float, float], has: tuple[int, int]) -> tuple[int, int]:
    """Seeds for each of two sides: those of the look, and more for the noisier one.

    No side has fewer than the look says. Else the deviations, which are estimated, would take seeds from the side that looks
    quiet by chance, and the same deviations would then make the interval too narrow.

    Args:
        look: seeds a side, at least.
        most: on one side.
        deviations: over the seeds of each side; nan is unknown and taken for that of the other side.
        has: seeds that each side has already.

    >>> share(8, 12, (0.01, 0.01), (5, 5)), share(8, 12, (0.03, 0.01), (5, 5)), share(8, 12, (0.01, 0.0), (5, 1))
    ((8, 8), (12, 8), (12, 8))
    """
    left, right = (other if math.isnan(own) else own for own, other in (deviations, deviations[::-1]))
    if math.isnan(left) or left + right == 0:
        return look, look
    if left > 0 and right > 0:
        left, right = max(left, LEAST_SHARE * right), max(right, LEAST_SHARE * left)
    wanted = round(2 * look * left / (left + right))
    ours, theirs = (max(min(num, most), look, had) for num, had in zip((wanted, 2 * look - wanted), has, strict=True))
    return ours, theirs
