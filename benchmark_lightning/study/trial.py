"""One resolved configuration becomes one record, whatever happens to the training."""

import contextlib
import datetime
import signal
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType

import torch
import yaml
from lightning.pytorch.callbacks import ModelCheckpoint
from rich.console import Console
from rich.table import Table

from benchmark_lightning.errors import InputError
from benchmark_lightning.study.complexity import count_complexity
from benchmark_lightning.study.environment import describe_environment
from benchmark_lightning.study.record import Record, Status, identity, trial_key, write_record
from benchmark_lightning.training.cli import BenchmarkCLI
from benchmark_lightning.training.clocks import DivergedError

EXIT_CODES = {"ok": 0, "interrupted": 130}


def run_trial(arguments: Sequence[str]) -> tuple[Record, Path]:
    """Fits, tests the best checkpoint and writes the record in the folder of the run.

    Args:
        arguments: configs and flags as ``fit`` takes them.

    Returns:
        The record and its folder. A training that failed, diverged, ran out of memory or was interrupted has a record
        that says so; the traceback of a failure lies beside it.

    Raises:
        InputError: the configuration or the data cannot be used; there is then no record.
    """
    started, started_at = time.perf_counter(), datetime.datetime.now(datetime.UTC)
    cli = BenchmarkCLI(arguments, run=False)
    data = cli.datamodule.describe()
    config = identity(yaml.safe_load(cli.parser.dump(cli.config, skip_none=False)))
    record = Record(
        key=trial_key(config, data["fingerprint"]),
        kind="resnet",
        status="ok",
        config=config,
        started_at=started_at.isoformat(timespec="seconds"),
        data=data,
    )
    with _interrupted_once():
        try:
            _fit_and_test(record, cli)
        except InputError:
            raise
        except (Exception, KeyboardInterrupt, SystemExit) as error:
            _ignore_signals()
            record.status, record.error = _status_of(error)
            _collect_fit(record, cli)
            if record.status == "failed":
                (cli.folder / "traceback.txt").write_text("".join(traceback.format_exception(error)), encoding="utf-8")
        _ignore_signals()
        _collect_costs(record, cli)
        record.clocks["wall_seconds"] = time.perf_counter() - started
        if cli.trainer.is_global_zero:
            write_record(record, cli.folder)
    return record, cli.folder


def _fit_and_test(record: Record, cli: BenchmarkCLI) -> None:
    cli.trainer.fit(cli.model, cli.datamodule)
    _collect_fit(record, cli)
    cli.trainer.test(cli.model, cli.datamodule, ckpt_path=_best_checkpoint(cli), verbose=False, weights_only=True)
    tested = cli.trainer.callback_metrics.items()
    record.metrics |= {name: float(value) for name, value in tested if name.startswith("test/")}


def _collect_fit(record: Record, cli: BenchmarkCLI) -> None:
    """Curves, the metrics of the epoch that the best checkpoint holds, and how far the training went."""
    curves = cli.clocks.curves
    record.curves = [dict(row) for row in curves]
    scored = [row for row in curves if "val/accuracy" in row]
    if scored:
        best = max(scored, key=lambda row: row["val/accuracy"])  # the first of equals, as ModelCheckpoint keeps it
        if _best_checkpoint(cli) is None:
            best = scored[-1]
        record.best_epoch = int(best["epoch"])
        record.metrics = {name: value for name, value in best.items() if name.startswith("val/")}
    record.training = {"num_epochs": len(curves), "num_steps": cli.trainer.global_step}


def _collect_costs(record: Record, cli: BenchmarkCLI) -> None:
    """Clocks, throughput, memory, energy, arithmetic, precision and environment."""
    summary = cli.clocks.summary()
    record.clocks, record.throughput = summary["clocks"], summary["throughput"]
    record.memory, record.energy = summary["memory"], summary["energy"]
    record.reasons |= summary["reasons"]
    trainer, requested = cli.trainer, cli.datamodule.batch_size
    record.precision = {
        "requested": str(cli.config.trainer.precision or "32-true"),
        "effective": str(trainer.precision),
    }
    record.batch_size = {
        "requested": requested,
        "effective": requested * trainer.world_size * trainer.accumulate_grad_batches,
    }
    record.environment = describe_environment(trainer.strategy.root_device)
    record.environment["num_devices"] = trainer.world_size
    try:
        record.complexity = count_complexity(cli.model.network, cli.datamodule.image_size)
    except Exception as error:  # a network that cannot be counted has still been trained
        record.reasons["complexity"] = f"{type(error).__name__}: {error}"


def _best_checkpoint(cli: BenchmarkCLI) -> str | None:
    callback = cli.trainer.checkpoint_callback
    return (callback.best_model_path or None) if isinstance(callback, ModelCheckpoint) else None


def _status_of(error: BaseException) -> tuple[Status, str]:
    """How a trial ended that raised ``error``, and a sentence about it."""
    sentence = " ".join(str(error).split())
    if isinstance(error, KeyboardInterrupt | SystemExit):  # Lightning turns the one into the other
        return "interrupted", "the trial was interrupted"
    if isinstance(error, DivergedError):
        return "diverged", sentence
    if isinstance(error, MemoryError | torch.OutOfMemoryError) or "DefaultCPUAllocator: can't allocate" in sentence:
        return "out_of_memory", sentence or "out of memory"
    return "failed", f"{type(error).__name__}: {sentence}"


@contextlib.contextmanager
def _interrupted_once() -> Iterator[None]:
    """SIGTERM ends a training as Ctrl-C does; the handlers of before come back at the end."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    previous = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _ignore_signals() -> None:
    """Lets a second Ctrl-C not come between a trial and its record."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def print_record(record: Record, folder: Path) -> None:
    """Shows a person what came of a trial and where it lies."""
    table = Table(title=f"{record.data['name']}, {record.config['model']['arch']}: {record.status}", show_header=False)
    rows = [
        *((name, f"{value:.4f}") for name, value in record.metrics.items() if value is not None),
        ("training", _number(record.clocks.get("fit_seconds"), "s")),
        ("steady throughput", _number(record.throughput.get("median_images_per_second"), "images/s")),
        ("peak memory", _number(record.memory.get("peak_rss_mib"), "MiB")),
        ("precision", record.precision.get("effective", "unknown")),
    ]
    for name, value in rows:
        table.add_row(name, value)
    console = Console(soft_wrap=True, markup=False, highlight=False)
    console.print(table)
    console.print(f"record:      {folder / 'record.json'}")
    console.print(f"checkpoints: {folder / 'checkpoints'}")
    console.print(f"curves:      tensorboard --logdir {folder.parents[1]}")


def _number(value: float | None, unit: str) -> str:
    return "not measured" if value is None else f"{value:,.1f} {unit}"


def main(arguments: Sequence[str]) -> int:
    """Runs one trial and returns 0 when it is ``ok``, 130 when it was interrupted and 1 when it failed."""
    record, folder = run_trial(arguments)
    print_record(record, folder)
    if record.error is not None:
        sys.stderr.write(f"benchmark-lightning: the trial ended as {record.status}: {record.error}\n")
        if record.status == "failed":
            sys.stderr.write(f"  where it failed: {folder / 'traceback.txt'}\n")
    return EXIT_CODES.get(record.status, 1)
