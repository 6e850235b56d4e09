"""The trial of a network: one resolved configuration becomes one record, whatever happens to the training."""

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import lightning.pytorch as L
import numpy as np
import torch
import yaml
from lightning.pytorch.callbacks import Callback, ModelCheckpoint

from benchmark_lightning.study.breakdown import time_parts
from benchmark_lightning.study.complexity import count_complexity
from benchmark_lightning.study.environment import describe_environment
from benchmark_lightning.study.labels import label
from benchmark_lightning.study.outcome import concluded, one_interrupt
from benchmark_lightning.study.outcomes import pack
from benchmark_lightning.study.own_code import own_identity
from benchmark_lightning.study.record import Record, new_record, write_record
from benchmark_lightning.study.result import conclude
from benchmark_lightning.study.trials.kinds import Setting
from benchmark_lightning.study.trials.network_plan import check_is_trial, estimate, resolver
from benchmark_lightning.study.utilization import add_utilization
from benchmark_lightning.training.cli import BenchmarkCLI
from benchmark_lightning.training.pictures import Pictures

__all__ = ["estimate", "main", "resolver", "run"]
HAND_MADE = Setting()


def run(arguments: Sequence[str], setting: Setting = HAND_MADE) -> tuple[Record, Path]:
    """Fits, tests the best checkpoint and writes the record in the folder of the run.

    Args:
        arguments: configs and flags as ``fit`` takes them.
        setting: what the trial is told beside them.

    Returns:
        The record and its folder. A training that failed, diverged, ran out of memory or was interrupted has a record
        that says so; the traceback of a failure lies beside it.

    Raises:
        InputError: the configuration or the data cannot be used; there is then no record.
    """
    started = time.perf_counter()
    cli = BenchmarkCLI(arguments, run=False)
    check_is_trial(cli.config.trainer)
    if setting.on_progress is not None:
        cli.trainer.callbacks.append(_Announcer(setting.on_progress))  # type: ignore[attr-defined]  # Lightning sets it
    for callback in cli.trainer.callbacks:  # type: ignore[attr-defined]
        if isinstance(callback, Pictures):
            callback.parts = ("test",)  # a trial tests its best checkpoint: the validation's pictures add nothing
    config = own_identity(yaml.safe_load(cli.parser.dump(cli.config, skip_none=False)))
    record = new_record(
        "network",
        config,
        cli.datamodule.describe(),
        setting.repeat,
        **setting.told,
        reasons={
            "engine": "a network",
            "num_support_vectors": "a network",
            "breakdown": "the process ended before it was timed" if setting.breakdown else "not asked for",
            "utilization": "no peak was measured",
        },
    )
    with one_interrupt():
        with concluded(record, cli.folder):
            cli.trainer.fit(cli.model, cli.datamodule)
            _collect_fit(record, cli)
            _test_best(record, cli)
        if not record.training:
            _collect_fit(record, cli)
        _collect_costs(record, cli)
        if setting.peaks:
            add_utilization(record, setting.peaks.get(record.environment["accelerator"], {}))
        if record.best_epoch is None:
            record.reasons["best_epoch"] = "no epoch was validated"
        record.clocks["wall_seconds"] = time.perf_counter() - started
        if cli.trainer.is_global_zero:
            write_record(record, cli.folder)
            if setting.breakdown and record.status == "ok":  # the record is safe: this may take long, or fail
                _add_breakdown(record, cli)
                write_record(record, cli.folder)
    return record, cli.folder


class _Announcer(Callback):
    """Tells whoever waits how far the training is."""

    def __init__(self, on_progress: Callable[[dict[str, Any]], None]) -> None:
        self._tell = on_progress

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        accuracy = trainer.callback_metrics.get("val/accuracy")
        self._tell(
            {
                "epoch": trainer.current_epoch + 1,
                "max_epochs": trainer.max_epochs,
                "accuracy": None if accuracy is None else float(accuracy),
            }
        )


def _test_best(record: Record, cli: BenchmarkCLI) -> None:
    cli.trainer.test(cli.model, cli.datamodule, ckpt_path=_best_checkpoint(cli), verbose=False, weights_only=True)
    tested = cli.trainer.callback_metrics.items()
    record.metrics |= {name: float(value) for name, value in tested if name.startswith("test/")}
    _keep_outcomes(record, cli)


def _keep_outcomes(record: Record, cli: BenchmarkCLI) -> None:
    """Which test images were right, or the reason why that is not known."""
    batches, data = cli.model.test_correct, cli.datamodule
    correct = torch.cat(batches).cpu().numpy() if batches else np.empty(0, dtype=np.bool_)
    if cli.trainer.world_size > 1:  # each process has seen a part of the images
        record.reasons["outcomes"] = f"it was tested by {cli.trainer.world_size} processes"
    elif len(correct) != len(data.parts.test):
        record.reasons["outcomes"] = f"it was tested on {len(correct):,} of {len(data.parts.test):,} images"
    else:
        record.outcomes = {"test": pack(correct, data.parts.test, data.fingerprint)}
        del record.reasons["outcomes"]


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
    """Clocks, throughput, memory, energy, contention, arithmetic, precision and environment."""
    summary = cli.clocks.summary()
    record.clocks, record.throughput = summary["clocks"], summary["throughput"]
    record.memory, record.energy = summary["memory"], summary["energy"]
    record.contention = summary["contention"]
    record.levers = cli.model.levers
    record.reasons |= summary["reasons"]
    trainer, requested = cli.trainer, cli.datamodule.batch_size
    record.precision = {"requested": cli.precision.requested, "effective": str(trainer.precision)}
    if cli.precision.why is not None:
        record.precision["why"] = cli.precision.why
    record.batch_size = {
        "requested": requested,
        "effective": requested * trainer.world_size * trainer.accumulate_grad_batches,
    }
    record.environment = describe_environment(trainer.strategy.root_device)
    record.environment["num_devices"] = trainer.world_size
    record.complexity = count_complexity(
        cli.model.network,
        cli.datamodule.image_size,
        trainer.strategy.root_device.type,
        record.reasons,
        cli.datamodule.num_channels,
    )


def _add_breakdown(record: Record, cli: BenchmarkCLI) -> None:
    try:
        record.breakdown = time_parts(cli.model, cli.datamodule, cli.trainer)
        record.reasons.pop("breakdown", None)
    except Exception as error:  # what was measured before is still worth its record
        record.reasons["breakdown"] = f"{type(error).__name__}: {error}"


def _best_checkpoint(cli: BenchmarkCLI) -> str | None:
    callback = cli.trainer.checkpoint_callback
    return (callback.best_model_path or None) if isinstance(callback, ModelCheckpoint) else None


def main(arguments: Sequence[str]) -> int:
    """Runs one trial and returns 0 when it is ``ok``, 130 when it was interrupted and 1 when it failed."""
    record, folder = run(arguments)
    if os.environ.get("LOCAL_RANK", "0") != "0":  # of several processes, the first one speaks
        return 0
    return conclude(
        record,
        folder,
        f"{record.data['name']}, {_label(record.config['model'])}",
        {"steady throughput": (record.throughput.get("median_images_per_second"), "images/s")},
        has_curves=True,
    )


def _label(model: dict[str, Any]) -> str:
    """The network for a person: torchvision's name, or the class of one's own."""
    return label(model["network"]) if model.get("network") else str(model["arch"])
