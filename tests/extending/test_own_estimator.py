"""A classifier of one's own is a trial and an axis without a change to the package."""

import shutil
from pathlib import Path

import pytest

from benchmark_lightning.__main__ import main
from benchmark_lightning.study import executors
from benchmark_lightning.study.record import read_record
from tests.study.sweeps import CONFIGS, sweep

FEW = ("--data", "Digits", "--data.train_fraction", "0.2")


@pytest.fixture
def own_module(monkeypatch) -> str:
    """The name of the module that a person has in the working directory."""
    name = "own_estimator"
    shutil.copy(Path(__file__).with_name(f"{name}.py"), f"{name}.py")
    monkeypatch.delitem(__import__("sys").modules, name, raising=False)
    return name


def test_an_own_classifier_is_a_trial(own_module):
    assert main(["classical", *FEW, "--estimator", f"{own_module}.NearestMean", "--estimator.power", "1"]) == 0
    record = read_record(Path("lightning_logs/Digits-NearestMean/version_0"))
    assert record.metrics["test/accuracy"] > 0.7
    assert record.config["estimator"] == {"class_path": "own_estimator.NearestMean", "init_args": {"power": 1.0}}
    assert record.engine == "own_estimator"
    assert record.complexity["model_bytes"] > 10 * 784 * 4


def test_a_wrong_argument_of_an_own_classifier_is_one_sentence(own_module, complaint):
    sentence = complaint("classical", *FEW, "--estimator", f"{own_module}.NearestMean", "--estimator.pover", "1")
    assert "NearestMean takes no pover; did you mean 'power'?" in sentence
    sentence = complaint("classical", *FEW, "--estimator", f"{own_module}.NearestMaen")
    assert "did you mean 'NearestMean'?" in sentence
    sentence = complaint("classical", *FEW, "--estimator", f"{own_module}.NearestMean", "--estimator.power", "two")
    assert "NearestMean fails (" in sentence


def test_an_own_classifier_is_a_value_of_an_axis(own_module):
    text = f"trial: classical\nbase: [{CONFIGS}/data/digits.yaml]\naxes:\n  estimator: [{own_module}.NearestMean]\n"
    [record] = sweep(text + "  estimator.power: [1.0]\n  data.train_fraction: [0.2]\n").values()
    assert record.status == "ok"
    assert record.values["estimator"] == "own_estimator.NearestMean"


STUBBORN = '''
import signal
import time

from own_estimator import NearestMean


class Stubborn(NearestMean):
    """Hears no signal while it fits many images, as C code does."""

    def fit(self, features, labels):
        if len(labels) > 240:
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
            time.sleep(60)
        return super().fit(features, labels)
'''


def test_a_fit_that_hears_no_signal_is_ended_at_its_time(own_module, monkeypatch):
    Path("stubborn.py").write_text(STUBBORN)
    monkeypatch.setattr(executors, "GRACE_SECONDS", 0.2)
    text = f"trial: classical\nbase: [{CONFIGS}/data/digits.yaml]\naxes:\n  estimator: [stubborn.Stubborn]\n"
    [record] = sweep(text + "timeout_seconds: 2\n", code=1).values()
    assert (record.status, record.kind) == ("timeout", "classical")
    assert record.error == "the trial took longer than timeout_seconds: 2"
    assert record.values == {"estimator": "stubborn.Stubborn"}
