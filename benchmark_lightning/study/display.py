"""The display of a running sweep: a live table in a terminal, plain lines elsewhere. Imports no torch."""

import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from benchmark_lightning.study.axes import Planned
from benchmark_lightning.study.record import Record

STYLES = {
    "ok": "green",
    "failed": "red",
    "out_of_memory": "red",
    "diverged": "red",
    "timeout": "red",
    "skipped": "yellow",
}


class Display:
    """Shows the state of a sweep; it is drawn when something has happened, and never by a thread of its own.

    Args:
        name: of the sweep.
        num_trials: all of them, with those that are done already.
        num_done: done before this start.
        estimates: of the trials that are to run, by their names; None where nothing is known.
        num_jobs: trials at a time.
    """

    def __init__(
        self, name: str, num_trials: int, num_done: int, estimates: dict[str, float | None], num_jobs: int
    ) -> None:
        self._name, self._num_trials, self._num_done = name, num_trials, num_done
        self._estimates, self._num_jobs = dict(estimates), num_jobs
        self._statuses: Counter[str] = Counter()
        self._running: dict[str, dict[str, Any]] = {}
        self._seconds: list[float] = []
        self._told: set[str] = set()
        self.console = Console(soft_wrap=True, markup=False, highlight=False)
        self._live = Live(console=self.console, auto_refresh=False, transient=True) if sys.stdout.isatty() else None
        if self._live is not None:
            self._live.start()

    def note(self, text: str) -> None:
        """A line that stays."""
        self.console.print(text)
        self._draw()

    def repeat(self, num_trials: int) -> None:
        """Takes in that so many trials run once more."""
        self._num_trials += num_trials
        trials = "1 trial" if num_trials == 1 else f"{num_trials} trials"
        self.note(f"others used the processor during {trials}, which {'is' if num_trials == 1 else 'are'} run again")

    def started(self, name: str) -> None:
        self._running[name] = {"since": time.monotonic()}
        if self._live is None:
            self.console.print(f"[{self._count()}/{self._num_trials}] {name} starts")
        self._draw()

    def progress(self, name: str, event: dict[str, Any]) -> None:
        """Takes in what the running trial has told: epoch, accuracy or phase."""
        self._running.setdefault(name, {"since": time.monotonic()}).update(event)
        self._draw()

    def finished(self, name: str, record: Record) -> None:
        """Takes a trial off the running ones and prints how it ended."""
        running = self._running.pop(name, None)
        self._statuses[record.status] += 1
        self._estimates.pop(name, None)
        if running is not None and record.status == "ok":
            self._seconds.append(time.monotonic() - running["since"])
        text = f"[{self._count()}/{self._num_trials}] {name}: {record.status}"
        if record.status == "ok":
            text += f", test accuracy {_number(record.metrics.get('test/accuracy'), 4)}"
            text += f", {_number(record.clocks.get('fit_seconds'), 1)} s of training"
            text += " (contended: others used the processor)" if record.is_contended else ""
            text += f", {duration(self.seconds_to_go())} to go" if self._count() < self._num_trials else ""
        elif record.error:
            text += f" ({record.error})"
        self.console.print(Text(text, style=STYLES.get(record.status, "")))
        convergence = record.reasons.get("convergence")
        if convergence is not None and convergence not in self._told:
            self._told.add(convergence)
            self.console.print(f"note: {convergence}")
        self._draw()

    def seconds_to_go(self) -> float | None:
        """For the whole sweep: by records of trials that cost the same, and by the mean of this run for the others."""
        known = [seconds for seconds in self._estimates.values() if seconds is not None]
        num_unknown = len(self._estimates) - len(known)
        if num_unknown and not self._seconds:
            return None
        unknown = num_unknown * sum(self._seconds) / len(self._seconds) if num_unknown else 0.0
        return (sum(known) + unknown) / self._num_jobs

    def close(self) -> None:
        if self._live is not None:
            self._live.stop()

    def _count(self) -> int:
        return self._num_done + sum(self._statuses.values())

    def _draw(self) -> None:
        if self._live is not None:
            self._live.update(self._table(), refresh=True)

    def _table(self) -> Group:
        table = Table(
            title=f"{self._name}: {self._count()} of {self._num_trials}, {duration(self.seconds_to_go())} to go"
        )
        for column in ("running", "since", "epoch", "accuracy"):
            table.add_column(column)
        for name, running in self._running.items():
            epoch = f"{running['epoch']}/{running['max_epochs']}" if "epoch" in running else running.get("phase", "")
            accuracy = f"{running['accuracy']:.4f}" if running.get("accuracy") is not None else ""
            table.add_row(name, duration(time.monotonic() - running["since"]), epoch, accuracy)
        counts = ", ".join(f"{count} {status}" for status, count in self._statuses.items()) or "nothing yet"
        before = f"{self._num_done} done before; " if self._num_done else ""
        return Group(table, Text(f"{before}{counts}"))


def print_summary(console: Console, records: Sequence[Record], names: dict[str, str]) -> None:
    """The best five by validation accuracy, and every trial that did not end well, with its reason.

    Args:
        names: key -> name of the trial.
    """
    best = sorted(
        (record for record in records if record.status == "ok"),
        key=lambda record: -(record.metrics.get("val/accuracy") or 0),
    )[:5]
    if best:
        table = Table(title="the best five by validation accuracy")
        for column in ("trial", "val/accuracy", "test/accuracy", "training, s"):
            table.add_column(column, justify="left" if column == "trial" else "right")
        for record in best:
            accuracies = (_number(record.metrics.get(name), 4) for name in ("val/accuracy", "test/accuracy"))
            seconds = _number(record.clocks.get("fit_seconds"), 1) + (" contended" if record.is_contended else "")
            table.add_row(names[record.key], *accuracies, seconds)
        console.print(table)
    others = [record for record in records if record.status != "ok"]
    for reason in dict.fromkeys((record.status, record.error) for record in others):
        matching = [names[record.key] for record in others if (record.status, record.error) == reason]
        shown = ", ".join(matching[:3]) + (f" and {len(matching) - 3} more" if len(matching) > 3 else "")
        console.print(f"{reason[0]}: {shown}: {reason[1]}")


def _number(value: float | None, num_digits: int) -> str:
    return "not measured" if value is None else f"{value:.{num_digits}f}"


def print_plan(
    planned: Sequence[Planned], records: Mapping[str, Record], seconds: Mapping[str, float | None], num_jobs: int
) -> None:
    """Every trial with what has become of it, and the time that the rest will take.

    Args:
        records: by key.
        seconds: of each trial that is to be run, by key; None where they cannot be told.
    """
    table = Table(title=f"{len(planned)} trials, {len(seconds)} to run")
    for column in ("trial", "state", "estimate"):
        table.add_column(column, justify="right" if column == "estimate" else "left")
    for trial in planned:
        if trial.key in seconds:
            state = "to run"
        elif trial.skip_reason is not None:
            state = f"skipped: {trial.skip_reason}"
        else:
            state = records[trial.key].status
        table.add_row(trial.name, state, duration(seconds[trial.key]) if trial.key in seconds else "")
    console = Console(markup=False, highlight=False)
    console.print(table)
    known = [estimate for estimate in seconds.values() if estimate is not None]
    unknown = f", and {len(seconds) - len(known)} trials whose time is not known" if len(known) < len(seconds) else ""
    console.print(f"time to go: about {duration(sum(known) / num_jobs)}{unknown}")


def duration(seconds: float | None) -> str:
    """A duration as a person says it.

    >>> [duration(seconds) for seconds in (None, 42.4, 150.0, 7300.0)]
    ['unknown', '42 s', '2 min 30 s', '2 h 01 min']
    """
    if seconds is None:
        return "unknown"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
