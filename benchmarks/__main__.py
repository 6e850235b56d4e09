"""``make benchmark``: every speed claim as a ratio measured in one run, on the same work, in turn, with its interval."""

import argparse
import json
import os
import tempfile
from pathlib import Path

import torch

from benchmark_lightning.study.environment import describe_environment
from benchmark_lightning.training.datasets import FashionMNIST
from benchmark_lightning.training.processor import multiplies_bf16
from benchmarks.apart import silence
from benchmarks.rows import (
    Row,
    accuracy_row,
    lever_rows,
    loader_row,
    svm_row,
    sweep_rows,
    trainer_row,
    training_rows,
    utilization_row,
)
from benchmarks.table import as_markdown, print_rows, write_table
from benchmarks.work import Work, data_root


def precisions(device_type: str) -> list[str]:
    """Those worth comparing on a device: no mixed precision where a processor only emulates it."""
    if device_type == "cuda":
        return ["16-mixed"]
    return ["32-true", "bf16-mixed"] if multiplies_bf16() else ["32-true"]


def measure(work: Work, is_short: bool) -> list[Row]:
    """All rows that this machine can measure."""
    device, num_rounds = torch.device(work.device), 3 if is_short else 4
    works = [work._replace(precision=precision) for precision in precisions(work.device)]
    rows = [row for each in works for row in training_rows(each, num_rounds, others=not is_short)]
    if not is_short:
        rows += [row for each in works for row in lever_rows(each, 3)]
    rows.append(trainer_row(device, 4 if is_short else 12))
    rows.append(loader_row(work, num_rounds))
    rows.append(svm_row(work, 5_000 if is_short else 49_000, num_rounds if is_short else 2))
    rows += sweep_rows(work, num_rounds)
    if device.type == "cpu" and not is_short:
        rows.append(utilization_row(work, num_rounds))
    if not is_short:
        rows.append(accuracy_row(work))
    return rows


def main() -> None:
    """Measures everything that this machine can, prints the table and writes it as JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--short", action="store_true", help="fewer rounds and an SVM of 5,000 rows: about five minutes"
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE.json", help="benchmarks/results.json, or short.json if --short"
    )
    parser.add_argument("--docs", type=Path, metavar="FILE.md", help="write the table into this file as well")
    options = parser.parse_args()
    os.environ.setdefault("PYTHONWARNINGS", "ignore")
    silence()
    root = data_root()
    FashionMNIST(root=str(root)).prepare_data()
    device = torch.device("cuda", 0) if torch.cuda.is_available() else torch.device("cpu")
    if device.type == "cpu" and not multiplies_bf16():
        print("bf16-mixed is left out: this processor has no bf16 instructions and would emulate them")  # noqa: T201
    with tempfile.TemporaryDirectory() as folder:
        work = Work(root, Path(folder), device=device.type, num_steps=30 if options.short else 60)
        rows = measure(work, options.short)
    environment = describe_environment(device)
    print_rows(rows, environment["machine"])
    out = options.out or Path("benchmarks", "short.json" if options.short else "results.json")
    out.write_text(json.dumps({"environment": environment, "rows": rows}, indent=1) + "\n", encoding="utf-8")
    if options.docs is not None:
        write_table(options.docs, as_markdown(rows, environment))


if __name__ == "__main__":
    main()
