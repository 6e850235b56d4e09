"""Progress bar and lines while a model trains."""

import sys

import lightning.pytorch as L
from lightning.pytorch.callbacks import Callback, RichProgressBar

from benchmark_lightning.training.clocks import Clocks

SHOWN = ("train/loss", "val/loss", "val/accuracy")


def progress_callbacks(clocks: Clocks) -> list[Callback]:
    """A line an epoch and, in a terminal, a live bar."""
    bar: list[Callback] = [RichProgressBar()] if sys.stdout.isatty() else []
    return [*bar, EpochLines(clocks)]


class EpochLines(Callback):
    """Prints one line an epoch: losses, accuracy, seconds of training and images per second."""

    def __init__(self, clocks: Clocks) -> None:
        self._clocks = clocks

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        if not trainer.is_global_zero or not self._clocks.curves:
            return
        row = self._clocks.curves[-1]
        parts = [f"epoch {trainer.current_epoch + 1}/{trainer.max_epochs}"]
        parts += [f"{name} {row[name]:.4f}" for name in SHOWN if name in row]
        parts.append(f"{row['fit_seconds']:.1f} s of training")
        if self._clocks.images_per_second:
            parts.append(f"{self._clocks.images_per_second[-1]:,.0f} images/s")
        progress_bar = trainer.progress_bar_callback
        line = "  ".join(parts)
        if isinstance(progress_bar, RichProgressBar):
            progress_bar.print(line)
        else:
            sys.stdout.write(line + "\n")
            sys.stdout.flush()
