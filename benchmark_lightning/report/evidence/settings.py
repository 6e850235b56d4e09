"""Configurations as flat keys: which of them vary and so are axes, and how a person names them.

A key is that of the configuration: ``model.lr``, ``estimator.C``, ``trainer.max_epochs``.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from benchmark_lightning.report.evidence.formatting import one_line

# The kinds of trial that are ranked, in words.
KINDS = {"network": "networks", "classical": "classical methods"}
# What makes a model: told by its name.
MODEL_KEYS = ("model.arch", "model.network.class_path", "estimator.class_path")
# These never rank: seed and fold are replicates, the others say on what data, where and how much was trained.
_NO_AXES = frozenset(
    f"data.{name}" for name in ("fold", "class_path", "root", "split", "split_seed", "train_fraction")
) | {"seed_everything"}
_PLACES = ("trainer.accelerator", "trainer.devices", "trainer.num_nodes", "trainer.strategy")
# Settings of the Trainer under which a trial is timed, but not trained and tested to the end.
CUTS = tuple(
    f"trainer.{name}"
    for name in ("limit_train_batches", "limit_val_batches", "limit_test_batches", "overfit_batches", "max_time")
)
# Settings of speed: an axis where a sweep varies them, and else a condition under which a trial was run.
LEVERS = frozenset(f"model.{name}" for name in ("fused", "memory_format", "compile", "small_maps", "reuse_memory"))
OWN_CODE = "own_code."  # before the module, in the keys of the hashes of a person's own code
# These words alone do not say what they set.
_VAGUE = frozenset(["none", "auto", "scale", "default", "cpu", "always", "never"])
_SHORT = {"batch_size": "batch", "max_epochs": "epochs"}


class Trial(NamedTuple):
    """One trial as far as its settings go.

    Args:
        sweep: the folder that it stands in.
        kind: ``network`` or ``classical``.
        config: its configuration, flat.
        values: its place on the axes of its sweep, flat; empty where it is not known.
    """

    sweep: str
    kind: str
    config: Mapping[str, Any]
    values: Mapping[str, Any]


def flat(section: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested dictionaries as one with dotted names; ``init_args`` adds no name of its own.

    >>> flat({"data": {"class_path": "Digits", "init_args": {"batch_size": 8}}, "seed_everything": 0})
    {'data.class_path': 'Digits', 'data.batch_size': 8, 'seed_everything': 0}
    >>> flat({"steps": [["pca", {"class_path": "PCA", "init_args": {"n_components": 50}}]]})
    {'steps.pca.class_path': 'PCA', 'steps.pca.n_components': 50}
    """
    result: dict[str, Any] = {}
    for key, value in section.items():
        inner = _named_steps(value)
        if inner is not None:
            result |= flat(inner, prefix if key == "init_args" else f"{prefix}{key}.")
        else:
            result[f"{prefix}{key}"] = value
    return result


def _named_steps(value: Any) -> Mapping[str, Any] | None:
    """A mapping, or pairs of a name and a description as one, as in the steps of a pipeline; None for all else."""
    if isinstance(value, Mapping):
        return value
    pairs = value if isinstance(value, list | tuple) else ()
    are_named = all(isinstance(pair, list | tuple) and len(pair) == 2 and isinstance(pair[0], str) for pair in pairs)
    if are_named and any(isinstance(pair[1], Mapping) for pair in pairs):
        return dict(pairs)
    return None


def axis_keys(trials: Sequence[Trial]) -> list[str]:
    """The keys that are ranked: hyperparameters that differ between trials, and whatever else a sweep has varied.

    A key that has one value in all trials of its kind is none, whatever its name.
    """
    in_sweeps: dict[tuple[str, str], set[str]] = {}
    in_all: dict[str, set[str]] = {}
    of_kind: dict[str, dict[str, None]] = {}
    for trial in trials:
        of_kind.setdefault(trial.kind, {}).update(dict.fromkeys(trial.config))
    for trial in trials:
        for key, value in trial.values.items():
            in_sweeps.setdefault((trial.sweep, key), set()).add(as_text(value))
        for key in of_kind[trial.kind]:  # what others of its kind have and it has not is a value, too
            in_all.setdefault(key, set()).add(as_text(trial.config[key]) if key in trial.config else "")
    varied = {key for (_, key), values in in_sweeps.items() if len(values) > 1}
    found = [key for key in in_all if (_is_hyperparameter(key) or key in varied) and _can_rank(key)]
    return [key for key in found if len(in_all[key]) > 1 or key in MODEL_KEYS]


def _is_hyperparameter(key: str) -> bool:
    return (key.startswith(("model.", "estimator.")) and key not in LEVERS) or key == "data.batch_size"


def _can_rank(key: str) -> bool:
    return key not in _NO_AXES and key not in _PLACES and key not in CUTS


def as_text(value: Any) -> str:
    """A value of a configuration as text that equal values share."""
    if isinstance(value, float) or (is_number(value) and abs(value) < 1e15):
        return f"{value:.12g}"
    return json.dumps(value, sort_keys=True, default=str)


def model_names(configs: Sequence[Mapping[str, Any]]) -> list[str]:
    """``model_name`` of each configuration, with its module or the hash of its code where one name means several things."""
    names = [model_name(config) for config in configs]
    traits = [_traits(config) for config in configs]
    told = []
    for name, own in zip(names, traits, strict=True):
        alike = {other for other_name, other in zip(names, traits, strict=True) if other_name == name}
        differing = [part for position, part in enumerate(own) if len({other[position] for other in alike}) > 1]
        told.append(
            f"{name} ({', '.join(one_line(part, 60) for part in differing if part)})" if any(differing) else name
        )
    return told


def _traits(config: Mapping[str, Any]) -> tuple[str, ...]:
    """The classes of a model, those inside it, and the hashes of a person's own code."""
    sections = [key for key in config if key.endswith(".class_path") and key.startswith(("model.", "estimator."))]
    own = {key.removeprefix(OWN_CODE): value for key, value in config.items() if key.startswith(OWN_CODE)}
    modules = {str(config[key]).rpartition(".")[0] for key in sections}
    codes = [f"code {value}" for module, value in own.items() if module in modules]
    return " + ".join(str(config[key]) for key in sections), " ".join(codes)


def model_name(config: Mapping[str, Any]) -> str:
    """The name of a model: a network of torchvision, or the class of a network or an estimator.

    >>> model_name({"model.network.class_path": "timm.create_model", "model.network.model_name": "resnet18"})
    'timm resnet18'
    >>> model_name(flat({"estimator": {"class_path": "sklearn.pipeline.Pipeline", "init_args": {"steps": [
    ...     ["pca", {"class_path": "sklearn.decomposition.PCA"}], ["svc", {"class_path": "sklearn.svm.SVC"}]]}}}))
    'PCA + SVC'
    """
    for section in ("model.network", "estimator"):
        path = config.get(f"{section}.class_path")
        if path is not None:
            steps = [key for key in config if key.startswith(f"{section}.steps.") and key.endswith(".class_path")]
            parts = [short_class(config[key]) for key in steps if key.count(".") == section.count(".") + 3]
            return one_line(" + ".join(parts) if parts else _of_class(str(path), section, config), 40)
    return one_line(config.get("model.arch"), 40)


def _of_class(path: str, section: str, config: Mapping[str, Any]) -> str:
    """A class by its name; a function that makes networks by its module and the name of what it makes."""
    name = config.get(f"{section}.model_name")
    return f"{path.partition('.')[0]} {name}" if isinstance(name, str) else short_class(path)


def short_class(path: Any) -> str:
    """The name of a class without its module."""
    return str(path).rpartition(".")[2]


def axis_label(key: str) -> str:
    """A short name of a key for a person.

    >>> [axis_label(key) for key in ("model.weight_decay", "data.batch_size", "estimator.C")]
    ['weight decay', 'batch', 'C']
    """
    name = key.rpartition(".")[2]
    return _SHORT.get(name, name).replace("_", " ")


def phrase(key: str, value: Any) -> str:
    """A setting as a person says it.

    >>> [phrase("model.lr", 1e-3), phrase("model.optimizer", "adam"), phrase("model.schedule", "none")]
    ['lr 0.001', 'adam', 'schedule none']
    """
    name = axis_label(key)
    if name == "class path":
        return one_line(short_class(value), 40)
    if isinstance(value, bool):
        return f"{name} {'on' if value else 'off'}"
    if isinstance(value, str) and value not in _VAGUE and value[:1].isalpha():
        return one_line(value, 40)
    if isinstance(value, int | float):
        return f"{name} {value:g}"
    return one_line(f"{name} {'none' if value is None else value}", 60)


def is_given(value: Any) -> bool:
    """Whether a cell of a table holds a value."""
    return value is not None and not (isinstance(value, float) and value != value)


def is_number(value: Any) -> bool:
    """Whether a value is a number and no flag."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def varies(models: Sequence[str], values: Sequence[Any]) -> bool:
    """Whether a setting has two values, or one that a part of the trials of a model has."""
    pairs = {(model, as_text(value) if is_given(value) else "") for model, value in zip(models, values, strict=True)}
    given = {value for _, value in pairs if value}
    return len(given) > 1 or (len(given) == 1 and len({model for model, _ in pairs}) < len(pairs))
