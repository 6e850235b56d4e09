"""The same work by this package: as ``fit`` does it, an SVM, and a trial in a sweep."""

import itertools
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn import svm as scikit_learn

from benchmark_lightning.study.record import FILE_NAME, Record, read_record
from benchmark_lightning.study.trials.estimators import build, canonical, resolve_engine
from benchmark_lightning.training.cli import BenchmarkCLI, quiet
from benchmark_lightning.training.clocks import NUM_WARMUP_BATCHES
from benchmark_lightning.training.datasets import FashionMNIST
from benchmarks.work import Work

DIGITS = ["--data", "Digits", "--data.batch_size", "32", "--trainer.max_epochs", "1", "--trainer.devices", "1"]
OUTSIDE_OVERHEAD = ("setup_seconds", "fit_seconds", "validation_seconds", "test_seconds")


def fit(work: Work, *levers: str) -> float:
    """Steady images per second of ``fit``, with its logger and its callbacks; in a terminal, with its progress bar.

    Args:
        levers: flags such as ``--model.compile default``.
    """
    quiet()
    arguments = [
        "--data", "FashionMNIST", "--data.root", str(work.root), "--data.batch_size", str(work.batch_size),
        "--model.arch", work.arch, "--trainer.accelerator", "gpu" if work.device == "cuda" else "cpu",
        "--trainer.devices", "1", "--trainer.precision", work.precision, "--trainer.max_epochs", "1",
        "--trainer.limit_train_batches", str(NUM_WARMUP_BATCHES + work.num_steps), "--trainer.limit_val_batches", "0",
        "--run.root", str(work.folder), *levers,
    ]  # fmt: skip
    cli = BenchmarkCLI(arguments, run=False)
    cli.trainer.fit(cli.model, cli.datamodule)
    return float(cli.clocks.summary()["throughput"]["median_images_per_second"])


def loader_rate(work: Work) -> float:
    """Images per second out of our loader on one core, gathered and normalised, with nothing to train."""
    torch.set_num_threads(1)
    data = FashionMNIST(root=str(work.root), batch_size=work.batch_size)
    data.setup("fit")
    started = time.perf_counter()
    num_images = 0
    for positions in data.train_dataloader():
        data.on_after_batch_transfer(positions, 0)
        num_images += len(positions)
    return num_images / (time.perf_counter() - started)


def svm_seconds(work: Work, num_train: int, engine: str) -> tuple[float, NDArray[Any]]:
    """Seconds to fit and predict, and the predictions of 14,000 images.

    Args:
        engine: ``ours`` is what ``engine auto`` takes, ``scikit-learn`` its SVC as it is installed.
    """
    data = FashionMNIST(root=str(work.root))
    images, labels = data.arrays("train")
    held_out, _ = data.arrays("test")
    described = canonical("SVC")
    classifier = build(described, resolve_engine("auto", described), 0) if engine == "ours" else scikit_learn.SVC()
    started = time.perf_counter()
    classifier.fit(images[:num_train], labels[:num_train])
    predicted = np.asarray(classifier.predict(held_out))
    return time.perf_counter() - started, predicted


def fast_recipe(work: Work) -> Record:
    """The record of ``configs/experiment/fashion_mnist_fast.yaml``, trained and tested to the end."""
    folder = work.folder / "fast"
    subprocess.run(
        [sys.executable, "-m", "benchmark_lightning", "trial", "--config", "configs/experiment/fashion_mnist_fast.yaml",
         "--data.root", str(work.root), "--run.folder", str(folder)],
        check=True, capture_output=True,
    )  # fmt: skip
    return read_record(folder / FILE_NAME)


def new_interpreter_seconds(work: Work) -> float:
    """A trial of two steps on digits by a new interpreter, as a script that calls a script does it."""
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "benchmark_lightning", "trial", *DIGITS, "--trainer.limit_train_batches", "2",
         "--run.save_last", "false", "--run.root", str(work.folder)],
        check=True, capture_output=True,
    )  # fmt: skip
    return time.perf_counter() - started


def sweep_seconds(work: Work, num_trials: int) -> tuple[list[float], list[float]]:
    """The same trial in one of our sweeps: seconds from one record to the next, and those outside training and testing."""
    sweep = work.folder / "sweep.yaml"
    out = work.folder / f"sweep-{time.monotonic_ns()}"
    seeds = ", ".join(str(seed) for seed in range(num_trials))
    sweep.write_text(
        f"trial: network\nbase: [{Path('configs/data/digits.yaml').resolve()}]\n"
        f"axes: {{seed_everything: [{seeds}], trainer.max_epochs: [1], trainer.limit_train_batches: [2]}}\n",
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "benchmark_lightning", "sweep", str(sweep), "--out", str(out)]
    subprocess.run(command, check=True, capture_output=True)
    paths = sorted(out.glob("*/record.json"), key=lambda path: path.stat().st_mtime)
    ends = [path.stat().st_mtime for path in paths]
    apart = [later - earlier for earlier, later in itertools.pairwise(ends)]
    clocks = [read_record(path).clocks for path in paths[1:]]
    inside = [sum(clock[name] or 0.0 for name in OUTSIDE_OVERHEAD) for clock in clocks]
    return apart, [seconds - busy for seconds, busy in zip(apart, inside, strict=True)]
