"""Which machine a record is of: all that decides its speed, and a name that no other machine of a report has."""

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

LONGEST = 60  # letters of a name that are shown


def machine_id(environment: Mapping[str, Any]) -> str:
    """Ten hexadecimal digits of the processor, its cores and instruction sets, the memory and the GPUs.

    A value that an old record lacks is unknown, which equals nothing but unknown.
    """
    return hashlib.sha256(json.dumps(_traits(environment), sort_keys=True, default=str).encode()).hexdigest()[:10]


def _traits(environment: Mapping[str, Any]) -> dict[str, Any]:
    memory = environment.get("memory_gib")
    return {
        "machine": environment.get("machine"),
        "cpu": environment.get("cpu"),
        "cores": environment.get("num_cores"),
        "model": environment.get("cpu_model"),
        "capability": environment.get("cpu_capability"),
        "features": environment.get("cpu_features"),
        "GiB": math.ceil(memory) if isinstance(memory, int | float) and math.isfinite(memory) else None,
        "GPUs": environment.get("gpus"),
    }


def machine_names(environments: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """``machine_id`` -> the name that the record gives, with what tells it from others of that name.

    >>> machines = [{"machine": "AMD EPYC, 2 cores", "cpu_capability": name} for name in ("AVX2", "AVX512")]
    >>> sorted(machine_names(machines).values())
    ['AMD EPYC, 2 cores (capability AVX2)', 'AMD EPYC, 2 cores (capability AVX512)']
    """
    traits = {machine_id(environment): _traits(environment) for environment in environments}
    names = {}
    for identity, own in traits.items():
        alike = [other for other in traits.values() if other["machine"] == own["machine"]]
        telling = [key for key in own if any(other[key] != own[key] for other in alike)]
        details = ", ".join(f"{key} {_text(own[key])}" for key in telling)
        name = _text(own["machine"])
        names[identity] = f"{name} ({details})" if details else name
    return names


def _text(value: Any) -> str:
    if value is None:
        return "unknown"
    text = " ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
