"""Mixed precision that a processor has to emulate takes fifteen times as long: nobody may get it unasked."""

from pathlib import Path

import pytest

from benchmark_lightning.__main__ import main
from benchmark_lightning.study.record import read_record
from benchmark_lightning.training import precision
from benchmark_lightning.training.precision import advice, precision_for
from tests.conftest import SHORT


@pytest.fixture
def with_bf16(monkeypatch):
    monkeypatch.setattr(precision, "multiplies_bf16", lambda: True)


@pytest.fixture
def without_bf16(monkeypatch):
    monkeypatch.setattr(precision, "multiplies_bf16", lambda: False)


@pytest.mark.parametrize("asked", ["16-mixed", "16", 16])
def test_mixed_precision_on_a_cpu_is_bfloat16_where_the_processor_has_it(with_bf16, asked):
    chosen = precision_for(asked, is_on_cpu=True)
    assert (chosen.requested, chosen.effective) == ("16-mixed", "bf16-mixed")
    assert "16-mixed runs as bf16-mixed" in advice(chosen, is_on_cpu=True)


def test_mixed_precision_on_a_cpu_is_float32_where_it_would_be_emulated(without_bf16):
    chosen = precision_for("16-mixed", is_on_cpu=True)
    assert chosen.effective == "32-true"
    assert "no bf16 instructions" in chosen.why
    assert "16-mixed runs as 32-true" in advice(chosen, is_on_cpu=True)


def test_bfloat16_by_name_is_obeyed_and_its_cost_is_told(without_bf16):
    chosen = precision_for("bf16-mixed", is_on_cpu=True)
    assert chosen.effective == "bf16-mixed"
    assert "15 times the time" in advice(chosen, is_on_cpu=True)


@pytest.mark.parametrize("asked", ["16-mixed", "32-true", "bf16-mixed", "64-true", None])
def test_a_gpu_gets_what_was_asked_for(without_bf16, asked):
    chosen = precision_for(asked, is_on_cpu=False)
    assert chosen == (asked or "32-true", asked or "32-true", None)
    assert advice(chosen, is_on_cpu=False) is None


def test_a_fit_says_in_one_line_what_its_mixed_precision_is(with_bf16, capfd):
    assert main(["fit", *SHORT, "--trainer.precision", "16-mixed"]) == 0
    assert capfd.readouterr().err.count("16-mixed runs as bf16-mixed") == 1


def test_a_record_holds_what_was_asked_for_what_ran_and_why(without_bf16, capfd):
    assert main(["trial", *SHORT, "--trainer.precision", "16-mixed", "--run.folder", "run"]) == 0
    record = read_record(Path("run"))
    assert record.precision["requested"] == "16-mixed"
    assert record.precision["effective"] == "32-true"
    assert "no bf16 instructions" in record.precision["why"]
    assert record.config["trainer"]["precision"] == "16-mixed"
    assert "note: trainer.precision 16-mixed runs as 32-true" in capfd.readouterr().err
