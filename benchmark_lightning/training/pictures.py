"""Pictures for TensorBoard besides the curves: the confusion matrix, the worst mistakes and the hyperparameters."""

from typing import Any

import lightning.pytorch as L
import numpy as np
import torch
from lightning.pytorch.callbacks import Callback, ModelCheckpoint
from lightning.pytorch.loggers import TensorBoardLogger
from matplotlib.figure import Figure
from torch import Tensor

from benchmark_lightning.training.classifier import Batch, ImageClassifier
from benchmark_lightning.training.data import ImageData

NUM_MISTAKES = 24
MOST_TIMES_LARGER = 3  # than for 12 classes: a confusion matrix of more than 36 shows colours alone


class Pictures(Callback):
    """Draws, at the end of a fit and of a test, what the model confuses.

    The mistakes are the images of which the model was surest while it was wrong. They are kept on the device: no
    step waits for it.
    """

    def __init__(self, parts: tuple[str, ...] = ("val", "test")) -> None:
        self.parts = parts
        self._mistakes: dict[str, Tensor] = {}

    def on_validation_epoch_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self._mistakes.clear()

    def on_test_epoch_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self._mistakes.clear()

    def on_validation_batch_end(  # the signature is Lightning's
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Any, *where: int
    ) -> None:
        self._collect(outputs, batch)

    def on_test_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Any, *where: int
    ) -> None:
        self._collect(outputs, batch)

    def on_train_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Draws the last validation."""
        self._show(trainer, pl_module, "val")

    def on_test_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self._show(trainer, pl_module, "test")

    def on_fit_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Writes the hyperparameters with the best validation accuracy: one line of TensorBoard's HPARAMS."""
        board = _board(trainer)
        best = next((c.best_model_score for c in trainer.checkpoint_callbacks if isinstance(c, ModelCheckpoint)), None)
        data = trainer.datamodule  # type: ignore[attr-defined]  # Lightning sets it without declaring it
        if board is None or best is None or not isinstance(data, ImageData):
            return
        hyperparameters = {
            **pl_module.hparams,
            "data": data.dataset,
            "batch_size": data.batch_size,
            "train_fraction": data.train_fraction,
            "precision": str(trainer.precision),
        }
        board.log_hyperparams(hyperparameters, {"hp/best_val_accuracy": float(best)}, step=trainer.global_step)

    def _collect(self, probabilities: Tensor, batch: Batch) -> None:
        """Keeps the mistakes made with the highest probability so far."""
        images, labels = batch
        confidence, predicted = probabilities.max(dim=1)
        confidence = confidence.where(predicted != labels, -1.0)
        seen = {"confidence": confidence, "predicted": predicted, "labels": labels, "images": images}
        if self._mistakes:
            seen = {name: torch.cat([self._mistakes[name], values]) for name, values in seen.items()}
        worst = seen["confidence"].topk(min(NUM_MISTAKES, len(seen["confidence"]))).indices
        self._mistakes = {name: values[worst] for name, values in seen.items()}

    def _show(self, trainer: L.Trainer, pl_module: L.LightningModule, part: str) -> None:
        board = _board(trainer)
        data = trainer.datamodule  # type: ignore[attr-defined]
        if not isinstance(pl_module, ImageClassifier) or not isinstance(data, ImageData):
            return
        if part not in self.parts or not self._mistakes:  # not asked for, or nothing was evaluated
            return
        counts = pl_module.confusion.compute()  # adds up over all processes, so each of them comes here
        if board is None:
            return
        writer, step = board.experiment, trainer.global_step
        writer.add_figure(f"{part}/confusion_matrix", draw_confusion_matrix(counts, data.class_names), step)
        is_mistake = self._mistakes["confidence"] >= 0
        mistakes = {name: values[is_mistake].float().cpu() for name, values in self._mistakes.items()}
        if len(mistakes["images"]):
            writer.add_figure(f"{part}/surest_mistakes", draw_mistakes(mistakes, data.class_names), step)


def draw_confusion_matrix(counts: Tensor, class_names: tuple[str, ...]) -> Figure:
    """The counts ``(C, C)``, rows true and columns predicted, coloured by the share of the row."""
    shares = (counts / counts.sum(dim=1, keepdim=True).clamp(min=1)).cpu().numpy()
    num_classes = len(class_names)
    side = min(max(1.0, num_classes / 12), MOST_TIMES_LARGER)
    figure = Figure(figsize=(7 * side, 6.4 * side))
    axes = figure.add_axes((0.16, 0.16, 0.82, 0.79))  # by hand: a layout engine takes longer than all the rest
    axes.imshow(shares, cmap="viridis", vmin=0, vmax=1)
    axes.set(xlabel="predicted", ylabel="true", title="Confusion matrix (images)")
    if num_classes > 12 * MOST_TIMES_LARGER:  # neither names nor counts could be read
        return figure
    ticks = range(num_classes)
    axes.set_xticks(ticks, class_names, rotation=45, ha="right")
    axes.set_yticks(ticks, class_names)
    for row in ticks:
        for column in ticks:
            colour = "black" if shares[row, column] > 0.6 else "white"
            axes.text(column, row, str(int(counts[row, column])), ha="center", va="center", color=colour, fontsize=8)
    return figure


def draw_mistakes(mistakes: dict[str, Tensor], class_names: tuple[str, ...]) -> Figure:
    """A grid of wrongly classified images, the surest first, each with what it is and what it was taken for."""
    images = mistakes["images"]
    if images.shape[1] not in (1, 3):
        images = images.mean(dim=1, keepdim=True)
    size = images.shape[-1]
    num_columns, caption, gap = 6, round(0.46 * size), round(0.14 * size)  # in pixels of the images
    num_rows = -(-len(images) // num_columns)
    height, width = size + caption, size + gap
    page = np.ones((num_rows * height, num_columns * width, images.shape[1]), dtype=np.float32)
    figure = Figure(figsize=(10, 10 * page.shape[0] / page.shape[1]))
    axes = figure.add_axes((0, 0, 1, 1))  # one for all images: each of its own would cost more than the drawing
    axes.axis("off")
    details = zip(mistakes["labels"], mistakes["predicted"], mistakes["confidence"], strict=True)
    for position, (image, (label, predicted, confidence)) in enumerate(zip(images, details, strict=True)):
        top, left = position // num_columns * height + caption, position % num_columns * width + gap // 2
        shade = image - image.min()
        page[top : top + size, left : left + size] = (shade / shade.max().clamp(min=1e-6)).permute(1, 2, 0)
        text = f"{class_names[int(label)]}\ntaken for {class_names[int(predicted)]}, {confidence:.0%}"
        axes.text(left + size / 2, top - 1, text, fontsize=8, ha="center", va="bottom")
    axes.imshow(page, cmap="gray", vmin=0, vmax=1, aspect="auto")
    return figure


def _board(trainer: L.Trainer) -> TensorBoardLogger | None:
    """The TensorBoard of this process, which only the first one has."""
    if not trainer.is_global_zero:
        return None
    return next((logger for logger in trainer.loggers if isinstance(logger, TensorBoardLogger)), None)
