"""A sweep: the trials of a file are run, and what has a record is not run again. Imports no torch.

The records are the state: there is no list of what was done beside them that could disagree.
"""

import os
import shutil
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmark_lightning.errors import InputError
from benchmark_lightning.study.axes import Planned, Sweep, read_sweep
from benchmark_lightning.study.completed import Completed, locked
from benchmark_lightning.study.display import Display, print_plan, print_summary
from benchmark_lightning.study.executors import (
    Job,
    adapt_server,
    is_server_running,
    run_job,
    start_server,
    wait_for_any,
)
from benchmark_lightning.study.options import sweep_options
from benchmark_lightning.study.preparation import prepare
from benchmark_lightning.study.record import Record, RecordError, Status, read_record, write_record
from benchmark_lightning.study.trials.kinds import KINDS
from benchmark_lightning.training.contention import SHARING_VARIABLE, processor_use, wait_for_processor

OUTPUT_LOG = "output.log"  # what a trial has printed
WING = "benchmark_lightning.study"


class Options(NamedTuple):
    """How a sweep is run.

    Args:
        out: Folder of the trials; None is ``lightning_logs/<name of the file>``.
        jobs: Trials at a time; None is what the file says.
        dry_run: Whether only to show the trials, what is done and how long the rest will take.
        retry_failed: Whether to run failed trials again.
        repeat_contended: How often to run a trial again whose times others have disturbed.
        command: What a person types to go on, where it is not this sweep alone.
    """

    out: Path | None = None
    jobs: int | None = None
    dry_run: bool = False
    retry_failed: bool = False
    repeat_contended: int = 2
    command: str | None = None


def run_sweep(path: Path, options: Options) -> int:
    """Runs what of a sweep has no record yet.

    Returns:
        0 when all trials are ``ok`` or ``skipped``, 1 when one has failed, 130 when it was interrupted.

    Raises:
        InputError: the file or a combination is not valid, or the folder is in use, full or not writable.
    """
    sweep = read_sweep(path)
    folder = options.out or Path("lightning_logs") / path.stem
    if options.dry_run:
        return _show_plan(sweep, folder, options)
    with locked(folder):
        completed = Completed(folder)
        planned = plan(sweep)
        left = [trial for trial in planned if not completed.is_done(trial.key, options.retry_failed)]
        num_jobs = options.jobs or sweep.jobs
        estimates = {trial.name: completed.known_seconds(trial) for trial in left if trial.skip_reason is None}
        display = Display(path.stem, len(planned), len(planned) - len(left), estimates, num_jobs)
        try:
            for sentence in (
                *completed.damaged,
                *dict.fromkeys(trial.note for trial in left if trial.note is not None),
            ):
                display.note(sentence)
            interrupted = _run_all(sweep, folder, display, num_jobs, left)
            if not interrupted and num_jobs == 1:
                interrupted = _repeat_contended(sweep, folder, display, planned, options.repeat_contended)
        finally:
            display.close()
        command = options.command or f"benchmark-lightning sweep {path} --out {folder}"
        return _conclude(command, folder, planned, display, interrupted)


def _run_all(sweep: Sweep, folder: Path, display: Display, num_jobs: int, trials: Sequence[Planned]) -> bool:
    """Runs the trials and says whether a person has interrupted."""
    if not trials:
        return False
    peaks = prepare(KINDS[sweep.trial], trials, num_jobs, display.note)
    return _Run(sweep, folder, display, num_jobs, peaks).all(trials)


def _repeat_contended(
    sweep: Sweep, folder: Path, display: Display, planned: Sequence[Planned], max_repeats: int
) -> bool:
    """Runs trials again whose times others have disturbed, once the processor is free; says whether a person interrupted."""
    for _ in range(max_repeats):
        again = Completed(folder).to_repeat(planned)
        if not again:
            return False
        try:
            if not wait_for_processor(display.note):
                return False
            adapt_server(is_processor_shared=False)
        except KeyboardInterrupt:
            return True
        display.repeat(len(again))
        if _run_all(sweep, folder, display, 1, again):
            return True
    return False


def plan(sweep: Sweep) -> list[Planned]:
    """The trials of a sweep, all known to be valid.

    Raises:
        InputError: one is not.
    """
    if not is_server_running():
        use = processor_use()
        if use.is_busy:
            sys.stderr.write(f"{use}; timings that this disturbs are marked, and repeated when it is free\n")
        sys.stderr.write("loading torch and lightning ... ")
        sys.stderr.flush()
        sys.stderr.write(f"{start_server(use.is_busy):.0f} s\n")
    planned: list[Planned] = run_job(f"{WING}.plan:plan_sweep", {"sweep": sweep})
    return planned


def _show_plan(sweep: Sweep, folder: Path, options: Options) -> int:
    """Prints the trials with their state and their seconds, which are probed where no record tells them."""
    completed = Completed(folder)
    planned = plan(sweep)
    seconds: dict[str, float | None] = {}
    for trial in planned:
        if completed.is_done(trial.key, options.retry_failed) or trial.skip_reason is not None:
            continue
        known = completed.known_seconds(trial)
        if known is None:
            known = run_job(f"{WING}.worker:estimate", {"kind": trial.kind, "arguments": trial.arguments})
            if known is not None:
                completed.learn_seconds(trial, known)
        seconds[trial.key] = known if known is None else min(known, sweep.timeout_seconds or known)
    print_plan(planned, completed.records, seconds, options.jobs or sweep.jobs)
    return 0


def _conclude(command: str, folder: Path, planned: Sequence[Planned], display: Display, interrupted: bool) -> int:
    names = {trial.key: trial.name for trial in planned}
    records = [record for key, record in Completed(folder).records.items() if key in names]
    print_summary(display.console, records, names)
    if interrupted:
        display.console.print(f"interrupted; go on with: {command}")
        return 130
    num_contended = sum(record.is_contended for record in records)
    if num_contended:
        display.console.print(
            f"others disturbed {num_contended} of {len(records)} trials: their times compare with none; when the processor is "
            "free, the same command measures them again"
        )
    failed = [record for record in records if record.status not in ("ok", "skipped")]
    if failed:
        display.console.print(f"try them again with: {command} --retry-failed")
    display.console.print(f"records: {folder}; look at the curves with: tensorboard --logdir {folder}")
    return int(bool(failed))


class _Run:
    """The trials of a sweep that are running now."""

    def __init__(self, sweep: Sweep, folder: Path, display: Display, num_jobs: int, peaks: dict[str, Any]) -> None:
        self._sweep, self._folder, self._display, self._num_jobs = sweep, folder, display, num_jobs
        self._peaks = peaks
        self._running: dict[Job, Planned] = {}
        self._was_disturbed = SHARING_VARIABLE in os.environ

    def all(self, trials: Sequence[Planned]) -> bool:
        """Runs the trials in their order and says whether a person has interrupted."""
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

    def _fill(self, waiting: Iterator[Planned]) -> bool:
        """Starts trials while there is room, and says whether any is running."""
        while len(self._running) < self._num_jobs and (trial := next(waiting, None)) is not None:
            self._begin(trial)
        return bool(self._running)

    def _begin(self, trial: Planned) -> None:
        folder = self._folder / trial.name
        try:
            if folder.exists():
                shutil.rmtree(folder)  # of a trial that has no valid record, or is to be tried again
            folder.mkdir(parents=True)
        except OSError as error:
            raise InputError(
                f"cannot make {folder} ({error.strerror}); free some space or give another --out"
            ) from error
        if trial.skip_reason is not None:
            self._write(trial, _record_without_run(trial, "skipped", trial.skip_reason))
            return
        if self._was_disturbed and not self._running:
            use = processor_use()
            adapt_server(use.is_busy)
            self._was_disturbed = use.is_busy
        settings = {
            "num_threads": max(1, num_cores() // self._num_jobs) if self._num_jobs > 1 else None,
            "breakdown": self._sweep.breakdown,
            "keep_checkpoints": self._sweep.keep_checkpoints,
            "peaks": self._peaks,
        }
        arguments = {"planned": trial, "folder": str(folder), **settings}
        job = Job(f"{WING}.worker:run_planned", arguments, folder / OUTPUT_LOG, self._sweep.timeout_seconds)
        self._running[job] = trial
        self._display.started(trial.name)

    def _look(self) -> None:
        """Waits for news, and takes in those of all running trials and the records of those that have ended."""
        wait_for_any(list(self._running))
        for job in list(self._running):
            is_over = job.poll()
            trial = self._running[job]
            while job.events:
                self._display.progress(trial.name, job.events.pop(0))
            if is_over:
                del self._running[job]
                if isinstance(job.error, InputError):  # a full disk, or data that are gone: no other trial fares better
                    raise job.error
                self._conclude(job, trial)

    def _conclude(self, job: Job, trial: Planned) -> None:
        """Takes the record that the process has left, or writes one that says how it ended without."""
        try:
            record = read_record(self._folder / trial.name)
            self._was_disturbed |= record.is_contended
        except RecordError:
            self._write(trial, _record_without_run(trial, *_ending(job)))
            return
        if job.timed_out and record.status == "interrupted":
            record.status, record.error = _ending(job)
            self._write(trial, record)
        else:
            self._display.finished(trial.name, record)

    def _write(self, trial: Planned, record: Record) -> None:
        write_record(record, self._folder / trial.name)
        self._display.finished(trial.name, record)


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


def main(arguments: Sequence[str]) -> int:
    """Runs ``sweep FILE [--out DIR] [--jobs N] [--dry-run] [--retry-failed]``."""
    path, options = sweep_options(arguments)
    return run_sweep(path, Options(**options))
