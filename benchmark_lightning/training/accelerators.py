"""The devices that a training can be timed on: a CPU, a CUDA GPU and the GPU of Apple's processors (mps)."""

from typing import Any

import torch
from lightning.pytorch.accelerators import CPUAccelerator, CUDAAccelerator, MPSAccelerator

from benchmark_lightning.errors import InputError

_CLASSES = {CPUAccelerator: "cpu", CUDAAccelerator: "cuda", MPSAccelerator: "mps"}
MIB = 2**20


def device_type(accelerator: Any) -> str:
    """``cpu``, ``cuda`` or ``mps``: what the Trainer's ``accelerator`` means on this machine, which may lack it.

    Raises:
        InputError: it means another device, whose times would be wrong.
    """
    match accelerator:
        case "cpu" | "cuda" | "mps":
            return str(accelerator)
        case "auto" | "gpu" | None:
            found = "mps" if torch.backends.mps.is_available() else "cuda"
            return found if accelerator == "gpu" or has_device(found) else "cpu"
    if type(accelerator) in _CLASSES:
        return _CLASSES[type(accelerator)]
    raise InputError(
        f"trainer.accelerator is {accelerator!r}, and a training there cannot be timed; give cpu, gpu, cuda, mps or auto"
    )


def has_device(accelerator: Any) -> bool:
    """Whether this machine has a device of the Trainer's ``accelerator``."""
    match device_type(accelerator):
        case "cuda":
            return torch.cuda.is_available()
        case "mps":
            return torch.backends.mps.is_available()
    return True


def synchronize(device: torch.device) -> None:
    """Waits until the device has done all it was given.

    Raises:
        InputError: nobody here knows how to wait for such a device, so that its times would be wrong.
    """
    match device.type:
        case "cpu":
            pass
        case "cuda":
            torch.cuda.synchronize(device)
        case "mps":
            torch.mps.synchronize()
        case other:
            raise InputError(f"a training on {other} cannot be timed; give trainer.accelerator cpu, gpu, cuda or mps")


def reset_peak_memory(device: torch.device) -> None:
    """Counts the peak of the device's memory from here on, where it is counted."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)


def peak_memory_mib(device: torch.device) -> float | None:
    """The most memory that tensors have taken on the device; None where torch counts no peak: on a CPU and on mps."""
    return torch.cuda.max_memory_allocated(device) / MIB if device.type == "cuda" else None
