"""Names that a person reads for a class with its arguments. Imports no torch."""

import re
from typing import Any

LONGEST_WORD = 60  # characters of a folder's name that one value may take


def class_name(spec: Any) -> str:
    """The class of a path or a ``class_path`` mapping without its arguments; of a pipeline, those of its steps.

    >>> class_name({"class_path": "sklearn.svm.SVC", "init_args": {"C": 10.0}})
    'SVC'
    >>> class_name({"class_path": "Pipeline", "init_args": {"steps": [["pca", "PCA"], ["svc", "SVC"]]}})
    'PCA+SVC'
    >>> class_name("timm.create_model")
    'timm.create_model'
    """
    if isinstance(spec, dict):
        steps = (spec.get("init_args") or {}).get("steps")
        return "+".join(map(class_name, _steps(steps))) if steps else class_name(spec.get("class_path"))
    package, dot, last = str(spec).partition(".")[0], "." in str(spec), str(spec).rpartition(".")[2]
    return f"{package}.{last}" if dot and last.islower() else last  # a function says little without its package


def label(spec: Any) -> str:
    """The class of a path or a ``class_path`` mapping, with its arguments.

    >>> label({"class_path": "sklearn.svm.SVC", "init_args": {"kernel": "rbf", "C": 10.0}})
    'SVC(kernel=rbf, C=10.0)'
    >>> label({"class_path": "Pipeline", "init_args": {"steps": ["StandardScaler", {"class_path": "mine.Net"}]}})
    'StandardScaler + Net'
    """
    if not isinstance(spec, dict):
        return class_name(spec)
    arguments = dict(spec.get("init_args") or {})
    steps = arguments.pop("steps", None)
    if steps:
        return " + ".join(map(label, _steps(steps)))
    shown = ", ".join(f"{name}={_argument(value)}" for name, value in arguments.items())
    return class_name(spec) + (f"({shown})" if shown else "")


def _argument(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_argument, value))}]"
    return label(value) if isinstance(value, dict) and "class_path" in value else str(value)


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
