"""A time of a device that nobody waits for is a wrong time. This machine has no mps: torch's functions stand in."""

import pytest
import torch

from benchmark_lightning.errors import InputError
from benchmark_lightning.training.accelerators import device_type, has_device, peak_memory_mib, synchronize
from benchmark_lightning.training.cli import runs_on_cpu, trainer_precision
from benchmark_lightning.training.clocks import Clocks, Stopwatch
from benchmark_lightning.training.energy import EnergyMeter
from tests.conftest import DIGITS

MPS = torch.device("mps")


@pytest.fixture
def waits(monkeypatch):
    """How often the stand-in for an mps device was waited for."""
    calls = []
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.mps, "synchronize", lambda: calls.append("mps"))
    return calls


def test_an_mps_device_is_waited_for_where_a_clock_starts_and_stops(waits):
    with Stopwatch(MPS):
        assert waits == ["mps"]
    assert waits == ["mps", "mps"]


@pytest.mark.usefixtures("waits")
def test_gpu_and_auto_mean_mps_where_that_is_the_only_one():
    assert [device_type(name) for name in ("gpu", "auto", None, "mps", "cpu", "cuda")] == [
        "mps", "mps", "mps", "mps", "cpu", "cuda",
    ]  # fmt: skip
    assert has_device("gpu")
    assert not has_device("cuda")
    assert not runs_on_cpu("gpu")


@pytest.mark.usefixtures("waits")
def test_mixed_precision_stays_what_it_is_on_mps_and_double_is_refused():
    assert trainer_precision({"accelerator": "gpu", "precision": "16-mixed"}).effective == "16-mixed"
    with pytest.raises(InputError, match="64-true does not run on mps, which has no float64; give 32-true"):
        trainer_precision({"accelerator": "gpu", "precision": 64})


def test_what_mps_does_not_count_is_null_with_a_reason(waits):
    clocks = Clocks()
    clocks._device = MPS
    summary = clocks.summary()
    assert peak_memory_mib(MPS) is None
    assert summary["memory"]["peak_device_mib"] is None
    assert summary["reasons"]["memory.peak_device_mib"] == "torch counts no peak of the memory of a mps device"
    meter = EnergyMeter(MPS)
    assert (meter.joules, meter.source) == (None, "unavailable")
    assert meter.reason == "no energy counter: none is read of a mps device"


@pytest.mark.parametrize("command", ["fit", "trial"])
@pytest.mark.parametrize("accelerator", ["tpu", "hpu", "qpu"])
def test_what_cannot_be_timed_is_refused_before_anything_runs(command, accelerator, complaint, tmp_path):
    sentence = complaint(command, *DIGITS, "--trainer.accelerator", accelerator)
    assert f"trainer.accelerator is '{accelerator}', and a training there cannot be timed" in sentence
    assert list(tmp_path.iterdir()) == []


def test_a_device_that_auto_has_found_is_refused_where_nobody_can_time_it():
    with pytest.raises(InputError, match="a training there cannot be timed"):
        device_type(object())
    with pytest.raises(InputError, match="a training on xla cannot be timed"):
        synchronize(torch.device("xla"))
