"""Completed trials of a sweep: the records in its folder, and nothing else. Imports no torch."""

import contextlib
import dataclasses
import fcntl
import json
import os
import statistics
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmark_lightning.errors import InputError
from benchmark_lightning.study.axes import Planned
from benchmark_lightning.study.record import FILE_NAME, Record, RecordError, read_record
from benchmark_lightning.study.trials.kinds import KINDS

# An interrupted trial is run again; a skipped one is asked again whether this machine can run it.
DONE = ("ok", "failed", "out_of_memory", "diverged", "timeout")
FAILED = ("failed", "out_of_memory", "diverged", "timeout")


class Completed:
    """The records under the folder of a sweep, by their keys.

    Args:
        folder: holds a folder a trial.

    Raises:
        InputError: a record is of a newer schema than this version can read.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.records: dict[str, Record] = {}
        self.damaged: list[str] = []
        self._num_records: Counter[str] = Counter()
        self._seconds: dict[str, list[float]] = {}
        for path in sorted(folder.glob(f"*/{FILE_NAME}")):
            try:
                record = read_record(path)
            except RecordError as error:
                if error.is_newer:
                    raise
                self.damaged.append(str(error))
            else:
                self.take(record)

    def take(self, record: Record) -> None:
        """Takes in a record; of a trial that was repeated, or whose sweep has grown, there are several."""
        self._num_records[record.key] += 1
        earlier = self.records.get(record.key)
        if earlier is None or record.preference() > earlier.preference():
            self.records[record.key] = record
        if record.status == "ok" and not record.is_contended and record.clocks.get("wall_seconds") is not None:
            self.learn_seconds(record, record.clocks["wall_seconds"])

    def learn_seconds(self, trial: Planned | Record, seconds: float) -> None:
        """Notes how long a trial takes, for others that cost the same."""
        self._seconds.setdefault(_cost_group(trial), []).append(seconds)

    def known_seconds(self, trial: Planned) -> float | None:
        """Median seconds of the trials that cost the same, if there are any."""
        known = self._seconds.get(_cost_group(trial))
        return None if known is None else statistics.median(known)

    def is_done(self, key: str, retry_failed: bool = False) -> bool:
        """Whether the trial of ``key`` need not be run."""
        record = self.records.get(key)
        if record is None or record.status not in DONE:
            return False
        return not (retry_failed and record.status in FAILED)

    def to_repeat(self, planned: Sequence[Planned]) -> list[Planned]:
        """Those trials whose times others have disturbed in every run so far; the next run has a folder of its own."""
        return [
            dataclasses.replace(trial, name=f"{trial.name}-again{self._num_records[trial.key]}")
            for trial in planned
            if trial.key in self.records and self.records[trial.key].is_contended
        ]


def _cost_group(trial: Planned | Record) -> str:
    """The settings that trials of equal duration share: all but the seed and what their kind ignores."""
    free = KINDS[trial.kind].cost_ignores if trial.kind in KINDS else ()
    sections = {section: _without(values, free) for section, values in trial.config.items() if isinstance(values, dict)}
    return json.dumps([trial.kind, sections, trial.data.get("num_train")], sort_keys=True)


def _without(section: dict[str, Any], free: Collection[str]) -> dict[str, Any]:
    return {
        key: _without(value, free) if isinstance(value, dict) else value
        for key, value in section.items()
        if key not in free
    }


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Holds the lock of a sweep's folder; the system lets go of it when the process ends, however it ends.

    Raises:
        InputError: another process holds it, or the folder cannot be written.
    """
    path = folder / ".lock"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = path.open("a+", encoding="ascii")
    except OSError as error:
        raise InputError(f"cannot write to {folder} ({error.strerror}); give another --out") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise InputError(
                f"another sweep (process {holder}) is writing to {folder}; wait for it or give another --out"
            ) from error
        try:
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
        except OSError as error:
            raise InputError(f"cannot write to {folder} ({error.strerror}); free some space") from error
        yield
