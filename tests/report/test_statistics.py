"""Intervals of times, rates and lines that do not cover what they claim to cover would make the verdicts worthless."""

import math

import numpy as np
import pytest
from scipy import stats

from benchmark_lightning.report.evidence import formatting
from benchmark_lightning.report.evidence.estimate import Estimate, Noise, half_width
from benchmark_lightning.report.evidence.statistics import (
    ONE_RUN,
    difference,
    fit_line,
    frontier,
    frontier_frequencies,
    mean_of,
    median_of,
    ratio,
    ratio_of_runs,
)

NUM_DRAWS = 1000


def coverage(draw, truth, num_draws=NUM_DRAWS):
    """The share of draws whose interval holds the truth."""
    estimates = [draw(np.random.default_rng(seed)) for seed in range(num_draws)]
    return np.mean([estimate.low <= truth <= estimate.high for estimate in estimates])


@pytest.mark.parametrize("num_runs", [2, 3, 10])
def test_a_mean_is_covered(num_runs):
    covered = coverage(lambda rng: mean_of(rng.normal(5, 1, num_runs).tolist()), 5)
    assert covered == pytest.approx(0.95, abs=0.02)


@pytest.mark.parametrize("num_runs", [2, 3, 10])
def test_a_median_time_is_covered(num_runs):
    covered = coverage(lambda rng: median_of(np.exp(rng.normal(0, 0.05, num_runs)).tolist()), 1)
    assert covered == pytest.approx(0.95, abs=0.02)


@pytest.mark.slow
def test_many_runs_are_covered_by_the_bootstrap():
    assert coverage(lambda rng: mean_of(rng.normal(5, 1, 30).tolist()), 5) == pytest.approx(0.95, abs=0.03)
    assert coverage(lambda rng: median_of(np.exp(rng.normal(0, 0.05, 30)).tolist()), 1) == pytest.approx(0.95, abs=0.02)

    def apart(rng):
        return ratio(*(median_of(np.exp(rng.normal(0, 0.05, 30)).tolist()) for _ in range(2)))

    assert coverage(apart, 1, 300) == pytest.approx(0.95, abs=0.04)


def test_the_percentile_bootstrap_of_few_runs_would_not_cover():
    """Why Student's t stands where others bootstrap."""

    def covers(seed):
        rng = np.random.default_rng(seed)
        runs = rng.normal(0, 1, 3)
        low, high = np.percentile(rng.choice(runs, (500, 3)).mean(axis=1), [2.5, 97.5])
        return low <= 0 <= high

    assert np.mean([covers(seed) for seed in range(NUM_DRAWS)]) < 0.85


@pytest.mark.parametrize("num_runs", [2, 3, 5])
def test_a_difference_and_a_ratio_are_covered(num_runs):
    def both(rng, make=median_of):
        return [make(np.exp(rng.normal(centre, 0.05, num_runs)).tolist()) for centre in (1.0, 0.3)]

    assert coverage(lambda rng: ratio(*both(rng)), np.exp(0.7)) >= 0.93
    truth = np.exp(1.0) - np.exp(0.3)
    assert coverage(lambda rng: difference(*both(rng)), truth) >= 0.91  # about the medians, which err a little more
    assert coverage(lambda rng: difference(*both(rng, mean_of)), truth * np.exp(0.05**2 / 2)) >= 0.93


def test_a_difference_and_a_ratio_are_those_of_welch():
    left, right = [3.0, 3.4, 2.9], [1.1, 1.0, 1.3, 1.2]
    expected = stats.ttest_ind(left, right, equal_var=False).confidence_interval()
    found = difference(mean_of(left), mean_of(right))
    assert (found.low, found.high) == pytest.approx(tuple(expected), rel=1e-6)
    expected = stats.ttest_ind(np.log(left), np.log(right), equal_var=False).confidence_interval()
    found = ratio(median_of(left), median_of(right))
    half = (expected.high - expected.low) / 2
    assert math.log(found.high / found.low) / 2 == pytest.approx(half, rel=1e-6)


def test_a_stricter_level_makes_every_interval_wider():
    runs, others = {0: 1.0, 1: 1.1, 2: 1.05}, {0: 2.0, 1: 2.3, 2: 2.2}
    for make in (
        lambda level: mean_of(list(runs.values()), level),
        lambda level: median_of(list(runs.values()), level),
        lambda level: ratio_of_runs(runs, others, level),
        lambda level: ratio(median_of(list(runs.values())), median_of(list(others.values())), level),
    ):
        assert make(0.99).half_width > make(0.95).half_width > 0


def test_times_that_ran_in_turn_are_compared_in_pairs():
    """The state of the machine is in both times of a pair, and cancels."""
    left, right = {0: 1.0, 1: 2.0, 2: 3.0}, {0: 2.0, 1: 4.0, 2: 6.1}
    paired = ratio_of_runs(left, right)
    apart = ratio_of_runs(left, {3: 2.0, 4: 4.0, 5: 6.1})
    assert paired.half_width < apart.half_width / 10
    assert "pairs of runs" in paired.method
    assert "pairs" not in apart.method


def test_one_pair_is_no_interval():
    assert ratio_of_runs({0: 1.0}, {0: 2.0}).low is None


def test_one_time_has_no_interval_and_none_is_made_up():
    assert median_of([3.0]) == Estimate(3.0, None, None, 1, ONE_RUN)
    assert mean_of([3.0]).low is None
    assert ratio(median_of([3.0]), median_of([1.0, 1.1])).low is None
    assert difference(mean_of([3.0]), mean_of([1.0, 1.1])).low is None


def test_one_part_of_the_noise_alone_has_its_own_quantile():
    assert half_width(Noise(seeds=4.0, df=2)) == pytest.approx(stats.t.ppf(0.975, 2) * 2)
    assert half_width(Noise(seeds=0.0, df=2, fixed=4.0)) == pytest.approx(stats.norm.ppf(0.975) * 2)
    both = half_width(Noise(seeds=2.0, df=2, fixed=2.0))
    assert stats.norm.ppf(0.975) * 2 < both < stats.t.ppf(0.975, 2) * 2


def test_nothing_on_the_frontier_is_beaten():
    rng = np.random.default_rng(0)
    costs, gains = rng.uniform(1, 9, 60), rng.uniform(0, 1, 60)
    beaten = [
        any(
            cost <= costs[i] and gain >= gains[i] and (cost, gain) != (costs[i], gains[i])
            for cost, gain in zip(costs, gains, strict=True)
        )
        for i in range(60)
    ]
    assert frontier(costs, gains).tolist() == [not is_beaten for is_beaten in beaten]


def known(value, sd, is_log=False):
    """An estimate with noise of its own."""
    return Estimate(value, value - sd, value + sd, 3, "", noise=Noise(sd**2, 2, num_seeds=3, is_log=is_log))


def test_a_point_is_on_the_frontier_as_often_as_it_is_really():
    cheap, slow = known(1.0, 0.01, is_log=True), known(9.0, 0.01, is_log=True)
    shares = frontier_frequencies([cheap, slow], [known(0.9, 0.001), known(0.9, 0.001)])
    assert shares[0] > 0.99
    assert shares[1] == pytest.approx(0.5, abs=0.05)


def test_a_run_that_never_moves_displaces_no_other_from_the_frontier():
    one_run = Estimate(0.95, None, None, 1, ONE_RUN)
    assert frontier_frequencies([known(1.0, 0.01, is_log=True)] * 2, [known(0.9, 0.001), one_run]) is None


def test_a_line_is_that_of_scipy_and_names_its_worst_point():
    line = fit_line([1, 2, 3, 4], [1.0, 2.1, 2.9, 6.0], [Noise(0.01, 2, num_seeds=3)] * 4)
    fit = stats.linregress([1, 2, 3, 4], [1.0, 2.1, 2.9, 6.0])
    assert (line.slope.value, line.r_squared) == pytest.approx((fit.slope, fit.rvalue**2))
    assert line.slope.low < line.slope.value < line.slope.high
    assert line.worst == 0


def test_the_interval_of_a_slope_covers():
    x = [1.0, 2.0, 3.0, 6.0]

    def draw(rng):
        runs = 2 * np.array(x)[:, None] + rng.normal(0, 0.3, (4, 3))
        noises = [Noise(float(np.var(row, ddof=1)) / 3, 2, num_seeds=3) for row in runs]
        return fit_line(x, runs.mean(axis=1).tolist(), noises).slope

    assert 0.93 <= coverage(draw, 2.0) <= 0.99


def test_a_line_through_a_point_that_ran_once_has_no_interval():
    assert fit_line([1, 2, 3], [1.0, 2.1, 2.9], [Noise(0.01, 2), None, Noise(0.01, 2)]).slope.low is None


def test_two_points_make_no_line():
    noises = [Noise(0.01, 2)] * 3
    assert fit_line([1, 2], [3, 4], noises[:2]) is None
    assert fit_line([1, 1, 2], [3, 3, 4], noises) is None


def test_an_exact_value_is_not_printed_as_an_interval():
    assert formatting.estimate(Estimate(2.37, None, None, 1, "counted", "exact")) == "2.37x"
