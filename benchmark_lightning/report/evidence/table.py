"""Records as one tidy table: a row a trial, and names for what must be equal before two trials are compared."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from benchmark_lightning.report.evidence.formatting import clean, one_line
from benchmark_lightning.report.evidence.machines import machine_id, machine_names
from benchmark_lightning.report.evidence.settings import (
    CUTS,
    KINDS,
    LEVERS,
    OWN_CODE,
    Trial,
    as_text,
    axis_keys,
    flat,
    model_names,
)
from benchmark_lightning.study.record import Record

# Columns of their own, or replicates.
_NO_PROTOCOL = frozenset(["seed_everything", "data.fold", "data.class_path", "trainer.accelerator"])
_NOT_TOLD = frozenset(  # the number of training images tells the fraction
    ["data.train_fraction", "trainer.enable_autolog_hparams", "trainer.log_every_n_steps", "trainer.profiler"]
)
# Told only where nothing else tells two settings apart: two machines have two versions of the code often enough.
_TOLD_LAST = frozenset(["source_hash", "torch", "split_hash", "fingerprint", *LEVERS])
_CONDITION = (
    "machine",
    "accelerator",
    "num_threads",
    "effective_precision",
    "source_hash",
    "torch",
    "split_hash",
    "fingerprint",
)
_NUMBERS = (
    "repeat", "seed", "fold", "look", "predicted_seconds", "num_train", "num_val", "num_test", "train_fraction", "batch_size", "num_support_vectors", "num_threads", "val_accuracy", "test_accuracy", "test_macro_f1", "test_loss",
    "best_epoch", "num_epochs", "num_steps", "images_per_second", "energy_joules", "utilization",
    "peak_flops_per_second", "setup_seconds", "first_batch_seconds", "fit_seconds", "validation_seconds",
    "test_seconds", "predict_seconds", "wall_seconds", "params", "macs", "forward_flops_per_image",
    "train_flops_per_image", "num_features", "model_bytes", "peak_rss_mib", "peak_device_mib", "data_seconds_per_step", "forward_seconds_per_step",
    "backward_seconds_per_step", "optimizer_seconds_per_step",
)  # fmt: skip
# Of a record that others disturbed these stand in its file alone: no comparison of times may find them in the table.
_DISTURBED = (
    "images_per_second", "energy_joules", "utilization", "setup_seconds", "first_batch_seconds", "fit_seconds",
    "validation_seconds", "test_seconds", "predict_seconds", "wall_seconds", "data_seconds_per_step",
    "forward_seconds_per_step", "backward_seconds_per_step", "optimizer_seconds_per_step",
)  # fmt: skip
_NAMES = (
    "error", "split", "split_hash", "fingerprint", "engine", "device", "machine", "precision",
    "effective_precision", "code", "source_hash", "torch", "started_at",
)  # fmt: skip
_MEASURED = {
    "clocks": [
        "setup_seconds", "first_batch_seconds", "fit_seconds", "validation_seconds", "test_seconds", "predict_seconds",
        "wall_seconds",
    ],
    "complexity": ["params", "macs", "forward_flops_per_image", "train_flops_per_image", "num_features", "model_bytes"],
    "memory": ["peak_rss_mib", "peak_device_mib"],
}  # fmt: skip


class Tables(NamedTuple):
    """The trials of some records.

    Args:
        table: one row a trial; see ``tabulate``.
        axes: the keys of the configuration that are ranked, each a column of the table.
        configs: ``configuration`` -> its configuration, flat.
        settings: ``setting`` -> what it is, flat.
        problems: a sentence for each record that makes no sense.
    """

    table: pd.DataFrame
    axes: list[str]
    configs: dict[str, dict[str, Any]]
    settings: dict[str, dict[str, Any]]
    problems: list[str]


def tabulate(records: Iterable[tuple[Path, Record]]) -> Tables:
    """One row a trial, sorted by sweep and trial.

    With what the record holds, a row has

    - a column for each axis, named by its key; what the trial has no value for is None.
    - ``model``: the name of what was trained.
    - ``setting``: an id of all that must be equal before two accuracies are compared: epochs, precision, split,
      number of training images, machine, version of the code, ..., everything but the axes and the seed.
    - ``condition``: the same without the number of training images, and ``protocol``: without the machine, too.
    - ``configuration``: an id of data set, axes and setting; its rows are runs that differ in seed or repeat.
      ``candidate``: the same without the number of training images.
    - ``fold``: the test fold, 0 where there are none, which is a replicate as the seed is.
    - ``outcomes``: which test images were right, as ``Outcomes`` of ``study.outcomes``; None where that was not kept.
    - ``look``, ``predicted_seconds``: as in the record; nan where it says none.
    - ``is_contended``: whether others disturbed it: its accuracies count, its times are left out of the table.
    - ``is_whole``: whether it was trained and tested to the end, and not only timed for some steps.
    """
    rows, problems = [], []
    settings: dict[str, dict[str, Any]] = {}
    configs: dict[str, dict[str, Any]] = {}
    records = list(records)
    machines = machine_names(record.environment for _, record in records)
    trials = [_trial(path, record) for path, record in records]
    whole = [trial for trial in trials if is_whole(trial.config)]
    axes = axis_keys(whole or trials)
    models = model_names([trial.config for trial in trials])
    for (path, record), trial, model in zip(records, trials, models, strict=True):
        try:
            row = _row(path, record, trial.config, machines[machine_id(record.environment)]) | {"model": model}
            _check(row)
            setting = _identify(row, trial.config, axes)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            problems.append(f"{path} is damaged: {error}; delete it and run the trial again")
            continue
        settings[row["setting"]] = setting
        configs.setdefault(row["configuration"], dict(trial.config))
        rows.append({name: clean(value) if isinstance(value, str) else value for name, value in row.items()})
    table = pd.DataFrame(rows)
    table = table.sort_values(["sweep", "trial"], ignore_index=True) if rows else table
    table = table.astype(dict.fromkeys(("look", "predicted_seconds"), float)) if rows else table  # None as nan
    return Tables(table, axes, configs, settings, problems)


def _trial(path: Path, record: Record) -> Trial:
    """The settings of a record. A classical method has no batches, whatever its data set's configuration says."""
    config = flat(record.config)
    if "estimator.class_path" in config:
        config = {key: value for key, value in config.items() if key not in ("data.batch_size", "data.eval_batch_size")}
    values = {key.replace(".init_args.", "."): value for key, value in flat(record.values).items()}
    return Trial(path.parent.parent.name, record.kind, config, values)


def is_whole(config: Mapping[str, Any]) -> bool:
    """Whether such a trial is trained and tested to the end, and not only timed for some steps."""
    return not any(config.get(cut) for cut in CUTS)


def _check(row: Mapping[str, Any]) -> None:
    """Raises ``ValueError`` for what no trial can have left."""
    for name in _NUMBERS:
        value = row[name]
        is_sensible = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e18
        if value is not None and not is_sensible:
            raise ValueError(f"{name} is {one_line(value)}")
    for name in ("val_accuracy", "test_accuracy", "test_macro_f1"):
        if row[name] is not None and row[name] > 1:
            raise ValueError(f"{name} is {row[name]}")
    for name in _NAMES:
        if row[name] is not None and not isinstance(row[name], str):
            raise ValueError(f"{name} is {one_line(row[name])}")
    if row["kind"] not in KINDS:
        raise ValueError(f"its kind is {one_line(row['kind'])}")
    if row["model"] == "unknown":
        raise ValueError("its configuration names no network and no estimator")
    if row["test_accuracy"] is not None and row["num_test"] == 0:
        raise ValueError("num_test is 0")


def _row(path: Path, record: Record, config: Mapping[str, Any], machine: str) -> dict[str, Any]:
    """The contents of a record as columns."""
    environment, data = record.environment, record.data
    told = environment.get("machine")
    row: dict[str, Any] = {
        "run": run_id(record), "key": record.key, "sweep": path.parent.parent.name, "trial": path.parent.name,
        "kind": record.kind, "status": record.status, "error": record.error, "repeat": record.repeat,
        "seed": config.get("seed_everything"), "fold": data.get("fold", 0),
        "look": record.look, "predicted_seconds": record.predicted_seconds, "outcomes": record.test_outcomes,
        "dataset": one_line(data.get("name") or config.get("data.class_path", "").rpartition(".")[2]),
        "num_train": data.get("num_train"), "num_val": data.get("num_val"), "num_test": data.get("num_test"),
        "train_fraction": data.get("train_fraction"), "split": data.get("split"), "split_hash": data.get("split_hash"),
        "fingerprint": data.get("fingerprint"), "depends_on_seed": _depends_on_seed(record, config),
        "batch_size": config.get("data.batch_size"),
        "engine": record.engine, "num_support_vectors": record.num_support_vectors,
        "max_epochs": config.get("trainer.max_epochs"), "is_whole": is_whole(config),
        "accelerator": _accelerator(record, config), "device": environment.get("device") if record.status != "skipped" else None,
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
    return row | (dict.fromkeys(_DISTURBED) if record.is_contended else {})


def _identify(row: dict[str, Any], config: Mapping[str, Any], axes: Sequence[str]) -> dict[str, Any]:
    """Adds the axes and the ids to a row, and returns what its setting is."""
    # What follows from the choice of a model tells configurations apart, and is no condition that they share.
    own = {key: value for key, value in config.items() if key == "engine" or key.startswith(OWN_CODE)}
    apart = {*axes, *own, *_NO_PROTOCOL, *_NOT_TOLD}
    protocol = {key: value for key, value in config.items() if key not in apart}
    condition = protocol | {name: row[name] for name in _CONDITION}
    if "trainer.precision" in axes or "trainer.precision" not in config:
        own["effective_precision"] = condition.pop("effective_precision")
    setting = condition | {"num_train": row["num_train"]}
    place = own | {key: as_text(config.get(key)) for key in axes}  # whole: what a cell cuts may tell two apart
    row |= {"protocol": _digest(protocol), "condition": _digest(condition), "setting": _digest(setting)}
    row["configuration"] = _digest([row["dataset"], row["kind"], place, row["setting"]])
    row["candidate"] = _digest([row["dataset"], row["kind"], place, row["condition"]])
    row |= {key: _cell(config.get(key)) for key in axes}
    return setting


def _cell(value: Any) -> Any:
    """A value of a configuration as a cell: numbers, flags and short texts as they are, the rest as text."""
    if value is None or isinstance(value, bool | int | float):
        return value
    return one_line(value) if isinstance(value, str) else one_line(as_text(value))


def _depends_on_seed(record: Record, config: Mapping[str, Any]) -> bool:
    """Whether another seed gives another model; where a record does not say, all but SVC are taken to depend on it."""
    known: bool | None = record.training.get("depends_on_seed")
    return config.get("estimator.class_path") != "sklearn.svm.SVC" if known is None else known


def run_id(record: Record) -> str:
    """Tells runs of the same key on two machines apart."""
    return f"{record.key}-{_digest(record.started_at)[:4]}"


def _accelerator(record: Record, config: Mapping[str, Any]) -> str:
    """``cpu``, ``cuda`` or ``mps``: where it ran, or was to run."""
    asked = config.get("trainer.accelerator")
    if record.status == "skipped" and asked is not None:
        return "cuda" if asked == "gpu" else str(asked)
    return str(record.environment.get("accelerator") or asked or "cpu")


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
        return one_line(value)
    return one_line(f"{name} {value}")
