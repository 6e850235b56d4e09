"""The summary of a trial that has ended. Imports no torch."""

import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmark_lightning.study.record import Record

EXIT_CODES = {"ok": 0, "interrupted": 130}


def conclude(
    record: Record, folder: Path, title: str, costs: dict[str, tuple[float | None, str]], has_curves: bool = False
) -> int:
    """Prints what came of a trial and where it lies, and returns the exit code that says so.

    Args:
        costs: what a kind of trial has measured beside the seconds of the training, with its unit.
        has_curves: whether TensorBoard has something to show.
    """
    console = Console(soft_wrap=True, markup=False, highlight=False)
    table = Table(title=f"{title}: {record.status}", show_header=False)
    rows = [
        *((name, f"{value:.4f}") for name, value in record.metrics.items() if value is not None),
        ("training", _number(record.clocks.get("fit_seconds"), "s")),
        *((name, _number(value, unit)) for name, (value, unit) in costs.items()),
        ("peak memory", _number(record.memory.get("peak_rss_mib"), "MiB")),
        ("precision", record.precision.get("effective") or "unknown"),
    ]
    for name, value in rows:
        table.add_row(name, value)
    console.print(table)
    console.print(f"record:      {folder / 'record.json'}")
    if (folder / "checkpoints").is_dir():
        console.print(f"checkpoints: {folder / 'checkpoints'}")
    if "convergence" in record.reasons:
        console.print(f"note: {record.reasons['convergence']}")
    if has_curves:
        console.print(f"curves:      tensorboard --logdir {folder}")
    if record.error is not None:
        sys.stderr.write(f"benchmark-lightning: the trial ended as {record.status}: {record.error}\n")
        if record.status == "failed":
            sys.stderr.write(f"  where it failed: {folder / 'traceback.txt'}\n")
    return EXIT_CODES.get(record.status, 1)


def _number(value: float | None, unit: str) -> str:
    if value is None:
        return "not measured"
    return f"{value:,} {unit}".rstrip() if isinstance(value, int) else f"{value:,.1f} {unit}"
