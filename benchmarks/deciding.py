"""Is it worth it to spend seeds where a claim is open? Simulated studies of a dozen claims, decided under a budget."""

import heapq
import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from benchmark_lightning.deciding.allotment import SMALLEST_CHANCE
from benchmark_lightning.report.claims.verdicts import Finding
from benchmark_lightning.report.evidence.estimate import Estimate
from benchmark_lightning.report.evidence.forecast import forecast
from benchmark_lightning.report.evidence.noise import accuracy_difference
from benchmark_lightning.report.evidence.runs import Runs
from benchmarks.looking import BOUND, LOOKS, allotted
from benchmarks.questions import Answers, half_width_before
from benchmarks.simulation import ACCURACY, World, draw

TRUE = (0.0, 1.0)  # where a claim holds: one configuration is at least as accurate as the other
MINUTES = 2.0  # of a trial that costs 1
HOURS = np.arange(0.5, 20.01, 0.25)
STRATEGIES = {
    "before": "even seeds, intervals of before",
    "even": "even seeds",
    "open": "seeds where a claim is open",
}


class Case(NamedTuple):
    """A claim about two configurations: by how much it is true, the SD over seeds of both, and the cost of a trial."""

    lead: float
    sds: tuple[float, float]
    cost: float


LOW, HIGH = 0.003, 0.01
CASES = (
    Case(0.002, (LOW, LOW), 1.0), Case(0.002, (HIGH, LOW), 2.5), Case(0.003, (LOW, LOW), 2.5), Case(0.004, (HIGH, HIGH), 1.0),
    Case(0.005, (LOW, LOW), 1.0), Case(0.007, (LOW, HIGH), 2.5), Case(0.01, (LOW, LOW), 2.5), Case(0.01, (HIGH, HIGH), 1.0),
    Case(0.015, (HIGH, LOW), 1.0), Case(0.02, (HIGH, HIGH), 2.5), Case(0.03, (LOW, LOW), 2.5), Case(0.03, (HIGH, HIGH), 1.0),
)  # fmt: skip

Decisions = list[tuple[float, str]]  # the hour of each, and the verdict


class Pair(NamedTuple):
    """The runs of a claim's two configurations, as many as the cap allows."""

    case: Case
    left: Runs
    right: Runs

    def difference(self, nums: tuple[int, int], confidence: float) -> Estimate:
        """By the first seeds of each side."""
        left, right = (runs.take(list(range(num))) for runs, num in zip((self.left, self.right), nums, strict=True))
        return accuracy_difference(left, right, confidence)

    def difference_before(self, nums: tuple[int, int]) -> Estimate:
        """The same as it was: both intervals in quadrature."""
        left, right = (runs.take(list(range(num))) for runs, num in zip((self.left, self.right), nums, strict=True))
        value = float(left.accuracies.mean() - right.accuracies.mean())
        half = math.hypot(half_width_before(left), half_width_before(right))
        return Estimate(value, value - half, value + half, nums[0], "")


def curve_of(rng: np.random.Generator) -> Answers:
    """One study under each strategy: how many claims are decided by each hour, how many wrongly, and the hours it takes."""
    pairs = _pairs(rng)
    judges: dict[str, Callable[[Pair, tuple[int, int]], Estimate]] = {
        "before": lambda pair, nums: pair.difference_before(nums),
        "even": lambda pair, nums: pair.difference(nums, BOUND),
    }
    found = {name: evenly(pairs, judge) for name, judge in judges.items()} | {"open": where_open(pairs, BOUND)}
    answers = {}
    for name, (decisions, hours) in found.items():
        by_hour = (sum(hour <= end for hour, _ in decisions) for end in HOURS)
        answers |= {f"{name} {place}": float(number) for place, number in enumerate(by_hour)}
        answers[f"{name} wrong"] = float(sum(verdict == "fails" for _, verdict in decisions))
        answers[f"{name} hours"] = hours
    return answers


def _pairs(rng: np.random.Generator) -> list[Pair]:
    """The claims in the order of the study file, which knows nothing of what they cost."""
    cases = [CASES[place] for place in rng.permutation(len(CASES))]
    means = [mean for case in cases for mean in (ACCURACY, ACCURACY - case.lead)]
    sds = [sd for case in cases for sd in case.sds]
    several = draw(rng, World(tuple(means), tuple(sds), (LOOKS[-1],) * len(means)))
    return [Pair(case, *several[2 * place : 2 * place + 2]) for place, case in enumerate(cases)]


def evenly(pairs: Sequence[Pair], judge: Callable[[Pair, tuple[int, int]], Estimate]) -> tuple[Decisions, float]:
    """Every configuration gets the seeds of a look before any gets those of the next one, to the last look."""
    decided: dict[int, tuple[float, str]] = {}
    hour, had = 0.0, 0
    for look in LOOKS:
        for place, pair in enumerate(pairs):
            hour += 2 * (look - had) * pair.case.cost * MINUTES / 60
            if place not in decided and (verdict := _verdict(judge(pair, (look, look)))) != "undecided":
                decided[place] = (hour, verdict)
        had = look
    return list(decided.values()), hour


def _verdict(estimate: Estimate) -> str:
    return Finding("", estimate, TRUE).verdict


def where_open(pairs: Sequence[Pair], confidence: float) -> tuple[Decisions, float]:
    """As ``study --until-decided`` does: at each look the claims that cost least come first.

    The noisier side gets more seeds, and a claim that has a chance of less than 5 % to be decided at the last look is set aside.
    """
    decided: Decisions = []
    waiting = [
        (0, 2 * LOOKS[0] * pair.case.cost, place, (LOOKS[0], LOOKS[0]), (0, 0)) for place, pair in enumerate(pairs)
    ]
    heapq.heapify(waiting)
    hour = 0.0
    while waiting:
        look, _, place, nums, had = heapq.heappop(waiting)
        pair = pairs[place]
        hour += (sum(nums) - sum(had)) * pair.case.cost * MINUTES / 60
        estimate = pair.difference(nums, confidence)
        if (verdict := _verdict(estimate)) != "undecided":
            decided.append((hour, verdict))
            continue
        ahead = forecast(estimate, TRUE, confidence)
        if ahead is None or look + 1 == len(LOOKS) or ahead.chance_at(LOOKS[-1]) < SMALLEST_CHANCE:
            continue
        more = allotted(pair.left, pair.right, nums, LOOKS[look + 1])
        heapq.heappush(waiting, (look + 1, (sum(more) - sum(nums)) * pair.case.cost, place, more, nums))
    return decided, hour


def worth_table(answers: Mapping[str, np.ndarray]) -> str:
    """Hours until so many claims are decided, on average, and how many are by the end."""
    curves = {name: np.array([answers[f"{name} {place}"].mean() for place in range(len(HOURS))]) for name in STRATEGIES}
    lines = [
        f"| of {len(CASES)} claims | " + " | ".join(STRATEGIES.values()) + " | even / open | before / open |",
        "| --- |" + " ---: |" * 5,
    ]
    for number in range(3, len(CASES)):
        hours = [_hours_until(curve, number) for curve in curves.values()]
        if math.isinf(hours[-1]):
            break
        told = [f"{hour:.1f} h" if math.isfinite(hour) else "never" for hour in hours]
        ratios = [f"{hour / hours[-1]:.1f}x" if math.isfinite(hour) else "" for hour in hours[:-1]]
        lines.append(f"| {number} decided after | {' | '.join([*told, *ratios[::-1]])} |")
    ends = [answers[f"{name} hours"].mean() for name in STRATEGIES]
    ratios = [f"{end / ends[-1]:.1f}x" for end in ends[:-1]]
    lines.append(f"| ends after | {' | '.join([f'{end:.1f} h' for end in ends] + ratios[::-1])} |")
    numbers = [curve[-1] for curve in curves.values()]
    lines.append(f"| decided at the end | {' | '.join(f'{number:.1f}' for number in numbers)} | | |")
    rates = [number / end for number, end in zip(numbers, ends, strict=True)]
    gains = [f"{rates[-1] / rate:.1f}x" for rate in rates[:-1]]
    lines.append(f"| decided an hour | {' | '.join([f'{rate:.2f}' for rate in rates] + gains[::-1])} |")
    wrong = (f"{answers[f'{name} wrong'].mean() / len(CASES):.2%}" for name in STRATEGIES)
    lines.append(f"| wrongly decided | {' | '.join(wrong)} | | |")
    return "\n".join(lines) + "\n"


def _hours_until(curve: np.ndarray, number: float) -> float:
    """Interpolated from the mean curve; infinite where it never comes so far."""
    if curve[-1] < number:
        return math.inf
    place = int(np.argmax(curve >= number))
    if place == 0:
        return float(HOURS[0])
    part = (number - curve[place - 1]) / (curve[place] - curve[place - 1])
    return float(HOURS[place - 1] + part * (HOURS[place] - HOURS[place - 1]))
