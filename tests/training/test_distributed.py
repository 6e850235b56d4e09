"""Two processes on one CPU train one model, and evaluate every image once."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmark_lightning.__main__ import main


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
    fitted = in_two_processes("fit", *arguments, *short)
    assert fitted.count("epoch 2/2") == 1, "only the first process speaks"
    [version] = Path("lightning_logs/Digits-resnet18").iterdir()
    checkpoint = ["--ckpt_path", str(version / "checkpoints/best.ckpt")]

    def in_one_process(command: str) -> str:
        assert main([command, *arguments, *checkpoint, "--trainer.devices", "1"]) == 0
        return capsys.readouterr().out

    in_ddp = float(re.search(r"val/accuracy ([\d.]+)\)", fitted)[1])
    assert metric(in_one_process("validate"), "val/accuracy") == pytest.approx(in_ddp, abs=1e-4)

    # 359 test images do not divide by two: a sampler that pads would count one of them twice.
    one, two = in_one_process("test"), in_two_processes("test", *arguments, *checkpoint)
    for name in ("test/accuracy", "test/loss", "test/macro_f1"):
        assert metric(one, name) == pytest.approx(metric(two, name), abs=1e-5)
