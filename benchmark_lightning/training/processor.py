"""The processor: its name, generation and instruction sets, and the cores that may be used. Imports no torch."""

import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
CPU_MAX = Path("/sys/fs/cgroup/cpu.max")
# The instruction sets that decide how fast numbers are multiplied, on x86-64 and on ARM.
FEATURES = (
    "avx2", "avx512f", "avx512_bf16", "avx512_fp16", "amx_bf16", "amx_tile", "avx_vnni", "asimd", "sve", "sve2", "bf16",
)  # fmt: skip
_BF16 = {"avx512_bf16": "AVX512_CORE_BF16", "amx_bf16": "AVX512_CORE_AMX", "bf16": ""}  # with oneDNN's name of each
# Source: oneDNN's developer guide on ONEDNN_MAX_CPU_ISA, from the oldest to the newest that matters here.
_ONEDNN_ORDER = (
    "SSE41", "AVX", "AVX2", "AVX2_VNNI", "AVX2_VNNI_2", "AVX512_CORE", "AVX512_CORE_VNNI", "AVX512_CORE_BF16",
    "AVX512_CORE_FP16", "AVX512_CORE_AMX", "AVX512_CORE_AMX_FP16",
)  # fmt: skip


@cache
def cpuinfo() -> Mapping[str, str]:
    """The fields of the first processor in /proc/cpuinfo; empty where there is no such file."""
    try:
        text = CPUINFO.read_text(encoding="utf-8")
    except OSError:
        return {}
    pairs = (line.split(":", 1) for line in text.split("\n\n", 1)[0].splitlines() if ":" in line)
    return {name.strip(): value.strip() for name, value in pairs}


def cpu_name() -> str:
    """The processor's name as the system gives it."""
    return (
        cpuinfo().get("model name") or _sysctl("machdep.cpu.brand_string") or platform.processor() or platform.machine()
    )


def cpu_model() -> str | None:
    """The generation behind the name, such as ``family 25, model 17``: one name can be that of several."""
    info = cpuinfo()
    if "cpu family" in info:
        return f"family {info['cpu family']}, model {info.get('model', '?')}"
    if "CPU part" in info:
        return f"implementer {info.get('CPU implementer', '?')}, part {info['CPU part']}"
    return None


def cpu_features() -> list[str]:
    """Those of ``FEATURES`` that the processor has."""
    flags = (cpuinfo().get("flags") or cpuinfo().get("Features") or "").split()
    return [name for name in FEATURES if name in flags]


def instructions() -> str:
    """The widest instruction set for people: ``AVX-512 with BF16``."""
    features = cpu_features()
    for feature, name in (
        ("amx_bf16", "AMX"), ("avx512_bf16", "AVX-512 with BF16"), ("avx512f", "AVX-512"), ("avx2", "AVX2"),
        ("bf16", "Neon with BF16"), ("asimd", "Neon"),
    ):  # fmt: skip
        if feature in features:
            return name
    return platform.machine()


def num_usable_cores() -> float:
    """Cores that this process may use: its affinity, cut by the quota of its control group.

    Source: cgroup v2, cpu.max is ``<quota> <period>`` in microseconds, or ``max``.
    """
    cores = float(len(usable_cores()))
    try:
        quota, period = CPU_MAX.read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return cores
    return cores if quota == "max" else min(cores, int(quota) / int(period))


def usable_cores() -> list[int]:
    """The numbers of the cores in this process's affinity."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def multiplies_bf16() -> bool:
    """Whether the processor multiplies bfloat16 itself, by AVX512-BF16, AMX or ARM's BF16, and oneDNN may use that.

    Elsewhere it is emulated: ResNet-18 then trains about 15 times slower than in float32.
    """
    limit = (os.environ.get("ONEDNN_MAX_CPU_ISA") or os.environ.get("DNNL_MAX_CPU_ISA") or "").upper()
    features = cpu_features()
    return any(feature in features and _is_allowed(isa, limit) for feature, isa in _BF16.items())


def _is_allowed(isa: str, limit: str) -> bool:
    if isa not in _ONEDNN_ORDER or limit not in _ONEDNN_ORDER:
        return True
    return _ONEDNN_ORDER.index(isa) <= _ONEDNN_ORDER.index(limit)


def _sysctl(name: str) -> str:
    """A value of macOS's kernel; empty elsewhere."""
    if sys.platform != "darwin":
        return ""
    result = subprocess.run(["/usr/sbin/sysctl", "-n", name], capture_output=True, text=True, check=False)
    return result.stdout.strip()
