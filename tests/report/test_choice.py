"""The best of many looks better than it is, unless it is chosen by other runs than those that report it."""

import dataclasses

import numpy as np
import pytest

from benchmark_lightning.report.evidence.choice import best_position, best_runs, could_be_best
from benchmark_lightning.report.evidence.noise import mean_accuracy
from benchmark_lightning.report.evidence.runs import Runs
from benchmarks.simulation import draw, equal, true_mean_of

NUM_DRAWS = 100


def runs(accuracies, validation=None, depends_on_seed=True, seeds=None):
    values = np.asarray(accuracies, dtype=float)
    chosen_by = values if validation is None else np.asarray(validation, dtype=float)
    names = (None,) if not depends_on_seed else tuple(range(len(values))) if seeds is None else seeds
    return Runs(names, values, chosen_by, 14_000, None, "", depends_on_seed)


def small(how_many, num_seeds, seed):
    return draw(np.random.default_rng(seed), equal(how_many, num_seeds, 0.01)._replace(num_images=500))


@pytest.mark.parametrize("num_seeds", [2, 3, 10])
def test_the_best_of_equal_ones_is_not_flattered(num_seeds):
    world = equal(12, num_seeds, 0.01)
    fair, flattered = [], []
    for seed in range(NUM_DRAWS):
        several = small(12, num_seeds, seed)
        fair.append(best_runs(several).validation.mean() - world.means[0])
        flattered.append(several[best_position(several)].validation.mean() - world.means[0])
    error = np.std(fair) / np.sqrt(NUM_DRAWS)
    assert abs(np.mean(fair)) < 4 * error
    assert np.mean(flattered) > 5 * error


def test_a_clear_winner_is_reported_by_all_of_its_runs():
    several = [runs([0.90, 0.91, 0.90]), runs([0.95, 0.96, 0.95]), runs([0.92, 0.90, 0.93])]
    assert best_runs(several) is several[1]


def test_halves_that_disagree_know_less():
    several = [runs([0.95, 0.90, 0.95, 0.90]), runs([0.90, 0.95, 0.90, 0.95])]
    found = best_runs(several)
    assert found.accuracies.tolist() == [0.90] * 4
    own = dataclasses.replace(several[0], dependence=2.0)
    assert mean_accuracy(own).half_width > 1.2 * mean_accuracy(several[0]).half_width


def test_no_seed_reports_what_it_has_chosen():
    several = small(12, 10, seed=1)
    found, world = best_runs(several), equal(12, 10, 0.01)
    assert found.n == 10
    assert sorted(found.seeds) == list(range(10))
    assert true_mean_of(found, several, world) == pytest.approx(world.means[0])


def test_one_seed_chooses_and_has_no_interval():
    found = best_runs([runs([0.9]), runs([0.95])])
    assert found.accuracies.tolist() == [0.95]
    assert mean_accuracy(found).low is None


def test_methods_without_seeds_are_chosen_by_validation_and_keep_their_interval():
    several = [runs([0.96], [0.90], depends_on_seed=False), runs([0.95], [0.91], depends_on_seed=False)]
    assert best_runs(several) is several[1]
    assert mean_accuracy(best_runs(several)).low is not None


def test_a_method_without_seeds_that_beats_all_networks_is_the_best():
    several = [runs([0.9, 0.91, 0.9]), runs([0.97], depends_on_seed=False)]
    assert best_runs(several) is several[1]


def test_a_method_without_seeds_and_a_network_that_take_turns_have_a_run_a_seed():
    several = [runs([0.99, 0.80, 0.99, 0.80]), runs([0.90], depends_on_seed=False)]
    assert sorted(best_runs(several).accuracies.tolist()) == [0.80, 0.80, 0.90, 0.90]


def test_what_has_no_run_to_report_with_is_not_chosen():
    several = [runs([0.99]), runs([0.9, 0.9, 0.9])]
    assert best_runs(several) is several[1]


def test_the_test_images_choose_nothing():
    several = [runs([0.90, 0.90], [0.95, 0.95]), runs([0.95, 0.95], [0.90, 0.90])]
    assert best_position(several) == 0
    unknown = [dataclasses.replace(one, validation=np.full(2, np.nan)) for one in several]
    assert best_position(unknown) == 1


def test_what_is_worse_is_told_apart_and_one_seed_from_none():
    several = [runs([0.93, 0.931, 0.929]), runs([0.929, 0.931, 0.93]), runs([0.9, 0.902, 0.901]), runs([0.7])]
    assert could_be_best(several).tolist() == [True, True, False, True]
    assert could_be_best([runs([0.99]), *several[1:]])[0]


def test_a_lone_configuration_could_be_the_best():
    assert could_be_best([runs([0.9])]).tolist() == [True]
    assert could_be_best([]).tolist() == []


def test_many_configurations_are_looked_through_in_a_moment():
    rng = np.random.default_rng(0)
    several = [runs(mean + rng.normal(0, 0.0005, 3)) for mean in np.linspace(0.8, 0.93, 400)]
    could = could_be_best(several)
    assert could[-1]
    assert could.sum() < 100
