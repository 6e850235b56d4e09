"""Energy counters of the machine, where it has any that may be read."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import torch

RAPL_FOLDER = Path("/sys/class/powercap")
MAX_PACKAGE_WATTS = 1000.0  # more than any processor takes: how soon a counter may wrap again


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
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        try:
            if device.type not in ("cpu", "cuda"):
                raise OSError(f"none is read of a {device.type} device")
            self._counter = _NVML(device) if device.type == "cuda" else _RAPL()
            self._counter.read()
            self.source = self._counter.name
        except Exception as error:  # every driver fails in its own way, and none may stop a training
            self._give_up(error)

    def start(self) -> None:
        self._guarded(lambda counter: counter.start())
        counter = self._counter
        if counter is not None and counter.seconds_to_wrap is not None:
            self._stopped = threading.Event()
            threading.Thread(
                target=self._sample, args=(counter.seconds_to_wrap / 2, self._stopped), daemon=True
            ).start()

    def stop(self) -> None:
        """Adds what was used since ``start``."""
        self._stopped.set()
        self._guarded(self._add)

    def _sample(self, seconds: float, stopped: threading.Event) -> None:
        """Reads a counter before it can wrap twice: every few minutes, which no training notices."""
        while not stopped.wait(seconds):
            self._guarded(self._add)

    def _add(self, counter: _NVML | _RAPL) -> None:
        self._joules += counter.since_last()

    def _guarded(self, use: Callable[[_NVML | _RAPL], None]) -> None:
        """Uses the counter; one that fails on the way is given up."""
        with self._lock:
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
    seconds_to_wrap: float | None = None  # 64 bits of millijoules

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

    def since_last(self) -> float:
        """Joules since this was last asked for, or since the start."""
        last, self._start = self._start, self.read()
        return self._start - last


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
        self._ranges = [_read_joules(folder / "max_energy_range_uj") for folder in self._packages]
        known = [joules for joules in self._ranges if joules]
        self.seconds_to_wrap = min(known) / MAX_PACKAGE_WATTS if known else None
        self._start: list[float] = []
        self._read_at = 0.0

    def read(self) -> list[float]:
        self._read_at = time.monotonic()
        return [int((folder / "energy_uj").read_text()) / 1e6 for folder in self._packages]

    def start(self) -> None:
        self._start = self.read()

    def since_last(self) -> float:
        """Joules since this was last asked for, or since the start.

        Raises:
            OSError: that is so long ago that a counter may have wrapped twice.
        """
        last_read_at, last, self._start = self._read_at, self._start, self.read()
        gap = self._read_at - last_read_at
        if self.seconds_to_wrap is not None and gap > self.seconds_to_wrap:
            raise OSError(f"it was not read for {gap:.0f} s, in which it may have wrapped twice")
        return sum(
            end - start if end >= start else end - start + joules
            for start, end, joules in zip(last, self._start, self._ranges, strict=True)
        )


def _read_joules(path: Path) -> float:
    """Microjoules in a file, as joules; 0 where there is no such file."""
    return int(path.read_text()) / 1e6 if path.is_file() else 0.0
