"""Which trials or configurations a few ``key: value`` pairs mean."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from benchmark_lightning.report.evidence.settings import as_text, short_class

# What is no key of a configuration and can be asked for all the same.
COLUMNS = (
    "dataset", "kind", "model", "accelerator", "device", "machine", "split", "num_train", "train_fraction", "engine",
)  # fmt: skip


def matches(selector: Mapping[str, Any], config: Mapping[str, Any], columns: Mapping[str, Any]) -> bool:
    """Whether a configuration has all the values; a list means any of them.

    ``accelerator: gpu`` is any accelerator that is not the CPU; a class may be given without its module.

    Args:
        selector: key -> value or list of values.
        config: a configuration, flat.
        columns: its values of ``COLUMNS``.

    >>> matches({"estimator": "SVC", "estimator.C": [1, 10]},
    ...         {"estimator.class_path": "sklearn.svm.SVC", "estimator.C": 10.0}, {})
    True
    """
    return all(
        any(_equal(key, has, one, is_class) for one in (wanted if isinstance(wanted, list) else [wanted]))
        for key, wanted in selector.items()
        for has, is_class in [_value(key, config, columns)]
    )


def _value(key: str, config: Mapping[str, Any], columns: Mapping[str, Any]) -> tuple[Any, bool]:
    """The value of a key, and whether it is a class; ``svc__C`` of a pipeline is ``steps.svc.C``."""
    if key in COLUMNS:
        return columns.get(key), False
    for name in (key, key.replace("estimator.", "estimator.steps.", 1).replace("__", ".")):
        if name in config:
            return config[name], name.endswith("class_path")
        if f"{name}.class_path" in config:
            return config[f"{name}.class_path"], True
    return None, False


def _equal(key: str, has: Any, wanted: Any, is_class: bool) -> bool:
    if key in ("accelerator", "trainer.accelerator") and wanted == "gpu":
        return has is not None and has != "cpu"
    if isinstance(has, bool) or isinstance(wanted, bool):
        return has is wanted
    if isinstance(has, int | float) and isinstance(wanted, int | float):
        return math.isclose(has, wanted, rel_tol=1e-9)
    if isinstance(has, str) and isinstance(wanted, str):
        return has == wanted or (is_class and "." not in wanted and short_class(has) == wanted)
    return as_text(has) == as_text(wanted)


def known_keys(configs: Iterable[Mapping[str, Any]]) -> list[str]:
    """The keys that a selector may name where these are the configurations."""
    keys = dict.fromkeys(key for config in configs for key in config)
    classes = [key.removesuffix(".class_path") for key in keys if key.endswith(".class_path")]
    steps = [key.replace(".steps", "", 1) for key in (*keys, *classes) if key.startswith("estimator.steps.")]
    in_steps = [f"estimator.{'__'.join(key.split('.')[1:])}" for key in steps]
    return [*COLUMNS, *keys, *classes, *in_steps]
