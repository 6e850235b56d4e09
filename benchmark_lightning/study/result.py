"""What a person sees of one trial when it has ended. Imports no torch."""

import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmark_lightning.study.record import Record

EXIT_CODES = {"ok": 0, "interrupted": 130}


def conclude(record: Record, folder: Path, title: str) -> int:
    """Prints what came of a trial and where it lies, and returns the exit code that says so."""
    console = Console(soft_wrap=True, markup=False, highlight=False)
    table = Table(title=f"{title}: {record.status}", show_header=False)
    rows = [
        *((name, f"{value:.4f}") for name, value in record.metrics.items() if value is not None),
        ("training", _number(record.clocks.get("fit_seconds"), "s")),
        ("steady throughput", _number(record.throughput.get("median_images_per_second"), "images/s")),
        ("peak memory", _number(record.memory.get("peak_rss_mib"), "MiB")),
        ("precision", record.precision.get("effective", "unknown")),
    ]
    if record.kind == "svm":
        rows[-3:] = [
            ("prediction of the test images", _number(record.clocks.get("predict_seconds"), "s")),
            ("support vectors", f"{record.num_support_vectors:,}" if record.num_support_vectors else "not counted"),
        ]
    for name, value in rows:
        table.add_row(name, value)
    console.print(table)
    console.print(f"record:      {folder / 'record.json'}")
    if (folder / "checkpoints").is_dir():
        console.print(f"checkpoints: {folder / 'checkpoints'}")
    if record.kind == "resnet":
        console.print(f"curves:      tensorboard --logdir {folder}")
    if record.error is not None:
        sys.stderr.write(f"benchmark-lightning: the trial ended as {record.status}: {record.error}\n")
        if record.status == "failed":
            sys.stderr.write(f"  where it failed: {folder / 'traceback.txt'}\n")
    return EXIT_CODES.get(record.status, 1)


def _number(value: float | None, unit: str) -> str:
    return "not measured" if value is None else f"{value:,.1f} {unit}"
