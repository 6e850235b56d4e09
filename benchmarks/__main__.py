"""``make benchmark``: every speed claim as a ratio measured in one run, on the same work, in turn, with its interval."""

import argparse
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from benchmark_lightning.report.hardware import PUBLISHED_SECONDS
from benchmark_lightning.report.statistics import median_of
from benchmark_lightning.report.wording import estimate, number
from benchmark_lightning.study.environment import describe_environment
from benchmark_lightning.study.machine import compare_trainer, measure_peaks
from benchmark_lightning.training.datasets import FashionMNIST
from benchmarks import ours, peers
from benchmarks.apart import apart, silence
from benchmarks.work import Work, data_root

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
ACCURACY = 0.928  # the published study's best
SECONDS_TO_ACCURACY = {
    "cpu": float(PUBLISHED_SECONDS["resnet18"][1]),
    "cuda": 10.0,
}  # of its ResNet-18 with SGD on a T4; our aim
BEGIN, END = "<!-- written by make benchmark FULL=1 -->\n", "<!-- end of the table -->\n"
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


def training_rows(work: Work, num_rounds: int) -> list[Row]:
    """ResNet-18 by fit as it is, on the nominal network and compiled, beside plain PyTorch and plain Lightning."""
    values = in_turn(
        {
            "plain PyTorch": lambda: apart(peers.plain_pytorch, work),
            "ours": lambda: apart(ours.fit, work),
            "plain Lightning": lambda: apart(peers.plain_lightning, work),
            "ours, nominal network": lambda: apart(ours.fit, work, *NOMINAL),
            "ours, compiled": lambda: apart(ours.fit, work, *COMPILED[work.device]),
        },
        num_rounds,
    )
    what = f"{work.arch}, FashionMNIST, batch {work.batch_size}, {work.precision}, {work.device}"
    rows = []
    for peer in ("plain PyTorch", "plain Lightning"):
        for name in ("ours", "ours, nominal network", "ours, compiled"):
            target = TARGETS[work.device].get(peer) if name == "ours" else None
            rows.append(row(f"{what}: {name}", peer, target, values[name], values[peer], "images/s"))
    return rows


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


def work_of(item: Row) -> str:
    """What was done, with what came out beside the time."""
    agreement, reached = item.get("agreement"), item.get("test_accuracy")
    said = "" if agreement is None else f" (predictions agree in {agreement:.2%})"
    return item["work"] + said + ("" if reached is None else f" (reached {reached:.2%})")


def met(item: Row) -> str:
    """Whether the target is met: by the whole interval where there is one, and by the accuracy where one is asked for."""
    if item["target"] is None:
        return ""
    value, low, high = (item["ratio"][name] for name in ("value", "low", "high"))
    if item.get("test_accuracy", 1.0) < ACCURACY or (value if high is None else high) < item["target"]:
        return "no"
    return "yes" if (value if low is None else low) >= item["target"] else "open"


def print_rows(rows: list[Row], machine: str) -> None:
    """The table for people."""
    table = Table(title=f"this package beside others, on {machine}")
    for column in ("work", "ours", "beside", "theirs", "ratio, 95 %", "target", "met"):
        table.add_column(column, justify="left" if column in ("work", "beside") else "right", overflow="fold")
    for item in rows:
        table.add_row(
            work_of(item),
            f"{number(float(np.median(item['ours'])))} {item['unit']}", item["beside"], number(float(np.median(item["theirs"]))),
            estimate(median_of(item["ratios"])), "" if item["target"] is None else f"{item['target']:.2f}x", met(item),
        )  # fmt: skip
    Console(markup=False, highlight=False, width=170).print(table)


def as_markdown(rows: list[Row], environment: dict[str, Any]) -> str:
    """The table for docs/performance.md."""
    versions = environment["versions"]
    lines = [
        f"{environment['machine']}, torch {versions['torch']}, lightning {versions['lightning']}, {environment['code']}. "
        "Medians; ratios are of runs made in turn, the trials of a sweep apart, with a 95 % interval.",
        "",
        "| work | ours | beside | theirs | ratio | target | met |",
        "| --- | ---: | --- | ---: | ---: | ---: | --- |",
    ]
    for item in rows:
        target = "" if item["target"] is None else f"{item['target']:.2f}x"
        values = (f"{number(float(np.median(item[side])))} {item['unit']}" for side in ("ours", "theirs"))
        ours_, theirs = values
        ratio = estimate(median_of(item["ratios"]))
        lines.append(f"| {work_of(item)} | {ours_} | {item['beside']} | {theirs} | {ratio} | {target} | {met(item)} |")
    return "\n".join(lines) + "\n"


def write_table(path: Path, table: str) -> None:
    """Puts the table where the file has its place for it."""
    before, begin, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise SystemExit(f"{path} has no place for the table: {BEGIN.strip()} and {END.strip()}")
    path.write_text(f"{before}{begin}\n{table}\n{end}{after}", encoding="utf-8")


def main() -> None:
    """Measures everything that this machine can, prints the table and writes it as JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--short", action="store_true", help="fewer rounds and an SVM of 5,000 rows: about five minutes"
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE.json", help="benchmarks/results.json, or short.json if --short"
    )
    parser.add_argument("--docs", type=Path, metavar="FILE.md", help="write the table into this file as well")
    options = parser.parse_args()
    os.environ.setdefault("PYTHONWARNINGS", "ignore")
    silence()
    num_rounds = 3 if options.short else 4
    root = data_root()
    FashionMNIST(root=str(root)).prepare_data()
    device = torch.device("cuda", 0) if torch.cuda.is_available() else torch.device("cpu")
    with tempfile.TemporaryDirectory() as folder:
        work = Work(root, Path(folder), device=device.type, num_steps=30 if options.short else 60)
        work = work._replace(precision="16-mixed") if device.type == "cuda" else work
        rows = training_rows(work, num_rounds)
        if not options.short and device.type == "cpu":
            rows += training_rows(work._replace(precision="32-true"), num_rounds)
        if not options.short:
            rows += lever_rows(work, 3)
        rows.append(trainer_row(device, 4 if options.short else 12))
        rows.append(loader_row(work, num_rounds))
        rows.append(svm_row(work, 5_000 if options.short else 49_000, num_rounds if options.short else 2))
        rows += sweep_rows(work, num_rounds)
        if device.type == "cpu" and not options.short:
            rows.append(utilization_row(work, num_rounds))
        if not options.short:
            rows.append(accuracy_row(work))
    environment = describe_environment(device)
    print_rows(rows, environment["machine"])
    out = options.out or Path("benchmarks", "short.json" if options.short else "results.json")
    out.write_text(json.dumps({"environment": environment, "rows": rows}, indent=1) + "\n", encoding="utf-8")
    if options.docs is not None:
        write_table(options.docs, as_markdown(rows, environment))


if __name__ == "__main__":
    main()
