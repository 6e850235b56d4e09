"""Where predictions go: a table in the terminal and predictions.csv in the folder of the run."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import lightning.pytorch as L
import torch
from lightning.pytorch.callbacks import Callback
from rich.console import Console
from rich.table import Table
from torch import Tensor

from benchmark_lightning.training.data import ImageData

NUM_SHOWN = 20


class PredictionWriter(Callback):
    """Writes one row an image: what it is, the most probable class and the probability of every class."""

    def __init__(self) -> None:
        self._batches: list[Tensor] = []

    def on_predict_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Any, *where: int
    ) -> None:
        self._batches.append(outputs)

    def on_predict_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        data = trainer.datamodule  # type: ignore[attr-defined]  # Lightning sets it without declaring it
        if not isinstance(data, ImageData):
            return
        probabilities = torch.cat(self._batches).cpu()
        images = [str(file) for file in data.predict_files] or [f"test image {index}" for index in data.parts.test]
        images = images[: len(probabilities)]  # trainer.limit_predict_batches
        classes = probabilities.argmax(dim=1).tolist()
        rows = [
            (image, data.class_names[predicted], float(row[predicted]), [float(p) for p in row])
            for image, predicted, row in zip(images, classes, probabilities, strict=True)
        ]
        self._print(rows)
        if trainer.log_dir is not None:
            path = Path(trainer.log_dir) / "predictions.csv"
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("w", newline="", encoding="utf-8") as file:
                writer = csv.writer(file)
                writer.writerow(["image", "class", "probability", *(f"p({name})" for name in data.class_names)])
                writer.writerows((image, name, probability, *each) for image, name, probability, each in rows)
            Console().print(f"all {len(rows):,} predictions: {path}", markup=False, soft_wrap=True)

    @staticmethod
    def _print(rows: Sequence[tuple[str, str, float, list[float]]]) -> None:
        table = Table("image", "class", "probability", title=f"predictions (the first {NUM_SHOWN})")
        for image, name, probability, _ in rows[:NUM_SHOWN]:
            table.add_row(image, name, f"{probability:.1%}")
        Console().print(table, markup=False)
