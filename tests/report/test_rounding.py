"""A report whose digits depend on the machine could be verified nowhere but where it was made."""

import math
import random

import numpy as np
import pytest

from benchmark_lightning.report.evidence import configurations, estimate, formatting, noise, rounding, statistics
from benchmark_lightning.report.evidence.estimate import Estimate
from benchmark_lightning.report.evidence.evidence import Evidence
from benchmark_lightning.report.evidence.noise import accuracy_difference, mean_accuracy
from benchmark_lightning.report.evidence.rounding import settled, settled_array
from benchmark_lightning.report.evidence.runs import Runs
from benchmark_lightning.report.evidence.statistics import fit_line, frontier, mean_of
from benchmark_lightning.report.figures.figure_data import figure_data
from benchmark_lightning.report.page import document

LAST_BITS = 1e-14  # relative, and far more than two processors differ by


def everything(evidence):
    """All numbers of a report: its texts and the data of its figures."""
    data = {name: figure_data(figure) for name, figure in document.draw_figures(evidence)}
    return data | document.make_texts(evidence, dict.fromkeys(data, ""))


def with_noise(monkeypatch, size):
    """Numbers arrive where they are settled with their last bits changed at random."""
    draw = random.Random(0)
    for module in (rounding, statistics, configurations, formatting, estimate, noise):
        monkeypatch.setattr(module, "settled", lambda value: settled(value * (1 + draw.uniform(-size, size))))


def test_the_last_bits_of_every_computed_number_change_nothing_in_a_report(study, monkeypatch):
    made = everything(Evidence.of(study))
    with_noise(monkeypatch, LAST_BITS)
    assert everything(Evidence.of(study)) == made


def test_a_change_that_a_person_could_see_is_not_rounded_away(study, monkeypatch):
    made = everything(Evidence.of(study))
    with_noise(monkeypatch, 1e-4)
    changed = everything(Evidence.of(study))
    assert all(changed[name] != made[name] for name in made if name.startswith("figure"))
    assert changed["report.md"] != made["report.md"]


@pytest.mark.parametrize("tie", [0.92835, 0.000125, 2.5, 1234.5, 12_345.675])
def test_a_decimal_tie_is_rounded_one_way_whatever_its_last_bit(tie):
    beside = [tie, math.nextafter(tie, 0), math.nextafter(tie, math.inf), tie * (1 + 1e-14), tie * (1 - 1e-14)]
    assert len({settled(value) for value in beside}) == 1
    assert len({formatting.number(value) for value in beside}) == 1
    assert len({formatting.percent(value) for value in beside}) == 1


def test_nothing_is_written_as_a_nothing_with_a_sign():
    assert formatting.estimate(Estimate(-1e-17, -0.001, 0.001, 3, ""), "points") == "0.00 points (-0.10 to 0.10)"
    assert formatting.estimate(Estimate(-0.00001, -0.001, 0.001, 3, ""), "points").startswith("0.00 points")
    assert formatting.number(1e-17) == "0"


def test_what_is_no_number_stays_none():
    assert math.isnan(settled(math.nan))
    assert settled(math.inf) == math.inf
    assert np.isnan(settled_array([[1.0, None]])).tolist() == [[False, True]]


def test_equal_means_of_runs_in_another_order_are_equal():
    """The sum of 0.1, 0.2 and 0.3 depends on the order; of which is better it must not decide."""
    one, other = mean_of([0.1, 0.2, 0.3]), mean_of([0.3, 0.2, 0.1])
    assert (0.1 + 0.2 + 0.3) / 3 != (0.3 + 0.2 + 0.1) / 3
    assert one == other
    assert frontier([1.0, 2.0], [np.mean([0.1, 0.2, 0.3]), (0.3 + 0.2 + 0.1) / 3]).tolist() == [True, False]


def test_a_bootstrap_that_hits_its_own_mean_has_one_interval():
    """BCa counts such ties: of 24 accuracies on few images a tenth of all resamples."""
    runs = [0.90, 0.91, 0.92, 0.93] * 6
    last_bits = np.random.default_rng(0).uniform(-1e-15, 1e-15, len(runs))
    assert mean_of(runs) == mean_of((np.array(runs) * (1 + last_bits)).tolist())


def runs(accuracies):
    return Runs((0, 1, 2), np.array(accuracies), np.full(3, np.nan), 100, None, "", True)


def test_the_order_of_seeds_and_the_last_bit_of_an_accuracy_change_no_interval():
    one, other = runs([0.1, 0.2, 0.3]), runs([0.3, 0.2 * (1 + 1e-15), 0.1])
    assert mean_accuracy(one) == mean_accuracy(other)
    assert accuracy_difference(one, other) == accuracy_difference(other, one)


def test_a_perfect_line_has_no_worst_point_but_the_first():
    line = fit_line([1, 2, 4], [0.3, 0.6, 1.2], [None] * 3)
    assert (line.worst, line.worst_relative) == (0, 0.0)
    assert (line.slope.value, line.slope.low) == (0.3, None)
