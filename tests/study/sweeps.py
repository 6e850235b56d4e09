"""Sweeps for tests: small ones of either kind, run in this process or by a driver of their own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from benchmark_lightning.__main__ import main
from benchmark_lightning.study.record import FILE_NAME, Record, read_record

CONFIGS = Path(__file__).parents[2] / "configs"
SVM = f"""
trial: classical
base: [{CONFIGS}/data/digits.yaml, {CONFIGS}/estimator/svc.yaml]
axes:
  estimator.kernel: [rbf, poly]
  estimator.C: [1.0, 10.0]
"""
NETWORK = f"""
trial: network
base: [{CONFIGS}/data/digits.yaml]
axes:
  model.arch: [resnet18]
  trainer.accelerator: [cpu]
  trainer.limit_train_batches: [2]
  trainer.max_epochs: [1]
"""
# Its levers are given, so that none are measured before it.
ENDLESS = NETWORK.replace("max_epochs: [1]", "max_epochs: [100000]") + "  model.small_maps: [always]\n"
OUT = Path("out")
COMMAND = ("sweep", "sweep.yaml", "--out", str(OUT), "--repeat-contended", "0")  # a busy machine is no reason to wait


def sweep(text: str, *options: str, code: int = 0) -> dict[str, Record]:
    """Runs a sweep and returns its records by the names of their folders."""
    Path("sweep.yaml").write_text(text)
    assert main([*COMMAND, *options]) == code
    return records()


def records() -> dict[str, Record]:
    return {path.parent.name: read_record(path) for path in sorted(OUT.glob(f"*/{FILE_NAME}"))}


def written_at() -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in OUT.glob(f"*/{FILE_NAME}")}


@contextmanager
def driver(text: str) -> Iterator[subprocess.Popen[str]]:
    """A sweep in a process of its own, as a user starts it; it and what it has started are gone afterwards."""
    Path("sweep.yaml").write_text(text)
    # A socket's path is short; and a killed process leaves its temporary files behind.
    with TemporaryDirectory(prefix="driver-") as temporary:
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmark_lightning", *COMMAND],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "TMPDIR": temporary},
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()  # until the last one that could write there has ended


def trial_processes(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """The processes that the server has forked."""
    with_server = psutil.Process(process.pid).children()
    return [
        trial for server in with_server if "forkserver" in " ".join(server.cmdline()) for trial in server.children()
    ]


def wait_for(condition: Callable[[], bool], seconds: float = 180) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def has_begun_training() -> bool:
    """Whether a trial of a network has ended its first epoch."""
    return any("epoch 1/" in path.read_text() for path in OUT.glob("*/output.log"))
