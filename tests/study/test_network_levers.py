"""Levers measured before the trials of a sweep: for those that are long enough, once, and only on a free processor."""

from pathlib import Path

import pytest

from benchmark_lightning.study.axes import read_sweep
from benchmark_lightning.study.plan import plan_sweep
from benchmark_lightning.study.trials import network_levers
from benchmark_lightning.study.trials.network_levers import measure_levers, num_steps
from benchmark_lightning.training.choices import Choice, Chosen, chosen_for, known_choices
from benchmark_lightning.training.classifier import ImageClassifier
from benchmark_lightning.training.contention import SHARING_VARIABLE, ProcessorUse
from tests.study.sweeps import NETWORK

LONG = NETWORK.replace("max_epochs: [1]", "max_epochs: [600]") + "  data.batch_size: [16]\n  model.lr: [0.1, 0.01]\n"
CHOSEN = Chosen("measured", Choice(channels_last=False), "contiguous", {"default": 100.0, "contiguous": 120.0})


def planned(text):
    Path("sweep.yaml").write_text(text)
    return plan_sweep(read_sweep(Path("sweep.yaml")), lambda event: None)


@pytest.fixture
def measured(monkeypatch):
    """The batches that levers were measured with, on a processor that others leave alone."""
    batches = []
    monkeypatch.delenv(SHARING_VARIABLE, raising=False)
    monkeypatch.setattr(network_levers, "processor_use", lambda: ProcessorUse(0.0, 2, {}))
    monkeypatch.setattr(network_levers, "measure", lambda model, batch, precision: batches.append(batch) or CHOSEN)
    return batches


def told(text):
    return measure_levers(planned(text), lambda event: None)


def test_a_kind_of_work_is_measured_once_and_known_to_its_trials(measured):
    sentences = told(LONG)
    assert len(sentences) == 1
    assert sentences[0].startswith("resnet18, 1x28x28, batch 16, ")
    assert "contiguous trains 20% faster here" in sentences[0]
    assert [batch[0].shape for batch in measured] == [(16, 1, 28, 28)]
    (work,) = known_choices()
    precision = work.split(", ")[3]
    model = ImageClassifier()
    assert chosen_for(model.hparams, model.image_shape, 16, precision) == CHOSEN
    assert told(LONG) == []
    assert len(measured) == 1


@pytest.mark.parametrize(
    "text",
    [
        NETWORK,
        LONG + "  model.small_maps: [never]\n",
        LONG + "  model.compile: [default]\n",
        LONG.replace("[cpu]", "[gpu]"),
    ],
    ids=["short", "given", "compiled", "gpu"],
)
def test_other_trials_are_left_alone(measured, text):
    assert told(text) == []
    assert measured == []


def test_nothing_is_measured_on_a_busy_processor(measured, monkeypatch):
    monkeypatch.setattr(network_levers, "processor_use", lambda: ProcessorUse(1.0, 2, {}))
    assert told(LONG) == []
    assert measured == []


def test_a_measurement_that_fails_is_left_to_the_trial(measured, monkeypatch):
    def fail(*what):
        raise RuntimeError("out of memory")

    monkeypatch.setattr(network_levers, "measure", fail)
    assert told(LONG) == []
    assert known_choices() == {}


def test_the_steps_of_a_training_are_those_within_its_limits():
    endless = {"max_epochs": -1, "max_steps": -1, "limit_train_batches": None}
    assert num_steps(endless, 10) == float("inf")
    assert num_steps(endless | {"max_steps": 7}, 10) == 7
    assert num_steps(endless | {"max_epochs": 2, "limit_train_batches": 3}, 10) == 6
