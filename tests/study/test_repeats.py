"""A time that others have disturbed is measured anew, and the record of the disturbed run is not lost."""

import json
import os

import pytest

from benchmark_lightning.study import sweep as driver
from benchmark_lightning.study.axes import read_sweep
from benchmark_lightning.study.completed import Completed
from benchmark_lightning.study.executors import adapt_server, run_job
from benchmark_lightning.study.plan import plan_sweep
from benchmark_lightning.study.record import read_record
from benchmark_lightning.training import precision
from benchmark_lightning.training.contention import SHARING_VARIABLE
from tests.study.sweeps import NETWORK, OUT, SVM, sweep


@pytest.fixture
def disturbed(done):
    """The name of the one trial of ``done`` whose record says that others disturbed it."""
    name = sorted(done)[0]
    path = OUT / name / "record.json"
    content = json.loads(path.read_text())
    content["contention"] |= {"is_contended": True, "run_delay": 0.7}
    path.write_text(json.dumps(content))
    for other in sorted(done)[1:]:  # whatever else this machine was doing
        path = OUT / other / "record.json"
        content = json.loads(path.read_text())
        content["contention"]["is_contended"] = False
        path.write_text(json.dumps(content))
    return name


def test_a_disturbed_trial_is_repeated_in_a_folder_of_its_own_and_the_new_record_is_used(disturbed, monkeypatch):
    monkeypatch.setattr(driver, "wait_for_processor", lambda tell: True)
    records = sweep(SVM, "--repeat-contended", "1")
    assert len(records) == 5
    again = records[f"{disturbed}-again1"]
    assert again.key == records[disturbed].key
    assert again.metrics == records[disturbed].metrics
    if not again.is_contended:  # this machine may be busy in truth
        assert Completed(OUT).records[again.key].started_at == again.started_at


def test_a_trial_that_stays_disturbed_is_repeated_no_more_often_than_asked_for(disturbed, monkeypatch, capfd):
    runs = []
    monkeypatch.setattr(driver, "wait_for_processor", lambda tell: True)
    monkeypatch.setattr(driver, "_run_all", lambda *arguments: runs.append(arguments[-1]))
    sweep(SVM, "--repeat-contended", "2")
    assert [len(trials) for trials in runs[1:]] == [1, 1]  # the first is that of the trials without a record
    assert "others disturbed 1 of 4 trials" in capfd.readouterr().out


def test_a_busy_processor_is_not_measured_on_and_a_person_is_told(disturbed, monkeypatch, capfd):
    monkeypatch.setattr(driver, "wait_for_processor", lambda tell: False)
    assert len(sweep(SVM, "--repeat-contended", "2")) == 4
    assert "the same command measures them again" in capfd.readouterr().out


def test_an_interrupt_while_waiting_for_the_processor_ends_the_sweep_and_says_how_to_go_on(
    disturbed, monkeypatch, capfd
):
    def interrupt(tell):
        raise KeyboardInterrupt

    monkeypatch.setattr(driver, "wait_for_processor", interrupt)
    sweep(SVM, "--repeat-contended", "2", code=130)
    assert "go on with" in capfd.readouterr().out


@pytest.mark.parametrize("value", ["-1", "two", "1.5"])
def test_a_wrong_number_of_repeats_is_one_sentence(complaint, value):
    assert "no whole number" in complaint("sweep", "x.yaml", f"--repeat-contended={value}")


def test_every_record_says_how_far_others_kept_the_processor_away(done):
    for name in done:
        contention = read_record(OUT / name).contention
        assert contention["others_cpu"] >= 0
        assert isinstance(contention["is_contended"], bool)


def environment(on_progress):
    return os.environ.get("OMP_WAIT_POLICY"), SHARING_VARIABLE in os.environ


@pytest.mark.slow
def test_threads_sleep_at_once_only_while_others_use_the_processor(monkeypatch):
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    ask = f"{__name__}:environment"
    adapt_server(is_processor_shared=True)
    try:
        assert run_job(ask, {}) == ("passive", True)
    finally:
        adapt_server(is_processor_shared=False)
    assert run_job(ask, {}) == (None, False)


MIXED = NETWORK + "  trainer.precision: [32-true, 16-mixed]\n"


def planned(text, tmp_path):
    path = tmp_path / "sweep.yaml"
    path.write_text(text)
    return {trial.values["trainer.precision"]: trial for trial in plan_sweep(read_sweep(path), lambda event: None)}


def test_a_precision_that_would_be_emulated_is_skipped_where_float32_is_measured_as_well(tmp_path, monkeypatch):
    monkeypatch.setattr(precision, "multiplies_bf16", lambda: False)
    trials = planned(MIXED, tmp_path)
    assert trials["32-true"].skip_reason is None
    assert "no bf16 instructions" in trials["16-mixed"].skip_reason


def test_a_precision_that_would_be_emulated_runs_as_float32_where_it_is_the_only_one_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(precision, "multiplies_bf16", lambda: False)
    (trial,) = planned(MIXED.replace("[32-true, 16-mixed]", "[16-mixed]"), tmp_path).values()
    assert trial.skip_reason is None
    assert "16-mixed runs as 32-true" in trial.note


def test_a_processor_with_bf16_runs_both(tmp_path, monkeypatch):
    monkeypatch.setattr(precision, "multiplies_bf16", lambda: True)
    assert all(trial.skip_reason is None for trial in planned(MIXED, tmp_path).values())
