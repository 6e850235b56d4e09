"""Looking several times must not make a person believe more that is wrong."""

import numpy as np
import pytest
import yaml
from scipy import special

from benchmark_lightning.errors import InputError
from benchmark_lightning.report.evidence.looks import chance_of_error, nominal_level
from benchmark_lightning.report.evidence.questions import Questions, questions_of, read_questions, write_questions


@pytest.mark.parametrize(
    ("num_looks", "level"), [(1, 0.05), (2, 0.0294), (3, 0.0221), (4, 0.0182), (5, 0.0158), (10, 0.0106)]
)
def test_the_levels_are_those_that_pocock_printed(num_looks, level):
    assert nominal_level([3 * look for look in range(1, num_looks + 1)]) == pytest.approx(level, abs=6e-5)


@pytest.mark.parametrize("looks", [(3, 5, 8, 12), (2, 40), (10, 11, 12, 13, 50)])
def test_equal_things_are_told_apart_in_five_percent_of_all_studies_however_often_one_looks(looks):
    """By simulation: normal increments, 50,000 studies."""
    steps = np.sqrt(np.diff([0, *looks]))
    sums = np.cumsum(np.random.default_rng(0).normal(size=(50_000, len(looks))) * steps, axis=1)
    scores = np.abs(sums) / np.sqrt(looks)
    for level in (nominal_level(looks), 0.05):
        share = (scores > -special.ndtri(level / 2)).any(axis=1).mean()
        assert share == pytest.approx(chance_of_error(looks, level), abs=0.004)
    assert chance_of_error(looks, nominal_level(looks)) == pytest.approx(0.05, abs=1e-6)


def test_looks_without_bounds_would_be_wrong_in_one_of_eight_studies():
    assert chance_of_error([1, 2, 3, 4], 0.05) == pytest.approx(0.126, abs=0.0005)


@pytest.mark.parametrize("looks", [(2, 999, 1000), tuple(range(991, 1001)), tuple(range(2, 22))])
def test_odd_looks_have_a_level_between_that_of_one_look_and_bonferronis(looks):
    assert 0.05 / len(looks) < nominal_level(looks) < 0.05


def test_margin_and_looks_come_back_from_the_folder_of_the_records(tmp_path):
    questions = Questions(margin=0.01, looks=(3, 5))
    write_questions(questions, tmp_path)
    found = questions_of([tmp_path], None)
    assert (found.margin, found.looks) == (0.01, (3, 5))


@pytest.mark.parametrize(
    "looks", [5, "3, 5", [1, 3], [3, 3], [5, 3], [3, 5.0], [True, 3], [3, None], [2, 5000], list(range(2, 30))]
)
def test_looks_that_are_none_are_one_sentence(looks, tmp_path):
    with pytest.raises(InputError, match=r"looks is .*study.yaml; give at most 20 numbers of seeds that increase"):
        read_questions({"looks": looks}, tmp_path / "study.yaml")


@pytest.mark.parametrize("margin", [0, 0.5, -0.1, "small", True, None, [0.1], float("nan")])
def test_a_margin_that_is_none_is_one_sentence(margin, tmp_path):
    with pytest.raises(InputError, match=r"margin is .*give a difference in accuracy above 0 and below 0.5"):
        read_questions({"margin": margin}, tmp_path / "study.yaml")


@pytest.mark.parametrize("setting", [{"looks": [3, 5]}, {"margin": 0.01}])
def test_an_included_file_cannot_change_what_a_study_pays_for(setting, tmp_path):
    (tmp_path / "inner.yaml").write_text(yaml.safe_dump(setting))
    with pytest.raises(InputError, match="which included files may not"):
        read_questions({"include": ["inner.yaml"]}, tmp_path / "study.yaml")
