"""Intervals hold the truth as often as they say, by simulation through the package's own functions.

``python -m benchmarks.coverage`` does it with more draws, for docs/statistics.md.
"""

from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmark_lightning.report.evidence.noise import accuracy_difference
from benchmark_lightning.report.evidence.runs import runs_of
from benchmark_lightning.study.outcomes import Outcomes
from benchmarks.coverage import PLACES, Cell, _cell, ask, covered, others, percent
from benchmarks.deciding import curve_of
from benchmarks.looking import LOOKS, about_looks, allotted
from benchmarks.questions import about_many, about_times, about_two, covers
from benchmarks.simulation import NUM_IMAGES, draw, equal, spread

MANY = 12


def asked(question, num_draws, **fixed):
    """The answers of some draws, and three standard errors of a share of 5 %."""
    name = f"{question.__name__} {sorted(map(str, fixed.items()))}"
    return _cell(ask(partial(question, **fixed), name, 0, num_draws)), 3 * np.sqrt(0.05 * 0.95 / num_draws)


def is_covered(share, tolerance, upper=0.97):
    return 0.93 - tolerance <= share <= upper + tolerance


@pytest.mark.slow
@pytest.mark.parametrize("sd", [0.003, 0.01])
@pytest.mark.parametrize("num_seeds", [2, 3, 5, 10])
def test_accuracies_and_differences_are_covered_and_equal_ones_not_told_apart(num_seeds, sd):
    cell, tolerance = asked(about_two, 300, world=equal(2, num_seeds, sd))
    upper = 1.0 if num_seeds < 5 else 0.97  # Student's t of so few seeds is cautious where images err as much
    assert is_covered(cell.share("mean"), tolerance, upper)
    assert is_covered(cell.share("difference"), tolerance, upper)
    for name in ("told apart", "wrong at border"):
        assert cell.share(name) <= 0.05 + tolerance
    # Were differences not taken image by image, they would be 0.80 to 0.99 times as wide as before.
    assert cell.share("difference width") / cell.share("difference width before") < (0.72 if sd < 0.01 else 0.9)


@pytest.mark.slow
@pytest.mark.parametrize("sd", [0.003, 0.01])
@pytest.mark.parametrize("num_seeds", [3, 10])
def test_the_best_of_twelve_is_covered_and_in_the_set_and_not_flattered(num_seeds, sd):
    cell, tolerance = asked(about_many, 100, world=equal(MANY, num_seeds, sd))
    assert is_covered(cell.share("pairs"), tolerance)
    for name in ("chosen", "lead"):
        assert cell.share(name) >= 0.93 - tolerance
    for name in ("told apart", "wrong at border", "any fails", "any as good"):
        assert cell.share(name) <= 0.05 + tolerance
    assert abs(cell.share("flattery")) < 0.1 * sd + 0.0005 < cell.share("flattery before") + 0.1 * sd
    apart, tolerance = asked(about_many, 30, world=spread(MANY, num_seeds, sd))
    assert apart.share("best in set") >= 0.95 - tolerance


@pytest.mark.slow
@pytest.mark.parametrize("name", list(others()))
def test_other_cases_are_covered(name):
    cell, tolerance = asked(about_two, 150, world=others()[name])
    assert cell.share("mean") >= 0.93 - tolerance
    assert cell.share("difference") >= 0.93 - tolerance


@pytest.mark.slow
@pytest.mark.parametrize("is_paired", [True, False])
@pytest.mark.parametrize("num", [2, 3, 5, 10])
def test_times_are_covered(num, is_paired):
    cell, tolerance = asked(about_times, 1000, num=num, is_paired=is_paired)
    assert is_covered(cell.share("ratio"), tolerance, upper=0.99)
    assert is_covered(cell.share("median"), tolerance, upper=0.97)


@pytest.mark.slow
def test_looking_four_times_tells_equal_ones_apart_in_five_percent_and_naively_in_more():
    cell, tolerance = asked(about_looks, 300, sds=(0.003, 0.003))
    for name in ("bounds 3", "allotted 3"):
        assert cell.share(name) <= 0.05 + tolerance
    assert cell.share("naive 3") > 0.09


@pytest.mark.slow
def test_seeds_given_to_open_claims_decide_as_many_in_less_time():
    cell, _ = asked(curve_of, 10)
    last = max(int(name.split()[1]) for name in cell.answers if name.startswith("open ") and name[5:].isdigit())
    assert cell.share(f"open {last}") >= cell.share(f"even {last}") - 1
    assert cell.share("open hours") < 0.7 * cell.share("even hours")
    assert cell.share("open wrong") <= 0.3


def table_of(runs, num_repeats):
    """Rows as those of records that were run several times with the same seed."""
    return pd.DataFrame([
        {"seed": seed, "fold": 0, "repeat": repeat, "test_accuracy": accuracy, "val_accuracy": accuracy,
         "num_test": len(correct), "outcomes": Outcomes("order", correct), "depends_on_seed": True}
        for seed, accuracy, correct in zip(runs.seeds, runs.accuracies, runs.correct, strict=True)
        for repeat in range(num_repeats)
    ])  # fmt: skip


def test_repeats_of_seeds_make_no_interval_narrower():
    """Counted as runs, three repeats of two seeds would cover three in four."""
    world = equal(2, 2, 0.01)._replace(num_images=500)
    held = []
    for seed in range(100):
        sides = [runs_of(table_of(runs, 3)) for runs in draw(np.random.default_rng(seed), world)]
        held.append(covers(accuracy_difference(*sides), 0.0))
    assert np.mean(held) >= 0.93


def test_one_seed_tells_nothing_apart_and_has_no_interval():
    cell, _ = asked(about_two, 10, world=equal(2, 1, 0.003)._replace(num_images=500))
    assert np.isnan(cell.share("difference"))
    assert cell.share("told apart") == 0.0


def test_simulated_runs_are_as_accurate_and_as_alike_as_they_should_be():
    left, right = draw(np.random.default_rng(0), equal(2, 2, 0.0)._replace(num_images=10 * NUM_IMAGES))
    assert left.accuracies.mean() == pytest.approx(0.92, abs=0.003)
    assert np.corrcoef(left.correct[0], right.correct[0])[0, 1] == pytest.approx(0.57, abs=0.03)
    assert np.corrcoef(left.correct[0], left.correct[1])[0, 1] == pytest.approx(0.64, abs=0.03)


def test_the_noisier_side_gets_more_seeds_and_neither_fewer_than_the_look_or_more_than_the_cap():
    left, right = draw(np.random.default_rng(0), equal(2, 12, 0.0)._replace(sds=(0.02, 0.0001), num_images=500))
    assert allotted(left, right, (3, 3), 5)[0] > 5 == allotted(left, right, (3, 3), 5)[1]
    assert allotted(right, left, (3, 3), 5)[0] == 5
    assert allotted(left, right, (7, 3), LOOKS[-1]) == (LOOKS[-1], LOOKS[-1])


def test_the_page_says_what_was_promised_and_marks_where_it_is_missed():
    assert [covered(0.95), covered(0.99), percent(float("nan"))] == ["95.0", "99.0*", "none"]
    assert np.isnan(Cell({"mean": np.full(3, np.nan)}).share("mean"))


def test_the_page_has_a_place_for_every_table():
    page = (Path(__file__).parents[2] / "docs" / "statistics.md").read_text(encoding="utf-8")
    for begin, end in PLACES.values():
        assert page.count(begin) == page.count(end) == 1
