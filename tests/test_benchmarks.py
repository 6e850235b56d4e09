"""A speed claim that the repository prints must be the one that was measured, and in the right direction."""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import BEGIN, END, met, row, write_table


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


@pytest.mark.slow
def test_each_measurement_has_a_process_of_its_own_also_under_python_m():
    """Half a minute: it starts a server with all imports, as ``python -m benchmarks`` does."""
    code = (
        "import os; from benchmarks.apart import apart; print(len({os.getpid(), apart(os.getpid), apart(os.getpid)}))"
    )
    root = Path(__file__).parents[1]
    result = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert result.stdout.split() == ["3"]
