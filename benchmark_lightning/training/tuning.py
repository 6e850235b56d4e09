"""Which levers of speed suit this processor best for a kind of work, by training a few steps with each in turn."""

import statistics
import time
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn import functional
from torch.optim import Optimizer

from benchmark_lightning.training.allocator import reuse_freed_memory
from benchmark_lightning.training.choices import Choice, Chosen
from benchmark_lightning.training.classifier import Batch, ImageClassifier
from benchmark_lightning.training.contention import ContentionMeter

PRECISIONS = ("32-true", "bf16-mixed")
NUM_ROUNDS = 5
MIN_STEPS = 500  # of a training: measuring takes about 30, and once for all trials of a kind of work
MARGIN = 1.05
FAR_BEHIND = 1.25  # times the default's seconds, after two rounds
DEFAULT = "default"


def measure(model: ImageClassifier, batch: Batch, precision: str) -> Chosen | None:
    """The fastest levers for training ``model`` on such batches on the CPU; None where others disturbed the measurement.

    Another setting than the default has to be clearly faster, so that the choice does not change from run to run.

    Args:
        model: it is trained by this, and not to be used after it.
        precision: one of ``PRECISIONS``.
    """
    if model.hparams["reuse_memory"]:
        reuse_freed_memory()
    choices = candidates(model, precision)
    seconds = _seconds(model, choices, batch, precision)
    if seconds is None:
        return None
    rates = {name: len(batch[1]) / statistics.median(values) for name, values in seconds.items()}
    best = fastest(seconds)
    return Chosen("measured", choices[best], best, rates)


def candidates(model: ImageClassifier, precision: str) -> dict[str, Choice]:
    """Name -> levers: the default, and each other setting that the network takes."""
    nominal = Choice(small_maps=False, winograd=False)
    found = {DEFAULT: Choice()}
    has_channels_last, has_small_maps = model.levers["memory_format"] == "channels_last", model.levers["small_maps"]
    if has_channels_last:
        found["contiguous"] = Choice(channels_last=False)
    if has_small_maps:
        found["nominal maps"] = nominal
    if has_small_maps and precision == "32-true":
        found["no winograd"] = Choice(winograd=False)
    if has_channels_last and has_small_maps:
        found["nominal maps, contiguous"] = nominal._replace(channels_last=False)
    if (num_threads := torch.get_num_threads()) > 2:
        found["half of the threads"] = Choice(num_threads=num_threads // 2)
    return found


def fastest(seconds: Mapping[str, Sequence[float]]) -> str:
    """The name with the least median, or the default unless that is clearly slower, in its best round as well.

    >>> fastest({"default": [1.0, 1.1, 1.2], "contiguous": [0.9, 0.9, 1.3]})
    'contiguous'
    >>> fastest({"default": [0.8, 1.1, 1.2], "contiguous": [0.9, 0.9, 0.9]})
    'default'
    """
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    best = min(medians, key=medians.__getitem__)
    is_clear = medians[DEFAULT] > MARGIN * medians[best] and min(seconds[DEFAULT]) > medians[best]
    return best if is_clear else DEFAULT


def _seconds(
    model: ImageClassifier, choices: Mapping[str, Choice], batch: Batch, precision: str
) -> dict[str, list[float]] | None:
    """Seconds of a step with each choice, round by round, each in the opposite order; what is far behind is left.

    None where others disturb it.
    """
    optimizer, meter = model.train().build_optimizer(), ContentionMeter()
    for choice in choices.values():  # to warm up
        step_seconds(model, choice, batch, precision, optimizer)
    seconds: dict[str, list[float]] = {name: [] for name in choices}
    for turn in range(NUM_ROUNDS):
        names = [name for name in choices if turn < 2 or not _is_far_behind(seconds[name], seconds[DEFAULT])]
        meter.start()
        for name in names[:: -1 if turn % 2 else 1]:
            seconds[name].append(step_seconds(model, choices[name], batch, precision, optimizer))
        meter.stop()
        if meter.summary().get("is_contended"):
            return None
    return seconds


def _is_far_behind(seconds: Sequence[float], of_default: Sequence[float]) -> bool:
    return min(seconds) > FAR_BEHIND * min(of_default)


def step_seconds(model: ImageClassifier, choice: Choice, batch: Batch, precision: str, optimizer: Optimizer) -> float:
    """Seconds of one training step with these levers."""
    model.take(Chosen("measured", choice))
    images, labels = batch
    num_threads = torch.get_num_threads()
    torch.set_num_threads(choice.num_threads or num_threads)
    try:
        started = time.perf_counter()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision == "bf16-mixed"):
            loss: Tensor = functional.cross_entropy(model(images), labels)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        optimizer.zero_grad()
        return time.perf_counter() - started
    finally:
        torch.set_num_threads(num_threads)
