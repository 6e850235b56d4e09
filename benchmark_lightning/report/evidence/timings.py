"""The steady rate of each kind of work on each device, and how many times faster one device is than another."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd

from benchmark_lightning.report.evidence.estimate import CONFIDENCE, Estimate
from benchmark_lightning.report.evidence.formatting import count
from benchmark_lightning.report.evidence.selection import COLUMNS
from benchmark_lightning.report.evidence.settings import LEVERS, MODEL_KEYS, as_text, phrase, varies
from benchmark_lightning.report.evidence.statistics import median_of, ratio_of_runs
from benchmark_lightning.report.evidence.table import describe_settings

PARTS = ("data", "forward", "backward", "optimizer")  # of a step
WORK = ("dataset", "model", "settings", "batch_size", "precision", "num_train", "variant")
PRECISION_KEY = "trainer.precision"  # in WORK already
# Hyperparameters that change no time: runs that differ in them alone are repeats.
_FREE = frozenset(f"model.{name}" for name in ("lr", "momentum", "weight_decay", "label_smoothing"))


class Timing(NamedTuple):
    """One kind of work on one device.

    Args:
        work: data set, model, batch size, precision, number of training images; as ``settings`` what else of the
            hyperparameters differs, such as the optimizer, and as ``variant`` what else of the configuration does.
        config: the configuration of one of its runs, flat.
        columns: its values of ``selection.COLUMNS``.
        device: label; of several versions of the code or of torch, each is a device of its own.
        machine: that holds the device: the CPU and the GPU of one machine share it.
        seconds: one epoch over all training images at the steady rate.
        rates: images per second of each run, by machine, code, sweep, repeat, seed and what changes no time.
        macs: of one image, forward.
        parts: median seconds of data, forward, backward and optimizer, where they were measured.
        step_seconds: their sum over the runs.
        utilization: median share of the measured peak.
    """

    work: dict[str, Any]
    config: Mapping[str, Any]
    columns: Mapping[str, Any]
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
    config: Mapping[str, Any]
    columns: Mapping[str, Any]
    device: str
    baseline: str
    accelerator: str
    estimate: Estimate
    is_paired: bool

    @property
    def is_on_gpu(self) -> bool:
        """Whether the device is an accelerator that is not the CPU."""
        return self.accelerator != "cpu"


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


def timings(
    table: pd.DataFrame,
    configs: Mapping[str, Mapping[str, Any]],
    settings: Mapping[str, Mapping[str, Any]],
    confidence: float = CONFIDENCE,
) -> list[Timing]:
    """The steady rate of every kind of work on every device, of trials made to be timed where there are any."""
    networks = table[(table["status"] == "ok") & (table["images_per_second"] > 0)]
    if networks.empty:
        return []
    timed = networks[~networks["is_whole"]]
    networks = timed if len(timed) else networks
    of_runs = networks["configuration"].map(configs)
    networks = networks.assign(
        label=device_labels(networks), settings=_settings(networks, of_runs), variant=_variants(networks, settings),
        free=of_runs.map(lambda config: tuple(as_text(config.get(key)) for key in sorted(_FREE))),
    )  # fmt: skip
    order = [*WORK, "accelerator", "label"]
    return [_timing(runs, configs, confidence) for _, runs in networks.groupby(order, dropna=False)]


def _is_setting(key: str) -> bool:
    is_told = key in MODEL_KEYS or key in LEVERS or key in _FREE
    return key.startswith("model.") and not is_told


def _settings(networks: pd.DataFrame, configs: pd.Series) -> pd.Series:
    """The hyperparameters of each run that differ between runs and change its time; empty where none does."""
    keys = dict.fromkeys(key for config in configs for key in config if _is_setting(key))
    models = list(networks["model"])
    varying = [key for key in keys if varies(models, [config.get(key) for config in configs])]
    return configs.map(lambda config: ", ".join(phrase(key, config[key]) for key in varying if key in config))


def _variants(networks: pd.DataFrame, settings: Mapping[str, Mapping[str, Any]]) -> pd.Series:
    """Settings of the configuration that tell kinds of work apart, without machine and precision; empty where none does."""
    of_config = {
        row.protocol: {
            key: value
            for key, value in settings[row.setting].items()
            if "." in key and key != PRECISION_KEY and not _is_setting(key) and key not in MODEL_KEYS
        }
        for row in networks.itertuples()
    }
    labels = describe_settings(of_config, networks["protocol"])
    return networks["protocol"].map({protocol: f", {label}" if label else "" for protocol, label in labels.items()})


def _timing(runs: pd.DataFrame, configs: Mapping[str, Mapping[str, Any]], confidence: float) -> Timing:
    first = runs.iloc[0]
    rates = {
        (run.machine, run.source_hash, run.sweep, run.repeat, run.seed, run.free): float(run.images_per_second)
        for run in runs.itertuples()
    }
    num_train = first["num_train"]
    seconds = median_of([float(num_train) / rate for rate in rates.values()], confidence)
    of_step = runs[[f"{part}_seconds_per_step" for part in PARTS]].dropna()
    return Timing(
        work={name: first[name] for name in WORK},
        config=configs[first["configuration"]],
        columns=runs[list(COLUMNS)].iloc[:1].to_dict("records")[0],
        device=first["label"],
        machine=first["machine"],
        accelerator=first["accelerator"],
        seconds=seconds,
        rates=rates,
        macs=None if pd.isna(first["macs"]) else float(first["macs"]),
        parts={part: float(of_step[f"{part}_seconds_per_step"].median()) for part in PARTS} if len(of_step) else {},
        step_seconds=median_of(of_step.sum(axis=1).tolist(), confidence) if len(of_step) else None,
        utilization=None if runs["utilization"].isna().all() else float(runs["utilization"].median()),
    )


def speedups(measured: list[Timing], confidence: float = CONFIDENCE) -> list[Speedup]:
    """Every device compared with the fastest CPU of its machine, or else of all: the median of the ratios of pairs.

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
        is_paired = len(timing.rates) > 1 and set(timing.rates) == set(baseline.rates)
        estimate = ratio_of_runs(timing.rates, baseline.rates, confidence)
        result.append(Speedup(
            timing.work, timing.config, timing.columns, timing.device, baseline.device, timing.accelerator, estimate, is_paired,
        ))  # fmt: skip
    return result


def _key(timing: Timing) -> tuple[str, ...]:
    return tuple(str(value) for value in timing.work.values())


def work_title(work: Mapping[str, Any], *names: str) -> str:
    """The named parts of a kind of work as a person says them; all where none is named."""
    words = {
        "dataset": work["dataset"], "model": work["model"], "settings": work["settings"],
        "batch_size": f"batch {count(work['batch_size'])}", "precision": work["precision"],
        "num_train": f"{count(work['num_train'])} training images", "variant": str(work["variant"]).removeprefix(", "),
    }  # fmt: skip
    return ", ".join(str(words[name]) for name in names or WORK if words[name])
