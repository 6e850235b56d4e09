"""The machine, the software and the code that a trial ran with."""

import hashlib
import os
import platform
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil
import torch

from benchmark_lightning import __version__
from benchmark_lightning.training.processor import (
    cpu_features,
    cpu_model,
    cpu_name,
    instructions,
    multiplies_bf16,
    num_usable_cores,
)

PACKAGES = (
    "torch", "torchvision", "lightning", "torchmetrics", "numpy", "scikit-learn", "scikit-learn-intelex", "thop",
)  # fmt: skip
MACHINE_VARIABLE = "BENCHMARK_LIGHTNING_MACHINE"
GIB = 2**30


def describe_environment(device: torch.device) -> dict[str, Any]:
    """The part of a record about machine, software and code; ``device`` is the one that trained."""
    cpu = cpu_name()
    return {
        "machine": os.environ.get(MACHINE_VARIABLE) or _machine(cpu),
        "accelerator": device.type,
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else cpu,  # Apple's GPU is part of it
        "num_threads": torch.get_num_threads(),
        "num_cores": num_usable_cores(),
        "cpu": cpu,
        "cpu_model": cpu_model(),
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "cpu_features": cpu_features(),
        "multiplies_bf16": multiplies_bf16(),
        "memory_gib": psutil.virtual_memory().total / GIB,
        "gpus": [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())],
        "cuda": torch.version.cuda if torch.cuda.is_available() else None,
        "system": f"{platform.system()} {platform.machine()}",
        "versions": package_versions(),
        "code": code_version(),
        "source_hash": source_hash(),
    }


def _machine(cpu: str) -> str:
    """A name for machines of this kind: without the host's own name, which is nobody's business."""
    gpus = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
    return " + ".join([f"{cpu}, {num_usable_cores():g} cores, {instructions()}", *gpus])


def package_versions() -> dict[str, str]:
    """The versions of Python and of the packages that a result can depend on."""
    versions = {"python": platform.python_version(), "benchmark-lightning": __version__}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return versions


@cache
def code_version() -> str:
    """``git:<commit>``, with ``-dirty`` for uncommitted changes, or the version where it is no checkout."""
    package = Path(__file__).parents[1]
    if _git(package, "ls-files", "--error-unmatch", "__init__.py") is None:  # not a file of the checkout around it
        return f"version:{__version__}"
    commit = _git(package, "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*")
    return f"git:{commit}" if commit else f"version:{__version__}"


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        result = subprocess.run(
            ["git", "-C", str(folder), *arguments],  # noqa: S607  # the git on the user's PATH is the one meant
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return result.stdout.strip() if result.returncode == 0 else None


@cache
def source_hash() -> str:
    """Twelve hexadecimal digits of the code that trains and measures, whatever git says of it."""
    digest = hashlib.sha256()
    package = Path(__file__).parents[1]
    for path in sorted([*package.glob("training/**/*.py"), *package.glob("study/**/*.py")]):
        digest.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]
