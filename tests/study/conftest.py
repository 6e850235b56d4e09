"""Sweeps run once for all tests that only go on from them."""

import functools
import shutil
from typing import Any

import pytest

from benchmark_lightning.study import preparation
from benchmark_lightning.study.executors import run_job
from benchmark_lightning.study.record import Record
from tests.study.sweeps import OUT, SVM, records, sweep


@pytest.fixture(scope="session")
def _svm_sweep(tmp_path_factory):
    folder = tmp_path_factory.mktemp("svm")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        sweep(SVM)
    return folder / OUT


@pytest.fixture
def done(_svm_sweep) -> dict[str, Record]:
    """The records of the sweep ``SVM``, which has run already into ``OUT``."""
    shutil.copytree(_svm_sweep, OUT)
    return records()


@functools.cache
def _peaks() -> dict[str, Any]:
    return run_job("benchmark_lightning.study.machine:measure_peaks", {})


@pytest.fixture(autouse=True)
def _peaks_measured_once(monkeypatch):
    """A sweep of networks measures what the machine can do, for seconds, and every test would find the same."""

    def run(function: str, arguments: dict[str, Any]) -> Any:
        return _peaks() if function.endswith(":measure_peaks") else run_job(function, arguments)

    monkeypatch.setattr(preparation, "run_job", run)
