"""The comparisons: each row is one piece of work by this package and by others, measured in turn, and the ratio."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from benchmark_lightning.report.evidence.statistics import median_of
from benchmark_lightning.study.machine import compare_trainer, measure_peaks
from benchmarks import ours, peers
from benchmarks.apart import apart
from benchmarks.work import Work

NOMINAL = ("--model.small_maps", "never")
COMPILED = {"cpu": ("--model.compile", "default"), "cuda": ("--model.compile", "reduce-overhead")}
LEVERS = {
    "small_maps": {"off": NOMINAL, "on": ("--model.small_maps", "always")},
    "reuse_memory": {"off": ("--model.reuse_memory", "false"), "on": ("--model.reuse_memory", "true")},
    "channels_last": {
        "off": ("--model.memory_format", "contiguous"),
        "on": ("--model.memory_format", "channels_last"),
    },
}
TARGETS = {"cpu": {"plain PyTorch": 1.6, "plain Lightning": 1.7}, "cuda": {"plain PyTorch": 10.0}}
FASTER_EXPERT = 2.0  # the target in float32 over the faster of the expert's two loops
ACCURACY = 0.928  # the published study's best
SECONDS_TO_ACCURACY = {"cpu": 707.0, "cuda": 10.0}  # its ResNet-18 with SGD on a T4, as printed; our aim
Row = dict[str, Any]


def in_turn(functions: dict[str, Callable[[], float]], num_rounds: int) -> dict[str, list[float]]:
    """The value of each function in each round, A B A B; each round begins with another one, every other runs backwards."""
    values: dict[str, list[float]] = {name: [] for name in functions}
    names = list(functions)
    for turn in range(num_rounds):
        first = turn % len(names)
        for name in (names[first:] + names[:first])[:: -1 if turn % 2 else 1]:
            values[name].append(functions[name]())
    return values


def row(work: str, beside: str, target: float | None, ours_: list[float], theirs: list[float], unit: str) -> Row:
    """Ours over theirs where more is better, theirs over ours where less is."""
    less_is_better = unit == "s"
    ratios = [b / a if less_is_better else a / b for a, b in zip(ours_, theirs, strict=True)]
    return {
        "work": work, "beside": beside, "unit": unit, "ours": ours_, "theirs": theirs, "ratios": ratios,
        "ratio": median_of(ratios)._asdict(), "target": target,
    }  # fmt: skip


def training_rows(work: Work, num_rounds: int, others: bool = True) -> list[Row]:
    """``fit`` as it is compared with two ordinary loops and the two of an expert.

    Args:
        others: also by ``fit`` on the nominal network, and compiled.
    """
    names = {"ours": (), "ours, nominal network": NOMINAL, "ours, compiled": COMPILED[work.device]}
    if not others:
        names = {"ours": ()}
    functions: dict[str, Callable[[], float]] = {
        "plain PyTorch": lambda: apart(peers.plain_pytorch, work),
        "plain Lightning": lambda: apart(peers.plain_lightning, work),
        "expert": lambda: apart(peers.expert, work),
        "expert, compiled": lambda: apart(peers.expert, work, True),
    }
    loops = list(functions)
    functions |= {name: lambda flags=flags: apart(ours.fit, work, *flags) for name, flags in names.items()}  # type: ignore[misc]
    values = in_turn(functions, num_rounds)
    faster = max(("expert", "expert, compiled"), key=lambda loop: float(np.median(values[loop])))
    targets = TARGETS[work.device] | ({faster: FASTER_EXPERT} if work.precision == "32-true" else {})
    what = f"{work.arch}, FashionMNIST, batch {work.batch_size}, {work.precision}, {work.device}"
    return [
        row(
            f"{what}: {name}",
            loop,
            targets.get(loop) if name == "ours" else None,
            values[name],
            values[loop],
            "images/s",
        )
        for loop in loops
        for name in names
    ]


def lever_rows(work: Work, num_rounds: int) -> list[Row]:
    """Each lever alone, beside fit with none of them, and all of them without and with the compiler."""
    chosen: dict[str, tuple[str, ...]] = {"no lever": (), **{name: (name,) for name in LEVERS}, "all": tuple(LEVERS)}

    def rate(on: tuple[str, ...], *others: str) -> float:
        flags = [flag for name, lever in LEVERS.items() for flag in lever["on" if name in on else "off"]]
        return float(apart(ours.fit, work, *flags, *others))

    functions: dict[str, Callable[[], float]] = {name: lambda on=on: rate(on) for name, on in chosen.items()}  # type: ignore[misc]
    functions["compile"] = lambda: rate((), *COMPILED[work.device])
    functions["all and compile"] = lambda: rate(tuple(LEVERS), *COMPILED[work.device])
    values = in_turn(functions, num_rounds)
    what = f"levers, {work.arch}, batch {work.batch_size}, {work.precision}, {work.device}"
    none = values.pop("no lever")
    return [row(f"{what}: {name}", "no lever", None, rates, none, "images/s") for name, rates in values.items()]


def trainer_row(device: torch.device, num_rounds: int) -> Row:
    """Our bare loop over the Trainer on the same batches: the target is at most 2 % slower on a CPU, 10 % on a GPU."""
    measured = apart(compare_trainer, device, num_rounds)
    rounds = measured["steps_per_second"]
    limit = 1.02 if device.type == "cpu" else 1.10
    ratios = measured["trainer_ratios"]
    return {
        "work": f"Trainer, ResNet-18, batch 64, 32-true, {device.type}", "beside": "our own bare loop", "unit": "steps/s",
        "ours": rounds["trainer"], "theirs": rounds["bare"], "ratios": [1 / ratio for ratio in ratios],
        "ratio": median_of([1 / ratio for ratio in ratios])._asdict(), "target": 1 / limit,
        "noise_ratios": measured["noise_ratios"],
    }  # fmt: skip


def loader_row(work: Work, num_rounds: int) -> Row:
    """The loader alone on one core."""
    values = [apart(ours.loader_rate, work) for _ in range(num_rounds)]
    return {
        "work": f"loader alone, batch {work.batch_size}, one core", "beside": "500,000 images/s", "unit": "images/s",
        "ours": values, "theirs": [5e5] * num_rounds, "ratios": [rate / 5e5 for rate in values],
        "ratio": median_of([rate / 5e5 for rate in values])._asdict(), "target": 1.0,
    }  # fmt: skip


def svm_row(work: Work, num_train: int, num_rounds: int) -> Row:
    """Fit and predict of an RBF kernel beside stock scikit-learn, and how often the predictions agree."""
    seconds: dict[str, list[float]] = {"ours": [], "scikit-learn": []}
    agreements = []
    for _ in range(num_rounds):
        predicted = {}
        for engine, values in seconds.items():
            value, predicted[engine] = ours.svm_seconds(work, num_train, engine)
            values.append(value)
        agreements.append(float(np.mean(predicted["ours"] == predicted["scikit-learn"])))
    is_whole = num_train >= 49_000
    what = f"SVC RBF, FashionMNIST, {num_train:,} rows, fit and predict 14,000"
    result = row(what, "scikit-learn's SVC", 8.0 if is_whole else None, seconds["ours"], seconds["scikit-learn"], "s")
    return result | {"agreement": min(agreements)}


def sweep_rows(work: Work, num_rounds: int) -> list[Row]:
    """A trial in a sweep beside a new interpreter for every trial, and what a trial costs beyond its phases."""
    between, overheads = ours.sweep_seconds(work, num_rounds + 1)
    new = [ours.new_interpreter_seconds(work) for _ in range(num_rounds)]
    return [
        row("a trial of two steps in a sweep", "a new interpreter for every trial", None, between, new, "s"),
        {
            "work": "overhead a trial in a sweep, beyond setup, training and testing", "beside": "1 s", "unit": "s",
            "ours": overheads, "theirs": [1.0] * len(overheads), "ratios": [1 / value for value in overheads],
            "ratio": median_of([1 / value for value in overheads])._asdict(), "target": 1.0,
        },
    ]  # fmt: skip


def utilization_row(work: Work, num_rounds: int) -> Row:
    """ResNet-50 at batch 256 beside 60 % of the measured fp32 peak of matrix products; operations as they are done."""
    from benchmark_lightning.study.complexity import count_complexity
    from benchmark_lightning.training.models import build_network
    from benchmark_lightning.training.small_maps import use_small_maps

    flops = count_complexity(use_small_maps(build_network("resnet50", 10)))["train_flops_per_image"] / 1e9
    heavy = work._replace(arch="resnet50", batch_size=256, precision="32-true", num_steps=8)
    values = in_turn(
        {
            "ours": lambda: apart(ours.fit, heavy, "--model.memory_format", "channels_last") * flops,
            "peak": lambda: apart(measure_peaks)["cpu"]["fp32"] / 1e9,
        },
        num_rounds,
    )
    what = "ResNet-50, batch 256, 32-true, channels_last: operations of training"
    return row(what, "the measured fp32 peak", 0.6, values["ours"], values["peak"], "GFLOP/s")


def accuracy_row(work: Work) -> Row:
    """Seconds of training of the fast recipe, and whether its test accuracy is what the published study reports."""
    record = ours.fast_recipe(work)
    seconds, reached = float(record.clocks["fit_seconds"]), float(record.metrics["test/accuracy"])
    limit = SECONDS_TO_ACCURACY[work.device]
    beside = f"{limit:g} s" + (" on a T4 (published)" if work.device == "cpu" else "")
    return {
        "work": f"ResNet-18 to {ACCURACY:.1%} of FashionMNIST's test images, training", "beside": beside, "unit": "s",
        "ours": [seconds], "theirs": [limit], "ratios": [limit / seconds], "ratio": median_of([limit / seconds])._asdict(),
        "target": 1.0, "test_accuracy": reached,
    }  # fmt: skip
