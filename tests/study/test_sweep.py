"""A sweep must survive anything: what is done is not done twice, and nothing half-done counts."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from benchmark_lightning.__main__ import main
from benchmark_lightning.study.axes import read_sweep
from benchmark_lightning.study.record import FILE_NAME, SCHEMA, Record, read_record
from benchmark_lightning.study.state import locked
from benchmark_lightning.study.sweep import plan

CONFIGS = Path(__file__).parents[2] / "configs"
SVM = f"""
trial: svm
base: [{CONFIGS}/data/digits.yaml]
axes:
  svm.kernel: [rbf, poly]
  svm.C: [1.0, 10.0]
"""
NETWORK = f"""
trial: resnet
base: [{CONFIGS}/data/digits.yaml]
axes:
  model.arch: [resnet18]
  trainer.accelerator: [cpu]
  trainer.limit_train_batches: [2]
  trainer.max_epochs: [1]
"""
ENDLESS = NETWORK.replace("max_epochs: [1]", "max_epochs: [100000]")
OUT = Path("out")


def sweep(text: str, *options: str, code: int = 0) -> dict[str, Record]:
    """Runs a sweep and returns its records by the names of their folders."""
    Path("sweep.yaml").write_text(text)
    assert main(["sweep", "sweep.yaml", "--out", str(OUT), *options]) == code
    return records()


def records() -> dict[str, Record]:
    return {path.parent.name: read_record(path) for path in sorted(OUT.glob(f"*/{FILE_NAME}"))}


def written_at() -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in OUT.glob(f"*/{FILE_NAME}")}


def test_one_batch_is_one_batch_in_a_sweep_too():
    """As a float, 1 is all batches; which of the two it becomes once depended on the order of imports in the server."""
    Path("sweep.yaml").write_text(NETWORK + "  trainer.limit_val_batches: [1]\n  trainer.limit_test_batches: [0.5]\n")
    trainer = plan(read_sweep(Path("sweep.yaml")))[0].config["trainer"]
    assert type(trainer["limit_val_batches"]) is int
    assert type(trainer["limit_train_batches"]) is int
    assert trainer["limit_test_batches"] == 0.5


def test_every_combination_has_a_record_and_is_not_run_again(capsys):
    done = sweep(SVM)
    assert [record.status for record in done.values()] == ["ok"] * 4
    assert {(r.config["svm"]["kernel"], r.config["svm"]["C"]) for r in done.values()} == {
        (kernel, c) for kernel in ("rbf", "poly") for c in (1.0, 10.0)
    }
    before = written_at()
    sweep(SVM)
    assert written_at() == before
    assert "the best five by validation accuracy" in capsys.readouterr().out


def test_a_grown_sweep_runs_only_what_is_new():
    sweep(SVM)
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
    assert [(r.config["svm"]["kernel"], r.repeat) for r in in_order] == [
        ("rbf", 0), ("poly", 0), ("rbf", 1), ("poly", 1),
    ]  # fmt: skip
    assert len({record.key for record in done.values()}) == 4


def name_of(done, record):
    return next(name for name, value in done.items() if value is record)


def test_two_at_a_time_give_the_same_records():
    alone = sweep(SVM)
    for path in OUT.glob(f"*/{FILE_NAME}"):
        path.unlink()
    together = sweep(SVM, "--jobs", "2")
    assert alone.keys() == together.keys()
    for name, record in alone.items():
        # scikit-learn-intelex adds up in another order on another number of threads.
        assert together[name].metrics["test/accuracy"] == pytest.approx(record.metrics["test/accuracy"], abs=2 / 359)
    assert {record.environment["num_threads"] for record in together.values()} == {max(1, (os.cpu_count() or 1) // 2)}


@pytest.mark.skipif("__import__('torch').cuda.is_available()", reason="this machine has a GPU")
def test_gpu_trials_are_skipped_where_there_is_none_and_tried_again():
    done = sweep(NETWORK.replace("[cpu]", "[cpu, gpu]"))
    assert sorted(record.status for record in done.values()) == ["ok", "skipped"]
    [skipped] = [record for record in done.values() if record.status == "skipped"]
    assert skipped.error == "this machine has no GPU that torch can use"
    before = written_at()
    sweep(NETWORK.replace("[cpu]", "[cpu, gpu]"))
    assert sum(before[path] != written_at()[path] for path in before) == 1, "the skipped one alone"


def test_a_trial_that_takes_too_long_is_ended_and_the_next_one_runs():
    text = ENDLESS.replace("max_epochs: [100000]", "max_epochs: [100000, 1]") + "timeout_seconds: 12\n"
    done = sweep(text, code=1)
    assert sorted(record.status for record in done.values()) == ["ok", "timeout"]
    [late] = [record for record in done.values() if record.status == "timeout"]
    assert late.error == "the trial took longer than timeout_seconds: 12"
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
def test_a_damaged_record_is_reported_and_its_trial_run_again(damage, capsys):
    name = next(iter(sweep(SVM)))
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
    sweep(SVM)
    capsys.readouterr()
    assert main(["sweep", "sweep.yaml", "--out", str(OUT), "--dry-run"]) == 0
    assert "4 trials, 0 to run" in capsys.readouterr().out


def test_a_dry_run_times_trials_of_a_single_step(capsys):
    Path("sweep.yaml").write_text(NETWORK + "  data.batch_size: [1000]\n  trainer.max_steps: [1]\n")
    assert main(["sweep", "sweep.yaml", "--dry-run"]) == 0
    assert "time to go: about" in capsys.readouterr().out


def test_a_dry_run_times_a_few_steps_of_a_network(capsys):
    Path("sweep.yaml").write_text(ENDLESS)
    assert main(["sweep", "sweep.yaml", "--dry-run"]) == 0
    hours = re.search(r"time to go: about (\d+) h", capsys.readouterr().out)
    assert int(hours[1]) > 1


def test_a_second_driver_says_so_and_leaves(complaint):
    Path("sweep.yaml").write_text(SVM)
    with locked(OUT):
        sentence = complaint("sweep", "sweep.yaml", "--out", str(OUT))
    assert f"another sweep (process {os.getpid()}) is writing to out" in sentence


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("model.lrr: [1.0]", "there is no option --model.lrr; did you mean 'model.lr'? (in sweep.yaml)"),
        ("model.arch: [resnet18, resnet81]", "did you mean 'resnet18'? (in sweep.yaml)"),
        ("data.class_path: [Digits, Digts]", "did you mean 'Digits'? (in sweep.yaml)"),
        ("model.lr: [fast]", "model.lr is 'fast'; give a number (in sweep.yaml)"),
        ("data.batch_size: [32, 0]", "data.batch_size is 0; give a whole number of at least 1 (in sweep.yaml)"),
        ("data.batch_size: [5000]", "Digits has 1,258 training images"),
        ("trainer.max_epochs: [1, 0]", "must not be 0: a trial trains (in sweep.yaml)"),
        ("trainer.devices: [2]", "a trial of a sweep trains on one device"),
        ("trainer.gradient_clip_algorithm: [odd]", "(in sweep.yaml)"),
        ("model.lr: [0.1, 1.0e-1, '0.10']", "describes the same trial twice"),
    ],
)
def test_all_combinations_are_valid_before_the_first_one_starts(complaint, line, sentence):
    key = line.split(":")[0]
    kept = [old for old in NETWORK.splitlines() if not old.strip().startswith(f"{key}:")]
    Path("sweep.yaml").write_text(
        "\n".join([*kept, f"  {line}"])
        if "1.0e-1, '0.10'" not in line
        else "\n".join([*kept, "  model.lr: [0.1, '0.10']"])
    )
    assert sentence in complaint("sweep", "sweep.yaml", "--out", str(OUT))
    assert not list(OUT.glob("*/*"))


def test_a_record_of_a_newer_schema_is_left_alone(complaint):
    name = next(iter(sweep(SVM)))
    path = OUT / name / FILE_NAME
    path.write_text(json.dumps({**json.loads(path.read_text()), "schema": SCHEMA + 1}))
    before = written_at()
    assert f"is of schema {SCHEMA + 1}" in complaint("sweep", "sweep.yaml", "--out", str(OUT))
    assert written_at() == before


def test_a_folder_that_cannot_be_written(complaint):
    Path("sweep.yaml").write_text(SVM)
    Path("file").write_text("")
    assert "cannot write to file/out" in complaint("sweep", "sweep.yaml", "--out", "file/out")


def test_a_full_disk_stops_the_sweep_and_keeps_what_is_done(complaint, tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    try:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=60k", "none", str(small)], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("mounting a small file system needs root")
    try:
        Path("sweep.yaml").write_text(SVM.replace("[1.0, 10.0]", "[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0]"))
        sentence = complaint("sweep", "sweep.yaml", "--out", str(small / "out"))
        assert "No space left on device" in sentence or "no space is left" in sentence
        kept = [read_record(path) for path in (small / "out").glob(f"*/{FILE_NAME}")]
        assert kept
        assert {record.status for record in kept} == {"ok"}
    finally:
        subprocess.run(["umount", str(small)], check=True)


@pytest.mark.parametrize(
    "arguments", [[], ["a.yaml", "--jobs", "0"], ["a.yaml", "--job", "x"], ["a.yaml", "b.yaml"], ["missing.yaml"]]
)
def test_wrong_options_are_one_sentence(complaint, arguments):
    complaint("sweep", *arguments)
    complaint("study", *arguments)


def test_a_study_runs_its_sweeps_into_one_folder():
    Path("kernels.yaml").write_text(SVM)
    Path("networks.yaml").write_text(NETWORK)
    Path("study.yaml").write_text("sweeps: [kernels.yaml, networks.yaml]\n")
    assert main(["study", "study.yaml", "--out", "all"]) == 0
    assert len(list(Path("all/kernels").glob(f"*/{FILE_NAME}"))) == 4
    assert len(list(Path("all/networks").glob(f"*/{FILE_NAME}"))) == 1


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("sweps: []\n", "unknown key sweps in study.yaml; did you mean 'sweeps'?"),
        ("sweeps: []\n", "give a list of sweep files"),
        ("sweeps: [missing.yaml]\n", "there is no file"),
        ("sweeps: [a/x.yaml, b/x.yaml]\n", "two sweeps in study.yaml are named x"),
    ],
)
def test_a_wrong_study_is_one_sentence(complaint, text, sentence):
    Path("study.yaml").write_text(text)
    assert sentence in complaint("study", "study.yaml")


def driver(text: str) -> subprocess.Popen:
    """A sweep in a process of its own, as a user starts it."""
    Path("sweep.yaml").write_text(text)
    return subprocess.Popen(
        [sys.executable, "-m", "benchmark_lightning", "sweep", "sweep.yaml", "--out", str(OUT)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def trial_processes(process: subprocess.Popen) -> list[psutil.Process]:
    """The processes that the server has forked."""
    with_server = psutil.Process(process.pid).children()
    return [
        trial for server in with_server if "forkserver" in " ".join(server.cmdline()) for trial in server.children()
    ]


def wait_for(condition, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def test_a_trial_killed_by_the_system_costs_itself_alone():
    process = driver(ENDLESS.replace("max_epochs: [100000]", "max_epochs: [100000, 1]"))
    wait_for(lambda: any("epoch 1/" in path.read_text() for path in OUT.glob("*/output.log")))
    [trial] = trial_processes(process)
    trial.kill()
    process.communicate(timeout=120)
    assert process.returncode == 1
    done = records()
    assert sorted(record.status for record in done.values()) == ["failed", "ok"]
    [failed] = [record for record in done.values() if record.status == "failed"]
    assert failed.error == "its process was ended by SIGKILL; the system may have run out of memory"
    assert failed.config["model"]["arch"] == "resnet18"


def test_ctrl_c_ends_the_running_trial_cleanly_and_says_how_to_go_on():
    process = driver(ENDLESS)
    wait_for(lambda: any("epoch 1/" in path.read_text() for path in OUT.glob("*/output.log")))
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    [record] = records().values()
    assert record.status == "interrupted"
    assert record.curves
    assert "go on with: benchmark-lightning sweep sweep.yaml --out out" in output
    assert "Traceback" not in output


def test_the_death_of_the_driver_ends_its_trial():
    process = driver(ENDLESS)
    wait_for(lambda: any("epoch 1/" in path.read_text() for path in OUT.glob("*/output.log")))
    [trial] = trial_processes(process)
    process.kill()
    process.communicate()
    wait_for(lambda: not trial.is_running() or trial.status() == psutil.STATUS_ZOMBIE, seconds=10)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_twenty_kills_at_random_moments_lose_nothing():
    text = SVM.replace("[1.0, 10.0]", str([float(c) for c in range(1, 31)]))
    random = __import__("random").Random(0)
    finished: dict[str, int] = {}
    num_cut = 0
    for _ in range(20):
        process = driver(text)
        wait_for(lambda process=process: process.poll() is not None or len(trial_processes(process)) > 0)
        time.sleep(random.uniform(0, 3))
        num_cut += process.poll() is None
        process.kill()
        process.communicate()
        now = written_at()
        assert finished.items() <= now.items(), "what was done has been done again"
        finished = now
        assert all(record.status == "ok" for record in records().values())
    assert num_cut > 5  # a fast machine is done before the last kills
    process = driver(text)
    process.communicate(timeout=300)
    assert process.returncode == 0
    assert finished.items() <= written_at().items()
    done = records()
    assert len(done) == 60
    assert {record.status for record in done.values()} == {"ok"}
