"""Estimates with their intervals: accuracies, times, differences, ratios, ties, frontiers and lines.

All intervals are of 95 %. With few runs they use Student's t and not the bootstrap: in simulations of normal runs the
percentile bootstrap of three covers the truth in 76 of 100 draws and that of two in 50, Student's t in 95
(``tests/report/test_statistics.py`` draws them again).
"""

import math
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from benchmark_lightning.report.evidence.rounding import settled, settled_array

CONFIDENCE = 0.95
NUM_FOR_BOOTSTRAP = 20  # from so many values on the bootstrap covers as it should
NUM_RESAMPLES = 2000
SEED = 0  # the same records give the same report
Floats = NDArray[np.float64]


class _Estimate(NamedTuple):
    value: float
    low: float | None
    high: float | None
    n: int
    method: str
    kind: Literal["interval", "range", "exact"] = "interval"


class Estimate(_Estimate):
    """A value with its interval, where one is known; its numbers are ``settled``, so that they can be compared.

    Args:
        value: the estimate.
        low: lower end of the interval; None where there is none.
        high: upper end.
        n: runs, or pairs of runs, that it comes from.
        method: how the interval was made, for a person.
        kind: whether the ends are those of an ``interval`` or of the ``range`` of the runs, or the value is ``exact``.
    """

    __slots__ = ()

    def __new__(
        cls,
        value: float,
        low: float | None,
        high: float | None,
        n: int,
        method: str,
        kind: Literal["interval", "range", "exact"] = "interval",
    ) -> Self:
        low, high = (None if end is None else settled(end) for end in (low, high))
        return super().__new__(cls, settled(value), low, high, n, method, kind)

    @property
    def half_width(self) -> float:
        """Half the interval; 0 where there is none."""
        return 0.0 if self.low is None or self.high is None else (self.high - self.low) / 2


def accuracy(accuracies: Sequence[float], num_images: int | None) -> Estimate:
    """The mean accuracy of runs tested on the same images, as it would be on other images and with other seeds.

    One run has the Wilson interval of its test images. Of several, that of their mean and Student's t over the runs
    are added in quadrature, since seeds and images err independently: rather too wide (in simulation it covers 94 to
    98 of 100) than too narrow, as Satterthwaite's approximation is for two or three runs (87 to 95).

    Args:
        accuracies: one a run, in [0, 1].
        num_images: on which each was tested; None leaves the images' part out.
    """
    values = np.asarray(accuracies, dtype=float)
    mean, n = settled(values.mean()), len(values)
    if num_images is None:
        return mean_of(accuracies)
    images = stats.binomtest(round(mean * num_images), num_images).proportion_ci(CONFIDENCE, method="wilson")
    below, above = max(mean - float(images.low), 0.0), max(float(images.high) - mean, 0.0)
    if n == 1:
        return Estimate(mean, mean - below, mean + above, 1, f"one run: Wilson over {num_images:,} test images")
    runs = mean_of(accuracies).half_width
    low, high = max(mean - math.hypot(below, runs), 0.0), min(mean + math.hypot(above, runs), 1.0)
    return Estimate(mean, low, high, n, f"{n} runs: Student's t, and Wilson over {num_images:,} test images")


def mean_of(values: Sequence[float]) -> Estimate:
    """The mean, with Student's t; from ``NUM_FOR_BOOTSTRAP`` values on, with the bias-corrected bootstrap."""
    array = np.asarray(values, dtype=float)
    mean, n = float(array.mean()), len(array)
    if n == 1:
        return Estimate(mean, None, None, 1, "one run: no interval")
    if n >= NUM_FOR_BOOTSTRAP and np.ptp(array) > 0:
        low, high = _bootstrap(array, _settled_mean, "BCa")
        return Estimate(mean, low, high, n, f"{n} runs: bootstrap of the mean")
    half = float(stats.t.ppf((1 + CONFIDENCE) / 2, n - 1) * stats.sem(array))
    return Estimate(mean, mean - half, mean + half, n, f"{n} runs: Student's t")


def mean_of_alike(estimates: Sequence[Estimate], scale: int = 1) -> Estimate:
    """The mean of estimates that may err together, as those made on the same test images do.

    Its interval is the mean of theirs: as wide as if all erred alike, and so rather too wide than too narrow. It speaks
    of these estimates alone, however much they differ, and not of others like them.

    Args:
        estimates: differences.
        scale: in which the words about their spread give them, such as 100 for points of accuracy.

    >>> mean_of_alike([Estimate(0.125, 0.0, 0.25, 1, ""), Estimate(0.375, 0.25, 0.5, 1, "")])[:4]
    (0.25, 0.125, 0.375, 2)
    """
    value, n = float(np.mean([estimate.value for estimate in estimates])), len(estimates)
    lowest, highest = (scale * end(one.value for one in estimates) for end in (min, max))
    spread = f"{n} pairs, from {lowest:.2f} to {highest:.2f}"
    ends = [(one.low, one.high) for one in estimates if one.low is not None and one.high is not None]
    if len(ends) < n:
        return Estimate(value, None, None, n, f"{spread}: one of them has no interval")
    low, high = np.mean(ends, axis=0).tolist()
    return Estimate(value, low, high, n, f"{spread}: the mean of their intervals")


def median_of(values: Sequence[float]) -> Estimate:
    """The median of positive values (times, rates, ratios), with Student's t on their logarithms or the bootstrap."""
    array = np.asarray(values, dtype=float)
    median, n = float(np.median(array)), len(array)
    if n == 1:
        return Estimate(median, None, None, 1, "one run: no interval")
    if n >= NUM_FOR_BOOTSTRAP and np.ptp(array) > 0:
        low, high = _bootstrap(array, np.median, "percentile")
        return Estimate(median, low, high, n, f"{n} runs: bootstrap of the median")
    logs = mean_of(np.log(array).tolist())
    low, high = (math.exp(min(max(end, -700.0), 700.0)) for end in (logs.low or 0.0, logs.high or 0.0))
    return Estimate(median, min(low, median), max(high, median), n, f"{n} runs: Student's t on logarithms")


def _settled_mean(values: Floats, axis: int) -> Floats:
    """BCa counts the resamples whose mean equals that of the runs, which the last bit must not decide."""
    return settled_array(np.mean(values, axis=axis))


def _bootstrap(values: Floats, statistic: Any, method: str) -> tuple[float, float]:
    result = stats.bootstrap(
        (values,), statistic, n_resamples=NUM_RESAMPLES, confidence_level=CONFIDENCE, method=method, rng=SEED
    )
    return float(result.confidence_interval.low), float(result.confidence_interval.high)


def difference(left: Estimate, right: Estimate) -> Estimate:
    """``left - right`` of two independent estimates.

    Source: Zou and Donner (2008), Construction of confidence limits about effect measures, Statistics in Medicine 27.
    Estimates on the same test images err together, so the interval is rather too wide than too narrow.
    """
    value = left.value - right.value
    n = min(left.n, right.n)
    if left.low is None or left.high is None or right.low is None or right.high is None:
        return Estimate(value, None, None, n, "no interval on one side")
    low = value - math.hypot(left.value - left.low, right.high - right.value)
    high = value + math.hypot(left.high - left.value, right.value - right.low)
    return Estimate(value, low, high, n, "both intervals, in quadrature")


def ratio(left: Estimate, right: Estimate) -> Estimate:
    """``left / right`` of two independent positive estimates: the difference of their logarithms."""
    logs = difference(_log(left), _log(right))
    low, high = (None if end is None else math.exp(end) for end in (logs.low, logs.high))
    return Estimate(left.value / right.value, low, high, logs.n, logs.method)


def _log(estimate: Estimate) -> Estimate:
    low, high = (None if end is None or end <= 0 else math.log(end) for end in (estimate.low, estimate.high))
    return Estimate(math.log(estimate.value), low, high, estimate.n, estimate.method)


def as_good_as_best(runs: Sequence[Sequence[float]], num_images: Sequence[int], best: int) -> NDArray[np.bool_]:
    """Mark the configurations that are not significantly worse than the best one, that one included.

    A configuration is significantly worse where both its runs (Welch's t-test) and the test images (two proportions) say that
    it is worse, at a false discovery rate of 5 % over all comparisons. With one run on either side the images decide.

    Args:
        runs: test accuracies of each configuration's runs.
        num_images: on which each configuration was tested.
        best: position of the best configuration.
    """
    others = [position for position in range(len(runs)) if position != best]
    as_good = np.ones(len(runs), dtype=bool)
    if others:
        p_values = [_p_worse(runs[best], num_images[best], runs[other], num_images[other]) for other in others]
        as_good[others] = stats.false_discovery_control(p_values) > 1 - CONFIDENCE
    return as_good


def _p_worse(best: Sequence[float], num_best: int, other: Sequence[float], num_other: int) -> float:
    """How likely such a lead of ``best`` is where ``other`` is just as good."""
    lead = settled(np.mean(best) - np.mean(other))
    if lead <= 0:
        return 1.0
    pooled = (float(np.mean(best)) * num_best + float(np.mean(other)) * num_other) / (num_best + num_other)
    error = math.sqrt(pooled * (1 - pooled) * (1 / num_best + 1 / num_other))
    by_images = float(stats.norm.sf(lead / error)) if error > 0 else 0.0
    if min(len(best), len(other)) < 2 or np.ptp(best) + np.ptp(other) == 0:
        return by_images
    moments = [value for runs in (best, other) for value in (np.mean(runs), np.std(runs, ddof=1), len(runs))]
    by_runs = float(stats.ttest_ind_from_stats(*moments, equal_var=False, alternative="greater").pvalue)
    return max(by_images, by_runs)


def frontier(costs: Sequence[float], gains: Sequence[float]) -> NDArray[np.bool_]:
    """Which points no other one beats in both: none costs at most as much and gains at least as much, one of it strictly.

    >>> frontier([1.0, 2.0, 3.0], [0.8, 0.9, 0.85]).tolist()
    [True, True, False]
    """
    on: NDArray[np.bool_] = _on_frontier(settled_array([costs]), settled_array([gains]))[0]
    return on


def _on_frontier(costs: Floats, gains: Floats) -> NDArray[np.bool_]:
    """The same for many draws at once; both are (draws, points)."""
    order = np.lexsort((-gains, costs), axis=1)
    sorted_gains = np.take_along_axis(gains, order, axis=1)
    best_before = np.maximum.accumulate(sorted_gains, axis=1)[:, :-1]
    is_first = np.ones_like(sorted_gains, dtype=bool)
    is_first[:, 1:] = sorted_gains[:, 1:] > best_before
    result = np.empty_like(is_first)
    np.put_along_axis(result, order, is_first, axis=1)
    return result


def frontier_frequencies(costs: Sequence[Estimate], gains: Sequence[Estimate]) -> Floats:
    """How often each point is on the frontier when costs and gains are drawn anew within their intervals.

    Gains are drawn from a normal distribution as wide as the interval, and costs likewise on a logarithmic scale; a
    cost without an interval stays where it is.
    """
    rng = np.random.default_rng(SEED)
    z = stats.norm.ppf((1 + CONFIDENCE) / 2)
    values, widths = _columns(gains)
    drawn_gains = rng.normal(values, widths / z, (NUM_RESAMPLES, len(values)))
    values, widths = _columns([_log(cost) for cost in costs])
    drawn_costs = rng.normal(values, widths / z, (NUM_RESAMPLES, len(values)))
    return np.asarray(_on_frontier(drawn_costs, drawn_gains).mean(axis=0), dtype=float)


def _columns(estimates: Sequence[Estimate]) -> tuple[Floats, Floats]:
    return np.array([item.value for item in estimates]), np.array([item.half_width for item in estimates])


class Line(NamedTuple):
    """A least-squares line: ``y = intercept + slope x``, the share of variance it explains, and where it fails most.

    Args:
        slope: with ``slope_low`` and ``slope_high``, its interval.
        worst: position of the point with the largest residual relative to its value.
        worst_relative: that residual: 0.2 is a point 20 % above the line.
    """

    slope: float
    slope_low: float
    slope_high: float
    intercept: float
    r_squared: float
    worst: int
    worst_relative: float


def fit_line(x: Sequence[float], y: Sequence[float]) -> Line | None:
    """The line through at least three points of different ``x``; None for fewer, since any two points lie on one."""
    if len(set(x)) < 3:
        return None
    fit = stats.linregress(x, y)
    slope, intercept = settled(fit.slope), settled(fit.intercept)
    residuals = np.asarray(y) - intercept - slope * np.asarray(x)
    # From the residuals: scipy's own comes from 1 - r^2, in which nothing but noise is left where the points are a line.
    error = math.sqrt(float(residuals @ residuals) / (len(x) - 2)) / (float(np.std(x)) * math.sqrt(len(x)))
    half = float(stats.t.ppf((1 + CONFIDENCE) / 2, len(x) - 2)) * error
    relative = settled_array(residuals / np.asarray(y))
    worst = int(np.argmax(np.abs(relative)))
    return Line(
        slope, settled(slope - half), settled(slope + half), intercept,
        settled(fit.rvalue**2), worst, float(relative[worst]),
    )  # fmt: skip
