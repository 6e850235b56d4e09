"""How many seeds an open claim takes: a wrong number sends a person to buy hours that decide nothing."""

import math

import numpy as np
import pytest

from benchmark_lightning.report.evidence.estimate import Estimate, Noise, half_width
from benchmark_lightning.report.evidence.forecast import Forecast, forecast
from benchmark_lightning.report.evidence.noise import accuracy_difference
from benchmark_lightning.report.evidence.statistics import median_of
from benchmarks.simulation import draw, equal

NOISE = Noise(seeds=1e-5, df=4, fixed=1e-6, num_seeds=3, num_images=14_000)


def estimate(value, noise=NOISE):
    return Estimate(value, value - half_width(noise), value + half_width(noise), 3, "", noise=noise)


def at(noise, num_seeds):
    """The noise with so many seeds."""
    return noise._replace(seeds=noise.seeds * 3 / num_seeds, df=noise.df * num_seeds / 3)


@pytest.mark.parametrize("value", [0.003, 0.004, 0.02])
def test_with_so_many_seeds_the_interval_just_clears_the_border(value):
    ahead = forecast(estimate(value), (0.0, 1.0))
    assert half_width(at(NOISE, ahead.num_seeds)) <= ahead.distance == pytest.approx(value)
    if ahead.num_seeds > 3:
        assert half_width(at(NOISE, ahead.num_seeds - 1)) > value


def test_where_the_images_are_too_few_no_number_of_seeds_decides_and_the_images_do():
    ahead = forecast(estimate(0.001), (0.0, 1.0))
    assert math.isinf(ahead.num_seeds)
    needed = ahead.num_images
    assert needed > 14_000
    assert 1.96 * math.sqrt(NOISE.fixed * 14_000 / needed) == pytest.approx(0.001, rel=1e-3)


def test_an_estimate_on_the_border_is_never_decided():
    ahead = forecast(estimate(0.0), (0.0, 1.0))
    assert math.isinf(ahead.num_seeds)
    assert ahead.num_images is None


def test_the_nearest_border_counts_and_an_infinite_one_is_none():
    assert forecast(estimate(0.018), (0.0, 0.02)).distance == pytest.approx(0.002)
    assert forecast(estimate(0.018), (0.0, math.inf)).distance == pytest.approx(0.018)


def test_ratios_are_as_far_from_their_border_as_their_logarithms():
    times = median_of([2.0, 2.1, 2.2])
    assert forecast(times, (1.5, math.inf)).distance == pytest.approx(math.log(2.1 / 1.5))
    assert forecast(times, (1.5, math.inf)).num_images is None


def test_what_has_no_noise_has_no_forecast():
    assert forecast(None, (0.0, 1.0)) is None
    assert forecast(Estimate(0.1, None, None, 1, "one seed"), (0.0, 1.0)) is None


def test_a_stricter_level_takes_more_seeds():
    assert forecast(estimate(0.004), (0.0, 1.0), 0.98).num_seeds > forecast(estimate(0.004), (0.0, 1.0)).num_seeds


def test_the_chance_grows_with_seeds_and_is_none_without_new_ones():
    ahead = Forecast(0.004, NOISE, 0.95)
    chances = [ahead.chance_at(num) for num in (3, 5, 8, 12, 100)]
    assert chances[0] == 0.0
    assert chances == sorted(chances)
    assert chances[-1] > 0.6  # the estimate may still move towards the border
    assert Forecast(0.0001, NOISE._replace(seeds=1e-12), 0.95).chance_at(100) < 0.05


def test_the_chance_is_about_how_often_it_comes_so():
    """By simulation: of studies that are open at three seeds, so many are decided at twelve."""
    said, came = [], []
    for seed in range(150):
        world = equal(2, 12, 0.003)._replace(num_images=2000, means=(0.92, 0.912))
        left, right = draw(np.random.default_rng(seed), world)
        first = accuracy_difference(left.take([0, 1, 2]), right.take([0, 1, 2]))
        if first.low > 0 or first.high < 0:
            continue
        later = accuracy_difference(left, right)
        said.append(forecast(first, (0.0, 1.0)).chance_at(12))
        came.append(later.low > 0 or later.high < 0)
    assert len(said) > 50
    assert np.mean(said) == pytest.approx(np.mean(came), abs=0.2)


def test_a_border_that_no_accuracy_passes_keeps_no_claim_open():
    estimate = Estimate(0.99, 0.96, 1.0, 3, "", noise=Noise(seeds=1e-5, df=2, num_seeds=3, num_images=360))
    assert forecast(estimate, (0.975, 1.0), unit="accuracy").distance == pytest.approx(0.015)
