"""Q2: what a device buys. Table 1, with times, speedups of interleaved pairs and the published figures beside."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd

from benchmark_lightning.report.statistics import Estimate, median_of, ratio
from benchmark_lightning.report.table import describe_settings

# Seconds of training on FashionMNIST with SGD. Source: the study that this package reproduces, its Table 1.
PUBLISHED_DEVICES = ("Intel Xeon (published)", "NVIDIA T4 (published)")
PUBLISHED_SECONDS = {"resnet18": (2724, 707), "resnet34": (4684, 1088), "resnet50": (6284, 1265)}
PUBLISHED_SPEEDUP = {"resnet18": 3.8, "resnet34": 4.3, "resnet50": 5.0}  # as printed there
PUBLISHED_OPTIMIZER, PUBLISHED_PRECISION = "sgd", "16-mixed"

PRECISION_KEY = "trainer.precision"  # in WORK already
PARTS = ("data", "forward", "backward", "optimizer")  # of a step
WORK = ("dataset", "model", "optimizer", "batch_size", "precision", "num_train", "variant")


class Timing(NamedTuple):
    """One kind of work on one device.

    Args:
        work: data set, model, optimizer, batch size, precision, number of training images and, as ``variant``,
            whatever else of the configuration is not the same everywhere.
        device: label; of several versions of the code or of torch, each is a device of its own.
        machine: that holds the device: the CPU and the GPU of one machine share it.
        seconds: one epoch over all training images at the steady rate.
        rates: images per second of each run, by machine, code, sweep, repeat, seed and learning rate.
        macs: of one image, forward.
        parts: median seconds of data, forward, backward and optimizer, where they were measured.
        step_seconds: their sum over the runs.
        utilization: median share of the measured peak.
    """

    work: dict[str, Any]
    device: str
    machine: str
    accelerator: str
    seconds: Estimate
    rates: dict[tuple[Any, ...], float]
    macs: float | None
    parts: dict[str, float]
    step_seconds: Estimate | None
    utilization: float | None


class Speedup(NamedTuple):
    """How many times faster ``device`` does the work than ``baseline``, and whether the runs were paired."""

    work: dict[str, Any]
    device: str
    baseline: str
    estimate: Estimate
    is_paired: bool
    is_on_gpu: bool


def device_labels(table: pd.DataFrame) -> pd.Series:
    """Where each trial ran, named so that machines and versions of the code are never taken for one another."""
    label = table["device"].fillna("unknown device").astype(str)
    threads = table["num_threads"].map(lambda number: "" if pd.isna(number) else f", {number:g} threads")
    label = label.where(table["accelerator"] != "cpu", label + threads)
    effective = table["effective_precision"].fillna(table["precision"])
    label = label.where(effective == table["precision"], label + ", really " + effective.astype(str))
    several_machines = table.assign(label=label).groupby("label")["machine"].transform("nunique") > 1
    label = label.where(~several_machines, label + ", in " + table["machine"].astype(str))
    for column, word in (("torch", "torch"), ("source_hash", "code")):
        if table[column].nunique() > 1:
            label = label + f", {word} " + table[column].astype(str)
    return label


def timings(table: pd.DataFrame, settings: Mapping[str, Mapping[str, Any]]) -> list[Timing]:
    """The steady rate of every kind of work on every device, of trials made to be timed where there are any."""
    networks = table[(table["kind"] != "svm") & (table["status"] == "ok") & (table["images_per_second"] > 0)]
    if networks.empty:
        return []
    timed = networks[~networks["is_whole"]]
    networks = timed if len(timed) else networks
    networks = networks.assign(label=device_labels(networks), variant=_variants(networks, settings))
    order = [*WORK, "accelerator", "label"]
    return [_timing(runs) for _, runs in networks.groupby(order, dropna=False)]


def _variants(networks: pd.DataFrame, settings: Mapping[str, Mapping[str, Any]]) -> pd.Series:
    """What of the configuration, machine and precision aside, tells kinds of work apart; empty where nothing does."""
    of_config = {
        row.protocol: {
            key: value for key, value in settings[row.setting].items() if "." in key and key != PRECISION_KEY
        }
        for row in networks.itertuples()
    }
    labels = describe_settings(of_config, networks["protocol"])
    return networks["protocol"].map({protocol: f", {label}" if label else "" for protocol, label in labels.items()})


def _timing(runs: pd.DataFrame) -> Timing:
    first = runs.iloc[0]
    rates = {
        (run.machine, run.source_hash, run.sweep, run.repeat, run.seed, run.lr): float(run.images_per_second)
        for run in runs.itertuples()
    }
    num_train = first["num_train"]
    seconds = median_of([float(num_train) / rate for rate in rates.values()])
    of_step = runs[[f"{part}_seconds_per_step" for part in PARTS]].dropna()
    return Timing(
        work={name: first[name] for name in WORK},
        device=first["label"],
        machine=first["machine"],
        accelerator=first["accelerator"],
        seconds=seconds,
        rates=rates,
        macs=None if pd.isna(first["macs"]) else float(first["macs"]),
        parts={part: float(of_step[f"{part}_seconds_per_step"].median()) for part in PARTS} if len(of_step) else {},
        step_seconds=median_of(of_step.sum(axis=1).tolist()) if len(of_step) else None,
        utilization=None if runs["utilization"].isna().all() else float(runs["utilization"].median()),
    )


def speedups(measured: list[Timing]) -> list[Speedup]:
    """Every device beside the fastest CPU of its machine, or else of all: the median of the ratios of pairs.

    Runs of the same sweep, code, repeat and seed on one machine were interleaved, so their ratio is free of what drifts in
    between. Devices of two machines are compared by their medians, with a wider interval.
    """
    result = []
    for timing in measured:
        cpus = [other for other in measured if _key(other) == _key(timing) and other.accelerator == "cpu"]
        here = [cpu for cpu in cpus if cpu.machine == timing.machine and cpu is not timing]
        baseline = min(here or cpus, key=lambda cpu: cpu.seconds.value, default=None)
        is_baseline = timing.accelerator == "cpu" and (baseline is None or baseline is timing or timing is cpus[0])
        if baseline is None or is_baseline:
            continue
        shared = [run for run in timing.rates if run in baseline.rates]
        is_paired = len(shared) == len(timing.rates) == len(baseline.rates)
        if is_paired:
            estimate = median_of([timing.rates[run] / baseline.rates[run] for run in shared])
        else:
            estimate = ratio(baseline.seconds, timing.seconds)
        result.append(
            Speedup(timing.work, timing.device, baseline.device, estimate, is_paired, timing.accelerator == "cuda")
        )
    return result


def _key(timing: Timing) -> tuple[str, ...]:
    return tuple(str(value) for value in timing.work.values())
