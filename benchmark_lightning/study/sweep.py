"""A sweep: the trials of a file are run, and what has a record is not run again. Imports no torch.

The records are the state: there is no list of what was done beside them that could disagree.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmark_lightning.study.axes import Planned, Sweep, read_sweep
from benchmark_lightning.study.completed import Completed, locked
from benchmark_lightning.study.display import Display, print_plan, print_summary
from benchmark_lightning.study.executors import adapt_server, is_server_running, run_job, start_server
from benchmark_lightning.study.options import sweep_options
from benchmark_lightning.study.preparation import prepare
from benchmark_lightning.study.running import WORKER, Place, Runner
from benchmark_lightning.study.trials.kinds import KINDS
from benchmark_lightning.training.contention import processor_use, wait_for_processor

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
        show_plan(Place(sweep, folder, Completed(folder), {}), plan(sweep), options)
        return 0
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
    place = Place(sweep, folder, Completed(folder), peaks)
    return Runner(display, num_jobs).all((place, trial) for trial in trials)


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


def show_plan(place: Place, planned: Sequence[Planned], options: Options) -> None:
    """Prints the trials with their state and their seconds, which are probed where no record tells them, and learned."""
    seconds: dict[str, float | None] = {}
    for trial in planned:
        if place.completed.is_done(trial.key, options.retry_failed) or trial.skip_reason is not None:
            continue
        if place.known_seconds(trial) is None:
            probed = run_job(f"{WORKER}:estimate", {"kind": trial.kind, "arguments": trial.arguments})
            if probed is not None:
                place.completed.learn_seconds(trial, probed)
        seconds[trial.key] = place.known_seconds(trial)
    print_plan(planned, place.completed.records, seconds, options.jobs or place.sweep.jobs)


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


def main(arguments: Sequence[str]) -> int:
    """Runs ``sweep FILE [--out DIR] [--jobs N] [--dry-run] [--retry-failed]``."""
    path, options = sweep_options(arguments)
    return run_sweep(path, Options(**options))
