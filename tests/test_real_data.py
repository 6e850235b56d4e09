"""The real MNIST and FashionMNIST, where they are: counts, checksums and a model that learns."""

import os
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from benchmark_lightning.__main__ import main
from benchmark_lightning.errors import InputError
from benchmark_lightning.study.record import read_record
from benchmark_lightning.study.trials.estimators import IS_INTELEX_INSTALLED, build, canonical
from benchmark_lightning.training.data import ROOT_VARIABLE
from benchmark_lightning.training.datasets import MNIST, FashionMNIST
from tests.study.sweeps import CONFIGS, OUT, driver, trial_processes, wait_for

ROOT = os.environ.get(ROOT_VARIABLE)
pytestmark = pytest.mark.skipif(
    not ROOT, reason=f"{ROOT_VARIABLE} names no folder with the real MNIST and FashionMNIST"
)


@pytest.mark.parametrize("dataset", [MNIST, FashionMNIST])
def test_the_pooled_split_has_the_counts_of_the_study(dataset):
    description = dataset(root=ROOT).describe()
    assert [description[f"num_{part}"] for part in ("train", "val", "test")] == [49_000, 7_000, 14_000]


@pytest.mark.parametrize("dataset", [MNIST, FashionMNIST])
def test_the_standard_split_keeps_the_published_test_set(dataset):
    data = dataset(root=ROOT, split="standard")
    assert [len(part) for part in data.parts] == [54_000, 6_000, 10_000]
    assert np.array_equal(data.parts.test, np.arange(60_000, 70_000))


@pytest.mark.parametrize("dataset", [MNIST, FashionMNIST])
def test_mean_and_deviation_are_those_of_the_training_images(dataset):
    images = dataset(root=ROOT).pool.images[:60_000].numpy().astype(np.float32) / 255
    assert images.mean() == pytest.approx(dataset.mean[0], abs=1e-4)
    assert images.std() == pytest.approx(dataset.std[0], abs=1e-4)


def test_a_data_set_in_the_folder_of_another_is_refused(tmp_path):
    (tmp_path / "MNIST").symlink_to(Path(ROOT, "FashionMNIST"))
    with pytest.raises(InputError, match="is not the original file of MNIST"):
        MNIST(root=str(tmp_path)).load()


def test_a_minute_of_training_is_worth_something(tmp_path):
    arguments = [
        "--data",
        "FashionMNIST",
        "--data.root",
        ROOT,
        "--data.train_fraction",
        "0.1",
        "--trainer.max_epochs",
        "1",
    ]
    arguments += ["--trainer.accelerator", "cpu", "--trainer.devices", "1", "--run.folder", str(tmp_path / "run")]
    arguments += ["--trainer.limit_val_batches", "8", "--trainer.limit_test_batches", "8"]
    assert main(["trial", *arguments]) == 0
    record = read_record(tmp_path / "run")
    assert record.data["num_train"] == 4_900
    assert record.metrics["test/accuracy"] > 0.7
    assert record.throughput["median_images_per_second"] > 0


@pytest.mark.skipif(not IS_INTELEX_INSTALLED, reason="scikit-learn-intelex is for x86-64")
@pytest.mark.parametrize("kernel", ["rbf", "poly"])
def test_both_engines_of_the_svm_agree_on_real_images(kernel):
    data = FashionMNIST(root=ROOT, train_fraction=0.05)
    train, (features, _) = data.arrays("train"), data.arrays("val")
    predictions = [
        build(canonical({"class_path": "SVC", "init_args": {"kernel": kernel}}), engine, 0)
        .fit(*train)
        .predict(features)
        for engine in ("scikit-learn", "scikit-learn-intelex")
    ]
    assert np.mean(predictions[0] == predictions[1]) >= 0.999


@pytest.mark.interpreters
@pytest.mark.skipif(not IS_INTELEX_INSTALLED, reason="scikit-learn itself lets Python's threads run in between")
def test_the_death_of_the_driver_ends_its_trial_also_in_c_code(monkeypatch):
    """scikit-learn-intelex keeps Python's threads waiting for as long as it computes: half a minute for this kernel."""
    monkeypatch.setenv(ROOT_VARIABLE, ROOT)
    text = f"trial: classical\nbase: [{CONFIGS}/data/fashion_mnist.yaml]\naxes: {{estimator: [SVC]}}\n"
    with driver(text) as process:
        wait_for(lambda: any(OUT.glob("*/config.yaml")))
        time.sleep(5)
        [trial] = trial_processes(process)
        process.kill()
        wait_for(lambda: not trial.is_running() or trial.status() == psutil.STATUS_ZOMBIE, seconds=4)
