"""A sweep file: axes over the very keys that ``fit`` takes. Imports no torch."""

import dataclasses
import itertools
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmark_lightning.errors import InputError, nearest
from benchmark_lightning.study.trials.kinds import KINDS, check_kind
from benchmark_lightning.yaml_files import load_yaml, with_numbers

Value = str | int | float | bool | None | dict[str, Any]  # a mapping is a class_path with its init_args


@dataclasses.dataclass(frozen=True)
class Sweep:
    """The contents of a sweep file.

    Args:
        path: The file.
        trial: The kind of trial: ``network`` or ``classical``.
        base: Config files that every trial starts from, in order.
        axes: Key -> its values; the trials are all combinations.
        exclude: Combinations to leave out, each by some of its values.
        repeats: How often each combination is run, interleaved: all once, then all again.
        timeout_seconds: The longest that a trial may take.
        jobs: Trials at a time; more than one makes timings worthless.
        keep_checkpoints: Whether to keep the best weights of each trial, tens of megabytes each.
        breakdown: Whether each trial is followed by a short pass that times data, forward, backward and optimizer.
    """

    path: Path
    trial: str
    base: tuple[Path, ...]
    axes: dict[str, list[Value]]
    exclude: tuple[dict[str, Value], ...] = ()
    repeats: int = 1
    timeout_seconds: float | None = None
    jobs: int = 1
    keep_checkpoints: bool = False
    breakdown: bool = False

    def cells(self) -> list[dict[str, Value]]:
        """All combinations that are not excluded, the first axis changing slowest."""
        return [cell for cell in self._product() if not any(_matches(cell, pattern) for pattern in self.exclude)]

    def _product(self) -> Iterator[dict[str, Value]]:
        for values in itertools.product(*self.axes.values()):
            yield dict(zip(self.axes, values, strict=True))

    def arguments(self, cell: dict[str, Value]) -> list[str]:
        """The flags of ``fit`` for one combination."""
        files = [word for path in self.base for word in ("--config", str(path))]
        # The class before its arguments, whether it is data.class_path or estimator.
        inner = {key for key in cell for outer in cell if key.startswith(f"{outer}.")}
        keys = sorted(cell, key=lambda key: (not key.endswith("class_path"), key in inner))
        return [*files, *(word for key in keys for word in (f"--{key}", flag_value(cell[key])))]


@dataclasses.dataclass(frozen=True)
class Planned:
    """A trial to come.

    Args:
        name: Of its folder: the values of the axes that vary, and the beginning of the key.
        key: As its record will have it.
        kind: ``network`` or ``classical``.
        arguments: The flags that run it.
        values: Its place on the axes.
        repeat: Which of the repeats it is.
        config: The identity of its configuration.
        data: What the record will say of the data.
        environment: Of this machine, for a trial that leaves no record of its own.
        skip_reason: Why it cannot run on this machine.
        note: A line for the person who runs it.
        look: The look of a study for which it is to run; None for a sweep by itself.
        predicted_seconds: Of wall time that it is expected to take; None where that is not known.
    """

    name: str
    key: str
    kind: str
    arguments: tuple[str, ...]
    values: dict[str, Value]
    repeat: int
    config: dict[str, Any]
    data: dict[str, Any]
    environment: dict[str, Any]
    skip_reason: str | None = None
    note: str | None = None
    look: int | None = None
    predicted_seconds: float | None = None


def flag_value(value: Value) -> str:
    """A value as it is typed on the command line.

    >>> [flag_value(value) for value in (None, True, 1e-3, "adam", {"class_path": "PCA"})]
    ['null', 'true', '0.001', 'adam', '{"class_path": "PCA"}']
    """
    return json.dumps(value) if value is None or isinstance(value, bool | dict) else str(value)


def _matches(cell: dict[str, Value], pattern: dict[str, Value]) -> bool:
    return all(cell.get(key) == value for key, value in pattern.items())


def read_sweep(path: Path) -> Sweep:
    """Reads a sweep file; a ``base`` that is itself a sweep gives its base and its axes first.

    Raises:
        InputError: what is wrong in which file, and how to fix it.
    """
    content = _read(path, ())
    if not content["base"]:
        raise InputError(f"{path} has no base; give at least a data file such as ../data/digits.yaml")
    if not content["axes"]:
        raise InputError(f"{path} has no axes; give keys with their values, such as seed_everything: [0, 1, 2]")
    sweep = Sweep(path, **content)
    for pattern in sweep.exclude:
        for key in pattern:
            if key not in sweep.axes:
                raise InputError(f"exclude in {path} names {key}, which is no axis; {nearest(str(key), sweep.axes)}")
            if pattern[key] not in sweep.axes[key]:
                raise InputError(
                    f"exclude in {path} names {key}: {pattern[key]!r}, which is no value of that axis; "
                    f"give one of {', '.join(map(repr, sweep.axes[key]))}"
                )
    if not sweep.cells():
        raise InputError(f"exclude in {path} leaves no trial over; take a pattern away")
    return sweep


def _read(path: Path, readers: tuple[Path, ...]) -> dict[str, Any]:
    """The checked content of a sweep file, with the sweeps among its base merged in."""
    if path.resolve() in readers:
        chain = " -> ".join(str(reader.name) for reader in (*readers, path))
        raise InputError(f"the base of {path} leads back to itself ({chain}); take one of them away")
    content = with_numbers(load_yaml(path))
    fields = {field.name for field in dataclasses.fields(Sweep)} - {"path"}
    for key in content:
        if key not in fields:
            raise InputError(f"unknown key {key} in {path}; {nearest(str(key), sorted(fields))}")
    _check_values(content, path)

    merged: dict[str, Any] = {"base": (), "axes": {}, "exclude": ()}
    for name in content.get("base", []):
        base = (path.parent / name).resolve() if not Path(name).is_absolute() else Path(name)
        if not base.is_file():
            raise InputError(
                f"base in {path} names {name}, but there is no file {base}; paths are relative to the sweep"
            )
        if "axes" in load_yaml(base):
            inner = _read(base, (*readers, path.resolve()))
            for key in ("base", "exclude"):
                inner[key] = (*merged[key], *inner[key])
            merged |= {**inner, "axes": {**merged["axes"], **inner["axes"]}}
        else:
            merged["base"] = (*merged["base"], base)
    own = {key: value for key, value in content.items() if key not in ("base", "axes", "exclude")}
    merged |= own
    merged["axes"] = {**merged["axes"], **content.get("axes", {})}
    merged["exclude"] = (*merged["exclude"], *content.get("exclude", []))
    if "trial" not in merged:
        raise InputError(f"{path} has no trial; give {' or '.join(f'trial: {name}' for name in KINDS)}")
    return merged


def _check_values(content: dict[str, Any], path: Path) -> None:
    if "trial" in content:
        check_kind(content["trial"], str(path))
    if not _is_list_of(content.get("base", []), str):
        raise InputError(f"base is {content['base']!r} in {path}; give a list of config files")
    if not isinstance(content.get("axes", {}), dict):
        raise InputError(f"axes is {content['axes']!r} in {path}; give keys, each with a list of values")
    for key, values in content.get("axes", {}).items():
        if not isinstance(key, str):
            raise InputError(f"axes in {path} has the key {key!r}; give a key of fit such as model.lr")
        _check_axis(key, values, path)
    if not _is_list_of(content.get("exclude", []), dict):
        raise InputError(f"exclude is {content['exclude']!r} in {path}; give a list of key: value patterns")
    for key in ("repeats", "jobs"):
        value = content.get(key, 1)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise InputError(f"{key} is {value!r} in {path}; give a whole number of at least 1")
    timeout = content.get("timeout_seconds")
    is_number = isinstance(timeout, int | float) and not isinstance(timeout, bool) and math.isfinite(timeout)
    if timeout is not None and not (is_number and timeout > 0):
        raise InputError(f"timeout_seconds is {timeout!r} in {path}; give a number above 0, or null")
    for key in ("breakdown", "keep_checkpoints"):
        if not isinstance(content.get(key, False), bool):
            raise InputError(f"{key} is {content[key]!r} in {path}; give true or false")


def _check_axis(key: str, values: Any, path: Path) -> None:
    if not isinstance(values, list):
        raise InputError(f"axis {key} is {values!r} in {path}; give a list of values")
    if not values:
        raise InputError(f"axis {key} is empty in {path}; give it a value or take it away")
    for position, value in enumerate(values):
        if isinstance(value, list) or (isinstance(value, dict) and not isinstance(value.get("class_path"), str)):
            raise InputError(f"axis {key} holds {value!r} in {path}; give single values, or class_path and init_args")
        if value in values[:position]:
            raise InputError(f"axis {key} holds {value!r} twice in {path}; its trials would be the same")


def _is_list_of(value: Any, kind: type) -> bool:
    return isinstance(value, list) and all(isinstance(item, kind) for item in value)
