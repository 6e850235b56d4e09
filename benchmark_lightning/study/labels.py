"""Names that a person reads for a class with its arguments. Imports no torch."""

import re
from typing import Any

LONGEST_WORD = 60  # characters of a folder's name that one value may take


def class_name(spec: Any) -> str:
    """The class of a ``class_path`` mapping without its arguments; of a pipeline, those of its steps.

    >>> class_name({"class_path": "sklearn.svm.SVC", "init_args": {"C": 10.0}})
    'SVC'
    >>> class_name({"class_path": "Pipeline", "init_args": {"steps": [["pca", "PCA"], ["svc", "SVC"]]}})
    'PCA+SVC'
    """
    if not isinstance(spec, dict):
        return str(spec).rsplit(".", 1)[-1]
    steps = (spec.get("init_args") or {}).get("steps")
    return "+".join(map(class_name, _steps(steps))) if steps else class_name(spec.get("class_path"))


def label(spec: Any) -> str:
    """The class of a ``class_path`` mapping and its arguments.

    >>> label({"class_path": "sklearn.svm.SVC", "init_args": {"kernel": "rbf", "C": 10.0}})
    'SVC(kernel=rbf, C=10.0)'
    >>> label({"class_path": "Pipeline", "init_args": {"steps": ["StandardScaler", "mine.Net"]}})
    'StandardScaler + Net'
    """
    if isinstance(spec, list):
        return f"[{', '.join(map(label, spec))}]"
    if not isinstance(spec, dict) or "class_path" not in spec:
        return class_name(spec) if isinstance(spec, str) else str(spec)
    arguments = dict(spec.get("init_args") or {})
    steps = arguments.pop("steps", None)
    if steps:
        return " + ".join(map(label, _steps(steps)))
    shown = ", ".join(f"{name}={label(value)}" for name, value in arguments.items())
    return class_name(spec) + (f"({shown})" if shown else "")


def _steps(steps: list[Any]) -> list[Any]:
    """The steps of a pipeline without their names."""
    return [step[1] if isinstance(step, list) and len(step) == 2 else step for step in steps]


def folder_word(value: Any) -> str:
    """A value of an axis as a part of a folder's name.

    >>> [folder_word(value) for value in (0.001, None, "mine.MyCNN", {"class_path": "PCA", "init_args": {"n_components": 50}})]
    ['0.001', 'null', 'MyCNN', 'PCA-n_components-50']
    """
    if value is None or isinstance(value, bool):
        return str(value).lower().replace("none", "null")
    is_path = isinstance(value, str) and re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+", value)
    text = class_name(value) if is_path else label(value) if isinstance(value, dict) else str(value)
    plain = text.replace(" + ", "+").replace(")", "").replace(", ", "-").replace("(", "-").replace("=", "-")
    return re.sub(r"[^\w.+-]+", "_", plain)[:LONGEST_WORD]
