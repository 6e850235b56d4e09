"""Where the time of a step goes, from a short pass of its own: a timed run is never looked into."""

import statistics
from typing import Any

import lightning.pytorch as L
from torch.nn import functional

from benchmark_lightning.training.classifier import ImageClassifier
from benchmark_lightning.training.clocks import Stopwatch
from benchmark_lightning.training.data import ImageData

PARTS = ("data", "forward", "backward", "optimizer")
NUM_STEPS = 10
NUM_WARMUP_STEPS = 3


def time_parts(model: ImageClassifier, data: ImageData, trainer: L.Trainer) -> dict[str, Any]:
    """Seconds of each part of a training step, every value and the median; trains the model a few steps further.

    The device is synchronised after each part, so the parts add up to more than a step that overlaps them.
    """
    device = trainer.strategy.root_device
    model.to(device).train()
    optimizer = model.build_optimizer()
    seconds: dict[str, list[float]] = {part: [] for part in PARTS}
    batches = iter(data.train_dataloader())
    for step in range(NUM_WARMUP_STEPS + NUM_STEPS):
        watches = {part: Stopwatch(device) for part in PARTS}
        with watches["data"]:
            positions = next(batches, None)
            if positions is None:
                batches = iter(data.train_dataloader())
                positions = next(batches)
            images, labels = data.on_after_batch_transfer(positions.to(device), 0)
        with watches["forward"], trainer.precision_plugin.train_step_context():
            loss = functional.cross_entropy(model.train_logits(images), labels)
        with watches["backward"]:
            loss.backward()  # type: ignore[no-untyped-call]
        with watches["optimizer"]:
            optimizer.step()
            optimizer.zero_grad()
        if step >= NUM_WARMUP_STEPS:
            for part, watch in watches.items():
                seconds[part].append(watch.seconds)
    return {
        "seconds": seconds,
        "median_seconds": {part: statistics.median(values) for part, values in seconds.items()},
        "num_warmup_steps": NUM_WARMUP_STEPS,
    }
