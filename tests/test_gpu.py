"""What only a machine with a GPU can show."""

import copy
from pathlib import Path

import pytest
import torch

from benchmark_lightning.__main__ import main
from benchmark_lightning.study.machine import measure_peaks
from benchmark_lightning.study.record import read_record
from benchmark_lightning.training.datasets import Digits
from benchmark_lightning.training.models import build_network
from benchmark_lightning.training.small_maps import use_small_maps
from tests.conftest import SHORT

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no GPU")]

RUN = Path("lightning_logs/Digits-resnet18/version_0")


@pytest.mark.parametrize("precision", ["32-true", "16-mixed", "bf16-mixed"])
def test_a_trial_on_a_gpu_counts_its_memory_and_names_it(precision):
    arguments = [
        "--data",
        "Digits",
        "--trainer.accelerator",
        "gpu",
        "--trainer.devices",
        "1",
        "--trainer.max_epochs",
        "3",
    ]
    assert main(["trial", *arguments, "--trainer.precision", precision]) == 0
    record = read_record(RUN)
    assert record.environment["accelerator"] == "cuda"
    assert record.environment["device"] == torch.cuda.get_device_name()
    assert record.memory["peak_device_mib"] > 40
    assert record.precision["effective"] == precision
    assert record.metrics["test/accuracy"] > 0.8


def test_images_stay_on_the_gpu():
    data = Digits()
    images, labels = data.on_after_batch_transfer(torch.arange(8, device="cuda"), 0)
    assert images.is_cuda
    assert labels.is_cuda
    assert next(iter(data._resident.values()))[0].is_cuda


def test_the_gpu_has_a_measured_peak():
    peaks = measure_peaks()
    assert peaks["cuda"]["bf16"] > peaks["cpu"]["fp32"]
    assert peaks["cuda"]["tf32"] >= 0.9 * peaks["cuda"]["fp32"]


def test_small_maps_are_the_same_function_on_the_gpu():
    torch.manual_seed(0)
    usual = build_network("resnet18", 10).cuda().double()
    other = use_small_maps(copy.deepcopy(usual))
    images = torch.randn(16, 1, 28, 28, dtype=torch.float64, device="cuda")
    torch.testing.assert_close(other(images), usual(images), rtol=1e-5, atol=1e-6)


def test_a_compiled_step_with_cuda_graphs_learns(tmp_path):
    levers = ("--model.compile", "reduce-overhead", "--model.memory_format", "channels_last")
    arguments = [argument if argument != "cpu" else "gpu" for argument in SHORT]
    assert main(["trial", *arguments, *levers]) == 0
    assert read_record(next(tmp_path.rglob("record.json"))).status == "ok"
