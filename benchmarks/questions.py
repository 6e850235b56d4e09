"""The questions asked of simulated runs, through the package's own functions: does the interval hold the truth?"""

import math
from collections.abc import Callable, Sequence

import numpy as np
from scipy import special, stats

from benchmark_lightning.report.claims.verdicts import Finding
from benchmark_lightning.report.evidence.choice import best_position, best_runs, could_be_best
from benchmark_lightning.report.evidence.estimate import CONFIDENCE, Estimate, normal_quantile
from benchmark_lightning.report.evidence.noise import Weighted, accuracy_difference, contrast, mean_accuracy
from benchmark_lightning.report.evidence.runs import Runs
from benchmark_lightning.report.evidence.statistics import median_of, ratio_of_runs
from benchmarks.simulation import World, draw, draw_times, true_mean_of

Answers = dict[str, float]  # shares are 0 or 1 a draw; nan where there is no interval
Question = Callable[[np.random.Generator], Answers]


def covers(estimate: Estimate, truth: float) -> float:
    """Whether the interval holds the truth; nan where there is none."""
    if estimate.low is None or estimate.high is None:
        return math.nan
    return float(estimate.low <= truth <= estimate.high)


def about_two(rng: np.random.Generator, world: World) -> Answers:
    """The first two configurations: their accuracies and the difference."""
    left, right = draw(rng, world)[:2]
    truth = world.means[0] - world.means[1]
    mean, difference = mean_accuracy(left), accuracy_difference(left, right)
    before, before_difference = half_width_before(left), math.hypot(half_width_before(left), half_width_before(right))
    return {
        "mean": covers(mean, world.means[0]),
        "difference": covers(difference, truth),
        "mean before": float(abs(mean.value - world.means[0]) <= before),
        "difference before": float(abs(difference.value - truth) <= before_difference),
        "mean width": mean.half_width, "mean width before": before,
        "difference width": difference.half_width, "difference width before": before_difference,
        "told apart": float(not could_be_best([left, right]).all()),
        "wrong at border": decided(difference, truth),
    }  # fmt: skip


def about_many(rng: np.random.Generator, world: World) -> Answers:
    """Many configurations, of which one is chosen, or which are compared in pairs and groups."""
    several = draw(rng, world)
    half, means = len(several) // 2, np.array(world.means)
    left, right = several[:half], several[half:]
    pairs = contrast([Weighted(1 / half, runs) for runs in left] + [Weighted(-1 / half, runs) for runs in right])
    of_left, of_right = best_runs(left), best_runs(right)
    lead = accuracy_difference(of_left, of_right)
    lead_truth = true_mean_of(of_left, left, world._replace(means=world.means[:half])) - true_mean_of(
        of_right, right, world._replace(means=world.means[half:])
    )
    chosen, naive = best_runs(several), several[best_position(several)]
    chosen_truth, naive_truth = (true_mean_of(runs, several, world) for runs in (chosen, naive))
    could = could_be_best(several)
    return {
        "pairs": covers(pairs, float(means[:half].mean() - means[half:].mean())),
        "chosen": covers(mean_accuracy(chosen), chosen_truth),
        "lead": covers(lead, lead_truth),
        "flattery": float(chosen.accuracies.mean()) - chosen_truth,
        "flattery before": float(naive.accuracies.mean()) - naive_truth,
        "told apart": float(not could.all()),
        "best in set": float(could[means.argmax()]),
        "size of set": float(could.sum()),
        "wrong at border": decided(lead, lead_truth),
        "any fails": any_fails(several, world),
        "any as good": any_as_good(several, world),
    }  # fmt: skip


def about_many_before(rng: np.random.Generator, world: World) -> Answers:
    """How often the way of before told any of several equal configurations apart, where the interval excludes a difference."""
    several = draw(rng, world)
    best = several[best_position(several)]
    wide = half_width_before(best)
    leads = [(float(best.accuracies.mean() - one.accuracies.mean()), half_width_before(one)) for one in several]
    return {"told apart before": float(any(lead > math.hypot(wide, half) for lead, half in leads))}


def decided(estimate: Estimate, truth: float) -> float:
    """Whether a claim is said to hold or to fail whose border is the truth itself."""
    return float(Finding("", estimate, (truth, 1.0)).verdict in ("holds", "fails"))


def any_fails(several: Sequence[Runs], world: World) -> float:
    """Whether a claim fails that every configuration is at most as much worse than the first as it is in truth.

    As in ``judging``, each of its comparisons is made at a level that allows for their number.
    """
    level = 1 - (1 - CONFIDENCE) / (len(several) - 1)
    findings = [
        Finding("", accuracy_difference(several[0], one, level), (-1.0, world.means[0] - mean))
        for one, mean in zip(several[1:], world.means[1:], strict=True)
    ]
    return float(any(finding.verdict == "fails" for finding in findings))


def any_as_good(several: Sequence[Runs], world: World) -> float:
    """Whether any other is told to be as good as the chosen one, within a margin that it misses by nothing in truth.

    As where the report recommends the faster of two, at a level that allows for the number of the others.
    """
    level = 1 - (1 - CONFIDENCE) / (len(several) - 1)
    best = best_position(several)
    given_away = [
        (accuracy_difference(several[best], one, level).high, world.means[best] - mean)
        for place, (one, mean) in enumerate(zip(several, world.means, strict=True)) if place != best
    ]  # fmt: skip
    return float(any(high is not None and high <= margin for high, margin in given_away))


def about_times(rng: np.random.Generator, num: int, is_paired: bool) -> Answers:
    """Times of two configurations, run in turn or apart."""
    left, right = draw_times(rng, num, 2.0, is_paired)
    ratio = ratio_of_runs(left, right)
    return {
        "ratio": covers(ratio, 2.0),
        "median": covers(median_of(list(left.values())), 2.0),
        "width": math.nan if ratio.low is None or ratio.high is None else math.log(ratio.high / ratio.low) / 2,
    }


def half_width_before(runs: Runs) -> float:
    """Half the interval of an accuracy as it was: Student's t over runs and Wilson's over images, in quadrature."""
    mean = float(runs.accuracies.mean())
    z, m = normal_quantile(CONFIDENCE), runs.num_images or 0
    wilson = z / (1 + z**2 / m) * math.sqrt(mean * (1 - mean) / m + z**2 / (4 * m**2))
    if runs.n < 2:
        return wilson
    return math.hypot(wilson, float(special.stdtrit(runs.n - 1, (1 + CONFIDENCE) / 2) * stats.sem(runs.accuracies)))
