"""Draws loss and accuracy by epoch from a record: ``python docs/training_curve.py RECORD PICTURE``."""

import json
import sys
from pathlib import Path

from matplotlib.figure import Figure


def draw(record: dict) -> Figure:
    """Two panels: the losses, and the validation accuracy with the test accuracy of the best epoch."""
    curves, metrics = record["curves"], record["metrics"]
    epochs = [row["epoch"] + 1 for row in curves]
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    losses, accuracy = figure.subplots(1, 2)
    for name, marker, colour in (("train/loss", "o", "#0173b2"), ("val/loss", "s", "#de8f05")):
        losses.plot(epochs, [row[name] for row in curves], marker=marker, color=colour, label=name)
    losses.set(xlabel="epoch", ylabel="cross-entropy", xticks=epochs)
    losses.legend()
    accuracy.plot(epochs, [row["val/accuracy"] for row in curves], marker="s", color="#de8f05", label="val/accuracy")
    best = record["best_epoch"] + 1
    label = f"test/accuracy {metrics['test/accuracy']:.4f}"
    accuracy.plot(best, metrics["test/accuracy"], "*", color="#029e73", markersize=13, label=label)
    accuracy.set(xlabel="epoch", ylabel="accuracy", xticks=epochs)
    accuracy.legend()
    data, model, clocks = record["data"], record["config"]["model"], record["clocks"]
    figure.suptitle(
        f"{model['arch']} on {data['name']}, {data['num_train']:,} images, {record['precision']['effective']}, one run: "
        f"{clocks['fit_seconds']:,.0f} s of training on {record['environment']['machine']}",
        fontsize=9,
    )
    return figure


if __name__ == "__main__":
    source, target = sys.argv[1:]
    draw(json.loads(Path(source).read_text(encoding="utf-8"))).savefig(target, dpi=110)
