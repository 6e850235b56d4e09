"""The record: what one trial was, what came of it and what it cost, as one JSON file. Imports no torch.

Names carry their units, values are raw, and what is not known is null with its reason in ``reasons``.
"""

import dataclasses
import datetime
import hashlib
import json
import math
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from benchmark_lightning.errors import InputError

if TYPE_CHECKING:
    from benchmark_lightning.study.outcomes import Outcomes

# 2: contention, levers, and why a precision is not the one asked for. 3: values, and kinds that are named after what
# trains. Older ones are upgraded as they are read; what they do not know is empty.
SCHEMA = 3
FILE_NAME = "record.json"
ROUNDING = 1e-6  # of an accuracy, which torchmetrics computes in float32

Status = Literal["ok", "failed", "out_of_memory", "diverged", "timeout", "interrupted", "skipped"]

# Where a run reads and writes, and what it shows: whole sections (None) or keys of a section.
_NOT_TRAINED: dict[str, tuple[str, ...] | None] = {
    "config": None,
    "run": None,
    "trainer": ("logger", "default_root_dir", "enable_progress_bar", "enable_model_summary"),
    "data": ("root", "download", "predict_images"),
}
# Keys that came later, with the value that means what was before: without them, older records keep their keys.
_LATER: dict[str, dict[str, Any]] = {"model": {"network": None}, "data": {"fold": 0}}
_UNKNOWN_AT_FIRST = {  # with the reason, unless a trial comes to know them
    "look": "run for no look of a study",
    "predicted_seconds": "not predicted",
    "outcomes": "it was not tested to the end",
}


@dataclasses.dataclass
class Record:
    """One trial. Every section is a plain dictionary, so that a reader needs nothing but JSON.

    Args:
        key: What was trained on what data; see ``trial_key``.
        kind: ``network`` or ``classical``; see ``study.trials``.
        repeat: Which of several runs of the same configuration it is, counted from 0.
        look: The look of a study run until it is decided, for which this trial was run.
        predicted_seconds: Of wall time, as they were expected before it began.
        status: ``ok``, or in what way the trial ended.
        config: The resolved configuration as far as it says what is trained; see ``identity``.
        values: Its place on the axes of its sweep, by key; empty for a trial made by hand.
        error: Why the status is not ``ok``, in one sentence.
        started_at: UTC time in ISO 8601.
        data: Name, split, hashes and counts.
        metrics: ``val/*`` of the best epoch and ``test/*`` of its checkpoint.
        outcomes: ``test``: which test images that checkpoint had right, as ``study.outcomes`` packs them.
        best_epoch: The epoch, counted from 0, that ``metrics`` speaks of.
        curves: Metrics by epoch, with ``fit_seconds`` of all training up to the end of that epoch.
        clocks: Seconds of each phase; ``fit_seconds`` is training alone.
        throughput: Images per second of each epoch after warm-up.
        memory: Peaks in MiB.
        energy: Joules of the training and the counter that gave them.
        complexity: Parameters, multiply-accumulates and FLOPs of a network; features and bytes of a classical model.
        precision: What was asked for, what was used, and why where they differ.
        contention: How far others kept the processor from the training; see ``ContentionMeter.summary``.
        batch_size: What was asked for on each device and what makes one step of the optimizer.
        training: Epochs and optimizer steps done; of a classical method whether its outcome depends on the seed.
        levers: The settings of speed as used on the device: memory format, compiler, small maps, threads.
        engine: Of a classical method, the library that computed it.
        num_support_vectors: Of a support vector classifier, over all classes.
        breakdown: Median seconds of the parts of a step, from a pass of its own.
        utilization: The arithmetic done, beside the measured peak of the machine.
        environment: Machine, device, threads, versions and code.
        reasons: Why a value is null, by its dotted name.
    """

    key: str
    kind: str
    status: Status
    config: dict[str, Any]
    values: dict[str, Any] = dataclasses.field(default_factory=dict)
    repeat: int = 0
    look: int | None = None
    predicted_seconds: float | None = None
    error: str | None = None
    started_at: str | None = None
    data: dict[str, Any] = dataclasses.field(default_factory=dict)
    metrics: dict[str, Any] = dataclasses.field(default_factory=dict)
    outcomes: dict[str, Any] = dataclasses.field(default_factory=dict)
    best_epoch: int | None = None
    curves: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    clocks: dict[str, Any] = dataclasses.field(default_factory=dict)
    throughput: dict[str, Any] = dataclasses.field(default_factory=dict)
    memory: dict[str, Any] = dataclasses.field(default_factory=dict)
    energy: dict[str, Any] = dataclasses.field(default_factory=dict)
    complexity: dict[str, Any] = dataclasses.field(default_factory=dict)
    precision: dict[str, Any] = dataclasses.field(default_factory=dict)
    contention: dict[str, Any] = dataclasses.field(default_factory=dict)
    batch_size: dict[str, Any] = dataclasses.field(default_factory=dict)
    training: dict[str, Any] = dataclasses.field(default_factory=dict)
    levers: dict[str, Any] = dataclasses.field(default_factory=dict)
    engine: str | None = None
    num_support_vectors: int | None = None
    breakdown: dict[str, Any] | None = None
    utilization: dict[str, Any] | None = None
    environment: dict[str, Any] = dataclasses.field(default_factory=dict)
    reasons: dict[str, str] = dataclasses.field(default_factory=dict)
    schema: int = SCHEMA

    @property
    def is_contended(self) -> bool:
        """Whether others kept the processor from it, so that its times compare with none; unknown counts as no."""
        return bool(self.contention.get("is_contended"))

    @property
    def test_outcomes(self) -> "Outcomes | None":
        """Which test images were right; None where that was not kept.

        Raises:
            ValueError: they are damaged, or do not belong to the accuracy and the number of test images of this record.
        """
        if not self.outcomes:
            return None
        from benchmark_lightning.study.outcomes import unpack  # NumPy takes a while, and most commands read none

        outcomes = unpack(self.outcomes.get("test"))
        num, accuracy = len(outcomes.correct), self.metrics.get("test/accuracy")
        if num != self.data.get("num_test"):
            raise ValueError(f"its outcomes are of {num:,} images, but num_test is {self.data.get('num_test')}")
        share = int(outcomes.correct.sum()) / num
        if accuracy is None or abs(share - accuracy) > ROUNDING:
            raise ValueError(f"by its outcomes the test accuracy is {share:.6f}, but it says {accuracy}")
        return outcomes

    def preference(self) -> tuple[bool, bool, str]:
        """Of several records of one trial the greatest is the one to use: it went well, undisturbed, and latest."""
        return self.status == "ok", not self.is_contended, str(self.started_at or "")


class RecordError(InputError):
    """A record that is damaged or, where ``is_newer``, of a schema that this version cannot read."""

    def __init__(self, sentence: str, is_newer: bool = False) -> None:
        super().__init__(sentence)
        self.is_newer = is_newer


def identity(config: dict[str, Any]) -> dict[str, Any]:
    """The part of a resolved configuration that says what is trained: no paths, no displays, no machine's folders."""
    kept = {section: value for section, value in config.items() if _NOT_TRAINED.get(section, ()) is not None}
    return {
        section: _without(value, _NOT_TRAINED.get(section) or (), _LATER.get(section, {}))
        if isinstance(value, dict)
        else value
        for section, value in kept.items()
    }


def _without(section: dict[str, Any], names: tuple[str, ...], later: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _without(value, names, later) if name == "init_args" and isinstance(value, dict) else value
        for name, value in section.items()
        if name not in names and not (name in later and value == later[name])
    }


def trial_key(config: dict[str, Any], fingerprint: str | None, repeat: int = 0) -> str:
    """Sixteen hexadecimal digits of what a trial is: its configuration and its data.

    Args:
        config: the ``identity`` of the configuration, as the record holds it.
        fingerprint: of the pixels and labels.
        repeat: which of several runs of the same configuration.
    """
    text = json.dumps([config, fingerprint, repeat], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def new_record(kind: str, config: dict[str, Any], data: dict[str, Any], repeat: int, **fields: Any) -> Record:
    """The record of a trial that begins now, as if it went well.

    Args:
        kind: ``network`` or ``classical``.
        config: the ``identity`` of the configuration.
        data: as ``ImageData.describe`` gives it.
        repeat: which of several runs of the same configuration.
        fields: what else is known of the record.
    """
    started_at = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    key = trial_key(config, data["fingerprint"], repeat)
    record = Record(key, kind, "ok", config, repeat=repeat, started_at=started_at, data=data, **fields)
    for name, reason in _UNKNOWN_AT_FIRST.items():
        if getattr(record, name) in (None, {}):
            record.reasons.setdefault(name, reason)
    return record


def write_record(record: Record, folder: Path) -> Path:
    """Writes ``record.json`` in ``folder``: whole or not at all, never half.

    Raises:
        InputError: the folder is not writable or full.
    """
    path = folder / FILE_NAME
    content = dataclasses.asdict(record)
    content = _finite({"schema": content.pop("schema"), **content}, "", content["reasons"])
    text = json.dumps(content, indent=1, allow_nan=False) + "\n"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write_atomically(path, text)
    except OSError as error:
        raise InputError(f"cannot write {path} ({error.strerror}); free some space or give another folder") from error
    return path


def _write_atomically(path: Path, text: str) -> None:
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _finite(value: Any, name: str, reasons: dict[str, str]) -> Any:
    """``value`` with null for what JSON cannot say: infinite and undefined numbers, with the reason kept."""
    if isinstance(value, float) and not math.isfinite(value):
        reasons.setdefault(name, f"the value is {value}")
        return None
    if isinstance(value, dict):
        return {key: _finite(inner, f"{name}.{key}".lstrip("."), reasons) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner, f"{name}.{position}", reasons) for position, inner in enumerate(value)]
    return value


def read_record(path: Path) -> Record:
    """Reads a record from its file, or from the ``record.json`` of a folder.

    Raises:
        RecordError: it is damaged, lacks what a record has, or is of a newer schema.
    """
    path = path / FILE_NAME if path.is_dir() else path
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RecordError(f"{path} cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise RecordError(f"{path} is damaged: it is no JSON ({error}); delete it and run the trial again") from error
    if not isinstance(content, dict) or not isinstance(content.get("schema"), int):
        raise RecordError(f"{path} is damaged: it has no schema; delete it and run the trial again")
    if content["schema"] > SCHEMA:
        raise RecordError(
            f"{path} is of schema {content['schema']}, but this version reads up to {SCHEMA}; "
            "update benchmark-lightning",
            is_newer=True,
        )
    fields = {field.name: field for field in dataclasses.fields(Record)}
    missing = [name for name in ("key", "kind", "status", "config") if name not in content]
    if missing:
        raise RecordError(f"{path} is damaged: it lacks {', '.join(missing)}; delete it and run the trial again")
    if content["status"] not in get_args(Status):
        raise RecordError(f"{path} is damaged: its status is {content['status']!r}; delete it and run the trial again")
    if content["schema"] < 3:
        content = _upgraded(content)
    record = Record(**{name: value for name, value in content.items() if name in fields})
    for name, default in vars(Record("", "", "ok", {})).items():
        value = getattr(record, name)
        if isinstance(default, dict | list | str) and not isinstance(value, type(default)):
            raise RecordError(f"{path} is damaged: {name} is {value!r}; delete it and run the trial again")
    return record


def _upgraded(content: dict[str, Any]) -> dict[str, Any]:
    """A record of schema 1 or 2 as schema 3 says it, with the key that a sweep of today gives the same trial."""
    kind, config = content["kind"], content["config"]
    content = {**content, "schema": SCHEMA, "kind": {"resnet": "network", "svm": "classical"}.get(str(kind), kind)}
    if isinstance(config, dict) and isinstance(config.get("svm"), dict):
        arguments = {name: value for name, value in config["svm"].items() if name != "engine"}
        content["config"] = {name: value for name, value in config.items() if name != "svm"} | {
            "estimator": {"class_path": "sklearn.svm.SVC", "init_args": arguments},
            "engine": config["svm"].get("engine"),
        }
        data = content.get("data")
        fingerprint = data.get("fingerprint") if isinstance(data, dict) else None
        content["key"] = trial_key(content["config"], fingerprint, content.get("repeat", 0))
    return content
