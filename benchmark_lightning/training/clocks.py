"""The costs of a training: the seconds of each phase, steady throughput, memory and energy.

The fit clock runs while the model trains and stands still during validation, logging and checkpoints. The device is
synchronised where the clock starts and stops, and once after warm-up; nothing is read inside.
"""

import math
import resource
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any, Self

import lightning.pytorch as L
import torch
from lightning.pytorch.callbacks import Callback

from benchmark_lightning.training.accelerators import MIB, peak_memory_mib, reset_peak_memory, synchronize
from benchmark_lightning.training.contention import ContentionMeter
from benchmark_lightning.training.energy import EnergyMeter

TARGETS = (0.9, 0.91, 0.92, 0.93, 0.94, 0.95, 0.96, 0.97, 0.98, 0.985, 0.99, 0.995)  # validation accuracies
NUM_WARMUP_BATCHES = 10


class DivergedError(RuntimeError):
    """The training loss is no longer a number."""


class Stopwatch:
    """Seconds that add up over starts and stops, or ``with`` blocks, with the device synchronised at each."""

    def __init__(self, device: torch.device | None = None) -> None:
        self.seconds = 0.0
        self.device = device or torch.device("cpu")
        self._started_at: float | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    @property
    def is_running(self) -> bool:
        return self._started_at is not None

    def start(self) -> None:
        synchronize(self.device)
        self._started_at = time.perf_counter()

    def stop(self) -> None:
        if self._started_at is not None:
            self.seconds = self.read()
            self._started_at = None

    def read(self) -> float:
        """Seconds up to now, once the device has done what it was given."""
        if self._started_at is None:
            return self.seconds
        synchronize(self.device)
        return self.seconds + time.perf_counter() - self._started_at


class Clocks(Callback):
    """Times the phases of a Trainer and keeps the metrics of each epoch.

    ``summary`` gives clocks, throughput, memory and energy as a record holds them; ``curves`` the metrics by epoch,
    with ``fit_seconds`` of all training up to the end of that epoch.

    Raises:
        DivergedError: the mean training loss of an epoch is not finite.
    """

    def __init__(self) -> None:
        self.curves: list[dict[str, float]] = []
        self.images_per_second: list[float] = []
        self.first_batch_seconds: float | None = None
        self.watches = {phase: Stopwatch() for phase in ("setup", "fit", "validation", "test", "predict")}
        self._energy = EnergyMeter(torch.device("cpu"))
        self._contention = ContentionMeter()
        self._device = torch.device("cpu")
        self._is_validated = False
        self._num_batches = 0
        self._num_images = 0
        self._steady_since: tuple[float, int] | None = None  # fit seconds and images where this stretch began
        self.watches["setup"].start()

    @property
    def _fit(self) -> Stopwatch:
        return self.watches["fit"]

    def setup(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        device = self._device = trainer.strategy.root_device
        for watch in self.watches.values():
            watch.device = device
        if stage == "fit":
            self._energy = EnergyMeter(device)
            reset_peak_memory(device)

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self.watches["setup"].stop()

    def on_train_epoch_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self._start_fit()
        if self._num_batches >= NUM_WARMUP_BATCHES:
            self._steady_since = (self._fit.seconds, self._num_images)

    def on_train_batch_start(
        self, trainer: L.Trainer, pl_module: L.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        if not self._fit.is_running:  # after a validation in the middle of an epoch
            self._start_fit()

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        self._num_batches += 1
        self._num_images += len(batch[1]) * trainer.world_size
        if self._num_batches == 1:
            self.first_batch_seconds = self._fit.read()
        if self._num_batches == NUM_WARMUP_BATCHES:
            self._steady_since = (self._fit.read(), self._num_images)

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self._stop_fit()
        if self._steady_since is not None:
            seconds, num_images = self._steady_since
            if self._num_images > num_images:
                rate = (self._num_images - num_images) / (self._fit.seconds - seconds)
                self.images_per_second.append(rate)
                pl_module.log("clock/images_per_second", rate, sync_dist=True)
        pl_module.log("clock/fit_seconds", self._fit.seconds, sync_dist=True)
        metrics = {name: float(value) for name, value in trainer.callback_metrics.items()}
        # Lightning keeps the values of an earlier epoch where this one had no validation.
        parts = ("train/", "val/") if self._is_validated else ("train/",)
        measured = {name: value for name, value in metrics.items() if name.startswith(parts)}
        self._is_validated = False
        self.curves.append({"epoch": trainer.current_epoch, **measured, "fit_seconds": self._fit.seconds})
        if not math.isfinite(metrics.get("train/loss", 0.0)):
            raise DivergedError(
                f"the training loss is {metrics['train/loss']} in epoch {trainer.current_epoch}; lower model.lr"
            )

    def on_validation_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self._stop_fit()
        if not trainer.sanity_checking:
            self.watches["validation"].start()

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self._is_validated = True
        self.watches["validation"].stop()

    def on_test_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self.watches["test"].start()

    def on_test_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self.watches["test"].stop()

    def on_predict_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self.watches["predict"].start()

    def on_predict_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self.watches["predict"].stop()

    def on_exception(self, trainer: L.Trainer, pl_module: L.LightningModule, exception: BaseException) -> None:
        for watch in self.watches.values():
            watch.device = torch.device("cpu")  # after a device error, waiting for the device would raise again
        self._stop_fit()
        for watch in self.watches.values():
            watch.stop()

    def _start_fit(self) -> None:
        self._contention.start()
        self._energy.start()
        self._fit.start()

    def _stop_fit(self) -> None:
        if self._fit.is_running:
            self._fit.stop()
            self._energy.stop()
            self._contention.stop()

    def summary(self) -> dict[str, dict[str, Any]]:
        """Clocks, throughput, memory, energy and contention; what was not measured is None, with its reason in ``reasons``."""
        clocks: dict[str, Any] = {f"{phase}_seconds": watch.seconds or None for phase, watch in self.watches.items()}
        clocks["first_batch_seconds"] = self.first_batch_seconds
        device = self._device
        peak_device_mib = peak_memory_mib(device)
        median = statistics.median(self.images_per_second) if self.images_per_second else None
        reasons = {f"clocks.{name}": "this phase did not run" for name, seconds in clocks.items() if seconds is None}
        if median is None:
            reasons["throughput.median_images_per_second"] = (
                f"no epoch went past the {NUM_WARMUP_BATCHES} warm-up batches"
            )
        if peak_device_mib is None:
            reasons["memory.peak_device_mib"] = f"torch counts no peak of the memory of a {device.type} device"
        if self._energy.joules is None:
            reasons["energy.joules"] = self._energy.reason or "not measured"
        reasons |= self._contention.reasons()
        clocks["time_to_accuracy_seconds"] = time_to_accuracy(self.curves)
        return {
            "clocks": clocks,
            "throughput": {
                "images_per_second": self.images_per_second,
                "median_images_per_second": median,
                "num_warmup_batches": NUM_WARMUP_BATCHES,
            },
            "memory": {
                "peak_rss_mib": peak_rss_mib(),
                "peak_device_mib": peak_device_mib,
            },
            "energy": {"joules": self._energy.joules, "source": self._energy.source},
            "contention": self._contention.summary(),
            "reasons": reasons,
        }


def time_to_accuracy(curves: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Seconds of training until the validation accuracy first reaches each of ``TARGETS`` that it does reach.

    >>> time_to_accuracy([{"fit_seconds": 9.0, "val/accuracy": 0.91}, {"fit_seconds": 18.0, "val/accuracy": 0.93}])
    {'0.9': 9.0, '0.91': 9.0, '0.92': 18.0, '0.93': 18.0}
    """
    reached = {}
    for target in TARGETS:
        seconds = [row["fit_seconds"] for row in curves if row.get("val/accuracy", 0.0) >= target]
        if seconds:
            reached[str(target)] = seconds[0]
    return reached


def peak_rss_mib() -> float:
    """The largest resident memory of this process so far.

    Source: getrusage(2), which counts in KiB, on macOS in bytes.
    """
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (MIB if sys.platform == "darwin" else 1024)
