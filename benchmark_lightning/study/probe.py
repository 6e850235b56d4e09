"""How long a trial will take that no record speaks of: from a few timed steps, in a process of its own."""

import math
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import lightning.pytorch as L
from lightning.pytorch.callbacks import Callback

from benchmark_lightning.study.svm import build_classifier, svm_parser
from benchmark_lightning.training.cli import network_parser, quiet, trainer_precision
from benchmark_lightning.training.clocks import synchronize
from benchmark_lightning.training.data import ImageData

NUM_STEPS = 4
SVM_SIZES = (1000, 2000)
EVALUATION_COST = 1 / 3  # of an image in training: the forward pass alone


def probe_network(arguments: Sequence[str], on_progress: Callable[[dict[str, Any]], None]) -> float:
    """Seconds that a network's trial will take, from the median of a few steps."""
    quiet()
    parser = network_parser()
    config = parser.parse_args(list(arguments))
    built = parser.build(config)
    settings, timer = config.trainer.as_dict(), _StepTimer()
    settings |= {"logger": False, "enable_progress_bar": False, "enable_checkpointing": False}
    settings["precision"] = trainer_precision(settings).effective
    limits: dict[str, Any] = {
        "max_epochs": NUM_STEPS + 1,
        "max_steps": NUM_STEPS + 1,
        "min_epochs": None,
        "min_steps": None,
    }
    limits |= {"limit_train_batches": NUM_STEPS + 1, "limit_val_batches": 0, "callbacks": [timer]}
    L.Trainer(**{**settings, **limits}).fit(built.model, built.data)
    steps = (after - before for before, after in zip(timer.ends, timer.ends[1:], strict=False))
    seconds_an_image = statistics.median(steps) / built.data.batch_size
    return float(seconds_an_image * _num_images(built.data, settings))


def _num_images(data: ImageData, settings: dict[str, Any]) -> float:
    """Images in all epochs, those that are only evaluated counted by what they cost."""
    num_batches = _limited(len(data.parts.train) // data.batch_size, settings["limit_train_batches"])
    num_epochs = settings["max_epochs"] if (settings["max_epochs"] or 0) > 0 else 1
    num_steps = num_batches * num_epochs
    if settings["max_steps"] > 0:
        num_steps = min(num_steps, settings["max_steps"])
        num_epochs = math.ceil(num_steps / num_batches)
    num_val, num_test = (
        min(_limited(math.ceil(len(part) / data.eval_batch_size), limit) * data.eval_batch_size, len(part))
        for part, limit in (
            (data.parts.val, settings["limit_val_batches"]),
            (data.parts.test, settings["limit_test_batches"]),
        )
    )
    return num_steps * data.batch_size + (num_val * num_epochs + num_test) * EVALUATION_COST


def _limited(num_batches: int, limit: int | float | None) -> int:
    """Batches under a ``limit_*_batches`` of the Trainer: a number of them, or a share."""
    if limit is None:
        return num_batches
    return min(num_batches, limit) if isinstance(limit, int) else int(num_batches * limit)


class _StepTimer(Callback):
    """Notes when each step has ended."""

    def __init__(self) -> None:
        self.ends: list[float] = []

    def on_train_batch_end(self, trainer: L.Trainer, *what: Any) -> None:
        synchronize(trainer.strategy.root_device)
        self.ends.append(time.perf_counter())


def probe_svm(arguments: Sequence[str], on_progress: Callable[[dict[str, Any]], None]) -> float:
    """Seconds that an SVM's trial will take, grown from two small parts by the power law between them."""
    parser = svm_parser()
    built = parser.build(parser.parse_args(list(arguments)))
    features, labels = built.data.arrays("train")
    fits, predictions = [], []
    for size in SVM_SIZES:
        classifier = build_classifier(built.svm, seed=0)
        started = time.perf_counter()
        classifier.fit(features[:size], labels[:size])
        fits.append(time.perf_counter() - started)
        started = time.perf_counter()
        classifier.predict(features[:size])
        predictions.append((time.perf_counter() - started) / min(size, len(labels)))
    growth = max(1.0, len(labels) / SVM_SIZES[1])
    exponent = min(3.0, max(1.0, math.log(fits[1] / fits[0]) / math.log(SVM_SIZES[1] / SVM_SIZES[0])))
    num_predicted = len(built.data.parts.val) + len(built.data.parts.test)
    return float(fits[1] * growth**exponent + predictions[1] * growth * num_predicted)
