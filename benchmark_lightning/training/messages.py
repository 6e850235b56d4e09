"""Errors of jsonargparse about a configuration, said in one sentence with the key, the file and a way out."""

import inspect
import itertools
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import yaml

from benchmark_lightning.errors import InputError, nearest
from benchmark_lightning.training import datasets
from benchmark_lightning.training.data import ImageData

DATA_SETS = sorted(
    (
        name
        for name, value in vars(datasets).items()
        if inspect.isclass(value) and issubclass(value, ImageData) and value is not ImageData and name[0] != "_"
    ),
    key=lambda name: name == "ImageFolder",  # those that have names of their own first
)
DATA_KEYS = sorted(
    {
        f"data.{name}"
        for data_class in (ImageData, *(getattr(datasets, name) for name in DATA_SETS))
        for name, parameter in inspect.signature(data_class).parameters.items()
        if parameter.kind is not parameter.VAR_KEYWORD
    }
)
# --model mine.MyCNN, and --model.class_path mine.MyCNN.
_CLASS_AS_MODEL = (
    r"""Parser key "model": Unable to load config ['"]([^'"]+)|arguments: -*model\.class_path[\s=]+(\S+)"""
)


def explain(message: str, config_files: Sequence[Path], keys: Iterable[str]) -> str:
    """One sentence for an error ``message`` of jsonargparse.

    Args:
        config_files: the files given with ``--config``, searched for the wrong key.
        keys: all keys that the parser knows.

    >>> explain("unrecognized arguments: --model.lrr 3", [], ["model.lr", "model.arch"])
    "there is no option --model.lrr; did you mean 'model.lr'?"
    """
    message = re.sub(r"(?<=['\" ])(fit|validate|test|predict)\.(?!ya?ml|json)", "", message)  # the subcommand
    known = [*sorted(key for key in keys if "." in key or key in ("data", "seed_everything")), *DATA_KEYS]

    if match := re.search(_CLASS_AS_MODEL, message):
        return _no_class(match[1] or match[2])
    if match := re.search(r"unrecognized arguments: -*([^\s=]+)", message):
        return f"there is no option --{match[1]}; {nearest(match[1], known)}"
    if match := re.search(r"File does not exist: '?([^'\n]+)'?", message):
        named = next((path for path in config_files if str(path.absolute()) == match[1]), match[1])
        return f"there is no config file {named}; see configs/ for those that come along"
    if "Problems parsing config" in message or "Unable to parse" in message:
        return f"a config is not valid YAML ({_squeezed(message.split('config:')[-1])})"
    if re.search(r"required: data\b", message):
        return (
            f"no data set is given; add --config configs/data/digits.yaml, or --data with one of {', '.join(DATA_SETS)}"
        )

    in_data = "Problem with given class_path" in message
    if in_data:  # LightningCLI lets the whole section be null, which is no advice
        message = message.replace("\n    - Expected a <class 'NoneType'>", "")
    if match := re.search(r"(?:Subcommand '[^']+'|Group '([^']+)') does not accept option '([^']+)'", message):
        return _unknown_key(".".join(filter(None, match.groups())), known, config_files)
    if match := re.search(r"Option '([^']+)' is not accepted", message):
        return _unknown_key(f"data.{match[1]}" if in_data else match[1], known, config_files)
    names = re.findall(r'Parser key "([^"]+)"', message)
    is_about_data = not names or names[0].startswith("data")
    if (match := re.search(r"Expected a dot import path string: (\S+)", message)) and is_about_data:
        return f"data.class_path is {match[1]!r}{_where('data', config_files)}; {nearest(match[1], DATA_SETS)}"

    if names == ["data"]:
        return _no_data_set(message, config_files)
    if names:
        key = f"data.{names[-1]}" if in_data and is_about_data and not names[-1].startswith("data") else names[0]
        return f"{_wrong_value(key, message)}{_where(key, config_files)}; {_expectation(message)}"
    return _squeezed(message)


def _no_data_set(message: str, config_files: Sequence[Path]) -> str:
    """Why ``data`` is none: its class cannot be imported, is of another kind, or is not named at all."""
    where = _where("data", config_files)
    if match := re.search(
        r"class_path '([^']+)':\s+(No module .*|module '.*|cannot import .*|.*invalid syntax.*)", message
    ):
        return (
            f"data.class_path is {match[1]!r}{where}, which cannot be imported ({match[2]}); "
            "give MODULE.CLASS with a module that is installed or in the working directory"
        )
    if "not correspond to a subclass" in message and (match := re.search(r"Given value: .*?([\w.]+\.\w+)", message)):
        return (
            f"data.class_path is {match[1]!r}{where}, which is no data set; make it a subclass of "
            f"benchmark_lightning.training.data.ImageData, or choose one of {', '.join(DATA_SETS)}"
        )
    return f"data is not a data set{where}; choose one of {', '.join(DATA_SETS)}"


def check_config_files(arguments: Sequence[str]) -> list[Path]:
    """The files that ``arguments`` name with ``--config``, each known to be YAML whose sections are mappings.

    Raises:
        InputError: which file is not, and why.
    """
    words = list(arguments)
    named = [word.split("=", 1)[1] for word in words if word.startswith(("--config=", "-c="))]
    named += [after for word, after in itertools.pairwise(words) if word in ("--config", "-c")]
    paths = [Path(name) for name in named]
    for path in paths:
        try:
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise InputError(f"there is no config file {path}; see configs/ for those that come along") from error
        except UnicodeError as error:
            raise InputError(f"{path} is not valid YAML: it is not UTF-8 text") from error
        except OSError as error:
            raise InputError(f"the config {path} cannot be read ({error.strerror})") from error
        except yaml.YAMLError as error:
            raise InputError(f"{path} is not valid YAML ({_squeezed(str(error))})") from error
        if not isinstance(content, dict):
            raise InputError(f"{path} holds no keys; see configs/ for examples")
        model = content.get("model")
        if isinstance(model, str) or (isinstance(model, dict) and "class_path" in model):
            raise InputError(_no_class(model if isinstance(model, str) else model["class_path"], f" in {path}"))
        for section in ("model", "trainer", "run", "svm"):
            if section in content and not isinstance(content[section], dict):
                raise InputError(f"{section} is {content[section]!r} in {path}; give it keys of its own")
    return paths


def _no_class(given: Any, where: str = "") -> str:
    """A sentence for a class, or a file that is not there, in the place of the section ``model``."""
    if str(given).endswith((".yaml", ".yml", ".json")):
        return f"there is no config file {given}; see configs/ for those that come along"
    return (
        f"model is {given!r}{where}, but loss, optimizer and metrics are those of ImageClassifier; "
        f"give the network alone: --model.network {given}, or model.network with class_path and init_args"
    )


def _unknown_key(key: str, known: Iterable[str], config_files: Sequence[Path]) -> str:
    section = key.split(".")[0] + "."
    others = sorted({*known} - {key}, key=lambda name: (not name.startswith(section), name))
    return f"unknown key {key}{_where(key, config_files)}; {nearest(key, others)}"


def _wrong_value(key: str, message: str) -> str:
    value = re.findall(r"(?:Got value|Given value): ([^\n]*)", message)
    return f"{key} is {value[0]!r}" if value else f"{key} is not valid"


def _expectation(message: str) -> str:
    """The value that jsonargparse expected, in plain words."""
    expected: list[str] = []
    for kind in re.findall(r"Expected an? (.+?)(?:\. Got value|\n|$)", message):
        if literal := re.match(r"typing\.Literal\[(.*)\]", kind):
            expected += [choice.strip(" '") for choice in literal[1].split(",")]
        elif builtin := re.match(r"<class '(?:\w+\.)*(\w+)'>", kind):
            names = {"int": "a whole number", "float": "a number", "bool": "true or false", "str": "a text"}
            expected.append("null" if builtin[1] == "NoneType" else names.get(builtin[1], builtin[1]))
    if not expected:
        return _squeezed(message)
    return f"give {'one of ' if len(set(expected)) > 1 else ''}{', '.join(dict.fromkeys(expected))}"


def _where(key: str, config_files: Sequence[Path]) -> str:
    """`` in <file>`` for the last of the files that sets ``key``."""
    for path in reversed(config_files):
        try:
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeError, yaml.YAMLError):
            continue
        if _holds(content, key.split(".")):
            return f" in {path}"
    return ""


def _holds(content: Any, names: list[str]) -> bool:
    if not names:
        return True
    if not isinstance(content, dict):
        return False
    inner = content.get("init_args")
    return (names[0] in content and _holds(content[names[0]], names[1:])) or (
        inner is not None and _holds(inner, names)
    )


def _squeezed(message: str) -> str:
    return " ".join(message.split())
