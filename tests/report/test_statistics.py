"""Intervals that do not cover what they claim to cover would make every verdict of the report worthless."""

import numpy as np
import pytest
from scipy import stats

from benchmark_lightning.report.evidence import formatting
from benchmark_lightning.report.evidence.statistics import (
    Estimate,
    accuracy,
    as_good_as_best,
    difference,
    fit_line,
    frontier,
    frontier_frequencies,
    mean_of,
    mean_of_alike,
    median_of,
    ratio,
)

NUM_DRAWS = 1000
NUM_IMAGES = 14_000


def coverage(draw, truth):
    """The share of draws whose interval holds the truth."""
    estimates = [draw(np.random.default_rng(seed)) for seed in range(NUM_DRAWS)]
    return np.mean([estimate.low <= truth <= estimate.high for estimate in estimates])


@pytest.mark.parametrize("share", [0.5, 0.92, 0.99])
def test_one_run_is_covered_by_its_test_images(share):
    covered = coverage(lambda rng: accuracy([rng.binomial(NUM_IMAGES, share) / NUM_IMAGES], NUM_IMAGES), share)
    assert covered == pytest.approx(0.95, abs=0.02)


@pytest.mark.parametrize("num_runs", [2, 3, 5, 10])
@pytest.mark.parametrize("spread", [0.0005, 0.003, 0.01])
def test_several_runs_on_the_same_images_are_covered(num_runs, spread):
    """Each run errs by its seed, and all of them together by their images; quadrature may cover more, never less."""

    def draw(rng):
        by_images = rng.binomial(NUM_IMAGES, 0.92) / NUM_IMAGES
        return accuracy((by_images + rng.normal(0, spread, num_runs)).tolist(), NUM_IMAGES)

    assert 0.93 <= coverage(draw, 0.92) <= 0.99


@pytest.mark.parametrize("num_runs", [2, 3, 10, 30])
def test_a_mean_is_covered(num_runs):
    covered = coverage(lambda rng: mean_of(rng.normal(5, 1, num_runs).tolist()), 5)
    assert covered == pytest.approx(0.95, abs=0.02)


@pytest.mark.parametrize("num_runs", [2, 3, 10, 30])
def test_a_median_time_is_covered(num_runs):
    covered = coverage(lambda rng: median_of(np.exp(rng.normal(0, 0.05, num_runs)).tolist()), 1)
    assert covered == pytest.approx(0.95, abs=0.02)


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
    def both(rng):
        return [median_of(np.exp(rng.normal(centre, 0.05, num_runs)).tolist()) for centre in (1.0, 0.3)]

    assert coverage(lambda rng: ratio(*both(rng)), np.exp(0.7)) >= 0.93
    assert coverage(lambda rng: difference(*both(rng)), np.exp(1.0) - np.exp(0.3)) >= 0.93


def test_one_run_is_the_interval_of_wilson():
    interval = stats.binomtest(950, 1000).proportion_ci(method="wilson")
    estimate = accuracy([0.95], 1000)
    assert (estimate.low, estimate.high) == pytest.approx((interval.low, interval.high))
    assert "Wilson" in estimate.method


def test_perfect_accuracy_stays_within_one():
    for runs in ([1.0], [1.0, 1.0], [1.0, 0.999]):
        estimate = accuracy(runs, 1000)
        assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1


def test_equal_runs_still_have_the_interval_of_their_images():
    one, three = accuracy([0.9], 1000), accuracy([0.9] * 3, 1000)
    assert (three.low, three.high) == pytest.approx((one.low, one.high))


def test_one_time_has_no_interval_and_none_is_made_up():
    assert median_of([3.0]) == Estimate(3.0, None, None, 1, "one run: no interval")
    assert ratio(median_of([3.0]), median_of([1.0, 1.1])).low is None


def test_a_difference_is_that_of_newcombe_for_two_accuracies():
    """Source: Newcombe (1998), Interval estimation for the difference between independent proportions, table II, method 10."""
    estimate = difference(accuracy([56 / 70], 70), accuracy([48 / 80], 80))
    assert (estimate.low, estimate.high) == pytest.approx((0.0524, 0.3339), abs=1e-3)


def test_what_is_worse_by_chance_alone_is_told_apart_in_few_of_many_studies():
    def tells_any_apart(seed):
        rng = np.random.default_rng(seed)
        runs = (0.92 + rng.normal(0, 0.003, (12, 3))).tolist()
        best = int(np.argmax(np.mean(runs, axis=1)))
        return not as_good_as_best(runs, [NUM_IMAGES] * 12, best).all()

    assert np.mean([tells_any_apart(seed) for seed in range(200)]) < 0.05


def test_what_is_worse_is_told_apart():
    runs = [[0.930, 0.931, 0.929], [0.929, 0.931, 0.930], [0.900, 0.902, 0.901], [0.90]]
    assert as_good_as_best(runs, [NUM_IMAGES] * 4, 0).tolist() == [True, True, False, False]


def test_runs_without_any_spread_are_told_apart_by_the_images():
    assert as_good_as_best([[0.98, 0.98], [0.975, 0.975]], [359, 359], 0).all()
    assert not as_good_as_best([[0.98, 0.98], [0.9, 0.9]], [14_000, 14_000], 0)[1]


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


def test_a_point_is_on_the_frontier_as_often_as_it_is_really():
    sure = Estimate(1.0, 0.99, 1.01, 3, "")
    slow = Estimate(9.0, 8.9, 9.1, 3, "")
    good, equal = Estimate(0.9, 0.89, 0.91, 3, ""), Estimate(0.9, 0.89, 0.91, 3, "")
    shares = frontier_frequencies([sure, slow], [good, equal])
    assert shares[0] == 1.0
    assert shares[1] == pytest.approx(0.5, abs=0.05)


def test_a_line_is_that_of_scipy_and_names_its_worst_point():
    line = fit_line([1, 2, 3, 4], [1.0, 2.1, 2.9, 6.0])
    fit = stats.linregress([1, 2, 3, 4], [1.0, 2.1, 2.9, 6.0])
    assert (line.slope, line.r_squared) == pytest.approx((fit.slope, fit.rvalue**2))
    assert line.slope_low < line.slope < line.slope_high
    assert line.worst == 0


def test_two_points_make_no_line():
    assert fit_line([1, 2], [3, 4]) is None
    assert fit_line([1, 1, 2], [3, 3, 4]) is None


def test_the_mean_of_estimates_on_the_same_images_is_no_surer_than_each_and_says_how_far_they_lie_apart():
    cells = [Estimate(value, value - 0.01, value + 0.01, 3, "") for value in (0.006, 0.018, 0.132)]
    mean = mean_of_alike(cells, 100)
    assert mean[:4] == pytest.approx((0.052, 0.042, 0.062, 3))
    assert mean.method == "3 pairs, from 0.60 to 13.20: the mean of their intervals"
    assert mean_of_alike([*cells, Estimate(0.1, None, None, 1, "")]).low is None


def test_an_exact_value_and_a_range_are_not_printed_as_intervals():
    assert formatting.estimate(Estimate(2.37, None, None, 1, "counted", "exact")) == "2.37x"
    assert (
        formatting.estimate(Estimate(0.024, 0.02, 0.03, 3, "", "range"), "points")
        == "2.40 points (2.00 to 3.00 over the runs)"
    )
    assert formatting.estimate(Estimate(7, 5, 8, 3, "", "range"), "epochs") == "epoch 7 (5 to 8 over the runs)"
