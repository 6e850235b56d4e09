"""The thresholds of contention come from this table: it must compare with a training that was alone."""

import subprocess
import sys
import time

import psutil

from benchmarks import contention
from benchmarks.contention import as_markdown, neighbours


def rows(rate, delay, is_contended):
    return [
        {"images_per_second": rate, "run_delay": delay, "others_cpu": 0.5, "is_contended": is_contended}
        for _ in range(2)
    ]


def test_each_row_is_compared_with_the_training_that_was_alone():
    table = as_markdown({"none | spin": rows(800.0, 0.01, False), "one | spin": rows(200.0, 0.7, True)}, "a machine")
    assert "| one | spin | 200 (200 to 200) | 0.25 | 0.700 (0.700 to 0.700) | 0.50 | 2 of 2 |" in table


def test_a_system_that_counts_no_waiting_has_a_row_all_the_same():
    assert "| unknown |" in as_markdown({"none | spin": rows(800.0, None, False)}, "a machine")


def test_neighbours_are_busy_inside_the_block_and_gone_after_it():
    others = psutil.Process().children()  # the server that an earlier test has started
    with neighbours((1.0,)):
        [process] = [child for child in psutil.Process().children() if child not in others]
        before = process.cpu_times().user
        time.sleep(0.5)
        assert process.cpu_times().user > before
    assert not process.is_running()


def test_help_starts_without_torch():
    result = subprocess.run(
        [sys.executable, "-X", "importtime", contention.__file__, "--help"], capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "--docs" in result.stdout
    assert " torch\n" not in result.stderr
