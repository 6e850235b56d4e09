"""Values as a person types them in a sweep or on the command line. Imports no torch."""

import re
from typing import Any

import yaml

_EXPONENT = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+")


def parse_value(text: str) -> Any:
    """A value of the command line.

    >>> [parse_value(text) for text in ("1e-3", "10", "null", "rbf", "[1, 2]", "{class_path: PCA}")]
    [0.001, 10, None, 'rbf', [1, 2], {'class_path': 'PCA'}]
    """
    try:
        return with_numbers(yaml.safe_load(text))
    except yaml.YAMLError:
        return text


def with_numbers(value: Any) -> Any:
    """``value`` with 1e-3 as a number: YAML 1.1, which PyYAML follows, takes it for a text and wants 1.0e-3."""
    if isinstance(value, str):
        return float(value) if _EXPONENT.fullmatch(value) else value
    if isinstance(value, dict):
        return {key: with_numbers(inner) for key, inner in value.items()}
    return [with_numbers(item) for item in value] if isinstance(value, list) else value
