"""Two processes on one CPU train one model, and evaluate every image once."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmark_lightning.__main__ import main
from benchmark_lightning.study.record import read_record


def in_two_processes(*arguments: str) -> str:
    command = [
        sys.executable,
        "-m",
        "benchmark_lightning",
        *arguments,
        "--trainer.strategy",
        "ddp",
        "--trainer.devices",
        "2",
    ]
    result = subprocess.run(command, capture_output=True, text=True, timeout=280)
    assert result.returncode == 0, result.stderr
    return result.stdout


def metric(output: str, name: str) -> float:
    return float(re.search(rf"{name}\s*│\s*([\d.]+)", output)[1])


@pytest.mark.interpreters
@pytest.mark.timeout(600)
def test_ddp_trains_and_is_evaluated_as_one_process_would(capsys):
    arguments = ["--data", "Digits", "--trainer.accelerator", "cpu", "--data.eval_batch_size", "64"]
    short = ["--trainer.max_epochs", "2", "--trainer.limit_train_batches", "8", "--data.batch_size", "16"]
    told = in_two_processes("trial", *arguments, *short, "--run.folder", "run")
    assert told.count("epoch 2/2") == 1, "only the first process speaks"
    record = read_record(Path("run"))
    assert (record.outcomes, record.reasons["outcomes"]) == ({}, "it was tested by 2 processes")
    in_ddp = record.metrics

    def in_one_process(command: str) -> str:
        checkpoint = ["--ckpt_path", "run/checkpoints/best.ckpt"]
        assert main([command, *arguments, *checkpoint, "--trainer.devices", "1"]) == 0
        return capsys.readouterr().out

    assert metric(in_one_process("validate"), "val/accuracy") == pytest.approx(in_ddp["val/accuracy"], abs=1e-4)
    # 359 test images do not divide by two: a sampler that pads would count one of them twice.
    tested = in_one_process("test")
    for name in ("test/accuracy", "test/loss", "test/macro_f1"):
        assert metric(tested, name) == pytest.approx(in_ddp[name], abs=1e-5)
