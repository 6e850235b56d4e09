"""What a sweep cannot do, it says in one sentence, before the first trial starts, and it harms nothing."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from benchmark_lightning.study.completed import locked
from benchmark_lightning.study.record import FILE_NAME, SCHEMA, read_record
from tests.study.sweeps import NETWORK, OUT, SVM, written_at


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


def test_a_record_of_a_newer_schema_is_left_alone(complaint, done):
    Path("sweep.yaml").write_text(SVM)
    path = OUT / next(iter(done)) / FILE_NAME
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


def test_a_second_driver_says_so_and_leaves(complaint):
    Path("sweep.yaml").write_text(SVM)
    with locked(OUT):
        sentence = complaint("sweep", "sweep.yaml", "--out", str(OUT))
    assert f"another sweep (process {os.getpid()}) is writing to out" in sentence
