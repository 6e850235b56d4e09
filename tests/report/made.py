"""Records made up for tests: a study whose truth is known, so that a verdict about it can be right or wrong."""

import functools
import itertools
import math
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from benchmark_lightning.report.evidence.questions import read_questions, write_questions
from benchmark_lightning.study.outcomes import pack
from benchmark_lightning.study.record import Record, trial_key, write_record

MACS = {"resnet18": 33_184_000, "resnet34": 70_932_000, "resnet50": 78_700_000}
PARAMS = {"resnet18": 11_175_370, "resnet34": 21_283_530, "resnet50": 23_522_250}
CPU, GPU = "Test CPU", "Test GPU"
NUM = {"MNIST": 70_000, "FashionMNIST": 70_000, "Digits": 1_797}


ALONE = {"others_cpu": 0.01, "run_delay": 0.01, "steal": 0.0, "throttled_seconds": 0.0, "is_contended": False}
CONTENDED = ALONE | {"others_cpu": 1.0, "run_delay": 0.6, "is_contended": True}


def environment(accelerator: str, machine: str = "machine A") -> dict[str, Any]:
    device = GPU if accelerator == "cuda" else CPU
    versions = {"python": "3.12.0", "torch": "2.11.0", "scikit-learn": "1.8.0"}
    return {
        "machine": machine, "accelerator": accelerator, "device": device, "num_threads": 8, "cpu": CPU,
        "versions": versions, "code": "git:0123456", "source_hash": "abcdef012345",
    }  # fmt: skip


def data(dataset: str, fraction: float = 1.0) -> dict[str, Any]:
    num_test, num_val = round(NUM[dataset] * 0.2), round(NUM[dataset] * 0.1)
    num_train = round((NUM[dataset] - num_test - num_val) * fraction)
    return {
        "name": dataset, "split": "pooled", "split_hash": "123456789abc", "fingerprint": dataset,
        "train_fraction": fraction, "num_train": num_train, "num_val": num_val, "num_test": num_test, "fold": 0,
    }  # fmt: skip


def outcomes(accuracy: float, described: dict[str, Any], configuration: str, seed: int) -> dict[str, Any]:
    """Which test images a run has right: those that are easy for all, for its configuration and with its seed.

    The errors of two configurations correlate by about 0.5 at an accuracy of 0.92, those of two seeds by 0.6.
    """
    num, images = described["num_test"], f"{described['fingerprint']} {described['fold']}"
    names = {images: 0.89, f"{images} {configuration}": 0.28, f"{images} {configuration} {seed}": 0.35}
    ease = sum(share * _difficulty(name, num) for name, share in names.items())
    correct = np.zeros(num, dtype=bool)
    correct[np.argsort(ease)[num - round(accuracy * num) :]] = True
    return {"test": pack(correct, np.arange(num) + num * described["fold"], described["fingerprint"])}


@functools.lru_cache(maxsize=256)
def _difficulty(name: str, num: int) -> np.ndarray:
    return np.random.default_rng(zlib.crc32(name.encode())).standard_normal(num)


def _whole_images(accuracy: float, num_images: int) -> float:
    return round(accuracy * num_images) / num_images


def network(
    dataset: str = "FashionMNIST", arch: str = "resnet18", optimizer: str = "adam", lr: float = 1e-3, batch_size: int = 64,
    seed: int = 0, repeat: int = 0, accuracy: float = 0.92, seconds: float = 100.0, peak_epoch: int = 5,
    accelerator: str = "cpu", steps: int | None = None, rate: float | None = None, fraction: float = 1.0,
    precision: str = "16-mixed", **fields: Any,
) -> Record:  # fmt: skip
    """A network that learns for five epochs and is best on the validation images in ``peak_epoch``, counted from 1."""
    described = data(dataset, fraction)
    config = {
        "seed_everything": seed,
        "trainer": {
            "accelerator": "gpu" if accelerator == "cuda" else "cpu", "precision": precision, "max_epochs": 5,
            "limit_train_batches": steps,
        },
        "model": {"arch": arch, "optimizer": optimizer, "lr": lr, "stem": "imagenet"},
        "data": {
            "class_path": f"benchmark_lightning.training.datasets.{dataset}",
            "init_args": {"batch_size": batch_size, "split": "pooled", "train_fraction": fraction},
        },
    }  # fmt: skip
    accuracy = _whole_images(accuracy, described["num_test"])
    rate = rate or described["num_train"] * 5 / seconds
    curves = [
        {
            "epoch": epoch, "train/loss": 0.5 * 0.8**epoch, "val/loss": 0.5 * 0.85**epoch,
            "val/accuracy": accuracy - 0.004 * abs(epoch + 1 - peak_epoch), "fit_seconds": seconds * (epoch + 1) / 5,
        }
        for epoch in range(5)
    ]  # fmt: skip
    effective = "bf16-mixed" if precision == "16-mixed" and accelerator == "cpu" else precision
    values: dict[str, Any] = {
        "key": trial_key(config, described["fingerprint"], repeat), "kind": "network", "status": "ok", "config": config,
        "repeat": repeat, "started_at": "2026-01-01T00:00:00+00:00", "data": described,
        "metrics": {"val/accuracy": accuracy, "test/accuracy": accuracy, "test/loss": 0.2, "test/macro_f1": accuracy},
        "best_epoch": peak_epoch - 1, "curves": curves,
        "clocks": {
            "setup_seconds": 1.0, "first_batch_seconds": 0.5, "fit_seconds": seconds, "validation_seconds": seconds / 30,
            "test_seconds": seconds / 60, "predict_seconds": None, "wall_seconds": seconds * 1.1,
        },
        "throughput": {"images_per_second": [rate], "median_images_per_second": rate, "num_warmup_batches": 10},
        "memory": {"peak_rss_mib": 1400.0, "peak_device_mib": None}, "energy": {"joules": None, "source": "unavailable"},
        "complexity": {"params": PARAMS[arch], "macs": MACS[arch], "train_flops_per_image": 6 * MACS[arch]},
        "precision": {"requested": precision, "effective": effective}, "contention": ALONE,
        "batch_size": {"requested": batch_size, "effective": batch_size},
        "training": {"num_epochs": 5, "num_steps": 3825}, "environment": environment(accelerator),
        "utilization": {"fraction": 0.4, "peak_flops_per_second": 1e11, "train_flops_per_second": 4e10},
    }  # fmt: skip
    if not {"data", "metrics"} & fields.keys():
        name = f"{arch} {optimizer} {lr} {batch_size} {fraction} {precision}"
        values["outcomes"] = outcomes(accuracy, described, name, seed)
    if steps is not None:
        part = 64 / rate
        medians = {"data": part * 0.02, "forward": part * 0.33, "backward": part * 0.6, "optimizer": part * 0.05}
        values["breakdown"] = {"median_seconds": medians, "seconds": {name: [value] for name, value in medians.items()}}
    return Record(**values | fields)


def svm(
    dataset: str = "FashionMNIST", kernel: str = "rbf", strength: float = 1.0, accuracy: float = 0.89, seconds: float = 30.0,
    fraction: float = 1.0, split: str = "pooled", fold: int = 0, **fields: Any,
) -> Record:  # fmt: skip
    described = data(dataset, fraction) | {"split": split, "fold": fold}
    accuracy = _whole_images(accuracy, described["num_test"])
    config = {
        "seed_everything": 0,
        "estimator": {
            "class_path": "sklearn.svm.SVC",
            "init_args": {"kernel": kernel, "C": strength, "gamma": "scale", "degree": 3, "coef0": 0.0},
        },
        "engine": "scikit-learn-intelex",
        "data": {
            "class_path": f"benchmark_lightning.training.datasets.{dataset}",
            "init_args": {"split": split, "train_fraction": fraction} | ({"fold": fold} if fold else {}),
        },
    }
    values: dict[str, Any] = {
        "key": trial_key(config, described["fingerprint"], fields.get("repeat", 0)), "kind": "classical", "status": "ok", "config": config,
        "started_at": "2026-01-01T00:00:00+00:00", "data": described,
        "metrics": {"val/accuracy": accuracy, "test/accuracy": accuracy, "test/macro_f1": accuracy},
        "clocks": {"setup_seconds": 1.0, "fit_seconds": seconds, "predict_seconds": seconds / 5, "wall_seconds": seconds * 1.5},
        "engine": "scikit-learn-intelex", "num_support_vectors": 20_000, "environment": environment("cpu"),
        "precision": {"requested": "32-true", "effective": "32-true"}, "contention": ALONE,
    }  # fmt: skip
    if not {"data", "metrics"} & fields.keys():
        values["outcomes"] = outcomes(accuracy, described, f"{kernel} {strength} {fraction}", 0)
    return Record(**values | fields)


def whole_study(num_seeds: int = 3, **changes: float) -> list[Record]:
    """Every cell of the study on both data sets, CPU and GPU, with numbers near the published ones.

    Args:
        num_seeds: runs of each network.
        changes: ``drop`` in accuracy of SGD at 1e-4, ``lead`` of RBF over poly, ``gpu`` speedup of ResNet-18,
            ``growth`` of the speedup by model, ``accuracy`` of the best FashionMNIST network, ``peak`` epoch.
    """
    truth = {"drop": 0.03, "lead": 0.02, "gpu": 3.8, "growth": 1.15, "accuracy": 0.929, "peak": 2.0} | changes
    noise = np.random.default_rng(0)
    records = []
    grid = itertools.product(NUM, MACS, (16, 32, 64), ("sgd", "adam"), (1e-3, 1e-4), range(num_seeds))
    for dataset, arch, batch_size, optimizer, lr, seed in grid:
        if dataset == "Digits" or arch == "resnet34":
            continue
        best = truth["accuracy"] if dataset == "FashionMNIST" else 0.99
        lost = truth["drop"] if optimizer == "sgd" and lr == 1e-4 else 0.004 if optimizer == "sgd" else 0.0
        lost += 0.003 * (arch == "resnet50") + 0.0005 * math.log2(batch_size)
        seconds = (
            120 * (2.3 if arch == "resnet50" else 1.0) * (64 / batch_size) ** 0.4 * math.exp(noise.normal(0, 0.01))
        )
        records.append(network(
            dataset, arch, optimizer, lr, batch_size, seed, accuracy=best + 0.0015 - lost + noise.normal(0, 0.0008),
            seconds=seconds, peak_epoch=int(truth["peak"]), accelerator="cuda",
        ))  # fmt: skip
    for dataset, top in (("MNIST", 0.975), ("FashionMNIST", 0.895)):
        for strength in (1.0, 10.0):
            accuracy = top + 0.003 * math.log10(strength)
            records.append(svm(dataset, "rbf", strength, accuracy, 300.0))
            records.append(svm(dataset, "poly", strength, accuracy - truth["lead"], 400.0))
    for fraction in (0.05, 0.1, 0.2, 0.5):
        for kernel in ("rbf", "poly"):
            lost = 0.02 * (kernel == "poly") - 0.03 * math.log10(fraction)
            records.append(svm(kernel=kernel, accuracy=0.895 - lost, seconds=300 * fraction**1.8, fraction=fraction))
    hardware = itertools.product(enumerate(MACS), ("sgd", "adam"), ("32-true", "16-mixed"), range(3))
    for (size, arch), optimizer, precision, repeat in hardware:
        rate = 700 / (MACS[arch] / MACS["resnet18"]) * math.exp(noise.normal(0, 0.01))
        speedup = truth["gpu"] * truth["growth"] ** size * math.exp(noise.normal(0, 0.01))
        common = {"arch": arch, "optimizer": optimizer, "precision": precision, "repeat": repeat, "steps": 60}
        records.append(network(**common, rate=rate))
        records.append(network(**common, rate=rate * speedup, accelerator="cuda"))
    return records


PUBLISHED = read_questions({"include": ["benchmark_lightning.published:study.yaml"]}, Path("study.yaml"))


def write_published(records: list[Record], folder: Path) -> Path:
    """As ``write``, with the claims of the published study."""
    write_questions(PUBLISHED, folder)
    return write(records, folder)


def write(records: list[Record], folder: Path) -> Path:
    """The records as a sweep would have left them: networks, SVMs and timed trials in folders of their own."""
    for record in records:
        timed = record.config.get("trainer", {}).get("limit_train_batches") is not None
        sweep = "hardware" if timed else "classical" if record.kind == "classical" else "hyperparameters"
        name = f"{record.kind}-{record.key}"
        name += "-again" * (folder / sweep / name).exists()  # as a sweep that repeats a trial
        write_record(record, folder / sweep / name)
    return folder
