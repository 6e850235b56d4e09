"""A person who reads that a claim is open has to learn what would close it, and whether anything would."""

import math

import pytest

from benchmark_lightning.report.claims.outlook import what_it_takes
from benchmark_lightning.report.claims.verdicts import Finding
from benchmark_lightning.report.evidence.estimate import Estimate, Noise, half_width
from benchmark_lightning.report.evidence.forecast import forecast

SIDES = (("a",), ("b",))
SEEDS = Noise(seeds=1e-5, df=4, fixed=1e-6, num_seeds=3, num_images=14_000)
IMAGES = Noise(seeds=0.0, df=math.inf, fixed=1e-5, num_images=14_000)
TIMES = Noise(seeds=0.01, df=4, num_seeds=3, is_log=True)


def finding(noise, value, region, sides=SIDES, caveat="", width=None):
    half = half_width(noise) if width is None else width
    low, high = (math.exp(math.log(value) + sign * half) if noise.is_log else value + sign * half for sign in (-1, 1))
    estimate = Estimate(value, low, high, 3, "", noise=noise)
    return Finding("", estimate, region, "points", caveat, sides, forecast(estimate, region))


def test_seeds_are_told_for_each_side_and_suffice():
    open_one = finding(SEEDS, 0.004, (0, 1))
    assert open_one.verdict == "undecided"
    seeds = open_one.forecast.num_seeds
    assert what_it_takes(open_one) == f"about {seeds} seeds a side"
    share = SEEDS.num_seeds / seeds
    assert half_width(SEEDS._replace(seeds=SEEDS.seeds * share, df=SEEDS.df / share)) <= 0.004
    assert what_it_takes(finding(SEEDS, 0.004, (0, 1), SIDES[:1])) == f"about {seeds} seeds"


def test_images_that_are_too_few_are_no_matter_of_seeds():
    assert what_it_takes(finding(SEEDS, 0.001, (0, 1))) == "no number of seeds; about 54,000 test images"
    assert what_it_takes(finding(IMAGES, 0.004, (0, 1))) == "about 34,000 test images"


def test_times_take_runs():
    assert what_it_takes(finding(TIMES, 1.1, (1, math.inf))).startswith("about ")
    assert "runs a side" in what_it_takes(finding(TIMES, 1.1, (1, math.inf)))
    assert what_it_takes(finding(TIMES, 1.0, (1, math.inf))) == "no number of runs"


@pytest.mark.parametrize(
    "decided",
    [
        finding(SEEDS, 0.1, (0, 1)),
        finding(SEEDS, 0.004, (0, 1), caveat="on a part of the training images"),
        Finding("", Estimate(0.5, None, None, 1, ""), (0, 1)),
        Finding("", None, (0, 1)),
    ],
    ids=["it holds", "something stands against it", "one seed", "not measured"],
)
def test_nothing_is_promised_where_more_of_the_same_would_not_help(decided):
    assert what_it_takes(decided) == ""


def test_more_is_asked_than_there_is():
    """An interval that is not symmetric can cross a border that lies further off than half its width."""
    wide = finding(SEEDS, 0.01, (0, 1), width=0.011)
    assert wide.forecast.num_seeds <= 3
    assert what_it_takes(wide) == "about 4 seeds a side"
