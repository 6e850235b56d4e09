"""The estimator that the config files and flags of a classical trial describe together."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmark_lightning.errors import InputError
from benchmark_lightning.study.trials.estimators import canonical, with_argument
from benchmark_lightning.study.values import parse_value
from benchmark_lightning.training.messages import check_config_files
from benchmark_lightning.yaml_files import load_yaml, with_numbers

SECTION = "estimator"
OLD_SECTION = "svm"  # of files from before there were other methods: arguments of SVC, and engine
SVC = {
    "class_path": "SVC",
    "init_args": {"kernel": "rbf", "C": 1.0, "gamma": "scale", "degree": 3, "coef0": 0.0},
}  # of the command svm, as configs/estimator/svc.yaml has it


def read_estimator(arguments: Sequence[str]) -> tuple[dict[str, Any] | None, list[str]]:
    """The canonical estimator if one is given, later files and flags over earlier ones, and the words that are not about it.

    Raises:
        InputError: it is not valid.
    """
    check_config_files(arguments)
    estimator: dict[str, Any] | None = None
    others: list[str] = []
    words = list(arguments)
    while words:
        word = words.pop(0)
        flag, is_joined, value = word.partition("=")
        is_config, is_estimator = flag in ("--config", "-c"), flag.split(".")[0] == f"--{SECTION}"
        if not is_config and not is_estimator:
            others.append(word)
            continue
        if not is_joined:
            if not words:
                raise InputError(f"{flag} has no value; give it one")
            value = words.pop(0)
        if is_estimator:
            estimator = _with(estimator, flag.removeprefix(f"--{SECTION}").removeprefix("."), parse_value(value))
        else:
            content = with_numbers(load_yaml(Path(value)))
            others += [flag, value]
            if isinstance(content.get(OLD_SECTION), dict):
                arguments_of_svc = dict(content[OLD_SECTION])
                if "engine" in arguments_of_svc:
                    others += ["--engine", str(arguments_of_svc.pop("engine"))]
                estimator = _with(estimator or canonical(SVC), "init_args", arguments_of_svc)
            estimator = _with(estimator, "", content.get(SECTION))
    return estimator, others


def _with(estimator: dict[str, Any] | None, name: str, value: Any) -> dict[str, Any] | None:
    """The estimator with one more thing said of it: all of it, its class or one of its arguments."""
    name = name.removeprefix("init_args.")
    if not name and value is None:
        return estimator
    if name in ("", "class_path") and not (isinstance(value, dict) and "class_path" not in value):
        named = canonical(value)
        is_same = isinstance(value, str) and estimator is not None and estimator["class_path"] == named["class_path"]
        return estimator if is_same else named  # another class begins without arguments
    if estimator is None:
        raise InputError(
            f"{SECTION}.{name or 'init_args'} is given without a class; give --{SECTION} SVC before it, say"
        )
    given = value if not name else value if name == "init_args" else {name: value}
    if not name and isinstance(given, dict):
        given = given.get("init_args", given)
    if not isinstance(given, dict):
        raise InputError(f"{SECTION}.init_args is {given!r}; give arguments by name")
    for argument, one in given.items():
        estimator = with_argument(estimator, str(argument), one)
    return estimator


def svm_words(arguments: Sequence[str]) -> list[str]:
    """The words of the command ``svm`` as those of ``classical``: ``--svm.C`` is ``--estimator.C``."""
    words = [f"--{SECTION}", json.dumps(SVC)]
    for word in arguments:
        if word.partition("=")[0] == f"--{SECTION}":
            raise InputError(f"svm fits an SVC; for another --{SECTION} use classical")
        if word.startswith("--svm.engine"):
            word = word.replace("--svm.", "--", 1)
        words.append(f"--{SECTION}.{word.removeprefix('--svm.')}" if word.startswith("--svm.") else word)
    return words
