"""The command that tells of the machine: a wrong option costs no minute of measuring."""

import json
from pathlib import Path

import pytest

from benchmark_lightning.__main__ import main
from benchmark_lightning.study import machine


def test_a_wrong_option_is_one_sentence(complaint):
    assert "unrecognized arguments: --jsn" in complaint("machine", "--jsn", "file")


@pytest.fixture
def _measured(monkeypatch):
    monkeypatch.setattr(machine, "describe_machine", lambda: {"timer_resolution_seconds": 1e-7})
    monkeypatch.setattr(machine, "print_machine", lambda measured: print(measured.keys()))


@pytest.mark.usefixtures("_measured")
def test_the_raw_values_are_written_where_a_person_wants_them(capsys):
    assert main(["machine", "--json", "machine.json"]) == 0
    assert json.loads(Path("machine.json").read_text()) == {"timer_resolution_seconds": 1e-7}
    assert "timer_resolution_seconds" in capsys.readouterr().out


@pytest.mark.usefixtures("_measured")
def test_a_file_that_cannot_be_written_is_one_sentence(complaint):
    assert "cannot write nowhere/machine.json" in complaint("machine", "--json", "nowhere/machine.json")
