"""A speed claim that the repository prints must be the one that was measured, and in the right direction."""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import __main__ as benchmark
from benchmarks import peers, rows
from benchmarks.rows import row, training_rows
from benchmarks.table import BEGIN, END, met, write_table
from benchmarks.work import Work


@pytest.mark.parametrize(("unit", "ours", "theirs"), [("images/s", [200.0], [100.0]), ("s", [1.0], [2.0])])
def test_twice_as_fast_is_a_ratio_of_two_whether_rates_or_times(unit, ours, theirs):
    item = row("work", "a peer", 1.6, ours, theirs, unit)
    assert item["ratios"] == [2.0]
    assert met(item) == "yes"
    assert met(row("work", "a peer", 1.6, theirs, ours, unit)) == "no"


def test_a_target_inside_the_interval_is_open_and_a_fast_training_that_learned_too_little_is_not_met():
    assert met(row("work", "a peer", 1.6, [150.0, 160.0, 170.0], [100.0] * 3, "images/s")) == "open"
    assert met(row("work", "a peer", 1.0, [600.0], [707.0], "s") | {"test_accuracy": 0.92}) == "no"


def test_the_table_is_written_where_the_file_has_its_place_and_nowhere_else(tmp_path):
    path = tmp_path / "performance.md"
    path.write_text(f"before\n{BEGIN}old\n{END}after\n")
    write_table(path, "| new |\n")
    assert path.read_text() == f"before\n{BEGIN}\n| new |\n\n{END}after\n"
    path.write_text("no place\n")
    with pytest.raises(SystemExit, match="no place for the table"):
        write_table(path, "| new |\n")
    assert path.read_text() == "no place\n"


RATES = {"plain PyTorch": 100.0, "plain Lightning": 90.0, "expert": 150.0, "expert, compiled": 160.0, "ours": 310.0}


@pytest.fixture
def _known_rates(monkeypatch):
    names = {peers.plain_pytorch: "plain PyTorch", peers.plain_lightning: "plain Lightning"}

    def rate_of(function, work, *arguments):
        if function is peers.expert:
            return RATES["expert, compiled" if arguments else "expert"]
        return RATES[names.get(function, "ours")]

    monkeypatch.setattr(rows, "apart", rate_of)


@pytest.mark.usefixtures("_known_rates")
def test_the_target_over_an_expert_is_that_over_the_faster_of_the_two_loops(tmp_path):
    found = training_rows(Work(tmp_path, tmp_path), 2)
    targets = {item["beside"]: item["target"] for item in found if item["work"].endswith(": ours")}
    assert targets == {"plain PyTorch": 1.6, "plain Lightning": 1.7, "expert": None, "expert, compiled": 2.0}
    [faster] = [item for item in found if item["target"] == 2.0]
    assert met(faster) == "no"  # 310 over 160 images/s


def test_a_precision_that_the_processor_would_emulate_is_not_compared(monkeypatch):
    for is_native, expected in ((True, ["32-true", "bf16-mixed"]), (False, ["32-true"])):
        monkeypatch.setattr(benchmark, "multiplies_bf16", lambda is_native=is_native: is_native)
        assert benchmark.precisions("cpu") == expected


@pytest.mark.slow
def test_each_measurement_has_a_process_of_its_own_also_under_python_m():
    """Half a minute: it starts a server with all imports, as ``python -m benchmarks`` does."""
    code = (
        "import os; from benchmarks.apart import apart; print(len({os.getpid(), apart(os.getpid), apart(os.getpid)}))"
    )
    root = Path(__file__).parents[1]
    result = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert result.stdout.split() == ["3"]
