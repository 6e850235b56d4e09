"""A claim as data: what is compared with what, in which measure, and where it holds."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, get_args

from benchmark_lightning.errors import InputError, nearest
from benchmark_lightning.report.claims.measures import MEASURES
from benchmark_lightning.report.evidence.questions import Questions, find_function
from benchmark_lightning.report.evidence.selection import COLUMNS, known_keys, matches
from benchmark_lightning.yaml_files import with_numbers

Compare = Literal["difference", "ratio", "value"]
Pair = Literal["best", "alike"]
REST = "rest"


class Comparison(NamedTuple):
    """One comparison of a claim.

    Args:
        take: which configurations; the best of them by validation accuracy counts.
        against: which others; ``rest`` is all that ``take`` leaves; None compares with nothing.
        where: what both have in common, such as the data set.
        measure: see ``measures.MEASURES``.
        compare: ``difference``, ``ratio`` or the ``value`` itself.
        holds: the values, ends included, for which the claim holds.
        pair: ``best`` compares the best of each side; ``alike`` every two that differ in nothing but what tells the
            sides apart, and takes the mean.
        within: columns that must be equal in what is compared; () is all of the setting.
        what: words for it; made from the rest where they are not given.
        python: ``module:function`` that gives the findings from the evidence, for what is odder.
        any_part: whether a part of the training images may decide.
    """

    take: Mapping[str, Any] = {}
    against: Mapping[str, Any] | str | None = None
    where: Mapping[str, Any] = {}
    measure: str = "test/accuracy"
    compare: Compare = "value"
    holds: tuple[float, float] = (-math.inf, math.inf)
    pair: Pair = "best"
    within: tuple[str, ...] = ()
    what: str = ""
    python: str | None = None
    any_part: bool = False


class Definition(NamedTuple):
    """A claim.

    Args:
        name: unique among the claims of a study.
        says: the claim in words.
        comparisons: all of which must hold.
        section: where its source makes it.
        published: the number that the source gives.
        criterion: what it takes to hold, in words.
        needs: the sweeps that measure it.
        explain: ``module:function`` that gives remarks which explain the verdict without affecting it.
    """

    name: str
    says: str
    comparisons: tuple[Comparison, ...]
    section: str = ""
    published: str = ""
    criterion: str = ""
    needs: str = ""
    explain: str | None = None


_OF_CLAIM = tuple(name for name in Definition._fields if name != "comparisons")
_KNOWN = (*_OF_CLAIM, "all", *Comparison._fields)
_TEXTS = (*_OF_CLAIM, "what", "python")


def read_claims(questions: Questions) -> list[Definition]:
    """The claims of a study, in their order.

    Raises:
        InputError: one has an unknown key, an unknown measure, a region that nothing meets, ...
    """
    claims = [_read_claim(content, questions) for content in questions.claims]
    names = [claim.name for claim in claims]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"two claims in {questions.path} are named {name}; rename one of them")
    return claims


def _read_claim(content: Mapping[str, Any], questions: Questions) -> Definition:
    where = f"claim {content.get('name', '?')} in {questions.path}"
    for key in ("name", "says"):
        if not isinstance(content.get(key), str) or not content[key].strip():
            raise InputError(f"{where} has no {key}; give some words")
    for key, value in content.items():
        if key not in _KNOWN:
            raise InputError(f"unknown key {key} in {where}; {nearest(str(key), _KNOWN)}")
        if key in _TEXTS and not isinstance(value, str):
            raise InputError(f"{key} is {value!r} in {where}; give text")
    shared = {key: value for key, value in content.items() if key in Comparison._fields}
    parts = content.get("all", [{}])
    if not isinstance(parts, list) or not parts or not all(isinstance(part, dict) for part in parts):
        raise InputError(f"all is {parts!r} in {where}; give a list of comparisons")
    comparisons = tuple(_read_comparison({**shared, **part}, where, questions) for part in parts)
    if "explain" in content:
        find_function(content["explain"], questions)
    return Definition(comparisons=comparisons, **{key: content[key] for key in _OF_CLAIM if key in content})


def _read_comparison(content: Mapping[str, Any], where: str, questions: Questions) -> Comparison:
    for key in content:
        if key not in Comparison._fields:
            raise InputError(f"unknown key {key} in {where}; {nearest(str(key), Comparison._fields)}")
    if "python" in content:
        others = sorted(set(content) - {"python"})
        if others:
            raise InputError(f"{where} gives python and also {', '.join(others)}; its function decides all of it")
        find_function(content["python"], questions)
        return Comparison(python=content["python"])
    sides = ("take", "against", "where")
    content = {key: with_numbers(value) if key in sides else value for key, value in content.items()}
    against, compare = content.get("against"), content.get("compare", "value")
    _check_words(content, where)
    if not (against is None or against == REST or isinstance(against, dict)):
        raise InputError(f"against is {against!r} in {where}; give keys with their values, or {REST}")
    if (compare == "value") != (against is None):
        raise InputError(
            f"compare is {compare} in {where}, {'without' if against is None else 'with'} against; "
            "give difference or ratio with it, and value without"
        )
    if "holds" not in content:
        raise InputError(f"{where} does not say where it holds; give holds: [lowest, highest]")
    within = content.get("within", [])
    for name in within if isinstance(within, list) else [within]:
        if name not in _WITHIN:
            raise InputError(f"within names {name!r} in {where}; {nearest(str(name), _WITHIN)}")
    return Comparison(**{**content, "holds": _region(content["holds"], where), "within": tuple(within)})


SEED = "seed_everything"
OF_MACHINES = ("accelerator", "device", "machine", "engine")  # known when the trials have run
_WITHIN = (*COLUMNS, "split_hash", "source_hash")


def _check_words(content: Mapping[str, Any], where: str) -> None:
    for key in ("take", "where"):
        if not isinstance(content.get(key, {}), dict):
            raise InputError(f"{key} is {content[key]!r} in {where}; give keys with their values")
    if not isinstance(content.get("any_part", False), bool):
        raise InputError(f"any_part is {content['any_part']!r} in {where}; give true or false")
    choices = {"measure": (*MEASURES,), "compare": get_args(Compare), "pair": get_args(Pair)}
    for key, valid in choices.items():
        if key in content and content[key] not in valid:
            raise InputError(f"{key} is {content[key]!r} in {where}; {nearest(str(content[key]), valid)}")


def _region(value: Any, where: str) -> tuple[float, float]:
    """Two numbers; null leaves an end open."""
    ends = value if isinstance(value, list | tuple) and len(value) == 2 else ("", "")
    numbers = [float(end) for end in ends if isinstance(end, int | float) and not isinstance(end, bool)]
    if len(numbers) != sum(end is not None for end in ends):
        raise InputError(f"holds is {value!r} in {where}; give two numbers, or null for an open end")
    low = -math.inf if ends[0] is None else numbers[0]
    high = math.inf if ends[1] is None else numbers[-1]
    if not low < high:
        raise InputError(f"holds is {value!r} in {where}, which no interval meets; give the lower end first")
    return low, high


def check_selections(
    claims: Sequence[Definition], trials: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]], path: str
) -> None:
    """Raises ``InputError`` for a claim about configurations that no trial of the study has.

    Args:
        claims: the claims.
        trials: the configuration of each trial, flat, and its values of ``selection.COLUMNS``.
        path: the study file, for messages.
    """
    keys = known_keys(config for config, _ in trials)
    for claim in claims:
        for comparison in claim.comparisons:
            for side in ("take", "against"):
                selectors = [comparison.where, getattr(comparison, side)]
                _check_side(
                    [selector for selector in selectors if isinstance(selector, Mapping)],
                    f"{side} of claim {claim.name} in {path}", keys, trials,
                )  # fmt: skip
            is_taken = [matches(comparison.take, *trial) for trial in trials if matches(comparison.where, *trial)]
            if comparison.against == REST and all(is_taken):
                raise InputError(
                    f"take of claim {claim.name} in {path} leaves no rest to compare with; add a condition"
                )


def _check_side(
    selectors: Sequence[Mapping[str, Any]],
    where: str,
    keys: Sequence[str],
    trials: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]],
) -> None:
    conditions = [{key: wanted} for selector in selectors for key, wanted in selector.items() if key not in OF_MACHINES]
    for condition in conditions:
        ((key, wanted),) = condition.items()
        if key == SEED:
            raise InputError(f"{where} names {key}; seeds are replicates of a configuration, so take it away")
        if key not in keys:
            raise InputError(f"{where} names {key}; {nearest(key, keys)}")
        if not any(matches(condition, *trial) for trial in trials):
            raise InputError(f"{where} wants {key}: {wanted!r}, which no trial of its sweeps has")
    if not any(all(matches(condition, *trial) for condition in conditions) for trial in trials):
        raise InputError(f"{where} selects no trial of its sweeps; take a condition away")
