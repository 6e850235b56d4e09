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

PACKAGES = (
    "torch", "torchvision", "lightning", "torchmetrics", "numpy", "scikit-learn", "scikit-learn-intelex", "thop",
)  # fmt: skip
MACHINE_VARIABLE = "BENCHMARK_LIGHTNING_MACHINE"
GIB = 2**30


def describe_environment(device: torch.device) -> dict[str, Any]:
    """What a record says of where it was made; ``device`` is the one that trained."""
    cpu = cpu_name()
    return {
        "machine": os.environ.get(MACHINE_VARIABLE) or _machine(cpu),
        "accelerator": device.type,
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else cpu,
        "num_threads": torch.get_num_threads(),
        "num_cores": num_usable_cores(),
        "cpu": cpu,
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "cpu_features": cpu_features(),
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
    return " + ".join([f"{cpu}, {num_usable_cores():g} cores", *gpus])


@cache
def cpu_name() -> str:
    """The processor's name as the system tells it."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


@cache
def cpu_features() -> list[str]:
    """The instructions that decide how fast small numbers are multiplied, of those that the processor has."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    flags = next((line.split(":", 1)[1].split() for line in lines if line.startswith("flags")), [])
    return [name for name in ("avx512_bf16", "avx512_fp16", "amx_bf16", "amx_tile", "avx_vnni") if name in flags]


def num_usable_cores() -> float:
    """Cores that this process may use: its affinity, cut by the quota of its control group.

    Source: cgroup v2, cpu.max is ``<quota> <period>`` in microseconds, or ``max``.
    """
    cores = float(len(os.sched_getaffinity(0))) if hasattr(os, "sched_getaffinity") else float(os.cpu_count() or 1)
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return cores
    return cores if quota == "max" else min(cores, int(quota) / int(period))


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
    for path in sorted([*package.glob("training/*.py"), *package.glob("study/*.py")]):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]
