"""Energy counters of the machine, where it has any that may be read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch

RAPL_FOLDER = Path("/sys/class/powercap")


class EnergyMeter:
    """Joules used since ``start``, from NVML on a CUDA device and from RAPL on a CPU.

    ``source`` names the counter, and why there is none where ``joules`` gives None. Only the device that trains is
    counted: the GPU board, or all CPU packages of the machine with whatever else they run.
    """

    def __init__(self, device: torch.device) -> None:
        self.source = "unavailable"
        self.reason: str | None = None
        self._counter: _NVML | _RAPL | None = None
        self._joules = 0.0
        try:
            self._counter = _NVML(device) if device.type == "cuda" else _RAPL()
            self._counter.read()
            self.source = self._counter.name
        except Exception as error:  # every driver fails in its own way, and none may stop a training
            self._give_up(error)

    def start(self) -> None:
        self._guarded(lambda counter: counter.start())

    def stop(self) -> None:
        """Adds what was used since ``start``."""
        self._guarded(lambda counter: setattr(self, "_joules", self._joules + counter.since_start()))

    def _guarded(self, use: Callable[[_NVML | _RAPL], None]) -> None:
        """Uses the counter; one that fails on the way is given up."""
        if self._counter is None:
            return
        try:
            use(self._counter)
        except Exception as error:
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        self._counter, self.source, self.reason = None, "unavailable", f"no energy counter: {error}"

    @property
    def joules(self) -> float | None:
        return self._joules if self._counter is not None else None


class _NVML:
    """The total energy counter of one GPU.

    Source: nvmlDeviceGetTotalEnergyConsumption, millijoules since the driver was loaded; Volta and later.
    """

    name = "nvml"

    def __init__(self, device: torch.device) -> None:
        import pynvml

        self._pynvml = pynvml
        pynvml.nvmlInit()
        uuid = str(torch.cuda.get_device_properties(device).uuid)
        self._handle = pynvml.nvmlDeviceGetHandleByUUID(uuid if uuid.startswith("GPU-") else f"GPU-{uuid}")
        self._start = 0.0

    def read(self) -> float:
        return float(self._pynvml.nvmlDeviceGetTotalEnergyConsumption(self._handle)) / 1000

    def start(self) -> None:
        self._start = self.read()

    def since_start(self) -> float:
        return self.read() - self._start


class _RAPL:
    """The energy counters of all CPU packages.

    Source: Linux's powercap interface, microjoules that wrap at max_energy_range_uj.
    """

    name = "rapl"

    def __init__(self) -> None:
        # intel-rapl:0 is a package (AMD's too); intel-rapl:0:0 is a part of it, and a zone named psys holds them all.
        zones = [folder for folder in RAPL_FOLDER.glob("intel-rapl:*") if folder.name.count(":") == 1]
        self._packages = [folder for folder in zones if (folder / "name").read_text().startswith("package")]
        if not self._packages:
            raise OSError("this CPU shows no RAPL counter")
        self._start: list[float] = []

    def read(self) -> list[float]:
        return [int((folder / "energy_uj").read_text()) / 1e6 for folder in self._packages]

    def start(self) -> None:
        self._start = self.read()

    def since_start(self) -> float:
        joules = 0.0
        for folder, start, end in zip(self._packages, self._start, self.read(), strict=True):
            wrapped = int((folder / "max_energy_range_uj").read_text()) / 1e6 if end < start else 0.0
            joules += end - start + wrapped
        return joules
