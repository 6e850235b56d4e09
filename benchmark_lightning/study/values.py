"""Values as a person types them in a sweep or on the command line. Imports no torch."""

from typing import Any

import yaml

from benchmark_lightning.yaml_files import with_numbers


def parse_value(text: str) -> Any:
    """A value of the command line.

    >>> [parse_value(text) for text in ("1e-3", "10", "null", "rbf", "[1, 2]", "{class_path: PCA}")]
    [0.001, 10, None, 'rbf', [1, 2], {'class_path': 'PCA'}]
    """
    try:
        return with_numbers(yaml.safe_load(text))
    except yaml.YAMLError:
        return text
