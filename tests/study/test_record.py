"""The record is the state of a sweep and the source of every number: it must be whole, or not be there."""

import json
import os
import subprocess

import pytest

from benchmark_lightning.errors import InputError
from benchmark_lightning.study.record import SCHEMA, Record, RecordError, identity, read_record, trial_key, write_record

RECORD = Record(
    key="9f3c", kind="network", status="ok", config={"model": {"arch": "resnet18"}}, metrics={"val/loss": 0.1}
)


def test_what_is_written_is_read(tmp_path):
    path = write_record(RECORD, tmp_path / "trial")
    assert read_record(path) == read_record(tmp_path / "trial") == RECORD


def test_nothing_but_the_record_is_left_in_the_folder(tmp_path):
    write_record(RECORD, tmp_path)
    write_record(RECORD, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["record.json"]


def test_what_json_cannot_say_is_null_with_its_reason(tmp_path):
    record = Record(**{**vars(RECORD), "metrics": {"val/loss": float("nan")}, "curves": [{"loss": float("inf")}]})
    content = json.loads(write_record(record, tmp_path).read_text())
    assert content["metrics"]["val/loss"] is None
    assert content["curves"] == [{"loss": None}]
    assert content["reasons"] == {"metrics.val/loss": "the value is nan", "curves.0.loss": "the value is inf"}


def test_a_failing_write_leaves_the_old_record(tmp_path, monkeypatch):
    path = write_record(RECORD, tmp_path)

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match=r"cannot write .*record\.json \(No space left on device\)"):
        write_record(Record(**{**vars(RECORD), "status": "failed"}), tmp_path)
    assert read_record(path).status == "ok"
    assert [file.name for file in tmp_path.iterdir()] == ["record.json"]


def test_a_full_disk_is_a_sentence(tmp_path):
    """On a real file system of one page, where the machine lets us make one."""
    small = tmp_path / "small"
    small.mkdir()
    try:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k", "none", str(small)], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("mounting a small file system needs root")
    try:
        large = Record(**{**vars(RECORD), "error": "x" * 10_000})
        with pytest.raises(InputError, match="No space left on device"):
            write_record(large, small)
        assert list(small.iterdir()) == []
    finally:
        subprocess.run(["umount", str(small)], check=True)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is damaged: it is no JSON"),
        ('{"schema": 1, "key"', "is damaged: it is no JSON"),
        ("[]", "is damaged: it has no schema"),
        ("{}", "is damaged: it has no schema"),
        ('{"schema": 1, "key": "a", "kind": "resnet", "status": "ok"}', "is damaged: it lacks config"),
        ('{"schema": 1, "key": "a", "kind": "svm", "status": "fine", "config": {}}', "its status is 'fine'"),
        ('{"schema": 1, "key": "a", "kind": "svm", "status": "ok", "config": {}, "clocks": null}', "clocks is None"),
        ('{"schema": 1, "key": [], "kind": "svm", "status": "ok", "config": {}}', "key is"),
        (json.dumps({"schema": SCHEMA + 1}), f"is of schema {SCHEMA + 1}, but this version reads up to {SCHEMA}"),
    ],
)
def test_a_damaged_record_is_named(tmp_path, text, sentence):
    (tmp_path / "record.json").write_text(text)
    with pytest.raises(RecordError, match=sentence):
        read_record(tmp_path)


def test_a_missing_record_is_named(tmp_path):
    with pytest.raises(RecordError, match="cannot be read"):
        read_record(tmp_path)


def test_a_record_with_more_keys_can_be_read(tmp_path):
    path = write_record(RECORD, tmp_path)
    path.write_text(json.dumps({**json.loads(path.read_text()), "from_the_future": 1}))
    assert read_record(path) == RECORD


CONFIG = {
    "seed_everything": 0,
    "data": {"class_path": "Digits", "init_args": {"root": "/home/me", "batch_size": 32}},
    "trainer": {"max_epochs": 5, "logger": None, "default_root_dir": "/tmp"},
    "run": {"root": "lightning_logs"},
}


def test_the_key_is_of_what_is_trained_not_of_where():
    elsewhere = json.loads(json.dumps(CONFIG))
    elsewhere["data"]["init_args"]["root"] = "/mnt"
    elsewhere["run"]["root"] = "/mnt/runs"
    elsewhere["trainer"]["default_root_dir"] = "/mnt"
    assert trial_key(identity(elsewhere), "f") == trial_key(identity(CONFIG), "f")


@pytest.mark.parametrize("change", [{"seed_everything": 1}, {"trainer": {"max_epochs": 6}}])
def test_the_key_changes_with_what_is_trained(change):
    assert trial_key(identity({**CONFIG, **change}), "f") != trial_key(identity(CONFIG), "f")
    assert trial_key(identity(CONFIG), "other pixels") != trial_key(identity(CONFIG), "f")


OLD_SVM = {
    "schema": 1, "key": "old", "kind": "svm", "status": "ok", "repeat": 2, "data": {"fingerprint": "f"},
    "config": {"seed_everything": 0, "data": {"class_path": "MNIST"}, "svm": {"kernel": "rbf", "C": 1.0, "engine": "mine"}},
}  # fmt: skip


@pytest.mark.parametrize("schema", [1, 2])
def test_an_svm_from_before_is_the_classical_trial_that_it_is_today(tmp_path, schema):
    (tmp_path / "record.json").write_text(json.dumps({**OLD_SVM, "schema": schema}))
    record = read_record(tmp_path)
    assert (record.kind, record.schema, record.values) == ("classical", SCHEMA, {})
    assert record.config == {
        "seed_everything": 0, "data": {"class_path": "MNIST"}, "engine": "mine",
        "estimator": {"class_path": "sklearn.svm.SVC", "init_args": {"kernel": "rbf", "C": 1.0}},
    }  # fmt: skip
    assert record.key == trial_key(record.config, "f", 2)
    write_record(record, tmp_path)
    assert read_record(tmp_path) == record


def test_a_network_from_before_keeps_its_key(tmp_path):
    (tmp_path / "record.json").write_text(json.dumps({**vars(RECORD), "schema": 2, "kind": "resnet"}))
    assert (read_record(tmp_path).kind, read_record(tmp_path).key) == ("network", RECORD.key)


def test_a_network_of_ones_own_is_another_trial_and_none_leaves_the_key_as_it_was():
    usual = {**CONFIG, "model": {"arch": "resnet18"}}
    without = {**CONFIG, "model": {"arch": "resnet18", "network": None}}
    own = {**CONFIG, "model": {"arch": "resnet18", "network": {"class_path": "mine.CNN"}}}
    assert trial_key(identity(without), "f") == trial_key(identity(usual), "f") != trial_key(identity(own), "f")


def test_fold_0_leaves_the_key_as_it_was_and_another_fold_is_another_trial():
    def key(**fold):
        return trial_key(
            identity({**CONFIG, "data": {"class_path": "Digits", "init_args": {"split": "pooled"} | fold}}), "f"
        )

    assert key() == key(fold=0) != key(fold=1)
