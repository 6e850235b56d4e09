"""Intervals of times, rates and other means over runs; frontiers and lines. Those of accuracies are in ``noise``.

With few runs they use Student's t and not the bootstrap: in simulations of normal runs the percentile bootstrap of three
covers the truth in 76 of 100 draws and that of two in 50, Student's t in 95 (``tests/report/test_statistics.py``).
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from benchmark_lightning.report.evidence.estimate import CONFIDENCE, Estimate, Noise, half_width, normal_quantile
from benchmark_lightning.report.evidence.rounding import settled, settled_array

NUM_FOR_BOOTSTRAP = 20  # from so many values on the bootstrap covers as it should
NUM_RESAMPLES = 2000
SEED = 0  # the same records give the same report
ONE_RUN = "one run: no interval"
Floats = NDArray[np.float64]


def mean_of(values: Sequence[float], confidence: float = CONFIDENCE) -> Estimate:
    """The mean, with Student's t; from ``NUM_FOR_BOOTSTRAP`` values on, with the bias-corrected bootstrap."""
    array = np.asarray(values, dtype=float)
    mean, n = float(array.mean()), len(array)
    if n == 1:
        return Estimate(mean, None, None, 1, ONE_RUN)
    noise = _noise_of(array)
    if n >= NUM_FOR_BOOTSTRAP and np.ptp(array) > 0:
        low, high = _bootstrap(array, _settled_mean, "BCa", confidence)
        return Estimate(mean, low, high, n, f"{n} runs: bootstrap of the mean", noise=noise)
    half = half_width(noise, confidence)
    return Estimate(mean, mean - half, mean + half, n, f"{n} runs: Student's t", noise=noise)


def _noise_of(values: Floats, is_log: bool = False) -> Noise:
    n = len(values)
    return Noise(settled(np.var(values, ddof=1) / n), n - 1, num_seeds=n, is_log=is_log)


def median_of(values: Sequence[float], confidence: float = CONFIDENCE) -> Estimate:
    """The median of positive values (times, rates, ratios), with Student's t on their logarithms or the bootstrap."""
    array = np.asarray(values, dtype=float)
    median, n = float(np.median(array)), len(array)
    if n == 1:
        return Estimate(median, None, None, 1, ONE_RUN)
    logs = np.log(array)
    noise = _noise_of(logs, is_log=True)
    if n >= NUM_FOR_BOOTSTRAP and np.ptp(array) > 0:
        low, high = _bootstrap(array, np.median, "percentile", confidence)
        error = math.log(high / low) / 2 / normal_quantile(confidence)  # a median's error is larger than a mean's
        noise = noise._replace(seeds=max(settled(error**2), noise.seeds))
        return Estimate(median, low, high, n, f"{n} runs: bootstrap of the median", noise=noise)
    half = half_width(noise, confidence)
    low, high = (_exp(float(logs.mean()) + sign * half) for sign in (-1, 1))
    method = f"{n} runs: Student's t on logarithms"
    return Estimate(median, min(low, median), max(high, median), n, method, noise=noise)


def _exp(value: float) -> float:
    return math.exp(min(max(value, -700.0), 700.0))


def _settled_mean(values: Floats, axis: int) -> Floats:
    """BCa counts the resamples whose mean equals that of the runs, which the last bit must not decide."""
    return settled_array(np.mean(values, axis=axis))


def _bootstrap(values: Floats, statistic: Any, method: str, confidence: float) -> tuple[float, float]:
    result = stats.bootstrap(
        (values,), statistic, n_resamples=NUM_RESAMPLES, confidence_level=confidence, method=method, rng=SEED
    )
    return float(result.confidence_interval.low), float(result.confidence_interval.high)


def difference(left: Estimate, right: Estimate, confidence: float = CONFIDENCE) -> Estimate:
    """``left - right`` of two independent means or medians; without an interval where one of them has none.

    Source: Welch (1947), The generalization of "Student's" problem, Biometrika 34.
    """
    value, n = left.value - right.value, min(left.n, right.n)
    noise = _joint(_linear(left), _linear(right))
    if noise is None:
        return Estimate(value, None, None, n, "no interval on one side")
    half = half_width(noise, confidence)
    return Estimate(value, value - half, value + half, n, "Welch's t", noise=noise)


def _linear(estimate: Estimate) -> Noise | None:
    """The noise on the scale of the value itself: the variance of a logarithm times the square of the value."""
    noise = estimate.noise
    if noise is None or not noise.is_log:
        return noise
    return noise._replace(seeds=noise.seeds * estimate.value**2, is_log=False)


def ratio(left: Estimate, right: Estimate, confidence: float = CONFIDENCE) -> Estimate:
    """``left / right`` of two independent positive medians: Welch's t on their logarithms."""
    value, n = left.value / right.value, min(left.n, right.n)
    noise = _joint(left.noise, right.noise)
    if noise is None:
        return Estimate(value, None, None, n, "no interval on one side")
    half, centre = half_width(noise, confidence), log_centre(left) - log_centre(right)
    low, high = min(_exp(centre - half), value), max(_exp(centre + half), value)
    return Estimate(value, low, high, n, "Welch's t on logarithms", noise=noise)


def log_centre(estimate: Estimate) -> float:
    """The logarithm about which the interval lies.

    It is that of the runs' geometric mean, as is the noise; that of their median errs by up to a quarter more.
    """
    if not estimate.low or not estimate.high:
        return math.log(estimate.value)
    return math.log(estimate.low * estimate.high) / 2


def _joint(left: Noise | None, right: Noise | None) -> Noise | None:
    """The noise of the difference of two independent estimates."""
    if left is None or right is None:
        return None
    total = left.seeds + right.seeds
    known = left.seeds**2 / left.df + right.seeds**2 / right.df
    df = settled(total**2 / known) if known > 0 else math.inf
    return Noise(total, df, num_seeds=(left.num_seeds + right.num_seeds) / 2, is_log=left.is_log)


def ratio_of_runs(left: Mapping[Any, float], right: Mapping[Any, float], confidence: float = CONFIDENCE) -> Estimate:
    """The ratio of two positive measures over their runs: of pairs where all runs have a partner, else of medians.

    Args:
        left: value of each run, by what names the run: two of one name ran one after the other.
        right: the same of what it is compared with.
    """
    if len(left) > 1 and set(left) == set(right):
        paired = median_of([left[run] / right[run] for run in left], confidence)
        return paired._replace(method=paired.method.replace("runs", "pairs of runs", 1))
    return ratio(median_of(list(left.values())), median_of(list(right.values())), confidence)


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


def frontier_frequencies(costs: Sequence[Estimate], gains: Sequence[Estimate]) -> Floats | None:
    """How often each point is on the frontier when costs and gains are drawn anew from what their runs tell.

    Each is moved by a draw of Student's t for its seeds and of a normal one for its images, costs on a logarithmic scale.

    Returns:
        A share for each point; None where the noise of one is not known, since a point that never moves would displace others.
    """
    noises = [estimate.noise for estimate in (*costs, *gains)]
    if any(noise is None for noise in noises):
        return None
    rng = np.random.default_rng(SEED)
    moves = np.stack([_draws(rng, noise) for noise in noises if noise is not None], axis=1)
    drawn_costs = np.log([cost.value for cost in costs]) + moves[:, : len(costs)]
    drawn_gains = np.array([gain.value for gain in gains]) + moves[:, len(costs) :]
    return np.asarray(_on_frontier(drawn_costs, drawn_gains).mean(axis=0), dtype=float)


def _draws(rng: np.random.Generator, noise: Noise) -> Floats:
    normal = rng.standard_normal(NUM_RESAMPLES)
    student = rng.standard_normal(NUM_RESAMPLES) if math.isinf(noise.df) else rng.standard_t(noise.df, NUM_RESAMPLES)
    return np.asarray(math.sqrt(noise.fixed) * normal + math.sqrt(noise.seeds) * student, dtype=float)


class Line(NamedTuple):
    """A least-squares line: ``y = intercept + slope x``, the share of variance it explains, and where it fails most.

    Args:
        slope: with its interval, where the noise of every point is known.
        worst: position of the point with the largest residual relative to its value.
        worst_relative: that residual: 0.2 is a point 20 % above the line.
    """

    slope: Estimate
    intercept: float
    r_squared: float
    worst: int
    worst_relative: float


def fit_line(x: Sequence[float], y: Sequence[float], noises: Sequence[Noise | None]) -> Line | None:
    """The line through at least three points of different ``x``; None for fewer, since any two points lie on one.

    The interval of the slope is what the noise of the points does to it. How far they lie off the line is no noise: it says
    that the line is the wrong law, and stands in ``r_squared`` and ``worst_relative``.

    Args:
        noises: of each ``y``, on its scale.
    """
    if len(set(x)) < 3:
        return None
    fit = stats.linregress(x, y)
    slope, intercept = settled(fit.slope), settled(fit.intercept)
    residuals = np.asarray(y) - intercept - slope * np.asarray(x)
    relative = settled_array(residuals / np.asarray(y))
    worst = int(np.argmax(np.abs(relative)))
    return Line(_slope(slope, x, noises), intercept, settled(fit.rvalue**2), worst, float(relative[worst]))


def _slope(slope: float, x: Sequence[float], noises: Sequence[Noise | None]) -> Estimate:
    known = [noise for noise in noises if noise is not None]
    if len(known) < len(x):
        return Estimate(slope, None, None, 1, "one of the points ran once: no interval")
    from_middle = np.asarray(x) - np.mean(x)
    shares = (from_middle / (from_middle @ from_middle)) ** 2 * np.array([noise.seeds for noise in known])
    weights = shares**2 / np.array([noise.df for noise in known])
    total = settled(shares.sum())
    noise = Noise(total, settled(total**2 / weights.sum()) if weights.sum() > 0 else math.inf)
    half = half_width(noise)
    n = round(min(noise.num_seeds for noise in known))
    return Estimate(
        slope, slope - half, slope + half, n, f"{len(x)} points of {n} runs: the noise of their times", noise=noise
    )
