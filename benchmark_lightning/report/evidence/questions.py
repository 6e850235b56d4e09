"""Questions of a study about its records: claims, printed values of others, figures of its own; and when they count as answered.

They are part of the study file. ``study`` writes them and all that the file includes to ``study.yaml`` in the folder of the records,
so that a report needs nothing but its folder.
"""

import functools
import importlib
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from benchmark_lightning.errors import InputError, nearest
from benchmark_lightning.yaml_files import load_packaged_yaml, load_yaml

FILE_NAME = "study.yaml"
LISTS = ("claims", "references", "figures")
SETTINGS = ("margin", "looks")
QUESTION_KEYS = ("include", *LISTS, *SETTINGS)
MARGIN = 0.005
MAX_LOOKS = 20
MOST_SEEDS = 1000
_OWN = "benchmark_lightning.published."


class Questions(NamedTuple):
    """The lists of a study, each item as it stands in the file.

    Args:
        claims: see ``claims.definition``.
        references: values that others have printed: ``source``, ``measure``, ``where`` and ``value``.
        figures: see ``figures.registry``.
        margin: of accuracy; what a person calls equal.
        looks: numbers of seeds at which claims are judged, the last of which is the most; see ``evidence.looks``.
        path: the file, for messages.
        is_trusted: whether a person has named the file: only then is code run that is not of the published study.
    """

    claims: tuple[Mapping[str, Any], ...] = ()
    references: tuple[Mapping[str, Any], ...] = ()
    figures: tuple[Mapping[str, Any], ...] = ()
    margin: float = MARGIN
    looks: tuple[int, ...] = ()
    path: str = "no study"
    is_trusted: bool = False


def questions_of(folders: Sequence[Path], study: Path | None) -> Questions:
    """The questions of a study file, or else of the first folder that holds some.

    Raises:
        InputError: the file is not valid.
    """
    if study is not None:
        return read_questions(load_yaml(study), study)
    for folder in folders:
        path = folder / FILE_NAME
        if path.is_file():
            content = load_yaml(path)
            if "include" in content:
                raise InputError(
                    f"{path} includes other files, which records may not; give the study's own file with --study"
                )
            return read_questions(content, path)._replace(is_trusted=False)
    return Questions()


def read_questions(content: Mapping[str, Any], path: Path) -> Questions:
    """The questions in the content of a study file, after those of the files that it includes.

    Raises:
        InputError: a list is none, a setting is not valid, or an included file is not there.
    """
    lists: dict[str, list[Mapping[str, Any]]] = {name: [] for name in LISTS}
    includes = content.get("include", [])
    if not isinstance(includes, list) or not all(isinstance(name, str) for name in includes):
        raise InputError(f"include is {includes!r} in {path}; give a list of files")
    for name in includes:
        inner = load_packaged_yaml(name) if ":" in name else load_yaml((path.parent / name).resolve())
        for key in inner:
            if key in SETTINGS:  # of one study and its budget; what is included are questions that many can share
                raise InputError(f"{name} sets {key}, which included files may not; give it in {path} itself")
            if key not in LISTS:
                raise InputError(f"unknown key {key} in {name}, which {path} includes; {nearest(str(key), LISTS)}")
        _add(lists, inner, name)
    _add(lists, content, str(path))
    claims, references, figures = (tuple(lists[name]) for name in LISTS)
    for reference in references:
        _check_reference(reference, path)
    margin, looks = _margin(content, path), _looks(content, path)
    return Questions(claims, references, figures, margin, looks, str(path), is_trusted=True)


def _add(lists: dict[str, list[Mapping[str, Any]]], content: Mapping[str, Any], where: str) -> None:
    for name in LISTS:
        items = content.get(name) or []
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise InputError(f"{name} in {where} is no list of mappings; see configs/study/ for examples")
        lists[name] += items


def _margin(content: Mapping[str, Any], path: Path) -> float:
    value = content.get("margin", MARGIN)
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < 0.5:
        raise InputError(f"margin is {value!r} in {path}; give a difference in accuracy above 0 and below 0.5")
    return float(value)


def _looks(content: Mapping[str, Any], path: Path) -> tuple[int, ...]:
    value = content.get("looks", [])
    are_numbers = isinstance(value, list) and all(type(seeds) is int and 2 <= seeds <= MOST_SEEDS for seeds in value)
    if not are_numbers or len(value) > MAX_LOOKS or any(later <= earlier for earlier, later in pairwise(value)):
        raise InputError(
            f"looks is {value!r} in {path}; give at most {MAX_LOOKS} numbers of seeds that increase, "
            f"each from 2 to {MOST_SEEDS}, such as [3, 5, 8, 12]"
        )
    return tuple(value)


def _check_reference(reference: Mapping[str, Any], path: Path) -> None:
    keys = ("source", "measure", "where", "value")
    if set(reference) != set(keys) or not isinstance(reference["where"], dict):
        raise InputError(f"a reference in {path} has the keys {', '.join(map(str, reference))}; give {', '.join(keys)}")
    if not isinstance(reference["value"], int | float):
        raise InputError(f"a reference in {path} has the value {reference['value']!r}; give a number")


def write_questions(questions: Questions, folder: Path) -> None:
    """Writes the questions to the folder of the records; a study without any writes no file.

    Raises:
        InputError: the folder cannot be written.
    """
    content: dict[str, Any] = {
        name: [dict(item) for item in getattr(questions, name)] for name in LISTS if getattr(questions, name)
    }
    if questions.margin != MARGIN:
        content["margin"] = questions.margin
    if questions.looks:
        content["looks"] = list(questions.looks)
    path = folder / FILE_NAME
    try:
        if not content:
            path.unlink(missing_ok=True)
            return
        folder.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".partial")
        temporary.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120), encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        raise InputError(f"cannot write {path} ({error.strerror}); free some space or give another --out") from error


def find_function(name: Any, questions: Questions) -> Callable[..., Any]:
    """The function that a study names as ``module:function``.

    Raises:
        InputError: there is none, or it is not of the published study and the study came with the records alone.
    """
    module, _, function = str(name).partition(":")
    if not function:
        raise InputError(f"{name!r} in {questions.path} names no function; give module:function")
    if not questions.is_trusted and not module.startswith(_OWN):
        raise InputError(
            f"{questions.path} names the function {name}, which is not of the published study; records run no code, so "
            "give the study's own file with --study"
        )
    try:
        found = getattr(importlib.import_module(module), function)
    except Exception as error:  # whatever a user's module does when it is imported
        raise InputError(f"{name} in {questions.path} cannot be found ({error})") from error
    if not callable(found) or (not questions.is_trusted and found.__module__ != module):
        raise InputError(f"{name} in {questions.path} is no function")

    @functools.wraps(found)
    def call(*arguments: Any) -> Any:
        try:
            result = found(*arguments)
            return list(result) if isinstance(result, Iterator) else result
        except InputError:
            raise
        except Exception as error:  # whatever a user's function does
            last = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{Path(last.filename).name}, line {last.lineno}"
            raise InputError(
                f"{name} in {questions.path} fails ({type(error).__name__} in {place}: {error})"
            ) from error

    return call
