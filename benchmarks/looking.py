"""Two equal configurations are looked at again and again: how often is one said to be better?"""

from collections.abc import Mapping

import numpy as np

from benchmark_lightning.deciding.allotment import share
from benchmark_lightning.report.claims.verdicts import Finding
from benchmark_lightning.report.evidence.estimate import CONFIDENCE
from benchmark_lightning.report.evidence.looks import nominal_level
from benchmark_lightning.report.evidence.noise import accuracy_difference
from benchmark_lightning.report.evidence.runs import Runs
from benchmarks.simulation import draw, equal

LOOKS = (3, 5, 8, 12)
BOUND = 1 - nominal_level(LOOKS)
PAIRS = ((0.003, 0.003), (0.01, 0.01), (0.01, 0.003))  # SDs of two configurations


def about_looks(rng: np.random.Generator, sds: tuple[float, float]) -> dict[str, float]:
    """Whether two equal configurations are said to differ at the first looks, with and without bounds and with uneven seeds."""
    left, right = draw(rng, equal(2, max(LOOKS), 0.0)._replace(sds=sds))
    answers = {}
    for name, confidence in (("bounds", BOUND), ("allotted", BOUND), ("naive", CONFIDENCE)):
        differs, nums = False, (LOOKS[0], LOOKS[0])
        for number, look in enumerate(LOOKS):
            nums = allotted(left, right, nums, look) if name == "allotted" and number else (look, look)
            differs = differs or says_that_they_differ(left, right, nums, confidence)
            answers[f"{name} {number}"] = float(differs)
    return answers


def allotted(left: Runs, right: Runs, nums: tuple[int, int], look: int) -> tuple[int, int]:
    """Seeds of both sides at a look, as the package shares them."""
    first, second = (
        float(np.std(runs.accuracies[:num], ddof=1)) for runs, num in zip((left, right), nums, strict=True)
    )
    return share(look, LOOKS[-1], (first, second), nums)


def says_that_they_differ(left: Runs, right: Runs, nums: tuple[int, int], confidence: float) -> bool:
    """Whether a claim that one is at least as good as the other is decided, either way, with the first seeds of each."""
    first, second = (runs.take(list(range(num))) for runs, num in zip((left, right), nums, strict=True))
    return Finding("", accuracy_difference(first, second, confidence), (0.0, 1.0)).verdict in ("holds", "fails")


def looks_table(answers: Mapping[tuple[float, float], Mapping[str, np.ndarray]]) -> str:
    """The share of studies with a false decision by the first, second, ... look, in percent."""
    lines = [
        "| SD | seeds, judged | " + " | ".join(f"by {look} seeds" for look in LOOKS) + " |",
        "| ---: | --- |" + " ---: |" * len(LOOKS),
    ]
    words = {
        "bounds": f"even, at {BOUND:.2%} each time", "allotted": f"more for the noisier, at {BOUND:.2%} each time",
        "naive": "even, at 95 % each time",
    }  # fmt: skip
    for sds, of_sds in answers.items():
        deviations = " and ".join(f"{100 * sd:.1f}" for sd in dict.fromkeys(sds))
        for name, said in words.items():
            shares = (f"{of_sds[f'{name} {number}'].mean():.1%}" for number in range(len(LOOKS)))
            lines.append(f"| {deviations} | {said} | {' | '.join(shares)} |")
    return "\n".join(lines) + "\n"
