"""This machine and its performance, measured in less than a minute."""

import contextlib
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import lightning.pytorch as L
import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor
from torch.nn import functional

from benchmark_lightning.study.environment import describe_environment
from benchmark_lightning.training.accelerators import has_device, synchronize
from benchmark_lightning.training.allocator import reuse_freed_memory
from benchmark_lightning.training.choices import Chosen, cache_path, known_choices
from benchmark_lightning.training.classifier import ImageClassifier
from benchmark_lightning.training.cli import quiet
from benchmark_lightning.training.clocks import NUM_WARMUP_BATCHES, Clocks, Stopwatch
from benchmark_lightning.training.contention import ProcessorUse, processor_use
from benchmark_lightning.training.data import ImageData, Pool
from benchmark_lightning.training.precision import precision_for
from benchmark_lightning.training.processor import instructions, multiplies_bf16

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
NUM_ROUNDS = 4
NUM_STEPS = 12
BATCH_SIZE = 64
LOADER_IMAGES = 60_000


class Noise(ImageData):
    """Random images, as many as MNIST has for training: what a machine can do does not depend on what they show."""

    class_names, mean, std = tuple("0123456789"), (0.5,), (0.29,)

    def load(self) -> Pool:
        images = torch.randint(0, 256, (LOADER_IMAGES, 1, 28, 28), dtype=torch.uint8)
        return Pool(images, torch.arange(LOADER_IMAGES) % self.num_classes, num_train=None)


def devices() -> list[torch.device]:
    """The CPU and the first GPU, if there is one."""
    return [torch.device("cpu"), *(torch.device(name, 0) for name in ("cuda", "mps") if has_device(name))]


def measure_peaks(on_progress: Callable[[dict[str, Any]], None] = lambda event: None) -> dict[str, dict[str, float]]:
    """Operations per second of the fastest of several matrix products, by device and number format.

    A GPU has ``tf32`` as well: float32 numbers multiplied as cuDNN's convolutions do by default.
    """
    reuse_freed_memory()  # as a fit does
    peaks: dict[str, dict[str, float]] = {device.type: {} for device in devices()}
    for device in devices():
        for name, dtype in DTYPES.items():
            with contextlib.suppress(RuntimeError, TypeError):  # a GPU of Apple's may lack a format
                peaks[device.type][name] = _peak(device, dtype)
    if "cuda" in peaks:
        usual = torch.get_float32_matmul_precision()
        torch.set_float32_matmul_precision("high")
        try:
            peaks["cuda"]["tf32"] = _peak(torch.device("cuda", 0), torch.float32)
        finally:
            torch.set_float32_matmul_precision(usual)
    return peaks


def _peak(device: torch.device, dtype: torch.dtype) -> float:
    """2 n^3 operations over the least seconds, n doubled until a product takes 30 ms or n is 8,192."""
    size, best = 256, 0.0
    while True:
        left, right = (torch.randn(size, size, device=device).to(dtype) for _ in range(2))
        seconds = _least_seconds(lambda left=left, right=right: left @ right, device)  # type: ignore[misc]
        best = max(best, 2 * size**3 / seconds)
        if seconds > 0.03 or size == 8192:
            return best
        size *= 2


def _least_seconds(function: Callable[[], Any], device: torch.device, repeats: int = 5) -> float:
    function()
    seconds = []
    for _ in range(repeats):
        with Stopwatch(device) as watch:
            function()
        seconds.append(watch.seconds)
    return min(seconds)


def memory_bandwidth(device: torch.device) -> float:
    """Bytes per second of a copy of 256 MiB, reads and writes counted."""
    source = torch.ones(256 * 2**20, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    return 2 * source.numel() / _least_seconds(lambda: target.copy_(source), device)


def launch_seconds(device: torch.device, num_launches: int = 2000) -> float:
    """Seconds to hand one operation on one number to the device."""
    number = torch.zeros(1, device=device)

    def launch_all() -> None:
        for _ in range(num_launches):
            number.add_(1)

    return _least_seconds(launch_all, device, repeats=3) / num_launches


def timer_resolution() -> float:
    """The smallest step of the clock that all measurements read, in seconds."""
    steps = []
    for _ in range(1000):
        start = now = time.perf_counter()
        while now == start:
            now = time.perf_counter()
        steps.append(now - start)
    return min(steps)


def loader_rate(device: torch.device) -> float:
    """Images per second out of the loader, gathered and normalised on the device, with nothing to train."""
    data = Noise(batch_size=BATCH_SIZE)
    data.on_after_batch_transfer(torch.zeros(1, dtype=torch.long, device=device), 0)
    with Stopwatch(device) as watch:
        for positions in data.train_dataloader():
            data.on_after_batch_transfer(positions.to(device), 0)
    return len(data.parts.train) / watch.seconds


def compare_trainer(device: torch.device, num_rounds: int = NUM_ROUNDS) -> dict[str, Any]:
    """A bare loop beside itself and beside the Trainer, on the same model and batches, in turn.

    Returns:
        Steps per second of each round, and the ratios of the rounds: ``noise_ratios`` of two bare loops, and
        ``trainer_ratios`` of the bare loop over the Trainer: 1.02 is two percent of overhead.
    """
    data = Noise(batch_size=BATCH_SIZE)
    rounds: dict[str, list[float]] = {"bare": [], "bare again": [], "trainer": []}
    reuse_freed_memory()  # as a fit does
    for turn in range(num_rounds):
        first = turn % len(rounds)
        for name in (*list(rounds)[first:], *list(rounds)[:first]):
            model, rates = ImageClassifier(), rounds[name]
            rates.append(_trainer_rate(model, data, device) if name == "trainer" else _bare_rate(model, data, device))
    pairs = list(zip(*rounds.values(), strict=True))
    return {
        "steps_per_second": rounds,
        "noise_ratios": [again / bare for bare, again, _ in pairs],
        "trainer_ratios": [(bare + again) / 2 / trainer for bare, again, trainer in pairs],
    }


def compare_precisions(device: torch.device, num_rounds: int = 2) -> dict[str, list[float]]:
    """Images per second of a bare loop of ResNet-18 in each precision that the device computes in itself, in turn."""
    has_mixed = device.type != "cpu" or multiplies_bf16()
    rates: dict[str, list[float]] = {"32-true": [], **({"bf16-mixed": []} if has_mixed else {})}
    data = Noise(batch_size=BATCH_SIZE)
    for turn in range(num_rounds):
        for precision in list(rates)[:: -1 if turn % 2 else 1]:
            rate = _bare_rate(ImageClassifier(), data, device, precision)
            rates[precision].append(rate * BATCH_SIZE)
    return rates


def _bare_rate(model: ImageClassifier, data: ImageData, device: torch.device, precision: str = "32-true") -> float:
    model.to(device).train()
    optimizer = model.build_optimizer()
    watch = Stopwatch(device)
    for step, positions in enumerate(data.train_dataloader()):
        if step == NUM_WARMUP_BATCHES:
            watch.start()
        if step == NUM_WARMUP_BATCHES + NUM_STEPS:
            break
        images, labels = data.on_after_batch_transfer(positions.to(device), 0)
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=precision != "32-true"):
            loss = functional.cross_entropy(model(images), labels)
        _step(loss, optimizer)
    watch.stop()
    return NUM_STEPS / watch.seconds


def _step(loss: Tensor, optimizer: torch.optim.Optimizer) -> None:
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    optimizer.zero_grad()


def _trainer_rate(model: ImageClassifier, data: ImageData, device: torch.device) -> float:
    clocks = Clocks()
    trainer = L.Trainer(
        accelerator=device.type,
        devices=1,
        max_epochs=1,
        limit_train_batches=NUM_WARMUP_BATCHES + NUM_STEPS,
        limit_val_batches=0,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=[clocks],
    )
    trainer.fit(model, data)
    synchronize(device)
    return clocks.images_per_second[0] / BATCH_SIZE


def describe_machine() -> dict[str, Any]:
    """Everything that ``machine`` shows, as plain JSON."""
    quiet()
    use = processor_use(seconds=1.0)
    peaks = measure_peaks()
    return {
        "processor_use": use._asdict(),
        "environment": describe_environment(devices()[-1]),
        "levers": {work: chosen._asdict() for work, chosen in known_choices().items()},
        "timer_resolution_seconds": timer_resolution(),
        "devices": {
            device.type: {
                "peak_flops_per_second": peaks[device.type],
                "memory_bytes_per_second": memory_bandwidth(device),
                "launch_seconds": launch_seconds(device),
                "loader_images_per_second": loader_rate(device),
                "precision_images_per_second": compare_precisions(device),
                **compare_trainer(device),
            }
            for device in devices()
        },
    }


def precision_advice(device_type: str, rates: Mapping[str, Sequence[float]]) -> str:
    """The rate of each precision, the one to choose, and the one that ``16-mixed`` runs as."""
    medians = {precision: statistics.median(values) for precision, values in rates.items()}
    told = ", ".join(f"{precision} {rate:,.0f} images/s" for precision, rate in medians.items())
    best = max(medians, key=lambda precision: medians[precision])
    line = f"{told} (resnet18, batch {BATCH_SIZE}): choose {best}"
    mixed = precision_for("16-mixed", is_on_cpu=device_type == "cpu")
    return line if mixed.why is None else f"{line}; 16-mixed runs as {mixed.effective}, as {mixed.why}"


def print_machine(machine: dict[str, Any]) -> None:
    """The table for people."""
    environment = machine["environment"]
    table = Table(title=environment["machine"], show_header=False)
    table.add_row(
        "processor",
        f"{environment['cpu']}, {environment['num_cores']:g} usable cores, {environment['num_threads']} threads",
    )
    features = " ".join(environment["cpu_features"])
    table.add_row("instructions", f"{instructions()} ({features}); torch uses {environment['cpu_capability']}")
    table.add_row("used by others", str(ProcessorUse(**machine["processor_use"])))
    table.add_row("memory", f"{environment['memory_gib']:.0f} GiB")
    table.add_row("GPU", ", ".join(environment["gpus"]) or "none")
    table.add_row("timer", f"{machine['timer_resolution_seconds'] * 1e9:.0f} ns")
    for name, device in machine["devices"].items():
        peaks = ", ".join(f"{dtype} {flops / 1e9:,.0f}" for dtype, flops in device["peak_flops_per_second"].items())
        noise, overhead = device["noise_ratios"], device["trainer_ratios"]
        table.add_section()
        table.add_row(f"{name}: matrix products, GFLOP/s", peaks)
        table.add_row(f"{name}: memory", f"{device['memory_bytes_per_second'] / 1e9:,.1f} GB/s")
        table.add_row(f"{name}: launch", f"{device['launch_seconds'] * 1e6:.2f} us")
        table.add_row(f"{name}: precision", precision_advice(name, device["precision_images_per_second"]))
        table.add_row(f"{name}: loader", f"{device['loader_images_per_second']:,.0f} images/s")
        table.add_row(
            f"{name}: noise of two identical runs",
            f"ratio {statistics.median(noise):.3f} ({min(noise):.3f} to {max(noise):.3f})",
        )
        table.add_row(
            f"{name}: bare loop over Trainer",
            f"ratio {statistics.median(overhead):.3f} ({min(overhead):.3f} to {max(overhead):.3f}), resnet18, batch {BATCH_SIZE}",
        )
    table.add_section()
    for work, content in machine["levers"].items():
        chosen = Chosen(**content)
        rates = ", ".join(f"{name} {rate:,.0f}" for name, rate in chosen.images_per_second.items())
        table.add_row(f"levers: {work}", f"{chosen.name} (images/s: {rates})")
    known = f"measured before; to forget them, delete {cache_path()}"
    table.add_row("levers", known if machine["levers"] else "none measured yet: a sweep does, before long trials")
    Console(soft_wrap=True, markup=False, highlight=False).print(table)
