"""``python -m benchmarks.contention``: what busy neighbours do to the very same training, and what the record says of it.

Each measurement is a process of its own; neighbours and ways of waiting alternate over the rounds. From its table come the
thresholds of ``benchmark_lightning.training.contention``.
"""

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmark_lightning.training.contention import SHARING_VARIABLE, ContentionMeter

# For each neighbour the share of a core that it uses, in slices of a tenth of a second.
NEIGHBOURS = {"none": (), "one, 5 %": (0.05,), "one, 20 %": (0.2,), "one": (1.0,), "two": (1.0, 1.0)}
WAITING = {"spin": {}, "sleep": {"OMP_WAIT_POLICY": "passive"}}
SECONDS = 5.0
NUM_WARMUP_STEPS = 5
BATCH_SIZE = 64
PLACE = ("<!-- written by python -m benchmarks.contention -->\n", "<!-- end of the neighbours -->\n")


def busy(share: float, period: float = 0.1) -> None:
    """Uses a share of one core until it is killed."""
    while True:
        started = time.perf_counter()
        while time.perf_counter() - started < share * period:
            pass
        time.sleep((1 - share) * period)


@contextlib.contextmanager
def neighbours(shares: tuple[float, ...]) -> Iterator[None]:
    """So many busy processes around a block."""
    command = [sys.executable, __file__, "--neighbour"]
    processes = [subprocess.Popen([*command, str(share)]) for share in shares]
    time.sleep(0.5 if processes else 0.0)
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def train() -> dict[str, Any]:
    """Images per second of ResNet-18 in 32-true by a bare loop for some seconds, and the contention that was measured."""
    import torch
    from torch.nn import functional

    from benchmark_lightning.training.allocator import reuse_freed_memory
    from benchmark_lightning.training.classifier import ImageClassifier

    reuse_freed_memory()
    model = ImageClassifier().train()
    optimizer = model.build_optimizer()
    images, labels = torch.randn(BATCH_SIZE, 1, 28, 28), torch.arange(BATCH_SIZE) % 10

    def step() -> None:
        functional.cross_entropy(model(images), labels).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        optimizer.zero_grad()

    for _ in range(NUM_WARMUP_STEPS):
        step()
    meter, num_steps = ContentionMeter(), 0
    meter.start()
    started = time.perf_counter()
    while time.perf_counter() - started < SECONDS:
        step()
        num_steps += 1
    seconds = time.perf_counter() - started
    meter.stop()
    return {"images_per_second": num_steps * BATCH_SIZE / seconds, **meter.summary()}


def measure(num_rounds: int) -> dict[str, list[dict[str, Any]]]:
    """All measurements by neighbours and way of waiting: the rounds alternate in their order."""
    cases = [(who, how) for who in NEIGHBOURS for how in WAITING]
    measured: dict[str, list[dict[str, Any]]] = {f"{who} | {how}": [] for who, how in cases}
    without = {name: value for name, value in os.environ.items() if name not in ("OMP_WAIT_POLICY", SHARING_VARIABLE)}
    for turn in range(num_rounds):
        for who, how in cases[:: -1 if turn % 2 else 1]:
            with neighbours(NEIGHBOURS[who]):
                result = subprocess.run(
                    [sys.executable, __file__, "--train"],
                    env=without | WAITING[how], capture_output=True, text=True, check=True,
                )  # fmt: skip
            measured[f"{who} | {how}"].append(json.loads(result.stdout.splitlines()[-1]))
    return measured


def as_markdown(measured: dict[str, list[dict[str, Any]]], machine: str) -> str:
    """The table, compared with a training that spins and is alone."""
    alone = statistics.median(row["images_per_second"] for row in measured["none | spin"])
    lines = [
        f"{machine}; ResNet-18, batch {BATCH_SIZE}, 32-true, {SECONDS:g} s a measurement; medians, with the lowest and the highest.",
        "",
        "| neighbours | waiting threads | images/s | of those alone | run delay | cores of others | contended |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for case, rows in measured.items():
        rates, delays, others = (
            [row[name] for row in rows] for name in ("images_per_second", "run_delay", "others_cpu")
        )
        delay = (
            "unknown" if None in delays else f"{statistics.median(delays):.3f} ({min(delays):.3f} to {max(delays):.3f})"
        )
        lines.append(
            f"| {case} | {statistics.median(rates):.0f} ({min(rates):.0f} to {max(rates):.0f}) "
            f"| {statistics.median(rates) / alone:.2f} | {delay} | {statistics.median(others):.2f} "
            f"| {sum(row['is_contended'] for row in rows)} of {len(rows)} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measures, prints the table and, with ``--docs``, writes it into a file."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.contention", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, metavar="N")
    parser.add_argument("--docs", type=Path, metavar="FILE.md", help="write the table into this file as well")
    parser.add_argument("--train", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--neighbour", type=float, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.neighbour is not None:
        busy(options.neighbour)
    if options.train:
        sys.stdout.write(json.dumps(train()) + "\n")
        return
    from benchmark_lightning.training.processor import cpu_name, instructions, num_usable_cores
    from benchmarks.table import write_table

    table = as_markdown(measure(options.rounds), f"{cpu_name()}, {num_usable_cores():g} cores, {instructions()}")
    sys.stdout.write(table)
    if options.docs is not None:
        write_table(options.docs, table, PLACE)


if __name__ == "__main__":
    main()
