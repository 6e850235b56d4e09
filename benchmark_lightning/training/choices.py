"""The levers of speed that suit this processor best: measured once by ``tuning`` and kept in the user's cache folder.

What cannot be read or written there is measured again, and never fails a training.
"""

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import torch

from benchmark_lightning.training.own_networks import settle
from benchmark_lightning.training.processor import cpu_features, cpu_model, cpu_name, num_usable_cores

_CODE = ("classifier.py", "levers.py", "small_maps.py", "tuning.py", "winograd.py")  # decides which lever is fastest


class Choice(NamedTuple):
    """A setting of the levers that are left to the package; the defaults are those of every machine.

    Args:
        small_maps: whether convolutions on small maps are matrix products.
        winograd: whether some of these take fewer products.
        channels_last: whether images flow through the network channels last.
        num_threads: of a training; None leaves them as they are.
    """

    small_maps: bool = True
    winograd: bool = True
    channels_last: bool = True
    num_threads: int | None = None


class Chosen(NamedTuple):
    """A choice, and who made it.

    Args:
        by: a measurement, the defaults, or a person.
        choice: the levers.
        name: of the candidate that was chosen.
        images_per_second: of each candidate that was measured, by its name.
    """

    by: Literal["measured", "default", "given"] = "default"
    choice: Choice = Choice()
    name: str = "default"
    images_per_second: Mapping[str, float] = {}


def is_given(model: Mapping[str, Any]) -> bool:
    """Whether a person has set a lever among these hyperparameters to other than its automatic value."""
    return (model["small_maps"], model["memory_format"]) != ("cpu", "auto")


def work_name(model: Mapping[str, Any], image_shape: Sequence[int], batch_size: int, precision: str) -> str:
    """The kind of work that a choice is for: what decides which levers are fastest.

    Args:
        model: hyperparameters, as a configuration or a module has them.
        image_shape: C, H, W.
        precision: the effective one.
    """
    arch, network = settle(model.get("arch"), model.get("network"))
    named = arch if network is None else f"{network['class_path']}({json.dumps(network['init_args'], sort_keys=True)})"
    stem = "" if model["stem"] == "imagenet" else f", stem {model['stem']}"
    shape = "x".join(map(str, image_shape))
    return f"{named}{stem}, {shape}, batch {batch_size}, {precision}, {torch.get_num_threads()} threads"


def chosen_for(model: Mapping[str, Any], image_shape: Sequence[int], batch_size: int, precision: str) -> Chosen:
    """The levers for a training on this CPU: as measured here, or the defaults where nothing was measured."""
    if is_given(model):
        return Chosen("given")
    if model["compile"] != "none":  # the compiler decides much of it
        return Chosen()
    return known_choices().get(work_name(model, image_shape, batch_size, precision), Chosen())


def cache_path() -> Path:
    """The file with the choices of this machine; each machine that shares the folder has one of its own."""
    traits = [
        cpu_name(), cpu_model(), cpu_features(), num_usable_cores(), torch.backends.cpu.get_cpu_capability(),
    ]  # fmt: skip
    machine = hashlib.sha256(json.dumps(traits).encode()).hexdigest()[:10]
    folder = os.environ.get("XDG_CACHE_HOME")
    return (
        (Path(folder) if folder else Path("~/.cache").expanduser()) / "benchmark-lightning" / f"levers-{machine}.json"
    )


def known_choices() -> dict[str, Chosen]:
    """Kind of work -> what was measured for it on this machine by this version of torch and of the code."""
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError, AttributeError, RuntimeError):
        content = json.loads(cache_path().read_text(encoding="utf-8"))
        if content["version"] == _version():
            return {name: _read(work) for name, work in content["works"].items()}
    return {}


def remember(work: str, chosen: Chosen) -> None:
    """Keeps a choice, where the folder can be written."""
    works = {
        name: {"choice": one.choice._asdict(), "name": one.name, "images_per_second": dict(one.images_per_second)}
        for name, one in {**known_choices(), work: chosen}.items()
    }
    text = json.dumps({"version": _version(), "works": works}, indent=1) + "\n"
    with contextlib.suppress(OSError, RuntimeError):
        path = cache_path()
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


def _read(work: Mapping[str, Any]) -> Chosen:
    """Raises ``ValueError`` for what is no choice."""
    choice = Choice(**work["choice"])
    num_threads = choice.num_threads
    is_valid = all(isinstance(lever, bool) for lever in choice[:3]) and (
        num_threads is None or (isinstance(num_threads, int) and 0 < num_threads <= 4096)
    )
    if not is_valid:
        raise ValueError("damaged")
    rates = {str(name): float(rate) for name, rate in work["images_per_second"].items()}
    return Chosen("measured", choice, str(work["name"]), rates)


def _version() -> str:
    digest = hashlib.sha256()
    for name in _CODE:
        digest.update((Path(__file__).parent / name).read_bytes())
    return f"torch {torch.__version__}, code {digest.hexdigest()[:12]}"
