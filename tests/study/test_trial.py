"""Whatever happens to a training, its record says so."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from benchmark_lightning.__main__ import main
from benchmark_lightning.study.record import Record, read_record, trial_key
from benchmark_lightning.study.trials import network
from benchmark_lightning.study.trials.kinds import Setting
from benchmark_lightning.training.classifier import ImageClassifier
from benchmark_lightning.training.datasets import Digits
from tests.conftest import SHORT

RUN = Path("lightning_logs/Digits-resnet18/version_0")


def trial(*arguments: str, code: int = 0) -> Record:
    assert main(["trial", *SHORT, "--run.save_last", "false", *arguments]) == code  # as in a sweep
    return read_record(RUN)


def test_a_trial_leaves_a_whole_record():
    record = trial("--trainer.max_epochs", "2")
    assert (record.status, record.error, record.kind) == ("ok", None, "network")
    assert {"val/accuracy", "val/loss", "val/macro_f1", "test/accuracy", "test/loss", "test/macro_f1"} == set(
        record.metrics
    )
    assert [row["epoch"] for row in record.curves] == [0, 1]
    assert record.training == {"num_epochs": 2, "num_steps": 4}
    assert record.clocks["wall_seconds"] > record.clocks["fit_seconds"] > record.clocks["first_batch_seconds"] > 0
    assert record.clocks["test_seconds"] > 0
    assert record.complexity["params"] == 11_175_370
    assert record.precision == {"requested": "32-true", "effective": "32-true"}
    assert record.batch_size == {"requested": 16, "effective": 16}
    assert record.data["num_test"] == 359
    assert record.memory["peak_rss_mib"] > 100
    sections = {name: value for name, value in vars(record).items() if name not in ("config", "environment", "error")}
    nulls = {name for name, value in sections.items() if value is None}
    nulls |= {f"{section}.{name}" for section, values in sections.items() if isinstance(values, dict)
              for name, value in values.items() if value is None}  # fmt: skip
    assert nulls <= record.reasons.keys(), "unknown is null with a reason"


def test_a_trial_keeps_which_test_images_were_right():
    record = trial("--trainer.max_epochs", "2", "--run.save_last", "true")
    outcomes = record.test_outcomes
    assert (len(outcomes.correct), "outcomes" in record.reasons) == (359, False)
    assert outcomes.correct.mean() == pytest.approx(record.metrics["test/accuracy"], abs=1e-6)
    assert (
        main(["predict", *SHORT, "--run.name", "Digits-resnet18", "--ckpt_path", f"{RUN}/checkpoints/best.ckpt"]) == 0
    )
    [predictions] = Path("lightning_logs").glob("*/*/predictions.csv")
    classes = [row.split(",")[1] for row in predictions.read_text().splitlines()[1:]]
    data = Digits()
    assert outcomes.correct.tolist() == [int(name) == data.pool.labels[image]
                                         for name, image in zip(classes, data.parts.test, strict=True)]  # fmt: skip


def test_a_test_of_some_images_says_why_it_keeps_none():
    record = trial("--trainer.limit_test_batches", "1", "--data.eval_batch_size", "100")
    assert record.outcomes == {}
    assert record.reasons["outcomes"] == "it was tested on 90 of 359 images"


def test_a_trial_says_for_which_look_it_was_run_and_how_long_it_should_have_taken():
    told = network.run([*SHORT], Setting(look=5, predicted_seconds=2.5))[0]
    assert (told.look, told.predicted_seconds) == (5, 2.5)
    assert {"look", "predicted_seconds"}.isdisjoint(told.reasons)


def test_the_metrics_are_those_of_the_best_epoch():
    record = trial("--trainer.max_epochs", "3")
    best = max(row["val/accuracy"] for row in record.curves)
    assert record.metrics["val/accuracy"] == best == record.curves[record.best_epoch]["val/accuracy"]


def test_the_key_can_be_computed_again_from_the_record():
    record = trial()
    assert record.key == trial_key(record.config, record.data["fingerprint"])


def test_a_record_holds_no_folder_of_the_machine(tmp_path):
    trial("--run.folder", str(RUN))
    assert str(tmp_path) not in (RUN / "record.json").read_text()


def test_the_same_trial_gives_the_same_numbers():
    first = trial()
    assert main(["trial", *SHORT]) == 0
    second = read_record(RUN.parent / "version_1")
    assert (first.key, first.metrics, first.curves[0]["train/loss"]) == (
        second.key, second.metrics, second.curves[0]["train/loss"],
    )  # fmt: skip


def test_the_seed_is_part_of_the_trial():
    first = trial("--seed_everything", "1")
    assert main(["trial", *SHORT, "--seed_everything", "2"]) == 0
    second = read_record(RUN.parent / "version_1")
    assert first.key != second.key
    assert first.metrics["val/loss"] != second.metrics["val/loss"]


def test_a_loss_that_is_no_number_is_diverged():
    record = trial("--model.optimizer", "sgd", "--model.lr", "1e30", "--trainer.limit_train_batches", "8", code=1)
    assert record.status == "diverged"
    assert "the training loss is" in record.error
    assert record.training["num_epochs"] == 1
    assert record.curves[0]["train/loss"] is None
    assert "curves.0.train/loss" in record.reasons


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB"), "out_of_memory"),
        (MemoryError(), "out_of_memory"),
        (
            RuntimeError("[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory"),
            "out_of_memory",
        ),
        (ZeroDivisionError("division by zero"), "failed"),
    ],
)
def test_an_error_in_a_step_becomes_a_status(error, status, monkeypatch):
    def step(self, batch, batch_idx):
        raise error

    monkeypatch.setattr(ImageClassifier, "training_step", step)
    record = trial(code=1)
    assert record.status == status
    assert record.error
    assert record.training == {"num_epochs": 0, "num_steps": 0}
    assert record.environment["accelerator"] == "cpu"
    assert (RUN / "traceback.txt").exists() == (status == "failed")


def test_memory_that_is_not_there_is_out_of_memory():
    record = trial("--data.image_size", "200000", code=1)
    assert record.status == "out_of_memory"


def test_a_failure_in_the_test_keeps_what_the_fit_has_learned(monkeypatch):
    def step(self, batch, batch_idx):
        raise RuntimeError("the test is broken")

    monkeypatch.setattr(ImageClassifier, "test_step", step)
    record = trial(code=1)
    assert (record.status, record.error) == ("failed", "RuntimeError: the test is broken")
    assert "val/accuracy" in record.metrics
    assert "test/accuracy" not in record.metrics
    assert (record.outcomes, record.reasons["outcomes"]) == ({}, "it was not tested to the end")


def test_a_callback_that_changes_the_training_changes_the_key():
    stopping = ["--trainer.callbacks+=EarlyStopping", "--trainer.callbacks.monitor=train/loss"]
    stopping += ["--trainer.callbacks.stopping_threshold=9"]
    stopped = trial("--trainer.max_epochs", "2", *stopping)
    assert main(["trial", *SHORT, "--trainer.max_epochs", "2"]) == 0
    whole = read_record(RUN.parent / "version_1")
    assert (len(stopped.curves), len(whole.curves)) == (1, 2)
    assert stopped.key != whole.key


@pytest.mark.parametrize(
    "arguments",
    [("max_epochs", "0"), ("limit_train_batches", "0"), ("fast_dev_run", "1"), ("val_check_interval", "0.5")],
)
def test_what_trains_nothing_is_no_trial(complaint, arguments):
    name, value = arguments
    assert name in complaint("trial", *SHORT, f"--trainer.{name}", value)


def test_bad_input_leaves_no_record(complaint):
    assert "Digits has 1,258 training images" in complaint("trial", *SHORT, "--data.batch_size", "5000")
    assert not (RUN / "record.json").exists()


def interruptible():
    """Undoes what a shell does to a job in the background, which is to ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.interpreters
@pytest.mark.timeout(240)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_trial_has_a_record(number):
    command = [sys.executable, "-m", "benchmark_lightning", "trial", *SHORT, "--trainer.max_epochs", "1000"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=interruptible
    )
    try:
        for line in process.stdout:
            if line.startswith("epoch 2/"):
                break
        process.send_signal(number)
        time.sleep(0.05)
        process.send_signal(number)  # an impatient second one must not cost the record
        _, errors = process.communicate(timeout=120)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 130
    assert "Traceback" not in errors
    record = read_record(RUN)
    assert record.status == "interrupted"
    assert len(record.curves) >= 2
    assert json.loads((RUN / "record.json").read_text())["clocks"]["fit_seconds"] > 0
