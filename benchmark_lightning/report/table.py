"""Records as one tidy table: a row a trial, and names for what must be equal before two trials are compared."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from benchmark_lightning.report.machines import machine_id, machine_names
from benchmark_lightning.study.record import Record

# What a sweep of the study varies: columns of their own. Whatever else differs makes another setting.
AXES = ("model", "batch_size", "optimizer", "lr", "kernel", "C", "gamma", "degree")
_AXIS_KEYS = frozenset(
    [
        "model.arch",
        "model.optimizer",
        "model.lr",
        "data.batch_size",
        "svm.kernel",
        "svm.C",
        "svm.gamma",
        "svm.degree",
        "seed_everything",
        "data.class_path",
        "trainer.accelerator",
    ]
)
# Settings of the Trainer under which a trial is timed, but not trained and tested to the end.
_CUTS = ("limit_train_batches", "limit_val_batches", "limit_test_batches", "overfit_batches", "max_time")
_NOT_TOLD = frozenset(  # the number of training images tells the fraction
    ["data.train_fraction", "trainer.enable_autolog_hparams", "trainer.log_every_n_steps", "trainer.profiler"]
)
# Told only where nothing else tells two settings apart: two machines have two versions of the code often enough.
_TOLD_LAST = frozenset(
    [
        "source_hash",
        "torch",
        *(f"model.{lever}" for lever in ("fused", "memory_format", "compile", "small_maps", "reuse_memory")),
    ]
)
_CONDITION = ("machine", "accelerator", "num_threads", "effective_precision", "source_hash", "torch")
_NUMBERS = (
    "repeat", "seed", "num_train", "num_val", "num_test", "train_fraction", "batch_size", "lr", "C", "degree",
    "num_support_vectors", "num_threads", "val_accuracy", "test_accuracy", "test_macro_f1", "test_loss",
    "best_epoch", "num_epochs", "num_steps", "images_per_second", "energy_joules", "utilization",
    "peak_flops_per_second", "setup_seconds", "first_batch_seconds", "fit_seconds", "validation_seconds",
    "test_seconds", "predict_seconds", "wall_seconds", "params", "macs", "forward_flops_per_image",
    "train_flops_per_image", "peak_rss_mib", "peak_device_mib", "data_seconds_per_step", "forward_seconds_per_step",
    "backward_seconds_per_step", "optimizer_seconds_per_step",
)  # fmt: skip
# Of a record that others disturbed these stand in its file alone: no comparison of times may find them in the table.
_DISTURBED = (
    "images_per_second", "energy_joules", "utilization", "setup_seconds", "first_batch_seconds", "fit_seconds",
    "validation_seconds", "test_seconds", "predict_seconds", "wall_seconds", "data_seconds_per_step",
    "forward_seconds_per_step", "backward_seconds_per_step", "optimizer_seconds_per_step",
)  # fmt: skip
_NAMES = (
    "error", "split", "split_hash", "optimizer", "kernel", "engine", "device", "machine", "precision",
    "effective_precision", "code", "source_hash", "torch", "started_at",
)  # fmt: skip
_MEASURED = {
    "clocks": (
        [
            "setup_seconds",
            "first_batch_seconds",
            "fit_seconds",
            "validation_seconds",
            "test_seconds",
            "predict_seconds",
            "wall_seconds",
        ]
    ),
    "complexity": ["params", "macs", "forward_flops_per_image", "train_flops_per_image"],
    "memory": ["peak_rss_mib", "peak_device_mib"],
}


def tabulate(
    records: Iterable[tuple[Path, Record]],
) -> tuple[pd.DataFrame, dict[str, dict[str, Any]], list[str]]:
    """One row a trial, what each setting is, and a sentence for each record that makes no sense.

    Beside what the record holds, a row has

    - ``setting``: an id of all that must be equal before two accuracies are compared: epochs, precision, split,
      number of training images, machine, version of the code, ..., everything but the axes of the study and the seed.
    - ``condition``: the same without the number of training images, and ``protocol``: without the machine, too.
    - ``configuration``: an id of data set, axes and setting; its rows are runs that differ in seed or repeat.
    - ``is_contended``: whether others disturbed it: its accuracies count, its times are left out of the table.
    - ``is_whole``: whether it was trained and tested to the end, and not only timed for some steps.
    """
    settings: dict[str, dict[str, Any]] = {}
    rows, problems = [], []
    records = list(records)
    machines = machine_names(record.environment for _, record in records)
    for path, record in records:
        try:
            row = _row(path, record, settings, machines[machine_id(record.environment)])
            _check(row)
            rows.append(row)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            problems.append(f"{path} is damaged: {error}; delete it and run the trial again")
    table = pd.DataFrame(rows)
    return table.sort_values(["sweep", "trial"], ignore_index=True) if rows else table, settings, problems


def _check(row: Mapping[str, Any]) -> None:
    """Raises ``ValueError`` for what no trial can have left."""
    for name in _NUMBERS:
        value = row[name]
        if value is not None and (not isinstance(value, int | float) or isinstance(value, bool) or value < 0):
            raise ValueError(f"{name} is {_text(value)}")
    for name in ("val_accuracy", "test_accuracy", "test_macro_f1"):
        if row[name] is not None and row[name] > 1:
            raise ValueError(f"{name} is {row[name]}")
    for name in _NAMES:
        if row[name] is not None and not isinstance(row[name], str):
            raise ValueError(f"{name} is {_text(row[name])}")
    for name in ("C", "kernel") if row["kind"] == "svm" else ("batch_size", "lr", "optimizer"):
        if row[name] is None:
            raise ValueError(f"its configuration has no {name}")
    if row["test_accuracy"] is not None and row["num_test"] == 0:
        raise ValueError("num_test is 0")


def _row(path: Path, record: Record, settings: dict[str, dict[str, Any]], machine: str) -> dict[str, Any]:
    config, environment, data = _flat(record.config), record.environment, record.data
    is_svm = record.kind == "svm"
    kernel = config.get("svm.kernel") if is_svm else None
    accelerator = _accelerator(record, config)
    told = environment.get("machine")
    row: dict[str, Any] = {
        "run": run_id(record), "key": record.key, "sweep": path.parent.parent.name, "trial": path.parent.name,
        "kind": record.kind, "status": record.status, "error": record.error, "repeat": record.repeat,
        "seed": config.get("seed_everything"),
        "dataset": _text(data.get("name") or config.get("data.class_path", "").rpartition(".")[2]),
        "num_train": data.get("num_train"), "num_val": data.get("num_val"), "num_test": data.get("num_test"),
        "train_fraction": data.get("train_fraction"), "split": data.get("split"), "split_hash": data.get("split_hash"),
        "model": f"SVC {kernel}" if is_svm else _text(config.get("model.arch")),
        "batch_size": config.get("data.batch_size") if not is_svm else None,
        "optimizer": config.get("model.optimizer"), "lr": config.get("model.lr"),
        "kernel": kernel, "C": config.get("svm.C"), "gamma": config.get("svm.gamma"), "degree": config.get("svm.degree"),
        "engine": record.engine, "num_support_vectors": record.num_support_vectors,
        "max_epochs": config.get("trainer.max_epochs"), "is_whole": not any(config.get(f"trainer.{cut}") for cut in _CUTS),
        "accelerator": accelerator, "device": environment.get("device") if record.status != "skipped" else None,
        "machine": machine if told is None or isinstance(told, str) else told, "num_threads": environment.get("num_threads"),
        "precision": record.precision.get("requested") or config.get("trainer.precision"),
        "effective_precision": record.precision.get("effective"),
        "code": environment.get("code"), "source_hash": environment.get("source_hash"),
        "torch": environment.get("versions", {}).get("torch"), "started_at": record.started_at,
        "val_accuracy": record.metrics.get("val/accuracy"), "test_accuracy": record.metrics.get("test/accuracy"),
        "test_macro_f1": record.metrics.get("test/macro_f1"), "test_loss": record.metrics.get("test/loss"),
        "best_epoch": record.best_epoch, "num_epochs": record.training.get("num_epochs"),
        "num_steps": record.training.get("num_steps"),
        "images_per_second": record.throughput.get("median_images_per_second"),
        "energy_joules": record.energy.get("joules"),
        "utilization": (record.utilization or {}).get("fraction"),
        "peak_flops_per_second": (record.utilization or {}).get("peak_flops_per_second"),
    }  # fmt: skip
    for section, names in _MEASURED.items():
        row |= {name: getattr(record, section).get(name) for name in names}
    parts = (record.breakdown or {}).get("median_seconds", {})
    row |= {f"{part}_seconds_per_step": parts.get(part) for part in ("data", "forward", "backward", "optimizer")}
    row |= {"is_contended": record.is_contended, "knows_contention": "is_contended" in record.contention}
    row |= dict.fromkeys(_DISTURBED) if record.is_contended else {}
    protocol = {key: value for key, value in config.items() if key not in _AXIS_KEYS and key not in _NOT_TOLD}
    condition = protocol | {name: row[name] for name in _CONDITION}
    setting = condition | {"num_train": row["num_train"]}
    row |= {"protocol": _digest(protocol), "condition": _digest(condition), "setting": _digest(setting)}
    settings[row["setting"]] = setting
    axes = {name: row[name] for name in AXES}
    row["configuration"] = _digest([row["dataset"], axes, row["setting"]])
    row |= {name: _text(row[name], 40) for name in ("model", "optimizer", "kernel") if isinstance(row[name], str)}
    return {name: _clean(value) if isinstance(value, str) else value for name, value in row.items()}


def run_id(record: Record) -> str:
    """Tells runs of the same key on two machines apart."""
    return f"{record.key}-{_digest(record.started_at)[:4]}"


def _accelerator(record: Record, config: Mapping[str, Any]) -> str:
    """``cpu`` or ``cuda``: where it ran, or was to run."""
    asked = config.get("trainer.accelerator")
    if record.status == "skipped" and asked in ("gpu", "cuda"):
        return "cuda"
    return str(record.environment.get("accelerator") or asked or "cpu")


def _flat(section: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested dictionaries as one with dotted names; ``init_args`` adds no name of its own.

    >>> _flat({"data": {"class_path": "Digits", "init_args": {"batch_size": 8}}, "seed_everything": 0})
    {'data.class_path': 'Digits', 'data.batch_size': 8, 'seed_everything': 0}
    """
    flat: dict[str, Any] = {}
    for key, value in section.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, prefix if key == "init_args" else f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def _text(value: Any, longest: int = 60) -> str:
    """A name from a record as one short line."""
    text = " ".join(_clean(str(value)).split())
    return "unknown" if value is None or not text else text if len(text) <= longest else f"{text[: longest - 3]}..."


def _clean(text: str) -> str:
    """Text that any file can hold: without control characters and halves of characters."""
    whole = text.encode("utf-8", "replace").decode()
    return "".join(letter if letter.isprintable() else " " for letter in whole)


def _digest(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:10]


def describe_settings(settings: Mapping[str, Mapping[str, Any]], names: Iterable[str]) -> dict[str, str]:
    """A short label for each of the named settings: only what tells them apart, but for the number of training images.

    >>> describe_settings({"a": {"trainer.max_epochs": 5, "x": 1}, "b": {"trainer.max_epochs": 9, "x": 1}}, ["a", "b"])
    {'a': 'max_epochs 5', 'b': 'max_epochs 9'}
    """
    chosen = list(dict.fromkeys(names))
    keys = dict.fromkeys(key for name in chosen for key in settings[name] if key != "num_train")

    def num_told(told: Sequence[str]) -> int:
        return len({tuple(str(settings[name].get(key)) for key in told) for name in chosen})

    telling = [key for key in keys if key not in _TOLD_LAST and num_told([key]) > 1]
    for key in sorted(_TOLD_LAST & keys.keys()):
        if num_told([*telling, key]) > num_told(telling):
            telling.append(key)
    return {name: ", ".join(_phrase(key, settings[name].get(key)) for key in telling) for name in chosen}


def _phrase(key: str, value: Any) -> str:
    name = key.rpartition(".")[2]
    if name == "machine":
        return str(value)
    if name in ("accelerator", "effective_precision"):
        return _text(value)
    return _text(f"{name} {value}")
