"""Code of a person's own among what a trial runs: its hash is part of the trial, as editing it makes another one.

Imports no torch.
"""

import hashlib
import importlib.util
import site
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmark_lightning.study.record import identity

PACKAGE = Path(__file__).resolve().parents[1]
OWN_CODE = "own_code"


def own_identity(config: Mapping[str, Any]) -> dict[str, Any]:
    """The ``identity`` of a configuration, with the hash of each file of a person's own that it names a class of.

    The file that defines the class counts too, and nothing else that these import. What is installed is known by its version.
    """
    kept = identity(dict(config))
    hashes = {name: digest for name in sorted(set(_modules(kept))) if (digest := _hash(name)) is not None}
    return {**kept, OWN_CODE: hashes} if hashes else kept


def _modules(value: Any) -> Iterator[str]:
    """The modules that all class paths in a configuration name, and those that define what these hand on."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key == "class_path" and isinstance(inner, str):
                module, _, name = inner.rpartition(".")
                yield module
                yield str(getattr(getattr(sys.modules.get(module), name, None), "__module__", module))
            else:
                yield from _modules(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _modules(inner)


def _hash(module: str) -> str | None:
    """Twelve hexadecimal digits of a module's file; None for what is installed, built in, or not to be found."""
    try:
        spec = importlib.util.find_spec(module) if module else None
    except (ImportError, ValueError):
        return None
    if spec is None or spec.origin is None or not spec.has_location:
        return None
    path = Path(spec.origin).resolve()
    if any(path.is_relative_to(folder) for folder in _installed()):
        return None
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    except OSError:
        return None


def _installed() -> list[Path]:
    """The folders of this package, of installed packages and of the standard library."""
    libraries = (Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib", "purelib", "platlib"))
    folders = [PACKAGE, *libraries, *map(Path, site.getsitepackages())]
    return [folder.resolve() for folder in (*folders, Path(site.getusersitepackages()))]
