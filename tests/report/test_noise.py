"""An interval that is too narrow tells things apart that are equal; one that is too wide leaves every question open."""

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from benchmark_lightning.report.evidence.noise import (
    ONE_SEED,
    OTHER_IMAGES,
    UNPAIRED,
    Weighted,
    accuracy_difference,
    contrast,
    mean_accuracy,
)
from benchmark_lightning.report.evidence.runs import Runs, folds_of, runs_of
from benchmark_lightning.study.outcomes import Outcomes
from benchmarks.simulation import draw, equal

M = 1000


def made(correct, order="an order", depends_on_seed=True):
    correct = np.atleast_2d(np.asarray(correct, dtype=bool))
    return Runs(
        tuple(range(len(correct))), correct.mean(axis=1), correct.mean(axis=1), correct.shape[1], correct, order,
        depends_on_seed,
    )  # fmt: skip


def one(num_right, of=M, **fields):
    return made(np.arange(of) < num_right, depends_on_seed=False, **fields)


def unpaired(runs):
    return dataclasses.replace(runs, correct=None, order="")


def simulated(num_seeds=3, how_many=2, seed=0, **fields):
    return draw(np.random.default_rng(seed), equal(how_many, num_seeds, 0.003)._replace(num_images=2000, **fields))


def trial(seed=0, fold=0, repeat=0, accuracy=0.9, num_test=10, correct=None, depends_on_seed=True, order="x"):
    outcomes = None if correct is None else Outcomes(f"{order}{fold}", np.asarray(correct, dtype=bool))
    return {
        "seed": seed, "fold": fold, "repeat": repeat, "num_test": num_test, "outcomes": outcomes, "val_accuracy": 0.8,
        "test_accuracy": accuracy if correct is None else float(np.mean(correct)), "depends_on_seed": depends_on_seed,
    }  # fmt: skip


def runs(*trials, **fields):
    return runs_of(pd.DataFrame(trials), **fields)


def test_repeats_of_a_seed_are_no_further_runs():
    found = runs(*(trial(seed=0, repeat=repeat, accuracy=0.9 + repeat / 100) for repeat in (2, 0, 1)))
    assert (found.n, found.accuracies.tolist(), found.has_spread) == (1, [0.9], False)
    assert mean_accuracy(found).method == ONE_SEED


def test_a_method_without_seeds_has_one_run_however_often_it_ran():
    found = runs(*(trial(seed=seed, depends_on_seed=False) for seed in range(3)))
    assert (found.n, found.seeds, found.has_spread) == (1, (None,), True)


def test_a_seed_counts_where_it_was_tested_on_all_folds_with_all_their_images():
    trials = [
        trial(seed, fold, accuracy=0.8 + fold / 10, num_test=10 * (fold + 1)) for seed in (0, 1) for fold in (0, 1)
    ]
    found = runs(*trials, trial(seed=2, fold=0))
    assert (found.seeds, found.num_images) == ((0, 1), 30)
    assert found.accuracies == pytest.approx([(0.8 * 10 + 0.9 * 20) / 30] * 2)
    assert folds_of(pd.DataFrame(trials)) == {0, 1}
    assert runs(*trials, trial(seed=2, fold=0), folds=[0]).n == 3


def test_the_images_of_folds_stand_in_one_row():
    right = [[True, False], [True, True]]
    found = runs(*(trial(seed, fold, num_test=2, correct=right[fold]) for fold in (1, 0) for seed in (0, 1)))
    assert found.correct.tolist() == [[True, False, True, True]] * 2
    assert found.order == "x0|x1"


def test_a_run_without_outcomes_or_in_another_order_cannot_be_compared_image_by_image():
    assert runs(trial(0, correct=[1, 0]), trial(1)).correct is None
    assert runs(trial(0, correct=[1, 0]), trial(1, correct=[1, 0], order="y")).correct is None


def test_a_failed_run_is_none():
    assert runs(trial(0, accuracy=float("nan")), trial(1)).seeds == (1,)


def test_one_seed_has_no_interval():
    network = made(np.arange(M) < 900)
    for estimate in (
        mean_accuracy(network),
        accuracy_difference(network, one(890)),
        accuracy_difference(one(1), network),
    ):
        assert (estimate.low, estimate.high, estimate.method) == (None, None, ONE_SEED)


def test_a_method_without_seeds_has_the_interval_of_wilson():
    interval = stats.binomtest(950, M).proportion_ci(method="wilson")
    estimate = mean_accuracy(one(950))
    assert (estimate.low, estimate.high) == pytest.approx((interval.low, interval.high), rel=1e-6)


def test_perfect_accuracy_stays_within_one_and_is_not_sure():
    for runs_ in (one(M), made(np.ones((3, M))), one(0)):
        estimate = mean_accuracy(runs_)
        assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1
        assert estimate.high - estimate.low > 0.003


def test_equal_runs_still_have_the_interval_of_their_images():
    alone, three = mean_accuracy(one(900)), mean_accuracy(made([np.arange(M) < 900] * 3))
    assert (three.low, three.high) == pytest.approx((alone.low, alone.high), rel=1e-6)


def test_more_seeds_of_one_accuracy_never_hide_the_images():
    """Pooled as 3 x 1000 images they would promise an interval a root of three narrower."""
    [several] = simulated(num_seeds=10, how_many=1)
    images = mean_accuracy(dataclasses.replace(several, accuracies=np.full(10, several.accuracies.mean())))
    assert images.half_width > 1.9 * math.sqrt(0.92 * 0.08 * 0.55 / 2000)


def test_identical_predictions_have_no_interval_of_width_zero():
    estimate = accuracy_difference(one(900), one(900))
    assert estimate.low < 0 < estimate.high
    assert estimate.high > 1 / M


def test_what_the_images_do_to_both_sides_cancels():
    left, right = simulated()
    paired, apart = accuracy_difference(left, right), accuracy_difference(unpaired(left), unpaired(right))
    assert paired.half_width < 0.85 * apart.half_width
    assert paired.method == "3 seeds a side, paired on 2,000 test images"
    assert apart.method.endswith(UNPAIRED)


def test_two_methods_on_the_same_images_are_compared_as_mcnemar_does():
    left, right = np.ones(M, dtype=bool), np.ones(M, dtype=bool)
    left[:60], right[40:120] = False, False
    estimate = accuracy_difference(made(left, depends_on_seed=False), made(right, depends_on_seed=False))
    only = np.array([60, 40])  # of which one side alone is right
    half = 1.96 * math.sqrt(only.sum() + 2 - (only[0] - only[1]) ** 2 / (M + 2)) / (M + 2)  # Bonett and Price
    assert estimate.value == pytest.approx(0.02)
    assert estimate.half_width == pytest.approx(half, rel=1e-3)


def test_images_of_another_order_are_not_paired():
    left, right = simulated()
    assert accuracy_difference(left, dataclasses.replace(right, order="another")).method.endswith(OTHER_IMAGES)


def test_a_difference_turned_round_is_its_negative():
    left, right = simulated()
    there, back = accuracy_difference(left, right), accuracy_difference(right, left)
    assert (there.value, there.low, there.high) == pytest.approx((-back.value, -back.high, -back.low))


def test_a_mean_of_pairs_is_surer_than_each_of_them():
    several = simulated(how_many=12)
    weights = [1 / 6] * 6 + [-1 / 6] * 6
    mean = contrast([Weighted(*part) for part in zip(weights, several, strict=True)])
    pairs = [accuracy_difference(*pair) for pair in zip(several[:6], several[6:], strict=True)]
    assert mean.value == pytest.approx(np.mean([pair.value for pair in pairs]), abs=1e-9)
    assert mean.half_width < 0.6 * np.mean([pair.half_width for pair in pairs])


def test_a_stricter_level_is_wider():
    left, right = simulated()
    assert accuracy_difference(left, right, 0.99).half_width > accuracy_difference(left, right).half_width
    assert mean_accuracy(left, 0.99).half_width > mean_accuracy(left).half_width


def test_an_unknown_number_of_images_leaves_the_seeds():
    [several] = simulated(how_many=1)
    alone = mean_accuracy(dataclasses.replace(unpaired(several), num_images=None))
    expected = stats.t.interval(0.95, 2, several.accuracies.mean(), stats.sem(several.accuracies))
    assert (alone.low, alone.high) == pytest.approx(expected)
