"""A sweep must survive anything: what is done is not done twice, and nothing half-done counts."""

import json
import re
from pathlib import Path

import pytest

from benchmark_lightning.__main__ import main
from benchmark_lightning.study.axes import read_sweep
from benchmark_lightning.study.record import FILE_NAME
from benchmark_lightning.study.running import num_cores
from benchmark_lightning.study.sweep import plan
from tests.study.sweeps import ENDLESS, NETWORK, OUT, SVM, sweep, written_at


def test_one_batch_is_one_batch_in_a_sweep_too():
    """As a float, 1 is all batches; which of the two it becomes once depended on the order of imports in the server."""
    Path("sweep.yaml").write_text(NETWORK + "  trainer.limit_val_batches: [1]\n  trainer.limit_test_batches: [0.5]\n")
    trainer = plan(read_sweep(Path("sweep.yaml")))[0].config["trainer"]
    assert type(trainer["limit_val_batches"]) is int
    assert type(trainer["limit_train_batches"]) is int
    assert trainer["limit_test_batches"] == 0.5


def test_every_combination_has_a_record_and_is_not_run_again(done, capsys):
    assert [record.status for record in done.values()] == ["ok"] * 4
    assert {(r.values["estimator.kernel"], r.values["estimator.C"]) for r in done.values()} == {
        (kernel, c) for kernel in ("rbf", "poly") for c in (1.0, 10.0)
    }
    before = written_at()
    sweep(SVM)
    assert written_at() == before
    assert "the best five by validation accuracy" in capsys.readouterr().out


@pytest.mark.usefixtures("done")
def test_a_grown_sweep_runs_only_what_is_new():
    before = written_at()
    grown = sweep(SVM.replace("[1.0, 10.0]", "[1.0, 10.0, 100.0]"))
    assert len(grown) == 6
    assert before.items() <= written_at().items()


def test_a_trial_that_went_well_stands_before_what_lies_there_from_before():
    """A sweep that has grown names its folders otherwise."""
    for path in [OUT / name for name in sweep(SVM.replace("[1.0, 10.0]", "[1.0]"))]:
        content = json.loads((path / FILE_NAME).read_text())
        (path / FILE_NAME).write_text(json.dumps({**content, "status": "interrupted"}))
    sweep(SVM)
    before = written_at()
    sweep(SVM)
    assert written_at() == before


def test_a_trial_that_evaluates_nothing_is_shown_as_such(capsys):
    sweep(NETWORK + "  trainer.limit_val_batches: [0]\n  trainer.limit_test_batches: [0]\n")
    assert "test accuracy not measured" in capsys.readouterr().out


def test_a_network_leaves_record_config_events_and_metrics():
    [(name, record)] = sweep(NETWORK + "breakdown: true\n").items()
    assert record.status == "ok"
    assert record.key.startswith(name[-6:])
    files = {path.name for path in (OUT / name).iterdir()}
    assert {"record.json", "config.yaml", "metrics.csv", "output.log"} <= files
    assert any(name.startswith("events.") for name in files)
    assert "checkpoints" not in files, "tens of megabytes a trial, unless they are asked for"
    assert record.breakdown["median_seconds"].keys() == {"data", "forward", "backward", "optimizer"}
    assert all(seconds > 0 for seconds in record.breakdown["median_seconds"].values())
    assert "epoch 1/1" in (OUT / name / "output.log").read_text()


def test_the_best_weights_are_kept_when_asked_for():
    [name] = sweep(NETWORK + "keep_checkpoints: true\n")
    [checkpoint] = (OUT / name / "checkpoints").iterdir()
    assert checkpoint.name == "best.ckpt"
    assert checkpoint.stat().st_size < 60e6, "the weights alone"
    test = ["--data", "Digits", "--trainer.accelerator", "cpu", "--ckpt_path", str(checkpoint)]
    assert main(["test", *test]) == 0


def test_utilization_is_of_the_measured_peak():
    [record] = sweep(NETWORK.replace("limit_train_batches: [2]", "limit_train_batches: [14]")).values()
    assert record.utilization["fraction"] == pytest.approx(
        record.throughput["median_images_per_second"]
        * record.complexity["train_flops_per_image"]
        / record.utilization["peak_flops_per_second"]
    )
    assert 0 < record.utilization["fraction"] < 1.2


def test_repeats_are_interleaved():
    done = sweep(SVM.replace("[1.0, 10.0]", "[1.0]") + "repeats: 2\n")
    in_order = sorted(done.values(), key=lambda record: (OUT / name_of(done, record) / FILE_NAME).stat().st_mtime_ns)
    assert [(r.values["estimator.kernel"], r.repeat) for r in in_order] == [
        ("rbf", 0), ("poly", 0), ("rbf", 1), ("poly", 1),
    ]  # fmt: skip
    assert len({record.key for record in done.values()}) == 4


def name_of(done, record):
    return next(name for name, value in done.items() if value is record)


def test_two_at_a_time_give_the_same_records(done):
    for path in OUT.glob(f"*/{FILE_NAME}"):
        path.unlink()
    together = sweep(SVM, "--jobs", "2")
    assert done.keys() == together.keys()
    for name, record in done.items():
        # scikit-learn-intelex adds up in another order on another number of threads.
        assert together[name].metrics["test/accuracy"] == pytest.approx(record.metrics["test/accuracy"], abs=2 / 359)
    assert {record.environment["num_threads"] for record in together.values()} == {max(1, num_cores() // 2)}


@pytest.mark.skipif("__import__('torch').cuda.is_available()", reason="this machine has a GPU")
def test_gpu_trials_are_skipped_where_there_is_none_and_tried_again():
    done = sweep(NETWORK.replace("[cpu]", "[cpu, gpu]"))
    assert sorted(record.status for record in done.values()) == ["ok", "skipped"]
    [skipped] = [record for record in done.values() if record.status == "skipped"]
    assert skipped.error == "this machine has no GPU that torch can use"
    assert skipped.values["trainer.accelerator"] == "gpu"
    before = written_at()
    sweep(NETWORK.replace("[cpu]", "[cpu, gpu]"))
    assert sum(before[path] != written_at()[path] for path in before) == 1, "the skipped one alone"


def test_a_trial_that_takes_too_long_is_ended_and_the_next_one_runs():
    small = "  data.batch_size: [16]\n  trainer.limit_val_batches: [1]\n"
    text = ENDLESS.replace("max_epochs: [100000]", "max_epochs: [100000, 1]") + small + "timeout_seconds: 8\n"
    done = sweep(text, code=1)
    assert sorted(record.status for record in done.values()) == ["ok", "timeout"]
    [late] = [record for record in done.values() if record.status == "timeout"]
    assert late.error == "the trial took longer than timeout_seconds: 8"
    assert late.curves, "what it had learned by then is kept"


def test_a_failed_trial_is_tried_again_only_when_asked():
    text = NETWORK + "  model.optimizer: [sgd]\n  model.lr: [1.0e+30]\n"
    [failed] = sweep(text.replace("limit_train_batches: [2]", "limit_train_batches: [8]"), code=1).values()
    assert failed.status == "diverged"
    before = written_at()
    text = text.replace("limit_train_batches: [2]", "limit_train_batches: [8]")
    sweep(text, code=1)
    assert written_at() == before
    sweep(text, "--retry-failed", code=1)
    assert written_at() != before


@pytest.mark.parametrize("damage", ["", '{"schema": 1', "{}"])
def test_a_damaged_record_is_reported_and_its_trial_run_again(done, damage, capsys):
    name = next(iter(done))
    before = written_at()
    (OUT / name / FILE_NAME).write_text(damage)
    again = sweep(SVM)
    assert again[name].status == "ok"
    assert "is damaged" in capsys.readouterr().out
    assert sum(before[path] != written_at()[path] for path in before) == 1


def test_a_dry_run_shows_the_trials_and_writes_nothing(capsys):
    Path("sweep.yaml").write_text(SVM)
    assert main(["sweep", "sweep.yaml", "--out", str(OUT), "--dry-run"]) == 0
    output = capsys.readouterr().out
    assert "4 trials, 4 to run" in output
    assert "time to go: about" in output
    assert not OUT.exists()


def test_a_dry_run_of_what_is_done_has_nothing_to_run(done, capsys):
    Path("sweep.yaml").write_text(SVM)
    assert main(["sweep", "sweep.yaml", "--out", str(OUT), "--dry-run"]) == 0
    assert "4 trials, 0 to run" in capsys.readouterr().out


def test_a_dry_run_times_trials_of_a_single_step(capsys):
    Path("sweep.yaml").write_text(
        NETWORK + "  data.train_fraction: [0.1]\n  data.batch_size: [100]\n  trainer.max_steps: [1]\n"
    )
    assert main(["sweep", "sweep.yaml", "--dry-run"]) == 0
    assert "time to go: about" in capsys.readouterr().out


def test_a_dry_run_times_a_few_steps_of_a_network(capsys):
    Path("sweep.yaml").write_text(ENDLESS)
    assert main(["sweep", "sweep.yaml", "--dry-run"]) == 0
    hours = re.search(r"time to go: about (\d+) h", capsys.readouterr().out)
    assert int(hours[1]) > 1


def test_a_study_runs_its_sweeps_into_one_folder():
    Path("kernels.yaml").write_text(SVM)
    Path("networks.yaml").write_text(NETWORK)
    Path("study.yaml").write_text("sweeps: [kernels.yaml, networks.yaml]\n")
    assert main(["study", "study.yaml", "--out", "all", "--repeat-contended", "0"]) == 0
    assert len(list(Path("all/kernels").glob(f"*/{FILE_NAME}"))) == 4
    assert len(list(Path("all/networks").glob(f"*/{FILE_NAME}"))) == 1
