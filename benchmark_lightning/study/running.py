"""Trials run, each in a process of its own, and leave their records. Imports no torch."""

import dataclasses
import os
import shutil
import signal
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from benchmark_lightning.errors import InputError
from benchmark_lightning.study.axes import Planned, Sweep
from benchmark_lightning.study.completed import Completed
from benchmark_lightning.study.display import Display
from benchmark_lightning.study.executors import Job, adapt_server, wait_for_any
from benchmark_lightning.study.record import Record, RecordError, Status, read_record, write_record
from benchmark_lightning.training.contention import SHARING_VARIABLE, processor_use, wait_for_processor

OUTPUT_LOG = "output.log"  # what a trial has printed
WORKER = "benchmark_lightning.study.worker"


class Place(NamedTuple):
    """Where the trials of a sweep run.

    Args:
        sweep: says how.
        folder: of the trials.
        completed: the records there; it learns those that are added.
        peaks: what each accelerator of the machine can do.
    """

    sweep: Sweep
    folder: Path
    completed: Completed
    peaks: dict[str, Any]

    def known_seconds(self, trial: Planned) -> float | None:
        """Seconds that a trial will take by the records of its like."""
        seconds, limit = self.completed.known_seconds(trial), self.sweep.timeout_seconds
        return seconds if seconds is None or limit is None else min(seconds, limit)


class _Begun(NamedTuple):
    """A trial that is running, and where."""

    place: Place
    trial: Planned

    @property
    def folder(self) -> Path:
        return self.place.folder / self.trial.name


class Runner:
    """Runs trials, some at a time.

    Args:
        display: is told of each trial.
        num_jobs: trials at a time.
    """

    def __init__(self, display: Display, num_jobs: int) -> None:
        self._display, self._num_jobs = display, num_jobs
        self._running: dict[Job, _Begun] = {}
        self._was_disturbed = SHARING_VARIABLE in os.environ

    def all(self, trials: Iterable[tuple[Place, Planned]]) -> bool:
        """Runs the trials in their order and says whether a person has interrupted.

        Args:
            trials: each is asked for when there is room for it.
        """
        waiting = iter(trials)
        try:
            try:
                while self._fill(waiting):
                    self._look()
                return False
            except KeyboardInterrupt:
                self._display.note("interrupted: the running trial ends and writes its record ...")
                for job in self._running:
                    job.stop()
                while self._running:
                    self._look()
                return True
        finally:
            for job in self._running:  # only where something has gone wrong
                job.process.kill()

    def _fill(self, waiting: Iterator[tuple[Place, Planned]]) -> bool:
        """Starts trials while there is room, and says whether any is running."""
        while len(self._running) < self._num_jobs and (begun := next(waiting, None)) is not None:
            self._begin(*begun)
        return bool(self._running)

    def _begin(self, place: Place, trial: Planned) -> None:
        begun = _Begun(place, dataclasses.replace(trial, predicted_seconds=place.known_seconds(trial)))
        try:
            if begun.folder.exists():
                shutil.rmtree(begun.folder)  # of a trial that has no valid record, or is to be tried again
            begun.folder.mkdir(parents=True)
        except OSError as error:
            raise InputError(
                f"cannot make {begun.folder} ({error.strerror}); free some space or give another --out"
            ) from error
        if trial.skip_reason is not None:
            self._write(begun, _record_without_run(trial, "skipped", trial.skip_reason))
            return
        if self._was_disturbed and not self._running:
            use = processor_use()
            adapt_server(use.is_busy)
            self._was_disturbed = use.is_busy
        settings = {
            "num_threads": max(1, num_cores() // self._num_jobs) if self._num_jobs > 1 else None,
            "breakdown": place.sweep.breakdown,
            "keep_checkpoints": place.sweep.keep_checkpoints,
            "peaks": place.peaks,
        }
        arguments = {"planned": begun.trial, "folder": str(begun.folder), **settings}
        job = Job(f"{WORKER}:run_planned", arguments, begun.folder / OUTPUT_LOG, place.sweep.timeout_seconds)
        self._running[job] = begun
        self._display.started(trial.name)

    def _look(self) -> None:
        """Waits for news, and takes in those of all running trials and the records of those that have ended."""
        wait_for_any(list(self._running))
        for job in list(self._running):
            is_over = job.poll()
            begun = self._running[job]
            while job.events:
                self._display.progress(begun.trial.name, job.events.pop(0))
            if is_over:
                del self._running[job]
                if isinstance(job.error, InputError):  # a full disk, or data that are gone: no other trial fares better
                    raise job.error
                self._conclude(job, begun)

    def _conclude(self, job: Job, begun: _Begun) -> None:
        """Takes the record that the process has left, or writes one that says how it ended without."""
        try:
            record = read_record(begun.folder)
            self._was_disturbed |= record.is_contended
        except RecordError:
            self._write(begun, _record_without_run(begun.trial, *_ending(job)))
            return
        if job.timed_out and record.status == "interrupted":
            record.status, record.error = _ending(job)
            self._write(begun, record)
        else:
            self._take(begun, record)

    def _write(self, begun: _Begun, record: Record) -> None:
        write_record(record, begun.folder)
        self._take(begun, record)

    def _take(self, begun: _Begun, record: Record) -> None:
        begun.place.completed.take(record)
        self._display.finished(begun.trial.name, record)


def can_measure(tell: Callable[[str], None]) -> bool:
    """Waits until others leave the processor alone, and says whether they do."""
    is_free = wait_for_processor(tell)
    if is_free:
        adapt_server(is_processor_shared=False)
    return is_free


def num_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _ending(job: Job) -> tuple[Status, str]:
    """How a process ended that has left no record."""
    if job.timed_out:
        return "timeout", f"the trial took longer than timeout_seconds: {job.timeout_seconds:g}"
    if job.is_stopped:
        return "interrupted", "the trial was interrupted"
    if job.error is not None:
        return "failed", str(job.error).strip().splitlines()[-1]
    if job.exit_code is not None and job.exit_code < 0:
        name = signal.Signals(-job.exit_code).name
        cause = "; the system may have run out of memory" if name == "SIGKILL" else ""
        return "failed", f"its process was ended by {name}{cause}"
    return "failed", f"its process ended with exit code {job.exit_code} and no record; see {OUTPUT_LOG}"


def _record_without_run(trial: Planned, status: Status, error: str) -> Record:
    return Record(
        key=trial.key, kind=trial.kind, status=status, config=trial.config, values=trial.values, repeat=trial.repeat,
        data=trial.data, error=error, environment=trial.environment, look=trial.look, predicted_seconds=trial.predicted_seconds,
    )  # fmt: skip
