"""What the tests share: data sets made on the spot, and the program called as a user calls it."""

import re
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from benchmark_lightning.__main__ import main
from benchmark_lightning.loading import garbage_kept

with garbage_kept():
    from benchmark_lightning.training.data import ROOT_VARIABLE

DIGITS = ("--data", "Digits", "--trainer.accelerator", "cpu", "--trainer.devices", "1")
ABOUT_WAITING = r"loading torch|[\d.]+ of [\d.]+ cores are in use by others"
SHORT = (*DIGITS, "--trainer.max_epochs", "1", "--trainer.limit_train_batches", "2", "--data.batch_size", "16")


def idx_bytes(values: np.ndarray) -> bytes:
    """The IDX form of an array of uint8."""
    return struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape) + values.tobytes()


def write_idx_files(folder: Path, num_train: int = 200, num_test: int = 50) -> None:
    """Four IDX files of noise whose labels go round the ten classes."""
    folder.mkdir(parents=True)
    noise = np.random.default_rng(0)
    for part, count in (("train", num_train), ("t10k", num_test)):
        images = noise.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        (folder / f"{part}-images-idx3-ubyte").write_bytes(idx_bytes(images))
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(idx_bytes(np.arange(count, dtype=np.uint8) % 10))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begins with the tests that start interpreters: at the end, all other processes would wait for one of them."""
    items.sort(key=lambda item: item.get_closest_marker("interpreters") is None)


@pytest.fixture
def kmnist_root(tmp_path: Path) -> Path:
    """A data folder with a small synthetic KMNIST, the one data set whose checksums are not known."""
    write_idx_files(tmp_path / "data" / "KMNIST" / "raw")
    return tmp_path / "data"


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test runs in a folder of its own, without the user's data and cache."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv(ROOT_VARIABLE, raising=False)
    monkeypatch.setattr("sys.argv", ["benchmark-lightning"])


@pytest.fixture(autouse=True)
def _contended_trials_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sweep of a test waits for no busy neighbour and repeats nothing, unless the test is about that."""
    monkeypatch.setattr("benchmark_lightning.study.options.REPEATS_OF_CONTENDED", 0)


@pytest.fixture
def complaint(capfd: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Calls the program, expects the exit code 2 and returns the one sentence that it says."""

    def call(*arguments: str, code: int = 2) -> str:
        capfd.readouterr()
        assert main(arguments) == code
        lines = [line for line in capfd.readouterr().err.splitlines() if not re.match(ABOUT_WAITING, line)]
        assert "Traceback" not in "".join(lines)
        assert lines[0].startswith("benchmark-lightning: ")
        assert len(lines) == 1 or code != 2
        return lines[0]

    return call
