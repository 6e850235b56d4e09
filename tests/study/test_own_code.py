"""Results of code that was edited since are results of other code: they may not be taken for the same trial."""

import importlib
import sys

import pytest

from benchmark_lightning.study.own_code import own_identity
from benchmark_lightning.study.record import trial_key


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A module of one's own in the working directory."""
    monkeypatch.syspath_prepend(str(tmp_path))
    path = tmp_path / "edited_network.py"
    path.write_text("width = 8\n", encoding="utf-8")
    importlib.invalidate_caches()
    yield path
    sys.modules.pop("edited_network", None)


CONFIG = {"model": {"network": {"class_path": "edited_network.CNN", "init_args": {}}}, "seed_everything": 0}


def test_an_edited_file_makes_another_trial(own):
    before = own_identity(CONFIG)
    assert list(before["own_code"]) == ["edited_network"]
    assert own_identity(CONFIG) == before
    own.write_text("width = 9\n", encoding="utf-8")
    assert trial_key(own_identity(CONFIG), None) != trial_key(before, None)


@pytest.mark.usefixtures("own")
def test_classes_deep_inside_a_pipeline_count_too():
    steps = [["a", {"class_path": "sklearn.decomposition.PCA"}], ["b", {"class_path": "edited_network.Clf"}]]
    config = {"estimator": {"class_path": "sklearn.pipeline.Pipeline", "init_args": {"steps": steps}}}
    assert list(own_identity(config)["own_code"]) == ["edited_network"]


@pytest.mark.parametrize(
    "name",
    [
        "benchmark_lightning.training.datasets.Digits",
        "sklearn.svm.SVC",
        "collections.Counter",
        "no_such.Thing",
        "Digits",
    ],
)
def test_what_is_installed_changes_no_key(name):
    config = {"data": {"class_path": name, "init_args": {}}}
    assert own_identity(config) == config
