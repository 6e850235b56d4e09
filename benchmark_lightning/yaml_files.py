"""A YAML file as a mapping, or one sentence about what is wrong with it. Imports no torch."""

import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from benchmark_lightning.errors import InputError

_EXPONENT = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+")


def load_yaml(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file.

    Raises:
        InputError: there is no such file, or it is no YAML mapping.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise InputError(f"there is no file {path}") from error
    except (OSError, UnicodeError) as error:
        raise InputError(f"{path} cannot be read ({error})") from error
    return parse_yaml(text, str(path))


def parse_yaml(text: str, name: str) -> dict[str, Any]:
    """The mapping in the text of a YAML file called ``name``.

    Raises:
        InputError: it is no YAML mapping.
    """
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InputError(f"{name} is not valid YAML ({' '.join(str(error).split())})") from error
    if not isinstance(content, dict):
        raise InputError(f"{name} holds no keys; see configs/ for examples")
    return content


def load_packaged_yaml(name: str) -> dict[str, Any]:
    """The mapping in a YAML file that a package brings along.

    Args:
        name: ``package:file``, such as ``benchmark_lightning.published:study.yaml``.

    Raises:
        InputError: there is no such package or file, or it is no YAML mapping.
    """
    package, _, file = name.partition(":")
    try:
        text = files(package).joinpath(file).read_text(encoding="utf-8")
    except (ImportError, OSError, TypeError, ValueError) as error:
        raise InputError(f"{name} cannot be read ({error}); give package:file.yaml of an installed package") from error
    return parse_yaml(text, name)


def with_numbers(value: Any) -> Any:
    """``value`` with 1e-3 as a number: YAML 1.1, which PyYAML follows, takes it for a text and wants 1.0e-3."""
    if isinstance(value, str):
        return float(value) if _EXPONENT.fullmatch(value) else value
    if isinstance(value, dict):
        return {key: with_numbers(inner) for key, inner in value.items()}
    return [with_numbers(item) for item in value] if isinstance(value, list) else value
