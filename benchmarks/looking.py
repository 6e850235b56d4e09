"""Two equal configurations are looked at again and again: how often is one said to be better?"""

from collections.abc import Mapping

import numpy as np

from benchmark_lightning.report.claims.verdicts import Finding
from benchmark_lightning.report.evidence.estimate import CONFIDENCE
from benchmark_lightning.report.evidence.looks import nominal_level
from benchmark_lightning.report.evidence.noise import accuracy_difference
from benchmark_lightning.report.evidence.runs import Runs
from benchmarks.simulation import draw, equal

LOOKS = (3, 5, 8, 12)


def about_looks(rng: np.random.Generator, sd: float) -> dict[str, float]:
    """Whether two equal configurations are said to differ at the first looks, with and without bounds."""
    left, right = draw(rng, equal(2, max(LOOKS), sd))
    answers = {}
    for name, confidence in (("bounds", 1 - nominal_level(LOOKS)), ("naive", CONFIDENCE)):
        differs = False
        for number, look in enumerate(LOOKS):
            differs = differs or says_that_they_differ(left, right, look, confidence)
            answers[f"{name} {number}"] = float(differs)
    return answers


def says_that_they_differ(left: Runs, right: Runs, look: int, confidence: float) -> bool:
    """Whether a claim that one is at least as good as the other is decided, either way, with the first seeds."""
    seeds = list(range(look))
    difference = accuracy_difference(left.take(seeds), right.take(seeds), confidence)
    return Finding("", difference, (0.0, 1.0)).verdict in ("holds", "fails")


def looks_table(answers: Mapping[float, Mapping[str, np.ndarray]]) -> str:
    """The share of studies with a false decision by the first, second, ... look, in percent."""
    lines = [
        "| SD | judged | " + " | ".join(f"by {look} seeds" for look in LOOKS) + " |",
        "| ---: | --- |" + " ---: |" * len(LOOKS),
    ]
    words = {"bounds": f"at {1 - nominal_level(LOOKS):.2%} each time", "naive": "at 95 % each time"}
    for sd, of_sd in answers.items():
        for name, said in words.items():
            shares = (f"{of_sd[f'{name} {number}'].mean():.1%}" for number in range(len(LOOKS)))
            lines.append(f"| {100 * sd:.1f} | {said} | {' | '.join(shares)} |")
    return "\n".join(lines) + "\n"
